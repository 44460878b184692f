"""`/calendar/{secret}.ics`: the calendar behind a secret address, for whoever has it. Nobody is signed in here.

Decides the words of a calendar, how far it reaches, and what a program that has it already is told. Whose it is and
what it may show, `runtime.feeds` and `engine.feeds` decide.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from starlette.responses import PlainTextResponse, Response

from tocsin.directory.feeds import CalendarFeed, FeedSubject
from tocsin.engine.config import Config
from tocsin.engine.feeds import FeedShift, schedules_of, shifts_in
from tocsin.kernel.errors import NotFound, TooMany
from tocsin.kernel.time import DAY, SECOND, Moment, Span
from tocsin.kernel.wording import span_words
from tocsin.oncall import Schedule
from tocsin.runtime.feeds import Made
from tocsin.web import language
from tocsin.web.calendars.ics import CONTENT_TYPE, CalendarEvent, CalendarText, written
from tocsin.web.language import gettext as _
from tocsin.web.times import Times, zone_of
from tocsin.web.visit import Visit

BEHIND: Final[Span] = 30 * DAY
AHEAD: Final[Span] = 180 * DAY
EVENTS: Final = 1500
"""Shifts in one calendar: of a schedule that changes hands every hour two months fit."""

_GONE: Final = "There is no calendar at this address any more."
_HEADERS: Final = {
    "cache-control": "private, no-cache",
    "x-robots-tag": "noindex",
    "referrer-policy": "no-referrer",
}
"""Nobody between may keep it, and whoever has it asks each time whether it is still good."""


def feed(visit: Visit) -> Response:
    """The calendar, 304 for whoever has it, 404 for a wrong secret, 410 for one that shows nothing any more."""
    try:
        found = visit.site.feeds.find(visit.request.path_params["secret"], visit.visitor)
    except NotFound as error:
        return PlainTextResponse(error.message, 404)
    except TooMany as error:
        return PlainTextResponse(error.message, 429, {"retry-after": "900"})
    schedules = schedules_of(visit.config, found)
    if schedules is None:
        return PlainTextResponse(_GONE, 410)
    made = _made(visit, found, schedules)
    tag = f'"{made.content}-{made.changed_at:x}"'
    headers = {**_HEADERS, "etag": tag}
    if _holds(visit.request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    headers["content-disposition"] = 'inline; filename="on-call.ics"'
    return Response(made.body, media_type=CONTENT_TYPE, headers=headers)


def _made(visit: Visit, found: CalendarFeed, schedules: list[Schedule]) -> Made:
    """What the feed says, written out; that it was fetched is noted. What is on the shelf can't have changed."""
    feeds, version, day = visit.site.feeds, visit.config.version, visit.now // DAY
    held = feeds.shelf.find(found, version, day)
    if held is not None and feeds.note(found, held.content, visit.visitor) == held.changed_at:
        return held
    with language.speaking(found.language):
        calendar = calendar_of(visit.config, found, schedules, visit.now, visit.site.public_url)
    changed_at = feeds.note(found, calendar.digest, visit.visitor)
    made = Made(version, day, calendar.digest, changed_at, written(calendar, changed_at))
    feeds.shelf.put(found, made)
    return made


def _holds(sent: str, tag: str) -> bool:
    return sent.strip() == "*" or tag in {one.strip().removeprefix("W/") for one in sent[:2000].split(",")}


def calendar_of(
    config: Config, one: CalendarFeed, schedules: list[Schedule], now: Moment, public_url: str = ""
) -> CalendarText:
    """What the feed says now. It reaches from a month ago to half a year ahead, whole days of UTC."""
    since = now // DAY * DAY - BEHIND
    until = now // DAY * DAY + DAY + AHEAD
    shifts = shifts_in(config, one, schedules, since, until)
    events = tuple(_events(config, one, shifts[:EVENTS], (since, until), public_url))
    name = name_of(config, one)
    if len(shifts) > EVENTS:
        day = Times(now, zone_of("Etc/UTC")).local(shifts[EVENTS].start or since)
        return CalendarText(name, _("Who is on call, by Tocsin. It ends at %(day)s.", day=f"{day:%Y-%m-%d}"), events)
    return CalendarText(name, _("Who is on call, by Tocsin."), events)


def name_of(config: Config, one: CalendarFeed) -> str:
    """What the calendar is called."""
    if one.subject is FeedSubject.PERSON:
        return _("On call: %(name)s", name=person_of(config, one.user_id))
    things = config.schedules if one.subject is FeedSubject.SCHEDULE else config.teams
    found = things.get(one.subject_id)
    return _("On call: %(name)s", name=found.name if found is not None else one.subject_id)


def person_of(config: Config, user_id: str) -> str:
    """A person's name."""
    user = config.users.get(user_id)
    return user.name if user is not None else _("A removed person")


def _events(
    config: Config,
    one: CalendarFeed,
    shifts: Iterable[FeedShift],
    window: tuple[Moment, Moment],
    public_url: str,
) -> Iterable[CalendarEvent]:
    for shift in shifts:
        start = window[0] if shift.start is None else shift.start
        end = window[1] if shift.end is None else shift.end
        if start // SECOND == end // SECOND:
            continue
        path = "/my-shifts" if one.subject is FeedSubject.PERSON else f"/schedules/{shift.schedule.id}"
        name = shift.schedule.name
        yield CalendarEvent(
            mark=shift.mark,
            start=start,
            end=end,
            summary=_("On call: %(name)s", name=name)
            if one.subject is FeedSubject.PERSON
            else _("%(person)s on call: %(name)s", person=person_of(config, shift.user_id), name=name),
            description=_described(shift),
            category=_("On call"),
            url=public_url + path if public_url else "",
        )


def _described(shift: FeedShift) -> str:
    """The hand-over times on the clock of the schedule's zone, and how long it is."""
    clock = zone_of(shift.schedule.time_zone)
    said = []
    if shift.start is not None and shift.end is not None:
        start, end = (Times(shift.start, clock).local(one) for one in (shift.start, shift.end))
        said.append(f"{start:%Y-%m-%d %H:%M} – {end:%Y-%m-%d %H:%M} ({shift.schedule.time_zone})")
        said.append(span_words(shift.end - shift.start))
    elif shift.end is None:
        said.append(_("No end in sight."))
    if shift.override:
        said.append(_("By an override."))
    return "\n".join(said)
