"""Hours on call: all of them, at night, at weekends, on the clock of a zone; what overlaps counts once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.stations.oncall.plans import ODD_ZONES, at, local
from tocsin.kernel.time import DAY, HOUR, MINUTE, Moment
from tocsin.oncall import zone_named
from tocsin.oncall.hours import Load, Stretch, joined, load_of, within, without

BERLIN = zone_named("Europe/Berlin")
MONDAY = at("2026-01-05T00:00:00+01:00")


def test_a_week_has_seven_nights_and_one_weekend() -> None:
    found = load_of(BERLIN, [(MONDAY, MONDAY + 7 * DAY)])
    assert found == Load(168 * HOUR, 56 * HOUR, 8, 48 * HOUR, 2), "of Sunday's night the first half, and of the last"


def test_only_the_dark_part_is_night() -> None:
    assert load_of(BERLIN, [(MONDAY + 6 * HOUR, MONDAY + 22 * HOUR)]) == Load(16 * HOUR)
    evening = load_of(BERLIN, [(MONDAY + 20 * HOUR, MONDAY + 23 * HOUR)])
    assert evening == Load(3 * HOUR, HOUR, 1)


def test_friday_evening_to_saturday_noon() -> None:
    found = load_of(BERLIN, [(MONDAY + 4 * DAY + 20 * HOUR, MONDAY + 5 * DAY + 12 * HOUR)])
    assert found == Load(16 * HOUR, 8 * HOUR, 1, 12 * HOUR, 1)


def test_the_night_in_which_the_clock_changes_is_as_long_as_it_was() -> None:
    spring = at("2026-03-28T12:00:00+01:00")
    assert load_of(BERLIN, [(spring, spring + DAY)]).night == 7 * HOUR
    autumn = at("2026-10-24T12:00:00+02:00")
    assert load_of(BERLIN, [(autumn, autumn + DAY)]).night == 9 * HOUR


def test_time_on_two_schedules_counts_once() -> None:
    two: list[Stretch] = [(0, 10 * HOUR), (5 * HOUR, 12 * HOUR), (20 * HOUR, 21 * HOUR)]
    assert list(joined(two)) == [(0, 12 * HOUR), (20 * HOUR, 21 * HOUR)]
    assert load_of(BERLIN, two).total == 13 * HOUR


@st.composite
def stretches(draw: st.DrawFn) -> list[Stretch]:
    starts = draw(st.lists(st.integers(0, 20 * 24 * 4), min_size=1, max_size=6))
    lengths = draw(st.lists(st.integers(1, 40), min_size=len(starts), max_size=len(starts)))
    base = draw(st.sampled_from([MONDAY, at("2026-03-20T00:00:00Z"), at("2026-10-20T00:00:00Z")]))
    return [
        (base + start * 15 * MINUTE, base + (start + length) * 15 * MINUTE)
        for start, length in zip(starts, lengths, strict=True)
    ]


@given(times=stretches(), zone=st.sampled_from(ODD_ZONES))
def test_it_is_what_counting_quarters_of_an_hour_gives(times: list[Stretch], zone: str) -> None:
    served = {moment for start, end in times for moment in range(start, end, 15 * MINUTE)}

    def dark(moment: Moment) -> bool:
        return not 6 <= local(zone, moment).hour < 22

    found = load_of(zone_named(zone), times)
    assert found.total == len(served) * 15 * MINUTE
    assert abs(found.night - sum(map(dark, served)) * 15 * MINUTE) <= 4 * 15 * MINUTE * bool(_changes(zone, times))
    free = sum(local(zone, one).weekday() >= 5 for one in served)
    assert abs(found.weekend - free * 15 * MINUTE) <= 4 * 15 * MINUTE * bool(_changes(zone, times))


def _changes(zone: str, times: list[Stretch]) -> bool:
    """Whether the clock changes nearby: a repeated hour at an edge may be counted on either side of it."""
    since, until = min(start for start, _ in times) - DAY, max(end for _, end in times) + DAY
    return local(zone, since).utcoffset() != local(zone, until).utcoffset()


@given(times=stretches(), cut=st.tuples(st.integers(0, 2000), st.integers(1, 400)))
def test_what_is_taken_out_and_what_is_left_are_the_whole(times: list[Stretch], cut: tuple[int, int]) -> None:
    start = min(one for one, _ in times) + cut[0] * 15 * MINUTE
    end = start + cut[1] * 15 * MINUTE
    inside = load_of(BERLIN, within(times, start, end)).total
    outside = load_of(BERLIN, without(times, start, end)).total
    assert inside + outside == load_of(BERLIN, times).total
