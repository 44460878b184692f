"""The dead man's switch: calls TOCSIN_HEARTBEAT_URL every 30 s, but only while the pager is well.

Whoever watches that URL alarms on silence. The address is the operator's own choice and may be internal.
"""

from __future__ import annotations

import threading

import httpx2
import structlog

from tocsin.app.health import Pulse
from tocsin.runtime.clock import Clock

log = structlog.get_logger("heartbeat")

EVERY_SECONDS = 30.0
TIMEOUT_SECONDS = 10.0


class Heartbeat:
    """A thread that beats. An empty URL beats nothing."""

    def __init__(self, url: str, pulse: Pulse, clock: Clock, *, every_seconds: float = EVERY_SECONDS) -> None:
        self._url = url
        self._pulse = pulse
        self._clock = clock
        self._every = every_seconds
        self._stopping = threading.Event()

    def start(self) -> None:
        """Begin."""
        if self._url:
            threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()

    def stop(self) -> None:
        """No more beats."""
        self._stopping.set()

    def _beat(self) -> None:
        while not self._stopping.wait(self._every):
            problems = self._pulse.health().problems
            if problems:
                log.error("heartbeat_withheld", problems=problems)
                continue
            try:
                httpx2.get(self._url, timeout=TIMEOUT_SECONDS)
            except httpx2.HTTPError as error:
                log.warning("heartbeat_failed", error=type(error).__name__)
