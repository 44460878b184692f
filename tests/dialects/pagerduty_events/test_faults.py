"""What is told about events that are refused: all of it, in PagerDuty's words where they are known."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.dialects.pagerduty_events.door import CHANGE, KEY, TRIGGER, V1, door, faults_of, send, without
from tocsin.dialects._kit.body import BodyRefused, BodyTooDeep, BodyTooLarge, BodyTooSlow, EncodingUnknown
from tocsin.dialects._kit.limits import Gate, PerMinute
from tocsin.dialects.pagerduty_events.read import ALERTS, CHANGES, LEGACY, Interface
from tocsin.kernel.errors import TooMany, Unavailable

SEVERITY = "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')"
LENGTH = "Length of 'routing_key' is incorrect (should be 32 characters)"
ALPHABET = "'routing_key' cannot contain non-alphanumeric characters."


def payload(**changes: Any) -> dict[str, Any]:
    return TRIGGER | {"payload": TRIGGER["payload"] | changes}


def test_everything_wrong_is_told_at_once() -> None:
    event = {
        "routing_key": "not-a-key",
        "event_action": "trigger",
        "dedup_key": "x" * 256,
        "client": 5,
        "client_url": ["https://example.com"],
        "payload": {"summary": " ", "severity": "CRITICAL", "component": 1, "group": [], "class": {}},
        "links": [{"text": "no address"}, "https://example.com"],
        "images": [{"src": ""}, {"src": "https://example.com/a.png", "alt": 1}],
    }
    assert faults_of(event) == [
        LENGTH,
        ALPHABET,
        "Length of 'dedup_key' is incorrect (should be at most 255 characters)",
        "'payload.summary' is missing or blank",
        "'payload.source' is missing or blank",
        SEVERITY,
        "'payload.component' is invalid (must be a string)",
        "'payload.group' is invalid (must be a string)",
        "'payload.class' is invalid (must be a string)",
        "'client' is invalid (must be a string)",
        "'client_url' is invalid (must be a string)",
        "'links[0].href' is missing or blank",
        "'links[1]' is invalid (must be an object)",
        "'images[0].src' is missing or blank",
        "'images[1].alt' is invalid (must be a string)",
    ]


def test_an_empty_object_lacks_key_and_action() -> None:
    assert faults_of({}) == ["'routing_key' cannot be blank", "'event_action' is missing or blank"]


@pytest.mark.parametrize(
    ("event", "faults"),
    [
        (without(TRIGGER, "routing_key"), ["'routing_key' cannot be blank"]),
        (TRIGGER | {"routing_key": 5}, ["'routing_key' is invalid (must be a string)"]),
        (TRIGGER | {"routing_key": KEY[:31]}, [LENGTH]),
        (TRIGGER | {"routing_key": KEY[:31] + "-"}, [ALPHABET]),
        (TRIGGER | {"routing_key": KEY[:31] + "é"}, [ALPHABET]),
        (TRIGGER | {"routing_key": "short!"}, [LENGTH, ALPHABET]),
        (without(TRIGGER, "event_action"), ["'event_action' is missing or blank"]),
        (
            TRIGGER | {"event_action": "Trigger"},
            ["'event_action' is invalid (must be one of: 'trigger', 'acknowledge' or 'resolve')"],
        ),
        (
            {"routing_key": KEY, "event_action": "trigger"},
            [
                "'payload.summary' is missing or blank",
                "'payload.source' is missing or blank",
                "'payload.severity' is missing or blank",
            ],
        ),
        (TRIGGER | {"payload": "disk full"}, ["'payload' is invalid (must be an object)"]),
        (payload(summary=None), ["'payload.summary' is missing or blank"]),
        (payload(summary="\t\n"), ["'payload.summary' is missing or blank"]),
        (payload(summary=["a"]), ["'payload.summary' is invalid (must be a string)"]),
        (payload(source=""), ["'payload.source' is missing or blank"]),
        (payload(severity=None), ["'payload.severity' is missing or blank"]),
        (payload(severity="fatal"), [SEVERITY]),
        (payload(severity=3), [SEVERITY]),
        (payload(severity=["critical"]), [SEVERITY]),
        (TRIGGER | {"dedup_key": 12}, ["'dedup_key' is invalid (must be a string)"]),
        ({"routing_key": KEY, "event_action": "resolve"}, ["'dedup_key' is missing or blank"]),
        ({"routing_key": KEY, "event_action": "acknowledge", "dedup_key": " "}, ["'dedup_key' is missing or blank"]),
        (TRIGGER | {"links": {"href": "https://a.example"}}, ["'links' is invalid (must be an array)"]),
        (TRIGGER | {"links": [{"href": " "}]}, ["'links[0].href' is missing or blank"]),
        (TRIGGER | {"images": [{"src": ""}]}, ["'images[0].src' is missing or blank"]),
        (TRIGGER | {"images": "https://a.example"}, ["'images' is invalid (must be an array)"]),
        (TRIGGER | {"links": [{"href": 5}]}, ["'links[0].href' is invalid (must be a string)"]),
    ],
)
def test_each_fault_of_an_alert_event(event: dict[str, Any], faults: list[str]) -> None:
    assert faults_of(event) == faults


@pytest.mark.parametrize(
    ("event", "faults"),
    [
        ({}, ["'routing_key' cannot be blank", "'payload.summary' is missing or blank"]),
        (CHANGE | {"payload": {"summary": ""}}, ["'payload.summary' is missing or blank"]),
        (CHANGE | {"payload": {"summary": "x", "source": 5}}, ["'payload.source' is invalid (must be a string)"]),
        (CHANGE | {"links": [{}]}, ["'links[0].href' is missing or blank"]),
        (CHANGE | {"links": [{"href": ""}]}, ["'links[0].href' is missing or blank"]),
        (CHANGE | {"images": [{"src": ""}]}, ["'images[0].src' is missing or blank"]),
        (CHANGE | {"routing_key": "0" * 32}, ["Invalid routing key"]),
    ],
)
def test_each_fault_of_a_change_event(event: dict[str, Any], faults: list[str]) -> None:
    assert faults_of(event, CHANGES) == faults


@pytest.mark.parametrize(
    ("event", "faults"),
    [
        (
            {},
            [
                "Service key is missing or blank",
                "event_type is invalid (must be one of: trigger acknowledge resolve)",
            ],
        ),
        (V1 | {"service_key": "abc"}, ["Service key is the wrong length (should be 32 characters)"]),
        (V1 | {"service_key": "0" * 32}, ["Invalid service key"]),
        (V1 | {"event_type": "x"}, ["event_type is invalid (must be one of: trigger acknowledge resolve)"]),
        (without(V1, "description"), ["Description is missing or blank"]),
        (V1 | {"description": {}}, ["Description is invalid (must be a string)"]),
        ({"service_key": KEY, "event_type": "resolve"}, ["Incident key is missing or blank"]),
        (V1 | {"incident_key": "x" * 256}, ["Length of Incident key is incorrect (should be at most 255 characters)"]),
        (V1 | {"contexts": {}}, ["'contexts' is invalid (must be an array)"]),
        (V1 | {"contexts": [{"type": "video"}]}, ["'contexts[0].type' is invalid (must be one of: 'link' or 'image')"]),
        (
            V1 | {"contexts": [{"type": "link"}, 5]},
            [
                "'contexts[0].href' is missing or blank",
                "'contexts[1]' is invalid (must be an object)",
            ],
        ),
        (
            V1 | {"contexts": [{"type": "image", "href": "https://a.example"}]},
            ["'contexts[0].src' is missing or blank"],
        ),
        (
            {"service_key": "x", "event_type": "trigger", "incident_key": 5, "client": 1},
            [
                "Service key is the wrong length (should be 32 characters)",
                "Incident key is invalid (must be a string)",
                "Description is missing or blank",
                "'client' is invalid (must be a string)",
            ],
        ),
    ],
)
def test_each_fault_of_a_v1_event(event: dict[str, Any], faults: list[str]) -> None:
    assert faults_of(event, LEGACY) == faults


def test_thousands_of_faults_are_not_all_told() -> None:
    faults = faults_of(TRIGGER | {"links": [5] * 10_000})
    assert len(faults) == 101
    assert faults[-1] == "and more"


@pytest.mark.parametrize("interface", [ALERTS, CHANGES, LEGACY])
@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b"5", b"routing_key=x", b'{"a":NaN}', b'{"a":"\xff"}']
)
def test_what_is_not_a_json_object_is_unrecognized(interface: Interface, body: bytes) -> None:
    reading = send(body, interface)
    assert reading.status == 400
    assert json.loads(reading.body) == {
        "status": "Unrecognized object",
        "message": "Event object format is unrecognized",
        "errors": ["JSON parse error"],
    }


@pytest.mark.parametrize(("interface", "status"), [(ALERTS, 429), (CHANGES, 429), (LEGACY, 403)])
def test_too_many_events_are_told_when_to_come_again(interface: Interface, status: int) -> None:
    body = {ALERTS: TRIGGER, CHANGES: CHANGE, LEGACY: V1}[interface]
    route = door(interface, gate=Gate(PerMinute(2)))
    assert [send(body, interface, route=route).status for _ in range(2)] == [interface.taken] * 2
    reading = send(body, interface, route=route)
    assert reading.status == status
    assert reading.entries == ()
    assert dict(reading.headers)["retry-after"] == "60"
    answer = json.loads(reading.body)
    assert answer["status"] == "throttle exceeded"
    assert answer["errors"]


def test_faulty_events_do_not_use_up_the_limit() -> None:
    route = door(gate=Gate(PerMinute(1)))
    assert send({}, route=route).status == 400
    assert send(TRIGGER, route=route).status == 202


@pytest.mark.parametrize(
    ("error", "statuses"),
    [
        (BodyTooLarge("The body is larger than 524288 bytes."), (413, 413, 413)),
        (BodyTooDeep("deep"), (400, 400, 400)),
        (BodyTooSlow("slow"), (408, 408, 408)),
        (EncodingUnknown("br"), (415, 415, 415)),
        (TooMany("backlog"), (429, 429, 403)),
        (Unavailable("disk full"), (503, 503, 503)),
    ],
)
def test_refusals_at_the_door_wear_the_vendors_envelope(error: BodyRefused, statuses: tuple[int, ...]) -> None:
    for interface, status in zip((ALERTS, CHANGES, LEGACY), statuses, strict=True):
        reading = door(interface).refuse(error)
        assert reading.status == status
        assert reading.entries == ()
        answer = json.loads(reading.body)
        assert set(answer) == {"status", "message", "errors"}
        assert answer["errors"]
