"""When each API key was last used: noted in memory by whoever checks keys, written down now and then by a thread.

A request never waits for it, and a server that is killed forgets the last half minute. Decides nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Final

import structlog

from tocsin.kernel.time import Moment
from tocsin.runtime.clock import Clock
from tocsin.storage.database import DatabaseError, OutOfReach
from tocsin.storage.edge import EdgeStore

log = structlog.get_logger("keys")

EVERY_SECONDS: Final = 30.0


class KeyUses:
    """Safe to use from many threads."""

    def __init__(self, store: EdgeStore, clock: Clock, *, every_seconds: float = EVERY_SECONDS) -> None:
        self._store = store
        self._clock = clock
        self._every = every_seconds
        self._fresh: dict[str, Moment] = {}
        self._stopping = threading.Event()

    def start(self) -> None:
        """Begin to write down."""
        threading.Thread(target=self._write, name="key-uses", daemon=True).start()

    def stop(self) -> None:
        """Write down what is new, and end."""
        self._stopping.set()

    def note(self, key_id: str) -> None:
        """The key was used just now."""
        self._fresh[key_id] = self._clock.now()

    def last(self) -> Mapping[str, Moment]:
        """When each key that was ever used was used last, by its id."""
        fresh = dict(self._fresh)
        return {**self._store.uses("key"), **fresh}

    def flush(self) -> None:
        """Write down what is new. What can't be written now is kept for the next time."""
        fresh = dict(self._fresh)
        if not fresh:
            return
        try:
            self._store.note_uses({f"key:{key_id}": at for key_id, at in fresh.items()})
        except (DatabaseError, OutOfReach) as error:
            log.warning("key_uses_not_written", error=str(error)[:300])
            return
        for key_id, at in fresh.items():
            if self._fresh.get(key_id) == at:
                del self._fresh[key_id]

    def _write(self) -> None:
        while not self._stopping.wait(self._every):
            self.flush()
        self.flush()
