"""People, services, policies and schedules change while something is on fire."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.behaviour.cast import Cast, gather, paged
from tocsin.directory.model import Channel
from tocsin.escalation.messages import EscalateNow, LevelSkipped
from tocsin.incidents.messages import (
    Acknowledge,
    IncidentResolved,
    IncidentUnacknowledged,
    Reassign,
    Reopen,
    Resolve,
    Snooze,
)
from tocsin.incidents.model import NextStep, Status
from tocsin.kernel.errors import InUse
from tocsin.kernel.time import HOUR, MINUTE
from tocsin.oncall import Override
from tocsin.testing.world import World


def test_a_running_incident_keeps_the_policy_as_it_was(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    swapped = tuple(replace(rule, delay_minutes=60) for rule in reversed(cast.policy.rules))
    world.save(replace(cast.policy, rules=swapped), "rules")
    world.advance(minutes=5)
    assert paged(world, cast) == ["alice", "bob"]
    world.event(cast.monitor, "later")
    assert world.incident(2).assignee_ids == (cast.bob.id,)


def test_two_edits_within_a_moment_are_two_policies(world: World, cast: Cast) -> None:
    policy = world.save(replace(cast.policy, rules=cast.policy.rules[:1]), "rules")
    world.event(cast.monitor, "one")
    world.save(replace(policy, rules=tuple(reversed(cast.policy.rules))), "rules")
    world.event(cast.monitor, "two")
    world.advance(minutes=5)
    assert world.incident(1).last_resort_round == 1, "its policy had one level"
    assert world.incident(2).level == 2


def test_an_override_counts_from_the_next_call_on(world: World, cast: Cast) -> None:
    rota = world.rotation("Days", cast.alice)
    _, monitor = world.service("Rota", world.policy("Rota", (5, cast.carol), (5, rota)))
    world.event(monitor)
    begin = world.clock.now() + MINUTE
    world.save(Override("", rota.id, cast.bob.id, begin, begin + HOUR, 0))
    world.advance(minutes=5)
    assert paged(world, cast) == ["carol", "bob"]


def test_a_removed_service_closes_its_incidents(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.delete(cast.service)
    world.advance(minutes=30)
    assert [fact.reason for fact in world.facts(IncidentResolved)] == ["its service was removed"]
    assert paged(world, cast) == ["alice"]
    world.event(cast.monitor)
    assert len(world.incidents()) == 1


def test_a_person_with_open_incidents_can_t_be_removed(world: World, cast: Cast) -> None:
    dora = world.person("dora")
    policy = world.policy("Dora", (5, dora))
    _, monitor = world.service("Dora's", policy)
    world.event(monitor)
    world.save(replace(policy, rules=cast.policy.rules), "rules")
    with pytest.raises(InUse):
        world.delete(dora)
    world.does(dora, Resolve)
    world.delete(dora)


def test_a_policy_in_use_can_t_be_removed_nor_a_schedule_in_a_policy(world: World, cast: Cast) -> None:
    rota = world.rotation("Days", cast.alice)
    world.policy("Rota", (5, rota))
    for thing in (cast.policy, rota):
        with pytest.raises(InUse):
            world.delete(thing)


def test_a_schedule_that_open_work_still_calls_can_t_be_removed(world: World, cast: Cast) -> None:
    rota = world.rotation("Days", cast.alice)
    policy = world.policy("Rota", (5, cast.carol), (5, rota))
    _, monitor = world.service("Rota", policy)
    world.event(monitor)
    policy = world.save(replace(policy, rules=policy.rules[:1]), "rules")
    world.event(monitor, "after the edit")
    for command in (Acknowledge, Resolve):
        with pytest.raises(InUse, match="escalation policy snapshot with open incidents") as refused:
            world.delete(rota)
        assert refused.value.reason == "schedule_in_snapshot"
        world.does(cast.carol, command, 1)
    world.delete(rota)


def test_a_schedule_of_a_policy_that_is_gone_is_kept_for_open_work(world: World, cast: Cast) -> None:
    rota = world.rotation("Days", cast.alice)
    policy = world.policy("Rota", (5, cast.carol), (5, rota))
    service, monitor = world.service("Rota", policy)
    world.event(monitor)
    world.save(replace(service, policy_id=cast.policy.id), "policy_id")
    world.delete(policy)
    with pytest.raises(InUse):
        world.delete(rota)
    world.advance(minutes=5)
    assert paged(world, cast) == ["carol", "alice"]


def test_a_schedule_that_was_removed_since_is_a_level_with_nobody(world: World, cast: Cast) -> None:
    rota = world.rotation("Days", cast.alice)
    policy = world.policy("Rota", (5, cast.carol), (5, rota), (5, cast.bob))
    service, monitor = world.service("Rota", policy)
    world.event(monitor)
    world.does(cast.carol, Resolve)
    world.save(replace(service, policy_id=cast.policy.id), "policy_id")
    for thing in (policy, rota):
        world.delete(thing)
    world.does(cast.carol, Reopen)
    world.advance(minutes=5)
    assert paged(world, cast) == ["carol", "carol", "bob"], "by its policy as it was: there is no other"
    assert [fact.reason for fact in world.facts(LevelSkipped)] == ["nobody is on call in a removed schedule"]


def test_a_person_who_was_removed_since_is_passed_over_with_a_reason(world: World, cast: Cast) -> None:
    dora = world.person("dora")
    policy = world.policy("Dora", (5, cast.carol), (5, dora), (5, (dora, cast.bob)), (5, dora))
    _, monitor = world.service("Dora's", policy)
    world.event(monitor)
    world.save(replace(policy, rules=policy.rules[:1]), "rules")
    world.delete(dora)
    world.advance(minutes=5)
    assert paged(world, cast) == ["carol", "bob"]
    world.advance(minutes=5)
    skipped = [(fact.level, fact.reason) for fact in world.facts(LevelSkipped)]
    assert skipped == [(2, "a removed person can't be reached"), (4, "a removed person can't be reached")]
    assert world.incident().next_step is NextStep.LAST_RESORT


def test_a_policy_of_whom_nobody_is_left_leads_to_the_last_resort(world: World, cast: Cast) -> None:
    dora = world.person("dora")
    policy = world.policy("Dora", (5, dora))
    _, monitor = world.service("Dora's", policy)
    world.event(monitor)
    world.save(replace(policy, rules=cast.policy.rules), "rules")
    world.does(dora, Reassign, user_ids=(cast.carol.id,))
    world.delete(dora)
    world.does(cast.carol, EscalateNow)
    assert world.incident().next_step is NextStep.LAST_RESORT
    assert len(world.pages_to(cast.olga)) == 1


def test_deactivated_before_her_level_is_reached(world: World, cast: Cast) -> None:
    world.save(replace(cast.alice, active=False), "active")
    world.event(cast.monitor)
    assert paged(world, cast) == ["bob"]


def test_deactivated_while_it_is_hers_alone(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.save(replace(cast.alice, active=False), "active")
    assert paged(world, cast) == ["alice", "bob"]


@pytest.mark.parametrize("hold", [Acknowledge, Snooze])
def test_deactivated_while_she_has_it_it_asks_again(world: World, hold: type[Acknowledge | Snooze]) -> None:
    cast = gather(world)
    world.event(cast.monitor)
    world.does(cast.alice, hold, **({"seconds": 3600} if hold is Snooze else {}))
    world.save(replace(cast.alice, active=False), "active")
    assert [fact.reason for fact in world.facts(IncidentUnacknowledged)] == ["Alice, who had it, was deactivated"]
    assert paged(world, cast) == ["alice", "bob"]
    world.advance(minutes=90)
    assert len(world.facts(IncidentUnacknowledged)) == 1


def test_deactivated_while_others_have_it_too_nothing_happens(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.does(cast.alice, Acknowledge)
    world.does(cast.bob, Acknowledge)
    world.save(replace(cast.alice, active=False), "active")
    assert world.incident().status is Status.ACKNOWLEDGED


def test_her_later_pages_are_not_sent_when_she_is_deactivated(world: World, cast: Cast) -> None:
    dora = world.person("dora", rules=[(Channel.SMS, 0), (Channel.VOICE, 3)])
    _, monitor = world.service("Both", world.policy("Both", (30, (dora, cast.bob))))
    world.event(monitor)
    world.save(replace(dora, active=False), "active")
    world.advance(minutes=10)
    assert [one.message.channel for one in world.pages_to(dora)] == [Channel.SMS]
