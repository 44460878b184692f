"""Changing rotations: what has been stays, what runs is cut, what is ahead changes; and what is wrong with an event."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from tests.stations.oncall.plans import ALICE, BOB, CAROL
from tests.stations.oncall.shift_plans import SINCE, cover, event, plan, shift
from tocsin.kernel.errors import Conflict, Invalid
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import DAY, HOUR, WEEK, Moment
from tocsin.oncall import (
    Rotation,
    RotationEvent,
    Schedule,
    apply_edit,
    custom_shift_problems,
    members,
    new_schedule,
    remove_override,
    rotation_problems,
    schedule_problems,
    shift_override_problems,
    who_is_on_call,
)

NOW = SINCE + 10 * DAY + 12 * HOUR
USERS = {ALICE, BOB, CAROL}
DAILY = event(ALICE, BOB)
OLD = plan(DAILY)


def ids(seed: int = 1) -> IdSource:
    return IdSource(Random(seed))


def edited(old: Schedule, *events: RotationEvent, now: Moment = NOW, seed: int = 1) -> Schedule:
    wanted = replace(old, rotations=(replace(old.rotations[0], events=events),))
    return apply_edit(old, wanted, now, ids(seed))


def test_new_parts_get_ids_and_begin_now() -> None:
    made = new_schedule(plan(rotations=(Rotation("", (replace(DAILY, id=""),)),)), NOW, ids())
    assert (made.created_at, made.updated_at) == (NOW, NOW)
    after = apply_edit(
        OLD, replace(OLD, rotations=(*OLD.rotations, Rotation("", (replace(DAILY, id=""),)))), NOW, ids()
    )
    assert after.rotations[0] == OLD.rotations[0]
    added = after.rotations[1].events[0]
    assert after.rotations[1].id
    assert (added.effective_since, bool(added.id)) == (NOW, True)


def test_an_event_left_out_is_cut_and_kept_out_of_sight() -> None:
    after = edited(OLD)
    (cut,) = after.rotations[0].events
    assert (cut.effective_until, cut.removed, cut.id) == (NOW, True, DAILY.id)
    assert who_is_on_call(after, (), NOW) == ()
    assert who_is_on_call(after, (), NOW - 1) == who_is_on_call(OLD, (), NOW - 1) == (ALICE,)
    assert members(OLD, NOW) == (ALICE, BOB)
    assert members(after, NOW) == ()


def test_an_event_ahead_that_is_left_out_is_gone() -> None:
    ahead = replace(DAILY, id="PAHEAD1", effective_since=NOW + DAY)
    assert edited(plan(DAILY, ahead), DAILY).rotations[0].events == (DAILY,)


def test_a_rotation_left_out_makes_no_more_shifts() -> None:
    after = apply_edit(OLD, replace(OLD, rotations=()), NOW, ids())
    assert after.rotations[0].removed
    assert who_is_on_call(after, (), NOW - 1) == (ALICE,)
    assert who_is_on_call(after, (), NOW) == ()
    again = apply_edit(after, replace(after, rotations=()), NOW + DAY, ids())
    assert again.rotations == after.rotations
    empty = apply_edit(plan(), replace(plan(), rotations=()), NOW, ids())
    assert empty.rotations == ()


@pytest.mark.parametrize("change", [{"name": "X"}, {"members": (CAROL,)}, {"recurrence": ("RRULE:FREQ=WEEKLY",)}])
def test_of_an_active_event_only_the_end_changes(change: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="Only effective_until"):
        edited(OLD, replace(DAILY, **change))
    longer = replace(DAILY, effective_until=NOW + WEEK)
    assert edited(OLD, longer).rotations[0].events == (longer,)
    with pytest.raises(Invalid, match="in the future"):
        edited(OLD, replace(DAILY, effective_until=NOW))


def test_an_event_that_is_over_stays_and_one_ahead_changes() -> None:
    over = replace(DAILY, effective_until=NOW - DAY)
    with pytest.raises(Invalid, match="over"):
        edited(plan(over), replace(over, effective_until=None))
    (gone,) = edited(plan(over)).rotations[0].events
    assert gone == replace(over, removed=True)
    ahead = replace(DAILY, effective_since=NOW + DAY)
    (moved,) = edited(plan(ahead), replace(ahead, members=(CAROL,), effective_since=0)).rotations[0].events
    assert (moved.members, moved.effective_since) == ((CAROL,), NOW)


def test_what_is_out_of_sight_does_not_grow_without_end() -> None:
    schedule = OLD
    for number in range(230):
        schedule = edited(schedule, replace(DAILY, id=""), now=NOW + number * HOUR, seed=number)
    assert len(schedule.rotations[0].events) == 201


def test_ids_must_be_known_and_stand_once() -> None:
    for rotations in (
        (Rotation("PWRONG1"),),
        (*OLD.rotations, *OLD.rotations),
        (replace(OLD.rotations[0], events=(replace(DAILY, id="PWRONG1"),)),),
    ):
        with pytest.raises(Invalid):
            apply_edit(OLD, replace(OLD, rotations=rotations), NOW, ids())


AHEAD = replace(DAILY, effective_since=NOW + DAY)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("name", {"name": " "}),
        ("name", {"name": "x" * 256}),
        ("start_time.time_zone", {"time_zone": "Mars/Olympus"}),
        ("end_time.time_zone", {"end_time_zone": "Mars/Olympus"}),
        ("effective_until", {"effective_until": NOW}),
        ("effective_since", {"effective_since": NOW + 367 * DAY}),
        ("assignment_strategy.members", {"members": ()}),
        ("assignment_strategy.members", {"members": (ALICE,) * 21}),
        ("assignment_strategy.members", {"members": ("PNOBODY",)}),
        ("assignment_strategy.shifts_per_member", {"shifts_per_member": 0}),
        ("end_time", {"end": DAILY.start}),
        ("end_time", {"end": DAILY.start + 367 * DAY}),
        ("start_time", {"start": -(10**17)}),
        ("recurrence", {"recurrence": ("RRULE:FREQ=NEVER",)}),
        ("recurrence", {"recurrence": ("RRULE:FREQ=DAILY;COUNT=1", "EXDATE:20260105T090000Z")}),
        ("recurrence", {"recurrence": ("RRULE:FREQ=HOURLY",), "end": DAILY.start + 12 * HOUR}),
    ],
)
def test_what_is_wrong_with_an_event_is_said_by_field(field: str, change: dict[str, Any]) -> None:
    wanted = Rotation("PROTAT1", (replace(AHEAD, **change),))
    assert [name for name, _ in rotation_problems(None, wanted, USERS, NOW)] == [f"event.{field}"]


def test_a_good_event_has_no_problems_and_an_old_one_is_not_judged_again() -> None:
    weekend = event(ALICE, BOB, rule="FREQ=WEEKLY;BYDAY=SA,SU", start=SINCE + 5 * DAY, hours=48)
    assert list(rotation_problems(None, Rotation("", (AHEAD,)), USERS, NOW)) == []
    assert list(rotation_problems(None, Rotation("", (replace(weekend, effective_since=NOW),)), USERS, NOW)) == []
    assert list(rotation_problems(OLD.rotations[0], OLD.rotations[0], set(), NOW)) == []


def test_events_of_a_rotation_share_the_week_without_overlap() -> None:
    work = replace(event(ALICE, rule="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", id="PWORK01"), effective_since=NOW)
    nights = replace(event(BOB, start=SINCE + 17 * HOUR, hours=16, id="PNIGHT1"), effective_since=NOW)
    assert list(rotation_problems(None, Rotation("", (work, nights)), USERS, NOW)) == []
    longer = replace(nights, end=nights.end + HOUR)
    found = list(rotation_problems(None, Rotation("", (work, longer)), USERS, NOW))
    assert found == [("rotation.events", "Events within a rotation cannot overlap")]
    later = replace(longer, effective_since=NOW + WEEK)
    assert (
        list(rotation_problems(None, Rotation("", (replace(work, effective_until=NOW + WEEK), later)), USERS, NOW))
        == []
    )
    many = tuple(replace(work, id=f"P{number}", effective_since=NOW + number) for number in range(6))
    assert [name for name, _ in rotation_problems(None, Rotation("", many), USERS, NOW)] == ["rotation.events"]


def test_a_schedule_has_so_many_rotations_and_no_layers() -> None:
    assert list(schedule_problems(OLD)) == []
    crowd = replace(OLD, rotations=tuple(Rotation(f"P{number}") for number in range(11)))
    assert len(list(schedule_problems(crowd))) == 1
    assert (
        len(
            list(
                schedule_problems(
                    replace(crowd, rotations=tuple(replace(one, removed=True) for one in crowd.rotations))
                )
            )
        )
        == 0
    )


def test_custom_shifts_that_began_keep_their_beginning() -> None:
    running = shift(ALICE, NOW - HOUR, NOW + HOUR)
    assert list(custom_shift_problems(None, running, USERS, NOW)) == []
    assert list(custom_shift_problems(running, replace(running, end=NOW + DAY), USERS, NOW)) == []
    for change, field in (
        ({"start": NOW}, "start_time"),
        ({"user_id": BOB}, "assignments"),
        ({"end": NOW}, "end_time"),
    ):
        found = [name for name, _ in custom_shift_problems(running, replace(running, **change), USERS, NOW)]
        assert found == [field]
    over = shift(ALICE, NOW - DAY, NOW)
    assert [name for name, _ in custom_shift_problems(over, replace(over, end=NOW + 1), USERS, NOW)] == ["end_time"]
    assert remove_override(running, NOW) == replace(running, end=NOW)
    assert remove_override(shift(ALICE, NOW, NOW + 1), NOW) is None
    with pytest.raises(Conflict):
        remove_override(over, NOW)


def test_an_override_must_replace_somebody_who_serves_there() -> None:
    good = cover(ALICE, BOB, NOW, NOW + DAY)
    assert list(shift_override_problems(good, OLD, None, (), NOW)) == []
    extra = shift(CAROL, NOW, NOW + DAY)
    for_carol = replace(good, rotation_id="", custom_shift_id="PCUSTOM", overridden_id=CAROL)
    assert list(shift_override_problems(for_carol, OLD, extra, (), NOW)) == []
    third = replace(good, id="PO2", overridden_id=CAROL)
    for wrong, shift_, field in (
        (replace(good, custom_shift_id="PCUSTOM"), extra, "rotation_id"),
        (replace(good, rotation_id=""), extra, "rotation_id"),
        (replace(good, rotation_id="PWRONG1"), None, "rotation_id"),
        (for_carol, replace(extra, schedule_id="POTHER1"), "custom_shift_id"),
        (third, None, "overridden_member"),
        (replace(good, user_id=ALICE), None, "overriding_member"),
        (replace(good, end=good.start), None, "end_time"),
        (replace(good, start=NOW - DAY, end=NOW), None, "end_time"),
    ):
        assert [name for name, _ in shift_override_problems(wrong, OLD, shift_, (), NOW)] == [field], wrong
    stands_in = cover(ALICE, CAROL, NOW, NOW + DAY, id="PO1")
    assert list(shift_override_problems(third, OLD, None, (stands_in,), NOW)) == []
