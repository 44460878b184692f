"""Given to people by name: they are paged at once, and nobody else by the policy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.behaviour.cast import Cast, gather, paged
from tocsin.escalation.messages import LevelSkipped
from tocsin.incidents.messages import Acknowledge, CreateIncident, Reassign
from tocsin.incidents.model import AssignedVia, NoTimer, Status
from tocsin.kernel.errors import Invalid
from tocsin.testing.world import World, as_user


def test_the_new_one_is_paged_and_escalation_stops(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.does(cast.alice, Reassign, user_ids=(cast.carol.id,))
    world.advance(minutes=120)
    assert paged(world, cast) == ["alice", "carol"]
    incident = world.incident()
    assert incident.assigned_via is AssignedVia.DIRECT_ASSIGNMENT
    assert incident.timer_reason is NoTimer.ASSIGNED


def test_from_acknowledged_it_is_triggered_again(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.does(cast.alice, Acknowledge)
    world.does(cast.alice, Reassign, user_ids=(cast.bob.id, cast.carol.id))
    assert world.incident().status is Status.TRIGGERED
    assert sorted(paged(world, cast)[1:]) == ["bob", "carol"]


def test_after_its_timeout_it_goes_back_to_the_same_person(world: World) -> None:
    cast = gather(world, acknowledgement_timeout=600)
    world.event(cast.monitor)
    world.does(cast.alice, Reassign, user_ids=(cast.carol.id,))
    world.does(cast.carol, Acknowledge)
    world.advance(minutes=11)
    assert paged(world, cast) == ["alice", "carol", "carol"]


def test_when_that_person_is_gone_the_policy_takes_over(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.does(cast.alice, Reassign, user_ids=(cast.carol.id,))
    world.advance(minutes=2)
    world.save(replace(cast.carol, active=False), "active")
    assert paged(world, cast) == ["alice", "carol", "alice"]
    assert [fact.level for fact in world.facts(LevelSkipped)] == [0]
    world.advance(minutes=5)
    assert paged(world, cast)[3:] == ["bob"]


def test_nobody_and_unknown_people_are_refused(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.save(replace(cast.bob, active=False), "active")
    for people in ((), ("PNOBODY",), (cast.bob.id,)):
        with pytest.raises(Invalid):
            world.does(cast.alice, Reassign, user_ids=people)
    assert world.incident().assignee_ids == (cast.alice.id,)


def test_an_incident_by_hand_may_name_its_people(world: World, cast: Cast) -> None:
    command = CreateIncident(title="Strange noises", service_id=cast.service.id, assignee_ids=(cast.bob.id,))
    world.run(as_user(cast.alice), command)
    world.advance(minutes=60)
    assert paged(world, cast) == ["bob"]


def test_an_incident_by_hand_without_people_goes_by_the_policy(world: World, cast: Cast) -> None:
    world.run(as_user(cast.alice), CreateIncident(title="Strange noises", service_id=cast.service.id))
    world.advance(minutes=6)
    assert paged(world, cast) == ["alice", "bob"]
