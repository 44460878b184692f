"""The dead man's switch: calls TOCSIN_HEARTBEAT_URL every 30 s, but only while the pager is well.

Whoever watches that URL alarms on silence. The address is the operator's own choice and may be internal.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx2
import structlog

from tocsin.kernel.time import Moment

log = structlog.get_logger("heartbeat")

EVERY_SECONDS = 30.0
TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Beat:
    """One beat. `result`: "sent", "withheld" because the pager is not well, or what went wrong."""

    at: Moment
    result: str


class Heartbeat:
    """A thread that beats. An empty URL beats nothing."""

    def __init__(
        self,
        url: str,
        problems: Callable[[], Sequence[str]],
        now: Callable[[], Moment],
        *,
        every_seconds: float = EVERY_SECONDS,
    ) -> None:
        """`problems`: what is wrong now, in words; asked before each beat."""
        self._url = url
        self._problems = problems
        self._now = now
        self._every = every_seconds
        self.last: Beat | None = None
        self._stopping = threading.Event()

    def start(self) -> None:
        """Begin."""
        if self._url:
            threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()

    def stop(self) -> None:
        """No more beats."""
        self._stopping.set()

    @property
    def is_set_up(self) -> bool:
        """Whether there is an address to call."""
        return bool(self._url)

    def _beat(self) -> None:
        while not self._stopping.wait(self._every):
            result = self._try()
            self.last = Beat(self._now(), result)

    def _try(self) -> str:
        problems = self._problems()
        if problems:
            log.error("heartbeat_withheld", problems=problems)
            return "withheld"
        try:
            answer = httpx2.get(self._url, timeout=TIMEOUT_SECONDS)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            log.warning("heartbeat_failed", error=type(error).__name__)
            return type(error).__name__
        if answer.status_code >= 400:
            log.warning("heartbeat_refused", status=answer.status_code)
            return f"HTTP {answer.status_code}"
        return "sent"
