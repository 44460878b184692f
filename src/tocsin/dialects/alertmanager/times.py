"""When an alert began and ends, with Alertmanager's defaults. Pure; the only clock is the moment of acceptance."""

from __future__ import annotations

from typing import Final

from tocsin.dialects._kit.fields import read_moment
from tocsin.kernel.time import MINUTE, Moment, Span

RESOLVE_TIMEOUT: Final[Span] = 5 * MINUTE
"""An alert without an end ends this long after its last repetition."""


def given(text: str | None) -> Moment | None:
    """The instant, None if there is none or it is Go's zero time (the year 1). Raises ValueError if unreadable."""
    if not text:
        return None
    moment = read_moment(text)
    return moment if moment > 0 else None


def period(starts_at: str | None, ends_at: str | None, received_at: Moment) -> tuple[Moment, Moment]:
    """Start and end of a posted alert. It is over if the end is not after `received_at`. Raises ValueError."""
    starts, ends = given(starts_at), given(ends_at)
    if starts is None:
        starts = received_at if ends is None else min(ends, received_at)
    if ends is None:
        ends = received_at + RESOLVE_TIMEOUT
    return starts, ends
