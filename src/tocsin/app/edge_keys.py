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
from tocsin.storage.database import DatabaseError

log = structlog.get_logger("edge")

REFRESH_SECONDS = 2.0


class EdgeKeys:
    """Implements `dialects._kit.keys.Keys`. Before the first look at a database a key is unknown yet, never wrong."""

    def __init__(
        self, read: Callable[[], Config], decided: Callable[[], int], note_decided: Callable[[int], None]
    ) -> None:
        """`read`: the present configuration; `decided`: the engine's cursor; `note_decided` is told it."""
        self._read = read
        self._decided = decided
        self._note_decided = note_decided
        self._table: KeyTable | None = None
        self._version = -1
        self._wake = threading.Event()

    def start(self) -> None:
        """Begin to refresh, in a thread."""
        threading.Thread(target=self._keep_fresh, name="edge-keys", daemon=True).start()

    def changed(self, topics: Iterable[str]) -> None:
        """Something changed: look again if it may concern keys."""
        if not {"config", "reconnected"}.isdisjoint(topics):
            self._wake.set()

    def integration(self, key: str, /) -> IntegrationRef | None:
        """Whose key this is."""
        if self._table is None:
            raise Unavailable("The server is starting.", reason="starting")
        return self._table.integration(key)

    def refresh(self) -> None:
        """Look at the configuration and the cursor now. Raises what the database raises."""
        config = self._read()
        if config.version != self._version:
            self._table = KeyTable(
                IntegrationRef(one.id, one.service_id, one.key) for one in config.integrations.values()
            )
            self._version = config.version
        self._note_decided(self._decided())

    def _keep_fresh(self) -> None:
        while True:
            with contextlib.suppress(DatabaseError):
                self.refresh()
            self._wake.wait(REFRESH_SECONDS if self._table is not None else 0.05)
            self._wake.clear()
