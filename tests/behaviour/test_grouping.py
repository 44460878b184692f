"""Alerts of one service within its window are one incident."""

from __future__ import annotations

from tests.behaviour.cast import gather, paged
from tocsin.events.model import Action
from tocsin.incidents.messages import Acknowledge, AlertJoined, Snooze
from tocsin.incidents.model import Status
from tocsin.testing.world import World


def test_within_the_window_they_join(world: World) -> None:
    cast = gather(world, group_seconds=300)
    world.event(cast.monitor, "one")
    world.advance(minutes=4)
    world.event(cast.monitor, "two")
    world.advance(minutes=2)
    world.event(cast.monitor, "three")
    assert [incident.alert_count for incident in world.incidents()] == [2, 1]
    assert len(world.facts(AlertJoined)) == 1


def test_all_of_them_have_to_end(world: World) -> None:
    cast = gather(world, group_seconds=300)
    for key in ("one", "two"):
        world.event(cast.monitor, key)
    world.event(cast.monitor, "one", Action.RESOLVE)
    assert world.incident().status is Status.TRIGGERED
    world.event(cast.monitor, "two", Action.RESOLVE)
    assert world.incident().status is Status.RESOLVED


def test_what_is_over_takes_no_more(world: World) -> None:
    cast = gather(world, group_seconds=0)
    world.event(cast.monitor, "one")
    world.event(cast.monitor, "one", Action.RESOLVE)
    world.event(cast.monitor, "two")
    assert len(world.incidents()) == 2


def test_an_acknowledged_one_takes_them_quietly(world: World) -> None:
    cast = gather(world, group_seconds=0)
    world.event(cast.monitor, "one")
    world.does(cast.alice, Acknowledge)
    world.event(cast.monitor, "two")
    world.advance(minutes=30)
    assert paged(world, cast) == ["alice"]
    assert world.incident().alert_count == 2


def test_another_problem_does_not_sleep_with_a_snoozed_one(world: World) -> None:
    cast = gather(world, group_seconds=0)
    world.event(cast.monitor, "one")
    world.does(cast.alice, Snooze, seconds=604_800)
    world.advance(minutes=2)
    world.event(cast.monitor, "two")
    world.event(cast.monitor, "three")
    assert [incident.alert_count for incident in world.incidents()] == [1, 2]
    assert paged(world, cast) == ["alice", "alice"]
    assert world.incident(1).snoozed_until is not None
