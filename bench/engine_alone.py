"""An engine without its process and without network, on a log that the caller writes."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from bench.mix import Bodies, Step, dedup_key
from tocsin.app.engine_role import DECODERS
from tocsin.kernel.ids import IdSource
from tocsin.paging.messages import RecordAttempt, SendMessage
from tocsin.paging.model import Result
from tocsin.runtime.clock import SystemClock
from tocsin.runtime.engine_loop import EngineLoop
from tocsin.storage.database import open_database
from tocsin.storage.log import NewEntry
from tocsin.storage.log.sqlite import SqliteLogReader, SqliteLogWriter
from tocsin.storage.turns import TurnStore
from tocsin.testing.load import Place

SOURCE = "pagerduty.v2"


class Outlet:
    """A provider that takes everything at once."""

    def __init__(self, report: Callable[[RecordAttempt], None]) -> None:
        self._report = report
        self.sent = 0

    def submit(self, message: SendMessage) -> None:
        self.sent += 1
        self._report(RecordAttempt(message_id=message.message_id, attempt=message.attempt, result=Result.SENT))

    def stop(self, message_id: str) -> None:
        """Nothing waits here."""


class Engine:
    """An engine on a folder, without its process."""

    def __init__(self, folder: Path, places: Sequence[Place]) -> None:
        self._clock = SystemClock()
        ids = IdSource(random.Random(1), self._clock.now)
        self._places = places
        self._bodies = Bodies([place.integration.key for place in places])
        self.log = SqliteLogWriter(folder / "log", ids.key)
        self._reader = SqliteLogReader(folder / "log")
        self._database = open_database(folder, None)
        self._store = TurnStore(self._database, "bench")
        self._loop = EngineLoop(self._store, self._reader, DECODERS, ids=ids, clock=self._clock)
        self.outlet = Outlet(self._loop.report)
        self._loop.connect(self.outlet)

    def write(self, steps: Iterable[Step]) -> int:
        """Put events into the log; returns how many."""
        now = self._clock.now()
        count = len(self._places)
        entries = [
            NewEntry(
                now,
                SOURCE,
                self._places[step.number % count].integration.id,
                dedup_key(step.number),
                self._bodies.body(step),
            )
            for step in steps
        ]
        for start in range(0, len(entries), 1000):
            self.log.append(entries[start : start + 1000])
        return len(entries)

    def decide(self) -> tuple[float, float]:
        """Decide all that is in the log; returns the seconds that took, and the processor's share of them."""
        began, used = time.perf_counter(), time.process_time()
        while self._loop.turn():
            pass
        return time.perf_counter() - began, time.process_time() - used

    def close(self) -> None:
        """Close every file."""
        self._store.close()
        self._reader.close()
        self.log.close()
        self._database.close()
