"""A forgotten incident is closed by itself; time asleep is not time forgotten."""

from __future__ import annotations

from tests.behaviour.cast import gather
from tocsin.incidents.messages import Acknowledge, IncidentResolved, Reopen, Snooze
from tocsin.incidents.model import Status
from tocsin.testing.world import World


def test_open_for_longer_than_the_service_allows(world: World) -> None:
    cast = gather(world, auto_resolve_timeout=4 * 3600)
    world.event(cast.monitor)
    world.does(cast.alice, Acknowledge)
    world.advance(minutes=239)
    assert world.incident().status is Status.ACKNOWLEDGED
    world.advance(minutes=2)
    assert [fact.reason for fact in world.facts(IncidentResolved)] == ["timeout"]
    assert [alert.is_open for alert in world.records().alerts] == [False]


def test_it_is_measured_from_the_alarm(world: World) -> None:
    cast = gather(world, auto_resolve_timeout=3600)
    world.event(cast.monitor)
    for _ in range(5):
        world.advance(minutes=10)
        world.event(cast.monitor)
    world.advance(minutes=11)
    assert world.incident().status is Status.RESOLVED


def test_sleeping_puts_it_off(world: World) -> None:
    cast = gather(world, auto_resolve_timeout=3600)
    world.event(cast.monitor)
    world.advance(minutes=30)
    world.does(cast.alice, Snooze, seconds=7200)
    world.advance(minutes=121)
    assert world.incident().status is Status.TRIGGERED, "it woke; it was not closed in its sleep"
    world.advance(minutes=28)
    assert world.incident().status is Status.TRIGGERED
    world.advance(minutes=2)
    assert world.incident().status is Status.RESOLVED


def test_snoozing_twice_does_not_count_twice(world: World) -> None:
    cast = gather(world, auto_resolve_timeout=3600)
    world.event(cast.monitor)
    world.does(cast.alice, Snooze, seconds=3600)
    world.does(cast.alice, Snooze, seconds=7200)
    world.advance(minutes=179)
    assert world.incident().status is Status.TRIGGERED
    world.advance(minutes=2)
    assert world.incident().status is Status.RESOLVED


def test_reopened_it_counts_anew(world: World) -> None:
    cast = gather(world, auto_resolve_timeout=3600)
    world.event(cast.monitor)
    world.advance(minutes=90)
    world.does(cast.alice, Reopen)
    world.advance(minutes=59)
    assert world.incident().status is Status.TRIGGERED
    world.advance(minutes=2)
    assert world.incident().status is Status.RESOLVED
