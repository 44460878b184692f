"""The local clock: skipped and repeated times, in every zone."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from tests.stations.oncall.plans import ODD_ZONES, at, changes, local
from tocsin.kernel.time import DAY, HOUR, MINUTE, SECOND, Moment, iso
from tocsin.oncall.wallclock import (
    EARLIEST,
    LATEST,
    Reading,
    WallTime,
    first,
    last,
    local_time,
    reading,
    zone_named,
    zone_names,
)

BERLIN = zone_named("Europe/Berlin")


def wall(text: str) -> WallTime:
    """A wall-clock time has the number of the moment at which a clock in UTC shows it."""
    return at(text + "Z")


@pytest.mark.parametrize(
    ("zone", "shown", "begins", "ends"),
    [
        pytest.param("Europe/Berlin", "2026-01-05T09:00", "2026-01-05T08:00:00Z", "2026-01-05T08:00:00Z", id="plain"),
        pytest.param("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z", id="skipped"),
        pytest.param("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", id="twice"),
        pytest.param(
            "Europe/Berlin", "2026-10-25T03:00", "2026-10-25T02:00:00Z", "2026-10-25T02:00:00Z", id="after the hour"
        ),
        pytest.param(
            "Europe/Berlin", "2026-10-25T02:00", "2026-10-25T00:00:00Z", "2026-10-25T00:00:00Z", id="before the hour"
        ),
        pytest.param("Europe/Dublin", "2026-10-25T01:30", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", id="Dublin"),
        pytest.param(
            "Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z", id="half an hour"
        ),
        pytest.param(
            "Australia/Lord_Howe",
            "2026-10-04T02:15",
            "2026-10-03T15:30:00Z",
            "2026-10-03T15:30:00Z",
            id="half, skipped",
        ),
        pytest.param(
            "Pacific/Chatham", "2026-04-05T03:00", "2026-04-04T13:15:00Z", "2026-04-04T14:15:00Z", id="Chatham"
        ),
        pytest.param(
            "Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z", id="a day skipped"
        ),
        pytest.param(
            "Antarctica/Troll",
            "2026-03-29T02:00",
            "2026-03-29T01:00:00Z",
            "2026-03-29T01:00:00Z",
            id="two hours skipped",
        ),
        pytest.param(
            "Antarctica/Troll", "2026-10-25T01:30", "2026-10-24T23:30:00Z", "2026-10-25T01:30:00Z", id="two hours twice"
        ),
        pytest.param(
            "America/Sao_Paulo", "2018-11-04T00:00", "2018-11-04T03:00:00Z", "2018-11-04T03:00:00Z", id="no midnight"
        ),
        pytest.param(
            "America/Havana", "2026-11-01T00:30", "2026-11-01T04:30:00Z", "2026-11-01T05:30:00Z", id="midnight twice"
        ),
    ],
)
def test_when_a_time_begins_and_ends_something(zone: str, shown: str, begins: str, ends: str) -> None:
    clock = zone_named(zone)
    assert (iso(first(clock, wall(shown))), iso(last(clock, wall(shown)))) == (begins, ends)


def test_reading_in_the_repeated_hour() -> None:
    once, again = at("2026-10-25T00:30:00Z"), at("2026-10-25T01:30:00Z")
    assert reading(BERLIN, once) == Reading(wall("2026-10-25T02:30"), wall("2026-10-25T02:00"))
    assert reading(BERLIN, again) == Reading(wall("2026-10-25T03:00") - 1, wall("2026-10-25T02:30"))
    assert local_time(BERLIN, once) == local_time(BERLIN, again) == wall("2026-10-25T02:30")


def _agrees(zone: ZoneInfo, moments: list[Moment]) -> None:
    readings = [reading(zone, moment) for moment in moments]
    shown = sorted({local_time(zone, moment) for moment in moments})
    begins = [first(zone, one) for one in shown]
    ends = [last(zone, one) for one in shown]
    assert begins == sorted(begins)
    assert ends == sorted(ends)
    assert all(begin <= end for begin, end in zip(begins, ends, strict=True))
    assert [one.highest for one in readings] == sorted(one.highest for one in readings)
    assert [one.lowest for one in readings] == sorted(one.lowest for one in readings)
    for moment, (highest, lowest) in zip(moments, readings, strict=True):
        assert lowest <= local_time(zone, moment) <= highest
        for one, begin, end in zip(shown, begins, ends, strict=True):
            assert (begin <= moment) == (one <= highest)
            assert (moment < end) == (lowest < one)


def test_first_last_and_reading_agree_at_every_change_of_every_zone() -> None:
    seen = set()
    for name in sorted(zone_names()):
        zone = zone_named(name)
        for change in changes(name, 2025, 2026):
            hours = local(name, change).utcoffset(), local(name, change - 1).utcoffset()
            if (change, hours) not in seen:  # most names are links to others
                seen.add((change, hours))
                steps = [change + minutes * MINUTE for minutes in range(-180, 181, 15)]
                _agrees(zone, sorted([*steps, change - 1, change + 1, change - HOUR - SECOND]))
    assert len(seen) > 50


@pytest.mark.parametrize("name", ODD_ZONES)
def test_first_last_and_reading_agree_at_old_changes_too(name: str) -> None:
    for change in changes(name, 2008, 2013):
        steps = [change + minutes * MINUTE for minutes in range(-180, 181, 20)]
        days = [change - DAY, change - DAY - 1, change + DAY]
        _agrees(zone_named(name), sorted([*steps, *days, change - 1, change + 1]))


def test_an_unknown_zone_counts_as_utc() -> None:
    noon = at("2026-07-01T12:00:00Z")
    for name in ("Mars/Olympus", "", "../etc/passwd", "Europe", "a\0b", "x" * 5000, "posix/Europe/Berlin"):
        assert name not in zone_names()
        assert local_time(zone_named(name), noon) == noon


def test_names_that_depend_on_the_machine_are_unknown() -> None:
    assert {"Europe/Kyiv", "Europe/Kiev", "UTC", "Etc/UTC", "Asia/Calcutta"} <= zone_names()
    assert not {"localtime", "Factory"} & zone_names()


def test_the_calendar_has_edges() -> None:
    for name in ("Etc/UTC", "Pacific/Kiritimati", "Etc/GMT+12"):
        zone = zone_named(name)
        assert first(zone, LATEST + 400 * DAY) == last(zone, LATEST + 400 * DAY) == LATEST
        assert first(zone, EARLIEST - 400 * DAY) == last(zone, EARLIEST - 400 * DAY) == EARLIEST
        assert reading(zone, EARLIEST).highest < reading(zone, LATEST).lowest
