"""Asleep until a moment, then awake exactly once."""

from __future__ import annotations

import pytest

from tests.behaviour.cast import Cast, gather, paged
from tocsin.incidents.messages import (
    Acknowledge,
    IncidentAcknowledged,
    IncidentUnacknowledged,
    Resolve,
    Snooze,
    Unacknowledge,
)
from tocsin.incidents.model import Status
from tocsin.kernel.errors import Invalid
from tocsin.testing.world import World


def test_it_wakes_once(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.does(cast.bob, Snooze, seconds=3600)
    world.advance(minutes=59.9)
    assert world.incident().status is Status.ACKNOWLEDGED
    assert paged(world, cast) == ["alice"]
    world.advance(minutes=0.2)
    assert sorted(paged(world, cast)[1:]) == ["alice", "bob"]
    world.does(cast.bob, Acknowledge)
    world.advance(minutes=600)
    assert [fact.reason for fact in world.facts(IncidentUnacknowledged)] == ["snooze ended"]


def test_resolving_cancels_it(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.does(cast.alice, Snooze, seconds=3600)
    world.does(cast.alice, Resolve)
    world.advance(minutes=120)
    assert world.incident().status is Status.RESOLVED
    assert paged(world, cast) == ["alice"]


def test_an_acknowledgement_does_not_wake_it_early(world: World) -> None:
    cast = gather(world, acknowledgement_timeout=300)
    world.event(cast.monitor)
    world.does(cast.alice, Snooze, seconds=3600)
    world.does(cast.bob, Acknowledge)
    world.does(cast.bob, Acknowledge)
    world.advance(minutes=59)
    assert world.incident().status is Status.ACKNOWLEDGED
    world.advance(minutes=2)
    assert world.incident().status is Status.TRIGGERED


def test_an_acknowledgement_of_what_sleeps_promises_no_timeout_and_counts_once(world: World) -> None:
    cast = gather(world, acknowledgement_timeout=300)
    world.event(cast.monitor)
    world.does(cast.alice, Snooze, seconds=3600)
    world.does(cast.bob, Acknowledge)
    asleep = world.incident()
    world.advance(minutes=1)
    assert world.does(cast.bob, Acknowledge) == "unchanged"
    assert [fact.timeout_at for fact in world.facts(IncidentAcknowledged)] == [None]
    assert world.incident() == asleep


def test_snoozed_again_the_later_word_counts(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.does(cast.alice, Snooze, seconds=3600)
    world.advance(minutes=10)
    world.does(cast.alice, Snooze, seconds=7200)
    world.advance(minutes=119)
    assert world.incident().status is Status.ACKNOWLEDGED
    world.advance(minutes=2)
    assert world.incident().status is Status.TRIGGERED


def test_given_back_by_hand_the_alarm_clock_is_off(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.does(cast.alice, Snooze, seconds=3600)
    world.does(cast.alice, Unacknowledge)
    world.does(cast.alice, Acknowledge)
    world.advance(minutes=600)
    assert len(world.facts(IncidentUnacknowledged)) == 1
    assert world.incident().status is Status.ACKNOWLEDGED


@pytest.mark.parametrize("seconds", [0, -5, 604_801])
def test_not_shorter_than_a_second_nor_longer_than_a_week(world: World, cast: Cast, seconds: int) -> None:
    world.event(cast.monitor)
    with pytest.raises(Invalid):
        world.does(cast.alice, Snooze, seconds=seconds)
    assert world.incident().status is Status.TRIGGERED
