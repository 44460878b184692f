"""From the log to the event: what each field means."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.dialects.pagerduty_events.door import CHANGE, KEY, NOW, TRIGGER, V1, event_of, without
from tocsin.dialects.pagerduty_events.read import CHANGES, LEGACY
from tocsin.events.model import Action, Event, Severity
from tocsin.kernel.time import iso


def payload(**changes: Any) -> dict[str, Any]:
    return TRIGGER | {"payload": TRIGGER["payload"] | changes}


def test_every_field_of_an_alert_event() -> None:
    event = event_of(TRIGGER)
    assert iso(event.occurred_at or 0) == "2015-07-17T08:42:58Z"
    assert event == Event(
        action=Action.TRIGGER,
        integration_id="PINT001",
        dedup_key="srv01/mysql",
        received_at=NOW,
        log_seq=42,
        summary="DISK at 99% on machine prod-datapipe03.example.com",
        source="prod-datapipe03.example.com",
        severity=Severity.CRITICAL,
        component="mysql",
        group="prod-datapipe",
        event_class="disk",
        details={"free space": "1%", "ping time": "1500ms", "load avg": 0.75},
        links=({"href": "http://pagerduty.example.com", "text": "An example link."},),
        images=(
            {
                "src": "https://charts.example.com/chart?chs=600x400",
                "href": "https://example.com",
                "alt": "An example link with an image",
            },
        ),
        client="Sample Monitoring Service",
        client_url="https://monitoring.service.com",
        occurred_at=event.occurred_at,
        raw=event.raw,
    )
    assert json.loads(event.raw) == TRIGGER


@pytest.mark.parametrize("action", [Action.ACKNOWLEDGE, Action.RESOLVE])
def test_updates_name_their_alert(action: Action) -> None:
    event = event_of({"routing_key": KEY, "event_action": action.value, "dedup_key": "k"})
    assert (event.action, event.dedup_key, event.summary, event.severity) == (action, "k", "", None)


def test_a_resolve_may_carry_the_whole_payload() -> None:
    event = event_of(TRIGGER | {"event_action": "resolve"})
    assert event.action is Action.RESOLVE
    assert event.summary == TRIGGER["payload"]["summary"]


@pytest.mark.parametrize("odd", [{"payload": "gone"}, {"payload": {"severity": "x"}}, {"links": 7}])
def test_a_resolve_with_odd_parts_is_still_a_resolve(odd: dict[str, Any]) -> None:
    event = event_of({"routing_key": KEY, "event_action": "resolve", "dedup_key": "k"} | odd)
    assert (event.action, event.dedup_key) == (Action.RESOLVE, "k")


def test_the_key_in_the_header_loses_nothing_of_the_event() -> None:
    assert event_of(TRIGGER | {"routing_key": KEY}) == event_of(TRIGGER)


@pytest.mark.parametrize("value", ["text", 5, 1.5, True, False, ["a", {"b": 1}], [], ""])
def test_details_that_are_no_object_are_kept_as_value(value: object) -> None:
    assert event_of(payload(custom_details=value)).details == {"value": value}


@pytest.mark.parametrize("value", [None, {}])
def test_no_details(value: object) -> None:
    assert event_of(payload(custom_details=value)).details == {}


@pytest.mark.parametrize("severity", list(Severity))
def test_severities(severity: Severity) -> None:
    assert event_of(payload(severity=severity.value)).severity is severity


@pytest.mark.parametrize("timestamp", ["yesterday", "", 1753000000, {"at": 1}, "0001-01-01T00:00:00Z", None])
def test_a_time_that_nobody_can_read_is_no_time(timestamp: object) -> None:
    assert event_of(payload(timestamp=timestamp)).occurred_at is None


def test_the_time_as_the_python_client_writes_it() -> None:
    event = event_of(payload(timestamp="2026-08-21T10:00:00.000001+00:00Z"))
    assert iso(event.occurred_at or 0) == "2026-08-21T10:00:00Z"


def test_long_texts_are_clipped_not_refused() -> None:
    event = event_of(payload(summary="x" * 1025, source="y" * 5000, component="z" * 5000))
    assert event.summary == "x" * 1023 + "…"
    assert len(event.source) == len(event.component) == 1024
    assert event_of(payload(summary="x" * 1024)).summary == "x" * 1024


def test_a_summary_is_one_line() -> None:
    assert event_of(payload(summary=" disk\nfull\t")).summary == "disk full"


def test_unsafe_addresses_are_left_out() -> None:
    event = event_of(
        TRIGGER
        | {
            "client_url": "javascript:alert(1)",
            "links": [{"href": "javascript:alert(1)", "text": "x"}, {"href": "https://ok.example"}],
            "images": [{"src": "data:image/svg+xml,x"}, {"src": "https://ok.example/a.png", "href": "vbscript:x"}],
        }
    )
    assert event.client_url == ""
    assert event.links == ({"href": "https://ok.example", "text": ""},)
    assert event.images == ({"src": "https://ok.example/a.png", "href": "", "alt": ""},)


def test_only_so_many_links_are_shown() -> None:
    assert len(event_of(TRIGGER | {"links": [{"href": "https://a.example"}] * 500}).links) == 100


@pytest.mark.parametrize("name", ["runbook_url", "runbook"])
def test_a_runbook_in_the_details_is_found(name: str) -> None:
    assert event_of(payload(custom_details={name: "https://wiki.example/x"})).runbook_url == "https://wiki.example/x"
    assert event_of(payload(custom_details={name: "see the wiki"})).runbook_url == ""


def test_alertmanagers_receiver_since_0_30() -> None:
    alert = {
        "status": "firing",
        "labels": {"alertname": "HighLatency"},
        "annotations": {},
        "startsAt": "2026-08-21T10:00:00.123Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prom/graph",
        "fingerprint": "476c2d9d67794906",
    }
    body = {
        "routing_key": KEY,
        "dedup_key": "d4061866bc333de2350285b0452a21f78349e3d63b4f06b6c956f64f95d7be36",
        "event_action": "trigger",
        "client": "Alertmanager",
        "client_url": "https://am.example/#/alerts?receiver=team",
        "payload": {
            "summary": "[FIRING:1] HighLatency",
            "source": "Alertmanager",
            "severity": "error",
            "custom_details": {"firing": [alert], "resolved": [], "num_firing": 1, "num_resolved": 0},
        },
    }
    event = event_of(body)
    assert event.details["firing"] == [alert]
    assert event.severity is Severity.ERROR
    resolve = event_of(body | {"event_action": "resolve"})
    assert (resolve.action, resolve.dedup_key) == (Action.RESOLVE, event.dedup_key)


def test_alertmanagers_receiver_before_0_30() -> None:
    details = {"firing": "Labels:\n - alertname = X\n", "resolved": "", "num_firing": "1", "num_resolved": "0"}
    assert event_of(payload(custom_details=details)).details == details


def test_every_field_of_a_change_event() -> None:
    event = event_of(CHANGE, CHANGES)
    assert event.action is Action.CHANGE
    assert event.dedup_key == ""
    assert event.summary == CHANGE["payload"]["summary"]
    assert event.source == "prod-build-agent-i-0b148d1040d565540"
    assert event.details["build_number"] == "220"
    assert event.links[0]["text"] == "View in Build Pipeline"
    assert event.images[0]["alt"] == "chart"
    assert iso(event.occurred_at or 0) == "2015-07-17T08:42:58Z"
    assert event.severity is None


def test_the_least_change_event() -> None:
    event = event_of({"routing_key": KEY, "payload": {"summary": "deploy"}}, CHANGES)
    assert (event.action, event.summary, event.source, event.details) == (Action.CHANGE, "deploy", "", {})


def test_every_field_of_a_v1_event() -> None:
    event = event_of(V1, LEGACY)
    assert event.action is Action.TRIGGER
    assert event.dedup_key == "srv01/HTTP"
    assert event.summary == V1["description"]
    assert event.severity is None
    assert event.details == V1["details"]
    assert event.client_url == "https://monitoring.service.com"
    assert event.links == ({"href": "http://acme.pagerduty.com", "text": "View the incident"},)
    assert event.images == ({"src": "https://charts.example.com/1.png", "href": "https://example.com", "alt": "chart"},)


def test_alertmanagers_v1_body() -> None:
    body = without(V1, "contexts", "client_url") | {"event_type": "resolve", "event_action": "", "payload": None}
    event = event_of(body, LEGACY)
    assert (event.action, event.dedup_key) == (Action.RESOLVE, "srv01/HTTP")


def test_a_v1_resolve_with_odd_parts_is_still_a_resolve() -> None:
    event = event_of({"service_key": KEY, "event_type": "resolve", "incident_key": "k", "description": 5}, LEGACY)
    assert (event.action, event.dedup_key) == (Action.RESOLVE, "k")
