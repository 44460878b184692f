"""Shift-based schedules: rotations and custom shifts add up, an override takes one member's place, clocks are kept."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stations.oncall.oracle import SlowClock
from tests.stations.oncall.plans import ALICE, BOB, CAROL, at
from tests.stations.oncall.shift_plans import SINCE, Case, cases, cover, event, on_call, plan, shift
from tocsin.kernel.time import DAY, HOUR, MINUTE, SECOND, WEEK, Moment
from tocsin.oncall import (
    HORIZON,
    Assignment,
    Gap,
    Rotation,
    Shift,
    assignments,
    gaps,
    horizon_of,
    next_on_call,
    next_shift_of,
    render,
    shifts_at,
    shifts_of,
    users_between,
    who_is_on_call,
)

WORK = event(ALICE, BOB, rule="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR")
ROUND = event(ALICE, BOB, CAROL, rule="FREQ=WEEKLY", start=SINCE, hours=7 * 24)


def who(schedule: object, moment: str, exceptions: tuple[object, ...] = ()) -> tuple[str, ...]:
    return who_is_on_call(schedule, exceptions, at(moment))  # type: ignore[arg-type]


# --- whose turn ---------------------------------------------------------------------------------------------------


def test_members_take_turns_of_so_many_shifts() -> None:
    assert [who(plan(WORK), f"2026-01-{day:02}T12:00:00Z") for day in (5, 6, 7, 8, 9, 10, 12)] == [
        (ALICE,),
        (BOB,),
        (ALICE,),
        (BOB,),
        (ALICE,),
        (),
        (BOB,),
    ]
    longer = replace(WORK, shifts_per_member=5)
    assert [who(plan(longer), f"2026-01-{day:02}T12:00:00Z") for day in (5, 9, 12, 16, 19)] == [
        (ALICE,),
        (ALICE,),
        (BOB,),
        (BOB,),
        (ALICE,),
    ]


def test_the_edges_of_a_shift() -> None:
    assert who(plan(WORK), "2026-01-05T09:00:00Z") == (ALICE,)
    assert who_is_on_call(plan(WORK), (), at("2026-01-05T09:00:00Z") - 1) == ()
    assert who_is_on_call(plan(WORK), (), at("2026-01-05T17:00:00Z") - 1) == (ALICE,)
    assert who(plan(WORK), "2026-01-05T17:00:00Z") == ()


def test_every_member_serves_and_an_empty_place_is_nobody() -> None:
    assert who(plan(replace(WORK, every_member=True)), "2026-01-05T12:00:00Z") == (ALICE, BOB)
    vacant = plan(replace(ROUND, members=("", BOB, CAROL)))
    assert who(vacant, "2026-01-06T12:00:00Z") == ()
    assert who(vacant, "2026-01-13T12:00:00Z") == (BOB,)
    assert gaps(vacant, (), SINCE, SINCE + 3 * WEEK) == (Gap(SINCE, SINCE + WEEK),)
    assert assignments(vacant, (), SINCE, SINCE + WEEK) == [Assignment(SINCE, SINCE + WEEK, "", "PROTAT1")]


def test_an_event_that_replaces_another_goes_on_where_it_was() -> None:
    """An unassigned place is filled by a second event: everybody else keeps their weeks."""
    cut = SINCE + 5 * WEEK + 2 * DAY
    before = replace(ROUND, members=("", BOB, CAROL), effective_until=cut)
    after = replace(ROUND, id="PEVENT2", effective_since=cut)
    for week in range(12):
        expected = (ALICE, BOB, CAROL)[week % 3] if week > 5 else ("", BOB, CAROL)[week % 3]
        found = who_is_on_call(plan(before, after), (), SINCE + week * WEEK + DAY)
        assert found == ((expected,) if expected else ()), week


def test_a_shift_is_cut_where_its_event_begins_and_ceases() -> None:
    part = replace(WORK, effective_since=SINCE + 12 * HOUR, effective_until=SINCE + DAY + 10 * HOUR)
    entries = render(plan(part), (), SINCE, SINCE + WEEK).final.entries
    assert [(one.start, one.end, one.user_id) for one in entries] == [
        (SINCE + 12 * HOUR, SINCE + 17 * HOUR, ALICE),
        (SINCE + DAY + 9 * HOUR, SINCE + DAY + 10 * HOUR, BOB),
    ]


def test_dates_taken_out_make_no_shift_and_use_up_no_turn() -> None:
    holiday = event(ALICE, BOB, rule="FREQ=DAILY", more=("EXDATE:20260106T090000Z", "RDATE:20260105T200000Z"))
    entries = render(plan(holiday), (), SINCE, SINCE + 3 * DAY).final.entries
    assert [((one.start - SINCE) // HOUR, one.user_id) for one in entries] == [(9, ALICE), (20, BOB), (57, ALICE)]


# --- what adds up, what replaces ----------------------------------------------------------------------------------


TWO = plan(rotations=(Rotation("PROTAT1", (WORK,)), Rotation("PROTAT2", (event(CAROL, rule="FREQ=DAILY", hours=4),))))


def test_rotations_and_custom_shifts_add_up() -> None:
    extra = shift(BOB, SINCE + 8 * HOUR, SINCE + 10 * HOUR)
    assert who(TWO, "2026-01-05T09:30:00Z", (extra,)) == (ALICE, CAROL, BOB)
    entries = render(TWO, (extra,), SINCE, SINCE + DAY).final.entries
    assert [(one.user_id, (one.start - SINCE) // HOUR, (one.end - SINCE) // HOUR) for one in entries] == [
        (BOB, 8, 10),
        (ALICE, 9, 17),
        (CAROL, 9, 13),
    ]
    assert users_between(TWO, (extra,), SINCE, SINCE + DAY) == (BOB, ALICE, CAROL)


def test_an_override_takes_the_place_of_one_member_in_one_source() -> None:
    morning = (SINCE + 10 * HOUR, SINCE + 12 * HOUR)
    for_alice = cover(ALICE, BOB, *morning)
    assert who(TWO, "2026-01-05T11:00:00Z", (for_alice,)) == (BOB, CAROL)
    assert who(TWO, "2026-01-05T11:00:00Z", (cover(ALICE, BOB, *morning, source="PROTAT2"),)) == (ALICE, CAROL)
    assert who(TWO, "2026-01-05T11:00:00Z", (cover(BOB, CAROL, *morning),)) == (ALICE, CAROL)
    found = assignments(TWO, (for_alice,), SINCE, SINCE + DAY)
    assert [(one.user_id, one.rotation_id, one.override_id) for one in found] == [
        (ALICE, "PROTAT1", ""),
        (CAROL, "PROTAT2", ""),
        (BOB, "PROTAT1", "PO"),
        (ALICE, "PROTAT1", ""),
    ]


def test_the_newest_override_counts_and_whoever_stands_in_can_be_replaced() -> None:
    day = (SINCE, SINCE + DAY)
    first = cover(ALICE, BOB, *day, created=1, id="PO1")
    again = cover(ALICE, CAROL, *day, created=2, id="PO2")
    chained = cover(BOB, CAROL, *day, created=2, id="PO3")
    noon = "2026-01-05T12:00:00Z"
    for order in ((first, again), (again, first)):
        assert who(plan(WORK), noon, order) == (CAROL,)
    assert who(plan(WORK), noon, (chained, first)) == (CAROL,)
    assert who(plan(WORK), noon, (first,)) == (BOB,)
    assert who(plan(WORK), noon, (cover(ALICE, "", *day),)) == ()


def test_an_override_of_a_custom_shift() -> None:
    extra = shift(BOB, SINCE, SINCE + HOUR)
    by = cover(BOB, CAROL, SINCE, SINCE + 30 * MINUTE, source="PCUSTOM")
    found = assignments(plan(WORK), (extra, by), SINCE, SINCE + 2 * HOUR)
    assert [(one.user_id, one.custom_shift_id, one.override_id) for one in found] == [
        (CAROL, "PCUSTOM", "PO"),
        (BOB, "PCUSTOM", ""),
    ]


# --- clocks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "begins"),
    [("2026-03-27", "08:00"), ("2026-03-30", "07:00"), ("2026-10-23", "07:00"), ("2026-10-26", "08:00")],
)
def test_nine_o_clock_stays_nine_o_clock(day: str, begins: str) -> None:
    berlin = replace(WORK, time_zone="Europe/Berlin", start=at("2026-01-05T08:00:00Z"), end=at("2026-01-05T16:00:00Z"))
    edge = at(f"{day}T{begins}:00Z")
    assert who_is_on_call(plan(berlin), (), edge - SECOND) == ()
    assert len(who_is_on_call(plan(berlin), (), edge)) == 1
    assert who_is_on_call(plan(berlin), (), edge + 8 * HOUR) == ()


def test_shifts_that_meet_leave_no_gap_on_any_day() -> None:
    night, day = ("2026-01-05T20:00:00Z", 12), ("2026-01-05T08:00:00Z", 12)
    for zone in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Chatham"):
        parts = [event(ALICE, BOB, start=at(start), hours=hours, zone=zone, id=start) for start, hours in (night, day)]
        year = render(plan(*parts), (), SINCE + 2 * DAY, SINCE + 365 * DAY)
        assert year.gaps == ()
        assert all(len(who_is_on_call(plan(*parts), (), SINCE + day * 11 * HOUR)) == 1 for day in range(5, 700))


# --- the questions of paging --------------------------------------------------------------------------------------


def test_whole_shifts_of_everybody() -> None:
    both = replace(ROUND, every_member=True, members=(ALICE, BOB), effective_until=SINCE + 2 * WEEK)
    extra = shift(ALICE, SINCE + 2 * WEEK, SINCE + 2 * WEEK + HOUR)
    assert shifts_at(plan(both), (extra,), SINCE + DAY) == (
        Shift(SINCE, SINCE + 2 * WEEK + HOUR, ALICE, "PROTAT1"),
        Shift(SINCE, SINCE + 2 * WEEK, BOB, "PROTAT1"),
    )
    assert shifts_of(plan(both), (extra,), ALICE, SINCE + DAY, SINCE + 2 * DAY)[0].end == extra.end


def test_no_end_in_sight() -> None:
    always = plan(event(ALICE, rule="FREQ=DAILY", start=SINCE, hours=24))
    assert shifts_at(always, (), SINCE + 900 * DAY) == (Shift(None, None, ALICE, "PROTAT1"),)
    assert horizon_of(always) == HORIZON


def test_who_is_next() -> None:
    assert next_on_call(plan(ROUND), (), SINCE + DAY) == Shift(SINCE + WEEK, SINCE + 2 * WEEK, BOB, "PROTAT1")
    assert next_on_call(TWO, (), SINCE + 14 * HOUR) == Shift(SINCE + 33 * HOUR, SINCE + 41 * HOUR, BOB, "PROTAT1")
    assert next_shift_of(plan(ROUND), (), CAROL, SINCE) == Shift(SINCE + 2 * WEEK, SINCE + 3 * WEEK, CAROL, "PROTAT1")
    assert next_shift_of(plan(ROUND), (), ALICE, SINCE) == Shift(SINCE + 3 * WEEK, SINCE + 4 * WEEK, ALICE, "PROTAT1")
    assert next_on_call(plan(), (), SINCE) is None


# --- properties ---------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=120)
@given(cases())
def test_everybody_on_call_is_whom_brute_force_finds(case: Case) -> None:
    clock = SlowClock(case.zone, case.since, case.until)
    entries = render(case.schedule, case.exceptions, case.since, case.until).final.entries
    for moment in range(case.since, case.until, 45 * MINUTE):
        expected = on_call(case, clock, moment)
        found = who_is_on_call(case.schedule, case.exceptions, moment)
        assert (len(found), set(found)) == (len(expected), expected)
        assert {one.user_id for one in entries if one.start <= moment < one.end} == expected


@settings(deadline=None, max_examples=120)
@given(cases(), st.integers(0, 1000))
def test_rows_are_in_order_and_two_windows_make_one(case: Case, part: int) -> None:
    whole = render(case.schedule, case.exceptions, case.since, case.until)
    starts = [one.start for one in whole.final.entries]
    assert starts == sorted(starts)
    for person in {one.user_id for one in whole.final.entries}:
        own = [one for one in whole.final.entries if one.user_id == person]
        assert all(case.since <= one.start < one.end <= case.until for one in own)
        assert all(one.end < other.start for one, other in pairwise(own))
    free = sum(gap.end - gap.start for gap in whole.gaps)
    assert whole.final.coverage == pytest.approx(1 - free / (case.until - case.since))
    middle = case.since + (case.until - case.since) * part // 1000
    halves = [
        assignments(case.schedule, case.exceptions, *window) for window in ((case.since, middle), (middle, case.until))
    ]
    assert _seconds(halves[0] + halves[1]) == _seconds(
        assignments(case.schedule, case.exceptions, case.since, case.until)
    )


def _seconds(found: list[Assignment]) -> dict[tuple[str, str, str, str], Moment]:
    served: dict[tuple[str, str, str, str], Moment] = {}
    for one in found:
        key = (one.user_id, one.rotation_id, one.custom_shift_id, one.override_id)
        served[key] = served.get(key, 0) + one.end - one.start
    return served


@settings(deadline=None, max_examples=60)
@given(cases())
def test_a_whole_shift_is_on_call_from_end_to_end(case: Case) -> None:
    middle = (case.since + case.until) // 2
    for whole in shifts_at(case.schedule, case.exceptions, middle):
        start, end = whole.start, whole.end
        if start is not None:
            assert whole.user_id in who_is_on_call(case.schedule, case.exceptions, start)
            assert whole.user_id not in who_is_on_call(case.schedule, case.exceptions, start - 1)
        if end is not None:
            assert whole.user_id in who_is_on_call(case.schedule, case.exceptions, end - 1)
            assert whole.user_id not in who_is_on_call(case.schedule, case.exceptions, end)
