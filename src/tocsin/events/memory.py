"""What rules remember from event to event: counts within a span, the newest value of something, how often they acted.

Decides how exact a count is: to a hundredth and a bit of its span. Never decides what is counted.
"""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.kernel.time import DAY, MILLISECOND, Moment, Span
from tocsin.kernel.values import replace

BUCKETS = 128
"""Parts of a span that are counted apart; so many numbers a count takes at most, however many events there are."""

DAYS = 30
"""Days, today among them, of which it is kept how often a rule acted; so many numbers a rule takes at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """One thing that a rule or cache variable remembers.

    `buckets`: (which part of time, events in it), oldest first; of what is counted by day the number of the UTC day
    since 1970. `value`, since `at`. `total` counts for ever.
    """

    id: str
    buckets: tuple[tuple[int, int], ...] = ()
    value: str | int | float | bool | None = None
    at: Moment = 0
    total: int = 0


def counted(memory: Memory, now: Moment, span: Span) -> Memory:
    """One event more, now; what lies further back than the span is forgotten."""
    width = _width(span)
    current = now // width
    kept = [(part, count) for part, count in memory.buckets if part > current - BUCKETS]
    if kept and kept[-1][0] >= current:
        kept[-1] = (kept[-1][0], kept[-1][1] + 1)
    else:
        kept.append((current, 1))
    return replace(memory, buckets=tuple(kept), at=now)


def count_within(memory: Memory, now: Moment, span: Span) -> int:
    """Events of the last `span`."""
    oldest = now // _width(span) - BUCKETS
    return sum(count for part, count in memory.buckets if part > oldest)


def acted(memory: Memory, now: Moment) -> Memory:
    """A rule acted once more, today. Nearly always the day is there already; a clock set back counts on its newest."""
    today, buckets = now // DAY, memory.buckets
    if buckets and buckets[-1][0] >= today:
        day, count = buckets[-1]
        days = (*buckets[:-1], (day, count + 1))
    else:
        days = (*(one for one in buckets if one[0] > today - DAYS), (today, 1))
    return replace(memory, buckets=days, at=now, total=memory.total + 1)


def acted_lately(memory: Memory, now: Moment) -> int:
    """How often a rule acted in the last 30 days, by UTC days, today among them."""
    return sum(count for day, count in memory.buckets if day > now // DAY - DAYS)


def _width(span: Span) -> Span:
    return max(span // BUCKETS, MILLISECOND)
