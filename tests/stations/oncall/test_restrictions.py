"""Hours in which a layer serves: daily and weekly, over midnight and the week's end, on days of 23 and 25 hours."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stations.oncall.oracle import SlowClock, on_layer, serves
from tests.stations.oncall.plans import (
    ALICE,
    BOB,
    CAROL,
    ODD_ZONES,
    at,
    changes,
    daily,
    layer,
    local,
    restrictions,
    schedule,
    weekly,
)
from tocsin.kernel.time import DAY, HOUR, MINUTE, WEEK, Moment
from tocsin.oncall import Restriction, gaps
from tocsin.oncall.rotation import layer_entries, serving_hours, user_on_turn

OFFICE = daily("09:00", 8)
NIGHT = daily("18:00", 14)


def hours(zone: str, since: str, until: str, *found: Restriction) -> list[tuple[str, str]]:
    """Local start and end of each stretch of serving hours."""
    return [
        (f"{local(zone, start):%a %H:%M}", f"{local(zone, end):%a %H:%M}")
        for start, end in serving_hours(found, zone, at(since), at(until))
    ]


def test_office_hours_end_at_five_on_every_day_of_the_year() -> None:
    for change in ("2026-03-29", "2026-10-25"):
        found = hours("Europe/Berlin", f"{change}T00:00:00Z", f"{change}T22:00:00Z", OFFICE)
        assert found == [("Sun 09:00", "Sun 17:00")]


def test_nights_cross_midnight_and_belong_to_whoever_has_the_turn() -> None:
    one = layer(restrictions=(NIGHT,), virtual_start=at("2026-01-05T12:00:00Z"))
    entries = layer_entries(one, "Etc/UTC", at("2026-01-05T12:00:00Z"), at("2026-01-07T12:00:00Z"))
    assert [(local("Etc/UTC", e.start).hour, local("Etc/UTC", e.end).hour, e.user_id) for e in entries] == [
        (18, 8, ALICE),
        (18, 8, BOB),
    ]


def test_a_hand_off_within_the_night_divides_it() -> None:
    one = layer(restrictions=(NIGHT,), virtual_start=at("2026-01-05T00:00:00Z"))
    entries = layer_entries(one, "Etc/UTC", at("2026-01-05T12:00:00Z"), at("2026-01-06T12:00:00Z"))
    assert [(entry.end - entry.start, entry.user_id) for entry in entries] == [(6 * HOUR, ALICE), (8 * HOUR, BOB)]


def test_turns_pass_in_hours_that_nobody_serves() -> None:
    one = layer(restrictions=(weekly(1, "00:00", 24),), virtual_start=at("2026-01-05T00:00:00Z"))
    mondays = [at("2026-01-05T12:00:00Z") + week * WEEK for week in range(3)]
    assert [user_on_turn(one, "Etc/UTC", monday) for monday in mondays] == [ALICE, BOB, CAROL]  # 7 turns on: 7 mod 3


def test_a_weekend_crosses_the_end_of_the_week() -> None:
    weekend = weekly(5, "17:00", 64)
    found = hours("America/New_York", "2026-01-05T15:00:00Z", "2026-01-13T12:00:00Z", weekend)
    assert found == [("Fri 17:00", "Mon 09:00")]
    started_before = hours("America/New_York", "2026-01-11T05:00:00Z", "2026-01-12T20:00:00Z", weekend)
    assert started_before == [("Sun 00:00", "Mon 09:00")]


def test_a_whole_week_is_always() -> None:
    always = weekly(3, "12:34", 168)
    since, until = at("2025-12-01T00:00:00Z"), at("2026-12-01T00:00:00Z")
    assert serving_hours((always,), "Europe/Berlin", since, until) == [(since, until)]


def test_restrictions_add_up() -> None:
    mornings, evenings, late = daily("08:00", 4), daily("12:00", 6), daily("20:00", 2)
    found = hours("Etc/UTC", "2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z", late, evenings, mornings)
    assert found == [("Mon 08:00", "Mon 18:00"), ("Mon 20:00", "Mon 22:00")]


@pytest.mark.parametrize(
    ("restriction", "begins", "ends"),
    [
        pytest.param(daily("22:00", 4.5), "2026-10-24T20:00:00Z", "2026-10-25T01:30:00Z", id="ends at the last 02:30"),
        pytest.param(daily("02:30", 5.5), "2026-10-25T00:30:00Z", "2026-10-25T07:00:00Z", id="starts at the first"),
        pytest.param(daily("22:00", 4), "2026-10-24T20:00:00Z", "2026-10-25T00:00:00Z", id="ends before both"),
        pytest.param(daily("22:00", 5), "2026-10-24T20:00:00Z", "2026-10-25T02:00:00Z", id="ends after both"),
    ],
)
def test_the_repeated_hour_is_served_both_times(restriction: Restriction, begins: str, ends: str) -> None:
    found = serving_hours((restriction,), "Europe/Berlin", at("2026-10-24T12:00:00Z"), at("2026-10-25T12:00:00Z"))
    assert found == [(at(begins), at(ends))]


def test_hours_in_skipped_time_move_to_its_end_or_vanish() -> None:
    spring = ("2026-03-28T23:00:00Z", "2026-03-29T12:00:00Z")
    assert hours("Europe/Berlin", *spring, daily("02:15", 0.5)) == []
    assert hours("Europe/Berlin", *spring, daily("02:15", 2)) == [("Sun 03:00", "Sun 04:15")]
    assert hours("Europe/Berlin", *spring, daily("01:15", 1)) == [("Sun 01:15", "Sun 03:00")]


@pytest.mark.parametrize("zone", ODD_ZONES)
def test_two_layers_whose_hours_meet_leave_no_gap(zone: str) -> None:
    for change in changes(zone, 2025, 2026)[:4]:
        for minute in range(0, 24 * 60, 45):
            start = f"{minute // 60:02d}:{minute % 60:02d}"
            other = f"{(minute // 60 + 8) % 24:02d}:{minute % 60:02d}"
            plan = schedule(
                layer((ALICE,), restrictions=(daily(start, 8),)),
                layer((BOB,), restrictions=(daily(other, 16),), id="PLAYER2"),
                zone=zone,
            )
            assert gaps(plan, (), change - 2 * DAY, change + 2 * DAY) == ()


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Antarctica/Troll"])
def test_minute_by_minute(zone: str) -> None:
    found = (daily("01:30", 1), daily("23:15", 3.25), weekly(6, "22:00", 30), weekly(7, "02:20", 0.5))
    for change in changes(zone, 2017, 2018)[:2] or changes(zone, 2025, 2026)[:2]:
        since, until = change - 2 * DAY, change + DAY
        clock = SlowClock(zone, since, until)
        for one in found:
            whole = layer((ALICE,), restrictions=(one,))
            served = _minutes(serving_hours((one,), zone, since, until))
            for minute in range(since, until, MINUTE):
                assert (minute in served) == serves(one, clock, minute), (one, local(zone, minute))
                if minute % (7 * MINUTE) == 0:
                    assert (user_on_turn(whole, zone, minute) == ALICE) == (minute in served)


def _minutes(intervals: list[tuple[Moment, Moment]]) -> set[Moment]:
    return {minute for start, end in intervals for minute in range(start, end, MINUTE)}


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(ODD_ZONES), st.integers(0, 5), st.lists(restrictions(), min_size=1, max_size=3), st.data())
def test_any_restrictions_by_brute_force(zone: str, pick: int, found: list[Restriction], data: st.DataObject) -> None:
    around = changes(zone, 2010, 2012) or (at("2026-06-01T00:00:00Z"),)
    middle = around[pick % len(around)]
    since = middle - data.draw(st.integers(1, 9 * 24 * 12)) * 5 * MINUTE
    clock = SlowClock(zone, since, middle + DAY)
    one = layer(restrictions=tuple(found), turn=7 * 3600, virtual_start=middle - 5 * HOUR)
    entries = layer_entries(one, zone, since, middle + DAY)
    for minute in range(since // MINUTE * MINUTE, middle + DAY, 5 * MINUTE):
        if minute >= since:
            standing = [entry.user_id for entry in entries if entry.start <= minute < entry.end]
            expected = on_layer(one, zone, clock, minute)
            assert standing == ([expected] if expected else []), local(zone, minute)


def test_whoever_reads_the_clock_in_serving_hours_finds_somebody() -> None:
    """The rule in a reader's words: if the clock shows a time within the hours, the layer serves."""
    zone = "Europe/Berlin"
    one = layer((ALICE,), restrictions=(daily("01:45", 0.75),))
    for change in changes(zone, 2025, 2026):
        for minute in range(change - 4 * HOUR, change + 4 * HOUR, MINUTE):
            shown = local(zone, minute)
            if 105 <= shown.hour * 60 + shown.minute < 150:
                assert user_on_turn(one, zone, minute) == ALICE
