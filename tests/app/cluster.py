"""One edge and several engines on one PostgreSQL, each in a process and a folder of its own, as on several machines."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from tocsin.storage.database import Database, open_database
from tocsin.storage.lease import Lease, LeaseTable
from tocsin.testing.running import RunningServer, free_port


class Cluster(RunningServer):
    """Starts the edge; engines are started, stopped and frozen by name."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder / "edge", database_url=url)
        self.engines: dict[str, subprocess.Popen[bytes]] = {}
        self._edges: list[subprocess.Popen[bytes]] = []
        self.main: Database = open_database(folder, url)
        self._folder = folder
        self._leases = LeaseTable(self.main, place="", run="test")

    def wait_until(self, holds: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
        """Longer than for one server: four processes start here, on two cores that may have other work."""
        super().wait_until(holds, what, seconds)

    def start(self) -> None:
        """The edge alone."""
        self._process = self._serve("edge", self.folder, self.port)
        self.wait_until(lambda: self.get("/readyz")[0] != 0, "the edge is there")
        self._connect()

    def stop(self, seconds: float = 20.0) -> int | None:
        """SIGTERM to all, SIGKILL to what does not end."""
        self._disconnect()
        edges = [self._process] if self._process is not None else []
        everybody = [*edges, *self._edges, *self.engines.values()]
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
        self.engines[name] = self._serve("engine", self._folder / name, self.port)

    def another_edge(self) -> int:
        """Start one more edge; its port."""
        port = free_port()
        self._edges.append(self._serve("edge", self._folder / f"edge{port}", port))
        return port

    def post_to(self, port: int, path: str, body: object) -> int:
        """POST JSON to another edge; status 0 when nobody answers."""
        data, headers = json.dumps(body).encode(), {"content-type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own loopback server
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:
            return 0

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to one engine."""
        self.engines[name].send_signal(number)

    def lease(self) -> Lease | None:
        """The lease as it stands."""
        return self._leases.look()

    def wait_for_active(self, fence: int, seconds: float = 60.0) -> None:
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

    def _serve(self, role: str, folder: Path, port: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tocsin.cli.main", "serve", "--role", role, "--data", str(folder)]
        command += ["--port", str(port), "--host", "127.0.0.1", "--parent", str(os.getpid())]
        with self.log.open("ab") as log:
            return subprocess.Popen(command, env=self.environment(), stderr=log, stdout=log)


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
