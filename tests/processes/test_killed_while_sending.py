"""The engine killed where it hurts: before a page is decided, while the provider has it, before it took it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tocsin.directory.model import Integration
from tocsin.paging.messages import PageStarted
from tocsin.paging.model import MessageState
from tocsin.runtime.reads import MessageFilter, TimelineFilter
from tocsin.testing.fake_http import acts_then_hangs, hangs
from tocsin.testing.fake_phones import FakeText
from tocsin.testing.running import RunningServer

HELD_SECONDS = 8.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("sending") / "data") as running:
        yield running


class Case:
    """A person and a service for one test."""

    def __init__(self, server: RunningServer, name: str, number: str) -> None:
        self._server = server
        self._name = name
        self.number = f"+1{number}"
        self._integration: Integration = server.service(name, server.person(name, number))
        server.wait_for_key(self._integration)

    def alarm(self) -> None:
        status, _ = self._server.event(self._integration, self._name, f"{self._name} broke")
        assert status == 202

    def texts(self) -> list[FakeText]:
        return [text for text in self._server.phones.texts(self.number) if f"{self._name} broke" in text.body]

    def newest_state(self) -> MessageState | None:
        found = self._server.reads.messages(MessageFilter()).items
        return next((one.state for one in found if one.address == self.number), None)

    def attempts(self) -> list[str]:
        """Why each attempt was made, as the timeline says."""
        entries = self._server.reads.timeline(TimelineFilter(), limit=1000).items
        started = [one.fact for one in entries if isinstance(one.fact, PageStarted)]
        return [fact.why for fact in started if fact.address == self.number]


def settled(server: RunningServer) -> bool:
    return server.engine_answers() and not server.reads.pulse().outbox


def test_the_provider_had_it_and_could_not_say_so(server: RunningServer) -> None:
    case = Case(server, "alice", "2025550111")
    server.phones.set_receipts(case.number)  # none
    server.phones.faults.next(acts_then_hangs(HELD_SECONDS))
    case.alarm()
    server.wait_until(lambda: len(case.texts()) == 1, "the provider has the page")
    server.kill("engine")
    server.wait_until(lambda: len(case.texts()) == 2, "it is sent again: nobody knows that it was taken")
    server.wait_until(lambda: settled(server), "the second is recorded")
    assert len(case.texts()) == 2
    first, second = case.attempts()
    assert "it is not known whether the last attempt went out" in second
    assert second != first


def test_a_receipt_says_that_it_was_taken(server: RunningServer) -> None:
    case = Case(server, "erin", "2025550115")
    server.phones.faults.next(acts_then_hangs(HELD_SECONDS))
    case.alarm()
    server.wait_until(lambda: len(case.texts()) == 1, "the provider has the page")
    server.wait_until(lambda: case.newest_state() is MessageState.DELIVERED, "its receipt was taken")
    server.kill("engine")
    server.wait_until(lambda: settled(server), "the engine is back and has read the receipt")
    assert len(case.texts()) == 1


def test_the_provider_never_took_it(server: RunningServer) -> None:
    case = Case(server, "bob", "2025550112")
    server.phones.faults.next(hangs(HELD_SECONDS))
    case.alarm()
    server.wait_until(lambda: not server.phones.faults.waiting, "the provider was asked")
    assert server.reads.pulse().outbox == 1
    server.kill("engine")
    server.wait_until(lambda: len(case.texts()) == 1, "it is sent after the restart")
    server.wait_until(lambda: settled(server), "it is recorded")
    assert len(case.texts()) == 1


def test_accepted_while_the_engine_stands_still_and_dies(server: RunningServer) -> None:
    case = Case(server, "carol", "2025550113")
    server.pause("engine")
    case.alarm()
    server.kill("engine")
    server.wait_until(lambda: len(case.texts()) == 1, "it is decided and sent after the restart")
    server.wait_until(lambda: settled(server), "it is recorded")
    assert len(case.texts()) == 1


def test_the_edge_dies_and_the_engine_pages_on(server: RunningServer) -> None:
    case = Case(server, "dave", "2025550114")
    server.phones.faults.next(acts_then_hangs(1.0))
    case.alarm()
    server.kill("edge")
    server.wait_until(lambda: len(case.texts()) == 1, "the page is there")
    server.wait_until(lambda: server.get("/readyz")[0] == 200, "the edge is back")
    server.wait_until(lambda: settled(server), "it is recorded")
    assert len(case.texts()) == 1
