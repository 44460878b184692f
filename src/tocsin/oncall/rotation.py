"""One layer by itself: whose turn it is, and in which hours the layer serves.

Decides the rule of hand-offs, the same for turns of an hour, a day or a year: **turn k begins when the local clock
first shows virtual start + k * turn length or later**, and lasts until turn k + 1 begins. Hence

- a hand-off at 09:00 stays at 09:00 all the year, and 12-hour turns stay at 08:00 and 20:00;
- turns follow each other without gap or overlap in every zone, whatever its clock does, and k never goes back;
- a clock that goes back makes one turn longer: whoever had it then has the repeated hour. One that goes forward makes
  one turn shorter, and a turn that lies wholly in skipped time is empty: an hour in spring, a day in Samoa in 2011;
- k may be negative: before the virtual start the users rotate just the same, backwards;
- turns pass by time, not by hours served, so restricted hours use up turns too.

A restriction begins when the clock first shows its start and ends when the clock has shown its end for the last time,
so that nobody who reads a clock in those hours finds the layer absent. Two layers whose hours meet leave no gap; within
a repeated hour both may serve, and the later layer wins.

Never looks at other layers or at overrides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from tocsin.kernel.time import DAY, SECOND, WEEK, Moment
from tocsin.oncall.model import Entry, Layer, Restriction, RestrictionKind
from tocsin.oncall.wallclock import EARLIEST, LATEST, Reading, WallTime, first, last, local_time, reading, zone_named

Interval: TypeAlias = tuple[Moment, Moment]
"""[start, end) with start < end."""

_FIRST_MONDAY: WallTime = 4 * DAY  # 1970-01-05


def user_on_turn(layer: Layer, time_zone: str, at: Moment) -> str | None:
    """Who serves in this layer at that moment, or None. `time_zone` is the schedule's."""
    if not layer.user_ids or at < layer.start or (layer.end is not None and at >= layer.end):
        return None
    zone = zone_named(layer.time_zone or time_zone)
    now = reading(zone, at)
    if layer.restrictions and not any(_is_within(restriction, now) for restriction in layer.restrictions):
        return None
    began = local_time(zone, layer.rotation_virtual_start)
    return layer.user_ids[(now.highest - began) // (layer.turn_length_seconds * SECOND) % len(layer.user_ids)]


def layer_entries(layer: Layer, time_zone: str, since: Moment, until: Moment, *, overflow: bool = False) -> list[Entry]:
    """The layer written out over [since, until): one entry for each turn, or for each served part of one, in order.

    Entries are cut at the window; with `overflow` the first and the last keep their whole length.
    """
    zone_name = layer.time_zone or time_zone
    low, high = _within_life(layer, since, until)
    if low >= high or not layer.user_ids:
        return []
    turns = list(_turns(layer, zone_name, low, high))
    if overflow:
        low, high = _within_life(layer, turns[0][0], turns[-1][1])
    users = layer.user_ids
    served = ((max(start, low), min(end, high), users[turn % len(users)]) for start, end, turn in turns)
    if layer.restrictions:
        hours = serving_hours(layer.restrictions, zone_name, low, high)
        served = (part for part in _cut(served, hours) if part[0] < until and part[1] > since)
    return [Entry(start, end, user_id, layer.id) for start, end, user_id in served]


def serving_hours(restrictions: Iterable[Restriction], time_zone: str, since: Moment, until: Moment) -> list[Interval]:
    """The hours that any of the restrictions allows within [since, until), in order, none touching another."""
    if since >= until:
        return []
    zone = zone_named(time_zone)
    shown = reading(zone, since).highest
    found = []
    for restriction in restrictions:
        period, phase, duration = _cycle(restriction)
        wall = shown - (shown - phase) % period  # the latest start by now: it may still be running
        while (start := first(zone, wall)) < until:
            end = last(zone, wall + duration)
            if max(start, since) < min(end, until):
                found.append((max(start, since), min(end, until)))
            wall += period
    return _union(found)


def _within_life(layer: Layer, since: Moment, until: Moment) -> Interval:
    end = LATEST if layer.end is None else min(layer.end, LATEST)
    return max(since, layer.start, EARLIEST), min(until, end)


def _turns(layer: Layer, time_zone: str, since: Moment, until: Moment) -> Iterator[tuple[Moment, Moment, int]]:
    """The turns that touch [since, until), at their whole length: start, end, number. Empty turns are left out."""
    zone = zone_named(time_zone)
    length = layer.turn_length_seconds * SECOND
    began = local_time(zone, layer.rotation_virtual_start)
    turn = (reading(zone, since).highest - began) // length
    start = first(zone, began + turn * length)
    while start < until:
        end = first(zone, began + (turn + 1) * length)
        if start < end:
            yield start, end, turn
        turn += 1
        start = end


def _cycle(restriction: Restriction) -> tuple[WallTime, WallTime, WallTime]:
    """Every how long the hours come round, when they once began, and how long they last, all on the local clock."""
    start = restriction.start_time_of_day * SECOND
    duration = restriction.duration_seconds * SECOND
    if restriction.kind is RestrictionKind.DAILY:
        return DAY, start, duration
    return WEEK, _FIRST_MONDAY + ((restriction.start_day_of_week or 1) - 1) * DAY + start, duration


def _is_within(restriction: Restriction, now: Reading) -> bool:
    period, phase, duration = _cycle(restriction)
    began = now.highest - (now.highest - phase) % period
    return now.lowest < began + duration


def _union(intervals: list[Interval]) -> list[Interval]:
    intervals.sort()
    united: list[Interval] = []
    for start, end in intervals:
        if united and start <= united[-1][1]:
            united[-1] = (united[-1][0], max(end, united[-1][1]))
        else:
            united.append((start, end))
    return united


def _cut(turns: Iterable[tuple[Moment, Moment, str]], hours: list[Interval]) -> Iterator[tuple[Moment, Moment, str]]:
    """The parts of the turns that lie within the hours. Both are in order and without overlap."""
    at = 0
    for turn_start, turn_end, user_id in turns:
        while at < len(hours) and hours[at][1] <= turn_start:
            at += 1
        here = at
        while here < len(hours) and hours[here][0] < turn_end:
            start, end = hours[here]
            yield max(start, turn_start), min(end, turn_end), user_id
            here += 1
