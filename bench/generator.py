"""An open-loop load: events at a steady rate, whatever the server does, from a process of its own.

Raw sockets and epoll, one request in flight on each keep-alive connection; an event whose time has come while every
connection waits is sent as soon as one is free (`late_ms` says how far behind that got). Takes a JSON specification on
standard input and prints one JSON object. Never repeats a refused event: refusals are counted by status.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
import tempfile
import time
from array import array
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.ingest_load import Connection, answer_complete, report
from bench.mix import SIZE, USUAL, Alerts, Bodies, Mix, Step

ROOT = Path(__file__).parent.parent
PATIENCE_SECONDS = 20.0


@dataclass(frozen=True)
class Load:
    """What to send. `rate`: events per second. Alerts [oldest, newest) are open when it begins."""

    port: int
    routing_keys: Sequence[str]
    rate: float
    seconds: float
    mix: Mix = USUAL
    oldest: int = 0
    newest: int = 0
    seed: int = 1
    connections: int = 64
    size: int = SIZE

    def to_json(self) -> str:
        """As the process reads it."""
        return json.dumps(asdict(self))


@dataclass
class Sent:
    """What came of a load. `opened`: the moment (microseconds UTC) when each new alert's event was sent, by number."""

    accepted: int
    refused: dict[str, int]
    seconds: float
    late_ms: float
    oldest: int
    newest: int
    p50_ms: float
    p99_ms: float
    cpu_seconds: float
    opened: dict[int, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Events accepted per second."""
        return self.accepted / self.seconds


class Run:
    """The loop."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._alerts = Alerts(load.oldest, load.newest, load.seed)
        self._steps = self._alerts.steps(load.mix)
        self._bodies = Bodies(load.routing_keys, load.size)
        lines = ["POST /v2/enqueue HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", "Content-Length: %d"]
        self._head = "\r\n".join([*lines, "", ""]).encode()
        self._poll = select.epoll()
        self._open: dict[int, Connection] = {}
        for _ in range(load.connections):
            connection = Connection(load.port)
            self._open[connection.sock.fileno()] = connection
            self._poll.register(connection.sock.fileno(), select.EPOLLIN)
        self._idle = deque(self._open.values())
        self.latencies = array("d")
        self.refused: Counter[str] = Counter()
        self.opened: dict[int, int] = {}
        self.late = 0.0

    def go(self) -> Sent:
        """Send all of it and wait for the last answer."""
        load = self._load
        total = round(load.rate * load.seconds)
        began = time.perf_counter()
        sent = 0
        while sent < total or len(self._idle) < len(self._open):
            now = time.perf_counter() - began
            due = min(total, int(now * load.rate) + 1)
            if sent < due:
                self.late = max(self.late, now - sent / load.rate)
            while sent < due and self._idle:
                self._send(self._idle.popleft(), next(self._steps))
                sent += 1
            self._take(self._pause(sent, total, began))
        return self._result(time.perf_counter() - began)

    def _pause(self, sent: int, total: int, began: float) -> float:
        if sent >= total or not self._idle:
            return PATIENCE_SECONDS
        return max(0.001, sent / self._load.rate - (time.perf_counter() - began))

    def _send(self, connection: Connection, step: Step) -> None:
        body = self._bodies.body(step)
        if step.is_new:
            self.opened[step.number] = time.time_ns() // 1000
        connection.sent_at = time.perf_counter()
        connection.sock.send(self._head % len(body) + body)

    def _take(self, pause: float) -> None:
        events = self._poll.poll(pause)
        if not events and pause >= PATIENCE_SECONDS:
            raise SystemExit(f"no answer for {PATIENCE_SECONDS} s")
        for fd, _ in events:
            connection = self._open[fd]
            data = connection.sock.recv(65536)
            if not data:
                raise SystemExit("the server closed a connection")
            data = connection.received + data
            if not answer_complete(data):
                connection.received = data
                continue
            connection.received = b""
            self.latencies.append(time.perf_counter() - connection.sent_at)
            if not data.startswith(b"HTTP/1.1 2"):
                self.refused[data[9:12].decode()] += 1
            self._idle.append(connection)

    def _result(self, seconds: float) -> Sent:
        refused = sum(self.refused.values())
        figures = report(self.latencies, refused, seconds)
        return Sent(
            accepted=len(self.latencies) - refused,
            refused=dict(self.refused),
            seconds=seconds,
            late_ms=self.late * 1000,
            oldest=self._alerts.oldest,
            newest=self._alerts.newest,
            p50_ms=figures["p50_ms"],
            p99_ms=figures["p99_ms"],
            cpu_seconds=time.process_time(),
            opened=self.opened,
        )


class Generator:
    """The process, seen from outside."""

    def __init__(self, load: Load) -> None:
        command = [sys.executable, "-m", "bench.generator"]
        self._limit = load.seconds + 120
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `kill`; a pipe that nobody reads would fill
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=self._output)
        assert self._process.stdin is not None
        self._process.stdin.write(load.to_json().encode())
        self._process.stdin.close()

    def running(self) -> bool:
        """Whether it still sends or waits for answers."""
        return self._process.poll() is None

    def result(self) -> Sent:
        """Wait for the end. Raises RuntimeError when the load broke off."""
        if self._process.wait(self._limit):
            raise RuntimeError("the load generator broke off")
        self._output.seek(0)
        values: dict[str, Any] = json.load(self._output)
        values["opened"] = {int(number): at for number, at in values["opened"].items()}
        return Sent(**values)

    def kill(self) -> None:
        """End it, if it still runs."""
        if self.running():
            self._process.kill()
        self._process.wait()
        self._output.close()


@contextmanager
def sending(load: Load) -> Iterator[Generator]:
    """A load for as long as the block runs; it is broken off at the end if it is not over."""
    generator = Generator(load)
    try:
        yield generator
    finally:
        generator.kill()


def send(load: Load) -> Sent:
    """Send it all and wait."""
    with sending(load) as generator:
        return generator.result()


def main() -> None:
    """Reads the specification, sends, prints what came of it."""
    values = json.load(sys.stdin)
    values["mix"] = Mix(**values["mix"])
    print(json.dumps(asdict(Run(Load(**values)).go())))


if __name__ == "__main__":
    main()
