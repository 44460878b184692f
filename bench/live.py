"""A real server under a measured load: how much it decided, how far it was behind, when pages reached the provider."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select

from bench.generator import Generator, Load, Sent, sending
from bench.mix import ALL_NEW, USUAL, Mix, number_in
from tocsin.storage.database import open_database
from tocsin.storage.log.sqlite import SqliteLogReader
from tocsin.storage.tables import event_outcomes
from tocsin.testing import processes
from tocsin.testing.load import Place
from tocsin.testing.running import RunningServer

SAMPLE_SECONDS = 0.05
CATCH_UP_SECONDS = 120.0


@dataclass(frozen=True)
class Sample:
    """One look: seconds since the watch began, the log's head, the last number decided."""

    at: float
    head: int
    decided: int


@dataclass
class Trial:
    """A load and what the server made of it."""

    load: Load
    sent: Sent
    samples: list[Sample]
    cpu: dict[str, float]
    pages_ms: list[float] = field(default_factory=list)

    @property
    def decided_rate(self) -> float:
        """Events decided per second while the load lasted."""
        first, last = self._during()[0], self._during()[-1]
        return (last.decided - first.decided) / (last.at - first.at)

    @property
    def backlog(self) -> int:
        """Events accepted and not decided when the load ended."""
        last = self._during()[-1]
        return last.head - last.decided

    @property
    def backlog_seconds(self) -> float:
        """How long the engine needs for the backlog."""
        return self.backlog / max(1.0, self.decided_rate)

    def _during(self) -> list[Sample]:
        """The looks while the load lasted, without its first half second."""
        return [one for one in self.samples if 0.5 <= one.at <= self.load.seconds] or self.samples


class Live:
    """A running server that loads are put on. Use `live`."""

    def __init__(self, server: RunningServer, places: Sequence[Place]) -> None:
        self.server = server
        self.places = places
        self._log = SqliteLogReader(server.folder / "log")
        self._oldest = 0
        self._newest = 0
        self.opened: dict[int, int] = {}
        """When each new alert's event was sent (microseconds UTC), by its number."""

    def close(self) -> None:
        """Let go of the files."""
        self._log.close()

    def load(self, rate: float, seconds: float, mix: Mix = USUAL, keys: Sequence[str] | None = None) -> Load:
        """A load that goes on where the last one stopped."""
        routing_keys = list(keys if keys is not None else [place.integration.key for place in self.places])
        return Load(self.server.port, routing_keys, rate, seconds, mix, self._oldest, self._newest, seed=self._newest)

    def fill(self, alerts: int, rate: float = 500) -> None:
        """Open so many alerts at an easy rate and wait until they are decided."""
        with sending(self.load(rate, alerts / rate, ALL_NEW)) as generator:
            self._took(generator.result())
        self.wait_until_decided()

    def run(self, load: Load) -> Trial:
        """Put the load on the server, watching; then wait until all of it is decided."""
        pids = self.server.pids()
        before = {role: processes.cpu_seconds(pid) for role, pid in pids.items()}
        with sending(load) as generator:
            samples = self._watch(generator)
            cpu = {role: processes.cpu_seconds(pid) - before[role] for role, pid in pids.items()}
            sent = generator.result()
        self._took(sent)
        cpu["generator"] = sent.cpu_seconds
        trial = Trial(load, sent, samples, {role: used / sent.seconds for role, used in cpu.items()})
        self.wait_until_decided()
        trial.pages_ms = self.page_latencies(sent.opened)
        return trial

    def look(self, began: float) -> Sample:
        """Where log and engine are now."""
        decided = self.server.reads.cursor().seq
        return Sample(time.perf_counter() - began, self._log.head(), decided)

    def wait_until_decided(self) -> None:
        """Until nothing accepted waits to be decided."""
        self.server.wait_until(lambda: self._behind() == 0, "everything is decided", CATCH_UP_SECONDS)

    def outcomes(self) -> int:
        """How many events have ended in some way."""
        database = open_database(self.server.folder, None, read_only=True)
        with database.engine.connect() as connection:
            found = connection.execute(select(func.count()).select_from(event_outcomes)).scalar_one()
        database.close()
        return int(found)

    def page_latencies(self, opened: dict[int, int]) -> list[float]:
        """Milliseconds from sending an alert's event to the arrival of its page at the provider, where it was paged.

        Only pages about one incident: what was bundled waited on purpose.
        """
        found: dict[int, float] = {}
        for place in self.places:
            for text in self.server.phones.texts(place.number):
                alert = number_in(text.body)
                if alert is not None and alert in opened:
                    found.setdefault(alert, (text.received_at - opened[alert]) / 1000)
        return list(found.values())

    def _behind(self) -> int:
        decided = self.server.reads.cursor().seq
        return self._log.head() - decided

    def _watch(self, generator: Generator) -> list[Sample]:
        began = time.perf_counter()
        samples = []
        pause = threading.Event()
        while generator.running():
            samples.append(self.look(began))
            pause.wait(SAMPLE_SECONDS)
        return samples

    def _took(self, sent: Sent) -> None:
        self._oldest, self._newest = sent.oldest, sent.newest
        self.opened.update(sent.opened)


@contextmanager
def live(folder: Path, places: Sequence[Place]) -> Iterator[Live]:
    """A server on a prepared folder, for as long as the block runs."""
    with RunningServer(folder) as server:
        server.wait_for_key(places[-1].integration)
        found = Live(server, places)
        try:
            yield found
        finally:
            found.close()


def share(values: Sequence[float], portion: float) -> float:
    """The value below which this portion lies; 0 for no values."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * portion))]


def median(values: Sequence[float]) -> float:
    """The middle one; 0 for no values."""
    return statistics.median(values) if values else 0.0
