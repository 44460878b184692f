"""Requests per key and minute, and the three headers that tell a client how it stands.

Decides whether a request has to wait. Without a limit of ours the headers show the usual one and never say "none left":
some clients stop by themselves when nothing remains.
"""

from __future__ import annotations

import threading

from tocsin.kernel.time import MINUTE, SECOND, Moment

USUAL = 960
"""What clients of this API expect to have."""


class Rate:
    """Counts in whole minutes of the clock. Safe to use from many threads."""

    def __init__(self, per_minute: int) -> None:
        """`per_minute` 0 = no limit."""
        self._limit = per_minute
        self._lock = threading.Lock()
        self._minute = -1
        self._counts: dict[str, int] = {}

    def take(self, key_id: str, now: Moment) -> tuple[bool, dict[str, str]]:
        """Whether the request may go on, and the headers for its answer."""
        minute = now // MINUTE
        with self._lock:
            if minute != self._minute:
                self._minute = minute
                self._counts.clear()
            count = self._counts[key_id] = self._counts.get(key_id, 0) + 1
        limit = self._limit or USUAL
        left = max(0 if self._limit else 1, limit - count)
        reset = -(-((minute + 1) * MINUTE - now) // SECOND)
        headers = {"ratelimit-limit": str(limit), "ratelimit-remaining": str(left), "ratelimit-reset": str(reset)}
        return not self._limit or count <= self._limit, headers
