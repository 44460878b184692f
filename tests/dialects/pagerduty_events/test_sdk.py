"""PagerDuty's own Python client against our readers, without a network in between."""

from __future__ import annotations

import json

import httpx2
import pytest
from pagerduty import EventsApiV2Client
from pagerduty.errors import HttpError

from tests.dialects.pagerduty_events.door import KEY, NOW, PATHS, door
from tocsin.dialects._kit.limits import Gate, PerMinute
from tocsin.dialects.pagerduty_events.decode import DECODERS
from tocsin.dialects.pagerduty_events.read import ALERTS, CHANGES
from tocsin.events.model import Action, Event, Severity
from tocsin.runtime.ingest import Entry, Posted


class Wired(httpx2.BaseTransport):
    """Hands requests to the readers, and keeps what would be in the log."""

    def __init__(self, per_minute: int = 0) -> None:
        self.routes = {PATHS[each.source]: door(each, gate=Gate(PerMinute(per_minute))) for each in (ALERTS, CHANGES)}
        self.events: list[Event] = []
        self.now = NOW

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        body = request.read()
        headers: dict[str, str] = dict(request.headers.items())
        reading = self.routes[request.url.path].read(Posted(request.url.path, "", headers, body, self.now, ""))
        self.events += [DECODERS[new.source](Entry(n, *new)) for n, new in enumerate(reading.entries)]
        self.now += 60_000_000
        return httpx2.Response(reading.status, headers=list(reading.headers), content=reading.body)


def client(wire: Wired, key: str = KEY) -> EventsApiV2Client:
    return EventsApiV2Client(key, base_url="https://tocsin.example", transport=wire)


def test_trigger_acknowledge_resolve() -> None:
    wire = Wired()
    session = client(wire)
    key = session.trigger(
        "disk full",
        "db-1",
        severity="warning",
        custom_details={"free": "1%"},
        links=[{"href": "https://wiki.example", "text": "wiki"}],
    )
    session.acknowledge(key)
    session.resolve(key)
    assert [event.action for event in wire.events] == [Action.TRIGGER, Action.ACKNOWLEDGE, Action.RESOLVE]
    assert {event.dedup_key for event in wire.events} == {key}
    assert wire.events[0].severity is Severity.WARNING
    assert wire.events[0].details == {"free": "1%"}
    assert wire.events[0].links[0]["href"] == "https://wiki.example"


def test_change() -> None:
    wire = Wired()
    client(wire).submit("deployed 1.2", source="ci", timestamp="2026-08-21T10:00:00Z")
    assert [(event.action, event.summary) for event in wire.events] == [(Action.CHANGE, "deployed 1.2")]


def test_an_unknown_key_is_an_error_with_our_words() -> None:
    wire = Wired()
    with pytest.raises(HttpError) as refused:
        client(wire, "0" * 32).trigger("disk full", "db-1")
    assert refused.value.response is not None
    assert json.loads(refused.value.response.text)["errors"] == ["Invalid routing key"]
    assert not wire.events


def test_the_client_comes_again_after_429() -> None:
    wire = Wired(per_minute=1)
    wire.now = NOW
    session = client(wire)
    session.sleep_timer = 0.001
    session.trigger("one", "db-1")
    wire.now = NOW + 1
    session.trigger("two", "db-1")
    assert [event.summary for event in wire.events] == ["one", "two"]
