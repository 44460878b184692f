"""Schedules written out: who wins, what is cut at the window, where nobody stands; every answer is the same."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stations.oncall.oracle import SlowClock, on_call
from tests.stations.oncall.plans import (
    ALICE,
    BOB,
    CAROL,
    ODD_ZONES,
    Case,
    at,
    cases,
    changes,
    daily,
    layer,
    moments_in,
    override,
    schedule,
    shift_at,
    weekly,
    who_is_on_call,
)
from tocsin.kernel.errors import Invalid
from tocsin.kernel.time import DAY, HOUR, MINUTE, WEEK, Moment, parse_iso
from tocsin.oncall import (
    HORIZON,
    WINDOW,
    Entry,
    Gap,
    Rendered,
    Track,
    gaps,
    render,
    shifts_of,
    users_between,
)
from tocsin.oncall.wallclock import EARLIEST, LATEST, first, last

BASE = layer((ALICE,), turn=604_800)
NIGHTS = layer((BOB,), restrictions=(daily("20:00", 10),), id="PNIGHT1")


def simple(track: Track) -> list[tuple[Moment, Moment, str]]:
    return [(entry.start, entry.end, entry.user_id) for entry in track.entries]


# --- who wins -----------------------------------------------------------------------------------------------------


def test_a_later_layer_wins_where_it_has_somebody() -> None:
    rendered = render(schedule(BASE, NIGHTS), (), 0, DAY)
    assert [(e.start // HOUR, e.end // HOUR, e.user_id, e.layer_id) for e in rendered.final.entries] == [
        (0, 6, BOB, "PNIGHT1"),
        (6, 20, ALICE, "PLAYER1"),
        (20, 24, BOB, "PNIGHT1"),
    ]
    assert rendered.gaps == ()
    assert [track.id for track in rendered.layers] == ["PLAYER1", "PNIGHT1"]
    assert simple(rendered.layers[0]) == [(0, DAY, ALICE)]


def test_the_other_way_round_the_nights_are_never_served() -> None:
    assert simple(render(schedule(NIGHTS, BASE), (), 0, DAY).final) == [(0, DAY, ALICE)]


def test_an_override_wins_over_every_layer_and_fills_gaps() -> None:
    plan = schedule(NIGHTS)
    rendered = render(plan, (override(CAROL, 4 * HOUR, 8 * HOUR),), 0, DAY)
    assert simple(rendered.final) == [
        (0, 4 * HOUR, BOB),
        (4 * HOUR, 8 * HOUR, CAROL),
        (20 * HOUR, DAY, BOB),
    ]
    assert rendered.final.entries[1] == Entry(4 * HOUR, 8 * HOUR, CAROL, "", "POVER01")
    assert rendered.gaps == (Gap(8 * HOUR, 20 * HOUR),)
    assert simple(rendered.overrides) == [(4 * HOUR, 8 * HOUR, CAROL)]


def test_the_override_created_last_wins() -> None:
    older = override(BOB, 2 * HOUR, 10 * HOUR, created_at=1, id="POVER01")
    newer = override(CAROL, 4 * HOUR, 6 * HOUR, created_at=2, id="POVER00")
    for order in ((older, newer), (newer, older)):
        rendered = render(schedule(BASE), order, 0, DAY)
        assert simple(rendered.overrides) == [
            (2 * HOUR, 4 * HOUR, BOB),
            (4 * HOUR, 6 * HOUR, CAROL),
            (6 * HOUR, 10 * HOUR, BOB),
        ]
        assert who_is_on_call(schedule(BASE), order, 5 * HOUR) == CAROL


def test_overrides_created_at_the_same_moment_have_an_order_too() -> None:
    one, other = override(BOB, 0, DAY, id="POVER01"), override(CAROL, 0, DAY, id="POVER02")
    for order in ((one, other), (other, one)):
        assert who_is_on_call(schedule(BASE), order, 0) == CAROL
        assert simple(render(schedule(BASE), order, 0, DAY).final) == [(0, DAY, CAROL)]


def test_neighbours_of_the_same_person_are_one_entry_in_the_final_row_only() -> None:
    plan = schedule(layer((ALICE, ALICE, BOB)))
    rendered = render(plan, (override(BOB, DAY + HOUR, 2 * DAY),), 0, 3 * DAY)
    assert simple(rendered.layers[0]) == [(0, DAY, ALICE), (DAY, 2 * DAY, ALICE), (2 * DAY, 3 * DAY, BOB)]
    assert simple(rendered.final) == [(0, DAY + HOUR, ALICE), (DAY + HOUR, 3 * DAY, BOB)]


def test_a_schedule_of_nothing_is_all_gap() -> None:
    rendered = render(schedule(), (), 0, WEEK)
    assert rendered.final == Track("", "Final", (), 0.0)
    assert rendered.gaps == gaps(schedule(), (), 0, WEEK) == (Gap(0, WEEK),)


# --- windows ------------------------------------------------------------------------------------------------------


def test_coverage_is_the_part_of_the_window_in_which_somebody_stands() -> None:
    rendered = render(schedule(NIGHTS), (override(CAROL, 6 * HOUR, 12 * HOUR),), 0, DAY)
    assert rendered.layers[0].coverage == pytest.approx(10 / 24)
    assert rendered.overrides.coverage == pytest.approx(6 / 24)
    assert rendered.final.coverage == pytest.approx(16 / 24)


def test_entries_are_cut_at_the_window_or_not() -> None:
    """The documented example: a daily hand-off at midnight, seen from 10:00 to 14:00."""
    plan = schedule(layer())
    since, until = 10 * HOUR, 14 * HOUR
    cut = render(plan, (), since, until)
    assert simple(cut.layers[0]) == simple(cut.final) == [(since, until, ALICE)]
    whole = render(plan, (), since, until, overflow=True)
    assert simple(whole.layers[0]) == simple(whole.final) == [(0, DAY, ALICE)]
    assert whole.final.coverage == whole.layers[0].coverage == 1.0


def test_overflow_gives_whole_shifts_and_whole_turns() -> None:
    plan = schedule(layer((ALICE, ALICE, BOB)), NIGHTS)
    exception = override(CAROL, 2 * DAY + 12 * HOUR, 4 * DAY)
    rendered = render(plan, (exception,), 22 * HOUR, 2 * DAY + 13 * HOUR, overflow=True)
    assert simple(rendered.layers[0])[0] == (0, DAY, ALICE)
    assert simple(rendered.layers[0])[-1] == (2 * DAY, 3 * DAY, BOB)
    assert simple(rendered.layers[1])[0] == (20 * HOUR, DAY, BOB)  # the turn ends at midnight, the shift goes on
    assert simple(rendered.overrides) == [(2 * DAY + 12 * HOUR, 4 * DAY, CAROL)]
    assert simple(rendered.final)[0] == (20 * HOUR, 30 * HOUR, BOB)
    assert simple(rendered.final)[-1] == (2 * DAY + 12 * HOUR, 4 * DAY, CAROL)


def test_overflow_leaves_out_what_lies_beside_the_window() -> None:
    plan = schedule(NIGHTS)
    rendered = render(plan, (), 7 * HOUR, 19 * HOUR, overflow=True)
    assert (rendered.layers[0].entries, rendered.final.entries) == ((), ())
    assert rendered.gaps == (Gap(7 * HOUR, 19 * HOUR),)


def test_overflow_goes_no_further_than_the_horizon() -> None:
    rendered = render(schedule(layer((ALICE,), start=-2000 * DAY)), (), 0, DAY, overflow=True)
    assert simple(rendered.final) == [(-HORIZON, DAY + HORIZON, ALICE)]


def test_an_override_within_an_overflowing_override_cuts_it() -> None:
    long, short = override(BOB, -DAY, DAY, 1, "POVER01"), override(CAROL, -HOUR * 6, -HOUR * 3, 2, "POVER02")
    rendered = render(schedule(), (long, short), -HOUR, HOUR, overflow=True)
    assert simple(rendered.overrides) == simple(rendered.final) == [(-3 * HOUR, DAY, BOB)]


def test_an_empty_window_is_empty() -> None:
    for overflow in (False, True):
        rendered = render(schedule(BASE, NIGHTS), (override(BOB, 0, DAY),), HOUR, HOUR, overflow=overflow)
        assert rendered.final == Track("", "Final", (), 0.0)
        assert rendered.overrides == Track("", "Overrides", (), 0.0)
        assert (rendered.gaps, [track.entries for track in rendered.layers]) == ((), [(), ()])


@pytest.mark.parametrize(
    ("since", "until", "sentence"),
    [
        (DAY, 0, "The end of the time range is before its start."),
        (0, WINDOW + 1, "The time range is longer than 800 days."),
        (LATEST - DAY, LATEST + 1, "The time range lies outside the years 1 to 9999."),
        (EARLIEST - 1, EARLIEST, "The time range lies outside the years 1 to 9999."),
    ],
)
def test_windows_that_are_refused(since: Moment, until: Moment, sentence: str) -> None:
    for ask in (render, gaps, users_between):
        with pytest.raises(Invalid) as refused:
            ask(schedule(BASE), (), since, until)
        assert refused.value.message == sentence
    with pytest.raises(Invalid):
        shifts_of(schedule(BASE), (), ALICE, since, until)


def test_the_calendar_can_be_written_out_to_its_edges() -> None:
    plan = schedule(layer(start=EARLIEST - DAY, virtual_start=0), zone="Pacific/Apia")
    for since, until in ((EARLIEST, EARLIEST + WEEK), (LATEST - WEEK, LATEST)):
        rendered = render(plan, (), since, until, overflow=True)
        assert rendered.gaps == ()
        assert rendered.final.coverage == 1.0


@pytest.mark.parametrize("year", ["2038-01-18", "2100-02-27", "2024-02-28", "2026-12-27", "9998-12-31"])
def test_far_years(year: str) -> None:
    plan = schedule(layer(virtual_start=at("2026-01-05T08:00:00Z")), NIGHTS, zone="Europe/Berlin")
    since = at(f"{year}T00:00:00Z")
    rendered = render(plan, (), since, since + 4 * DAY)
    assert rendered.gaps == ()
    for entry in rendered.final.entries:
        assert who_is_on_call(plan, (), entry.start) == who_is_on_call(plan, (), entry.end - 1) == entry.user_id


def test_a_year_with_many_layers_takes_work_in_proportion() -> None:
    """Counts reckonings of local time instead of seconds: bench/oncall_bench.py measures those."""
    nights = (daily("18:00", 14), weekly(6, "08:00", 10))
    users = tuple(f"PUSER{number:02d}" for number in range(50))
    many = schedule(
        *(layer(users, restrictions=nights, virtual_start=HOUR * number, id=f"P{number}") for number in range(10)),
        zone="Europe/Berlin",
    )
    first.cache_clear()
    last.cache_clear()
    rendered = render(many, (), 0, 365 * DAY)
    assert len(rendered.layers[0].entries) > 650
    misses = first.cache_info().misses + last.cache_info().misses
    assert misses < 10 * (365 * 4)


# --- the questions of calendars -----------------------------------------------------------------------------------


def test_the_shifts_of_one_person_are_whole() -> None:
    plan = schedule(layer())
    exception = (override(BOB, 6 * HOUR, 9 * HOUR),)
    found = shifts_of(plan, exception, ALICE, 8 * HOUR, 3 * DAY + HOUR)
    assert [(entry.start, entry.end) for entry in found] == [(9 * HOUR, DAY), (3 * DAY, 4 * DAY)]
    assert [entry.user_id for entry in shifts_of(plan, exception, BOB, 8 * HOUR, 30 * HOUR)] == [BOB, BOB]
    assert shifts_of(plan, (), CAROL, 0, DAY) == ()


def test_users_in_a_window() -> None:
    plan = schedule(layer())
    assert users_between(plan, (), 12 * HOUR, 30 * HOUR) == (ALICE, BOB)
    assert users_between(plan, (override(CAROL, 0, DAY),), 0, 2 * DAY) == (CAROL, BOB)


# --- properties ---------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=120)
@given(cases(), st.data())
def test_one_moment_and_the_rendering_agree(case: Case, data: st.DataObject) -> None:
    rendered = render(case.schedule, case.overrides, case.since, case.until)
    for moment in data.draw(st.lists(moments_in(case), min_size=1, max_size=20)):
        if case.since <= moment < case.until:
            standing = [entry.user_id for entry in rendered.final.entries if entry.start <= moment < entry.end]
            user = who_is_on_call(case.schedule, case.overrides, moment)
            assert standing == ([] if user is None else [user])
            assert any(gap.start <= moment < gap.end for gap in rendered.gaps) == (user is None)
        shift = shift_at(case.schedule, case.overrides, moment)
        assert (shift.user_id if shift else None) == who_is_on_call(case.schedule, case.overrides, moment)


@settings(deadline=None, max_examples=60)
@given(cases())
def test_the_rendering_is_what_brute_force_finds(case: Case) -> None:
    since, until = case.since // MINUTE * MINUTE, case.until // MINUTE * MINUTE
    clock = SlowClock(case.schedule.time_zone, since, until)
    entries = render(case.schedule, case.overrides, since, until).final.entries
    for moment in range(since, until, 30 * MINUTE):
        standing = [entry.user_id for entry in entries if entry.start <= moment < entry.end]
        user = on_call(case.schedule, case.overrides, clock, moment)
        assert standing == ([] if user is None else [user])


@settings(deadline=None, max_examples=120)
@given(cases(), st.integers(0, 1000))
def test_two_windows_make_one(case: Case, part: int) -> None:
    middle = case.since + (case.until - case.since) * part // 1000
    whole = render(case.schedule, case.overrides, case.since, case.until)
    one = render(case.schedule, case.overrides, case.since, middle)
    other = render(case.schedule, case.overrides, middle, case.until)
    for rows in zip(_rows(whole), _rows(one), _rows(other), strict=True):
        whole_row, one_row, other_row = (_people(row) for row in rows)
        assert _joined(one_row + other_row) == whole_row
    assert _joined_gaps(one.gaps + other.gaps) == whole.gaps


@settings(deadline=None, max_examples=120)
@given(cases())
def test_rows_are_in_order_and_add_up(case: Case) -> None:
    rendered = render(case.schedule, case.overrides, case.since, case.until)
    for row in (*rendered.layers, rendered.overrides, rendered.final):
        assert all(entry.start < entry.end for entry in row.entries)
        assert all(one.end <= other.start for one, other in pairwise(row.entries))
        assert all(case.since <= entry.start and entry.end <= case.until for entry in row.entries)
    served = sum(entry.end - entry.start for entry in rendered.final.entries)
    missing = sum(gap.end - gap.start for gap in rendered.gaps)
    assert served + missing == case.until - case.since
    assert rendered.final.coverage == served / (case.until - case.since)
    for one, other in pairwise(rendered.final.entries):
        assert one.end < other.start or one.user_id != other.user_id


@settings(deadline=None, max_examples=80)
@given(cases())
def test_overflow_changes_nothing_within_the_window(case: Case) -> None:
    cut = render(case.schedule, case.overrides, case.since, case.until)
    whole = render(case.schedule, case.overrides, case.since, case.until, overflow=True)
    assert cut.gaps == whole.gaps
    wide = render(case.schedule, case.overrides, case.since - 100 * DAY, case.until + 100 * DAY)
    for cut_row, whole_row, wide_row in zip(_rows(cut), _rows(whole), _rows(wide), strict=True):
        clipped = tuple(
            replace(entry, start=max(entry.start, case.since), end=min(entry.end, case.until))
            for entry in whole_row.entries
        )
        assert [_bare(entry) for entry in clipped] == [_bare(entry) for entry in cut_row.entries]
        assert whole_row.coverage == cut_row.coverage
        for entry in whole_row.entries:
            near = case.since - 100 * DAY < entry.start and entry.end < case.until + 100 * DAY
            assert not near or _bare(entry) in [_bare(one) for one in wide_row.entries]


@settings(deadline=None, max_examples=80)
@given(cases())
def test_an_override_keeps_to_its_interval_and_leaves_nothing_behind(case: Case) -> None:
    base = render(case.schedule, (), case.since, case.until)
    remaining = case.overrides
    while remaining:
        rendered = render(case.schedule, remaining, case.since, case.until)
        for entry in rendered.overrides.entries:
            assert any(
                one.id == entry.override_id and one.start <= entry.start and entry.end <= one.end for one in remaining
            )
        for entry in rendered.final.entries:
            for moment in (entry.start, entry.end - 1):
                if not any(one.start <= moment < one.end for one in remaining):
                    assert who_is_on_call(case.schedule, (), moment) == entry.user_id
        remaining = remaining[1:]
    assert render(case.schedule, remaining, case.since, case.until) == base


@pytest.mark.parametrize("zone", ODD_ZONES)
def test_every_second_around_a_change(zone: str) -> None:
    """The last second before a change and the first after it, where a rule that reads the local time goes wrong."""
    plan = schedule(
        layer(virtual_start=at("2009-12-31T23:40:00Z"), turn=3600),
        layer((CAROL,), restrictions=(daily("01:20", 1.5), weekly(7, "23:50", 3)), id="PLAYER2"),
        zone=zone,
    )
    for change in changes(zone, 2011, 2011) + changes(zone, 2026, 2026):
        entries = render(plan, (), change - 3 * HOUR, change + 3 * HOUR).final.entries
        for moment in (*range(change - 2 * HOUR, change + 2 * HOUR, 10 * MINUTE), change - 1, change + 1):
            standing = [entry.user_id for entry in entries if entry.start <= moment < entry.end]
            assert standing == [who_is_on_call(plan, (), moment)]


def test_the_seed_schedule_of_a_weekly_rotation() -> None:
    users = tuple(f"PUSER{number}" for number in range(4))
    start = parse_iso("2026-01-06T00:00:00+00:00")
    plan = schedule(layer(users, turn=604_800, start=start), zone="Etc/UTC")
    assert [who_is_on_call(plan, (), start + week * WEEK) for week in range(5)] == [*users, users[0]]
    assert who_is_on_call(plan, (), start - 1) is None


def _rows(rendered: Rendered) -> tuple[Track, ...]:
    return (*rendered.layers, rendered.overrides, rendered.final)


def _bare(entry: Entry) -> tuple[Moment, Moment, str]:
    return entry.start, entry.end, entry.user_id


def _people(track: Track) -> list[tuple[Moment, Moment, str]]:
    return _joined([_bare(entry) for entry in track.entries])


def _joined(entries: list[tuple[Moment, Moment, str]]) -> list[tuple[Moment, Moment, str]]:
    joined: list[tuple[Moment, Moment, str]] = []
    for start, end, user in entries:
        if joined and joined[-1][1:] == (start, user):
            joined[-1] = (joined[-1][0], end, user)
        else:
            joined.append((start, end, user))
    return joined


def _joined_gaps(found: tuple[Gap, ...]) -> tuple[Gap, ...]:
    return tuple(Gap(start, end) for start, end, _ in _joined([(gap.start, gap.end, "") for gap in found]))
