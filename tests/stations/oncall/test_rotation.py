"""One layer: turns without gap or overlap in every zone, handed over when the clock on the wall says so."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stations.oncall.plans import ALICE, BOB, CAROL, PEOPLE, at, changes, layer, local
from tocsin.kernel.time import DAY, HOUR, MINUTE, WEEK, Moment, from_datetime
from tocsin.oncall.rotation import layer_entries, user_on_turn
from tocsin.oncall.wallclock import zone_names

SINCE, UNTIL = at("2025-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z")
SEVEN = tuple(f"PUSER0{number}" for number in range(7))


def turns(zone: str, since: str, until: str, virtual_start: str, turn: int) -> list[tuple[str, str, str]]:
    """Local start and end (day and time) and user of each turn."""
    one = layer(turn=turn, virtual_start=at(virtual_start))
    entries = layer_entries(one, zone, at(since), at(until))
    return [
        (f"{local(zone, entry.start):%d %H:%M}", f"{local(zone, entry.end):%d %H:%M}", entry.user_id)
        for entry in entries
    ]


def test_a_daily_hand_off_stays_at_nine_when_the_clock_goes_forward() -> None:
    assert turns("Europe/Berlin", "2026-03-28T08:00:00Z", "2026-03-31T07:00:00Z", "2026-01-05T08:00:00Z", 86_400) == [
        ("28 09:00", "29 09:00", BOB),
        ("29 09:00", "30 09:00", CAROL),
        ("30 09:00", "31 09:00", ALICE),
    ]


def test_a_weekly_hand_off_stays_at_nine_when_the_clock_goes_back() -> None:
    monday = "2026-10-19T07:00:00Z"
    assert turns("Europe/Berlin", monday, "2026-11-02T08:00:00Z", "2026-01-05T08:00:00Z", 604_800) == [
        ("19 09:00", "26 09:00", CAROL),
        ("26 09:00", "02 09:00", ALICE),
    ]


def test_a_hand_off_in_skipped_time_happens_right_after_it() -> None:
    assert turns("Europe/Berlin", "2026-03-28T01:30:00Z", "2026-03-31T00:30:00Z", "2026-01-05T01:30:00Z", 86_400) == [
        ("28 02:30", "29 03:00", BOB),
        ("29 03:00", "30 02:30", CAROL),
        ("30 02:30", "31 02:30", ALICE),
    ]


def test_a_hand_off_in_repeated_time_happens_the_first_time() -> None:
    one = layer(virtual_start=at("2026-01-05T01:30:00Z"))
    entries = layer_entries(one, "Europe/Berlin", at("2026-10-24T00:30:00Z"), at("2026-10-26T01:30:00Z"))
    assert [(entry.start, entry.end) for entry in entries] == [
        (at("2026-10-24T00:30:00Z"), at("2026-10-25T00:30:00Z")),
        (at("2026-10-25T00:30:00Z"), at("2026-10-26T01:30:00Z")),
    ]
    assert user_on_turn(one, "Europe/Berlin", at("2026-10-25T01:15:00Z")) == entries[1].user_id


def test_twelve_hour_turns_stay_at_eight_and_twenty() -> None:
    found = turns("America/New_York", "2026-03-07T13:00:00Z", "2026-03-09T12:00:00Z", "2026-01-05T13:00:00Z", 43_200)
    assert [start for start, _, _ in found] == ["07 08:00", "07 20:00", "08 08:00", "08 20:00"]


def test_an_hourly_turn_in_skipped_time_is_empty_and_one_in_repeated_time_is_two_hours() -> None:
    spring = turns("Europe/Berlin", "2026-03-29T00:00:00Z", "2026-03-29T02:00:00Z", "2026-01-04T23:00:00Z", 3600)
    assert [(start, end) for start, end, _ in spring] == [("29 01:00", "29 03:00"), ("29 03:00", "29 04:00")]
    assert PEOPLE.index(spring[1][2]) == (PEOPLE.index(spring[0][2]) + 2) % 3
    entries = layer_entries(
        layer(turn=3600, virtual_start=at("2026-01-04T23:00:00Z")),
        "Europe/Berlin",
        at("2026-10-24T23:00:00Z"),
        at("2026-10-25T03:00:00Z"),
    )
    assert [(entry.end - entry.start) // MINUTE for entry in entries] == [60, 120, 60]


def test_samoa_had_no_30_december_2011() -> None:
    assert turns("Pacific/Apia", "2011-12-28T19:00:00Z", "2012-01-01T19:00:00Z", "2011-12-26T19:00:00Z", 86_400) == [
        ("28 09:00", "29 09:00", CAROL),
        ("29 09:00", "31 00:00", ALICE),
        ("31 00:00", "31 09:00", BOB),  # the turn of the 30th, what is left of it
        ("31 09:00", "01 09:00", CAROL),
        ("01 09:00", "02 09:00", ALICE),
    ]
    midnight = turns("Pacific/Apia", "2011-12-28T10:00:00Z", "2011-12-31T10:00:00Z", "2011-12-26T10:00:00Z", 86_400)
    assert [(start, user) for start, _, user in midnight] == [
        ("28 00:00", CAROL),
        ("29 00:00", ALICE),
        ("31 00:00", CAROL),
    ]


@pytest.mark.parametrize(
    ("day", "user"), [("2026-01-05", ALICE), ("2026-01-04", CAROL), ("2026-01-03", BOB), ("2025-12-31", BOB)]
)
def test_the_rotation_counts_backwards_before_the_virtual_start(day: str, user: str) -> None:
    one = layer(virtual_start=at("2026-01-05T00:00:00Z"), start=at("2020-01-01T00:00:00Z"))
    assert user_on_turn(one, "Etc/UTC", at(f"{day}T12:00:00Z")) == user


@pytest.mark.parametrize(
    ("zone", "virtual_start", "turn", "moment", "user"),
    [
        pytest.param("Etc/UTC", "2024-02-28T00:00:00Z", 86_400, "2024-02-29T12:00:00Z", BOB, id="29 February"),
        pytest.param("Etc/UTC", "2024-02-28T00:00:00Z", 86_400, "2024-03-01T12:00:00Z", CAROL, id="and the day after"),
        pytest.param("Etc/UTC", "2100-02-28T00:00:00Z", 86_400, "2100-03-01T12:00:00Z", BOB, id="no leap day in 2100"),
        pytest.param("Etc/UTC", "2026-12-21T00:00:00Z", 604_800, "2026-12-30T00:00:00Z", BOB, id="week 53"),
        pytest.param("Etc/UTC", "2026-12-21T00:00:00Z", 604_800, "2027-01-04T00:00:00Z", CAROL, id="week 1"),
        pytest.param("Etc/UTC", "2038-01-19T00:00:00Z", 86_400, "2038-01-20T03:14:08Z", BOB, id="2038"),
        pytest.param("Etc/UTC", "9999-12-01T00:00:00Z", 604_800, "9999-12-28T00:00:00Z", ALICE, id="9999"),
    ],
)
def test_far_and_odd_dates(zone: str, virtual_start: str, turn: int, moment: str, user: str) -> None:
    one = layer(virtual_start=at(virtual_start), turn=turn)
    assert user_on_turn(one, zone, at(moment)) == user
    entries = layer_entries(one, zone, at(moment) - HOUR, at(moment) + HOUR)
    assert user in [entry.user_id for entry in entries]


def test_a_user_may_stand_in_the_rotation_twice() -> None:
    one = layer((ALICE, ALICE, BOB))
    entries = layer_entries(one, "Etc/UTC", 0, 4 * DAY)
    assert [entry.user_id for entry in entries] == [ALICE, ALICE, BOB, ALICE]


def test_a_layer_serves_from_its_start_until_its_end() -> None:
    one = layer(start=6 * HOUR, end=30 * HOUR, virtual_start=0)
    assert [(entry.start, entry.end) for entry in layer_entries(one, "Etc/UTC", 0, WEEK)] == [
        (6 * HOUR, 24 * HOUR),
        (24 * HOUR, 30 * HOUR),
    ]
    asked = [user_on_turn(one, "Etc/UTC", moment) for moment in (6 * HOUR - 1, 6 * HOUR, 30 * HOUR - 1, 30 * HOUR)]
    assert asked == [None, ALICE, BOB, None]


def test_a_layer_without_users_has_nobody() -> None:
    assert layer_entries(layer(()), "Etc/UTC", 0, WEEK) == []
    assert user_on_turn(layer(()), "Etc/UTC", DAY) is None


def test_a_layer_may_keep_a_zone_of_its_own() -> None:
    one = layer(virtual_start=at("2026-01-05T08:00:00Z"))
    moved = at("2026-07-06T07:30:00Z")
    kept = type(one)("P1", "", 0, None, one.rotation_virtual_start, 86_400, PEOPLE, (), "Europe/Berlin")
    assert user_on_turn(one, "Etc/UTC", moved) != user_on_turn(kept, "Etc/UTC", moved)
    assert user_on_turn(kept, "Etc/UTC", moved) == user_on_turn(one, "Europe/Berlin", moved)


# --- for every zone -----------------------------------------------------------------------------------------------


def _is_seamless(zone: str, turn: int, since: Moment, until: Moment, virtual_start: Moment) -> list[Moment]:
    """Asserts that the turns fill the window, each after the other, and returns the hand-offs."""
    entries = layer_entries(layer(SEVEN, turn=turn, virtual_start=virtual_start), zone, since, until)
    assert entries[0].start == since
    assert entries[-1].end == until
    for one, other in pairwise(entries):
        assert one.end == other.start, zone
        assert one.start < one.end, zone
    return [entry.start for entry in entries[1:]]


def _keeps_to_the_wall(zone: str, hand_offs: list[Moment], turn: int, virtual_start: Moment) -> None:
    """Each hand-off comes when the clock shows the time for it, or has just skipped that; never later."""
    begins = local(zone, virtual_start).replace(tzinfo=None)
    length = timedelta(seconds=turn)
    for hand_off in hand_offs:
        shown = local(zone, hand_off).replace(tzinfo=None)
        due = begins + (shown - begins) // length * length
        if shown != due:
            just_before = local(zone, hand_off - 1).replace(tzinfo=None)
            assert just_before < due < shown, (zone, shown)


def test_no_gap_and_no_overlap_in_any_zone_over_two_years() -> None:
    virtual_start = at("2024-12-30T02:30:00Z")
    for zone in sorted(zone_names()):
        for turn in (86_400, 7 * 86_400):
            hand_offs = _is_seamless(zone, turn, SINCE, UNTIL, virtual_start)
            assert len(hand_offs) >= 104
            _keeps_to_the_wall(zone, hand_offs, turn, virtual_start)


def test_no_gap_and_no_overlap_with_short_turns_near_every_change_of_every_zone() -> None:
    for zone in sorted(zone_names()):
        for change in changes(zone, 2025, 2026):
            for turn in (3600, 2 * 3600 + 900, 12 * 3600):
                hand_offs = _is_seamless(zone, turn, change - 2 * DAY, change + 2 * DAY, change - DAY - 7 * MINUTE)
                _keeps_to_the_wall(zone, hand_offs, turn, change - DAY - 7 * MINUTE)


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(sorted(zone_names())),
    st.integers(1972, 2150),
    st.integers(0, 365 * 24 * 60 - 1),
    st.sampled_from([3600, 12 * 3600, 86_400, 86_400, 100_020, 7 * 86_400, 365 * 86_400]),
)
def test_no_gap_and_no_overlap_in_any_other_years(zone: str, year: int, minute: int, turn: int) -> None:
    since = from_datetime(datetime.fromisoformat(f"{year}-01-01T00:00:00+00:00"))
    virtual_start = since + minute * MINUTE
    until = since + (60 * DAY if turn == 3600 else 730 * DAY)
    _keeps_to_the_wall(zone, _is_seamless(zone, turn, since, until, virtual_start), turn, virtual_start)


def test_turns_take_everybody_in_order_in_any_zone() -> None:
    """A turn may be empty when its time is skipped; nobody is passed over otherwise, and nobody comes out of order."""
    for zone in sorted(zone_names()):
        entries = layer_entries(layer(SEVEN, virtual_start=SINCE), zone, SINCE, SINCE + 364 * DAY)
        order = [SEVEN.index(entry.user_id) for entry in entries]
        assert all((other - one) % 7 == 1 for one, other in pairwise(order)), zone
