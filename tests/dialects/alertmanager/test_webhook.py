"""Alertmanager's webhook: an entry per alert, and a status that does the right thing at the other end."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.dialects.alertmanager.door import (
    FIRING,
    KEY,
    KEYS,
    NOW,
    RESOLVED,
    WEBHOOK,
    events_of,
    notified_event,
    notify,
    request,
)
from tocsin.dialects._kit.body import BodyTooDeep, BodyTooLarge
from tocsin.dialects._kit.keys import IntegrationRef
from tocsin.dialects._kit.limits import Gate, PerMinute
from tocsin.dialects.alertmanager.read import WebhookRoute
from tocsin.events.model import Action, Severity
from tocsin.kernel import limits
from tocsin.kernel.errors import TooMany, Unavailable
from tocsin.kernel.time import iso, parse_iso


def test_every_alert_of_the_group_is_an_entry() -> None:
    reading = notify(WEBHOOK)
    assert reading.status == 200
    assert json.loads(reading.body) == {"status": "success", "accepted": 2}
    assert [(new.source, new.integration_id, new.received_at) for new in reading.entries] == [
        ("alertmanager.webhook", "PINT001", NOW)
    ] * 2
    assert [new.dedup_key for new in reading.entries] == ["476c2d9d67794906", "0123456789abcdef"]
    assert json.loads(reading.entries[0].body) == {
        "receiver": "team.x",
        "groupKey": '{}:{alertname="HighLatency"}',
        "externalURL": "http://am.example:9093",
        "alert": FIRING,
    }


def test_a_firing_and_a_resolved_alert() -> None:
    firing, resolved = events_of(notify(WEBHOOK))
    assert firing.action is Action.TRIGGER
    assert firing.started_at == parse_iso("2026-08-21T10:00:00.123Z")
    assert (firing.ended_at, firing.expires_at) == (None, None)
    assert resolved.action is Action.RESOLVE
    assert resolved.ended_at == parse_iso("2026-08-21T10:00:20.5Z")
    assert resolved.expires_at is None


def test_what_the_event_says() -> None:
    event = notified_event()
    assert event.dedup_key == "476c2d9d67794906"
    assert event.log_seq == 42
    assert event.summary == "p99 above 2 s"
    assert event.severity is Severity.CRITICAL
    assert event.event_class == "HighLatency"
    assert event.source == "prom.example"
    assert event.client == "Alertmanager"
    assert event.client_url == "http://am.example:9093"
    assert event.runbook_url == "https://wiki.example.com/latency"
    assert event.links == (
        {"href": "http://prom.example/graph?g0.expr=x", "text": "Source"},
        {"href": "http://am.example:9093", "text": "Alertmanager"},
    )
    assert event.images == ()
    assert event.details == {
        "labels": FIRING["labels"],
        "annotations": FIRING["annotations"],
        "startsAt": "2026-08-21T10:00:00.123Z",
        "generatorURL": "http://prom.example/graph?g0.expr=x",
        "receiver": "team.x",
        "groupKey": '{}:{alertname="HighLatency"}',
        "externalURL": "http://am.example:9093",
    }


def test_truncated_alerts_are_noted() -> None:
    (event, _) = events_of(notify(WEBHOOK | {"truncatedAlerts": 17}))
    assert event.details["truncatedAlerts"] == 17


@pytest.mark.parametrize("sent", [None, "", "XYZ", "476C2D9D67794906", "476c2d9d677949061"])
def test_a_fingerprint_that_is_none_is_computed(sent: str | None) -> None:
    assert notified_event(fingerprint=sent).dedup_key == "476c2d9d67794906"


def test_empty_labels_are_no_labels() -> None:
    event = notified_event(labels=FIRING["labels"] | {"pod": ""}, fingerprint=None)
    assert event.dedup_key == "476c2d9d67794906"
    assert event.details["labels"] == FIRING["labels"]


@pytest.mark.parametrize(
    ("ends_at", "action"),
    [
        (None, Action.TRIGGER),
        ("0001-01-01T00:00:00Z", Action.TRIGGER),
        ("2026-08-21T10:05:00Z", Action.TRIGGER),
        ("2026-08-21T10:00:10Z", Action.RESOLVE),
    ],
)
def test_without_a_status_the_end_decides(ends_at: str | None, action: Action) -> None:
    assert notified_event(status=None, endsAt=ends_at).action is action


def test_a_resolved_alert_without_times() -> None:
    event = notified_event(status="resolved", startsAt=None, endsAt=None)
    assert event.action is Action.RESOLVE
    assert event.started_at == NOW
    assert event.ended_at is None


def test_good_alerts_are_kept_when_others_are_bad() -> None:
    bad: list[Any] = [
        5,
        {"labels": {}},
        FIRING | {"labels": {"alertname": 5, "team": None}},
        FIRING | {"startsAt": "yesterday", "endsAt": "tomorrow", "status": "pending"},
    ]
    reading = notify(WEBHOOK | {"alerts": [FIRING, *bad, RESOLVED]})
    assert reading.status == 400
    assert [event.dedup_key for event in events_of(reading)] == ["476c2d9d67794906", "0123456789abcdef"]
    assert json.loads(reading.body) == {
        "status": "error",
        "message": "4 of 6 alerts were not accepted",
        "errors": [
            "alerts[1]: not an object",
            "alerts[2]: at least one label pair required",
            "alerts[3]: labels.alertname is not a string",
            "alerts[3]: labels.team is not a string",
            "alerts[4]: startsAt is not an RFC 3339 time",
            "alerts[4]: endsAt is not an RFC 3339 time",
            "alerts[4]: status is neither firing nor resolved",
        ],
        "accepted": 2,
    }


def test_invalid_utf_8_in_one_alert_spoils_only_that_one() -> None:
    body = json.dumps(WEBHOOK).encode().replace(b"p99 above", b"p99 \xff", 1)
    reading = notify(body)
    assert reading.status == 400
    assert json.loads(reading.body)["errors"] == ["alerts[0]: not valid JSON in UTF-8"]
    assert len(reading.entries) == 1


@pytest.mark.parametrize(
    "odd",
    [
        {"receiver": 5},
        {"truncatedAlerts": "many"},
        {"truncatedAlerts": -1},
        {"truncatedAlerts": 1.5},
        {"externalURL": None},
        {"groupKey": ["a"]},
        {"version": 4, "status": {}},
    ],
)
def test_what_surrounds_the_alerts_is_not_worth_an_alarm(odd: dict[str, Any]) -> None:
    reading = notify(WEBHOOK | odd)
    assert reading.status == 200
    assert [event.action for event in events_of(reading)] == [Action.TRIGGER, Action.RESOLVE]


def test_surroundings_are_clipped_since_every_alert_carries_them() -> None:
    reading = notify(WEBHOOK | {"groupKey": "x" * 100_000, "receiver": "y" * 100_000})
    assert reading.status == 200
    assert all(len(new.body) < 6_000 for new in reading.entries)


@pytest.mark.parametrize("alerts", [[], None])
def test_no_alerts_are_no_mistake(alerts: object) -> None:
    reading = notify(WEBHOOK | {"alerts": alerts})
    assert (reading.status, reading.entries) == (200, ())


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b"{}", b'{"alerts":{}}', b'{"alerts":5}', b"payload=x"])
def test_what_is_no_notification_is_refused(body: bytes) -> None:
    reading = notify(body)
    assert (reading.status, reading.entries) == (400, ())
    answer = json.loads(reading.body)
    assert answer["status"] == "error"
    assert "the body is not" in answer["message"]


def test_more_alerts_than_the_limit_are_told_and_the_first_are_kept() -> None:
    alerts = [FIRING] * (limits.BATCH_ALERTS + 5)
    reading = notify(WEBHOOK | {"alerts": alerts})
    assert reading.status == 400
    assert len(reading.entries) == limits.BATCH_ALERTS
    assert json.loads(reading.body)["errors"] == ["alerts[2000] and after: more than 2000 alerts in one request"]


def test_one_alert_may_not_be_larger_than_an_event() -> None:
    large = FIRING | {"annotations": {"summary": "x" * limits.BODY_BYTES}}
    reading = notify(WEBHOOK | {"alerts": [large, RESOLVED]})
    assert reading.status == 400
    assert len(reading.entries) == 1


@pytest.mark.parametrize(
    ("path", "authorization"),
    [
        (f"/hooks/alertmanager/{KEY}", None),
        (f"/hooks/alertmanager/{KEY}/", None),
        ("/hooks/alertmanager", f"Bearer {KEY}"),
        ("/hooks/alertmanager/", f"bearer  {KEY}"),
        ("/hooks/alertmanager", f"Token {KEY}"),
        ("/hooks/alertmanager", "Basic " + base64.b64encode(f"tocsin:{KEY}".encode()).decode()),
        ("/hooks/alertmanager", "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()),
    ],
)
def test_the_key_may_stand_in_the_path_or_be_a_credential(path: str, authorization: str | None) -> None:
    headers = {"authorization": authorization} if authorization else {}
    assert WebhookRoute(KEYS).read(request(path, WEBHOOK, headers)).status == 200


@pytest.mark.parametrize(
    ("path", "authorization"),
    [
        ("/hooks/alertmanager", None),
        ("/hooks/alertmanager/wrong", f"Bearer {KEY}"),
        (f"/hooks/alertmanager/{KEY}/more", None),
        ("/hooks/alertmanager", "Bearer wrong"),
        ("/hooks/alertmanager", "Bearer"),
        ("/hooks/alertmanager", "Basic %%%"),
        ("/hooks/alertmanager", "Basic " + base64.b64encode(b"\xff\xfe").decode()),
    ],
)
def test_without_a_valid_key_nothing_is_read(path: str, authorization: str | None) -> None:
    headers = {"authorization": authorization} if authorization else {}
    reading = WebhookRoute(KEYS).read(request(path, WEBHOOK, headers))
    assert (reading.status, reading.entries) == (401, ())
    assert WebhookRoute(KEYS).turn_away(request(path, b"", headers)) == reading, "already before the body is unpacked"
    assert dict(reading.headers)["www-authenticate"].startswith("Bearer")
    assert KEY.encode() not in reading.body
    assert reading.key_unknown is ("wrong" in f"{path}{authorization}" or "more" in path), "what brings none can wait"


def test_what_may_pass_later_is_503_for_429_is_never_retried() -> None:
    gate = Gate(PerMinute(2))
    route = WebhookRoute(KEYS, gate=gate)
    path = f"/hooks/alertmanager/{KEY}"
    assert route.read(request(path, WEBHOOK)).status == 200
    reading = route.read(request(path, WEBHOOK))
    assert (reading.status, reading.entries) == (503, ())
    assert dict(reading.headers)["retry-after"] == "60"
    assert route.refuse(TooMany("backlog")).status == 503
    assert route.refuse(Unavailable("disk full")).status == 503


def test_refusals_at_the_door() -> None:
    route = WebhookRoute(KEYS)
    assert route.refuse(BodyTooLarge("big")).status == 413
    assert route.refuse(BodyTooDeep("deep")).status == 400
    assert json.loads(route.refuse(BodyTooLarge("big")).body)["message"] == "big"


def test_while_keys_are_unknown_senders_are_told_to_come_again() -> None:
    class Starting:
        def integration(self, key: str, /) -> IntegrationRef | None:
            raise Unavailable("The server is starting.")

    assert WebhookRoute(Starting()).read(request(f"/hooks/alertmanager/{KEY}", WEBHOOK)).status == 503


def test_the_time_of_the_event_is_its_last_change() -> None:
    firing, resolved = events_of(notify(WEBHOOK))
    assert iso(firing.occurred_at or 0) == "2026-08-21T10:00:00Z"
    assert iso(resolved.occurred_at or 0) == "2026-08-21T10:00:20Z"
