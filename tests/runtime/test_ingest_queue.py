"""Group commit: one write for many, and nobody hears "accepted" unless it is on the disk."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence

import pytest

from tocsin.kernel.errors import Invalid, TocsinError, TooMany, Unavailable
from tocsin.runtime.ingest_queue import IngestQueue
from tocsin.storage.log import LogFailed, LogRefused, NewEntry


def event(text: str = "x", key: str = "k") -> NewEntry:
    return NewEntry(1, "test", "PMONITR", key, text.encode())


class FakeLog:
    """A log in memory whose commits can be held up and made to fail."""

    epoch = "fake"

    def __init__(self) -> None:
        self.commits: list[list[bytes]] = []
        self.attempts = 0
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.fault: Callable[[Sequence[NewEntry]], Exception | None] = lambda _: None

    def head(self) -> int:
        return sum(map(len, self.commits))

    def append(self, entries: Sequence[NewEntry]) -> int:
        self.attempts += 1
        self.entered.set()
        assert self.gate.wait(10)
        fault = self.fault(entries)
        if fault is not None:
            raise fault
        first = self.head() + 1
        self.commits.append([entry.body for entry in entries])
        return first

    def drop_before(self, seq: int) -> int:
        return 0

    def close(self) -> None:
        pass

    async def hold(self, queue: IngestQueue) -> asyncio.Task[int]:
        """Makes the next commits wait until `gate` is set again; the returned append is inside the first of them."""
        self.gate.clear()
        self.entered.clear()
        held = asyncio.create_task(queue.append([event("held")]))
        await asyncio.to_thread(self.entered.wait, 10)
        return held


async def outcomes(tasks: Sequence[asyncio.Task[int]]) -> list[int | str]:
    found = await asyncio.gather(*tasks, return_exceptions=True)
    return [one if isinstance(one, int) else type(one).__name__ for one in found]


def appends(queue: IngestQueue, batches: Sequence[Sequence[NewEntry]]) -> list[asyncio.Task[int]]:
    return [asyncio.create_task(queue.append(batch)) for batch in batches]


def test_what_waits_during_a_commit_shares_the_next_one() -> None:
    async def story() -> None:
        log, heads = FakeLog(), list[int]()
        queue = IngestQueue(log, notify=heads.append)
        queue.start()
        held = await log.hold(queue)
        tasks = appends(queue, [[event(f"{number}")] * (1 + number % 3) for number in range(30)])
        await asyncio.sleep(0)
        log.gate.set()
        assert await held == 1
        firsts = await outcomes(tasks)
        assert [len(commit) for commit in log.commits] == [1, 60]
        expected, at = [], 2
        for number in range(30):
            expected.append(at)
            at += 1 + number % 3
        assert firsts == expected
        assert queue.close(), "the engine is told after the senders"
        assert heads == [1, log.head()] == [1, queue.head]

    asyncio.run(story())


def test_nobody_is_answered_before_the_commit() -> None:
    async def story() -> None:
        log = FakeLog()
        queue = IngestQueue(log)
        queue.start()
        held = await log.hold(queue)
        await asyncio.sleep(0.05)
        assert not held.done()
        assert queue.head == 0
        log.gate.set()
        assert await held == 1
        queue.close()

    asyncio.run(story())


def test_a_refused_commit_refuses_everybody_in_it_and_the_next_one_is_tried() -> None:
    async def story() -> None:
        log = FakeLog()
        queue = IngestQueue(log)
        queue.start()
        held = await log.hold(queue)
        tasks = appends(queue, [[event()]] * 5)
        await asyncio.sleep(0)
        log.fault = lambda entries: LogRefused("disk full") if len(entries) == 5 else None
        log.gate.set()
        assert await held == 1
        assert await outcomes(tasks) == ["Unavailable"] * 5
        assert queue.refused
        assert not queue.accepting
        assert await queue.append([event("later")]) == 2
        assert not queue.refused
        assert log.commits == [[b"held"], [b"later"]]
        assert queue.accepting
        queue.close()

    asyncio.run(story())


def test_a_log_that_refused_is_tried_until_it_takes_entries_though_no_event_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tocsin.runtime.ingest_queue.TRIAL_SECONDS", 0.01)

    async def story() -> None:
        log, taken = FakeLog(), threading.Event()
        queue = IngestQueue(log, notify=lambda _: taken.set(), trial=lambda: event("trial"))
        queue.start()
        log.fault = lambda _: LogRefused("disk full")
        assert await outcomes(appends(queue, [[event()]])) == ["Unavailable"]
        log.fault = lambda _: None
        assert await asyncio.to_thread(taken.wait, 5)
        assert queue.accepting
        assert await queue.append([event("later")]) == 2
        assert log.commits == [[b"trial"], [b"later"]]
        queue.close()

    asyncio.run(story())


def test_a_broken_log_shuts_the_door_for_good_and_says_so() -> None:
    async def story() -> None:
        log, told = FakeLog(), list[LogFailed | None]()
        queue = IngestQueue(log)
        queue.on_failure(lambda: told.append(queue.failure))
        queue.start()
        log.fault = lambda _: LogFailed("fsync")
        assert await outcomes(appends(queue, [[event()]])) == ["Unavailable"]
        attempts = log.attempts
        assert await outcomes(appends(queue, [[event()]] * 3)) == ["Unavailable"] * 3
        assert log.attempts == attempts, "after a failed fsync nothing is written any more"
        assert not queue.accepting
        assert queue.close()
        assert len(told) == 1
        assert isinstance(told[0], LogFailed)

    asyncio.run(story())


def test_an_entry_that_brings_out_a_defect_does_not_cost_the_others_their_acceptance() -> None:
    async def story() -> None:
        log = FakeLog()
        queue = IngestQueue(log)
        queue.start()
        held = await log.hold(queue)
        tasks = appends(queue, [[event("good 1")], [event("poison")], [event("good 2")]])
        await asyncio.sleep(0)
        log.fault = lambda entries: TypeError("?") if any(entry.body == b"poison" for entry in entries) else None
        log.gate.set()
        await held
        assert await outcomes(tasks) == [2, "Unavailable", 3]
        assert log.commits == [[b"held"], [b"good 1"], [b"good 2"]]
        queue.close()

    asyncio.run(story())


@pytest.mark.parametrize("bound", ["entries", "bytes"])
def test_a_full_queue_refuses_at_once(bound: str) -> None:
    async def story() -> None:
        log = FakeLog()
        queue = IngestQueue(log, max_entries=10) if bound == "entries" else IngestQueue(log, max_bytes=10)
        queue.start()
        held = await log.hold(queue)
        tasks = appends(queue, [[event()]] * 12)
        await asyncio.sleep(0)
        log.gate.set()
        assert await held == 1
        assert await outcomes(tasks) == [*range(2, 12), "TooMany", "TooMany"]
        assert await queue.append([event()]) == 12
        queue.close()

    asyncio.run(story())


def test_a_long_backlog_shuts_the_door_until_the_engine_has_caught_up() -> None:
    async def story() -> None:
        log = FakeLog()
        queue = IngestQueue(log, max_backlog=3)
        queue.start()
        queue.note_decided(0)
        for _ in range(4):
            await queue.append([event()])
        with pytest.raises(TooMany) as caught:
            await queue.append([event()])
        assert caught.value.reason == "backlog"
        queue.note_decided(1)
        assert await queue.append([event()]) == 5
        queue.close()

    asyncio.run(story())


@pytest.mark.parametrize("key", ["nul\0", "lone \ud800 surrogate"])
def test_text_that_no_database_keeps_is_refused_before_it_joins_a_batch(key: str) -> None:
    async def story() -> None:
        log = FakeLog()
        queue = IngestQueue(log)
        queue.start()
        with pytest.raises(Invalid):
            await queue.append([event(key=key)])
        assert await queue.append([event(key="ключ 🔥")]) == 1
        queue.close()

    asyncio.run(story())


def test_closing_commits_what_waits_and_refuses_what_comes() -> None:
    async def story() -> None:
        log = FakeLog()
        queue = IngestQueue(log)
        with pytest.raises(Unavailable):
            await queue.append([event()])
        queue.start()
        held = await log.hold(queue)
        tasks = appends(queue, [[event()]] * 3)
        await asyncio.sleep(0)
        closing = asyncio.create_task(asyncio.to_thread(queue.close))
        await asyncio.sleep(0.05)
        assert await outcomes(appends(queue, [[event()]])) == ["Unavailable"]
        log.gate.set()
        assert await closing
        assert await outcomes([held, *tasks]) == [1, 2, 3, 4]

    asyncio.run(story())


def test_threads_and_callbacks_are_served_like_the_event_loop() -> None:
    async def story() -> None:
        log = FakeLog()
        queue = IngestQueue(log)
        queue.start()
        assert await asyncio.to_thread(queue.append_wait, [event(), event()]) == 1
        settled: list[tuple[int, TocsinError | None]] = []
        done = threading.Event()

        def settle(seq: int, error: TocsinError | None) -> None:
            settled.append((seq, error))
            done.set()
            raise RuntimeError("one answer's trouble is not the others'")

        queue.hand_in([event()], settle)
        await asyncio.to_thread(done.wait, 10)
        assert settled == [(3, None)]
        log.fault = lambda _: LogRefused("full")
        with pytest.raises(Unavailable):
            await asyncio.to_thread(queue.append_wait, [event()])
        log.fault = lambda _: None
        assert await queue.append([event()]) == 4
        log.gate.clear()
        with pytest.raises(Unavailable, match="in time"):
            await asyncio.to_thread(queue.append_wait, [event()], 0.05)
        log.gate.set()
        queue.close()

    asyncio.run(story())


def test_a_request_that_was_given_up_does_not_disturb_the_others() -> None:
    async def story() -> None:
        log = FakeLog()
        queue = IngestQueue(log)
        queue.start()
        held = await log.hold(queue)
        given_up, other = appends(queue, [[event()], [event()]])
        await asyncio.sleep(0)
        given_up.cancel()
        log.gate.set()
        assert await outcomes([held, other]) == [1, 3]
        queue.close()

    asyncio.run(story())


def test_a_log_that_can_not_drop_what_is_old_goes_on() -> None:
    class Stubborn(FakeLog):
        def drop_before(self, seq: int) -> int:
            raise LogRefused(f"not before {seq}")

    queue = IngestQueue(Stubborn())
    queue.start()
    queue.drop_before(3)
    assert [queue.append_wait([event()]) for _ in range(3)] == [1, 2, 3]
    assert queue.close()
