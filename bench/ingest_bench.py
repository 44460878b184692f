"""Benchmark (a): durable accepts per second over 64 connections, against Debian's prometheus-alertmanager.

Both take single-event POSTs of equal size, each distinct, from the same load generator; ours answers after the event is
on the disk, Alertmanager keeps its alerts in memory. Runs alternate, each with a fresh server, nothing else running.
Prints both rates of every round and the ratio of the medians. Floor 0.7, aim 1.0; a figure, not a test.
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.ingest_load import COUNTER
from bench.ingest_server import ROUTING_KEY
from tocsin.storage.log.sqlite import SqliteLogReader

HERE = Path(__file__).parent
ALERTMANAGER_CONFIG = "route:\n  receiver: nobody\nreceivers:\n- name: nobody\n"


@dataclass(frozen=True)
class Contender:
    """One side of the comparison: how to start it, and what to send."""

    name: str
    command: list[str]
    path: str
    body: bytes
    ready: str
    """A GET on this path answers 2xx to 4xx when the server is up."""


def padded(document: dict[str, Any], into: dict[str, str], size: int, *, listed: bool = False) -> bytes:
    """The document as JSON of exactly `size` bytes, filled up by a note in `into`."""
    whole: Any = [document] if listed else document
    into["note"] = ""
    into["note"] = "x" * (size - len(json.dumps(whole)))
    return json.dumps(whole).encode()


def pagerduty_event(size: int) -> bytes:
    details: dict[str, str] = {"free": "0 %"}
    payload = {"summary": f"Disk is full on host-{COUNTER.decode()}", "source": "host.example.org"}
    event = {
        "routing_key": ROUTING_KEY,
        "event_action": "trigger",
        "payload": {**payload, "severity": "critical", "component": "disk", "custom_details": details},
    }
    return padded(event, details, size)


def prometheus_alert(size: int) -> bytes:
    labels = {"alertname": "DiskFull", "instance": f"host-{COUNTER.decode()}", "job": "node", "severity": "critical"}
    annotations: dict[str, str] = {"summary": "Disk is full"}
    alert = {"labels": labels, "annotations": annotations, "generatorURL": "http://prometheus.example.org/graph"}
    return padded(alert, annotations, size, listed=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def contenders(folder: Path, port: int, size: int) -> list[Contender]:
    """Ours first."""
    config = folder / "alertmanager.yml"
    config.write_text(ALERTMANAGER_CONFIG)
    ours = [sys.executable, "-m", "bench.ingest_server", f"--port={port}", f"--data={folder / 'log'}"]
    found = [Contender("tocsin (durable)", ours, "/v2/enqueue", pagerduty_event(size), "/")]
    binary = shutil.which("prometheus-alertmanager")
    if binary is None:
        print("prometheus-alertmanager is not installed (apt install prometheus-alertmanager): no comparison")
        return found
    theirs = [
        binary,
        f"--config.file={config}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
        "--log.level=error",
    ]
    return [*found, Contender("alertmanager (memory)", theirs, "/api/v2/alerts", prometheus_alert(size), "/-/ready")]


@contextmanager
def running(contender: Contender, port: int) -> Iterator[None]:
    with subprocess.Popen(contender.command, stdout=subprocess.DEVNULL, cwd=HERE.parent) as process:
        try:
            wait_until_up(f"http://127.0.0.1:{port}{contender.ready}")
            yield
        finally:
            process.terminate()


def wait_until_up(url: str) -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(url, timeout=1).close()  # noqa: S310 - a loopback address of ours
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"{url} did not come up in 10 s")


def load(contender: Contender, port: int, connections: int, seconds: float, first: int) -> dict[str, float]:
    command = [sys.executable, str(HERE / "ingest_load.py"), f"--port={port}", f"--path={contender.path}"]
    command += [f"--connections={connections}", f"--seconds={seconds}", f"--first={first}"]
    done = subprocess.run(command, input=contender.body, stdout=subprocess.PIPE, check=True, timeout=seconds + 60)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def measure(contender: Contender, folder: Path, port: int, args: argparse.Namespace) -> dict[str, float]:
    """One run: a short warm-up, then the measured load; our log is checked for every event that was answered."""
    shutil.rmtree(folder / "log", ignore_errors=True)
    shutil.rmtree(folder / "alertmanager", ignore_errors=True)
    with running(contender, port):
        warm = load(contender, port, args.connections, 1.0, 0)
        figures = load(contender, port, args.connections, args.seconds, 10**9)
    if (folder / "log").exists():
        reader = SqliteLogReader(folder / "log")
        stored, answered = reader.head(), warm["requests"] + figures["requests"]
        reader.close()
        if stored != answered or warm["errors"] + figures["errors"]:
            raise SystemExit(f"{answered} events were answered, {stored} are in the log")
    return figures


def main() -> None:
    """Runs the rounds and prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--size", type=int, default=512, help="bytes of a body")
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end")
    args = parser.parse_args()
    rates: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as place:
        folder, port = Path(place), free_port()
        sides = contenders(folder, port, args.size)
        for number in range(args.rounds):
            for side in sides if number % 2 == 0 else reversed(sides):
                figures = measure(side, folder, port, args)
                rates.setdefault(side.name, []).append(figures["rate"])
                print(
                    f"round {number + 1}  {side.name:22}  {figures['rate']:9,.0f}/s  "
                    f"p50 {figures['p50_ms']:.1f} ms  p99 {figures['p99_ms']:.1f} ms  "
                    f"generator {figures['cpu_seconds'] / figures['seconds']:.0%} of a core",
                    flush=True,
                )
    medians = {name: statistics.median(rates[name]) for name in (side.name for side in sides)}
    for name, rate in medians.items():
        print(f"median   {name:22}  {rate:9,.0f}/s")
    ratio = None
    if len(medians) == 2:
        ours, theirs = medians.values()
        ratio = round(ours / theirs, 2)
        print(f"ratio    {ratio}  (floor 0.7, aim 1.0)")
    if args.json:
        print(json.dumps({"rates": rates, "medians": medians, "ratio": ratio}))


if __name__ == "__main__":
    main()
