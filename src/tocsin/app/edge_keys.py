"""What the hot path needs of the configuration, kept in memory: integration keys, and how far deciding has come.

Refreshed when the engine says that something changed, and every two seconds in case nobody said so.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable

import structlog

from tocsin.dialects._kit.keys import IntegrationRef, KeyTable
from tocsin.engine.config import Config
from tocsin.kernel.errors import Unavailable
from tocsin.kernel.time import Moment
from tocsin.storage.database import DatabaseError

log = structlog.get_logger("edge")

REFRESH_SECONDS = 2.0


class EdgeKeys:
    """Implements `dialects._kit.keys.Keys`. Before the first look at a database a key is unknown yet, never wrong."""

    def __init__(
        self,
        read: Callable[[], Config],
        newest: Callable[[], Config | None],
        decided: Callable[[], int],
        note_decided: Callable[[int], None],
        now: Callable[[], Moment],
    ) -> None:
        """`read`: the configuration as stored; `newest`: as this process knows it, from memory.

        `decided`: the engine's cursor; `note_decided` is told it.
        """
        self._read = read
        self._newest = newest
        self._decided = decided
        self._note_decided = note_decided
        self._now = now
        self._table: KeyTable | None = None
        self._version = -1
        self._lock = threading.Lock()
        self._wake = threading.Event()

    def start(self) -> None:
        """Begin to refresh, in a thread."""
        threading.Thread(target=self._keep_fresh, name="edge-keys", daemon=True).start()

    def changed(self, topics: Iterable[str]) -> None:
        """Something changed: look again if it may concern keys."""
        if not {"config", "reconnected"}.isdisjoint(topics):
            self._wake.set()

    @property
    def is_ready(self) -> bool:
        """Whether there was a first look: before it every event is refused."""
        return self._table is not None

    def integration(self, key: str, /) -> IntegrationRef | None:
        """Whose key this is. One that is not known may be a moment old: who made it has been told so already."""
        if self._table is None:
            raise Unavailable("The server is starting.", reason="starting")
        found = self._table.integration(key)
        if found is None:
            newest = self._newest()
            if newest is not None and newest.version > self._version:
                self._take(newest)
                found = self._table.integration(key)
        if found is not None and found.until and found.until <= self._now():
            return None
        return found

    def refresh(self) -> None:
        """Look at the configuration and the cursor now. Raises what the database raises."""
        self._take(self._read())
        self._note_decided(self._decided())

    def _take(self, config: Config) -> None:
        with self._lock:
            if config.version > self._version:
                refs = [
                    IntegrationRef(one.id, one.service_id, one.old_key, one.old_key_until or 0)
                    for one in config.integrations.values()
                    if one.old_key
                ]
                refs += [IntegrationRef(one.id, one.service_id, one.key) for one in config.integrations.values()]
                refs += [IntegrationRef(one.id, "", one.key) for one in config.orchestration_keys.values()]
                self._table = KeyTable(refs)
                self._version = config.version

    def _keep_fresh(self) -> None:
        while True:
            with contextlib.suppress(DatabaseError):
                self.refresh()
            self._wake.wait(REFRESH_SECONDS if self._table is not None else 0.05)
            self._wake.clear()
