"""Where shifts begin and end: just where who is on call changes, and told with both sides of it."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings

from tests.stations.oncall import plans, shift_plans
from tests.stations.oncall.plans import ALICE, BOB, CAROL, daily, layer, override, schedule
from tests.stations.oncall.shift_plans import SINCE, event, plan, shift
from tocsin.kernel.time import DAY, HOUR, MINUTE, Moment
from tocsin.oncall import (
    CustomShift,
    Handoff,
    Override,
    Schedule,
    Sides,
    handoffs,
    sides_of,
    who_is_on_call,
)

Exceptions = tuple[Override | CustomShift, ...]


def changes_of(one: Schedule, exceptions: Exceptions, since: Moment, until: Moment) -> list[Handoff]:
    return sorted(handoffs(one, exceptions, since, until), key=lambda each: (each.at, each.begins, each.user_id))


def agrees(one: Schedule, exceptions: Exceptions, since: Moment, until: Moment) -> None:
    """At every whole minute inside, somebody begins or ends just if it is told; between them nothing changes."""
    told = {(each.at, each.user_id, each.begins) for each in handoffs(one, exceptions, since, until)}
    for at, user_id, begins in told:
        before = user_id in who_is_on_call(one, exceptions, at - 1)
        after = user_id in who_is_on_call(one, exceptions, at)
        assert (before, after) == (not begins, begins)
    moments = range(since + 1, until, 45 * MINUTE)
    for first, second in pairwise(moments):
        was, now = (set(who_is_on_call(one, exceptions, moment)) for moment in (first, second))
        between = [each for each in sorted(told) if first < each[0] <= second]
        for at, user_id, begins in sorted(between, key=lambda each: (each[0], each[2])):
            assert (user_id in was) is not begins, at
            was = was | {user_id} if begins else was - {user_id}
        assert was == now


def test_turns_overrides_and_hours_without_anybody() -> None:
    days = schedule(layer((ALICE, BOB, BOB), restrictions=(daily("08:00", 10),)))
    cover = override(CAROL, 18 * HOUR, 20 * HOUR)
    assert changes_of(days, (cover,), 7 * HOUR, DAY + 9 * HOUR) == [
        Handoff(8 * HOUR, ALICE, begins=True),
        Handoff(18 * HOUR, ALICE, begins=False),
        Handoff(18 * HOUR, CAROL, begins=True),
        Handoff(20 * HOUR, CAROL, begins=False),
        Handoff(DAY + 8 * HOUR, BOB, begins=True),
    ]
    assert sides_of(days, (cover,), Handoff(8 * HOUR, ALICE, begins=True)) == Sides(18 * HOUR, (), ())
    assert sides_of(days, (cover,), Handoff(18 * HOUR, ALICE, begins=False)) == Sides(8 * HOUR, (CAROL,), ())
    assert sides_of(days, (cover,), Handoff(18 * HOUR, CAROL, begins=True)) == Sides(20 * HOUR, (ALICE,), ())


def test_who_has_it_for_good_neither_begins_nor_ends() -> None:
    always = schedule(layer((ALICE,)))
    assert changes_of(always, (), DAY, 9 * DAY) == []
    cover = override(BOB, 2 * DAY, 3 * DAY)
    back = Handoff(3 * DAY, ALICE, begins=True)
    assert back in changes_of(always, (cover,), DAY, 9 * DAY)
    assert sides_of(always, (cover,), back) == Sides(None, (BOB,), ())


def test_shifts_that_touch_or_overlap_are_one() -> None:
    whole = plan(event(ALICE, start=SINCE))
    more = (shift(ALICE, SINCE + 8 * HOUR, SINCE + 10 * HOUR), shift(BOB, SINCE + 9 * HOUR, SINCE + 12 * HOUR, "PB"))
    assert changes_of(whole, more, SINCE - HOUR, SINCE + 20 * HOUR) == [
        Handoff(SINCE, ALICE, begins=True),
        Handoff(SINCE + 9 * HOUR, BOB, begins=True),
        Handoff(SINCE + 10 * HOUR, ALICE, begins=False),
        Handoff(SINCE + 12 * HOUR, BOB, begins=False),
    ]
    end = Handoff(SINCE + 10 * HOUR, ALICE, begins=False)
    assert sides_of(whole, more, end) == Sides(SINCE, (), (BOB,))


@settings(deadline=None, max_examples=100)
@given(plans.cases())
def test_layers_change_where_it_is_told(case: plans.Case) -> None:
    agrees(case.schedule, case.overrides, case.since, case.until)


@settings(deadline=None, max_examples=60)
@given(shift_plans.cases())
def test_rotations_change_where_it_is_told(case: shift_plans.Case) -> None:
    agrees(case.schedule, tuple(case.exceptions), case.since, case.until)
