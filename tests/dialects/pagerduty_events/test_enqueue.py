"""POST /v2/enqueue: what is accepted, and how it is answered and kept."""

from __future__ import annotations

import json
import random
import re

import pytest

from tests.dialects.pagerduty_events.door import KEY, NOW, TRIGGER, door, faults_of, send, without
from tocsin.dialects._kit.keys import IntegrationRef
from tocsin.dialects.pagerduty_events.read import ALERTS, EventsRoute, hot_paths
from tocsin.kernel.errors import Unavailable
from tocsin.kernel.ids import IdSource


def test_a_trigger_is_kept_as_posted_and_answered_with_its_key() -> None:
    reading = send(TRIGGER)
    assert reading.status == 202
    assert reading.headers == (("content-type", "application/json"),)
    assert reading.body == b'{"status":"success","message":"Event processed","dedup_key":"srv01/mysql"}'
    (entry,) = reading.entries
    assert entry.received_at == NOW
    assert entry.source == "pagerduty.v2"
    assert entry.integration_id == "PINT001"
    assert entry.dedup_key == "srv01/mysql"
    assert json.loads(entry.body) == TRIGGER


@pytest.mark.parametrize("given", [{}, {"dedup_key": None}, {"dedup_key": ""}, {"dedup_key": "  "}])
def test_a_trigger_without_key_gets_one(given: dict[str, object]) -> None:
    reading = send(without(TRIGGER, "dedup_key") | given)
    promised = json.loads(reading.body)["dedup_key"]
    assert re.fullmatch("[0-9a-f]{32}", promised)
    assert reading.entries[0].dedup_key == promised


def test_every_generated_key_is_another() -> None:
    route = door()
    body = without(TRIGGER, "dedup_key")
    keys = {send(body, route=route).entries[0].dedup_key for _ in range(50)}
    assert len(keys) == 50


@pytest.mark.parametrize("action", ["acknowledge", "resolve"])
def test_updates_need_a_key_and_nothing_else(action: str) -> None:
    reading = send({"routing_key": KEY, "event_action": action, "dedup_key": "srv01/mysql"})
    assert reading.status == 202
    assert reading.entries[0].dedup_key == "srv01/mysql"


@pytest.mark.parametrize(
    "odd",
    [
        {"payload": "gone"},
        {"payload": {"severity": "{{ .severity }}"}},
        {"payload": {"summary": 5}},
        {"links": 7},
        {"images": [{}]},
        {"client": []},
    ],
)
def test_a_resolve_gets_through_whatever_else_it_carries(odd: dict[str, object]) -> None:
    reading = send({"routing_key": KEY, "event_action": "resolve", "dedup_key": "k"} | odd)
    assert reading.status == 202
    assert reading.entries[0].dedup_key == "k"


def test_nulls_are_absent_fields() -> None:
    nulls = dict.fromkeys(("dedup_key", "client", "client_url", "links", "images"))
    payload = TRIGGER["payload"] | dict.fromkeys(("timestamp", "component", "group", "class", "custom_details"))
    assert send(TRIGGER | nulls | {"payload": payload}).status == 202


def test_unknown_fields_are_ignored() -> None:
    assert (
        send(TRIGGER | {"event_type": "x", "service_key": None, "payload": TRIGGER["payload"] | {"x": 1}}).status == 202
    )


def test_the_content_type_does_not_matter() -> None:
    for name in ("text/plain", "application/x-www-form-urlencoded", "application/vnd.pagerduty+json;version=2"):
        assert send(TRIGGER, headers={"content-type": name}).status == 202


def test_the_key_may_come_in_the_header() -> None:
    reading = send(without(TRIGGER, "routing_key"), headers={"x-routing-key": KEY})
    assert reading.status == 202
    assert send(TRIGGER | {"routing_key": "0" * 32}, headers={"x-routing-key": KEY}).status == 400


def test_an_unknown_key_is_refused() -> None:
    assert faults_of(TRIGGER | {"routing_key": "0" * 32}) == ["Invalid routing key"]


@pytest.mark.parametrize(
    ("key", "is_unknown"), [("0" * 32, True), ("short", False), (None, False), (7, False), (KEY, False)]
)
@pytest.mark.parametrize("drop_unknown", [False, True])
def test_the_door_is_told_which_keys_are_worth_a_second_look(key: object, is_unknown: bool, drop_unknown: bool) -> None:
    route = door(drop_unknown=drop_unknown)
    assert send(TRIGGER | {"routing_key": key}, route=route).key_unknown is is_unknown


def test_an_unknown_key_can_be_taken_and_dropped() -> None:
    route = door(drop_unknown=True)
    reading = send(TRIGGER | {"routing_key": "0" * 32}, route=route)
    assert reading.status == 202
    assert json.loads(reading.body)["dedup_key"] == "srv01/mysql"
    assert reading.entries == ()
    assert send(TRIGGER | {"routing_key": "short"}, route=route).status == 400
    assert send(TRIGGER, route=route).entries


def test_a_key_of_another_form_works_if_somebody_has_it() -> None:
    class Odd:
        def integration(self, key: str, /) -> IntegrationRef | None:
            return IntegrationRef("PINT002", "PSVC001", key) if key == "my-old-key" else None

    route = EventsRoute(ALERTS, Odd(), IdSource(random.Random(1)))
    assert send(TRIGGER | {"routing_key": "my-old-key"}, route=route).status == 202
    assert send(TRIGGER | {"routing_key": "my-old-key", "payload": {}}, route=route).status == 400


def test_while_keys_are_unknown_senders_are_told_to_come_again() -> None:
    class Starting:
        def integration(self, key: str, /) -> IntegrationRef | None:
            raise Unavailable("The server is starting.")

    reading = send(TRIGGER, route=EventsRoute(ALERTS, Starting(), IdSource(random.Random(1))))
    assert reading.status == 503
    assert json.loads(reading.body)["errors"] == ["The server is starting."]


def test_the_longest_dedup_key_is_255_characters() -> None:
    assert send(TRIGGER | {"dedup_key": "é" * 255}).status == 202
    assert faults_of(TRIGGER | {"dedup_key": "é" * 256}) == [
        "Length of 'dedup_key' is incorrect (should be at most 255 characters)"
    ]


def test_the_addresses() -> None:
    paths = {path.prefix: path for path in hot_paths(KEYS_OF_NOBODY, IdSource(random.Random(1)))}
    assert set(paths) == {
        "/v2/enqueue",
        "/v2/enqueue/",
        "/v2/change/enqueue",
        "/v2/change/enqueue/",
        "/generic/2010-04-15/create_event.json",
        "/generic/2010-04-15/create_event.json/",
    }
    assert not any(path.below for path in paths.values())
    assert all(path.route.body_limit == 512 * 1024 for path in paths.values())


class _Nobody:
    def integration(self, key: str, /) -> IntegrationRef | None:
        return None


KEYS_OF_NOBODY = _Nobody()
