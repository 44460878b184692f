"""Edges and the active engine on PostgreSQL: requests arrive once, answers go to who asked, changes to everybody."""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.databases import OwnServer, fresh
from tocsin.directory.model import Team
from tocsin.engine.things import SaveThing
from tocsin.incidents.messages import AddNote
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.errors import Conflict, Invalid, Unavailable
from tocsin.kernel.ids import IdSource
from tocsin.runtime import answers
from tocsin.runtime.clock import SystemClock
from tocsin.runtime.pg_commands import PgDesk, PgDoor
from tocsin.runtime.turn_inputs import Request
from tocsin.storage.commands import CommandTable
from tocsin.storage.config_reader import ConfigReader
from tocsin.storage.database import Database, open_database
from tocsin.storage.lease import LeaseTable
from tocsin.storage.schema import create_schema

pytestmark = pytest.mark.postgres

NOTE = AddNote(incident_id="Q1", text="a note with \0 in it")


class FakeEngine:
    """Answers requests as it is told to, in the thread that asks."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.woken = threading.Event()
        self.answer: Callable[[Request], str | None] = lambda request: answers.granted(request.command.kind, 0)

    def ask(self, request: Request) -> None:
        self.requests.append(request)
        text = self.answer(request)
        if text is not None:
            request.reply(text)

    def wake(self) -> None:
        self.woken.set()


class Pair:
    """An engine's door and edges' desks on one database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = FakeEngine()
        self._opened: list[Database] = []
        self._desks: list[PgDesk] = []
        create_schema(self.database())
        self.door = PgDoor(CommandTable(self.database()), url, self.engine, SystemClock())

    def database(self) -> Database:
        self._opened.append(open_database(Path(), self.url))
        return self._opened[-1]

    def desk(self, changed: Callable[[Iterable[str]], None] = lambda _topics: None) -> PgDesk:
        config = ConfigReader(self.database())
        ids = IdSource(random.Random(len(self._desks)))
        made = PgDesk(CommandTable(self.database()), self.url, config, ids=ids, clock=SystemClock(), changed=changed)
        self._desks.append(made)
        made.start()
        return made

    def close(self) -> None:
        for desk in self._desks:
            desk.close()
        self.door.close()
        for database in self._opened:
            database.close()


@pytest.fixture
def pair(postgres_server: str) -> Iterator[Pair]:
    with fresh(postgres_server) as url:
        made = Pair(url)
        yield made
        made.close()


def test_a_request_is_answered(pair: Pair) -> None:
    pair.door.start()
    desk = pair.desk()
    assert desk.run(SYSTEM, NOTE, key="mine") == "incident.add_note"
    (request,) = pair.engine.requests
    assert (request.key, request.actor, request.command) == ("mine", SYSTEM, NOTE)
    wanted = SaveThing(thing_kind="team", thing=Team(id="", name="x"))
    pair.engine.answer = lambda _: answers.granted(Team(id="T1", name="x"), 0)
    assert desk.run(SYSTEM, wanted) == Team(id="T1", name="x")
    assert pair.engine.requests[1].command == wanted
    assert pair.engine.requests[1].key, "one is made: an engine that is asked again acts once"


def test_a_refusal_comes_as_it_was_meant(pair: Pair) -> None:
    pair.door.start()
    pair.engine.answer = lambda _: answers.refused(Conflict("It is resolved.", details=("really",), reason="resolved"))
    with pytest.raises(Conflict, match="resolved") as refusal:
        pair.desk().run(SYSTEM, NOTE)
    assert (refusal.value.details, refusal.value.reason) == (("really",), "resolved")


def test_everybody_gets_their_own_answer(pair: Pair) -> None:
    pair.door.start()
    pair.engine.answer = lambda request: answers.granted(request.command.text, 0)  # type: ignore[attr-defined]
    desks = [pair.desk() for _ in range(3)]
    wrong: list[str] = []

    def ask(number: int) -> None:
        for one in range(10):
            text = f"{number}/{one}"
            if desks[number % 3].run(SYSTEM, AddNote(incident_id="Q1", text=text)) != text:
                wrong.append(text)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(pair.engine.requests) == 90


def test_an_engine_that_comes_later_finds_what_was_asked(pair: Pair) -> None:
    desk, said = pair.desk(), []
    asker = threading.Thread(target=lambda: said.append(desk.run(SYSTEM, NOTE)))
    asker.start()
    time.sleep(0.3)
    pair.door.start()
    asker.join(5)
    assert said == ["incident.add_note"]


def test_an_engine_that_dies_with_a_request_leaves_it_to_the_next(pair: Pair) -> None:
    pair.engine.answer = lambda _: None
    pair.door.start()
    desk, said = pair.desk(), []
    asker = threading.Thread(target=lambda: said.append(desk.run(SYSTEM, NOTE, key="k")))
    asker.start()
    while not pair.engine.requests:
        time.sleep(0.01)
    later = FakeEngine()
    door = PgDoor(CommandTable(pair.database()), pair.url, later, SystemClock())
    door.start()
    asker.join(5)
    door.close()
    assert said == ["incident.add_note"]
    assert later.requests[0].key == "k"


def test_nobody_waits_for_ever(pair: Pair) -> None:
    desk = pair.desk()
    began = time.monotonic()
    with pytest.raises(Unavailable):
        desk.patient(0.3).run(SYSTEM, NOTE)
    assert time.monotonic() - began < 2


def test_a_request_whose_asker_has_gone_is_not_carried_out(pair: Pair) -> None:
    with pytest.raises(Unavailable):
        pair.desk().patient(0.1).run(SYSTEM, NOTE)
    with psycopg.connect(pair.url, autocommit=True) as connection:
        connection.execute("UPDATE commands SET at = at - 16000000")
    pair.door.start()
    time.sleep(0.6)
    assert pair.engine.requests == []


def test_old_rows_are_swept_away(pair: Pair) -> None:
    pair.door.start()
    pair.desk().run(SYSTEM, NOTE)
    with psycopg.connect(pair.url, autocommit=True) as connection:
        connection.execute("UPDATE commands SET at = at - 61000000")
        CommandTable(pair.database()).sweep()
        assert connection.execute("SELECT count(*) FROM commands").fetchone() == (0,)


def test_a_request_that_the_engine_does_not_understand_is_refused(pair: Pair) -> None:
    """An edge of a newer version asks for something that this engine does not know."""
    pair.door.start()
    table = CommandTable(pair.database())
    for number, frame in enumerate([b"not json", b"{}", b'{"key":"","actor":{},"command":{"kind":"no.such"}}']):
        table.put(f"r{number}", frame)
    desk = pair.desk()
    assert desk.run(SYSTEM, NOTE) == "incident.add_note"
    found = table.answers(["r0", "r1", "r2"])
    for text in found.values():
        with pytest.raises(Invalid):
            answers.read_answer(NOTE, text.decode())
    assert len(found) == 3


def test_changes_reach_every_edge(pair: Pair) -> None:
    pair.door.start()
    heard: list[list[str]] = [[], []]
    for number in range(2):
        pair.desk(heard[number].extend)
    wait_for(lambda: all("reconnected" in one for one in heard))
    pair.door.publish(["incident:Q1", "config"])
    wait_for(lambda: all({"incident:Q1", "config"} <= set(one) for one in heard))
    for one in heard:
        one.clear()
    pair.door.publish([f"incident:Q{number:020}" for number in range(1_000)])
    wait_for(lambda: all(one == ["reconnected"] for one in heard))


def test_many_changes_are_few_hints(pair: Pair) -> None:
    pair.door.start()
    calls: list[list[str]] = []
    pair.desk(lambda topics: calls.append(list(topics)))
    wait_for(lambda: len(calls) > 0)
    for number in range(2_000):
        pair.door.publish([f"incident:Q{number % 20}"])
    wait_for(lambda: {topic for call in calls for topic in call} >= {f"incident:Q{one}" for one in range(20)})
    assert len(calls) < 100


def test_new_events_wake_the_engine(pair: Pair) -> None:
    pair.door.start()
    desk = pair.desk()
    assert pair.engine.woken.wait(2), "when it connects: it may have missed something"
    pair.engine.woken.clear()
    desk.tell_log_head(7)
    assert pair.engine.woken.wait(2)


def test_whether_an_engine_is_there_is_told_by_the_lease(pair: Pair) -> None:
    desk = pair.desk()
    assert not desk.engine_is_there()
    leases = LeaseTable(pair.database(), place="a", run="1")
    leases.take(60_000_000)
    assert desk.engine_is_there()
    leases.release(1)
    assert not desk.engine_is_there()


def test_a_database_that_restarts_costs_a_moment() -> None:
    with tempfile.TemporaryDirectory(prefix="tocsin-pg-") as folder:
        server = OwnServer(Path(folder))
        pair = Pair(server.url)
        try:
            pair.door.start()
            heard: list[str] = []
            desk = pair.desk(heard.extend)
            assert desk.run(SYSTEM, NOTE) == "incident.add_note"
            heard.clear()
            server.crash()
            said: list[str] = []
            asker = threading.Thread(target=lambda: said.append(desk.run(SYSTEM, NOTE)))
            asker.start()
            time.sleep(0.5)
            server.start()
            asker.join(8)
            assert said == ["incident.add_note"]
            wait_for(lambda: "reconnected" in heard)
        finally:
            pair.close()
            server.close()


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)
