"""Who is on call, until when, and who is next."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stations.oncall.plans import (
    ALICE,
    BOB,
    CAROL,
    PEOPLE,
    Case,
    at,
    cases,
    daily,
    layer,
    moments_in,
    override,
    schedule,
    shift_at,
    who_is_on_call,
)
from tocsin.kernel.time import DAY, HOUR, WEEK, Moment
from tocsin.oncall import (
    HORIZON,
    Entry,
    Layer,
    Schedule,
    Shift,
    final,
    next_on_call,
    next_shift_of,
    render,
    rotation,
)

WEEKLY = schedule(layer((ALICE, BOB), turn=604_800, virtual_start=at("2026-01-05T08:00:00Z")), zone="Europe/Berlin")


def test_a_shift_lasts_until_the_hand_off() -> None:
    shift = shift_at(WEEKLY, (), at("2026-03-25T12:00:00Z"))
    assert shift == Shift(at("2026-03-23T08:00:00Z"), at("2026-03-30T07:00:00Z"), BOB, "PLAYER1")


def test_a_shift_spans_turns_and_layers() -> None:
    plan = schedule(layer((ALICE, ALICE, BOB)), layer((ALICE,), restrictions=(daily("00:00", 2),), id="PNIGHT1"))
    assert shift_at(plan, (), 30 * HOUR) == Shift(0, 2 * DAY + 2 * HOUR, ALICE, "PLAYER1")
    assert shift_at(plan, (), HOUR) == Shift(0, 2 * DAY + 2 * HOUR, ALICE, "PNIGHT1")


def test_a_shift_is_cut_by_an_override() -> None:
    cover = override(BOB, 6 * HOUR, 9 * HOUR)
    plan = schedule(layer((ALICE,)))
    assert shift_at(plan, (cover,), 5 * HOUR) == Shift(0, 6 * HOUR, ALICE, "PLAYER1")
    assert shift_at(plan, (cover,), 6 * HOUR) == Shift(6 * HOUR, 9 * HOUR, BOB, "", "POVER01")
    assert shift_at(plan, (cover,), 9 * HOUR) == Shift(9 * HOUR, None, ALICE, "PLAYER1")


def test_an_edge_beyond_the_horizon_is_open() -> None:
    plan = schedule(layer((ALICE,), start=-HORIZON - DAY, end=2 * HORIZON))
    assert shift_at(plan, (), 0) == Shift(None, None, ALICE, "PLAYER1")
    assert shift_at(plan, (), HORIZON) == Shift(None, 2 * HORIZON, ALICE, "PLAYER1")


def test_a_long_shift_has_its_true_edges() -> None:
    plan = schedule(layer((ALICE,), start=-300 * DAY, end=300 * DAY))
    assert shift_at(plan, (), 0) == Shift(-300 * DAY, 300 * DAY, ALICE, "PLAYER1")


def test_nobody_has_no_shift() -> None:
    assert shift_at(schedule(), (), 0) is None
    assert shift_at(schedule(layer(start=DAY)), (), DAY - 1) is None
    assert shift_at(schedule(layer(start=DAY)), (), DAY) is not None


def test_who_is_next() -> None:
    following = next_on_call(WEEKLY, (), at("2026-03-25T12:00:00Z"))
    assert following == Shift(at("2026-03-30T07:00:00Z"), at("2026-04-06T07:00:00Z"), ALICE, "PLAYER1")


def test_next_is_another_person_even_after_a_gap() -> None:
    plan = schedule(layer((ALICE, ALICE, BOB), restrictions=(daily("08:00", 2),)))
    assert next_on_call(plan, (), 9 * HOUR) == Shift(2 * DAY + 8 * HOUR, 2 * DAY + 10 * HOUR, BOB, "PLAYER1")


def test_next_after_nobody_is_whoever_comes() -> None:
    plan = schedule(layer((ALICE,), restrictions=(daily("08:00", 2),)))
    assert next_on_call(plan, (), HOUR) == Shift(8 * HOUR, 10 * HOUR, ALICE, "PLAYER1")


def test_there_may_be_nobody_else() -> None:
    assert next_on_call(schedule(layer((ALICE,))), (), 0) is None
    assert next_on_call(schedule(), (), 0) is None
    assert next_on_call(schedule(layer((ALICE,), end=WEEK)), (), 0) is None


def test_the_next_shift_of_one_person() -> None:
    plan = schedule(layer())
    assert next_shift_of(plan, (), CAROL, 0) == Shift(2 * DAY, 3 * DAY, CAROL, "PLAYER1")
    assert next_shift_of(plan, (), ALICE, HOUR) == Shift(3 * DAY, 4 * DAY, ALICE, "PLAYER1")
    assert next_shift_of(plan, (override(ALICE, 30 * HOUR, 31 * HOUR),), ALICE, HOUR) == Shift(
        30 * HOUR, 31 * HOUR, ALICE, "", "POVER01"
    )
    assert next_shift_of(plan, (), "PNOBODY", 0) is None
    assert next_shift_of(schedule(layer((ALICE,))), (), ALICE, 0) is None


@settings(deadline=None, max_examples=80)
@given(cases(), st.data())
def test_a_shift_has_one_person_and_ends_with_another(case: Case, data: st.DataObject) -> None:
    moment = data.draw(moments_in(case))
    shift = shift_at(case.schedule, case.overrides, moment)
    if shift is None:
        assert who_is_on_call(case.schedule, case.overrides, moment) is None
        return
    start = moment if shift.start is None else shift.start
    end = moment + 1 if shift.end is None else shift.end
    assert start <= moment < end
    inside = [start, end - 1, *(data.draw(st.integers(start, end - 1)) for _ in range(10))]
    for one in inside:
        assert who_is_on_call(case.schedule, case.overrides, one) == shift.user_id
    if shift.start is not None:
        assert who_is_on_call(case.schedule, case.overrides, shift.start - 1) != shift.user_id
    if shift.end is not None:
        assert who_is_on_call(case.schedule, case.overrides, shift.end) != shift.user_id
    assert shift == shift_at(case.schedule, case.overrides, moment)


@settings(deadline=None, max_examples=80)
@given(cases(), st.data())
def test_until_the_next_person_nobody_else_stands(case: Case, data: st.DataObject) -> None:
    moment = data.draw(moments_in(case))
    current = who_is_on_call(case.schedule, case.overrides, moment)
    following = next_on_call(case.schedule, case.overrides, moment)
    horizon = moment + HORIZON
    if following is not None:
        assert following.user_id != current
        assert following.start is not None
        whole = shift_at(case.schedule, case.overrides, following.start)
        assert whole is not None
        assert (whole.start, whole.user_id) == (following.start, following.user_id)
        horizon = following.start
    for _ in range(10):
        one = data.draw(st.integers(moment, horizon - 1))
        assert who_is_on_call(case.schedule, case.overrides, one) in (current, None)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Entry]:
    """Every turn and served hour that searches write out."""
    seen: list[Entry] = []

    def layer_entries(one: Layer, zone: str, since: Moment, until: Moment) -> list[Entry]:
        found = rotation.layer_entries(one, zone, since, until)
        seen.extend(found)
        return found

    monkeypatch.setattr(final, "layer_entries", layer_entries)
    return seen


def shredded(layers: int, restrictions: int) -> Schedule:
    """Hourly turns of one person in many short hours, as many as there may be: no search ever finds another."""
    hours = tuple(
        daily(f"{number * 24 // restrictions:02}:{number * 7 % 60:02}", 0.1) for number in range(restrictions)
    )
    return schedule(*(layer((ALICE,), turn=3600, restrictions=hours, id=f"P{number}") for number in range(layers)))


@pytest.mark.parametrize(("layers", "restrictions"), [(50, 10), (10, 50), (50, 50)])
def test_a_schedule_in_shreds_costs_no_more_than_another(read: list[Entry], layers: int, restrictions: int) -> None:
    """50 x 50 may be there from before there was a limit."""
    plan = shredded(layers, restrictions)
    searches: tuple[Callable[[], object], ...] = (
        lambda: next_on_call(plan, (), 90 * DAY),
        lambda: next_shift_of(plan, (), BOB, 90 * DAY),
        lambda: shift_at(plan, (), 90 * DAY),
    )
    for search in searches:
        read.clear()
        search()
        assert len(read) <= final.PIECES
    read.clear()
    render(plan, (), 90 * DAY, 104 * DAY, overflow=True)
    assert len(read) <= final.PIECES


def test_who_is_next_soon_is_found_in_a_day(read: list[Entry]) -> None:
    plan = schedule(layer((ALICE, BOB), turn=3600))
    assert next_on_call(plan, (), 0) == Shift(HOUR, 2 * HOUR, BOB, "PLAYER1")
    assert len(read) <= 2 * 24 + 2


def test_usual_schedules_are_searched_to_the_horizon() -> None:
    nights = tuple(daily(start, 1) for start in ("00:00", "02:00", "04:00", "20:00", "22:00"))
    plan = schedule(*(layer(PEOPLE, restrictions=nights, id=f"P{number}") for number in range(10)))
    assert final.horizon_of(plan) == HORIZON
    assert final.horizon_of(schedule()) == HORIZON
