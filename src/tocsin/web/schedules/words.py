"""Layers, hours and recurring shifts in words, for people who read a schedule rather than its numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from babel.dates import get_day_names, get_month_names
from babel.lists import format_list

from tocsin.kernel.time import SECOND, Moment
from tocsin.oncall import (
    Layer,
    Restriction,
    RestrictionKind,
    Rotation,
    RotationEvent,
    Schedule,
    live_layers,
    local_time,
    turn_at,
    weekday_of,
    zone_named,
)
from tocsin.web import language
from tocsin.web.language import gettext as _
from tocsin.web.language import ngettext
from tocsin.web.times import Times
from tocsin.web.visit import Visit

DAY_SECONDS = 86_400
WEEK_SECONDS = 7 * DAY_SECONDS


@dataclass(frozen=True, slots=True)
class Told:
    """One layer or one event of a rotation. `people`: id, name, and whether it is that person's turn now."""

    id: str
    name: str
    people: tuple[tuple[str, str, bool], ...]
    rhythm: str
    hours: tuple[str, ...]
    life: str
    raw: tuple[str, ...] = ()


def rotation_name(rotation: Rotation) -> str:
    """A rotation by what its events are called."""
    return ", ".join(dict.fromkeys(one.name for one in rotation.events if not one.removed))


def weekday_names(width: Literal["wide", "abbreviated"] = "wide") -> list[str]:
    """Monday first."""
    names = get_day_names(width, locale=language.locale())
    return [str(names[day]) for day in range(7)]


def month_names() -> list[str]:
    """January first, shortened."""
    names = get_month_names("abbreviated", locale=language.locale())
    return [str(names[month]) for month in range(1, 13)]


def clock(seconds: int) -> str:
    """Seconds after midnight as a clock shows them; seconds only where there are any."""
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours:02}:{minutes:02}" + (f":{left:02}" if left else "")


def layers_told(visit: Visit, schedule: Schedule, times: Times) -> list[Told]:
    """The layers that are not over, the one that wins first."""
    return [_layer(visit, schedule, one, times) for one in reversed(live_layers(schedule, visit.now))]


def _layer(visit: Visit, schedule: Schedule, layer: Layer, times: Times) -> Told:
    turn = turn_at(layer, schedule.time_zone, visit.now) if layer.start <= visit.now else -1
    people = tuple((one, visit.names.person(one), at == turn) for at, one in enumerate(layer.user_ids))
    hours = tuple(hours_told(layer.restrictions))
    return Told(layer.id, layer.name, people, rhythm_words(layer, schedule.time_zone), hours, _life(layer, times))


def rhythm_words(layer: Layer, time_zone: str) -> str:
    """How long a turn is, and when it is handed over."""
    wall = local_time(zone_named(layer.time_zone or time_zone), layer.rotation_virtual_start)
    at = clock(wall // SECOND % DAY_SECONDS)
    length = layer.turn_length_seconds
    if length == DAY_SECONDS:
        return _("Changes every day at %(time)s", time=at)
    if length == WEEK_SECONDS:
        return _("Changes every week on %(day)s at %(time)s", day=weekday_names()[weekday_of(wall)], time=at)
    if length % WEEK_SECONDS == 0:
        day = weekday_names()[weekday_of(wall)]
        weeks = length // WEEK_SECONDS
        return _("Changes every %(count)s weeks on %(day)s at %(time)s", count=weeks, day=day, time=at)
    if length % DAY_SECONDS == 0:
        return _("Changes every %(count)s days at %(time)s", count=length // DAY_SECONDS, time=at)
    return _("Changes every %(span)s, counted from %(time)s", span=length_words(length), time=at)


def length_words(seconds: int) -> str:
    """A length in its largest whole unit."""
    if seconds % DAY_SECONDS == 0:
        return ngettext("%(num)s day", "%(num)s days", seconds // DAY_SECONDS)
    if seconds % 3600 == 0:
        return ngettext("%(num)s hour", "%(num)s hours", seconds // 3600)
    if seconds % 60 == 0:
        return ngettext("%(num)s minute", "%(num)s minutes", seconds // 60)
    return ngettext("%(num)s second", "%(num)s seconds", seconds)


def hours_told(restrictions: Iterable[Restriction]) -> list[str]:
    """Hours in words, the same ones of several days as one: "Mon–Fri 07:00–21:00"."""
    found: dict[tuple[int, int], list[Restriction]] = {}
    for at, one in enumerate(restrictions):
        joins = one.kind is RestrictionKind.WEEKLY and one.duration_seconds <= DAY_SECONDS
        key = (one.start_time_of_day, one.duration_seconds) if joins else (-1 - at, 0)
        found.setdefault(key, []).append(one)
    return [_days_words(same) if len(same) > 1 else hours_words(same[0]) for same in found.values()]


def _days_words(same: list[Restriction]) -> str:
    """The same hours on several days of the week; three days in a row and more as from the first to the last."""
    names = weekday_names("abbreviated")
    runs: list[list[int]] = []
    for day in sorted({(one.start_day_of_week or 1) - 1 for one in same}):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    days = ", ".join(
        f"{names[run[0]]}–{names[run[-1]]}" if len(run) > 2 else ", ".join(names[day] for day in run) for run in runs
    )
    begin = same[0].start_time_of_day
    return f"{days} {clock(begin)}–{clock((begin + same[0].duration_seconds) % DAY_SECONDS)}"


def hours_words(one: Restriction) -> str:
    """Hours of the day or the week."""
    end = one.start_time_of_day + one.duration_seconds
    if one.kind is RestrictionKind.DAILY:
        return _("every day %(start)s–%(end)s", start=clock(one.start_time_of_day), end=clock(end % DAY_SECONDS))
    first = (one.start_day_of_week or 1) - 1
    names = weekday_names("abbreviated")
    start = f"{names[first]} {clock(one.start_time_of_day)}"
    last = f"{names[(first + end // DAY_SECONDS) % 7]} {clock(end % DAY_SECONDS)}"
    return _("every week %(start)s – %(end)s", start=start, end=last)


def _life(layer: Layer, times: Times) -> str:
    if layer.start > times.now and layer.end is not None:
        return _("from %(start)s until %(end)s", start=times.minute(layer.start), end=times.minute(layer.end))
    if layer.start > times.now:
        return _("from %(start)s on", start=times.minute(layer.start))
    return _("until %(end)s", end=times.minute(layer.end)) if layer.end is not None else ""


def live_events(rotation: Rotation, now: Moment) -> list[RotationEvent]:
    """The events of a rotation that make shifts now or later."""
    return [one for one in rotation.events if not one.removed and not one.is_over(now)]


def span_of(times: Times, start: Moment, end: Moment) -> str:
    """A stretch in words: "Sat 02:00–09:00"."""
    return times.span(start, end)


def joined(names: Iterable[str]) -> str:
    """Names as this language lists them; "nobody" for none."""
    every = list(names)
    return format_list(every, locale=language.locale()) if every else _("nobody")
