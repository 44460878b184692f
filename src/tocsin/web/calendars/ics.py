"""Writes a calendar in the form that calendar programs read (RFC 5545 and 7986). Decides no content and no wording."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from tocsin.kernel.time import SECOND, Moment, to_datetime

CONTENT_TYPE: Final = "text/calendar; charset=utf-8"
REFRESH: Final = timedelta(hours=1)
"""How often calendar programs are asked to look again; most decide for themselves."""

_PRODUCT: Final = "-//Tocsin//On call//EN"
_FIRST: Final[Moment] = 1_767_225_600 * SECOND
"""2026-01-01: revisions are counted in seconds from here, and fit into 31 bits until 2094."""


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """One time on call. `mark` names it for as long as it is the same; `url` may be empty."""

    mark: str
    start: Moment
    end: Moment
    summary: str
    description: str
    category: str
    url: str

    @property
    def uid(self) -> str:
        """The name under which calendar programs know it."""
        return hashlib.sha256(self.mark.encode()).hexdigest()[:32] + "@tocsin"


@dataclass(frozen=True, slots=True)
class CalendarText:
    """A whole calendar."""

    name: str
    description: str
    events: tuple[CalendarEvent, ...]

    @property
    def digest(self) -> str:
        """Differs when anything that it says does."""
        return hashlib.sha256(repr((self.name, self.description, self.events)).encode()).hexdigest()[:32]


def written(calendar: CalendarText, changed_at: Moment) -> bytes:
    """The bytes. All that differs between two that say the same is when it changed, which is given."""
    from icalendar import Calendar, Event, vText  # noqa: PLC0415 - loading it takes a while, and few requests need it

    stamp = _second(changed_at)
    sheet: Any = Calendar()
    for name, value in (("prodid", _PRODUCT), ("version", "2.0"), ("calscale", "GREGORIAN"), ("method", "PUBLISH")):
        sheet.add(name, value)
    for name in ("name", "x-wr-calname"):
        sheet.add(name, vText(calendar.name))
    for name in ("description", "x-wr-caldesc"):
        sheet.add(name, vText(calendar.description))
    sheet.add("last-modified", stamp)
    sheet.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    sheet.add("x-published-ttl", "PT1H")
    for one in calendar.events:
        event: Any = Event()
        event.add("uid", one.uid)
        event.add("dtstamp", stamp)
        event.add("last-modified", stamp)
        event.add("sequence", max(0, (changed_at - _FIRST) // SECOND))
        event.add("dtstart", _second(one.start))
        event.add("dtend", _second(one.end))
        event.add("summary", one.summary)
        event.add("description", one.description)
        event.add("categories", [one.category])
        event.add("status", "CONFIRMED")
        event.add("transp", "TRANSPARENT")  # on call is not busy: nobody is kept from asking for a meeting
        if one.url:
            event.add("url", one.url)
        sheet.add_component(event)
    text: bytes = sheet.to_ical()
    return text


def _second(moment: Moment) -> datetime:
    """Calendars know whole seconds."""
    return to_datetime(moment // SECOND * SECOND)
