"""Keeping the lease: an engine sends only while it is sure, waits while it is not, and ends when it is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from tocsin.directory.model import Channel
from tocsin.kernel.time import SECOND, Moment, Span
from tocsin.paging.messages import RecordAttempt, SendMessage
from tocsin.paging.model import Result
from tocsin.runtime.lease import LEASE, MARGIN, LeaseKeeper
from tocsin.runtime.senders import Senders
from tocsin.storage.database import OutOfReach
from tocsin.storage.lease import Lease


class TwoClocks:
    """A stop-watch and a clock that can be moved apart."""

    def __init__(self) -> None:
        self.moment: Moment = 1_000 * SECOND
        self.seconds = 50.0

    def now(self) -> Moment:
        return self.moment

    def ticks(self) -> float:
        return self.seconds

    def pass_by(self, span: Span) -> None:
        self.moment += span
        self.seconds += span / SECOND


class FakeTable:
    """A lease of which the test decides."""

    def __init__(self) -> None:
        self.free = True
        self.answer: Callable[[], Moment | None] = lambda: 1_000 * SECOND
        self.renewals = 0
        self.released: list[int] = []

    def look(self) -> Lease | None:
        return None

    def take(self, _span: Span) -> int | None:
        return 7 if self.free else None

    def renew(self, fence: int, _span: Span) -> Moment | None:
        assert fence == 7
        self.renewals += 1
        return self.answer()

    def release(self, fence: int) -> None:
        self.released.append(fence)


def kept() -> tuple[LeaseKeeper, FakeTable, TwoClocks, threading.Event]:
    table, clock, lost = FakeTable(), TwoClocks(), threading.Event()
    keeper = LeaseKeeper(table, clock, lost.set)  # type: ignore[arg-type]
    assert keeper.wait(threading.Event())
    return keeper, table, clock, lost


def answers_within(seconds: float, ask: Callable[[], bool]) -> list[bool]:
    said: list[bool] = []
    thread = threading.Thread(target=lambda: said.append(ask()), daemon=True)
    thread.start()
    thread.join(seconds)
    return said


def test_an_engine_waits_until_it_gets_the_lease_or_is_told_to_stop() -> None:
    table, stopping = FakeTable(), threading.Event()
    table.free = False
    keeper = LeaseKeeper(table, TwoClocks(), lambda: None)  # type: ignore[arg-type]
    said: list[bool] = []
    waiting = threading.Thread(target=lambda: said.append(keeper.wait(stopping)))
    waiting.start()
    time.sleep(0.1)
    stopping.set()
    waiting.join(2)
    assert said == [False]
    stopping.clear()
    table.free = True
    assert keeper.wait(stopping)
    assert keeper.fence == 7


def test_it_may_send_while_it_is_sure() -> None:
    keeper, _, clock, _ = kept()
    assert keeper.may_send()
    clock.pass_by(LEASE - MARGIN - 1)
    assert keeper.may_send()


def test_a_process_that_stood_still_sends_nothing_before_the_database_has_confirmed_it() -> None:
    keeper, table, clock, lost = kept()
    clock.pass_by(LEASE)
    assert answers_within(0.2, keeper.may_send) == []
    keeper.start()
    assert answers_within(5, keeper.may_send) == [True]
    assert table.renewals
    assert not lost.is_set()
    keeper.release()


def test_a_machine_that_slept_is_noticed_by_the_wall_clock() -> None:
    """The stop-watch may stand still while the machine sleeps."""
    keeper, _, clock, _ = kept()
    clock.moment += 3600 * SECOND
    assert answers_within(0.2, keeper.may_send) == []


def test_a_lost_lease_ends_everything() -> None:
    keeper, table, clock, lost = kept()
    clock.pass_by(LEASE)
    table.answer = lambda: None
    keeper.start()
    assert answers_within(5, keeper.may_send) == [False]
    assert lost.wait(2)
    keeper.release()


def test_an_outage_is_waited_for() -> None:
    keeper, table, clock, lost = kept()
    clock.pass_by(LEASE)

    def unreachable() -> Moment | None:
        raise OutOfReach("gone")

    table.answer = unreachable
    keeper.start()
    assert answers_within(0.3, keeper.may_send) == []
    table.answer = clock.now
    assert answers_within(5, keeper.may_send) == [True]
    assert not lost.is_set()
    keeper.release()


def test_nothing_is_sent_after_the_lease_was_handed_over() -> None:
    keeper, table, _, lost = kept()
    keeper.start()
    keeper.release()
    assert table.released == [7]
    assert not keeper.may_send()
    assert not lost.wait(0.1), "that was no loss"


def test_a_sender_asks_before_each_message_leaves() -> None:
    """And a message that is another engine's now is dropped without a report: that engine judges it."""
    allowed, carried, reports = [True, False, True], [], []

    def carry(message: SendMessage) -> RecordAttempt:
        carried.append(message.message_id)
        return RecordAttempt(message_id=message.message_id, attempt=1, result=Result.SENT)

    senders = Senders(
        dict.fromkeys([Channel.SMS], carry),
        lambda result: reports.append(result.message_id),
        may_send=lambda: allowed.pop(0),
    )
    for name in ("M1", "M2", "M3"):
        senders.submit(
            SendMessage(
                key=f"{name}:1",
                message_id=name,
                attempt=1,
                channel=Channel.SMS,
                address="+1",
                user_id="U",
                subject="",
                text="",
                spoken="",
                code="",
                incident_ids=(),
                incident_number=0,
            )
        )
    deadline = time.monotonic() + 5
    while allowed and time.monotonic() < deadline:
        time.sleep(0.01)
    senders.close(2)
    assert sorted(reports) == sorted(carried)
    assert len(carried) == 2
