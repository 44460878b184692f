"""The order in which waiting messages reach their provider."""

from __future__ import annotations

import threading

import pytest

from tocsin.directory.model import Channel
from tocsin.paging.messages import RecordAttempt, SendMessage
from tocsin.paging.model import Haste, Result
from tocsin.runtime import senders as module
from tocsin.runtime.senders import Senders


def message(name: str, haste: Haste = Haste.HIGH) -> SendMessage:
    return SendMessage(
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
        haste=haste,
    )


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
            senders.submit(message(f"{haste} {number}", haste))
    gate.set()
    assert done.wait(5)
    senders.close(5)
    assert carried == ["under way", "high 1", "high 2", "low 1", "low 2", "test 1", "test 2"]
