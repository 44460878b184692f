"""Who is on call on a shift-based schedule is paged: all of them, by the clock of the zone, and whoever stands in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.behaviour.cast import Cast, paged
from tocsin.escalation.model import Rule, Target, TargetKind
from tocsin.events.model import Action
from tocsin.kernel.time import DAY, HOUR, MINUTE, SECOND, Moment, parse_iso
from tocsin.oncall import CustomShift, Override, Rotation, RotationEvent, Schedule
from tocsin.testing.world import World


def nine_to_nine(cast: Cast, **more: object) -> RotationEvent:
    """Twelve hours from nine in New York, in turn Alice and Bob; the first shift is Alice's of 4 March."""
    event = RotationEvent(
        id="",
        name="Days",
        start=parse_iso("2026-03-04T14:00:00Z"),
        end=parse_iso("2026-03-05T02:00:00Z"),
        time_zone="America/New_York",
        effective_since=0,
        effective_until=None,
        recurrence=("RRULE:FREQ=DAILY",),
        members=(cast.alice.id, cast.bob.id),
    )
    return replace(event, **more)  # type: ignore[arg-type]


def called(world: World, cast: Cast, *events: RotationEvent) -> Schedule:
    """The cast's policy calls a schedule of one rotation with these events, then Carol."""
    wanted = Schedule(
        "",
        "Shifts",
        "America/New_York",
        (),
        team_ids=(cast.team.id,),
        rotations=(Rotation("", events),),
        shift_based=True,
    )
    schedule: Schedule = world.save(wanted)
    targets = (Target(kind=TargetKind.SCHEDULE, id=schedule.id), Target(kind=TargetKind.USER, id=cast.carol.id))
    rules = tuple(Rule(id="", delay_minutes=5, targets=(one,)) for one in targets)
    world.save(replace(cast.policy, rules=rules), "rules")
    return schedule


def paged_at(world: World, cast: Cast, moment: Moment) -> set[str]:
    """Whom an alarm at that moment calls first."""
    world.advance(seconds=(moment - world.clock.now()) // SECOND)
    before = len(world.carrier.received)
    world.event(cast.monitor, f"at {moment}")
    found = set(paged(world, cast)[before:])
    world.event(cast.monitor, f"at {moment}", action=Action.RESOLVE)
    return found


def test_the_hand_over_stays_at_nine_when_the_clock_changes(world: World, cast: Cast) -> None:
    """On 8 March New York goes from 02:00 to 03:00: nine o'clock is 14:00 UTC before and 13:00 after."""
    called(world, cast, nine_to_nine(cast))
    before, after = parse_iso("2026-03-07T14:00:00Z"), parse_iso("2026-03-09T13:00:00Z")
    assert paged_at(world, cast, before - MINUTE) == {"carol"}, "nobody yet: the next level at once"
    assert paged_at(world, cast, before) == {"bob"}
    assert paged_at(world, cast, after - MINUTE) == {"carol"}
    assert paged_at(world, cast, after) == {"bob"}
    assert paged_at(world, cast, after + DAY) == {"alice"}


def test_everybody_on_call_is_paged(world: World, cast: Cast) -> None:
    called(world, cast, nine_to_nine(cast, every_member=True))
    assert paged_at(world, cast, parse_iso("2026-03-05T15:00:00Z")) == {"alice", "bob"}


def test_a_custom_shift_adds_somebody_and_an_override_replaces_one(world: World, cast: Cast) -> None:
    schedule = called(world, cast, nine_to_nine(cast))
    noon = parse_iso("2026-03-04T17:00:00Z")
    world.save(CustomShift("", schedule.id, cast.olga.id, noon, noon + HOUR))
    rotation = schedule.rotations[0].id
    world.save(
        Override(
            "",
            schedule.id,
            cast.carol.id,
            noon + HOUR,
            noon + 2 * HOUR,
            0,
            rotation_id=rotation,
            overridden_id=cast.alice.id,
        )
    )
    assert paged_at(world, cast, noon - MINUTE) == {"alice"}
    assert paged_at(world, cast, noon) == {"alice", "olga"}
    assert paged_at(world, cast, noon + HOUR) == {"carol"}
    assert paged_at(world, cast, noon + 2 * HOUR) == {"alice"}


def test_an_unassigned_place_calls_nobody_and_the_next_level_answers(world: World, cast: Cast) -> None:
    called(world, cast, nine_to_nine(cast, members=("", cast.bob.id)))
    assert paged_at(world, cast, parse_iso("2026-03-04T15:00:00Z")) == {"carol"}
    assert paged_at(world, cast, parse_iso("2026-03-05T15:00:00Z")) == {"bob"}


@pytest.mark.parametrize("what", ["event", "rotation"])
def test_what_is_removed_pages_nobody_any_more(world: World, cast: Cast, what: str) -> None:
    schedule = called(world, cast, nine_to_nine(cast))
    noon = parse_iso("2026-03-04T17:00:00Z")
    assert paged_at(world, cast, noon) == {"alice"}
    kept = (replace(schedule.rotations[0], events=()),) if what == "event" else ()
    world.save(replace(schedule, rotations=kept), "rotations")
    assert paged_at(world, cast, noon + HOUR) == {"carol"}
