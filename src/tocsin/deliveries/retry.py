"""When a failed delivery is tried again, and when it is given up: a table, so that anybody can read it."""

from __future__ import annotations

from tocsin.kernel.time import DAY, HOUR, MINUTE, SECOND, Moment, Span

DELAYS: tuple[Span, ...] = (
    5 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    20 * MINUTE,
    30 * MINUTE,
    HOUR,
)
"""The wait after the first, second ... failed attempt; after the last of them it stays as long."""

GIVEN_UP_AFTER: Span = 48 * HOUR
"""What could not be delivered for so long is dropped."""

DROPS_IN_A_ROW = 3
"""After so many the subscription is disabled: somebody has to look at the receiver."""

DISABLED_FOR: Span = DAY


def next_try(attempts: int, queued_at: Moment, now: Moment, retry_after_seconds: int | None) -> Moment | None:
    """When to try again after failed attempt number `attempts` (from 1); None to give up."""
    wish = (retry_after_seconds or 0) * SECOND
    at = now + max(DELAYS[min(attempts, len(DELAYS)) - 1], wish)
    return at if at - queued_at <= GIVEN_UP_AFTER else None
