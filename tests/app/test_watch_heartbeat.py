"""The heartbeat beats while the pager is well, and only then: whoever listens alarms on silence."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tocsin.app.heartbeat import Heartbeat
from tocsin.runtime.clock import SystemClock
from tocsin.testing.fake_http import FakeAnswer, FakeHttpServer, FakeRequest

EVERY = 0.05


class Listener:
    """What listens for the heartbeat."""

    def __init__(self) -> None:
        self.beats = 0
        self._changed = threading.Condition()
        self.server = FakeHttpServer(self._answer, SystemClock().now)

    def wait_for(self, beats: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.beats >= beats, 5)

    def _answer(self, request: FakeRequest) -> FakeAnswer:
        assert (request.method, request.path) == ("GET", "/beat")
        with self._changed:
            self.beats += 1
            self._changed.notify_all()
        return FakeAnswer(500 if self.beats == 2 else 200)


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener()
    found.server.start()
    yield found
    found.server.stop()


def test_it_beats_while_all_is_well_and_is_silent_while_it_is_not(listener: Listener) -> None:
    problems: list[str] = []
    heartbeat = Heartbeat(f"{listener.server.url}/beat", lambda: problems, SystemClock().now, every_seconds=EVERY)
    heartbeat.start()
    assert listener.wait_for(4), "it goes on though one beat was refused"
    problems.append("a timer is 20 s overdue")
    threading.Event().wait(2 * EVERY)
    silent = listener.beats
    threading.Event().wait(6 * EVERY)
    assert listener.beats == silent
    problems.clear()
    assert listener.wait_for(silent + 2)
    heartbeat.stop()
    threading.Event().wait(2 * EVERY)
    ended = listener.beats
    threading.Event().wait(4 * EVERY)
    assert listener.beats == ended


@pytest.mark.parametrize("url", ["", "not a url", "http://[", "http://127.0.0.1:1/"])
def test_a_url_that_does_not_work_harms_nobody(url: str) -> None:
    asked = threading.Event()

    def problems() -> list[str]:
        asked.set()
        return []

    heartbeat = Heartbeat(url or "", problems, SystemClock().now, every_seconds=EVERY)
    heartbeat.start()
    assert asked.wait(2) is bool(url)
    asked.clear()
    if url:
        assert asked.wait(2), "it goes on trying"
    heartbeat.stop()
