"""Webhook subscriptions on a real server: signed, in order, also when the engine is killed in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.databases import fresh
from tocsin.deliveries.model import DeliveryState
from tocsin.directory.model import Integration
from tocsin.directory.subscriptions import WebhookSubscription
from tocsin.incidents.messages import Acknowledge, AddNote, Resolve
from tocsin.incidents.model import Incident
from tocsin.runtime.clock import SystemClock
from tocsin.testing.fake_http import acts_then_hangs, hangs, says
from tocsin.testing.fake_webhook import FakeSubscriber
from tocsin.testing.running import RunningServer

EVENTS = ("incident.triggered", "incident.acknowledged", "incident.annotated", "incident.resolved")
SECRET = "0123456789abcdef0123456789abcdef"


class Place:
    """A server, a service with somebody to call, and a program that follows it."""

    def __init__(self, server: RunningServer, subscriber: FakeSubscriber) -> None:
        self.server = server
        self.subscriber = subscriber
        self.service: Integration = server.service("web", server.person("alice", "2025550101"))
        self.subscription: WebhookSubscription = server.save(
            WebhookSubscription(id="", url=subscriber.url, events=EVENTS, secret=SECRET)
        )
        server.wait_for_key(self.service)

    def alarm(self, key: str) -> Incident:
        """An event, and the incident that came of it."""
        assert self.server.event(self.service, key)[0] == 202
        self.server.wait_until(lambda: self._newest() is not None and self._newest() == key, f"{key} is an incident")
        return self.server.reads.incidents(limit=1).items[0]

    def _newest(self) -> str | None:
        found = self.server.reads.incidents(limit=1).items
        return found[0].incident_key if found else None

    def told(self, incident: Incident) -> list[str]:
        """What the receiver took about it, each once, in order."""
        found = [hook.payload["event"] for hook in self.subscriber.hooks if not hook.repeat]
        return [one["event_type"].removeprefix("incident.") for one in found if _about(one) == incident.id]

    def all_done(self) -> bool:
        found = self.server.reads.deliveries(self.subscription.id, limit=1000).items
        return bool(found) and {one.state for one in found} == {DeliveryState.DELIVERED}


def _about(event: dict[str, dict[str, dict[str, str]]]) -> object:
    data = event["data"]
    return data.get("incident", data)["id"]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    server = request.getfixturevalue("postgres_server") if request.param == "postgres" else None
    environment = {"TOCSIN_EGRESS_ALLOW": "127.0.0.0/8"}
    with (
        fresh(server) if server else nullcontext() as url,
        FakeSubscriber(SystemClock().now, secret=SECRET) as subscriber,
        RunningServer(tmp_path / "data", environment=environment, database_url=url) as running,
    ):
        yield Place(running, subscriber)


@pytest.mark.slow
def test_a_receiver_has_everything_in_order_whatever_dies(place: Place) -> None:
    server, receiver = place.server, place.subscriber
    first = place.alarm("first")
    server.run(Acknowledge(incident_id=first.id))
    server.wait_until(lambda: place.told(first) == ["triggered", "acknowledged"], "both are there")
    receiver.faults.next(acts_then_hangs(3.0))  # taken, and nobody hears of it
    server.run(AddNote(incident_id=first.id, text="Looking"))
    server.wait_until(lambda: len(receiver.hooks) == 3, "the receiver has it")
    server.run(Resolve(incident_id=first.id))
    server.kill("engine")
    server.wait_until(place.all_done, "the rest follows after the restart", 30)
    assert place.told(first) == ["triggered", "acknowledged", "annotated", "resolved"]
    assert [hook.payload["event"]["event_type"] for hook in receiver.hooks if hook.repeat] == ["incident.annotated"]
    receiver.faults.always(says(503))
    second = place.alarm("second")
    server.run(Resolve(incident_id=second.id))
    server.kill("all")
    receiver.faults.always(None)
    server.start()
    server.wait_until(place.all_done, "what waited goes out", 30)
    assert place.told(second) == ["triggered", "resolved"]
    assert receiver.rejected == []


@pytest.mark.slow
def test_a_dead_receiver_keeps_no_page_waiting(place: Place) -> None:
    server, receiver = place.server, place.subscriber
    receiver.faults.always(hangs(30))
    for number in range(30):
        place.alarm(f"k{number}")
    bob = server.service("search", server.person("bob", "2025550102"))
    server.wait_for_key(bob)
    started = server.clock.ticks()
    assert server.event(bob, "urgent")[0] == 202
    server.wait_until(lambda: bool(server.phones.texts("+12025550102")), "bob is paged")
    assert server.clock.ticks() - started < 1.0
    assert receiver.hooks == []
