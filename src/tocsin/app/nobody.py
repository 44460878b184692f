"""Says in the log that nobody can be paged: soon after the start, then every hour until somebody can, and once then.

Whoever starts Tocsin and never opens it finds it where they look. Decides nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from tocsin.kernel.errors import TocsinError
from tocsin.storage.database import DatabaseError, OutOfReach

log = structlog.get_logger("edge")

FIRST_SECONDS = 5.0
"""After the start: an engine that is as new makes its database first."""

LOOK_SECONDS = 30.0
SAY_SECONDS = 3600.0


class Warner:
    """A thread that looks now and then."""

    def __init__(
        self,
        why_nobody: Callable[[], str],
        *,
        first: float = FIRST_SECONDS,
        every: float = LOOK_SECONDS,
        say_every: float = SAY_SECONDS,
    ) -> None:
        """`why_nobody`: why nobody can be paged, "" when somebody can. Times in seconds."""
        self._why_nobody = why_nobody
        self._first, self._every, self._say_every = first, every, say_every
        self._stopping = threading.Event()
        self._said: str | None = None
        self._silent = 0.0

    def start(self) -> None:
        """Begin."""
        threading.Thread(target=self._run, name="nobody", daemon=True).start()

    def stop(self) -> None:
        """No more looks."""
        self._stopping.set()

    def look(self, passed: float) -> None:
        """Look, `passed` seconds after the last look; say it if it is new or was not said for long."""
        try:
            why = self._why_nobody()
        except (DatabaseError, OutOfReach, TocsinError):
            return  # others say that the database is out of reach
        self._silent += passed
        if why and (why != self._said or self._silent >= self._say_every):
            log.warning("nobody_can_be_paged", why=why)
            self._silent = 0.0
        elif not why and self._said:
            log.info("somebody_can_be_paged")
        self._said = why

    def _run(self) -> None:
        pause = self._first
        while not self._stopping.wait(pause):
            self.look(pause)
            pause = self._every
