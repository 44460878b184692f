"""Sent on by hand: the next level at once, or any level, or another policy."""

from __future__ import annotations

import pytest

from tests.behaviour.cast import Cast, gather, paged
from tocsin.directory.model import Channel
from tocsin.escalation.messages import EscalateNow, EscalationRequested
from tocsin.incidents.messages import Acknowledge, Resolve
from tocsin.incidents.model import Status
from tocsin.kernel.errors import Conflict, Invalid
from tocsin.testing.world import World


def test_the_next_level_at_once(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.advance(minutes=1)
    world.does(cast.alice, EscalateNow)
    assert paged(world, cast) == ["alice", "bob"]
    world.advance(minutes=4.9)
    assert paged(world, cast) == ["alice", "bob"], "bob has his whole five minutes"
    world.advance(minutes=0.2)
    assert paged(world, cast)[2:] == ["carol"]


def test_from_acknowledged_it_asks_again_and_says_who_sent_it_on(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.does(cast.alice, Acknowledge)
    world.does(cast.alice, EscalateNow)
    incident = world.incident()
    assert incident.status is Status.TRIGGERED
    assert incident.status_changed_by.id == cast.alice.id
    assert [fact.level for fact in world.facts(EscalationRequested)] == [2]


def test_back_to_a_level_by_number(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.advance(minutes=6)
    world.does(cast.bob, EscalateNow, level=1)
    assert paged(world, cast) == ["alice", "bob", "alice"]


def test_after_the_last_level_comes_the_last_resort(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.does(cast.alice, EscalateNow, level=2)
    world.does(cast.bob, EscalateNow)
    assert paged(world, cast) == ["alice", "bob", "carol"]


def test_with_passes_left_it_starts_over(world: World) -> None:
    cast = gather(world, loops=1)
    world.event(cast.monitor)
    world.does(cast.alice, EscalateNow, level=2)
    world.does(cast.bob, EscalateNow)
    assert world.incident().pass_number == 2
    world.advance(minutes=2)
    assert paged(world, cast) == ["alice", "bob", "alice"]


def test_to_another_policy_from_its_start(world: World, cast: Cast) -> None:
    dave = world.person("dave", rules=[(Channel.VOICE, 0)])
    other = world.policy("Database", (5, dave), (5, cast.bob))
    world.event(cast.monitor)
    world.advance(minutes=6)
    world.does(cast.bob, EscalateNow, policy_id=other.id)
    assert world.pages_to(dave)
    assert (world.incident().policy_id, world.incident().level) == (other.id, 1)
    world.advance(minutes=5)
    assert world.incident().assignee_ids == (cast.bob.id,)


def test_pages_that_waited_are_taken_back_even_if_nobody_follows(world: World) -> None:
    cast = gather(world, last_resort=False)
    dora = world.person("dora", rules=[(Channel.SMS, 0), (Channel.VOICE, 3)])
    _, monitor = world.service("Short", world.policy("Short", (5, dora)), last_resort=False)
    world.event(monitor)
    world.does(cast.olga, EscalateNow)
    world.advance(minutes=10)
    assert len(world.pages_to(dora)) == 1


def test_no_such_level_or_it_is_over(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    with pytest.raises(Invalid):
        world.does(cast.alice, EscalateNow, level=3)
    world.does(cast.alice, Resolve)
    with pytest.raises(Conflict):
        world.does(cast.alice, EscalateNow)
