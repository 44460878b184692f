"""One person's shifts as lines of a page: when, in whose zone, how long, how dark, who stands before and after.

Decides what a line tells; who is on call is decided by `oncall`. Makes no page.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tocsin.engine.feeds import served_by
from tocsin.kernel.time import DAY, HOUR, MICROSECOND, Moment, from_datetime, iso
from tocsin.kernel.wording import listed
from tocsin.oncall import CoverRequest, Entry, Schedule, horizon_of, render, who_is_on_call
from tocsin.oncall.cover import SHORTEST
from tocsin.oncall.final import final_entries
from tocsin.oncall.hours import Load, Stretch, load_of
from tocsin.web.spans import Spans
from tocsin.web.times import Times, zone_of
from tocsin.web.visit import Visit


@dataclass(frozen=True, slots=True)
class ShiftLine:
    """A shift. None: its edge is out of sight. `at` finds it again; `asked`: a request about it that is open.

    `there`: its times on the clock of the schedule's zone, "" where that shows the same. `before` and `after`: who
    hands over to the person, and to whom the person does; "" where nobody stands there, or where the edge is out of
    sight.
    """

    schedule: Schedule
    start: Moment | None
    end: Moment | None
    now: bool
    over: bool
    override: bool
    load: Load
    there: str
    before: str
    after: str
    asked: CoverRequest | None
    may_ask: bool
    at: Moment

    @property
    def place(self) -> str:
        """`at` as it stands in an address: "20260109T200000Z"."""
        return iso(self.at).replace("-", "").replace(":", "")


@dataclass(frozen=True, slots=True)
class Roster:
    """A schedule and the person's shifts on it, in their order."""

    schedule: Schedule
    lines: tuple[ShiftLine, ...]


def rosters_of(visit: Visit, since: Moment, until: Moment) -> list[Roster]:
    """The visitor's shifts that touch [since, until), by schedule, those that come first first; empty ones last."""
    asked = [one for one in visit.config.cover_requests.values() if one.is_open and one.user_id == visit.me.id]
    found = [
        Roster(one, tuple(_line(visit, one, entry, asked) for entry in entries_of(visit, one, since, until)))
        for one in served_by(visit.config, visit.me.id)
    ]
    return sorted(
        found, key=lambda one: (not one.lines, one.lines[0].start or 0 if one.lines else 0, one.schedule.name)
    )


def entries_of(visit: Visit, schedule: Schedule, since: Moment, until: Moment, user_id: str = "") -> list[Entry]:
    """A person's shifts that touch [since, until) on a schedule, at their whole length; the visitor's unless named."""
    exceptions = visit.config.exceptions_of.get(schedule.id, ())
    wanted = user_id or visit.me.id
    drawn = render(schedule, exceptions, since, until, overflow=True)
    sight = horizon_of(schedule)
    return [
        Entry(
            one.start if one.start > since - sight else 0,
            one.end if one.end < until + sight else 0,
            one.user_id,
            one.layer_id,
            one.override_id,
        )
        for one in drawn.final.entries
        if one.user_id == wanted
    ]


def line_at(visit: Visit, schedule: Schedule, at: Moment) -> ShiftLine | None:
    """The visitor's shift that goes on at that moment, or within the second after it."""
    asked = [one for one in visit.config.cover_requests.values() if one.is_open and one.user_id == visit.me.id]
    found = entries_of(visit, schedule, at, at + DAY // 86_400)
    return _line(visit, schedule, found[0], asked) if found else None


def _line(visit: Visit, schedule: Schedule, entry: Entry, asked: Iterable[CoverRequest]) -> ShiftLine:
    now = visit.now
    start, end = entry.start or None, entry.end or None
    reach = end if end is not None else now + horizon_of(schedule)
    open_ = next(
        (one for one in asked if one.schedule_id == schedule.id and one.start < reach and one.end > (start or 0)), None
    )
    known = start is not None and end is not None
    return ShiftLine(
        schedule=schedule,
        start=start,
        end=end,
        now=(start or 0) <= now < reach,
        over=reach <= now,
        override=bool(entry.override_id),
        load=load_of(visit.times.zone, [(start, end)] if start is not None and end is not None else []),
        there=_there(visit.times, schedule, start, end) if known else "",
        before=_others(visit, schedule, start - MICROSECOND) if start is not None else "",
        after=_others(visit, schedule, end) if end is not None else "",
        asked=open_,
        may_ask=reach > now + SHORTEST,
        at=max(start or 0, now) if reach > now else (start or 0),
    )


def _others(visit: Visit, schedule: Schedule, at: Moment) -> str:
    exceptions = visit.config.exceptions_of.get(schedule.id, ())
    names = [visit.names.person(one) for one in who_is_on_call(schedule, exceptions, at) if one != visit.me.id]
    return listed(names) if names else ""


def _there(times: Times, schedule: Schedule, start: Moment | None, end: Moment | None) -> str:
    if start is None or end is None:
        return ""
    clock = Times(times.now, zone_of(schedule.time_zone))
    same = all(clock.local(one).utcoffset() == times.local(one).utcoffset() for one in (start, end))
    return "" if same else Spans(clock).text(start, end)


def stretches_of(visit: Visit, since: Moment, until: Moment, user_id: str = "") -> list[Stretch]:
    """When a person is on call within [since, until), on whichever schedule: the visitor unless named."""
    wanted = user_id or visit.me.id
    exceptions = visit.config.exceptions_of
    return [
        (one.start, one.end)
        for schedule in served_by(visit.config, wanted)
        for one in final_entries(schedule, exceptions.get(schedule.id, ()), since, until)[0]
        if one.user_id == wanted
    ]


def month_of(times: Times, year: int, month: int) -> tuple[Moment, Moment]:
    """A month on the reader's clock: its beginning, and that of the next."""
    local = times.local(times.now).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (year + 1, 1) if month == 12 else (year, month + 1)
    return (
        from_datetime(local.replace(year=year, month=month, fold=0)),
        from_datetime(local.replace(year=following[0], month=following[1], fold=0)),
    )


def week_of(times: Times, moment: Moment) -> tuple[Moment, Moment]:
    """The week around a moment on the reader's clock, from Monday."""
    local = times.local(moment)
    monday = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    begins = from_datetime(monday) - local.weekday() * DAY
    # Where the clock changed since Monday the difference is an hour or so: noon of that day is on it in any case.
    begins = from_datetime(times.local(begins + 12 * HOUR).replace(hour=0, minute=0, second=0, microsecond=0, fold=0))
    after = times.local(begins + 7 * DAY + 12 * HOUR).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return begins, from_datetime(after)
