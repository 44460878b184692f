"""A monitor repeats itself and then falls silent: its alert resolves by itself; repeating costs next to nothing."""

from __future__ import annotations

from typing import Any

from tests.behaviour.cast import Cast, paged
from tocsin.events.model import Action
from tocsin.incidents.model import Status
from tocsin.kernel.time import MINUTE
from tocsin.testing.world import World


def repeat(world: World, cast: Cast, **more: Any) -> None:
    """What Prometheus sends each minute: still firing, over in four minutes unless I say so again."""
    world.event(cast.monitor, expires_at=world.clock.now() + 4 * MINUTE, **more)


def expiry_timers(world: World) -> dict[str, int]:
    return {key: due for key, due in world.records().timers.items() if key.startswith("alert-expiry:")}


def test_silence_resolves(world: World, cast: Cast) -> None:
    repeat(world, cast)
    world.advance(minutes=3.9)
    assert world.incident().status is Status.TRIGGERED
    world.advance(minutes=0.2)
    assert world.incident().status is Status.RESOLVED


def test_repeating_keeps_it_open_without_touching_the_timer(world: World, cast: Cast) -> None:
    repeat(world, cast)
    first = expiry_timers(world)
    for _ in range(3):
        world.advance(minutes=1)
        repeat(world, cast)
        assert expiry_timers(world) == first
    world.advance(minutes=1)
    assert world.incident().status is Status.TRIGGERED
    assert expiry_timers(world) != first, "it was armed again when it fell due, once"
    world.advance(minutes=3)
    assert world.incident().status is Status.RESOLVED


def test_two_senders_of_one_alert_the_one_that_speaks_up_longer_counts(world: World, cast: Cast) -> None:
    world.event(cast.monitor, expires_at=world.clock.now() + 10 * MINUTE)
    world.event(cast.monitor, expires_at=world.clock.now() + 1 * MINUTE)
    world.advance(minutes=9)
    assert world.incident().status is Status.TRIGGERED


def test_it_fires_again_after_a_cut_of_the_network(world: World, cast: Cast) -> None:
    started = world.clock.now()
    repeat(world, cast, started_at=started)
    world.advance(minutes=10)
    assert world.incident().status is Status.RESOLVED
    repeat(world, cast, started_at=started)
    assert [one.status for one in world.incidents()] == [Status.RESOLVED, Status.TRIGGERED]
    assert paged(world, cast)[-1] == "alice"


def test_we_were_not_there_to_hear_it(world: World, cast: Cast) -> None:
    """The whole machine stood still for an hour: nobody can say that the monitor fell silent."""
    repeat(world, cast)
    world.sleep(60 * MINUTE)
    world.settle()
    assert world.incident().status is Status.TRIGGERED
    repeat(world, cast)
    world.advance(minutes=4.5)
    assert world.incident().status is Status.RESOLVED


def test_a_late_firing_of_what_is_over_is_ignored(world: World, cast: Cast) -> None:
    started = world.clock.now()
    repeat(world, cast, started_at=started)
    world.advance(minutes=1)
    world.event(cast.monitor, action=Action.RESOLVE, started_at=started, ended_at=world.clock.now())
    world.advance(seconds=2)
    repeat(world, cast, started_at=started)
    assert [one.status for one in world.incidents()] == [Status.RESOLVED]
    world.advance(minutes=6)
    repeat(world, cast, started_at=started)
    assert world.incident(2).status is Status.TRIGGERED, "who still says so minutes later means it"


def test_a_new_occurrence_counts_at_once(world: World, cast: Cast) -> None:
    repeat(world, cast, started_at=world.clock.now())
    world.advance(minutes=1)
    world.event(cast.monitor, action=Action.RESOLVE, ended_at=world.clock.now())
    world.advance(seconds=1)
    repeat(world, cast, started_at=world.clock.now())
    assert world.incident(2).status is Status.TRIGGERED


def test_the_end_of_an_earlier_occurrence_does_not_end_this_one(world: World, cast: Cast) -> None:
    repeat(world, cast, started_at=world.clock.now())
    world.event(cast.monitor, action=Action.RESOLVE, ended_at=world.clock.now() - MINUTE)
    assert world.incident().status is Status.TRIGGERED
