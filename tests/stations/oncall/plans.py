"""Schedules for the tests: short builders, zones that behave oddly, hypothesis strategies around their changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tocsin import oncall
from tocsin.kernel.time import DAY, HOUR, MINUTE, SECOND, Moment, from_datetime, parse_iso
from tocsin.oncall import Exceptions, Layer, Override, Restriction, RestrictionKind, Schedule, Shift

ALICE, BOB, CAROL = "PALICE1", "PBOB001", "PCAROL1"
PEOPLE = (ALICE, BOB, CAROL)

ODD_ZONES = (
    "Africa/Cairo",  # changes at midnight
    "Africa/Casablanca",  # back for Ramadan: short eras
    "America/Asuncion",
    "America/Havana",  # 01:00 goes back to 00:00
    "America/New_York",
    "America/Sao_Paulo",  # midnight skipped, midnight repeated
    "America/St_Johns",
    "Antarctica/Troll",  # two hours at once
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Pyongyang",  # half an hour by decree, there and back
    "Asia/Tehran",
    "Australia/Lord_Howe",  # half an hour
    "Etc/UTC",
    "Europe/Berlin",
    "Europe/Dublin",  # winter is the exception
    "Pacific/Apia",  # no 30 December 2011
    "Pacific/Chatham",  # 45 minutes beside the hour
)


def at(text: str) -> Moment:
    return parse_iso(text)


def local(zone: str, moment: Moment) -> datetime:
    """What a clock there shows, by way of the standard library alone."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)).astimezone(ZoneInfo(zone))


def layer(
    users: tuple[str, ...] = PEOPLE,
    *,
    turn: int = 86_400,
    start: Moment = 0,
    end: Moment | None = None,
    virtual_start: Moment | None = None,
    restrictions: tuple[Restriction, ...] = (),
    id: str = "PLAYER1",
    name: str = "",
) -> Layer:
    return Layer(id, name, start, end, start if virtual_start is None else virtual_start, turn, users, restrictions)


def schedule(*layers: Layer, zone: str = "Etc/UTC") -> Schedule:
    return Schedule("PSCHED1", "Payments", zone, layers)


def override(user: str, start: Moment, end: Moment, created_at: Moment = 0, id: str = "POVER01") -> Override:
    return Override(id, "PSCHED1", user, start, end, created_at)


def who_is_on_call(plan: Schedule, exceptions: Exceptions, moment: Moment) -> str | None:
    """The one person on call in a layered schedule."""
    found = oncall.who_is_on_call(plan, exceptions, moment)
    assert len(found) <= 1
    return found[0] if found else None


def shift_at(plan: Schedule, exceptions: Exceptions, moment: Moment) -> Shift | None:
    """The one shift of a layered schedule that goes on then."""
    found = oncall.shifts_at(plan, exceptions, moment)
    assert len(found) <= 1
    return found[0] if found else None


def daily(start: str, hours: float) -> Restriction:
    return Restriction(RestrictionKind.DAILY, clock(start), int(hours * 3600))


def weekly(day: int, start: str, hours: float) -> Restriction:
    return Restriction(RestrictionKind.WEEKLY, clock(start), int(hours * 3600), day)


def clock(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60


@cache
def changes(zone: str, first_year: int, last_year: int) -> tuple[Moment, ...]:
    """The moments at which the zone's offset changes, found by looking once a day and then closer."""
    found = []
    before = from_datetime(datetime(first_year, 1, 1, tzinfo=UTC))
    while before < from_datetime(datetime(last_year + 1, 1, 1, tzinfo=UTC)):
        low, high = before, before + DAY
        if local(zone, low).utcoffset() != local(zone, high).utcoffset():
            while high - low > SECOND:
                middle = (low + high) // 2 // SECOND * SECOND
                if local(zone, middle).utcoffset() == local(zone, low).utcoffset():
                    low = middle
                else:
                    high = middle
            found.append(high)
        before += DAY
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Case:
    """A schedule with overrides, and a window of some days near a change of its clock."""

    schedule: Schedule
    overrides: tuple[Override, ...]
    since: Moment
    until: Moment


@st.composite
def centres(draw: st.DrawFn) -> tuple[str, Moment]:
    """A zone, and a moment near which its clock changes (or any moment, if it never does)."""
    zone = draw(st.sampled_from(ODD_ZONES))
    around = changes(zone, 2010, 2012) + changes(zone, 2025, 2026)
    if not around:
        return zone, draw(st.integers(0, 40_000)) * DAY
    return zone, draw(st.sampled_from(around))


@st.composite
def restrictions(draw: st.DrawFn) -> Restriction:
    start = draw(st.integers(0, 24 * 12 - 1)) * 300
    if draw(st.booleans()):
        return Restriction(RestrictionKind.DAILY, start, draw(st.integers(1, 24 * 12 - 1)) * 300)
    length = draw(st.one_of(st.integers(1, 7 * 24 * 12), st.just(7 * 24 * 12))) * 300
    return Restriction(RestrictionKind.WEEKLY, start, length, draw(st.integers(1, 7)))


TURNS = (3600, 5400, 7 * 3600, 43_200, 86_400, 86_400, 100_020, 7 * 86_400, 7 * 86_400, 31 * 86_400)


@st.composite
def layers(draw: st.DrawFn, centre: Moment, number: int) -> Layer:
    minutes = st.integers(-12 * 1440, 12 * 1440)
    start = centre + draw(st.sampled_from([-400 * DAY, draw(minutes) * MINUTE]))
    end = None if draw(st.booleans()) else start + draw(st.integers(1, 20 * 1440)) * MINUTE
    return Layer(
        f"PLAYER{number}",
        "",
        start,
        end,
        centre + draw(minutes) * MINUTE,
        draw(st.sampled_from(TURNS)),
        tuple(draw(st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=5))),
        tuple(draw(st.lists(restrictions(), max_size=2))),
    )


@st.composite
def overrides(draw: st.DrawFn, centre: Moment) -> tuple[Override, ...]:
    found = []
    for number in range(draw(st.integers(0, 4))):
        start = centre + draw(st.integers(-6 * 1440, 6 * 1440)) * MINUTE
        length = draw(st.integers(1, 3 * 1440)) * MINUTE
        created = draw(st.integers(0, 2))
        found.append(override(draw(st.sampled_from(PEOPLE)), start, start + length, created, f"POVER0{number}"))
    return tuple(found)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    zone, centre = draw(centres())
    count = draw(st.integers(0, 3))
    plan = schedule(*(draw(layers(centre, number)) for number in range(count)), zone=zone)
    since = centre - draw(st.integers(0, 6 * 1440)) * MINUTE
    until = centre + draw(st.integers(1, 6 * 1440)) * MINUTE
    return Case(plan, draw(overrides(centre)), since, until)


def moments_in(case: Case) -> st.SearchStrategy[Moment]:
    """Moments near the window, many of them on the edges that matter."""
    edges = [case.since, case.until - 1]
    edges += [edge for one in case.overrides for edge in (one.start, one.end - 1, one.end)]
    edges += [one.start for one in case.schedule.layers]
    hour = (case.since + case.until) // 2 // HOUR * HOUR
    return st.one_of(
        st.sampled_from(edges),
        st.integers(case.since, case.until - 1),
        st.integers(-180, 180).map(lambda minutes: hour + minutes * MINUTE),
    )
