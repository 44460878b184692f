"""How much somebody is on call: all of it, at night, at weekends, on the clock of one zone.

Decides what counts as night and weekend. Time on two schedules at once counts once. Never looks at a schedule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias
from zoneinfo import ZoneInfo

from tocsin.kernel.time import DAY, HOUR, Moment, Span
from tocsin.oncall.wallclock import first, local_time

NIGHT_BEGINS: Span = 22 * HOUR
NIGHT_ENDS: Span = 6 * HOUR
"""The night, on the local clock: into the next day."""

_SATURDAY = 5
_THURSDAY = 3
"""The day of the week of 1 January 1970, counted from Monday."""

Stretch: TypeAlias = tuple[Moment, Moment]


@dataclass(frozen=True, slots=True)
class Load:
    """Time on call. `nights` and `weekend_days`: how many of them at least a part was served of."""

    total: Span = 0
    night: Span = 0
    nights: int = 0
    weekend: Span = 0
    weekend_days: int = 0


def load_of(zone: ZoneInfo, stretches: Iterable[Stretch]) -> Load:
    """The load of these times, in any order; where they overlap they count once."""
    total = night = weekend = 0
    nights: set[int] = set()
    weekend_days: set[int] = set()
    for start, end in joined(stretches):
        total += end - start
        for day in range(local_time(zone, start) // DAY - 1, local_time(zone, end) // DAY + 1):
            dark = _shared(start, end, first(zone, day * DAY + NIGHT_BEGINS), first(zone, (day + 1) * DAY + NIGHT_ENDS))
            night += dark
            nights |= {day} if dark else set()
            if (day + _THURSDAY) % 7 >= _SATURDAY:
                free = _shared(start, end, first(zone, day * DAY), first(zone, (day + 1) * DAY))
                weekend += free
                weekend_days |= {day} if free else set()
    return Load(total, night, len(nights), weekend, len(weekend_days))


def joined(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    """The same times in order, those that touch or overlap made one."""
    held: Stretch | None = None
    for start, end in sorted(stretches):
        if held is not None and start <= held[1]:
            held = (held[0], max(held[1], end))
            continue
        if held is not None:
            yield held
        held = (start, end)
    if held is not None:
        yield held


def without(stretches: Iterable[Stretch], start: Moment, end: Moment) -> list[Stretch]:
    """The same times with [start, end) taken out."""
    left = []
    for since, until in stretches:
        left += [one for one in ((since, min(until, start)), (max(since, end), until)) if one[0] < one[1]]
    return left


def within(stretches: Iterable[Stretch], start: Moment, end: Moment) -> list[Stretch]:
    """Those parts of the times that lie in [start, end)."""
    cut = ((max(since, start), min(until, end)) for since, until in stretches)
    return [one for one in cut if one[0] < one[1]]


def _shared(start: Moment, end: Moment, since: Moment, until: Moment) -> Span:
    return max(0, min(end, until) - max(start, since))
