"""Moments and spans as one reader sees them: in their zone and language, the day named where it is not today.

Clocks have 24 hours in every language. Reads no clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_skeleton
from markupsafe import Markup

from tocsin.kernel.time import MINUTE, SECOND, Moment, Span, iso, to_datetime
from tocsin.kernel.wording import compact, span_words
from tocsin.web import language

_WEEK = timedelta(days=6)


def zone_of(name: str) -> ZoneInfo:
    """The zone with this name; UTC when there is none (any more)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("Etc/UTC")


def zone_word(name: str) -> str:
    """What a zone is called. Others keep their name whole: `Etc/GMT+5` is five hours behind, "GMT+5" reads as ahead."""
    return "UTC" if name in ("Etc/UTC", "UTC") else name


@dataclass(frozen=True, slots=True)
class Times:
    """Writes times for a reader. `now` is the moment at which the page was made."""

    now: Moment
    zone: ZoneInfo
    zone_name: str = "UTC"
    _today: datetime = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_today", self.local(self.now))

    def local(self, moment: Moment) -> datetime:
        """The moment on the reader's wall clock."""
        return to_datetime(moment).astimezone(self.zone)

    def clock(self, moment: Moment) -> str:
        """Like "02:14:07", or with its day: "Mon 02:14:07", "3 Oct 02:14:07"."""
        return self._with_day(moment, "%H:%M:%S")

    def minute(self, moment: Moment) -> str:
        """The same without seconds."""
        return self._with_day(moment, "%H:%M")

    def day(self, moment: Moment) -> str:
        """Its day and month without a time, for an axis: "3 Oct"."""
        return date_words(self.local(moment))

    def span(self, start: Moment, end: Moment) -> str:
        """A stretch to the minute, the day of its end only where it is another: "Sat 02:00–09:00"."""
        last = self.local(end)
        same = self.local(start).date() == last.date()
        return f"{self.minute(start)}–{last:%H:%M}" if same else f"{self.minute(start)} – {self.minute(end)}"

    def at(self, moment: Moment) -> Markup:
        """The time with seconds, as HTML; its title has UTC and age."""
        return self._html(moment, self.clock(moment))

    def short(self, moment: Moment) -> Markup:
        """The time to the minute, as HTML."""
        return self._html(moment, self.minute(moment))

    def age(self, moment: Moment) -> Markup:
        """How long ago, as HTML that goes on counting where scripts run."""
        words = language.said(compact(max(0, self.now - moment)))
        title = f"{self.clock(moment)} {self.zone_name} · {utc(moment)}"
        return Markup('<time datetime="{}" data-since title="{}">{}</time>').format(iso(moment), title, words)

    def countdown(self, moment: Moment) -> Markup:
        """How long until then, as HTML that goes on counting down where scripts run."""
        left = max(0, moment - self.now + SECOND - 1)
        title = f"{self.clock(moment)} {self.zone_name} · {utc(moment)}"
        return Markup('<time datetime="{}" data-until title="{}">{}</time>').format(iso(moment), title, stopwatch(left))

    def _html(self, moment: Moment, text: str) -> Markup:
        past = moment <= self.now
        away, at = span_words(abs(self.now - moment)), utc(moment)
        if past:
            title = language.gettext("%(at)s, %(span)s ago", at=at, span=away)
        else:
            title = language.gettext("%(at)s, in %(span)s", at=at, span=away)
        return Markup('<time datetime="{}" title="{}">{}</time>').format(iso(moment), title, text)

    def _with_day(self, moment: Moment, form: str) -> str:
        local = self.local(moment)
        days = local.date() - self._today.date()
        if not days:
            return local.strftime(form)
        if abs(days) <= _WEEK:
            return f"{weekday(local)} {local.strftime(form)}"
        return f"{date_words(local, year=local.year != self._today.year)} {local.strftime(form)}"


def weekday(local: date) -> str:
    """The short name of the day of the week: "Mon"."""
    if language.current() == language.SOURCE:
        return f"{local:%a}"
    return format_skeleton("E", local, locale=language.locale()).rstrip(".")


def date_words(local: date, *, year: bool = False) -> str:
    """The day and the month, with the year if wanted: "3 Oct", "3 Oct 2025", in the order of the language."""
    if language.current() == language.SOURCE:
        return f"{local.day} {local:%b}" + (f" {local:%Y}" if year else "")
    return format_skeleton("yMMMd" if year else "MMMd", local, locale=language.locale())


def dated(local: datetime) -> str:
    """The day and the time to the minute, on any day: "Tue 06 Jan 04:43"."""
    if language.current() == language.SOURCE:
        return f"{local:%a %d %b %H:%M}"
    return f"{weekday(local)} {date_words(local)} {local:%H:%M}"


def utc(moment: Moment) -> str:
    """Like "2026-01-06 02:14:07 UTC"."""
    return f"{to_datetime(moment):%Y-%m-%d %H:%M:%S} UTC"


def stopwatch(span: Span) -> str:
    """What a countdown shows: "4:32", "1:04:32"."""
    seconds = span // SECOND
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def hours(span: Span) -> str:
    """Time on call, which is counted in hours however many they are: "60 h", "7 h 30 min", "45 min"."""
    minutes = span // MINUTE
    whole, rest = divmod(minutes, 60)
    if not whole and span:
        return language.gettext("%(minutes)s min", minutes=max(1, rest))
    if rest:
        return language.gettext("%(hours)s h %(minutes)s min", hours=whole, minutes=rest)
    return language.gettext("%(hours)s h", hours=whole)
