"""When a failed message is tried again: a table, so that anybody can read it."""

from __future__ import annotations

from tocsin.kernel.time import SECOND, Span

DELAYS: tuple[Span, ...] = tuple(seconds * SECOND for seconds in (1, 2, 4, 8, 15, 30, 30, 30, 30, 30))
"""The wait after the first, second ... failed attempt. After the last one the message is given up (about 3 minutes)."""

FORWARD_AFTER = 3
"""From this failed attempt on, the person's next notification rule is not waited for."""

LONGEST_WISH = 60 * SECOND
"""A provider that asks us to wait longer than this (Retry-After) is asked again sooner: a page does not keep."""


def next_delay(attempt: int, retry_after_seconds: int | None) -> Span | None:
    """How long to wait after failed attempt number `attempt` (from 1), or None to give up."""
    if attempt > len(DELAYS):
        return None
    wish = min(retry_after_seconds * SECOND, LONGEST_WISH) if retry_after_seconds else 0
    return max(DELAYS[attempt - 1], wish)
