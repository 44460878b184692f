"""When a shift recurs: what each part of a rule means, what is refused, and that nothing in a rule can cost much."""

from __future__ import annotations

from time import perf_counter

import pytest

from tests.stations.oncall.plans import at
from tocsin.kernel.errors import Invalid
from tocsin.kernel.time import DAY, HOUR, to_datetime
from tocsin.oncall.recurrence import REACH, Pattern
from tocsin.oncall.recurrence_text import DATES, LINES, parse

TUESDAY = at("2026-01-06T09:00:00Z")


def pattern(*lines: str, begins: int = TUESDAY, zone: str = "Etc/UTC") -> Pattern:
    return Pattern(parse(lines, begins, zone), begins)


def starts(*lines: str, count: int = 4, begins: int = TUESDAY, zone: str = "Etc/UTC") -> list[str]:
    found = pattern(*lines, begins=begins, zone=zone).between(begins - DAY, begins + 4000 * DAY)[:count]
    assert [number for number, _ in found] == list(range(len(found)))
    return [to_datetime(wall).strftime("%y-%m-%d %H") for _, wall in found]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=DAILY", "26-01-06 09, 26-01-07 09, 26-01-08 09"),
        ("FREQ=DAILY;INTERVAL=3;BYDAY=TU,FR", "26-01-06 09, 26-01-09 09, 26-01-27 09"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=1,-1", "26-02-01 09, 26-02-28 09, 27-02-01 09"),
        ("FREQ=HOURLY;INTERVAL=12", "26-01-06 09, 26-01-06 21, 26-01-07 09"),
        ("FREQ=HOURLY;INTERVAL=20;BYDAY=SA,SU", "26-01-10 13, 26-01-11 09, 26-01-17 05"),
        ("FREQ=WEEKLY", "26-01-06 09, 26-01-13 09, 26-01-20 09"),
        ("FREQ=WEEKLY;BYDAY=MO,WE", "26-01-07 09, 26-01-12 09, 26-01-14 09"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO", "26-01-06 09, 26-01-11 09, 26-01-20 09"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU", "26-01-06 09, 26-01-18 09, 26-01-20 09"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "26-01-09 09, 26-01-16 09, 26-01-23 09"),
        ("FREQ=WEEKLY;BYDAY=TU;BYMONTH=3", "26-03-03 09, 26-03-10 09, 26-03-17 09"),
        ("FREQ=MONTHLY", "26-01-06 09, 26-02-06 09, 26-03-06 09"),
        ("FREQ=MONTHLY;BYMONTHDAY=31", "26-01-31 09, 26-03-31 09, 26-05-31 09"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "26-01-31 09, 26-02-28 09, 26-03-31 09"),
        ("FREQ=MONTHLY;BYDAY=2TU", "26-01-13 09, 26-02-10 09, 26-03-10 09"),
        ("FREQ=MONTHLY;BYDAY=-1FR", "26-01-30 09, 26-02-27 09, 26-03-27 09"),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "26-02-13 09, 26-03-13 09, 26-11-13 09"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1", "26-02-02 09, 26-03-02 09, 26-04-01 09"),
        ("FREQ=YEARLY", "26-01-06 09, 27-01-06 09, 28-01-06 09"),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "26-11-26 09, 27-11-25 09, 28-11-23 09"),
        ("FREQ=YEARLY;BYDAY=20MO", "26-05-18 09, 27-05-17 09, 28-05-15 09"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "28-02-29 09, 32-02-29 09, 36-02-29 09"),
        ("FREQ=DAILY;COUNT=2", "26-01-06 09, 26-01-07 09"),
        ("FREQ=DAILY;UNTIL=20260107", "26-01-06 09, 26-01-07 09"),
        ("FREQ=DAILY;UNTIL=20260107T085959Z", "26-01-06 09"),
        ("freq=weekly;byday=tu;byhour=9;byminute=0;bysecond=00;", "26-01-06 09, 26-01-13 09, 26-01-20 09"),
    ],
)
def test_what_a_rule_means(rule: str, expected: str) -> None:
    found = starts(f"RRULE:{rule}", count=3)
    assert ", ".join(found) == expected


def test_a_first_shift_that_its_own_rule_does_not_name_is_none() -> None:
    assert starts("RRULE:FREQ=WEEKLY;BYDAY=MO", count=1) == ["26-01-12 09"]


def test_exceptions_are_on_the_clock_that_they_name() -> None:
    daily = "RRULE:FREQ=DAILY;COUNT=6"
    berlin = {"begins": TUESDAY, "zone": "Europe/Berlin"}
    without = starts(
        daily,
        "EXDATE:20260107T080000Z",
        "EXDATE;TZID=America/New_York:20260108T030000",
        "EXDATE;VALUE=DATE:20260109",
        "EXDATE:20260110T090000,20990101T000000",
        "RDATE;VALUE=DATE-TIME:20260106T120000",
        "RDATE;VALUE=DATE:20260301,20260111",
        **berlin,  # type: ignore[arg-type]
    )
    assert without == ["26-01-06 09", "26-01-06 12", "26-01-11 09", "26-03-01 09"]


def test_the_last_date_may_be_in_utc() -> None:
    assert len(starts("RRULE:FREQ=DAILY;UNTIL=20260108T080000Z", zone="Europe/Berlin")) == 3
    assert len(starts("RRULE:FREQ=DAILY;UNTIL=20260108T075959Z", zone="Europe/Berlin")) == 2
    for zone in ("America/New_York", "Asia/Tokyo"):
        assert len(starts("RRULE:FREQ=DAILY;COUNT=3", "EXDATE:00010101T000000Z,99991231T235959Z", zone=zone)) == 3
        assert starts("RRULE:FREQ=DAILY;UNTIL=99991231T235959Z", zone=zone), "as some programs write: for ever"


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("",),
        ("FREQ=DAILY",),
        ("RRULE:FREQ=DAILY", "RRULE:FREQ=DAILY"),
        ("RRULE:",),
        ("RRULE:FREQ=SECONDLY",),
        ("RRULE:FREQ=MINUTELY",),
        ("RRULE:FREQ=DAILY;FREQ=DAILY",),
        ("RRULE:INTERVAL=2",),
        ("RRULE:FREQ=DAILY;INTERVAL=0",),
        ("RRULE:FREQ=DAILY;INTERVAL=1001",),
        ("RRULE:FREQ=DAILY;INTERVAL=99999999999999999999",),
        ("RRULE:FREQ=DAILY;COUNT=-1",),
        ("RRULE:FREQ=DAILY;COUNT=2;UNTIL=20270101",),
        ("RRULE:FREQ=DAILY;UNTIL=soon",),
        ("RRULE:FREQ=DAILY;UNTIL=20261301",),
        ("RRULE:FREQ=DAILY;BYDAY=XX",),
        ("RRULE:FREQ=DAILY;BYDAY=1MO",),
        ("RRULE:FREQ=MONTHLY;BYDAY=0MO",),
        ("RRULE:FREQ=MONTHLY;BYDAY=54MO",),
        ("RRULE:FREQ=MONTHLY;BYMONTHDAY=0",),
        ("RRULE:FREQ=MONTHLY;BYMONTHDAY=32",),
        ("RRULE:FREQ=YEARLY;BYMONTH=13",),
        ("RRULE:FREQ=YEARLY;BYWEEKNO=20",),
        ("RRULE:FREQ=YEARLY;BYYEARDAY=100",),
        ("RRULE:FREQ=YEARLY;BYDAY=1MO;BYMONTHDAY=1",),
        ("RRULE:FREQ=WEEKLY;BYMONTHDAY=1",),
        ("RRULE:FREQ=HOURLY;BYMONTH=1",),
        ("RRULE:FREQ=DAILY;BYHOUR=9,17",),
        ("RRULE:FREQ=DAILY;BYSETPOS=0",),
        ("RRULE:FREQ=DAILY;WKST=1",),
        ("RRULE:FREQ=DAILY;X-NAME=1",),
        ("RRULE:FREQ=DAILY", "EXRULE:FREQ=DAILY"),
        ("RRULE:FREQ=DAILY", "EXDATE:tomorrow"),
        ("RRULE:FREQ=DAILY", "EXDATE;TZID=Mars/Olympus:20260101T000000"),
        ("RRULE:FREQ=DAILY", "RDATE;VALUE=PERIOD:20260101T000000/PT1H"),
        ("RRULE:FREQ=DAILY", "RDATE:\u0662\u0660\u0662\u0666\u0660\u0661\u0660\u0661"),
        ("RRULE:FREQ=DAILY", f"EXDATE:{'x' * 2000}"),
        ("RRULE:FREQ=DAILY", *["EXDATE:20260101"] * LINES),
        ("RRULE:FREQ=DAILY", *[f"EXDATE:{','.join(['20260101'] * 50)}"] * (DATES // 50 + 1)),
    ],
)
def test_what_is_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(Invalid):
        parse(lines, TUESDAY, "Etc/UTC")


WIDE = (
    "FREQ=HOURLY",
    "FREQ=HOURLY;INTERVAL=999;BYDAY=MO",
    "FREQ=DAILY;INTERVAL=997;BYDAY=TU",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=DAILY;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12",
    "FREQ=WEEKLY;INTERVAL=1000;BYDAY=MO,TU,WE,TH,FR,SA,SU",
    "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=31",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO",
    "FREQ=YEARLY;INTERVAL=1000",
    "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=366",
)


@pytest.mark.parametrize("rule", WIDE)
def test_no_rule_costs_much_however_far_one_looks(rule: str) -> None:
    began = perf_counter()
    found = pattern(f"RRULE:{rule}", begins=at("1900-01-01T00:30:00Z"))
    found.first_few(500)
    for moment in ("1950-06-01T00:00:00Z", "2026-06-01T00:00:00Z", "9989-12-31T00:00:00Z"):
        found.between(at(moment), at(moment) + 30 * DAY)
    assert perf_counter() - began < 2


def test_a_century_and_the_end_of_the_calendar() -> None:
    late = at("9989-12-31T00:00:00Z")
    assert pattern("RRULE:FREQ=YEARLY;INTERVAL=5", begins=late).between(late, late + REACH)[-1][1] > late
    daily = pattern("RRULE:FREQ=DAILY")
    assert daily.between(TUESDAY + REACH, TUESDAY + REACH + 2 * DAY) == [(REACH // DAY, TUESDAY + REACH)]
    assert daily.between(TUESDAY - 9 * DAY, TUESDAY + 1) == [(0, TUESDAY)]


def test_starts_are_numbered_alike_from_wherever_one_looks() -> None:
    for lines in (
        ("RRULE:FREQ=HOURLY;INTERVAL=7;BYDAY=MO,SA", "EXDATE;VALUE=DATE:20260110", "RDATE:20260201T000000"),
        ("RRULE:FREQ=MONTHLY;BYMONTHDAY=1,10,-1", "EXDATE:20260210T090000", "RDATE:20260201T000000"),
    ):
        whole = pattern(*lines).between(TUESDAY, TUESDAY + 200 * DAY)
        assert [number for number, _ in whole] == list(range(len(whole)))
        assert len(whole) > 15
        for number, wall in whole:
            assert pattern(*lines).between(wall, wall + HOUR)[0] == (number, wall)
