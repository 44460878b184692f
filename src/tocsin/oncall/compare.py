"""Two versions of a schedule side by side: who is on call otherwise, and when nobody is any more.

Decides what a change means in people: the stretches in which somebody else is on call, how many shifts and how much
time each person gains or loses, and which stretches without anybody are new. Who is on call in either version is
decided by `final` alone. Never decides whether a change may be made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tocsin.kernel.time import DAY, Moment, Span
from tocsin.oncall.final import HORIZON, final_entries, horizon_of
from tocsin.oncall.model import Entry, Exceptions, Gap, Schedule
from tocsin.oncall.rotation import Interval

AHEAD: Span = 84 * DAY
"""So far two versions are compared: twelve weeks, in which most rotations have come round."""

Version = tuple[Schedule, Exceptions]
"""A schedule with its overrides and custom shifts."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """[start, end) in which other people are on call than before. No one in `was` or `now`: nobody."""

    start: Moment
    end: Moment
    was: tuple[str, ...]
    now: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """One person's part: shifts and time on call in the window before and after the change."""

    user_id: str
    shifts_before: int
    shifts_after: int
    time_before: Span
    time_after: Span


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a change means within [since, until). `shares`: of everybody whose part changes, who loses most first.

    `opened`: where somebody was on call and nobody is now; `gaps`: every stretch without anybody afterwards.
    """

    since: Moment
    until: Moment
    stretches: tuple[Stretch, ...]
    shares: tuple[Share, ...]
    opened: tuple[Gap, ...]
    gaps: tuple[Gap, ...]


def compare(before: Version | None, after: Version, since: Moment, span: Span = AHEAD) -> Comparison:
    """The two versions over `span` from `since` on, less where that is very much to write out.

    `before` None: there was no schedule; then no gap counts as opened.
    """
    versions = [one for one in (before, after) if one is not None]
    until = since + min([span, *(_reach(schedule) for schedule, _ in versions)])
    old, old_free = final_entries(*before, since, until) if before is not None else ([], [(since, until)])
    new, new_free = final_entries(*after, since, until)
    found = tuple(_stretches(old, new, since, until))
    opened = _without(new_free, old_free) if before is not None else []
    return Comparison(
        since,
        until,
        found,
        tuple(_shares(old, new)),
        tuple(Gap(*one) for one in opened),
        tuple(Gap(*one) for one in new_free),
    )


def opened_gaps(before: Version, after: Version, since: Moment, span: Span = AHEAD) -> tuple[Gap, ...]:
    """Where `before` has somebody on call and `after` nobody, as in `compare`."""
    until = since + min(span, _reach(before[0]), _reach(after[0]))
    new_free = final_entries(*after, since, until)[1]
    if not new_free:
        return ()
    return tuple(Gap(*one) for one in _without(new_free, final_entries(*before, since, until)[1]))


def _reach(schedule: Schedule) -> Span:
    """How far a schedule is compared: a fifth of what is searched where it is cut small, as the engine waits for it."""
    found = horizon_of(schedule)
    return found if found == HORIZON else found // 5


def _stretches(old: Sequence[Entry], new: Sequence[Entry], since: Moment, until: Moment) -> Iterable[Stretch]:
    """Sweeps over the edges of both; neighbours with the same people are one stretch."""
    changes: dict[Moment, list[tuple[int, int, str]]] = defaultdict(list)
    for side, entries in enumerate((old, new)):
        for one in entries:
            changes[one.start].append((side, 1, one.user_id))
            changes[one.end].append((side, -1, one.user_id))
    serving: tuple[dict[str, int], dict[str, int]] = ({}, {})
    pending: Stretch | None = None
    edges = sorted({since, until, *changes})
    for start, end in pairwise(edges):
        for side, step, user_id in changes[start]:
            count = serving[side].get(user_id, 0) + step
            serving[side][user_id] = count
        was, now = (tuple(sorted(one for one, count in serving[side].items() if count)) for side in (0, 1))
        if pending is not None and (pending.was, pending.now) == (was, now) and pending.end == start:
            pending = Stretch(pending.start, end, was, now)
            continue
        if pending is not None:
            yield pending
        pending = Stretch(start, end, was, now) if was != now else None
    if pending is not None:
        yield pending


def _shares(old: Sequence[Entry], new: Sequence[Entry]) -> list[Share]:
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for side, entries in enumerate((old, new)):
        for one in entries:
            counts[one.user_id][side] += 1
            counts[one.user_id][2 + side] += one.end - one.start
    found = [Share(user_id, *numbers) for user_id, numbers in counts.items()]
    changed = [one for one in found if (one.shifts_before, one.time_before) != (one.shifts_after, one.time_after)]
    return sorted(changed, key=lambda one: (one.time_after - one.time_before, one.user_id))


def _without(free: Sequence[Interval], before: Sequence[Interval]) -> list[Interval]:
    """What of `free` is in none of `before`. Both are in order and without overlap."""
    left: list[Interval] = []
    for start, end in free:
        reached = start
        for was_start, was_end in before:
            if was_end <= reached or was_start >= end:
                continue
            if was_start > reached:
                left.append((reached, was_start))
            reached = max(reached, was_end)
        if reached < end:
            left.append((reached, end))
    return left
