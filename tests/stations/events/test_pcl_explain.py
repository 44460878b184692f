"""Conditions in English."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.stations.events.pcl_texts import conditions
from tocsin.events import pcl
from tocsin.events.pcl.parse import INCIDENT_ROOTS


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("event.summary matches part 'db'", 'summary contains "db"'),
        ("not event.summary matches part 'db'", 'summary does not contain "db"'),
        ("event.severity matches 'info'", 'severity is "info"'),
        ("not event.severity matches 'info'", 'severity is not "info"'),
        ("event.severity matches exactly 'Info'", 'severity is "Info" (capitals matter)'),
        ("event.source matches regex 'db[0-9]+'", 'source matches the pattern "db[0-9]+"'),
        ("not event.source matches regex 'db'", 'source does not match the pattern "db"'),
        ("cache_var.hosts matches part event.custom_details.host", "variable hosts contains detail host"),
        ("event.source exists", "source is present"),
        ("not event.source exists", "source is absent"),
        ("event.location == 'US'", 'location equals "US"'),
        ("not event.location == 'US'", 'location does not equal "US"'),
        ("event.custom_details.load > 5", "detail load is above 5"),
        ("not event.custom_details.load > 5", "detail load is not above 5"),
        ("cache_var.n >= 5", "variable n is at least 5"),
        ("raw_event.payload.a[0]['b c'] < 1.5", "payload.a[0].b c of the raw event is below 1.5"),
        ("event.custom_details exists", "custom_details is present"),
        ("raw_event exists", "the raw event is present"),
        ("cache_var.on == true", "variable on equals true"),
        ("event.custom_details.flag", "detail flag is true"),
        ("not event.custom_details.flag", "detail flag is not true"),
        ("true", "always"),
        ("not true", "never"),
        ("'x'", "never"),
        ("not 'x'", "always"),
        ("now > 2024-01-01 00:00:00 Etc/UTC", "it is after 2024-01-01 00:00:00 (Etc/UTC)"),
        ("2024-01-01 00:00:00 Etc/UTC > now", "it is before 2024-01-01 00:00:00 (Etc/UTC)"),
        ("not now <= 2024-01-01 00:00:00 UTC", "it is not at or before 2024-01-01 00:00:00 (UTC)"),
        (
            "now in Mon,Tue,Wed,Thu,Fri 09:00:00 to 17:00:00 America/New_York",
            "it is Monday to Friday from 09:00 to 17:00 (America/New_York)",
        ),
        ("not now in Sat 09:00:30 to 17:00:00 UTC", "it is not Saturday from 09:00:30 to 17:00 (UTC)"),
        (
            "now in Wed,Sun 22:00:00 to 08:00:00 UTC",
            "it is Wednesday or Sunday from 22:00 to 08:00 of the next day (UTC)",
        ),
        (
            "now in Sat,Sun,Tue 12:00:00 to 12:00:00 UTC",
            "it is Tuesday, Saturday or Sunday from 12:00, for 24 hours (UTC)",
        ),
        ("now in Mon,Tue,Wed,Thu,Fri,Sat,Sun 00:00:00 to 06:00:00 UTC", "it is any day from 00:00 to 06:00 (UTC)"),
        ("trigger_count over 10 seconds > 5", "more than 5 events came within the last 10 seconds"),
        ("trigger_count over 1 minute == 1", "exactly 1 event came within the last minute"),
        ("5 >= trigger_count over 1 hour 30 minutes", "at most 5 events came within the last 1 hour 30 minutes"),
        ("now == trigger_count over 1 day", "it is exactly the number of events within the last 1 day"),
        ("not trigger_count over 1 day > 5", "not more than 5 events came within the last day"),
        (
            "resetting_trigger_count over 1 minute >= 5",
            "at least 5 events came within the last minute, which then starts over",
        ),
        ("event.a exists and event.b exists", "a is present and b is present"),
        ("event.a exists or event.b exists", "a is present or b is present"),
        ("event.a exists and (event.b exists or event.c exists)", "a is present and (b is present or c is present)"),
        ("event.a exists or event.b exists and event.c exists", "a is present or (b is present and c is present)"),
        ("not (event.a exists or event.b exists)", "none of: a is present or b is present"),
        ("not (event.a exists and event.b exists)", "not all of: a is present and b is present"),
        (
            "event.c exists and not (event.a exists and event.b exists)",
            "c is present and (not all of: a is present and b is present)",
        ),
        (
            "event.severity matches 'info' and not (now in Mon 09:00:00 to 17:00:00 UTC)",
            'severity is "info" and it is not Monday from 09:00 to 17:00 (UTC)',
        ),
    ],
)
def test_a_condition_in_english(text: str, says: str) -> None:
    assert pcl.explain(pcl.compile(text)) == says


def test_an_incidents_fields() -> None:
    condition = pcl.compile("incident.priority matches 'P1' and incident exists", INCIDENT_ROOTS)
    assert pcl.explain(condition) == 'priority is "P1" and the incident is present'


@given(conditions)
def test_every_condition_can_be_explained(text: str) -> None:
    assert pcl.explain(pcl.compile(text))
