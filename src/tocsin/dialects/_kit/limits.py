"""How much an integration may send: a limit per key and minute, and the door that shuts when deciding falls behind.

Decides whether a sender has to wait and how long; never which status tells it so, for that differs by vendor.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

from tocsin.kernel.time import MINUTE, SECOND, Moment, Span

SLOT: Span = MINUTE // 600
"""Events within a tenth of a second are counted as one moment, so a window never holds more than 601 moments."""


class Limiter(Protocol):
    """A limit of rate, per integration."""

    def allowed(self, integration_id: str, now: Moment, events: int = 1) -> int | None:
        """None: allowed, and counted. Otherwise the whole seconds (at least 1) after which trying again may work."""


class Backlog(Protocol):
    """How far deciding has fallen behind accepting."""

    def overloaded(self) -> int | None:
        """None: there is room. Otherwise the whole seconds after which there may be."""


class PerMinute:
    """At most `limit` events of one integration in any minute; 0 is no limit.

    A batch is never parted: it is allowed while there is any room, else one larger than the limit could never pass.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._windows: dict[str, _Window] = {}

    def allowed(self, integration_id: str, now: Moment, events: int = 1) -> int | None:
        """See `Limiter`. What is refused does not count, so a sender that keeps trying is not locked out."""
        if self._limit <= 0:
            return None
        window = self._windows.get(integration_id)
        if window is None:
            window = self._windows[integration_id] = _Window()
        return window.admit(self._limit, now, events)


class _Window:
    """What one integration sent within the last minute: (slot, events), oldest first, and their sum."""

    __slots__ = ("_slots", "_sum")

    def __init__(self) -> None:
        self._slots: deque[tuple[Moment, int]] = deque()
        self._sum = 0

    def admit(self, limit: int, now: Moment, events: int) -> int | None:
        slots = self._slots
        if slots and slots[-1][0] > now:  # the clock was set back: what lies ahead would count for too long
            slots.clear()
            self._sum = 0
        while slots and slots[0][0] <= now - MINUTE:
            self._sum -= slots.popleft()[1]
        if self._sum >= limit:
            return self._wait(limit, now)
        self._sum += events
        slot = now - now % SLOT
        if slots and slots[-1][0] == slot:
            events += slots.pop()[1]
        slots.append((slot, events))
        return None

    def _wait(self, limit: int, now: Moment) -> int:
        """Seconds until so much has left the window that there is room."""
        left = self._sum
        free_at = now
        for slot, events in self._slots:
            left -= events
            free_at = slot + MINUTE
            if left < limit:
                break
        return max(1, -(-(free_at - now) // SECOND))


class Gate:
    """Both limits, asked once per request for an integration that is known."""

    def __init__(self, limiter: Limiter | None = None, backlog: Backlog | None = None) -> None:
        self._limiter = limiter
        self._backlog = backlog

    def wait(self, integration_id: str, now: Moment, events: int = 1) -> int | None:
        """None: come in. Otherwise the seconds for Retry-After."""
        if self._backlog is not None and (seconds := self._backlog.overloaded()) is not None:
            return seconds
        if self._limiter is not None:
            return self._limiter.allowed(integration_id, now, events)
        return None


OPEN = Gate()
"""No limits."""
