"""Prometheus talking to us as if we were Alertmanager: POST /api/v2/alerts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.dialects.alertmanager.door import ALERT, KEY, KEYS, NOW, events_of, post, posted_event, request
from tocsin.dialects._kit.body import BodyTooLarge
from tocsin.dialects._kit.limits import Gate, PerMinute
from tocsin.dialects.alertmanager.read import AlertsRoute, hot_paths
from tocsin.events.model import Action, Severity
from tocsin.kernel.errors import TooMany, Unavailable
from tocsin.kernel.time import MINUTE, Moment, parse_iso


def at(text: str) -> Moment:
    return parse_iso(f"2026-08-21T{text}Z")


def test_a_batch_is_an_entry_per_alert_and_an_empty_answer() -> None:
    batch = [ALERT | {"labels": ALERT["labels"] | {"instance": f"host-{n}:9100"}} for n in range(256)]
    reading = post(batch)
    assert (reading.status, reading.body) == (200, b"")
    assert len(reading.entries) == 256
    assert len({new.dedup_key for new in reading.entries}) == 256
    assert all(new.source == "alertmanager.v2" for new in reading.entries)
    assert json.loads(reading.entries[7].body) == batch[7]


def test_a_firing_alert_expires_at_its_end() -> None:
    event = posted_event()
    assert event.action is Action.TRIGGER
    assert event.started_at == at("10:00:00")
    assert event.expires_at == at("10:04:00")
    assert event.ended_at is None


def test_an_end_in_the_past_resolves() -> None:
    event = posted_event(endsAt="2026-08-21T10:00:20.000Z")
    assert event.action is Action.RESOLVE
    assert event.ended_at == at("10:00:20")
    assert event.expires_at is None
    assert posted_event(endsAt="2026-08-21T10:00:30Z").action is Action.RESOLVE


def test_an_alert_without_an_end_lasts_five_minutes() -> None:
    for nothing in (None, "", "0001-01-01T00:00:00Z"):
        event = posted_event(endsAt=nothing)
        assert event.action is Action.TRIGGER
        assert event.expires_at == NOW + 5 * MINUTE


def test_an_alert_without_a_start_begins_now_or_at_its_end() -> None:
    for nothing in (None, "", "0001-01-01T00:00:00Z"):
        assert posted_event(startsAt=nothing).started_at == NOW
        assert posted_event(startsAt=nothing, endsAt="2026-08-21T09:00:00Z").started_at == at("09:00:00")
        assert posted_event(startsAt=nothing, endsAt=nothing).started_at == NOW


def test_what_the_event_says() -> None:
    event = posted_event(labels=ALERT["labels"] | {"service": "payments", "cluster": "eu", "namespace": "n"})
    assert event.summary == "Instance a:9100 down"
    assert event.source == "a:9100"
    assert event.severity is Severity.CRITICAL
    assert event.component == "payments"
    assert event.group == "eu"
    assert event.event_class == "InstanceDown"
    assert event.client == "Prometheus"
    assert event.runbook_url == "https://wiki.example.com/down"
    assert event.links == ({"href": ALERT["generatorURL"], "text": "Source"},)
    assert event.details["generatorURL"] == ALERT["generatorURL"]
    assert event.details["startsAt"] == ALERT["startsAt"]
    assert event.details["annotations"] == ALERT["annotations"]


def test_a_repetition_says_nothing_new() -> None:
    """It comes every minute with a later end; nothing that is shown may change by it."""
    first, again = posted_event(), posted_event(endsAt="2026-08-21T10:05:00.000Z")
    assert first.dedup_key == again.dedup_key
    assert first.details == again.details
    assert again.expires_at == at("10:05:00")


def test_a_resolved_alert_repeated_fifteen_times_is_the_same_each_time() -> None:
    events = [posted_event(endsAt="2026-08-21T10:00:20Z") for _ in range(15)]
    assert all(event == events[0] for event in events)


def test_empty_labels_are_removed_before_the_identity_is_taken() -> None:
    event = posted_event(labels=ALERT["labels"] | {"pod": ""})
    assert event.dedup_key == posted_event().dedup_key
    assert "pod" not in event.details["labels"]


@pytest.mark.parametrize(
    ("value", "severity"),
    [
        ("critical", Severity.CRITICAL),
        ("page", Severity.CRITICAL),
        ("CRITICAL", Severity.CRITICAL),
        ("error", Severity.ERROR),
        ("high", Severity.ERROR),
        ("warning", Severity.WARNING),
        ("info", Severity.INFO),
        ("none", Severity.INFO),
        ("ticket", None),
        (None, None),
    ],
)
def test_severities(value: str | None, severity: Severity | None) -> None:
    labels = {"alertname": "X"} | ({"severity": value} if value else {})
    assert posted_event(labels=labels).severity is severity


@pytest.mark.parametrize(
    ("annotations", "labels", "summary"),
    [
        ({"summary": "s", "description": "d"}, {"alertname": "X"}, "s"),
        ({"summary": " ", "description": "two\nlines"}, {"alertname": "X"}, "two lines"),
        ({"message": "m"}, {"alertname": "X"}, "m"),
        (None, {"alertname": "X", "instance": "a:1"}, "X on a:1"),
        ({}, {"alertname": "X", "b": "2", "a": "1"}, "X (a=1, b=2)"),
        ({}, {"alertname": "X"}, "X"),
        ({}, {"a": "1"}, "Alert (a=1)"),
    ],
)
def test_summaries(annotations: dict[str, str] | None, labels: dict[str, str], summary: str) -> None:
    assert posted_event(annotations=annotations, labels=labels).summary == summary


@pytest.mark.parametrize(
    ("labels", "url", "source"),
    [
        ({"instance": "i", "job": "j"}, "http://h/", "i"),
        ({"job": "j"}, "http://h/", "j"),
        ({"a": "1"}, "http://h:9090/graph", "h"),
        ({"a": "1"}, "http://[::1", ""),
        ({"a": "1"}, "not an address", ""),
        ({"a": "1"}, None, ""),
    ],
)
def test_sources(labels: dict[str, str], url: str | None, source: str) -> None:
    assert posted_event(labels=labels, generatorURL=url).source == source


def test_a_dashboard_is_linked() -> None:
    event = posted_event(annotations={"dashboard_url": "https://g.example/d/1"}, generatorURL="javascript:alert(1)")
    assert event.links == ({"href": "https://g.example/d/1", "text": "Dashboard"},)


def test_valid_alerts_are_stored_even_if_others_are_not() -> None:
    bad: list[Any] = [
        {"labels": {"alertname": ""}},
        {"annotations": {}},
        ALERT | {"labels": {"": "x", "alertname": "X"}},
        ALERT | {"startsAt": "2026-08-21T10:00:10Z", "endsAt": "2026-08-21T10:00:00Z"},
        ALERT | {"startsAt": 5},
        ALERT | {"annotations": {"": "x"}},
        ALERT | {"labels": {f"l{n}": "x" for n in range(257)}},
        ALERT | {"endsAt": "soon"},
    ]
    reading = post([*bad, ALERT])
    assert reading.status == 400
    (event,) = events_of(reading)
    assert event.event_class == "InstanceDown"
    message = json.loads(reading.body)
    assert message == (
        "alerts[0]: at least one label pair required; "
        "alerts[1]: labels in body is required; "
        'alerts[2]: invalid label set: invalid name ""; '
        "alerts[3]: start time must be before end time; "
        "alerts[4]: startsAt is not a string; "
        'alerts[5]: invalid annotations: invalid name ""; '
        "alerts[6]: more than 256 labels; "
        "alerts[7]: endsAt is not an RFC 3339 time"
    )


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b"null", b'"x"', b"alerts"])
def test_errors_are_json_strings(body: bytes) -> None:
    reading = post(body)
    assert (reading.status, reading.entries) == (400, ())
    assert isinstance(json.loads(reading.body), str)


def test_an_empty_batch_is_fine() -> None:
    assert (post([]).status, post([]).entries) == (200, ())


@pytest.mark.parametrize("path", ["/api/v2/alerts", "/api/v2/alerts/", "/alertmanager//api/v2/alerts"])
def test_without_a_key_401(path: str) -> None:
    reading = AlertsRoute(KEYS).read(request(path, [ALERT]))
    assert (reading.status, reading.entries) == (401, ())
    assert isinstance(json.loads(reading.body), str)
    assert not reading.key_unknown
    assert AlertsRoute(KEYS).read(request(path, [ALERT], {"authorization": f"Bearer {KEY}"})).status == 200


def test_a_wrong_key_in_the_path_is_not_saved_by_a_right_credential() -> None:
    posted = request("/alertmanager/wrong/api/v2/alerts", [ALERT], {"authorization": f"Bearer {KEY}"})
    assert AlertsRoute(KEYS).read(posted).status == 401
    turned_away = AlertsRoute(KEYS).turn_away(posted)
    assert turned_away is not None
    assert turned_away.status == 401
    assert turned_away.key_unknown
    assert AlertsRoute(KEYS).read(posted).key_unknown


def test_too_many_and_unavailable() -> None:
    route = AlertsRoute(KEYS, gate=Gate(PerMinute(1)))
    path = f"/alertmanager/{KEY}/api/v2/alerts"
    assert route.read(request(path, [ALERT])).status == 200
    reading = route.read(request(path, [ALERT]))
    assert (reading.status, reading.entries) == (429, ())
    assert dict(reading.headers)["retry-after"] == "60"
    assert route.refuse(TooMany("backlog")).status == 429
    assert route.refuse(Unavailable("starting")).status == 503
    assert route.refuse(BodyTooLarge("big")).status == 413


def test_the_addresses() -> None:
    paths = [(path.prefix, path.below, path.suffix) for path in hot_paths(KEYS)]
    assert paths == [
        ("/alertmanager/", True, "/api/v2/alerts"),
        ("/api/v2/alerts", False, ""),
        ("/api/v2/alerts/", False, ""),
    ]
