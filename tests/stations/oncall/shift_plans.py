"""Shift-based schedules for the tests: builders, strategies, and who is on call worked out the slow way.

The slow way walks hour by hour or day by day from the first shift on, asks of each whether the rule names it, and looks
at the clock minute by minute. It shares the nouns with the program, and not one line of its reckoning.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache

from hypothesis import strategies as st

from tests.stations.oncall.oracle import SlowClock
from tests.stations.oncall.plans import ALICE, BOB, CAROL, at, centres, local
from tocsin.kernel.time import DAY, HOUR, MINUTE, Moment
from tocsin.oncall import CustomShift, Exceptions, Override, Rotation, RotationEvent, Schedule

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
SINCE = at("2026-01-05T00:00:00Z")
"""A Monday."""


def event(
    *members: str,
    rule: str = "FREQ=DAILY",
    start: Moment = SINCE + 9 * HOUR,
    hours: float = 8,
    zone: str = "Etc/UTC",
    since: Moment = 0,
    until: Moment | None = None,
    each: int = 1,
    every: bool = False,
    more: tuple[str, ...] = (),
    id: str = "PEVENT1",
) -> RotationEvent:
    end = start + int(hours * 60) * MINUTE
    lines = (f"RRULE:{rule}", *more)
    return RotationEvent(id, "On call", start, end, zone, since, until, lines, members, every, each)


def plan(*events: RotationEvent, rotations: tuple[Rotation, ...] = ()) -> Schedule:
    """A schedule with one rotation of these events, or with these rotations."""
    own = rotations or (Rotation("PROTAT1", events),)
    return Schedule("PSCHED1", "Payments", "Etc/UTC", (), rotations=own, shift_based=True)


def shift(user: str, start: Moment, end: Moment, id: str = "PCUSTOM") -> CustomShift:
    return CustomShift(id, "PSCHED1", user, start, end)


def cover(
    instead_of: str, by: str, start: Moment, end: Moment, *, created: int = 0, source: str = "PROTAT1", id: str = "PO"
) -> Override:
    return of(source, Override(id, "PSCHED1", by, start, end, created, overridden_id=instead_of))


def of(source: str, override: Override) -> Override:
    """The override, of this rotation or custom shift."""
    if source.startswith("PCUSTOM"):
        return replace(override, custom_shift_id=source)
    return replace(override, rotation_id=source)


@dataclass(frozen=True, slots=True)
class Case:
    """A schedule with what it has beside its rotations, and a window of some days near a change of its clock."""

    schedule: Schedule
    exceptions: Exceptions
    zone: str
    since: Moment
    until: Moment


@st.composite
def rules(draw: st.DrawFn) -> str:
    frequency = draw(st.sampled_from(("HOURLY", "DAILY", "DAILY", "WEEKLY", "WEEKLY", "MONTHLY")))
    parts = [f"FREQ={frequency}", f"INTERVAL={draw(st.sampled_from((1, 1, 1, 2, 3, 5)))}"]
    if frequency == "MONTHLY":
        if draw(st.booleans()):
            dates = draw(st.lists(st.sampled_from((1, 15, 29, 31, -1, -10)), min_size=1, max_size=3, unique=True))
            parts.append(f"BYMONTHDAY={','.join(map(str, dates))}")
        elif draw(st.booleans()):
            parts.append(f"BYDAY={draw(st.sampled_from((1, 2, 5, -1, -3)))}{draw(st.sampled_from(WEEKDAYS))}")
    elif draw(st.booleans()):
        days = draw(st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=5, unique=True))
        parts.append(f"BYDAY={','.join(days)}")
    if draw(st.integers(0, 3)) == 0:
        parts.append(f"COUNT={draw(st.integers(1, 40))}")
    return ";".join(parts)


@st.composite
def events(draw: st.DrawFn, zone: str, centre: Moment, number: int) -> RotationEvent:
    start = centre - draw(st.integers(0, 60 * 96)) * 15 * MINUTE
    rule = draw(rules())
    longest = 180 if "HOURLY" in rule else 3 * 1440
    since = centre + draw(st.sampled_from((-100 * DAY, -2 * DAY, -90 * MINUTE, DAY)))
    return event(
        *draw(st.lists(st.sampled_from((ALICE, BOB, CAROL, "")), min_size=1, max_size=4)),
        rule=rule,
        start=start,
        hours=draw(st.integers(1, longest)) / 60,
        zone=zone,
        since=since,
        until=draw(st.sampled_from((None, since + DAY, since + 20 * DAY))),
        each=draw(st.integers(1, 3)),
        every=draw(st.booleans()),
        id=f"PEVENT{number}",
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    zone, centre = draw(centres())
    centre -= centre % MINUTE
    count = draw(st.integers(1, 3))
    made = [draw(events(zone, centre, number)) for number in range(count)]
    rotations = tuple(Rotation(f"PROTAT{number}", (one,)) for number, one in enumerate(made))
    minutes = st.integers(-4 * 1440, 4 * 1440)
    exceptions: list[Override | CustomShift] = []
    people = st.sampled_from((ALICE, BOB, CAROL, ""))
    for number in range(draw(st.integers(0, 2))):
        start = centre + draw(minutes) * MINUTE
        end = start + draw(st.integers(1, 2 * 1440)) * MINUTE
        exceptions.append(shift(draw(people), start, end, id=f"PCUSTOM{number}"))
    for number in range(draw(st.integers(0, 4))):
        start = centre + draw(minutes) * MINUTE
        end = start + draw(st.integers(1, 2 * 1440)) * MINUTE
        source = draw(st.sampled_from([one.id for one in (*rotations, *exceptions) if not isinstance(one, Override)]))
        one = Override(f"PO{number}", "PSCHED1", draw(people), start, end, draw(st.integers(0, 2)))
        exceptions.append(of(source, replace(one, overridden_id=draw(people))))
    since = centre - draw(st.integers(0, 3 * 1440)) * MINUTE
    until = centre + draw(st.integers(1, 3 * 1440)) * MINUTE
    return Case(plan(rotations=rotations), tuple(exceptions), zone, since, until)


def on_call(case: Case, clock: SlowClock, moment: Moment) -> set[str]:
    """Everybody on call, the slow way."""
    found = set()
    for rotation in case.schedule.rotations:
        for each in rotation.events:
            found |= {_stands(member, rotation.id, case, moment) for member in _serving(each, clock, moment)}
    for one in case.exceptions:
        if isinstance(one, CustomShift) and one.start <= moment < one.end:
            found.add(_stands(one.user_id, one.id, case, moment))
    return found - {""}


def _stands(member: str, source: str, case: Case, moment: Moment) -> str:
    covers = [one for one in case.exceptions if isinstance(one, Override) and source == one.source_id]
    stands = member
    for one in sorted(covers, key=lambda one: (one.created_at, one.id)):
        if one.start <= moment < one.end and one.overridden_id in (member, stands):
            stands = one.user_id
    return stands


def _serving(one: RotationEvent, clock: SlowClock, moment: Moment) -> Iterator[str]:
    if moment < one.effective_since or (one.effective_until is not None and moment >= one.effective_until):
        return
    begins = local(one.time_zone, one.start).replace(tzinfo=None)
    length = local(one.time_zone, one.end).replace(tzinfo=None) - begins
    for number, starts in enumerate(starts_of(one.recurrence[0], begins)):
        if starts > clock.highest(moment):
            return
        if clock.highest(moment) < starts + length:
            turn = number // one.shifts_per_member % len(one.members)
            yield from one.members if one.every_member else one.members[turn : turn + 1]


@cache
def starts_of(line: str, begins: datetime) -> tuple[datetime, ...]:
    """The first starts that the rule names, one candidate after the other, 200 days of them."""
    parts = dict(part.split("=") for part in line.removeprefix("RRULE:").split(";"))
    step = timedelta(hours=1) if parts["FREQ"] == "HOURLY" else timedelta(days=1)
    found = []
    candidate = begins
    while candidate < begins + timedelta(days=200):
        if _named(parts, begins, candidate):
            found.append(candidate)
        candidate += step
    return tuple(found[: int(parts.get("COUNT", 10**9))])


def _named(parts: dict[str, str], begins: datetime, candidate: datetime) -> bool:
    every = int(parts["INTERVAL"])
    days = parts["BYDAY"].split(",") if "BYDAY" in parts else []
    weekday = WEEKDAYS[candidate.weekday()]
    apart = candidate - begins
    if parts["FREQ"] == "HOURLY":
        return apart // timedelta(hours=1) % every == 0 and (not days or weekday in days)
    if parts["FREQ"] == "DAILY":
        return apart.days % every == 0 and (not days or weekday in days)
    if parts["FREQ"] == "WEEKLY":
        weeks = (_monday(candidate) - _monday(begins)).days // 7
        return weeks % every == 0 and weekday in (days or [WEEKDAYS[begins.weekday()]])
    months = (candidate.year - begins.year) * 12 + candidate.month - begins.month
    last = (candidate.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    if months % every:
        return False
    if days:
        ordinal = (candidate.day - 1) // 7 + 1 if int(days[0][:-2]) > 0 else -((last.day - candidate.day) // 7 + 1)
        return f"{ordinal}{weekday}" == days[0]
    if "BYMONTHDAY" in parts:
        return not {str(candidate.day), str(candidate.day - last.day - 1)}.isdisjoint(parts["BYMONTHDAY"].split(","))
    return candidate.day == begins.day


def _monday(moment: datetime) -> date:
    return moment.date() - timedelta(days=moment.weekday())
