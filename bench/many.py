"""(n) The same for many: how long 500 incidents take to be acknowledged in one form, and what others notice of it."""

from __future__ import annotations

import re
import threading
import time

from bench.live import median, share
from bench.past import KEY
from bench.report import Figure, Report
from bench.screens import Reader
from tocsin.directory.model import Integration
from tocsin.testing.running import RunningServer

INCIDENTS = 500
EVENTS_A_SECOND = 50
SECONDS = 6.0


def walked(server: RunningServer, reader: Reader, report: Report) -> None:
    """Pages while nothing else happens but events, then while 500 incidents are acknowledged and resolved in turn."""
    others = Reader(server)
    stop = threading.Event()
    sender = threading.Thread(target=_events, args=(server, stop), daemon=True)
    sender.start()
    others.get("/incidents")
    before = _pages(others, SECONDS)
    taken: list[float] = []
    ids = re.findall(r'name="id" value="([^"]+)"', reader.get("/incidents?view=unanswered").decode())
    upto = re.search(r'name="upto" value="(\d+)"', reader.get("/incidents?view=unanswered").decode())
    assert ids
    assert upto is not None
    during: list[float] = []
    watcher = threading.Thread(target=lambda: during.extend(_pages(others, SECONDS)))
    watcher.start()
    time.sleep(0.5)
    began = time.perf_counter()
    status, body = reader.post("/incidents?view=unanswered", [("do", "acknowledge"), ("all", "1"), ("upto", upto[1])])
    taken.append(time.perf_counter() - began)
    watcher.join()
    stop.set()
    sender.join()
    done = int(re.search(r"many-acknowledge\.(\d+)", reader.cookie)[1]) if status == 303 else 0  # type: ignore[index]
    assert done, (status, body[:300])
    note = f"{done} in one form, {done / taken[0]:.0f}/s"
    report.add(Figure("n", "acknowledging many incidents", taken[0], "s", note=note))
    tail, was = share(during, 0.99), share(before, 0.99)
    note = f"before {was:.0f} ms; p50 {median(during):.0f} ms, before {median(before):.0f}"
    report.add(Figure("n", "another reader's page meanwhile, p99", tail, "ms", note=note))


def _events(server: RunningServer, stop: threading.Event) -> None:
    number = 0
    integration = Integration(id="PI00000", service_id="PS00000", name="Monitor", key=KEY)
    while not stop.wait(1 / EVENTS_A_SECOND):
        number += 1
        server.event(integration, f"many-{number % 200}")


def _pages(reader: Reader, seconds: float) -> list[float]:
    """How long each page took, in milliseconds."""
    taken, until = [], time.perf_counter() + seconds
    while time.perf_counter() < until:
        began = time.perf_counter()
        reader.get("/incidents")
        taken.append(1000 * (time.perf_counter() - began))
    return taken
