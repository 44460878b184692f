"""Whatever is sent: a clear 400 or something that can be stored, never an exception; and both ways of reading agree."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dialects._kit.hostile import BODIES, VALUES, assert_harmless, json_values, places, planted
from tests.dialects.pagerduty_events.door import CHANGE, KEY, NOW, PATHS, TRIGGER, V1, door, send
from tocsin.dialects._kit.parse import NotJson, read_json
from tocsin.dialects.pagerduty_events.decode import DECODERS
from tocsin.dialects.pagerduty_events.read import ALERTS, CHANGES, LEGACY, Interface
from tocsin.runtime.ingest import Posted

UNKNOWN = {"unknown": "field"}
DOCUMENTS: list[tuple[Interface, dict[str, Any]]] = [
    (ALERTS, TRIGGER | UNKNOWN),
    (CHANGES, CHANGE | UNKNOWN),
    (LEGACY, V1 | UNKNOWN),
]


@pytest.mark.parametrize("name", VALUES)
def test_a_hostile_value_in_every_place(name: str) -> None:
    for interface, document in DOCUMENTS:
        for path in places(document):
            assert_harmless(send(planted(document, path, VALUES[name]), interface), DECODERS)


@pytest.mark.parametrize("name", BODIES)
def test_hostile_bodies(name: str) -> None:
    for interface, _ in DOCUMENTS:
        reading = send(BODIES[name], interface)
        assert reading.status == 400
        assert_harmless(reading, DECODERS)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("nul escaped", "a\ufffdb"),
        ("lone high surrogate", "cut \ufffd"),
        ("surrogate pair", "😀"),
        ("not a nul: escaped backslash", "\\u0000"),
        ("emoji", "🔥👩‍💻"),
    ],
)
def test_an_alarm_is_not_lost_over_a_character(name: str, shown: str) -> None:
    reading = send(planted(TRIGGER, ("payload", "summary"), VALUES[name]))
    assert reading.status == 202
    (event,) = assert_harmless(reading, DECODERS)
    assert event.summary == shown


def test_a_byte_order_mark_does_no_harm() -> None:
    reading = send(b"\xef\xbb\xbf" + json.dumps(TRIGGER).encode())
    assert reading.status == 202
    assert_harmless(reading, DECODERS)


def test_the_key_that_is_promised_is_the_key_that_is_kept() -> None:
    reading = send(planted(TRIGGER, ("dedup_key",), VALUES["nul escaped"]))
    assert json.loads(reading.body)["dedup_key"] == reading.entries[0].dedup_key == "a\ufffdb"


def test_of_duplicate_keys_the_last_counts() -> None:
    body = json.dumps(TRIGGER).encode()[:-1] + b',"event_action":"resolve","dedup_key":"other"}'
    (event,) = assert_harmless(send(body), DECODERS)
    assert (event.action.value, event.dedup_key) == ("resolve", "other")


def test_large_numbers_survive_in_details() -> None:
    (event,) = assert_harmless(
        send(planted(TRIGGER, ("payload", "custom_details"), b'{"n":9223372036854775808}')), DECODERS
    )
    assert event.details == {"n": 2**63}


@given(json_values)
def test_any_json_as_event(value: object) -> None:
    for interface, _ in DOCUMENTS:
        assert_harmless(send(value, interface), DECODERS)


@given(st.binary(max_size=200))
def test_any_bytes_as_event(body: bytes) -> None:
    for interface, _ in DOCUMENTS:
        assert_harmless(send(body, interface), DECODERS)


@given(json_values)
def test_any_json_as_details_is_kept(value: object) -> None:
    reading = send(TRIGGER | {"payload": TRIGGER["payload"] | {"custom_details": value}})
    assert reading.status == 202
    (event,) = assert_harmless(reading, DECODERS)
    if b"u0000" not in json.dumps(value).encode() and value is not None:
        assert event.details == (value if isinstance(value, dict) else {"value": value})


def fields(names: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with some of these fields, each right, missing, null, or anything."""
    odd = st.none() | json_values
    return st.fixed_dictionaries({}, optional={name: st.just(right) | odd for name, right in names.items()})


payloads = fields(TRIGGER["payload"])
alert_events = st.builds(
    lambda event, payload: event | {"payload": payload}, fields({**TRIGGER, "routing_key": KEY}), payloads
)


@given(alert_events)
def test_the_quick_way_and_the_thorough_way_agree(document: dict[str, Any]) -> None:
    body = json.dumps(document).encode()
    route = door()
    posted = Posted(PATHS[ALERTS.source], "", {}, body, NOW, "127.0.0.1")
    quick = route._quickly(posted)
    thorough = route._thoroughly(posted)
    assert_harmless(thorough, DECODERS)
    if quick is not None:
        assert quick.status == thorough.status == 202
        if document.get("dedup_key"):
            assert quick.body == thorough.body
    try:
        _, event = read_json(body)
    except NotJson:
        return
    assert (thorough.status == 202) == (not ALERTS.faults(event) and document.get("routing_key") == KEY)
