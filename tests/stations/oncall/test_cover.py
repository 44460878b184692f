"""Handing a shift over: whatever the schedule, exactly two people change places, and only for that time."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.stations.oncall import plans, shift_plans
from tests.stations.oncall.plans import ALICE, BOB, at, layer, override, schedule
from tocsin.kernel.time import DAY, HOUR, MINUTE
from tocsin.oncall import (
    CoverRequest,
    Exceptions,
    RequestState,
    Schedule,
    cover_problems,
    handing_over,
    hands_over,
    render,
    serves_any,
    serves_whole,
    who_is_on_call,
)

NEW = "PNEW001"
"""Somebody who is on no schedule yet."""

NOW = at("2026-01-06T09:00:00Z")


def request(**more: object) -> CoverRequest:
    values = {"id": "", "schedule_id": "S", "user_id": ALICE, "start": NOW + HOUR, "end": NOW + DAY} | more
    return CoverRequest(**values)  # type: ignore[arg-type]


def test_when_it_is_too_late() -> None:
    assert request(created_at=NOW).expires_at == NOW + HOUR
    assert request(start=NOW, created_at=NOW).expires_at == NOW + DAY, "of a shift that runs: until its end"
    swap = request(return_start=NOW + MINUTE, return_end=NOW + HOUR, created_at=NOW)
    assert swap.expires_at == NOW + MINUTE
    assert RequestState.OPEN is swap.state


def test_one_thing_wrong_is_said_at_a_time_where_the_others_follow_from_it() -> None:
    assert list(cover_problems(request(), NOW)) == []
    assert list(cover_problems(request(end=NOW - DAY), NOW)) == ["It must lie ahead"]
    assert list(cover_problems(request(end=NOW + HOUR), NOW)) == ["It must end after its start"]


def test_only_one_s_own_uninterrupted_time_is_whole() -> None:
    plan = schedule(layer((ALICE, BOB), start=NOW))
    cut = (override(BOB, NOW + 2 * HOUR, NOW + 3 * HOUR),)
    assert serves_whole(plan, (), ALICE, NOW, NOW + DAY)
    assert not serves_whole(plan, cut, ALICE, NOW, NOW + DAY)
    assert serves_any(plan, cut, ALICE, NOW, NOW + DAY)
    assert not serves_whole(plan, (), ALICE, NOW, NOW + DAY + HOUR)


def check(plan: Schedule, exceptions: Exceptions, window: tuple[int, int], data: st.DataObject) -> None:
    entries = [one for one in render(plan, exceptions, *window).final.entries if one.end - one.start >= 2 * MINUTE]
    assume(entries)
    shift = data.draw(st.sampled_from(entries))
    quarter = (shift.end - shift.start) // 4
    start = shift.start + quarter * data.draw(st.integers(0, 2))
    end = shift.end - quarter * data.draw(st.integers(0, 1))
    made = [
        replace(one, id=f"PCOVER{number}", created_at=10**18 + number)
        for number, one in enumerate(handing_over(plan, exceptions, shift.user_id, NEW, start, end))
    ]
    after = (*exceptions, *made)
    if not hands_over(plan, exceptions, after, shift.user_id, NEW, start, end):
        assert plan.shift_based, "in a layered schedule it is always possible"
        return
    for moment in (start, (start + end) // 2, end - 1):
        before = set(who_is_on_call(plan, exceptions, moment))
        assert set(who_is_on_call(plan, after, moment)) == before - {shift.user_id} | {NEW}
    for moment in (start - 1, end):
        assert who_is_on_call(plan, after, moment) == who_is_on_call(plan, exceptions, moment)


@given(case=plans.cases(), data=st.data())
def test_in_a_layered_schedule(case: plans.Case, data: st.DataObject) -> None:
    check(case.schedule, case.overrides, (case.since, case.until), data)


@given(case=shift_plans.cases(), data=st.data())
def test_in_a_shift_based_schedule(case: shift_plans.Case, data: st.DataObject) -> None:
    check(case.schedule, case.exceptions, (case.since, case.until), data)
