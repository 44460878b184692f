"""A level whose targets take turns: each incident goes to the next of them, alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.behaviour.cast import Cast, paged
from tocsin.directory.model import Channel
from tocsin.escalation.model import ROUND_ROBIN, Policy, Rule, Target, TargetKind
from tocsin.events.model import Action
from tocsin.incidents.messages import Acknowledge, Unacknowledge
from tocsin.testing.world import World


def in_turn(*targets: Target, delay: int = 5) -> Rule:
    return Rule(id="", delay_minutes=delay, targets=targets, strategy=ROUND_ROBIN)


def person(user_id: str) -> Target:
    return Target(kind=TargetKind.USER, id=user_id)


@pytest.fixture
def policy(world: World, cast: Cast) -> Policy:
    """Alice and Bob take turns; then Carol."""
    rules = (
        in_turn(person(cast.alice.id), person(cast.bob.id)),
        Rule(id="", delay_minutes=5, targets=(person(cast.carol.id),)),
    )
    saved: Policy = world.save(replace(cast.policy, rules=rules), "rules")
    return saved


def test_each_incident_goes_to_the_next(world: World, cast: Cast, policy: Policy) -> None:
    for key in ("a", "b", "c"):
        world.event(cast.monitor, key)
        world.event(cast.monitor, key, action=Action.RESOLVE)
        world.advance(minutes=10)
    assert paged(world, cast) == ["alice", "bob", "alice"]


def test_unanswered_it_goes_to_the_next_level_not_to_the_next_in_turn(world: World, cast: Cast, policy: Policy) -> None:
    world.event(cast.monitor, "a")
    world.advance(minutes=5)
    assert paged(world, cast) == ["alice", "carol"]
    world.event(cast.monitor, "b")
    assert paged(world, cast)[-1] == "bob"


def test_who_can_not_be_reached_is_passed_over(world: World, cast: Cast, policy: Policy) -> None:
    world.event(cast.monitor, "a")
    for contact in world.config.contacts_of[cast.bob.id]:
        world.save(replace(contact, enabled=False), "enabled")
    world.event(cast.monitor, "b")
    world.advance(minutes=4)
    assert paged(world, cast) == ["alice", "alice"]
    for contact in world.config.contacts_of[cast.bob.id]:
        world.save(replace(contact, enabled=True), "enabled")
    world.event(cast.monitor, "c")
    assert paged(world, cast)[-1] == "bob", "his turn comes next"


def test_paged_again_it_stays_with_whose_turn_it_was(world: World, cast: Cast, policy: Policy) -> None:
    world.event(cast.monitor, "a")
    world.does(cast.alice, Acknowledge)
    world.does(cast.alice, Unacknowledge, epoch=0)
    world.advance(minutes=1)
    assert set(paged(world, cast)) == {"alice"}
    assert [one.user_id for one in world.incident().assignments] == [cast.alice.id]


def test_schedules_take_turns_too(world: World, cast: Cast) -> None:
    nora = world.person("nora", rules=[(Channel.SMS, 0)])
    days, nights = world.rotation("Days", cast.alice), world.rotation("Nights", cast.bob)
    targets = [Target(kind=TargetKind.SCHEDULE, id=one.id) for one in (days, nights)]
    world.save(replace(cast.policy, rules=(in_turn(*targets, person(nora.id)),)), "rules")
    for key in ("a", "b", "c", "d"):
        world.event(cast.monitor, key)
        world.event(cast.monitor, key, action=Action.RESOLVE)
        world.advance(minutes=10)
    who = {cast.alice.id: "alice", cast.bob.id: "bob", nora.id: "nora"}
    assert [who[one.message.user_id] for one in world.carrier.received] == ["alice", "bob", "nora", "alice"]


def test_whose_turn_it_is_survives_a_crash_and_an_edit(world: World, cast: Cast, policy: Policy) -> None:
    world.event(cast.monitor, "a")
    world.crash()
    world.save(replace(world.config.policies[policy.id], num_loops=2), "num_loops")
    world.event(cast.monitor, "b")
    assert paged(world, cast) == ["alice", "bob"]
