"""All layers and overrides together: the one person at each moment, and how far their time reaches.

Decides the order of precedence in layered schedules: overrides over layers, the override created last over the others,
a later layer over an earlier one. This is the only place that does so, apart from `shifts.who_is_on_call`, its short
form for one moment. What shift-based schedules do is decided by `shift_based`; searches are the same for both.
Never tells how it looks to a vendor, and never looks further than `HORIZON`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush
from itertools import pairwise

from tocsin.kernel.errors import Invalid
from tocsin.kernel.time import DAY, SECOND, Moment, Span
from tocsin.kernel.wording import phrase
from tocsin.oncall.model import Entry, Exceptions, Override, Schedule
from tocsin.oncall.rotation import Interval, layer_entries
from tocsin.oncall.shift_based import final, per_day, precedence
from tocsin.oncall.wallclock import EARLIEST, LATEST

HORIZON: Span = 400 * DAY
"""How far from the moment asked about we look for the edge of a shift, or for the next person."""

WINDOW: Span = 800 * DAY
"""The longest stretch that is written out at once: two years, and the length of any turn on top."""

PIECES = 50_000
"""Turns and served hours that a search reads at most: a schedule cut very small is looked ahead less far."""

_FIRST_STEP: Span = DAY
_GROWTH = 7
"""A search looks through a day, then a week, then much more at once."""


def horizon_of(schedule: Schedule) -> Span:
    """How far searches in this schedule look: `HORIZON`, or less when that would be more than `PIECES`."""
    daily = sum(len(layer.restrictions) + DAY / (layer.turn_length_seconds * SECOND) for layer in schedule.layers)
    daily += per_day(schedule)
    return min(HORIZON, int(PIECES / daily) * DAY) if daily else HORIZON


def check_window(since: Moment, until: Moment) -> None:
    """Raises Invalid unless the window runs forwards, is no longer than `WINDOW`, and lies within the calendar."""
    if until < since:
        raise Invalid("The end of the time range is before its start.")
    if until - since > WINDOW:
        raise Invalid(phrase("The time range is longer than %(window)s days.", window=WINDOW // DAY))
    if since < EARLIEST or until > LATEST:
        raise Invalid("The time range lies outside the years 1 to 9999.")


def override_entries(
    overrides: Iterable[Override], since: Moment, until: Moment, *, overflow: bool = False
) -> list[Entry]:
    """The overrides that count within [since, until), in order and without overlap; with `overflow` not cut at it."""
    touching = [one for one in overrides if one.start < until and one.end > since and one.start < one.end]
    if overflow and touching:
        wide_since, wide_until = min(one.start for one in touching), max(one.end for one in touching)
        wide = override_entries(overrides, wide_since, wide_until)
        return [entry for entry in wide if entry.start < until and entry.end > since]
    return _flatten(touching, since, until)


def final_entries(
    schedule: Schedule, exceptions: Exceptions, since: Moment, until: Moment
) -> tuple[list[Entry], list[Interval]]:
    """Who is on call in [since, until), each stretch of one person as one entry; and the stretches without anybody."""
    if schedule.shift_based:
        return final(schedule, exceptions, since, until)
    return settle(_stacked(schedule, overrides_in(exceptions), since, until), since, until)


def overrides_in(exceptions: Exceptions) -> list[Override]:
    """The overrides among them."""
    return [one for one in exceptions if isinstance(one, Override)]


def settle(stack: Iterable[Sequence[Entry]], since: Moment, until: Moment) -> tuple[list[Entry], list[Interval]]:
    """Lays the rows of `stack` over each other, the foremost first. As `final_entries`.

    Reads no more of the stack than it takes to fill the window.
    """
    free = [(since, until)] if since < until else []
    parts: list[Entry] = []
    for row in stack:
        free = _fill(free, row, parts)
        if not free:
            break
    parts.sort(key=lambda part: part.start)
    return _joined(parts), free


def reach_forward(schedule: Schedule, exceptions: Exceptions, user_id: str, at: Moment) -> Moment | None:
    """The end of the person's time on call that goes on at `at` (or ended just there), None beyond the horizon."""
    start = at
    for stop in _steps(at, min(at + horizon_of(schedule), LATEST)):
        entries = _of(user_id, schedule, exceptions, start, stop)
        if not entries or entries[0].start > start:
            return start
        if entries[0].end < stop:
            return entries[0].end
        start = stop
    return None


def reach_back(schedule: Schedule, exceptions: Exceptions, user_id: str, at: Moment) -> Moment | None:
    """The start of the person's time on call that lasts until `at`, None beyond the horizon."""
    end = at
    for stop in _steps(at, max(at - horizon_of(schedule), EARLIEST)):
        entries = _of(user_id, schedule, exceptions, stop, end)
        if not entries or entries[-1].end < end:
            return end
        if entries[-1].start > stop:
            return entries[-1].start
        end = stop
    return None


def _of(user_id: str, schedule: Schedule, exceptions: Exceptions, since: Moment, until: Moment) -> list[Entry]:
    return [one for one in final_entries(schedule, exceptions, since, until)[0] if one.user_id == user_id]


def entries_from(schedule: Schedule, exceptions: Exceptions, at: Moment) -> Iterator[Entry]:
    """The final entries from `at` to the horizon. Long ones may come in several pieces, the last is cut."""
    start = at
    for stop in _steps(at, min(at + horizon_of(schedule), LATEST)):
        yield from final_entries(schedule, exceptions, start, stop)[0]
        start = stop


def _steps(start: Moment, limit: Moment) -> Iterator[Moment]:
    """Moments from `start` (itself left out) to the limit, in steps that grow: most answers are near."""
    sign = 1 if limit >= start else -1
    step = _FIRST_STEP
    distance = 0
    while distance < abs(limit - start):
        distance = min(distance + step, abs(limit - start))
        step *= _GROWTH
        yield start + sign * distance


def _stacked(
    schedule: Schedule, overrides: Iterable[Override], since: Moment, until: Moment
) -> Iterator[Sequence[Entry]]:
    yield override_entries(overrides, since, until)
    for layer in reversed(schedule.layers):
        yield layer_entries(layer, schedule.time_zone, since, until)


def _flatten(overrides: Iterable[Override], since: Moment, until: Moment) -> list[Entry]:
    """Sweeps over the edges of the overrides; a heap holds those that are open, the one that counts on top."""
    ranked = sorted(overrides, key=precedence, reverse=True)
    waiting = sorted(enumerate(ranked), key=lambda item: item[1].start, reverse=True)
    edges = sorted({max(one.start, since) for one in ranked} | {min(one.end, until) for one in ranked})
    open_ranks: list[int] = []
    entries: list[Entry] = []
    for start, end in pairwise(edges):
        while waiting and waiting[-1][1].start <= start:
            heappush(open_ranks, waiting.pop()[0])
        while open_ranks and ranked[open_ranks[0]].end <= start:
            heappop(open_ranks)
        if open_ranks:
            one = ranked[open_ranks[0]]
            entry = Entry(start, end, one.user_id, override_id=one.id)
            if entries and entries[-1].end == start and entries[-1].override_id == one.id:
                entry = Entry(entries.pop().start, end, one.user_id, override_id=one.id)
            entries.append(entry)
    return entries


def _fill(free: list[Interval], row: Sequence[Entry], parts: list[Entry]) -> list[Interval]:
    """Adds to `parts` what of the row falls into free time, and returns the time that is free thereafter."""
    left: list[Interval] = []
    at = 0
    for start, end in free:
        while at < len(row) and row[at].end <= start:
            at += 1
        here = at
        reached = start
        while here < len(row) and row[here].start < end:
            entry = row[here]
            part = _clipped(entry, start, end)
            if part.start > reached:
                left.append((reached, part.start))
            parts.append(part)
            reached = part.end
            here += 1
        if reached < end:
            left.append((reached, end))
    return left


def _clipped(entry: Entry, since: Moment, until: Moment) -> Entry:
    if since <= entry.start and entry.end <= until:
        return entry
    start, end = max(entry.start, since), min(entry.end, until)
    return Entry(start, end, entry.user_id, entry.layer_id, entry.override_id)


def _joined(entries: Iterable[Entry]) -> list[Entry]:
    """The entries, in order, with neighbours of the same person made one."""
    joined: list[Entry] = []
    for entry in entries:
        if joined and joined[-1].end == entry.start and joined[-1].user_id == entry.user_id:
            head = joined[-1]
            joined[-1] = Entry(head.start, entry.end, head.user_id, head.layer_id, head.override_id)
        else:
            joined.append(entry)
    return joined
