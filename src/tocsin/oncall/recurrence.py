"""When a shift recurs: the local times at which the shifts of an event start, and which of them in a row each is.

Decides the meaning of a rule, as RFC 5545 has it: times on the local clock, in sets by period, those before the first
shift left out. A first shift that doesn't fit its own rule is none. The number of a start counts all starts before it,
dates that are taken out not included: so whose turn it is hangs on the first shift and not on when anybody asks.

A rule by hours, days or weeks is reckoned with directly: it repeats after a fixed time. One that looks at months is
written out as far as was asked, `REACH` at most. Both cost little, whatever somebody writes into a rule.
"""

from __future__ import annotations

from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from itertools import count
from math import lcm
from typing import Protocol

from tocsin.kernel.errors import Invalid
from tocsin.kernel.time import DAY, HOUR, WEEK, Span
from tocsin.oncall.recurrence_text import Frequency, Recurrence, Rule, parse
from tocsin.oncall.wallclock import LATEST, WallTime

REACH: Span = 100 * 366 * DAY
"""So far from its first shift an event recurs: a century."""

_AHEAD: Span = 800 * DAY
_FEW: Span = 3 * 366 * DAY
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_LAST_YEAR = 9998


class _Starts(Protocol):
    def between(self, low: WallTime, high: WallTime) -> Iterator[tuple[int, WallTime]]: ...

    def before(self, wall: WallTime) -> int: ...


class Pattern:
    """When an event's shifts start, all of it in local time."""

    def __init__(self, recurrence: Recurrence, begins: WallTime) -> None:
        """`begins`: the start of the first shift."""
        self.begins = begins
        self.rule = recurrence.rule
        self._last = min(begins + REACH, LATEST - 1)
        if self.rule.until is not None:
            self._last = min(self._last, self.rule.until)
        self._starts: _Starts = (_Regular if self.rule.is_regular else _Calendar)(self.rule, begins)
        days = (self._of_rule(day * DAY, (day + 1) * DAY) for day in recurrence.excluded_days)
        gone = {wall for found in days for _, wall in found}
        gone |= {one for one in recurrence.excluded if any(self._of_rule(one, one + 1))}
        self._gone = sorted(gone)
        without = set(recurrence.excluded)
        self._added = [
            one
            for one in recurrence.added
            if one not in without
            and one // DAY not in recurrence.excluded_days
            and not any(True for _ in self._of_rule(one, one + 1))
        ]

    def between(self, low: WallTime, high: WallTime) -> list[tuple[int, WallTime]]:
        """Number and time of each start in [low, high), in order."""
        if not self._gone and not self._added:
            return list(self._of_rule(low, high))
        found = [
            (number - here + bisect_left(self._added, wall), wall)
            for number, wall in self._of_rule(low, high)
            if (here := bisect_left(self._gone, wall)) == len(self._gone) or self._gone[here] != wall
        ]
        if self._added:
            for place in range(bisect_left(self._added, low), bisect_left(self._added, high)):
                wall = self._added[place]
                found.append((self._rule_before(wall) - bisect_left(self._gone, wall) + place, wall))
            found.sort()
        return found

    def first_few(self, most: int) -> list[WallTime]:
        """The first starts: `most` of them, or those of three years if that is fewer; if it is none, the next one."""
        low = min([self.begins, *self._added])
        found: list[WallTime] = []
        step: Span = WEEK
        while low <= self._last and len(found) < most and (not found or low - self.begins < _FEW):
            found += [wall for _, wall in self.between(low, low + step)]
            low, step = low + step, step * 3
        return found[:most]

    def per_day(self) -> float:
        """About how many start in a day, and not fewer by much."""
        rule = self.rule
        if rule.frequency is Frequency.HOURLY:
            return 24 / rule.interval
        if rule.frequency is Frequency.WEEKLY:
            return max(1, len(rule.days)) / 7 / rule.interval
        return 1.0

    def _of_rule(self, low: WallTime, high: WallTime) -> Iterator[tuple[int, WallTime]]:
        for number, wall in self._starts.between(max(low, self.begins), min(high, self._last + 1)):
            if self.rule.count is not None and number >= self.rule.count:
                return
            yield number, wall

    def _rule_before(self, wall: WallTime) -> int:
        number = self._starts.before(min(wall, self._last + 1)) if wall > self.begins else 0
        return number if self.rule.count is None else min(number, self.rule.count)


@lru_cache(maxsize=4096)
def pattern_of(recurrence: tuple[str, ...], begins: WallTime, time_zone: str) -> Pattern | None:
    """The pattern of an event, reckoned once. None for lines that can't be read: those were refused before."""
    try:
        return Pattern(parse(recurrence, begins, time_zone), begins)
    except Invalid:
        return None


class _Regular:
    """Starts that repeat after a fixed time."""

    def __init__(self, rule: Rule, begins: WallTime) -> None:
        self._base, step, candidates = _period(rule, begins)
        steps = lcm(step, WEEK) // step if rule.days and rule.frequency is not Frequency.WEEKLY else 1
        self._length = step * steps
        weekdays = {day for _, day in rule.days}
        offsets: list[Span] = []
        for number in range(steps):
            found = [number * step + one for one in candidates]
            if weekdays:
                found = [one for one in found if _weekday(self._base + one) in weekdays]
            offsets += _chosen(found, rule.positions)
        self._offsets = offsets
        self._skipped = bisect_left(offsets, begins - self._base)

    def between(self, low: WallTime, high: WallTime) -> Iterator[tuple[int, WallTime]]:
        """`low` is not before the first shift."""
        each = len(self._offsets)
        if not each or low >= high:
            return
        cycle, rest = divmod(low - self._base, self._length)
        place = bisect_left(self._offsets, rest)
        for number in count(cycle * each + place):
            cycle, place = divmod(number, each)
            wall = self._base + cycle * self._length + self._offsets[place]
            if wall >= high:
                return
            yield number - self._skipped, wall

    def before(self, wall: WallTime) -> int:
        cycle, rest = divmod(wall - self._base, self._length)
        return cycle * len(self._offsets) + bisect_left(self._offsets, rest) - self._skipped


class _Calendar:
    """Starts that depend on months and years, written out from the first one on."""

    def __init__(self, rule: Rule, begins: WallTime) -> None:
        self._rule = rule
        self._begins = begins
        # Replaced as a whole: another thread that asks meanwhile finds the shorter list or the longer one.
        self._known: tuple[WallTime, Sequence[WallTime]] = (begins, ())

    def between(self, low: WallTime, high: WallTime) -> Iterator[tuple[int, WallTime]]:
        starts = self._until(high)
        for number in range(bisect_left(starts, low), bisect_left(starts, high)):
            yield number, starts[number]

    def before(self, wall: WallTime) -> int:
        return bisect_left(self._until(wall), wall)

    def _until(self, high: WallTime) -> Sequence[WallTime]:
        reached, starts = self._known
        if reached < high:
            limit = min(max(high, self._begins + _AHEAD) + (high - self._begins), self._begins + REACH + 1)
            found: list[WallTime] = []
            for period in _periods(self._rule, self._begins, limit):
                found += [wall for wall in _chosen(period, self._rule.positions) if self._begins <= wall < limit]
            starts = found
            self._known = (max(limit, high), starts)
        return starts


def _period(rule: Rule, begins: WallTime) -> tuple[WallTime, Span, list[Span]]:
    """Where the first period begins, how far apart they are, and at which times in one there may be a start."""
    if rule.frequency is Frequency.HOURLY:
        return begins, rule.interval * HOUR, [0]
    midnight, time_of_day = begins - begins % DAY, begins % DAY
    if rule.frequency is Frequency.DAILY:
        return midnight, rule.interval * DAY, [time_of_day]
    base = midnight - (_weekday(begins) - rule.week_start) % 7 * DAY
    wanted = {day for _, day in rule.days} or {_weekday(begins)}
    offsets = sorted((day - rule.week_start) % 7 * DAY + time_of_day for day in wanted)
    return base, rule.interval * WEEK, offsets


def _periods(rule: Rule, begins: WallTime, limit: WallTime) -> Iterator[list[WallTime]]:
    """The possible starts of each period up to the limit, each period's in order."""
    time_of_day = begins % DAY
    if rule.frequency in (Frequency.DAILY, Frequency.WEEKLY):
        base, step, candidates = _period(rule, begins)
        while base < limit:
            yield [base + one for one in candidates if _fits(rule, base + one)]
            base += step
        return
    day = date.fromordinal(begins // DAY + _EPOCH_DAY)
    for number in count():
        if rule.frequency is Frequency.MONTHLY:
            year, month = divmod(day.year * 12 + day.month - 1 + number * rule.interval, 12)
        else:
            year, month = day.year + number * rule.interval, 0
        if year > _LAST_YEAR or _days_from_epoch(year, month + 1, 1) * DAY >= limit:
            return
        monthly = rule.frequency is Frequency.MONTHLY
        found = _of_month(rule, year, month + 1, day.day) if monthly else _of_year(rule, year, day)
        yield [one * DAY + time_of_day for one in found]


def _fits(rule: Rule, wall: WallTime) -> bool:
    day = date.fromordinal(wall // DAY + _EPOCH_DAY)
    if rule.months and day.month not in rule.months:
        return False
    if rule.days and all(weekday != day.weekday() for _, weekday in rule.days):
        return False
    length = monthrange(day.year, day.month)[1]
    return not rule.month_days or day.day in rule.month_days or day.day - length - 1 in rule.month_days


def _of_month(rule: Rule, year: int, month: int, day_of_first: int) -> list[int]:
    """The days of a month that the rule names, counted from 1970-01-01."""
    if rule.months and month not in rule.months:
        return []
    weekday, length = monthrange(year, month)
    days: Iterable[int] = range(1, length + 1)
    if rule.month_days:
        wanted = {one if one > 0 else length + 1 + one for one in rule.month_days}
        days = [one for one in days if one in wanted]
    elif not rule.days:
        days = [day_of_first] if day_of_first <= length else []
    if rule.days:
        days = [one for one in days if _is_named(rule, (weekday + one - 1) % 7, one, length)]
    begin = _days_from_epoch(year, month, 1)
    return [begin + one - 1 for one in days]


def _of_year(rule: Rule, year: int, day: date) -> list[int]:
    if rule.days and not rule.months and not rule.month_days:  # "the 20th Monday": of the year
        begin, end = _days_from_epoch(year, 1, 1), _days_from_epoch(year + 1, 1, 1)
        length = end - begin
        return [
            begin + one - 1
            for one in range(1, length + 1)
            if _is_named(rule, _weekday((begin + one - 1) * DAY), one, length)
        ]
    months = rule.months or (range(1, 13) if rule.month_days else (day.month,))
    return [one for month in months for one in _of_month(rule, year, month, day.day)]


def _is_named(rule: Rule, weekday: int, place: int, length: int) -> bool:
    """Whether BYDAY names this day, the `place`-th of a month or year of this length."""
    forth, back = (place - 1) // 7 + 1, -((length - place) // 7 + 1)
    return any(weekday == day and ordinal in (0, forth, back) for ordinal, day in rule.days)


def _chosen(found: list[int], positions: Sequence[int]) -> list[int]:
    """Those of a period's starts that BYSETPOS picks."""
    if not positions:
        return found
    size = len(found)
    wanted = {one - 1 if one > 0 else size + one for one in positions}
    return [one for place, one in enumerate(found) if place in wanted]


def _weekday(wall: WallTime) -> int:
    return (wall // DAY + 3) % 7  # 1970-01-01 was a Thursday


def _days_from_epoch(year: int, month: int, day: int) -> int:
    return date(year, month, day).toordinal() - _EPOCH_DAY
