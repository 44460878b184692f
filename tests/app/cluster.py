"""One edge and several engines on one PostgreSQL, each in a process and a folder of its own, as on several machines."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tocsin.storage.database import Database, open_database
from tocsin.storage.lease import Lease, LeaseTable
from tocsin.testing.running import RunningServer


class Cluster(RunningServer):
    """Starts the edge; engines are started, stopped and frozen by name."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder / "edge", database_url=url)
        self.engines: dict[str, subprocess.Popen[bytes]] = {}
        self.main: Database = open_database(folder, url)
        self._folder = folder
        self._leases = LeaseTable(self.main, place="", run="test")

    def start(self) -> None:
        """The edge alone."""
        self._process = self._serve("edge", self.folder)
        self.wait_until(lambda: self.get("/readyz")[0] != 0, "the edge is there")
        self._connect()

    def stop(self, seconds: float = 20.0) -> int | None:
        """SIGTERM to all, SIGKILL to what does not end."""
        self._disconnect()
        edges = [self._process] if self._process is not None else []
        everybody = [*edges, *self.engines.values()]
        for process in everybody:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in everybody:
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
        self.main.close()
        return None

    def engine(self, name: str) -> None:
        """Start an engine."""
        self.engines[name] = self._serve("engine", self._folder / name)

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to one engine."""
        self.engines[name].send_signal(number)

    def lease(self) -> Lease | None:
        """The lease as it stands."""
        return self._leases.look()

    def wait_for_active(self, fence: int, seconds: float = 20.0) -> None:
        """Wait until the engine with this fence answers."""
        self.wait_until(lambda: self._is_active(fence), f"the engine with fence {fence} is active", seconds)

    def _is_active(self, fence: int) -> bool:
        return (
            f'"fence": {fence}, "event": "lease_taken"' in self.read_log()
            and self.read_log().count("engine_ready") >= fence
        )

    def texts(self, number: str) -> list[str]:
        """What the phone with this number got."""
        return [text.body for text in self.phones.texts(f"+1{number}")]

    def _serve(self, role: str, folder: Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tocsin.cli.main", "serve", "--role", role, "--data", str(folder)]
        command += ["--port", str(self.port), "--host", "127.0.0.1", "--parent", str(os.getpid())]
        with self._log.open("ab") as log:
            return subprocess.Popen(command, env=self._environment(), stderr=log, stdout=log)


@contextlib.contextmanager
def cluster(folder: Path, url: str, *engines: str) -> Iterator[Cluster]:
    """A cluster with these engines, the first of which is the active one."""
    folder.mkdir()
    made = Cluster(folder, url)
    with made:
        for number, name in enumerate(engines):
            made.engine(name)
            if number == 0:
                made.wait_for_active(1)
        yield made
