"""(m) What many open pages cost: 500 streams that sleep, hear of others' incidents, or all ask for their page again.

Each stream belongs to a page that does what the browser's script does: it says its address, takes the parts that it is
told, and asks for itself where it is told to. Decides nothing about how pages are told; that is `web.live`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from urllib.parse import quote

from bench.live import median, share
from bench.past import KEY, PEOPLE, TEAMS, Past
from bench.report import Figure, Report
from bench.screens import Reader, install
from tocsin.directory.model import Integration
from tocsin.incidents.messages import AddNote
from tocsin.testing import processes
from tocsin.testing.running import RunningServer

PAGES = 500
SECONDS = 20.0
WARM_SECONDS = 12
UNDER = 0.2
"""Of a core: what 500 open pages may cost."""

SHOWN_MS = 500
_LINE_BYTES = 4 * 1024 * 1024


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
        stream, out = await asyncio.open_connection("127.0.0.1", self.port, limit=_LINE_BYTES)
        out.write(self._head(f"/live?topic={self.topic}&page={quote(self.path, safe='')}"))
        while line := await stream.readline():
            if line.startswith(b"event: ready"):
                self.ready.set()
            if line.startswith(b"data: {"):
                self.told.append(time.perf_counter())
                self.shown.append(self.told[-1])
                self.again.set()
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
    with RunningServer(folder) as server:
        walked(server, report)


def walked(server: RunningServer, report: Report) -> None:
    """Each case in turn."""
    newest = server.reads.incidents(limit=2).items
    ids = [one.id for one in newest]
    numbers = {one.id: one.number for one in newest}

    of_a_team = [Reader(server, f"person{one}@example.com").cookie for one in range(TEAMS, PEOPLE, TEAMS)]
    of_all_teams = [Reader(server, f"person{one}@example.com").cookie for one in range(1, TEAMS + 1)]
    fresh = count()

    def note(incident_id: str) -> Callable[[], None]:
        return lambda: server.run(AddNote(incident_id=incident_id, text="still looking"))

    def another() -> None:
        server.event(Integration(id="PI00000", service_id="PS00000", name="Monitor", key=KEY), f"open-{next(fresh)}")

    def pages(cookies: list[str], path: str, topic: str) -> list[Page]:
        return [Page(server.port, cookies[one % len(cookies)], path, topic) for one in range(PAGES)]

    own, other = ids[0], ids[1]
    of_one = f"/incidents/{numbers[own]}"
    cases: tuple[tuple[str, list[str], str, str, Callable[[], None] | None], ...] = (
        ("asleep", of_a_team, "/", "now", None),
        ("on one incident, a change a second on another", of_a_team, of_one, f"incident:{own}", note(other)),
        ("on one incident, a change a second on it", of_a_team, of_one, f"incident:{own}", note(own)),
        ("on Now, a new incident a second", of_a_team, "/", "now", another),
        (f"on Now, of {TEAMS} teams, a new incident a second", of_all_teams, "/", "now", another),
        ("on Incidents, a new incident a second", of_a_team, "/incidents", "now", another),
    )
    for name, cookies, path, topic, change in cases:
        every = pages(cookies, path, topic)
        cost, took = asyncio.run(_measured(server, every, change))
        asked = sum(len(page.shown) for page in every)
        note_ = f"{asked / took:.0f} pages told a second"
        report.add(Figure("m", f"{PAGES} pages {name}", cost, "cores", f"under {UNDER}", cost < UNDER, note_))
    _latency(report, [Page(server.port, of_a_team[0], of_one, f"incident:{own}")], note(own), "the page that shows it")
    _latency(report, pages(of_a_team, "/", "now"), another, f"the last of {PAGES} pages that show it")


def _latency(report: Report, every: list[Page], change: Callable[[], None], words: str) -> None:
    """From the request for a change to the last of these pages that shows it."""

    async def run() -> list[float]:
        tasks = [asyncio.create_task(one.live()) for one in every]
        for one in every:
            await one.ready.wait()
        await asyncio.sleep(5)  # what the pages before it were told has been read
        taken = []
        for _ in range(20):
            await asyncio.sleep(1)
            for one in every:
                one.again.clear()
            began = time.perf_counter()
            await asyncio.to_thread(change)
            for one in every:
                await one.again.wait()
            taken.append(1000 * (max(one.shown[-1] for one in every) - began))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return taken

    taken = asyncio.run(run())
    tail = share(taken, 0.95)
    title = f"from a change to {words}, p95"
    report.add(Figure("m", title, tail, "ms", f"under {SHOWN_MS}", tail < SHOWN_MS, f"p50 {median(taken):.0f} ms"))
