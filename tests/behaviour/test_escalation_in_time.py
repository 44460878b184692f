"""Level after level, exactly when the policy says, never early; as many passes as it says."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest

from tests.behaviour.cast import Cast, gather, paged
from tocsin.escalation.messages import LastResortReached, LevelReached, LevelSkipped, PassRepeated, PolicyExhausted
from tocsin.incidents.model import NextStep
from tocsin.kernel.time import MINUTE, SECOND
from tocsin.testing.world import World


def test_alice_then_bob(world: World, cast: Cast) -> None:
    begin = world.clock.now()
    world.event(cast.monitor)
    world.advance(minutes=4, seconds=59.999)
    assert paged(world, cast) == ["alice"]
    world.advance(seconds=0.001)
    assert paged(world, cast) == ["alice", "bob"]
    assert world.carrier.received[1].at == begin + 5 * MINUTE
    assert world.incident().level == 2
    assert world.incident().assignee_ids == (cast.bob.id,), "the level before does not have it any more"


def test_three_loops_are_four_passes(world: World) -> None:
    cast = gather(world, loops=3)
    world.event(cast.monitor)
    world.advance(minutes=39)
    assert paged(world, cast) == ["alice", "bob"] * 4
    assert [fact.pass_number for fact in world.facts(PassRepeated)] == [2, 3, 4]
    assert {fact.passes for fact in world.facts(LevelReached)} == {4}
    assert world.facts(PolicyExhausted) == []
    world.advance(minutes=1)
    assert [fact.reason for fact in world.facts(PolicyExhausted)] == ["the last pass ended unanswered"]
    assert paged(world, cast)[8:] == ["carol"], "the last level has its whole delay, too"


def test_everybody_of_a_level_is_called_at_once(world: World, cast: Cast) -> None:
    policy = world.policy("Both", (5, (cast.alice, cast.bob)), (5, cast.carol))
    _, monitor = world.service("Together", policy)
    world.event(monitor)
    assert sorted(paged(world, cast)) == ["alice", "bob"]
    world.advance(minutes=5)
    assert paged(world, cast)[2:] == ["carol"]


def test_a_level_with_nobody_is_skipped_at_once_and_on_record(world: World, cast: Cast) -> None:
    nobody = world.rotation("Nights", cast.alice)
    ended = tuple(replace(layer, end=world.clock.now() + SECOND) for layer in nobody.layers)
    world.save(replace(nobody, layers=ended), "layers")
    world.advance(seconds=2)
    policy = world.policy("Gap first", (30, nobody), (5, cast.bob))
    _, monitor = world.service("Gap", policy)
    world.event(monitor)
    assert paged(world, cast) == ["bob"]
    assert [fact.reason for fact in world.facts(LevelSkipped)] == ["nobody is on call in Nights"]


def test_on_call_is_asked_when_the_level_is_reached(world: World, cast: Cast) -> None:
    rota = world.rotation("Days", cast.alice, cast.bob)
    policy = world.policy("Rota", (5, cast.carol), (5, rota))
    _, monitor = world.service("Rota", policy)
    world.advance(minutes=(6 * 24 + 14) * 60 + 58)
    world.event(monitor)
    world.advance(minutes=5)
    assert paged(world, cast) == ["carol", "bob"], "bob took over two minutes after the alarm"


@pytest.mark.parametrize("stall", [6, 12, 600])
def test_after_a_stall_one_level_only_and_no_burst(world: World, stall: int) -> None:
    cast = gather(world, loops=3)
    world.event(cast.monitor)
    world.sleep(stall * MINUTE)
    world.settle()
    assert paged(world, cast) == ["alice", "bob"]
    assert world.incident().timer_at == world.clock.now() + 5 * MINUTE, "the next delay counts from now"
    world.advance(minutes=5)
    assert paged(world, cast) == ["alice", "bob", "alice"]


def test_a_second_alarm_does_not_wait_for_the_first(world: World, cast: Cast) -> None:
    world.event(cast.monitor, "one")
    world.advance(minutes=3)
    world.event(cast.monitor, "two")
    world.advance(minutes=2)
    assert [(one.level, one.next_step) for one in world.incidents()] == [(2, NextStep.ESCALATE), (1, NextStep.ESCALATE)]
    assert world.facts(LastResortReached) == []


def test_very_many_levels_due_at_once_leave_time_for_others(
    world: World, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        world.event(cast.monitor, f"shard-{number}")
    passing = count(0.0, 0.004)  # each look at the stop-watch finds 4 ms gone
    monkeypatch.setattr(world.clock, "ticks", lambda: next(passing))
    world.clock.moment += 5 * MINUTE
    world.loop.turn()
    assert 0 < len(on_level_two(world)) < 12
    world.settle()
    assert len(on_level_two(world)) == 12


def on_level_two(world: World) -> list[int]:
    return [one.number for one in world.incidents() if one.level == 2]
