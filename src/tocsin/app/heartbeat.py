"""The dead man's switch: calls TOCSIN_HEARTBEAT_URL every 30 s, but only while the pager is well.

Whoever watches that URL alarms on silence. The address is the operator's own choice and may be internal.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import httpx2
import structlog

log = structlog.get_logger("heartbeat")

EVERY_SECONDS = 30.0
TIMEOUT_SECONDS = 10.0


class Heartbeat:
    """A thread that beats. An empty URL beats nothing."""

    def __init__(
        self, url: str, problems: Callable[[], Sequence[str]], *, every_seconds: float = EVERY_SECONDS
    ) -> None:
        """`problems`: what is wrong now, in words; asked before each beat."""
        self._url = url
        self._problems = problems
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
            problems = self._problems()
            if problems:
                log.error("heartbeat_withheld", problems=problems)
                continue
            try:
                answer = httpx2.get(self._url, timeout=TIMEOUT_SECONDS)
                if answer.status_code >= 400:
                    log.warning("heartbeat_refused", status=answer.status_code)
            except (httpx2.HTTPError, httpx2.InvalidURL) as error:
                log.warning("heartbeat_failed", error=type(error).__name__)
