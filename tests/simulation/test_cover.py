"""Requests to be covered while schedules change, people go and the engine dies: a yes moves two people, nothing else.

Who is on call is looked at before and after each answer, minute by minute around what was asked about.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.behaviour.cast import Cast, gather
from tocsin.directory.model import TeamRole
from tocsin.engine.invariants import violations
from tocsin.kernel.errors import TocsinError
from tocsin.kernel.time import HOUR, MINUTE, Moment, parse_iso
from tocsin.oncall import (
    CoverRequest,
    CustomShift,
    Layer,
    Override,
    RequestState,
    Rotation,
    RotationEvent,
    Schedule,
    who_is_on_call,
)
from tocsin.oncall.messages import AnswerCover
from tocsin.testing.world import World, as_user

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

STARTS = parse_iso("2026-01-06T00:00:00Z")
STEP = 10 * MINUTE


def scene(world: World, rng: random.Random, *, shift_based: bool) -> tuple[Cast, Schedule]:
    """Turns of four hours among three, or two rotations of pairs."""
    cast = gather(world)
    people = [cast.alice.id, cast.bob.id, cast.carol.id]
    if not shift_based:
        turns = tuple(rng.choice(people) for _ in range(7))
        layer = Layer("", "Turns", STARTS, None, STARTS, 4 * 3600, turns)
        return cast, world.save(Schedule("", "Turns", "Europe/Berlin", (layer,), team_ids=(cast.team.id,)))
    events = [
        RotationEvent(
            id="", name="Pairs", start=STARTS + shift * HOUR, end=STARTS + (shift + 6) * HOUR,
            time_zone="Europe/Berlin",
            effective_since=0, effective_until=None, recurrence=(f"RRULE:FREQ=HOURLY;INTERVAL={every}",),
            members=tuple(rng.sample(people, 2)), every_member=together,
        )
        for shift, every, together in ((0, 8, True), (5, 9, False))
    ]  # fmt: skip
    rotations = tuple(Rotation("", (one,)) for one in events)
    wanted = Schedule("", "Pairs", "Etc/UTC", (), team_ids=(cast.team.id,), rotations=rotations, shift_based=True)
    return cast, world.save(wanted)


def on_call(world: World, schedule_id: str, since: Moment, until: Moment) -> dict[Moment, frozenset[str]]:
    config = world.config
    schedule, exceptions = config.schedules[schedule_id], config.exceptions_of.get(schedule_id, ())
    return {at: frozenset(who_is_on_call(schedule, exceptions, at)) for at in range(since, until, STEP)}


def time_of(world: World, rng: random.Random, schedule: Schedule, not_of: str = "") -> tuple[str, Moment, Moment]:
    """Somebody and a time, most often one at which they are on call."""
    start = world.clock.now() // STEP * STEP + rng.randint(1, 200) * STEP
    length = rng.randint(2, 20)
    ahead = on_call(world, schedule.id, start, start + length * STEP)
    here = sorted(ahead[start] - {not_of})
    if not here or rng.random() < 0.2:
        return not_of, start, start + length * STEP
    who = rng.choice(here)
    last = next((at for at, people in ahead.items() if who not in people), start + length * STEP)
    return who, start, last


def ask(world: World, rng: random.Random, cast: Cast, schedule: Schedule) -> str:
    user_id, start, end = time_of(world, rng, schedule)
    user_id = user_id or cast.alice.id
    busy = on_call(world, schedule.id, start, start + STEP)[start] | {user_id}
    free = [one.id for one in (cast.alice, cast.bob, cast.carol, cast.olga) if one.id not in busy]
    to_id = rng.choice(free or [cast.olga.id])
    back = until = 0
    if rng.random() < 0.4:
        to_id, back, until = time_of(world, rng, schedule, user_id)
    request = CoverRequest(
        id="",
        schedule_id=schedule.id,
        user_id=user_id,
        start=start,
        end=end,
        to_id=to_id if back or rng.random() < 0.6 else "",
        return_start=back,
        return_end=until,
    )
    world.save(request, actor=as_user(world.config.users[user_id]))
    return "asked"


def answer(world: World, rng: random.Random, cast: Cast, schedule: Schedule) -> str:
    requests = sorted(world.config.cover_requests.values(), key=lambda one: one.id)
    if not requests:
        return "nothing to answer"
    waiting = [one for one in requests if one.is_open]
    request = rng.choice(waiting if waiting and rng.random() < 0.8 else requests)
    who = rng.choice([cast.alice, cast.bob, cast.carol, cast.olga])
    if rng.random() < 0.8:
        who = world.config.users.get(request.to_id, who)
    accept = rng.random() < 0.75
    window = (world.clock.now() - 12 * HOUR, world.clock.now() + 60 * HOUR)
    before = on_call(world, schedule.id, *window)
    was_open = request.is_open
    try:
        world.run(as_user(who), AnswerCover(request_id=request.id, accept=accept), key=rng.choice(("", "once")))
    except TocsinError as refused:
        assert on_call(world, schedule.id, *window) == before, "what was refused has changed nothing"
        return f"refused: {refused.reason}"
    after = on_call(world, schedule.id, *window)
    if not (accept and was_open):
        assert after == before
        return "declined" if not accept else "said again"
    taken_from = max(request.start, world.clock.now())
    for at, were in before.items():
        expected = set(were)
        if taken_from <= at < request.end:
            assert request.user_id in were
            expected = expected - {request.user_id} | {who.id}
        if request.return_start <= at < request.return_end:
            expected = expected - {who.id} | {request.user_id}
        assert after[at] == expected, (request, at)
    return "swapped" if request.is_swap else "covered"


def withdraw(world: World, rng: random.Random, _cast: Cast, _schedule: Schedule) -> str:
    open_ = sorted((one for one in world.config.cover_requests.values() if one.is_open), key=lambda one: one.id)
    if not open_:
        return "nothing to withdraw"
    world.delete(rng.choice(open_))
    return "withdrawn"


def change(world: World, rng: random.Random, cast: Cast, schedule: Schedule) -> str:
    """The schedule moves under what was asked."""
    now = world.clock.now()
    begin = now + rng.randint(1, 150) * STEP
    end = begin + rng.randint(1, 20) * STEP
    who = rng.choice([cast.alice, cast.bob, cast.carol, cast.olga]).id
    if schedule.shift_based:
        world.save(CustomShift("", schedule.id, who, begin, end))
    elif rng.random() < 0.7:
        world.save(Override("", schedule.id, who, begin, end, 0))
    else:
        old = world.config.schedules[schedule.id]
        turns = list(old.layers[-1].user_ids)
        rng.shuffle(turns)
        world.save(replace(old, layers=(replace(old.layers[-1], user_ids=tuple(turns)),)), "layers")
    return "changed"


@pytest.mark.parametrize("shift_based", [False, True], ids=["layered", "shift-based"])
@pytest.mark.parametrize("seed", range(3))
def test_a_yes_moves_two_people_and_nothing_else(tmp_path: Path, seed: int, shift_based: bool) -> None:
    rng = random.Random(seed)
    world = World(tmp_path, seed=seed)
    cast, schedule = scene(world, rng, shift_based=shift_based)
    world.save(replace(world.config.memberships[f"{cast.team.id}:{cast.alice.id}"], role=TeamRole.OBSERVER), "role")
    met: Counter[str] = Counter()
    for number in range(90):
        do = rng.choice([ask, ask, answer, answer, withdraw, change] if number % 3 else [ask, answer])
        try:
            met[do(world, rng, cast, schedule)] += 1
        except TocsinError:
            met[f"{do.__name__} refused"] += 1
        if rng.random() < 0.05:
            world.crash()
        if rng.random() < 0.05:
            world.sleep(rng.randint(1, 10) * STEP)
            world.crash()
        world.advance(minutes=rng.choice((0, 0, 10, 20, 60)))
        assert violations(world.records()) == []
    assert {one.state for one in world.config.cover_requests.values()} >= {RequestState.ACCEPTED}
    assert met["covered"] + met["swapped"] > 1, met
    world.close()
