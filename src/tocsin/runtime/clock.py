"""The one clock: the only module that asks the operating system what time it is. Everything else is handed a moment."""

from __future__ import annotations

import time
from typing import Protocol

from tocsin.kernel.time import Moment


class Clock(Protocol):
    """What tells the time. Tests give a clock that they move by hand."""

    def now(self) -> Moment:
        """The present instant, UTC."""

    def ticks(self) -> float:
        """Seconds of a stop-watch that never goes backwards; its zero means nothing."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> Moment:
        """The wall clock, in whole microseconds."""
        return time.time_ns() // 1_000

    def ticks(self) -> float:
        """The monotonic clock."""
        return time.monotonic()
