"""Senders: what is stopped in time never leaves, what leaves is reported, and a closing server begins nothing new."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator

import pytest

from tocsin.directory.model import Channel
from tocsin.paging.messages import RecordAttempt, SendMessage
from tocsin.paging.model import Haste, Result
from tocsin.runtime import senders as module
from tocsin.runtime.senders import WORKERS, Senders

BUSY = [f"busy-{number}" for number in range(WORKERS[Channel.SMS])]
"""Messages that keep every worker of the channel busy."""


def message(name: str, channel: Channel = Channel.SMS, haste: Haste = Haste.HIGH) -> SendMessage:
    return SendMessage(
        key=f"{name}:1",
        message_id=name,
        attempt=1,
        channel=channel,
        address="+12025550101",
        user_id="U",
        subject="",
        text="",
        spoken="",
        code="",
        incident_ids=(),
        incident_number=0,
        haste=haste,
    )


class Provider:
    """Takes messages; each stays with it until it is let go."""

    def __init__(self) -> None:
        self.taken: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.reports: queue.SimpleQueue[RecordAttempt] = queue.SimpleQueue()
        self._permits = threading.Semaphore(0)

    def carry(self, one: SendMessage) -> RecordAttempt:
        self.taken.put(one.message_id)
        assert self._permits.acquire(timeout=10)
        if one.message_id == "explodes":
            raise ValueError("nobody expects this of a provider")
        return RecordAttempt(message_id=one.message_id, attempt=one.attempt, result=Result.SENT)

    def let_go(self, count: int = 1) -> None:
        self._permits.release(count)

    def next_taken(self) -> str:
        return self.taken.get(timeout=10)

    def next_report(self) -> tuple[str, Result]:
        found = self.reports.get(timeout=10)
        return found.message_id, found.result

    def keep_busy(self, senders: Senders) -> None:
        """Afterwards every worker has a message, and the next ones wait."""
        for name in BUSY:
            senders.submit(message(name))
        assert {self.next_taken() for _ in BUSY} == set(BUSY)


@pytest.fixture
def provider() -> Provider:
    return Provider()


Make = Callable[..., Senders]


@pytest.fixture
def make(provider: Provider) -> Iterator[Make]:
    made: list[Senders] = []

    def senders(may_send: Callable[[], bool] = lambda: True) -> Senders:
        carry = {Channel.SMS: provider.carry}
        settings = {Channel.VOICE: "TOCSIN_TWILIO_ACCOUNT_SID"}
        made.append(Senders(carry, provider.reports.put, may_send=may_send, settings=settings))
        return made[-1]

    yield senders
    provider.let_go(100)
    for one in made:
        one.close(5)


def test_what_waits_leaves_in_its_order(provider: Provider, make: Make) -> None:
    senders = make()
    provider.keep_busy(senders)
    waiting = [f"waits-{number}" for number in range(20)]
    for name in waiting:
        senders.submit(message(name))
    left = []
    for _ in waiting:
        provider.let_go()
        left.append(provider.next_taken())
    assert left == waiting


def test_what_is_stopped_while_it_waits_never_leaves(provider: Provider, make: Make) -> None:
    senders = make()
    provider.keep_busy(senders)
    for name in ("stopped", "after"):
        senders.submit(message(name))
    senders.stop("stopped")
    provider.let_go(len(BUSY) + 1)
    results = dict(provider.next_report() for _ in range(len(BUSY) + 2))
    assert results == {**dict.fromkeys((*BUSY, "after"), Result.SENT), "stopped": Result.CANCELLED}
    assert provider.next_taken() == "after"
    assert provider.taken.empty()


def test_what_the_provider_has_is_not_stopped_nor_is_its_next_attempt(provider: Provider, make: Make) -> None:
    senders = make()
    senders.submit(message("M"))
    assert provider.next_taken() == "M"
    senders.stop("M")
    provider.let_go()
    assert provider.next_report() == ("M", Result.SENT)
    senders.submit(message("M"))
    provider.let_go()
    assert provider.next_report() == ("M", Result.SENT)


def test_what_another_engine_has_taken_over_is_left_to_it(provider: Provider, make: Make) -> None:
    asked: queue.SimpleQueue[bool] = queue.SimpleQueue()
    answers = iter([False, True])

    def may_send() -> bool:
        asked.put(True)
        return next(answers)

    senders = make(may_send)
    senders.submit(message("theirs"))
    assert asked.get(timeout=10)
    provider.let_go()
    senders.submit(message("ours"))
    assert provider.next_report() == ("ours", Result.SENT)
    assert provider.next_taken() == "ours"
    assert provider.reports.empty(), "nothing is said about what is no longer ours"


def test_closing_ends_what_is_under_way_and_begins_nothing_new(provider: Provider, make: Make) -> None:
    senders = make()
    provider.keep_busy(senders)
    senders.submit(message("waits"))
    closing = threading.Thread(target=senders.close, args=(10,))
    closing.start()
    closing.join(0.1)
    assert closing.is_alive(), "calls to the provider are under way"
    provider.let_go(len(BUSY))
    closing.join(10)
    assert not closing.is_alive()
    results = dict(provider.next_report() for _ in range(len(BUSY) + 1))
    assert results == {**dict.fromkeys(BUSY, Result.SENT), "waits": Result.RETRY}
    assert provider.taken.empty()


def test_a_sender_that_fails_is_reported_and_its_worker_goes_on(provider: Provider, make: Make) -> None:
    senders = make()
    for name in ("explodes", *["explodes"] * len(BUSY), "after"):
        senders.submit(message(name))
    provider.let_go(len(BUSY) + 2)
    results = [provider.next_report() for _ in range(len(BUSY) + 2)]
    assert sorted(results) == sorted([("after", Result.SENT), *[("explodes", Result.UNKNOWN)] * (len(BUSY) + 1)])


def test_a_channel_that_is_not_set_up_refuses_and_names_its_setting(provider: Provider, make: Make) -> None:
    make().submit(message("call", Channel.VOICE))
    refused = provider.reports.get(timeout=10)
    assert refused.result is Result.REFUSED
    assert refused.detail == "sending by phone call is not set up: see TOCSIN_TWILIO_ACCOUNT_SID"


def test_high_urgency_goes_first_then_low_then_tests_each_in_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WORKERS", {Channel.SMS: 1})
    entered, gate, done, carried = threading.Event(), threading.Event(), threading.Event(), list[str]()

    def carry(one: SendMessage) -> RecordAttempt:
        entered.set()
        assert gate.wait(5)
        carried.append(one.message_id)
        return RecordAttempt(message_id=one.message_id, attempt=1, result=Result.SENT)

    def report(result: RecordAttempt) -> None:
        if result.message_id == "test 2":
            done.set()

    senders = Senders({Channel.SMS: carry}, report)
    senders.submit(message("under way"))
    assert entered.wait(5)
    for number in (1, 2):
        for haste in (Haste.TEST, Haste.LOW, Haste.HIGH):
            senders.submit(message(f"{haste} {number}", haste=haste))
    gate.set()
    assert done.wait(5)
    senders.close(5)
    assert carried == ["under way", "high 1", "high 2", "low 1", "low 2", "test 1", "test 2"]
