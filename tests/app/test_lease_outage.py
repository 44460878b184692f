"""PostgreSQL goes away under load and comes back: the edge says so meanwhile, the engine recovers, nothing is lost."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import OwnServer
from tocsin.directory.model import Integration
from tocsin.runtime.reads import AlertFilter
from tocsin.testing.running import RunningServer

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

OUTAGE_SECONDS = 7.0
"""Longer than the engine's lease."""


@pytest.fixture
def postgres() -> Iterator[OwnServer]:
    with tempfile.TemporaryDirectory(prefix="tocsin-pg-") as folder:
        server = OwnServer(Path(folder))
        yield server
        server.close()


class Monitor(threading.Thread):
    """Sends events and keeps what it was answered."""

    def __init__(self, server: RunningServer, integration: Integration) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._integration = integration
        self.stopping = threading.Event()
        self.accepted: set[str] = set()
        self.answers: set[int] = set()

    def run(self) -> None:
        number = 0
        while not self.stopping.wait(0.005):
            number += 1
            key = f"alarm-{number}"
            status, _ = self._server.event(self._integration, key)
            self.answers.add(status)
            if status == 202:
                self.accepted.add(key)


def test_the_database_crashes_and_comes_back(tmp_path: Path, postgres: OwnServer) -> None:
    with RunningServer(tmp_path / "data", database_url=postgres.url) as server:
        alice, bob = server.person("alice", "2025550101"), server.person("bob", "2025550102")
        noisy, quiet = server.service("noisy", alice), server.service("quiet", bob)
        server.wait_for_key(quiet)
        monitor = Monitor(server, noisy)
        monitor.start()
        server.wait_until(lambda: len(monitor.accepted) > 50, "events are accepted")
        engine = server.pids()["engine"]
        before = len(monitor.accepted)

        postgres.crash()
        crashed = time.monotonic()
        monitor.answers.clear()
        server.wait_until(lambda: 503 in monitor.answers, "the edge says that it can't accept")
        server.wait_until(lambda: server.get("/readyz")[0] == 503, "the edge says that it is not ready")
        assert server.get("/healthz")[0] == 503
        time.sleep(max(0.0, OUTAGE_SECONDS - (time.monotonic() - crashed)))
        assert monitor.answers == {503}
        postgres.start()

        back = time.monotonic()
        server.wait_until(lambda: server.event(quiet, "later")[0] == 202, "events are accepted again")
        server.wait_until(lambda: len(server.phones.texts("+12025550102")) > 0, "bob is paged")
        print(f"database back: paging again after {time.monotonic() - back:.1f} s")
        assert time.monotonic() - back < 30
        monitor.stopping.set()
        monitor.join()
        assert server.pids()["engine"] == engine, "the engine went on by itself"
        assert len(monitor.accepted) > before
        server.wait_until(lambda: server.reads.pulse().cursor.seq == head(server), "all is decided")
        lost = monitor.accepted - keys(server)
        assert lost == set()
        server.wait_until(lambda: server.get("/healthz")[0] == 200, "all is well")
        assert len(server.phones.texts("+12025550102")) == 1


def head(server: RunningServer) -> int:
    reader = server.place().log_reader()
    try:
        return reader.head()
    finally:
        reader.close()


def keys(server: RunningServer) -> set[str]:
    """The keys of all alerts."""
    found: set[str] = set()
    more = True
    while more:
        page = server.reads.alerts(AlertFilter(), limit=500, offset=len(found), newest_first=False)
        found |= {alert.dedup_key for alert in page.items}
        more = page.more
    return found
