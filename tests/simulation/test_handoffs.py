"""Hand-offs while schedules, overrides and rules change and the engine dies: each is told once, none is left out.

What has to be told is found the slow way: minute by minute, by who is on call.
"""

from __future__ import annotations

import random
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.behaviour.cast import Cast, gather
from tests.behaviour.test_handoffs import calls, wants
from tocsin.directory.handoffs import handoff_rule, wire_of
from tocsin.directory.kept import Kept
from tocsin.directory.model import User
from tocsin.engine.invariants import violations
from tocsin.engine.on_handoffs import LATE, SPREAD
from tocsin.kernel.time import MINUTE, SECOND, Moment, parse_iso
from tocsin.oncall import Layer, Override, Schedule, who_is_on_call
from tocsin.testing.world import World

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

STARTS = parse_iso("2026-01-06T00:00:00Z")
SAID = re.compile(r"Your shift on Hours (begins|began|ends|ended) \w+ (\d+) (\w+) (\d+) (\d\d):(\d\d) \(Etc/UTC\)")

Told = tuple[str, bool, Moment]
"""Whose shift begins (or ends) when."""


def scene(world: World, rng: random.Random) -> tuple[Cast, Schedule, list[Kept]]:
    """Turns of an hour in whole minutes, and a rule for everybody."""
    cast = gather(world)
    people = [cast.alice, cast.bob, cast.carol]
    turns = tuple(rng.choice(people).id for _ in range(7))
    layer = Layer("", "Hours", STARTS, None, STARTS, 3600, turns)
    schedule: Schedule = world.save(Schedule("", "Hours", "Etc/UTC", (layer,), team_ids=(cast.team.id,)))
    calls(world, cast, schedule)
    return cast, schedule, [wants(world, one, rng.choice((0, 5, 30, 90, 600))) for one in people]


def told(world: World) -> list[Told]:
    """What was said so far, read from the messages."""
    found = []
    for one in world.carrier.received:
        said = SAID.match(one.message.text)
        assert said is not None, one.message.text
        verb, day, month, year, hour, minute = said.groups()
        months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        at = parse_iso(f"{year}-{months.index(month) + 1:02d}-{int(day):02d}T{hour}:{minute}:00Z")
        found.append((one.message.user_id, verb.startswith("beg"), at))
    return found


def to_be_told(world: World, schedule_id: str) -> set[Told]:
    """What must have been told by now: due for longer than timers are spread, and not so long that it is of no use."""
    config, now = world.config, world.clock.now()
    schedule, exceptions = config.schedules[schedule_id], config.exceptions_of.get(schedule_id, ())
    rules = {config.contact_methods[one.parent_id].user_id: handoff_rule(one) for one in config.kept.values()}
    reach = max((rule.advance for rule in rules.values() if rule is not None), default=0)
    first = (now - LATE) // MINUTE * MINUTE
    found = set()
    before = set(who_is_on_call(schedule, exceptions, first))
    for at in range(first + MINUTE, now + reach + 1, MINUTE):
        after = set(who_is_on_call(schedule, exceptions, at))
        for user_id in before ^ after:
            rule = rules.get(user_id)
            due = at - rule.advance if rule is not None else now
            if rule is not None and now - LATE < due <= now - SPREAD * SECOND and at >= rule.created_at:
                found.add((user_id, user_id in after, at))
        before = after
    return found


def change(world: World, rng: random.Random, cast: Cast, schedule: Schedule, rules: list[Kept]) -> None:
    """Somebody changes something; in whole minutes."""
    now = world.clock.now() // MINUTE * MINUTE
    match rng.randrange(5):
        case 0:
            begin = now + rng.randint(1, 200) * MINUTE
            who: User = rng.choice([cast.alice, cast.bob, cast.carol, cast.olga])
            world.save(Override("", schedule.id, who.id, begin, begin + rng.randint(5, 200) * MINUTE, 0))
        case 1:
            ahead = [one for one in world.config.overrides.values() if one.start > world.clock.now()]
            if ahead:
                world.delete(rng.choice(ahead))
        case 2:
            rule = rng.choice(rules)
            minutes = rng.choice((0, 5, 30, 90, 600))
            world.save(replace(rule, wire=wire_of("both", minutes)), "wire")
        case 3:
            old = world.config.schedules[schedule.id]
            live = old.layers[-1]
            turns = list(live.user_ids)
            rng.shuffle(turns)
            world.save(replace(old, layers=(replace(live, user_ids=tuple(turns)),)), "layers")
        case _:
            pass


@pytest.mark.parametrize("seed", range(6))
def test_each_handoff_is_told_once_whatever_happens(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    world = World(tmp_path, seed=seed)
    cast, schedule, rules = scene(world, rng)
    for _ in range(60):
        world.clock.moment = world.clock.now() // MINUTE * MINUTE
        change(world, rng, cast, schedule, rules)
        if rng.random() < 0.3:
            world.loop.turn()
            world.crash()
        if rng.random() < 0.1:
            world.sleep(rng.randint(1, 100) * MINUTE)
            world.crash()
        world.advance(minutes=rng.randint(1, 45))
        said = told(world)
        assert len(said) == len(set(said)), f"twice, seed {seed}"
        assert to_be_told(world, schedule.id) <= set(said), f"left out, seed {seed}"
    assert len(told(world)) > 20
    assert violations(world.records()) == []
    world.close()
