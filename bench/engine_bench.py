"""What one event costs the engine alone: a log written beforehand, decided in this process, no network.

Prints microseconds per event for repeats, resolves, new incidents and the usual mix, each from the log to the commit.
`--profile` says where they go.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path

from bench.mix import ALL_NEW, USUAL, Alerts, Bodies, Mix, Step, dedup_key
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
from tocsin.testing.load import Place, prepare

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
        ids = IdSource(random.Random(1))
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

    def decide(self) -> float:
        """Decide all that is in the log; returns the seconds that took."""
        began = time.perf_counter()
        while self._loop.turn():
            pass
        return time.perf_counter() - began

    def close(self) -> None:
        """Close every file."""
        self._store.close()
        self._reader.close()
        self.log.close()
        self._database.close()


def measure(engine: Engine, alerts: Alerts, name: str, mix: Mix, count: int) -> float:
    """Microseconds per event of this mix."""
    written = engine.write(islice(alerts.steps(mix), count))
    sent = engine.outlet.sent
    seconds = engine.decide()
    each = seconds / written * 1e6
    print(f"{name:<24} {each:8.0f} us   {written / seconds:9,.0f}/s   {engine.outlet.sent - sent} pages", flush=True)
    return each


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--services", type=int, default=50)
    parser.add_argument("--open", type=int, default=2_000, help="alerts that are open all the time")
    parser.add_argument("--profile", choices=("usual", "new", "repeats"), help="where the time goes in this mix")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="tocsin-bench-"))
    try:
        engine = Engine(folder, prepare(folder, args.services))
        alerts = Alerts()
        measure(engine, alerts, "first incidents", ALL_NEW, args.open)
        mixes = {"repeats": Mix(1, 0, 0), "new": ALL_NEW, "usual": USUAL}
        if args.profile:
            profile = cProfile.Profile()
            profile.enable()
            measure(engine, alerts, args.profile, mixes[args.profile], args.events)
            profile.disable()
            pstats.Stats(profile).sort_stats("tottime").print_stats(45)
        else:
            measure(engine, alerts, "repeats", mixes["repeats"], args.events)
            measure(engine, alerts, "new incidents", ALL_NEW, args.events // 10)
            measure(engine, alerts, "resolves", Mix(0, 1, 0), args.events // 10)
            measure(engine, alerts, "usual mix", USUAL, args.events)
        engine.close()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
