"""The local clock of a time zone: which moment a wall-clock time is, and what the clock has shown by a moment.

Decides the two cases in which local time is no plain number. A time that the clock *skips* (spring) happens at the
first moment after the skip. A time that it shows *twice* (autumn) begins something the first time and ends something
the last time. So, for every wall-clock time w,

- `first(w)` is the earliest moment at which the clock shows w or later,
- `last(w)`  is the earliest moment from which on the clock never again shows less than w,

both grow with w, and both are the same moment except within a repeated hour. `reading` is the inverse: the highest
time that the clock has shown by a moment, and the lowest that it will still show. Then

    first(w) <= t  exactly when  w <= reading(t).highest
    t < last(w)    exactly when  reading(t).lowest < w

Never reads the machine's own zone: names that depend on it (`localtime`) are unknown here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo, available_timezones

from tocsin.kernel.time import DAY, MICROSECOND, SECOND, Moment, Span, from_datetime

WallTime: TypeAlias = int
"""A local date and time: microseconds since 1970-01-01T00:00 as the clock on the wall shows it."""

EARLIEST: Moment = from_datetime(datetime(1, 1, 3, tzinfo=UTC))
LATEST: Moment = from_datetime(datetime(9999, 12, 29, tzinfo=UTC))
"""The calendar ends here. Wall-clock times beyond are taken for the edge, so that a turn may reach over it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WALL_EPOCH = _EPOCH.replace(tzinfo=None)


class Reading(NamedTuple):
    """The highest time that a clock has shown by a moment, and the lowest that it shows from then on."""

    highest: WallTime
    lowest: WallTime


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """Every time zone that a schedule may have."""
    return frozenset(available_timezones() - {"localtime", "Factory"})


@lru_cache(maxsize=1024)
def zone_named(name: str) -> ZoneInfo:
    """The zone with that name. An unknown one counts as UTC: a zone that went missing must not leave nobody on call."""
    return ZoneInfo(name if name in zone_names() else "UTC")


def local_time(zone: ZoneInfo, at: Moment) -> WallTime:
    """What the clock shows at that moment. `at` lies between EARLIEST and LATEST."""
    return at + _offset(_local(zone, at).utcoffset())


def reading(zone: ZoneInfo, at: Moment) -> Reading:
    """What the clock has shown by that moment, and will show after. `at` lies between EARLIEST and LATEST."""
    local = _local(zone, at)
    offset = _offset(local.utcoffset())
    other = _offset(local.replace(fold=1 - local.fold).utcoffset())
    now = at + offset
    if other == offset:
        return Reading(now, now)
    if local.fold:  # second time round: before the clock went back it had come almost to the end of the hour
        return Reading(_change(zone, now - other, at) + other - MICROSECOND, now)
    return Reading(now, _change(zone, at, now - other) + other)


@lru_cache(maxsize=16_384)  # layers hand over at the same times, and calendars are drawn again and again
def first(zone: ZoneInfo, wall: WallTime) -> Moment:
    """The earliest moment at which the clock shows `wall` or later."""
    if not EARLIEST < wall < LATEST:
        return _edge(wall)
    before, after = _offsets(zone, wall)
    return wall - before if after <= before else _change(zone, wall - after, wall - before)


@lru_cache(maxsize=16_384)
def last(zone: ZoneInfo, wall: WallTime) -> Moment:
    """The earliest moment from which on the clock never again shows less than `wall`."""
    if not EARLIEST < wall < LATEST:
        return _edge(wall)
    below = wall - MICROSECOND
    before, after = _offsets(zone, below)
    return wall - after if after <= before else _change(zone, below - after, below - before)


def _edge(wall: WallTime) -> Moment:
    return EARLIEST if wall <= EARLIEST else LATEST


def _offsets(zone: ZoneInfo, wall: WallTime) -> tuple[Span, Span]:
    """The offsets that the zone has the first and the last time that it shows `wall`.

    Of a time that it skips: those before and after the skip, and only then the second is the greater one.
    """
    naive = _WALL_EPOCH + timedelta(microseconds=wall)
    before = zone.utcoffset(naive)
    after = zone.utcoffset(naive.replace(fold=1))
    offset = _offset(before)
    return offset, offset if before == after else _offset(after)


def _change(zone: ZoneInfo, low: Moment, high: Moment) -> Moment:
    """The moment in (low, high] at which the zone's offset becomes that of `high`. Zones change on whole seconds."""
    wanted = _local(zone, high).utcoffset()
    old, new = low // SECOND, high // SECOND
    while new - old > 1:
        middle = (old + new) // 2
        if _local(zone, middle * SECOND).utcoffset() == wanted:
            new = middle
        else:
            old = middle
    return new * SECOND


def _local(zone: ZoneInfo, at: Moment) -> datetime:
    return (_EPOCH + timedelta(microseconds=at)).astimezone(zone)


def _offset(offset: timedelta | None) -> Span:
    """The offset in microseconds. A ZoneInfo always has one; the type of `utcoffset` doesn't know."""
    return (offset.days * DAY + offset.seconds * SECOND) if offset is not None else 0
