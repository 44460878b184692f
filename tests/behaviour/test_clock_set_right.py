"""A wall clock that was ahead and is set right: nobody is left without a call for as long as it was ahead."""

from __future__ import annotations

import pytest

from tests.behaviour.cast import Cast, gather, paged
from tocsin.directory.model import Channel
from tocsin.engine.invariants import violations
from tocsin.incidents.messages import Acknowledge, Snooze
from tocsin.kernel.time import DAY, HOUR, MINUTE, SECOND, Span
from tocsin.testing.world import World

AHEAD = [MINUTE, HOUR, DAY, 3_650 * DAY]


@pytest.mark.parametrize("ahead", AHEAD)
def test_an_alarm_while_it_was_ahead_goes_on_as_if_it_had_not_been(world: World, cast: Cast, ahead: Span) -> None:
    world.clock.step(ahead)
    world.event(cast.monitor)
    world.advance(minutes=1)
    world.clock.step(-ahead)
    begin = world.clock.now() - MINUTE
    world.advance(minutes=50)
    calls = [(cast.name_of[one.message.user_id], (one.at - begin) // MINUTE) for one in world.carrier.received[1:]]
    assert calls == [("bob", 5), ("carol", 10), ("carol", 40), ("olga", 40)]


@pytest.mark.parametrize("ahead", AHEAD)
def test_the_next_alarm_reaches_the_same_person_at_once(world: World, cast: Cast, ahead: Span) -> None:
    world.clock.step(ahead)
    world.event(cast.monitor, "a")
    world.clock.step(-ahead)
    world.advance(seconds=1)
    world.event(cast.monitor, "b")
    assert paged(world, cast) == ["alice", "alice"]


def test_acknowledgements_and_snoozes_run_out(world: World) -> None:
    cast = gather(world, acknowledgement_timeout=1800)
    world.clock.step(DAY)
    for number in (1, 2):
        world.event(cast.monitor, str(number))
    world.does(cast.alice, Acknowledge, 1)
    world.does(cast.alice, Snooze, 2, seconds=HOUR // SECOND)
    world.clock.step(-DAY)
    world.settle()
    told = len(world.carrier.received)
    world.advance(minutes=29)
    assert len(world.carrier.received) == told
    world.advance(minutes=32)
    about = {one for received in world.carrier.received[told:] for one in received.message.incident_ids}
    assert about == {world.incident(1).id, world.incident(2).id}


def test_pages_and_bundles_that_wait_follow_too(world: World) -> None:
    late = world.person("late", rules=[(Channel.SMS, 0), (Channel.VOICE, 3)])
    _, monitor = world.service("Late", world.policy("Late", (30, late)))
    world.clock.step(DAY)
    world.event(monitor, "a")
    world.event(monitor, "b")
    world.clock.step(-DAY)
    world.settle()
    assert violations(world.records()) == []
    world.advance(minutes=3)
    assert (len(world.pages_to(late, Channel.SMS)), len(world.pages_to(late, Channel.VOICE))) == (2, 1)


def test_a_clock_that_goes_ahead_changes_no_timer(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    due = world.incident().timer_at
    world.clock.step(2 * MINUTE)
    world.settle()
    assert world.incident().timer_at == due
