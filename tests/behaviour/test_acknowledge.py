"""An answer stops the pages, until it runs out or is taken back."""

from __future__ import annotations

import pytest

from tests.behaviour.cast import Cast, gather, paged
from tocsin.events.model import Action
from tocsin.incidents.messages import Acknowledge, IncidentAcknowledged, Resolve, Unacknowledge
from tocsin.incidents.model import NoTimer, Status
from tocsin.kernel.errors import Conflict
from tocsin.testing.world import World


def test_it_stops_the_escalation_and_gives_it_to_who_answered(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.does(cast.bob, Acknowledge)
    world.advance(minutes=60)
    assert paged(world, cast) == ["alice"]
    assert world.incident().assignee_ids == (cast.bob.id,)
    assert world.incident().timer_reason is NoTimer.NO_ACK_TIMEOUT


def test_it_runs_out_and_pages_again(world: World) -> None:
    cast = gather(world, acknowledgement_timeout=1800)
    world.event(cast.monitor)
    world.does(cast.bob, Acknowledge)
    world.advance(minutes=29.9)
    assert world.incident().status is Status.ACKNOWLEDGED
    world.advance(minutes=0.2)
    assert world.incident().status is Status.TRIGGERED
    assert sorted(paged(world, cast)[1:]) == ["alice", "bob"], "who had it, and who is on call at its level now"
    world.advance(minutes=5)
    assert paged(world, cast)[3:] == ["bob"], "the clock of the level starts again"


def test_saying_it_again_starts_the_timeout_again(world: World) -> None:
    cast = gather(world, acknowledgement_timeout=1800)
    world.event(cast.monitor)
    world.does(cast.alice, Acknowledge)
    world.advance(minutes=20)
    world.does(cast.alice, Acknowledge)
    world.advance(minutes=20)
    assert world.incident().status is Status.ACKNOWLEDGED
    world.advance(minutes=11)
    assert world.incident().status is Status.TRIGGERED


def test_saying_it_again_without_a_timeout_changes_nothing(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.does(cast.alice, Acknowledge)
    world.does(cast.alice, Acknowledge)
    assert len(world.facts(IncidentAcknowledged)) == 1


def test_a_second_person_may_join(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.does(cast.alice, Acknowledge)
    world.does(cast.bob, Acknowledge)
    assert world.incident().assignee_ids == (cast.alice.id, cast.bob.id)
    assert len(world.facts(IncidentAcknowledged)) == 2


def test_given_back_it_pages_again(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.does(cast.alice, Acknowledge)
    before = world.incident().epoch
    world.advance(minutes=2)
    world.does(cast.alice, Unacknowledge)
    assert paged(world, cast) == ["alice", "alice"]
    assert world.incident().epoch == before + 1
    with pytest.raises(Conflict):
        world.does(cast.alice, Unacknowledge)


def test_a_monitor_may_say_that_somebody_looks_at_it(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.event(cast.monitor, action=Action.ACKNOWLEDGE)
    world.advance(minutes=60)
    assert world.incident().status is Status.ACKNOWLEDGED
    assert world.incident().assignee_ids == (cast.alice.id,)
    assert paged(world, cast) == ["alice"]


def test_what_is_over_can_be_neither_acknowledged_nor_resolved(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.does(cast.alice, Resolve)
    for command in (Acknowledge, Resolve, Unacknowledge):
        with pytest.raises(Conflict):
            world.does(cast.alice, command)
    assert len(world.facts(IncidentAcknowledged)) == 0


def test_a_timeout_and_an_answer_in_the_same_moment(world: World) -> None:
    """The timer is due in the turn that also carries a new answer: the new timeout must survive it."""
    cast = gather(world, acknowledgement_timeout=300)
    world.event(cast.monitor)
    world.sleep(300_000_000)
    world.does(cast.alice, Acknowledge)
    world.advance(minutes=4)
    assert world.incident().status is Status.ACKNOWLEDGED
    world.advance(minutes=2)
    assert world.incident().status is Status.TRIGGERED
