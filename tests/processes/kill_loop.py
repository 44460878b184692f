"""The kill -9 loop: a real server under load, whose processes are killed at random moments; then everything is counted.

    python -m tests.processes.kill_loop --seconds 7200 --seed 42     for hours, by hand

What must hold after the last restart: every answered event is decided and in the state that the answers promise, every
new alarm's page reached its phone, more than once only where a kill stands between, nobody was paged after an answered
acknowledgement, and no process is left over.
"""

from __future__ import annotations

import argparse
import random
import re
import signal
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.processes.clients import Alarm, History, Monitor, Responder, texts_about, wall
from tocsin.alerts.model import Alert
from tocsin.engine.invariants import violations
from tocsin.events.model import Outcome
from tocsin.incidents.model import Incident, Status
from tocsin.kernel.time import SECOND
from tocsin.runtime.control_client import ControlClient
from tocsin.runtime.orders import SOURCE as ORDER
from tocsin.runtime.reads import Reads
from tocsin.storage.config_reader import ConfigReader
from tocsin.storage.database import Database, open_database
from tocsin.storage.log import Entry
from tocsin.storage.log.sqlite import SqliteLogReader
from tocsin.storage.records import RecordsReader
from tocsin.testing.fake_http import is_slow
from tocsin.testing.load import Place, prepare
from tocsin.testing.running import RunningServer

PEOPLE = 1_500
"""So many that nobody is called twice within a minute, which would bundle pages."""

MONITORS = 4
DRAIN = "drain"
TARGETS = ("edge", "engine", "engine", "all", "supervisor", DRAIN)
"""Processes to kill (kill -9); `drain` is the ordinary end, SIGTERM."""

PROVIDER_SECONDS = 0.1
"""The phone provider takes so long to answer, so that many kills hit a page on its way."""

QUIET_SECONDS = 30
"""So long after the load everything accepted is decided and everything decided is sent."""

PATIENCE_SECONDS = 40
"""Pages go again so soon after a kill, however busy the machine is."""

AGAIN_SECONDS = 10.0
"""What is promised, on a machine that has time for us: the median must keep it."""


@dataclass(frozen=True)
class Kill:
    """What was killed, and when (microseconds UTC)."""

    target: str
    at: int

    @property
    def hits_sender(self) -> bool:
        """Whether the process that sends pages was killed: only then may a page come twice."""
        return self.target not in ("edge", DRAIN)


@dataclass
class Report:
    """What a loop did and found."""

    seed: int
    kills: list[Kill] = field(default_factory=list)
    recoveries: list[float] = field(default_factory=list)
    """Seconds from a kill to the page of the first alarm raised after it."""
    drains: list[float] = field(default_factory=list)
    """Seconds from SIGTERM to the end."""
    events: int = 0
    broken: int = 0
    alarms: int = 0
    acknowledged: int = 0
    duplicates: int = 0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        slowest = f"{max(self.recoveries):.2f}" if self.recoveries else "-"
        usual = f"{statistics.median(self.recoveries):.2f}" if self.recoveries else "-"
        targets = {target: sum(kill.target == target for kill in self.kills) for target in dict.fromkeys(TARGETS)}
        return (
            f"seed {self.seed}: {len(self.kills)} kills {targets}, {self.events} events answered ({self.broken} asked "
            f"again), {self.alarms} alarms, {self.acknowledged} acknowledged, {self.duplicates} pages came twice, "
            f"paging again after {usual} s, {slowest} s at most, drained in {max(self.drains, default=0):.2f} s at most"
        )


class KillLoop:
    """One loop. `server` is not started yet."""

    def __init__(self, server: RunningServer, places: Sequence[Place], seed: int) -> None:
        self._server = server
        self._database: Database = open_database(server.folder, None, read_only=True)
        self._reads = Reads(self._database)
        self._random = random.Random(seed)
        self._history = History()
        self.report = Report(seed)
        numbers = count()
        self._monitors = [
            Monitor(server.port, places, numbers, self._history, server.phones, seed * 100 + one)
            for one in range(MONITORS)
        ]

    def run(self, seconds: float) -> Report:
        """Load and kill for so long, restart a last time, wait until all is quiet, stop, and check."""
        server = self._server
        server.phones.faults.always(is_slow(PROVIDER_SECONDS))
        server.provider.start()
        try:
            server.start()
            with self._clients():
                until = time.monotonic() + seconds
                while time.monotonic() < until:
                    self._round()
                self._go_on(wait=True)
            self._wait_until_quiet()
        finally:
            server.stop()
            server.provider.stop()
            self._database.close()
        self.report.faults += [f"left over: {one}" for one in server.leftovers()]
        usual = statistics.median(self.report.recoveries)
        if usual > AGAIN_SECONDS:
            self.report.faults.append(f"usually no page for {usual:.1f} s after a kill")
        check(server, self._history, self.report)
        return self.report

    @contextmanager
    def _clients(self) -> Iterator[None]:
        config = ConfigReader(self._database)
        client = ControlClient(self._server.folder, config, ids=self._server.ids, clock=self._server.clock)
        with closing(client):
            client.start()
            responder = Responder(client, self._reads, self._history, self._server.phones)
            everybody: list[Monitor | Responder] = [*self._monitors, responder]
            for one in everybody:
                one.start()
            yield
            self.report.faults += [f"{one} died" for one in everybody if not one.is_alive()]
            for one in everybody:
                one.stopping.set()
            for one in everybody:
                one.join(30)
            self.report.acknowledged = responder.answered

    def _round(self) -> None:
        time.sleep(self._random.uniform(0.05, 1.5))
        target = self._random.choice(TARGETS)
        self.report.kills.append(Kill(target, wall()))
        if target == DRAIN:
            self._drain()
        else:
            self._server.kill(target)
        self._go_on(wait=self._random.random() < 0.6)

    def _drain(self) -> None:
        began = time.monotonic()
        has_begun = len(self._server.pids()) > 1  # roles are started after it listens for signals
        code = self._server.stop()
        self.report.drains.append(time.monotonic() - began)
        if code and (has_begun or code != -signal.SIGTERM):  # until it listens the signal ends it: there is nothing yet
            self.report.faults.append(f"SIGTERM ended with exit code {code}")

    def _go_on(self, *, wait: bool) -> None:
        """Start again what does not start by itself; perhaps wait until pages go again."""
        server = self._server
        if "supervisor" not in server.pids():
            deadline = time.monotonic() + 3
            while (left := server.leftovers()) and time.monotonic() < deadline:
                time.sleep(0.01)
            self.report.faults += [f"outlived the supervisor by 3 s: {one}" for one in left]
            server.launch()
        if wait:
            began = self.report.kills[-1].at if self.report.kills else wall()
            server.wait_until(lambda: self._paged_since(began), "pages go again", PATIENCE_SECONDS)
            took = (wall() - began) / SECOND
            self.report.recoveries.append(took)

    def _paged_since(self, moment: int) -> bool:
        with self._history.lock:
            recent = [alarm for alarm in self._history.alarms[-200:] if alarm.began_at > moment]
        return any(texts_about(self._server.phones, alarm) for alarm in recent)

    def _wait_until_quiet(self) -> None:
        """Everything decided, everything sent."""
        with closing(SqliteLogReader(self._server.folder / "log")) as log:

            def quiet() -> bool:
                pulse = self._reads.pulse()
                return pulse.cursor.seq == log.head() and not pulse.outbox

            deadline = time.monotonic() + QUIET_SECONDS
            while not quiet():
                if time.monotonic() > deadline:
                    self.report.faults.append(f"not quiet after {QUIET_SECONDS} s: {self._reads.pulse()}")
                    return
                time.sleep(0.02)


def check(server: RunningServer, history: History, report: Report) -> None:
    """Compare what clients were told with what is stored and what the phones got; adds to `report.faults`."""
    report.events, report.broken, report.alarms = len(history.yes), history.broken, len(history.alarms)
    database = open_database(server.folder, None, read_only=True)
    with closing(SqliteLogReader(server.folder / "log")) as log, closing(database):
        events = [entry for entry in every_entry(log) if entry.source != ORDER]
        records = RecordsReader(database).read(events=[entry.seq for entry in events], decided=log.head())
    report.faults += violations(records)
    kept = set(re.findall(rb"event-\d+-\d+", b"\n".join(entry.body for entry in events)))
    lost = {name for name in history.yes if name.encode() not in kept}
    report.faults += [f"{name} was answered and is not in the log" for name in sorted(lost)]
    assert records.outcomes is not None
    quarantined = [seq for seq, outcome in records.outcomes.items() if outcome == Outcome.QUARANTINED]
    report.faults += [f"event {seq} was quarantined" for seq in quarantined]
    alerts: dict[str, list[Alert]] = {}
    for alert in records.alerts:
        alerts.setdefault(alert.dedup_key, []).append(alert)
    for alarm in history.alarms:
        report.faults += _faults_of(alarm, alerts.get(alarm.key, []), records.incident_by_id)
        report.faults += _page_faults(server, alarm, report)


def _faults_of(alarm: Alarm, found: Sequence[Alert], incidents: Mapping[str, Incident]) -> Iterator[str]:
    if not alarm.answered:
        return
    if len(found) != 1:
        yield f"{alarm.key}: {len(found)} alerts"
        return
    alert = found[0]
    if alert.is_open is alarm.resolved:
        yield f"{alarm.key}: resolution answered: {alarm.resolved}, alert is {alert.status}"
    incident = incidents[alert.incident_id]
    if alarm.acknowledged_at and incident.status is Status.TRIGGERED:
        yield f"{alarm.key}: acknowledged, and its incident is {incident.status}"


def _page_faults(server: RunningServer, alarm: Alarm, report: Report) -> Iterator[str]:
    texts = texts_about(server.phones, alarm)
    if alarm.answered and not texts:
        yield f"{alarm.key}: nobody was paged"
    if len(texts) > 1:
        report.duplicates += len(texts) - 1
        kills = sum(kill.hits_sender and kill.at <= texts[-1].received_at for kill in report.kills)
        if len(texts) - 1 > kills:
            yield f"{alarm.key}: paged {len(texts)} times with {kills} kills"
    late = [text for text in texts if alarm.acknowledged_at and text.received_at > alarm.acknowledged_at + 10 * SECOND]
    if late:
        yield f"{alarm.key}: paged after it was acknowledged"


def every_entry(log: SqliteLogReader) -> Iterator[Entry]:
    """The whole log."""
    last = 0
    while entries := log.read(last, 1_000):
        yield from entries
        last = entries[-1].seq


def kill_loop(folder: Path, seed: int, seconds: float) -> Report:
    """Run one loop in this folder."""
    places = prepare(folder, PEOPLE)
    return KillLoop(RunningServer(folder), places, seed).run(seconds)


def main() -> None:
    """By hand."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tocsin-kill-") as place:
        print(f"seed {args.seed}", flush=True)
        report = kill_loop(Path(place) / "data", args.seed, args.seconds)
    print(report)
    raise SystemExit("\n".join(report.faults) if report.faults else 0)


if __name__ == "__main__":
    main()
