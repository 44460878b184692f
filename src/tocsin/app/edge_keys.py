"""What the hot path needs of the configuration, kept in memory: integration keys, and how far deciding has come.

Refreshed when the engine says that something changed, every two seconds in case nobody said so, and for whoever comes
with a key that is not known: it may have been made by another process a moment ago, and its maker told so already.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import structlog

from tocsin.dialects._kit.keys import IntegrationRef, KeyTable
from tocsin.engine.config import Config
from tocsin.kernel.errors import Unavailable
from tocsin.kernel.time import SECOND, Moment, Span
from tocsin.storage.database import DatabaseError

log = structlog.get_logger("edge")

REFRESH_SECONDS: Final = 2.0

LOOK_SECONDS: Final = 0.02
"""Between two looks for unknown keys: so many strangers as may come share fifty a second."""

MOST_WAITING: Final = 200
"""Whose keys are looked for at once; their bodies are held meanwhile. More come only when a look takes long."""

PATIENCE: Final[Span] = 5 * SECOND
"""So long somebody waits for a look: a database may have stopped to answer."""

_NO_LOOK: Final = "Whether this key is valid can't be found out at the moment. Try again soon."


class _Waiting(NamedTuple):
    """Somebody whose key is looked for."""

    since: Moment
    then: Callable[[Unavailable | None], None]


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
        self._pace = threading.Event()
        self._waiting: dict[int, _Waiting] = {}
        self._numbers = itertools.count()
        self._is_broken = False

    def start(self) -> None:
        """Begin to refresh, in a thread; another one sees to it that nobody waits too long for that."""
        threading.Thread(target=self._keep_fresh, name="edge-keys", daemon=True).start()
        threading.Thread(target=self._keep_patience, name="edge-keys-patience", daemon=True).start()

    def changed(self, topics: Iterable[str]) -> None:
        """Something changed: look again if it may concern keys."""
        if not {"config", "reconnected"}.isdisjoint(topics):
            self._wake.set()

    @property
    def is_ready(self) -> bool:
        """Whether there was a first look: before it every event is refused."""
        return self._table is not None

    @property
    def version(self) -> int:
        """Which version of the configuration the keys are of; -1 before the first look."""
        return self._version

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

    def after_look(self, then: Callable[[Unavailable | None], None], /) -> None:
        """Call `then` when the keys are at least as new as this call, or with the reason why that can't be.

        It is called in another thread, after a few seconds at most, and must not raise. Raises Unavailable when too
        many wait already: whose key could not be looked for may have the right one.
        """
        with self._lock:
            if len(self._waiting) >= MOST_WAITING:
                raise Unavailable(_NO_LOOK, reason="busy")
            self._waiting[next(self._numbers)] = _Waiting(self._now(), then)
        self._wake.set()

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
            if self.look():
                self._pace.wait(LOOK_SECONDS)
            self._wake.wait(REFRESH_SECONDS if self._table is not None else 0.05)
            self._wake.clear()

    def _keep_patience(self) -> None:
        while True:
            self._pace.wait(1.0)
            self.give_up()

    def look(self) -> int:
        """Refresh, and tell those who waited for it; how many."""
        with self._lock:
            asked = list(self._waiting)
        lost: Unavailable | None = None
        try:
            self.refresh()
            self._is_broken = False
        except DatabaseError:
            lost = Unavailable(_NO_LOOK, reason="database")
        except Exception:  # a defect: the thread that looks must outlive it
            if not self._is_broken:
                log.exception("keys_not_read")
            self._is_broken = True
            lost = Unavailable(_NO_LOOK, reason="defect")
        return self._tell(asked, lost)

    def give_up(self) -> int:
        """Tell those who have waited too long that nobody could look; how many."""
        before = self._now() - PATIENCE
        with self._lock:
            overdue = [number for number, one in self._waiting.items() if one.since <= before]
        return self._tell(overdue, Unavailable(_NO_LOOK, reason="database"))

    def _tell(self, numbers: Iterable[int], lost: Unavailable | None) -> int:
        with self._lock:
            told = [self._waiting.pop(number) for number in numbers if number in self._waiting]
        for one in told:
            one.then(lost)
        return len(told)
