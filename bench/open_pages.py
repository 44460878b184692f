"""(m) What many open pages cost: 500 streams that sleep, hear of others' incidents, or all ask for their page again.

Each stream belongs to a page that does what the browser's script does: told that something has changed, it asks for
itself. Decides nothing about how pages are told; that is `web.live`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench.live import median, share
from bench.past import Past
from bench.report import Figure, Report
from bench.screens import Reader, install, reading
from tocsin.incidents.messages import AddNote
from tocsin.testing import processes
from tocsin.testing.running import RunningServer

PAGES = 500
SECONDS = 20.0
WARM_SECONDS = 12
UNDER = 0.2
"""Of a core: what 500 open pages may cost."""

SHOWN_MS = 500


@dataclass
class Page:
    """An open page: its stream, and the connection on which it asks for itself."""

    port: int
    cookie: str
    path: str
    topic: str
    told: list[float] = field(default_factory=list)
    shown: list[float] = field(default_factory=list)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    again: asyncio.Event = field(default_factory=asyncio.Event)

    async def live(self) -> None:
        """Listen until cancelled."""
        stream, out = await asyncio.open_connection("127.0.0.1", self.port)
        out.write(self._head(f"/live?topic={self.topic}"))
        while line := await stream.readline():
            if line.startswith(b"event: ready"):
                self.ready.set()
            if line.startswith(b"event: changed"):
                self.told.append(time.perf_counter())
                await self._again()
                self.shown.append(time.perf_counter())
                self.again.set()

    async def _again(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(self._head(self.path, "connection: close\r\ntocsin-refresh: 1\r\n"))
        while await reader.read(65536):
            pass
        writer.close()

    def _head(self, path: str, more: str = "") -> bytes:
        return f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncookie: {self.cookie}\r\n{more}\r\n".encode()


async def _measured(server: RunningServer, pages: list[Page], change: Callable[[], None] | None) -> tuple[float, float]:
    """Of a core: what the edge used while the pages were open; and the seconds that it was looked at."""
    tasks = [asyncio.create_task(page.live()) for page in pages]
    for page in pages:
        await page.ready.wait()
    for _ in range(WARM_SECONDS):  # so that what is measured goes on and on
        if change is not None:
            await asyncio.to_thread(change)
        await asyncio.sleep(1)
    edge = next(pid for role, pid in server.pids().items() if role == "edge")
    for page in pages:
        page.shown.clear()
    began, used = time.perf_counter(), processes.cpu_seconds(edge)
    while time.perf_counter() - began < SECONDS:
        if change is not None:
            await asyncio.to_thread(change)
        await asyncio.sleep(1)
    took = time.perf_counter() - began
    cost = (processes.cpu_seconds(edge) - used) / took
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return cost, took


def measure(folder: Path, report: Report) -> None:
    """All cases on a small installation: what a page costs grows with the page, not with the past."""
    install(folder, None, Past(still_open=400, over=4_000))
    with reading(folder, None) as (server, reader):
        walked(server, reader, report)


def walked(server: RunningServer, reader: Reader, report: Report) -> None:
    """Each case in turn."""
    newest = server.reads.incidents(limit=2).items
    ids = [one.id for one in newest]
    numbers = {one.id: one.number for one in newest}

    def note(incident_id: str) -> Callable[[], None]:
        return lambda: server.run(AddNote(incident_id=incident_id, text="still looking"))

    def pages(path: str, topic: str) -> list[Page]:
        return [Page(server.port, reader.cookie, path, topic) for _ in range(PAGES)]

    own, other = ids[0], ids[1]
    of_one = f"/incidents/{numbers[own]}"
    cases: tuple[tuple[str, str, str, Callable[[], None] | None], ...] = (
        ("asleep", "/", "now", None),
        ("on one incident, a change a second on another", of_one, f"incident:{own}", note(other)),
        ("on one incident, a change a second on it", of_one, f"incident:{own}", note(own)),
        ("on Now, a change a second", "/", "now", note(other)),
        ("on Incidents, a change a second", "/incidents", "now", note(other)),
    )
    for name, path, topic, change in cases:
        every = pages(path, topic)
        cost, took = asyncio.run(_measured(server, every, change))
        asked = sum(len(page.shown) for page in every)
        note_ = f"{asked / took:.0f} pages asked for a second"
        report.add(Figure("m", f"{PAGES} pages {name}", cost, "cores", f"under {UNDER}", cost < UNDER, note_))
    _latency(server, reader, report, of_one, own, note(own))


def _latency(
    server: RunningServer, reader: Reader, report: Report, path: str, incident_id: str, change: Callable[[], None]
) -> None:
    """From the commit of a change to the page that shows it, one page open."""

    async def run() -> list[float]:
        page = Page(server.port, reader.cookie, path, f"incident:{incident_id}")
        task = asyncio.create_task(page.live())
        await page.ready.wait()
        await asyncio.sleep(15)  # what the pages before it asked for has been answered
        taken = []
        for _ in range(20):
            await asyncio.sleep(0.5)
            page.again.clear()
            began = time.perf_counter()
            await asyncio.to_thread(change)
            await page.again.wait()
            taken.append(1000 * (page.shown[-1] - began))
        task.cancel()
        return taken

    taken = asyncio.run(run())
    tail = share(taken, 0.95)
    title = "from a change to the page that shows it, p95"
    report.add(Figure("m", title, tail, "ms", f"under {SHOWN_MS}", tail < SHOWN_MS, f"p50 {median(taken):.0f} ms"))
