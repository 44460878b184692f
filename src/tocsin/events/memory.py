"""What rules remember from event to event: counts within a span, the newest value of something, how often they acted.

Decides how exact a count is: to a hundredth and a bit of its span. Never decides what is counted.
"""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.kernel.time import MILLISECOND, Moment, Span
from tocsin.kernel.values import replace

BUCKETS = 128
"""Parts of a span that are counted apart; so many numbers a count takes at most, however many events there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """One thing that a rule or cache variable remembers.

    `buckets`: (which part of time, events in it), oldest first. `value`, since `at`. `total` counts for ever.
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


def _width(span: Span) -> Span:
    return max(span // BUCKETS, MILLISECOND)
