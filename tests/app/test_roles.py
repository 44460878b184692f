"""The roles as processes: what dies is started again, nothing is orphaned, SIGTERM drains, each role starts alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import OwnServer
from tocsin.app.supervisor import Child
from tocsin.directory.model import Integration
from tocsin.storage.database import open_database
from tocsin.storage.log import Entry
from tocsin.testing.fake_http import is_slow
from tocsin.testing.running import RunningServer

pytestmark = pytest.mark.slow

BOUND = 25.0
"""Seconds. The promise is 10, for a machine with nothing else to do; what is measured is printed."""


class Alarms:
    """A person and a service for each alarm, so that nothing is bundled."""

    def __init__(self, server: RunningServer, count: int) -> None:
        self.server = server
        self.numbers = [f"20255501{one:02d}" for one in range(count)]
        people = [server.person(f"p{one}", number) for one, number in enumerate(self.numbers)]
        self.services: list[Integration] = [server.service(f"s{one}", person) for one, person in enumerate(people)]
        server.wait_for_key(self.services[-1])

    def send(self, number: int) -> int:
        return self.server.event(self.services[number], f"alarm-{number}")[0]

    def pages(self, number: int) -> int:
        return len(self.server.phones.texts(f"+1{self.numbers[number]}"))

    def wait_for_page(self, number: int) -> None:
        self.server.wait_until(lambda: self.pages(number) > 0, f"somebody is paged about alarm {number}")


def test_what_dies_is_started_again_and_nothing_is_orphaned(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data") as server:
        alarms = Alarms(server, 3)
        before = server.pids()
        for number, role in enumerate(("engine", "edge")):
            died = time.monotonic()
            server.kill(role)
            server.wait_until(lambda: alarms.send(number) == 202, "an event is accepted")  # noqa: B023 - used at once
            alarms.wait_for_page(number)
            print(f"{role} killed: paging again after {time.monotonic() - died:.1f} s")
            assert time.monotonic() - died < BOUND
        after = server.pids()
        assert after["supervisor"] == before["supervisor"]
        assert not set(after.values()) & {before["edge"], before["engine"]}

        server.kill("supervisor")
        server.wait_until(lambda: not server.leftovers(), "its children die with it", 5)
        died = time.monotonic()
        server.start()
        assert alarms.send(2) == 202
        alarms.wait_for_page(2)
        print(f"everything restarted: paging again after {time.monotonic() - died:.1f} s")
        assert time.monotonic() - died < BOUND
    assert not server.leftovers()


def test_paging_goes_on_when_no_line_can_be_logged(tmp_path: Path) -> None:
    server = RunningServer(tmp_path / "data")
    server.log = Path("/dev/full")
    with server:
        alarms = Alarms(server, 2)
        for number, role in enumerate(("engine", "edge")):
            server.kill(role)
            server.wait_until(lambda: alarms.send(number) == 202, "an event is accepted", BOUND)  # noqa: B023 - used at once
            alarms.wait_for_page(number)
        assert sorted(server.pids()) == ["edge", "engine", "supervisor"]


def test_a_start_that_the_system_refuses_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    stopping, asked = threading.Event(), []

    def refuse(command: list[str], **_: object) -> None:
        asked.append(command)
        if len(asked) == 3:
            stopping.set()
        raise BlockingIOError("no process to spare")

    monkeypatch.setattr("tocsin.app.supervisor.subprocess.Popen", refuse)
    child = Child("engine", ["never-run"], {}, stopping)
    child.start()
    child.stop(5.0)
    assert asked == [["never-run"]] * 3


def test_sigterm_lets_a_page_on_its_way_arrive_and_keeps_what_came_of_it(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data") as server:
        alarms = Alarms(server, 1)
        server.phones.faults.always(is_slow(1.0))
        accepted: list[int] = []
        stop = threading.Event()

        def load() -> None:
            while not stop.wait(0.01):
                accepted.append(server.event(alarms.services[0], "noise")[0])

        monitor = threading.Thread(target=load)
        monitor.start()
        server.wait_until(lambda: accepted.count(202) > 20, "events are accepted")
        server.wait_until(lambda: server.reads.pulse().outbox > 0, "a page is on its way")
        told = time.monotonic()
        assert server.stop() == 0
        took = time.monotonic() - told
        stop.set()
        monitor.join()
        print(f"SIGTERM: stopped after {took:.1f} s")
        assert took < BOUND
        assert alarms.pages(0) == 1
        assert not server.leftovers()

        database = open_database(tmp_path / "data", None, read_only=True)
        with database.reading() as connection:
            outbox = connection.exec_driver_sql("SELECT count(*) FROM outbox").scalar()
            states = connection.exec_driver_sql("SELECT state FROM messages").scalars().all()
        database.close()
        assert outbox == 0
        assert len(states) == 1
        assert states[0] in ("sent", "delivered")
        reader = server.place().log_reader()
        kept: list[Entry] = []
        while found := reader.read(kept[-1].seq if kept else 0, 1_000):
            kept += found
        reader.close()
        assert sum(entry.dedup_key == "noise" for entry in kept) >= accepted.count(202)


def role(name: str, folder: Path, port: int, **settings: str) -> subprocess.Popen[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    command = [sys.executable, "-m", "tocsin.cli.main", "serve", "--role", name, "--data", str(folder)]
    command += ["--port", str(port), "--host", "127.0.0.1", "--parent", str(os.getpid())]
    return subprocess.Popen(command, env={**inherited, **settings}, stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """How a process that should end by itself ended, and what it said."""
    _, said = process.communicate(timeout=20)
    return process.returncode, said


@pytest.fixture
def postgres() -> Iterator[OwnServer]:
    with tempfile.TemporaryDirectory(prefix="tocsin-pg-") as folder:
        server = OwnServer(Path(folder))
        yield server
        server.close()


@pytest.mark.postgres
def test_everything_starts_without_its_database(tmp_path: Path, postgres: OwnServer) -> None:
    """And works once the database is there, without anybody's help."""
    url = postgres.url
    postgres.crash()
    server = RunningServer(tmp_path / "data", database_url=url)
    server.provider.start()
    try:
        server.launch()
        server.wait_until(lambda: server.get("/healthz")[0] == 503, "the edge is there")
        assert server.get("/readyz")[0] == 503
        body = {"routing_key": "x" * 32, "event_action": "trigger"}
        assert server.post("/v2/enqueue", body)[0] in (400, 500, 503)
        postgres.start()
        server.wait_until(lambda: server.get("/readyz")[0] == 200, "the edge accepts")
        server.wait_until(server.engine_answers, "the engine is ready")
        server._connect()
        alarms = Alarms(server, 1)
        assert alarms.send(0) == 202
        alarms.wait_for_page(0)
    finally:
        server.stop()
        server.provider.stop()


@pytest.mark.postgres
def test_a_server_that_forgets_commits_is_refused(tmp_path: Path, postgres: OwnServer) -> None:
    postgres.set("fsync", "off")
    engine = role("engine", tmp_path / "data", 1, TOCSIN_DATABASE_URL=postgres.url)
    code, said = ended(engine)
    assert code == 1
    assert "fsync = off" in said


def test_an_older_version_refuses_a_newer_database(tmp_path: Path) -> None:
    data = tmp_path / "data"
    setup = [sys.executable, "-m", "tocsin.cli.main", "setup", "--name", "A", "--email", "a@example.com"]
    subprocess.run([*setup, "--data", str(data)], check=True, capture_output=True)
    database = open_database(data, None)
    with database.transaction() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999_future'")
    database.close()
    code, said = ended(role("engine", data, 1))
    assert code == 1
    assert "newer version of Tocsin" in said
    again = subprocess.run([*setup, "--data", str(data)], check=False, capture_output=True, text=True)
    assert again.returncode == 1
    assert "newer version of Tocsin" in again.stderr


def test_an_engine_waits_for_the_log_and_still_stops_when_told(tmp_path: Path) -> None:
    data = tmp_path / "data"
    engine = role("engine", data, 1)
    try:
        deadline = time.monotonic() + 15
        while not (data / "tocsin.sqlite").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(0.5)
        engine.send_signal(signal.SIGTERM)
        assert ended(engine)[0] == 0
    finally:
        engine.kill()
