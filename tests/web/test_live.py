"""Live updates: who listens is told once, quickly, and a sleeping page costs next to nothing."""

from __future__ import annotations

import asyncio
import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from starlette.requests import Request

from tests.web.place import Place
from tests.web.serving import served, session_of
from tocsin.kernel.errors import TooMany
from tocsin.runtime import live
from tocsin.runtime.live import NOW, Bus, Pace, incident_topic
from tocsin.web.app import create
from tocsin.web.live import GATHER_SECONDS


def test_a_page_is_woken_for_its_own_topics_only() -> None:
    async def scene() -> None:
        bus = Bus()
        mine, other = bus.subscribe([incident_topic("Q1")]), bus.subscribe([incident_topic("Q2")])
        bus.publish(["incident:Q1"])
        assert await mine.changed(1) == {"incident:Q1"}
        assert await other.changed(0.01) == frozenset()

    asyncio.run(scene())


TOLD = {"incident:Q1": True, "config": True, "reconnected": True, "demo": False}


@pytest.mark.parametrize("topic", TOLD)
def test_what_the_first_page_is_told(topic: str) -> None:
    async def scene() -> bool:
        bus = Bus()
        page = bus.subscribe([NOW])
        bus.publish([topic])
        return bool(await page.changed(0.05))

    assert asyncio.run(scene()) is TOLD[topic]


def test_what_is_published_by_other_threads_while_nobody_waits_is_heard_together() -> None:
    async def scene() -> None:
        bus = Bus()
        page = bus.subscribe(["incident:Q1", "incident:Q2"])
        threads = [threading.Thread(target=bus.publish, args=([f"incident:Q{number}"],)) for number in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        await asyncio.sleep(0.05)
        assert await page.changed(1) == {"incident:Q1", "incident:Q2"}
        assert await page.changed(0.01) == frozenset()

    asyncio.run(scene())


def test_whoever_closed_is_forgotten() -> None:
    async def scene() -> None:
        bus = Bus()
        page = bus.subscribe([NOW])
        assert len(bus) == 1
        page.close()
        page.close()
        assert len(bus) == 0
        bus.publish(["config"])

    asyncio.run(scene())


def test_a_page_that_listens_to_nothing_counts_no_longer_than_it_is_open() -> None:
    async def scene() -> None:
        bus = Bus()
        page = bus.subscribe([])
        assert len(bus) == 1
        page.close()
        page.close()
        assert len(bus) == 0

    asyncio.run(scene())


def test_an_edge_that_is_full_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PAGES_AT_ONCE", 2)

    async def scene() -> None:
        bus = Bus()
        pages = [bus.subscribe([NOW]) for _ in range(2)]
        with pytest.raises(TooMany):
            bus.subscribe([NOW])
        pages[0].close()
        bus.subscribe([NOW])

    asyncio.run(scene())


def taken(pace: Pace, now: float, count: int) -> list[float]:
    """When so many pages that all come now are told."""
    found = []
    at = now
    for _ in range(count):
        at += pace.wait(at)
        pace.take(at)
        found.append(at - now)
    return found


def test_few_pages_do_not_wait_and_many_never_take_the_whole_edge() -> None:
    pace = Pace(fast=50, slow=10, burst=100)
    told = taken(pace, 1.0, 500)
    assert [round(at, 3) for at in told[:3]] == [0.0, 0.02, 0.04]
    assert told[99] < 2.1
    assert 36 < told[-1] < 42, "a hundred at fifty a second, the others at ten"
    # After a quiet minute there is room for a burst again, and for no more than one.
    told = taken(pace, 200.0, 300)
    assert told[99] < 2.1
    assert told[-1] > 15


def test_pages_are_told_in_their_order_and_who_leaves_takes_no_turn() -> None:
    async def scene() -> list[int]:
        pace, told = Pace(fast=50, slow=50, burst=1), list[int]()

        async def page(number: int) -> None:
            await pace.turn()
            told.append(number)

        tasks = [asyncio.create_task(page(number)) for number in range(60)]
        await asyncio.sleep(0.02)
        for gone in tasks[20:59]:
            gone.cancel()
        began = time.perf_counter()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert time.perf_counter() - began < 1.0, "thirty-nine turns fewer: sixty take 1.2 s"
        assert len(pace) == 0
        return told

    assert asyncio.run(scene()) == [*range(20), 59]


def test_what_was_published_before_a_page_asks_is_heard_once() -> None:
    async def scene() -> None:
        bus = Bus()
        page = bus.subscribe([NOW])
        bus.publish(["config"])
        assert await page.changed(1) == {NOW}
        bus.publish(["config"])
        await page.rest(0.01)
        page.catch_up()
        assert await page.changed(0.01) == frozenset()
        bus.publish(["config"])
        assert await page.changed(1) == {NOW}

    asyncio.run(scene())


def test_a_loop_that_is_gone_does_not_stop_the_publisher() -> None:
    bus = Bus()

    async def leave_without_closing() -> None:
        bus.subscribe([NOW])

    asyncio.run(leave_without_closing())
    bus.publish(["config"])


def test_five_hundred_pages_are_told_at_once_and_cost_little() -> None:
    async def scene() -> tuple[float, float]:
        bus = Bus()
        pages = [bus.subscribe([NOW]) for _ in range(500)]
        waiting = [asyncio.create_task(page.changed(30)) for page in pages]
        await asyncio.sleep(0)
        started = time.perf_counter()
        bus.publish(["incident:Q1"])
        published = time.perf_counter() - started
        assert all(await asyncio.gather(*waiting))
        return published, time.perf_counter() - started

    published, told = asyncio.run(scene())
    print(f"500 pages: publishing {published * 1000:.2f} ms, all told after {told * 1000:.1f} ms")
    assert published < 0.05
    assert told < 1.0


MISSED = [
    pytest.param(["incident:Q1"], "now", True, id="an incident concerns the first page"),
    pytest.param(["incident:Q1"], "incident:Q1", True, id="its own page"),
    pytest.param(["incident:Q1"], "incident:Q2", False, id="not another's"),
    pytest.param(["incident:Q2", "incident:Q3"], "incident:Q2", True, id="not only the last one"),
    pytest.param([], "now", False, id="nothing happened"),
    pytest.param(["reconnected"], "incident:Q2", True, id="who knows what happened"),
]


@pytest.mark.parametrize(("published", "topic", "missed"), MISSED)
def test_what_was_published_since_a_page_was_made_is_known(published: list[str], topic: str, missed: bool) -> None:
    bus = Bus("here")
    bus.publish(["incident:Q2", "config"])
    mark = bus.mark
    for one in published:
        bus.publish([one])
    assert bus.missed(mark, frozenset({topic})) is missed


@pytest.mark.parametrize("mark", ["", "there.0", "here", "here.", "here.-1", "here.9", "here.x", "here." + "1" * 5000])
def test_a_mark_of_another_edge_or_of_nobody_may_have_missed_something(mark: str) -> None:
    assert Bus("here").missed(mark, frozenset({NOW}))


def test_a_mark_from_long_ago_may_have_missed_something() -> None:
    bus = Bus("here")
    mark = bus.mark
    for _ in range(live.REMEMBERED + 1):
        bus.publish(["incident:Q1"])
    assert bus.missed(mark, frozenset({"incident:Q2"}))


class Stream:
    """An open stream of events, read line by line."""

    def __init__(self, address: str, token: str, topic: str, seen: str | None = None) -> None:
        self.connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
        since = "" if seen is None else f"&seen={seen}"
        self.connection.request("GET", f"/live?topic={topic}{since}", headers={"cookie": f"tocsin={token}"})
        self.answer = self.connection.getresponse()

    def event(self) -> str:
        """The name of the next event; empty when the stream has ended."""
        while line := self.answer.readline():
            if line.startswith(b"event: "):
                return line[7:].strip().decode()
        return ""

    def close(self) -> None:
        self.answer.close()
        self.connection.close()


@pytest.fixture
def address(place: Place) -> Iterator[str]:
    with served(place.app()) as found:
        yield found


def test_the_stream_says_that_it_is_ready_and_then_what_changed(place: Place, address: str) -> None:
    stream = Stream(address, session_of(place, "alice"), "now")
    assert stream.answer.status == 200
    assert stream.answer.headers["content-type"].startswith("text/event-stream")
    assert stream.event() == "ready"
    place.site.bus.publish(["incident:Q1"])
    assert stream.event() == "changed"
    stream.close()


def test_a_page_is_told_at_once_what_it_missed_before_its_stream(place: Place, address: str) -> None:
    seen = place.site.bus.mark
    place.site.bus.publish(["incident:Q1"])
    stream = Stream(address, session_of(place, "alice"), "now", seen)
    assert [stream.event(), stream.event()] == ["ready", "changed"]
    stream.close()


def test_many_changes_at_once_are_few_events(place: Place, address: str) -> None:
    """One for what came before the page began to rest, one for each rest after that."""
    with closing(Stream(address, session_of(place, "alice"), "now")) as stream:
        assert stream.event() == "ready"
        place.site.bus.publish(["config"])
        assert stream.event() == "changed"
        began = time.monotonic()
        for number in range(100):
            place.site.bus.publish([f"incident:Q{number}"])
        rests = (time.monotonic() - began) // GATHER_SECONDS + 1
        stream.answer.fp.raw._sock.settimeout(1)  # type: ignore[attr-defined]
        events = 0
        with suppress(TimeoutError):
            while stream.event() == "changed":
                events += 1
        assert 1 <= events <= 1 + rests


def test_streams_are_for_people_who_are_signed_in(place: Place, address: str) -> None:
    stream = Stream(address, "0" * 40, "now")
    assert stream.answer.status == 401
    stream.close()


def test_one_session_has_only_so_many_live_pages(place: Place, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.web.live.PAGES_OF_SESSION", 2)
    token = session_of(place, "alice")
    streams = [Stream(address, token, "now") for _ in range(3)]
    assert [one.answer.status for one in streams] == [200, 200, 503]
    other = Stream(address, session_of(place, "bob"), "now")
    assert other.answer.status == 200
    streams[0].close()
    until = time.monotonic() + 10
    while (again := Stream(address, token, "now")).answer.status == 503 and time.monotonic() < until:
        again.close()
        place.site.bus.publish(["config"])  # a line that is gone is noticed by what is sent
        time.sleep(0.05)
    assert again.answer.status == 200
    for one in (*streams[1:], other, again):
        one.close()


def test_who_leaves_before_the_stream_begins_is_forgotten(place: Place) -> None:
    token = session_of(place, "alice")
    endpoint = next(route for route in create(place.site) if getattr(route, "path", "") == "/live").endpoint  # type: ignore[attr-defined]
    scope = {
        "type": "http", "method": "GET", "path": "/live", "query_string": b"topic=now", "scheme": "http",
        "headers": [(b"host", b"127.0.0.1"), (b"cookie", f"tocsin={token}".encode())], "server": ("127.0.0.1", 80),
        "client": None, "root_path": "",
    }  # fmt: skip

    async def scene() -> None:
        response = await endpoint(Request(scope))
        assert len(place.site.bus) == 1

        async def gone(_message: object) -> None:
            raise OSError("the line is gone")

        async def receive() -> dict[str, str]:
            await asyncio.sleep(60)
            return {"type": "http.disconnect"}

        await response(scope, receive, gone)  # nor is it a failure that the log has to tell

    asyncio.run(scene())
    assert len(place.site.bus) == 0


def test_odd_topics_are_left_out(place: Place, address: str) -> None:
    stream = Stream(address, session_of(place, "alice"), "incident:..%2F..&topic=%00&topic=config&topic=now")
    assert stream.event() == "ready"
    assert len(place.site.bus) == 1
    stream.close()


def test_a_stream_ends_when_its_person_is_signed_out(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.web.live.HEARTBEAT_SECONDS", 0.2)
    token = session_of(place, "alice")
    with served(place.app()) as found:
        stream = Stream(found, token, "now")
        assert stream.event() == "ready"
        place.sessions.sign_out(token)
        assert stream.event() == ""
        stream.close()


def test_a_busy_stream_of_somebody_who_was_removed_ends_too(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much there is to tell, whoever may hear it is asked again and again."""
    monkeypatch.setattr("tocsin.web.live.CHECK_SECONDS", 1.0)
    token = session_of(place, "bob")
    with served(place.app()) as found, closing(Stream(found, token, "now")) as stream:
        assert stream.event() == "ready"
        place.site.bus.publish(["incident:Q1"])
        assert stream.event() == "changed"
        bob = place.desk.config().users[place.people["bob"].id]
        place.desk.save(replace(bob, active=False), "active")
        over, began = threading.Event(), time.monotonic()

        def publish() -> None:
            while not over.wait(0.1):
                place.site.bus.publish(["incident:Q1"])

        noise = threading.Thread(target=publish)
        noise.start()
        while stream.event():
            assert time.monotonic() - began < 5, "it goes on"
        over.set()
        noise.join()
