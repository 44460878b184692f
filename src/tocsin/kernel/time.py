"""Moments and spans: how the whole program writes time down. Never reads a clock.

A *moment* is an instant, a *span* a duration; both are whole microseconds as plain integers (UTC since the Unix
epoch for moments). Integers compare, store and serialise exactly, on every database, without a zone to forget.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TypeAlias

Moment: TypeAlias = int
"""An instant: microseconds since 1970-01-01T00:00:00Z."""

Span: TypeAlias = int
"""A duration in microseconds."""

MICROSECOND: Span = 1
MILLISECOND: Span = 1_000
SECOND: Span = 1_000_000
MINUTE: Span = 60 * SECOND
HOUR: Span = 60 * MINUTE
DAY: Span = 24 * HOUR
WEEK: Span = 7 * DAY

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_datetime(moment: Moment) -> datetime:
    """The moment as an aware UTC datetime. Raises OverflowError outside years 1 to 9999."""
    return _EPOCH + timedelta(microseconds=moment)


def from_datetime(value: datetime) -> Moment:
    """The moment of an aware datetime. Raises ValueError for a naive one: a zone is never guessed."""
    if value.tzinfo is None:
        raise ValueError("a datetime without a zone is not a moment")
    return (value - _EPOCH) // timedelta(microseconds=1)


def iso(moment: Moment) -> str:
    """ISO 8601 in UTC with whole seconds: `2026-01-06T00:00:00Z`."""
    return to_datetime(moment).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_iso(text: str) -> Moment:
    """The moment of an ISO 8601 text with an offset or `Z`. Raises ValueError for anything else."""
    return from_datetime(datetime.fromisoformat(text))
