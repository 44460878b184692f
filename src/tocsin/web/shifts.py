"""`/my-shifts`: when I am on call, what others ask of me and I of them, my calendar addresses; and asking for cover.

Decides what of it stands where, and what a form means. Whether something may be asked or answered the engine decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from tocsin.directory.model import Urgency
from tocsin.engine.cover import may_serve, people_on, quiet_ways
from tocsin.engine.people import ways
from tocsin.engine.things import SaveThing
from tocsin.kernel.errors import Invalid, NotFound, TocsinError
from tocsin.kernel.time import DAY, WEEK, Moment, Span, parse_iso
from tocsin.oncall import CoverRequest, Entry, Schedule
from tocsin.oncall.cover import LONGEST
from tocsin.oncall.hours import Load, load_of
from tocsin.paging.timeline import channel_word
from tocsin.web.calendars.panel import act_on_feed, make_feed, panel_of
from tocsin.web.cover_requests import act_on_request, others_requests, request_page, requests_for
from tocsin.web.language import gettext as _
from tocsin.web.shift_lines import ShiftLine, entries_of, line_at, month_of, rosters_of, stretches_of
from tocsin.web.spans import Spans
from tocsin.web.typed_times import field_of, moment_of
from tocsin.web.visit import Visit, status_of

COMING: Final[Span] = 6 * WEEK
"""How far the first page looks."""

SWAPS: Final[Span] = 9 * WEEK
"""How far ahead shifts of others are offered for a swap."""

FAR: Final[Span] = 400 * DAY
"""Nobody asks about shifts further away."""

SWAPS_SHOWN: Final = 60
BESIDE: Final = 10
"""Other schedules whose shifts are offered: those on which the visitor serves first."""

_MONTH: Final = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")
_TYPED: Final = ("start", "end", "to", "message", "other")


@dataclass(frozen=True, slots=True)
class Month:
    """What is shown: a month, or what is coming. `key`, `before` and `after` are months as in an address."""

    key: str
    name: str
    before: str
    after: str
    since: Moment
    until: Moment


def my_shifts_page(visit: Visit) -> Response:
    """`/my-shifts`, with `?month=2026-03` a month."""
    month = _month(visit)
    rosters = rosters_of(visit, *((month.since, month.until) if month.key else (visit.now, visit.now + COMING)))
    return visit.page(
        "my_shifts.html",
        month=month,
        rosters=rosters,
        following=next((line for one in rosters for line in one.lines if not line.over), None),
        load=load_of(visit.times.zone, stretches_of(visit, month.since, month.until)),
        reached=_reached(visit),
        requests=requests_for(visit),
        others=others_requests(visit),
        feeds=panel_of(visit),
        spans=Spans(visit.times),
    )


def _month(visit: Visit) -> Month:
    """The month that was asked for; without one the present one, and what is coming stands below it."""
    local = visit.times.local(visit.now)
    found = _MONTH.fullmatch(visit.query("month"))
    year, number = (int(found[1]), int(found[2])) if found else (local.year, local.month)
    since, until = month_of(visit.times, year, number)
    before, after = visit.times.local(since - DAY), visit.times.local(until + DAY)
    return Month(
        f"{year}-{number:02}" if found else "",
        Spans(visit.times).month(since + DAY),
        f"{before:%Y-%m}",
        f"{after:%Y-%m}",
        since,
        until,
    )


def _reached(visit: Visit) -> list[tuple[str, str, int]]:
    """By what the visitor is reached at high urgency: how, where, after how many minutes."""
    found = ways(visit.config, visit.me.id, Urgency.HIGH)
    return [(channel_word(one.contact.channel), one.contact.dial, one.delay_minutes) for one in found]


# -- asking


@dataclass(frozen=True, slots=True)
class Offer:
    """A shift of somebody else that may be had for one's own. `value` is what the form sends.

    `there`: the schedule that it is on, "" where that is the same as one's own shift's.
    """

    value: str
    user_id: str
    name: str
    start: Moment
    end: Moment
    load: Load
    there: str = ""


def ask_page(visit: Visit, *, error: TocsinError | None = None, section: str = "", code: int = 200) -> Response:
    """`/my-shifts/ask?schedule=...&at=...`: one shift, and what can be asked about it."""
    schedule, line = _asked_about(visit)
    everybody = people_on(visit.config, schedule, visit.now)
    others = sorted((one for one in everybody if one != visit.me.id), key=visit.names.person)
    start, end = _edges(visit, line)
    typed = {name: visit.text(name, 5000) for name in _TYPED}
    if error is None:
        typed = dict.fromkeys(_TYPED, "") | {"start": field_of(visit.times, start), "end": field_of(visit.times, end)}
    return visit.page(
        "ask_cover.html",
        code,
        schedule=schedule,
        line=line,
        at=line.place,
        spans=Spans(visit.times),
        others=[(one, visit.names.person(one)) for one in others],
        untold=[visit.names.person(one) for one in others if not _can_be_told(visit, one)],
        offers=_offers(visit, schedule, line),
        typed=typed,
        error=error,
        section=section,
        once=visit.site.ids.long(),
    )


def _can_be_told(visit: Visit, user_id: str) -> bool:
    """Whether a message about a request goes out to this person: by a way that they have and that is set up here."""
    ways = visit.site.ways_to_send()
    return any(one.channel in ways for one in quiet_ways(visit.config, user_id))


def _asked_about(visit: Visit) -> tuple[Schedule, ShiftLine]:
    """The schedule and the visitor's shift that the address, or the form, names."""
    schedule = visit.config.schedules.get(visit.text("schedule", 40) or visit.query("schedule"))
    try:
        at = parse_iso(visit.text("at", 40) or visit.query("at"))
    except (ValueError, OverflowError):
        at = -1
    near = abs(at - visit.now) < FAR
    line = line_at(visit, schedule, at) if schedule is not None and near else None
    if schedule is None or line is None:
        raise NotFound(_("You have no shift there (any more). The schedule may have changed."))
    return schedule, line


def _edges(visit: Visit, line: ShiftLine) -> tuple[Moment, Moment]:
    """What of a shift can be asked about: from now on, and no more than a month of it."""
    start = max(line.start or 0, visit.now)
    end = line.end if line.end is not None else start + WEEK
    return start, min(end, start + LONGEST)


def _offers(visit: Visit, schedule: Schedule, mine: ShiftLine) -> list[Offer]:
    """Shifts of others that may be had for one's own, those that begin first first.

    On the same schedule they lie apart from one's own; on another one they may lie beside it. Whoever gets a shift must
    be fit for its schedule: on it, or somebody who may override it.
    """
    if mine.end is None or mine.start is None or mine.start <= visit.now:
        return []
    config, now = visit.config, visit.now
    found: list[Offer] = []
    for each in (schedule, *_beside(visit, schedule)):
        same = each.id == schedule.id
        there = [one for one in people_on(config, each, now) if one != visit.me.id]
        for user_id in there if same else [one for one in there if may_serve(config, schedule, one, now)]:
            for entry in entries_of(visit, each, now, now + SWAPS, user_id):
                apart = entry.end <= mine.start or entry.start >= mine.end
                if entry.start > now and entry.end and entry.end - entry.start <= LONGEST and (apart or not same):
                    found.append(_offer(visit, each, entry, there="" if same else each.name))
    return sorted(found, key=lambda one: (one.start, one.user_id, one.value))[:SWAPS_SHOWN]


def _beside(visit: Visit, schedule: Schedule) -> list[Schedule]:
    """Other schedules whose shifts may be had in return: of the same team, or on which the visitor serves."""
    config, now, me = visit.config, visit.now, visit.me.id
    found = [
        one
        for one in config.schedules.values()
        if one.id != schedule.id
        and (not set(schedule.team_ids).isdisjoint(one.team_ids) or me in people_on(config, one, now))
        and may_serve(config, one, me, now)
    ]
    return sorted(found, key=lambda one: (me not in people_on(config, one, now), one.name))[:BESIDE]


def _offer(visit: Visit, schedule: Schedule, entry: Entry, *, there: str) -> Offer:
    return Offer(
        f"{entry.user_id}:{entry.start}:{entry.end}" + (f":{schedule.id}" if there else ""),
        entry.user_id,
        visit.names.person(entry.user_id),
        entry.start,
        entry.end,
        load_of(visit.times.zone, [(entry.start, entry.end)]),
        there,
    )


def ask(visit: Visit) -> Response:
    """POST `/my-shifts/ask`: for cover, or with `other` for a swap."""
    section = "swap" if visit.text("kind", 10) == "swap" else "cover"
    try:
        schedule, line = _asked_about(visit)
        request = _wanted(visit, schedule, line, swap=section == "swap")
        once = visit.text("once", 64)
        key = f"web:{visit.session.id}:{once}" if visit.session is not None and once else ""
        visit.run(SaveThing(thing_kind="cover_request", thing=request), key=key)
    except NotFound:
        raise
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        return ask_page(visit, error=error, section=section, code=status_of(error))
    return visit.go("/my-shifts#requests", "cover-asked")


def _wanted(visit: Visit, schedule: Schedule, line: ShiftLine, *, swap: bool) -> CoverRequest:
    start, end = (
        _moment(visit, name, edge, word)
        for name, edge, word in zip(("start", "end"), _edges(visit, line), (_("From"), _("Until")), strict=True)
    )
    more: dict[str, Any] = {"to_id": visit.text("to", 40)}
    if swap:
        user_id, since, until, there = (*visit.text("other", 120).split(":"), "", "", "", "")[:4]
        if not (since.isdecimal() and until.isdecimal() and len(since + until) < 40):
            raise Invalid(_("Choose the shift that you would take in return."))
        more = {"to_id": user_id, "return_start": int(since), "return_end": int(until), "return_schedule_id": there}
    return CoverRequest(
        id="",
        schedule_id=schedule.id,
        user_id=visit.me.id,
        start=start,
        end=end,
        message=visit.text("message", 100_000).strip(),
        **more,
    )


def _moment(visit: Visit, name: str, edge: Moment, word: str) -> Moment:
    """What a field means; one that was left as it was means the very edge of the shift, not its minute."""
    typed = visit.text(name, 30)
    return edge if not typed or typed == field_of(visit.times, edge) else moment_of(visit.times, typed, word)


SHIFTS: Final[tuple[tuple[Any, ...], ...]] = (
    ("/my-shifts", my_shifts_page),
    ("/my-shifts/ask", ask_page),
    ("/my-shifts/ask", ask, "POST"),
    ("/my-shifts/requests/{id}", request_page),
    ("/my-shifts/requests/{id}/{action}", act_on_request, "POST"),
    ("/calendar-feeds", make_feed, "POST"),
    ("/calendar-feeds/{id}/{action}", act_on_feed, "POST"),
)
"""Path, page, and the method where it is not GET."""
