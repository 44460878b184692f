"""An edge without database and engine: everybody is told to come again, in their own protocol; nothing is broken."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.test_roles import ended, role
from tocsin.runtime.clock import SystemClock
from tocsin.testing.running import RunningServer, free_port

pytestmark = pytest.mark.slow


class Edge:
    """The role `edge` alone, on a folder in which nothing has ever been."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.process = role("edge", folder, self.port)
        clock = SystemClock()
        deadline = clock.ticks() + 15
        while self.ask("/healthz")[0] == 0:
            assert clock.ticks() < deadline, "the edge is there"

    def ask(self, path: str) -> tuple[int, dict[str, str], str]:
        """GET; status 0 when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as found:
                return found.status, dict(found.headers), found.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read().decode()
        except OSError:
            return 0, {}, ""


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    found = Edge(tmp_path / "data")
    yield found
    found.process.kill()
    found.process.wait()


def test_before_there_is_a_database_everybody_is_told_to_come_again(edge: Edge) -> None:
    for path in ("/", "/sign-in", "/enter/x", "/sign-in/a.1.b", "/live"):
        status, headers, body = edge.ask(path)
        if path == "/live":
            assert status == 401, "nobody is signed in yet"
            continue
        assert (status, headers["retry-after"]) == (503, "5"), path
        assert "The server is starting" in body

    status, headers, body = edge.ask("/pagerduty/users")
    assert (status, headers["retry-after"]) == (503, "5")
    assert json.loads(body)["error"]["errors"] == ["The server is starting. Try again in a moment"]

    status, _, body = edge.ask("/readyz")
    assert (status, json.loads(body)["accepting"]) == (503, False)
    assert "tocsin_accepting 0.0" in edge.ask("/metrics")[2]

    edge.process.terminate()
    code, said = ended(edge.process)
    assert code == 0
    assert "Traceback" not in said


def test_a_server_that_starts_is_never_broken(tmp_path: Path) -> None:
    server = RunningServer(tmp_path / "data")
    server.provider.start()
    try:
        server.launch()
        pages, rest, events = set(), set(), set()
        ready = False
        while not ready:
            pages.add(server.get("/sign-in")[0])
            rest.add(server.get("/pagerduty/users")[0])
            ready = server.get("/readyz")[0] == 200
            if ready:
                events.add(server.post("/v2/enqueue", {"routing_key": "x" * 32, "event_action": "resolve"})[0])
        assert pages <= {0, 200, 503}
        assert rest <= {0, 401, 503}
        assert events <= {400, 202}, "it said that it takes events"
        assert "Traceback" not in server.read_log()
    finally:
        server.stop()
        server.provider.stop()
