"""Conditions about the time: dates in zones, weekly schedules, the days on which clocks change."""

from __future__ import annotations

import pytest

from tocsin.events import pcl
from tocsin.kernel.time import parse_iso


def holds(text: str, now: str) -> bool:
    return pcl.compile(text).holds(pcl.Scene({}, now=parse_iso(now)))


NIGHT = "now in Sun 01:30:00 to 03:15:00 America/New_York"


@pytest.mark.parametrize(
    ("utc", "within"),
    [
        ("05:00", False),  # 01:00 summer time
        ("05:29", False),
        ("05:30", True),  # 01:30 summer time
        ("05:59", True),
        ("06:00", False),  # 01:00 once more: the gap
        ("06:15", False),
        ("06:29", False),
        ("06:30", True),  # 01:30 once more
        ("07:00", True),
        ("07:30", True),
        ("08:00", True),
        ("08:15", True),  # 03:15, the end
        ("08:16", False),
        ("08:30", False),
    ],
)
def test_the_night_in_which_summer_time_ends(utc: str, within: bool) -> None:
    assert holds(NIGHT, f"2021-11-07T{utc}:00Z") is within


@pytest.mark.parametrize(
    ("utc", "within"),
    [
        ("05:00", False),
        ("05:30", False),
        ("06:00", False),
        ("06:30", True),  # 01:30
        ("06:59", True),
        ("07:00", True),  # 03:00: two o'clock was skipped
        ("07:15", True),  # 03:15, the end
        ("07:16", False),
        ("07:30", False),
        ("08:00", False),
        ("08:30", False),
    ],
)
def test_the_night_in_which_summer_time_begins(utc: str, within: bool) -> None:
    assert holds(NIGHT, f"2022-03-13T{utc}:00Z") is within


@pytest.mark.parametrize(
    ("schedule", "now", "within"),
    [
        # within a day, both ends included to the second
        ("Wed 09:00:00 to 17:00:00 UTC", "2024-06-05T08:59:59Z", False),
        ("Wed 09:00:00 to 17:00:00 UTC", "2024-06-05T09:00:00Z", True),
        ("Wed 09:00:00 to 17:00:00 UTC", "2024-06-05T17:00:00Z", True),
        ("Wed 09:00:00 to 17:00:00 UTC", "2024-06-05T17:00:00.999Z", True),
        ("Wed 09:00:00 to 17:00:00 UTC", "2024-06-05T17:00:01Z", False),
        ("Tue,Thu 09:00:00 to 17:00:00 UTC", "2024-06-05T12:00:00Z", False),
        # over midnight: the days are those of the start
        ("Wed 22:00:00 to 08:00:00 UTC", "2024-06-05T21:59:59Z", False),
        ("Wed 22:00:00 to 08:00:00 UTC", "2024-06-05T22:00:00Z", True),
        ("Wed 22:00:00 to 08:00:00 UTC", "2024-06-06T08:00:00Z", True),
        ("Wed 22:00:00 to 08:00:00 UTC", "2024-06-06T08:00:01Z", False),
        ("Wed 22:00:00 to 08:00:00 UTC", "2024-06-05T07:00:00Z", False),
        ("Sun 22:00:00 to 08:00:00 UTC", "2024-06-03T07:00:00Z", True),  # Monday morning
        ("Mon 22:00:00 to 08:00:00 UTC", "2024-06-03T07:00:00Z", False),
        # the same time twice: 24 hours
        ("Sat,Sun 12:00:00 to 12:00:00 UTC", "2024-06-08T11:59:59Z", False),
        ("Sat,Sun 12:00:00 to 12:00:00 UTC", "2024-06-08T12:00:00Z", True),
        ("Sat,Sun 12:00:00 to 12:00:00 UTC", "2024-06-09T12:00:00Z", True),
        ("Sat,Sun 12:00:00 to 12:00:00 UTC", "2024-06-10T12:00:00Z", True),
        ("Sat,Sun 12:00:00 to 12:00:00 UTC", "2024-06-10T12:00:01Z", False),
        ("Wed 00:00:00 to 00:00:00 UTC", "2024-06-05T23:59:59Z", True),
        ("Wed 00:00:00 to 23:59:59 UTC", "2024-06-05T23:59:59.9Z", True),
        # the day is that of the zone; the documented example, at noon of a Monday in Los Angeles
        ("Mon,Wed,Fri 01:00:00 to 15:00:00 America/Los_Angeles", "2022-01-03T20:00:00Z", True),
        ("Mon,Wed,Fri 01:00:00 to 15:00:00 Etc/Utc", "2022-01-03T20:00:00Z", False),
        ("Tue 00:00:00 to 06:00:00 Asia/Tokyo", "2024-06-03T16:00:00Z", True),
        ("Sun 20:00:00 to 23:00:00 America/New_York", "2024-06-03T01:00:00Z", True),
        ("Thu 12:00:00 to 13:00:00 Etc/GMT-14", "2024-06-05T22:30:00Z", True),
        ("Wed 17:45:00 to 18:00:00 Asia/Kathmandu", "2024-06-05T12:05:00Z", True),
        # the order of days does not matter, nor does one that stands there twice
        ("Sun,Wed,Mon,Wed 09:00:00 to 17:00:00 UTC", "2024-06-05T12:00:00Z", True),
        # a time before 1970
        ("Wed 23:00:00 to 23:59:59 UTC", "1969-12-31T23:30:00Z", True),
    ],
)
def test_weekly_schedules(schedule: str, now: str, within: bool) -> None:
    assert holds(f"now in {schedule}", now) is within
    assert holds(f"not now in {schedule}", now) is not within


def test_a_documented_condition_outside_of_working_hours() -> None:
    text = "not (now in Mon,Tue,Wed,Thu,Fri 09:00:00 to 17:00:00 America/Los_Angeles)"
    assert holds(text, "2024-06-05T15:59:00Z")
    assert not holds(text, "2024-06-05T16:00:00Z")


@pytest.mark.parametrize(
    ("text", "now"),
    [
        ("now > 2024-01-01 00:00:00 Etc/UTC", "2024-01-01T00:00:01Z"),
        ("not now > 2024-01-01 00:00:00 Etc/UTC", "2024-01-01T00:00:00Z"),
        ("now >= 2024-01-01 00:00:00 Etc/UTC", "2024-01-01T00:00:00Z"),
        ("now == 2024-01-01 00:00:00 Etc/UTC", "2024-01-01T00:00:00Z"),
        ("now < 2024-01-01 00:00:00 America/New_York", "2024-01-01T04:59:59Z"),
        ("now >= 2024-07-01 00:00:00 America/New_York", "2024-07-01T04:00:00Z"),
        ("2024-01-01 00:00:00 utc <= now", "2024-01-01T00:00:00Z"),
        # shown twice: the first; skipped: the moment after
        ("now == 2021-11-07 01:30:00 America/New_York", "2021-11-07T05:30:00Z"),
        ("now == 2022-03-13 02:30:00 America/New_York", "2022-03-13T07:00:00Z"),
        ("now > 0001-01-01 00:00:00 Asia/Tokyo and now < 9999-12-31 23:59:59 America/New_York", "2024-01-01T00:00:00Z"),
        ("not now > 5 and not now < 'x' and not now == '2024-01-01 00:00:00 Etc/UTC'", "2024-01-01T00:00:00Z"),
    ],
)
def test_dates(text: str, now: str) -> None:
    assert holds(text, now)


def test_now_stands_still_while_a_scene_lasts() -> None:
    looked = pcl.Scene({}, now=parse_iso("2024-06-05T12:00:00Z"))
    schedule = pcl.compile("now in Wed 09:00:00 to 17:00:00 UTC")
    assert schedule.holds(looked)
    assert schedule.holds(looked)
    assert looked.walls == {"UTC": looked.now // 1_000_000}
