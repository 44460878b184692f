"""Which days a schedule is drawn over: one day, two weeks or a month, as the address says.

Decides where days begin (on the chosen clock), which of them are weekends, and which have 23 or 25 hours. Reads no
clock and knows nothing of schedules.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from babel.dates import format_date, format_skeleton

from tocsin.kernel.time import DAY, HOUR, Moment, from_datetime
from tocsin.oncall import first, zone_named
from tocsin.web import language
from tocsin.web.language import later
from tocsin.web.times import Times

VIEWS: Final = {"day": later("1 day"), "weeks": later("2 weeks"), "month": later("Month")}
"""What can be looked at, by its word in the address."""

_FIRST, _LAST = date(1970, 1, 5), date(2200, 1, 1)


@dataclass(frozen=True, slots=True)
class Day:
    """One day on the clock. `hours`: how long it is where that is not 24."""

    date: date
    start: Moment
    end: Moment
    weekend: bool
    today: bool
    hours: str
    label: str


@dataclass(frozen=True, slots=True)
class Window:
    """The days that are shown, and the addresses of those before and after. `hours`: marks of a single day."""

    view: str
    days: tuple[Day, ...]
    title: str
    back: str
    ahead: str
    today: str
    views: tuple[tuple[str, str, bool], ...]
    hours: tuple[tuple[str, Moment], ...] = ()

    @property
    def since(self) -> Moment:
        """Where it begins."""
        return self.days[0].start

    @property
    def until(self) -> Moment:
        """Where it ends."""
        return self.days[-1].end

    def place(self, moment: Moment) -> float:
        """How far into the window a moment lies, 0 to 100."""
        return (moment - self.since) * 100 / (self.until - self.since)


def window_of(times: Times, path: str, view: str, typed: str, zone: str) -> Window:
    """The window that an address asks for; what can't be read means today. `zone` is carried along."""
    view = view if view in VIEWS else "weeks"
    today = times.local(times.now).date()
    chosen = _begin(view, _date(typed) or today)
    count = 1 if view == "day" else 14 if view == "weeks" else (_next_month(chosen) - chosen).days
    before = (chosen - timedelta(days=1)).replace(day=1) if view == "month" else chosen - timedelta(days=count)

    def address(view: str, begin: date | None) -> str:
        asked = {"view": view, "from": begin.isoformat() if begin else "", "zone": zone}
        return f"{path}?{urlencode({name: value for name, value in asked.items() if value})}"

    kept = chosen if _date(typed) else None
    days = tuple(_days(times, chosen, count, today))
    return Window(
        view=view,
        days=days,
        title=_title(view, chosen, count),
        back=address(view, max(before, _FIRST)),
        ahead=address(view, min(chosen + timedelta(days=count), _LAST)),
        today=address(view, None),
        views=tuple((word, address(word, kept), word == view) for word in VIEWS),
        hours=tuple(_hours(times, days[0])) if view == "day" else (),
    )


def midnight(times: Times, day: date) -> Moment:
    """When the day begins: where the clock skips midnight, at the first moment after."""
    naive = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return first(zone_named(times.zone.key), from_datetime(naive))


def _days(times: Times, begin: date, count: int, today: date) -> Iterator[Day]:
    locale = language.locale()
    for number in range(count):
        day = begin + timedelta(days=number)
        start, end = midnight(times, day), midnight(times, day + timedelta(days=1))
        odd = "" if end - start == DAY else f"{(end - start) / HOUR:g}"
        label = format_date(day, "EEE d", locale=locale)
        yield Day(day, start, max(end, start + HOUR), day.weekday() > 4, day == today, odd, label)


def _hours(times: Times, day: Day) -> Iterator[tuple[str, Moment]]:
    """Every third hour that the clock shows on this day."""
    wall = from_datetime(datetime(day.date.year, day.date.month, day.date.day, tzinfo=UTC))
    for hour in range(0, 24, 3):
        yield f"{hour:02}:00", first(zone_named(times.zone.key), wall + hour * HOUR)


def _begin(view: str, day: date) -> date:
    if view == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if view == "weeks" else day


def _next_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def _title(view: str, begin: date, count: int) -> str:
    locale = language.locale()
    if view == "month":
        return format_date(begin, "MMMM y", locale=locale)
    if view == "day":
        return f"{format_date(begin, 'EEEE', locale=locale)}, {format_date(begin, 'long', locale=locale)}"
    end = begin + timedelta(days=count - 1)
    same = begin.year == end.year
    first = format_skeleton("MMMMd", begin, locale=locale) if same else format_date(begin, "long", locale=locale)
    return f"{first} – {format_date(end, 'long', locale=locale)}"


def _date(typed: str) -> date | None:
    try:
        found = date.fromisoformat(typed)
    except ValueError:
        return None
    return found if _FIRST <= found <= _LAST else None
