"""The ingest log keeps what has an outcome: once an hour the segments before the oldest outcome are dropped.

The engine drops outcomes by age (`storage/retention.py`), in the order of the log and never an undecided event's, so
what is dropped here is decided and old. Decides nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from tocsin.storage.database import DatabaseError, OutOfReach

log = structlog.get_logger("edge")

FIRST_SECONDS = 60.0
EVERY_SECONDS = 3600.0


class LogSweep:
    """A thread that looks now and then."""

    def __init__(self, oldest_kept: Callable[[], int], drop_before: Callable[[int], None]) -> None:
        """`oldest_kept`: the number of the oldest event to keep; `drop_before` is told it."""
        self._oldest_kept = oldest_kept
        self._drop_before = drop_before
        self._stopping = threading.Event()

    def start(self) -> None:
        """Begin."""
        threading.Thread(target=self._run, name="log-sweep", daemon=True).start()

    def stop(self) -> None:
        """No more looks."""
        self._stopping.set()

    def look(self) -> None:
        """Drop what is old by now. Out of reach of the database nothing is known to be."""
        try:
            oldest = self._oldest_kept()
        except (DatabaseError, OutOfReach) as error:
            log.warning("log_not_swept", error=str(error)[:300])
            return
        self._drop_before(oldest)

    def _run(self) -> None:
        pause = FIRST_SECONDS
        while not self._stopping.wait(pause):
            self.look()
            pause = EVERY_SECONDS
