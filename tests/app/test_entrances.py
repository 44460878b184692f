"""A test from a page goes through the reader and the log that serve monitors; what they refuse is said in words."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest

from tocsin.app.entrances import event_sender, regrouped
from tocsin.dialects._kit.keys import IntegrationRef, KeyTable
from tocsin.dialects.pagerduty_events.decode import DECODERS
from tocsin.directory.model import Service
from tocsin.events.model import Action, Severity
from tocsin.kernel.errors import Invalid, Unavailable
from tocsin.kernel.ids import IdSource
from tocsin.runtime.ingest_queue import IngestQueue
from tocsin.storage.log import Entry, LogRefused, NewEntry
from tocsin.testing.world import ManualClock
from tocsin.web.site import ProbeEvent

KEY = "0123456789abcdef0123456789abcdef"


class MemoryLog:
    """A log in memory, which can be full."""

    epoch = "memory"

    def __init__(self) -> None:
        self.entries: list[NewEntry] = []
        self.is_full = False

    def head(self) -> int:
        return len(self.entries)

    def append(self, entries: Sequence[NewEntry]) -> int:
        if self.is_full:
            raise LogRefused("the disk is full")
        self.entries += entries
        return len(self.entries) - len(entries) + 1

    def drop_before(self, seq: int) -> int:
        return 0

    def close(self) -> None:
        pass


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def queue(log: MemoryLog) -> Iterator[IngestQueue]:
    made = IngestQueue(log)
    made.start()
    yield made
    made.close()


def test_it_is_stored_as_a_monitors_event_before_it_is_answered(log: MemoryLog, queue: IngestQueue) -> None:
    keys = KeyTable([IntegrationRef("I1", "S1", KEY)])
    send = event_sender(keys, IdSource(random.Random(1)), queue, ManualClock(5_000_000))
    assert send(KEY, ProbeEvent("Is anybody there?", "tocsin", "warning", "test-1")) == 1
    assert send(KEY, ProbeEvent("Is anybody there?", "tocsin", "info", "test-1", "resolve")) == 2
    assert send(KEY, ProbeEvent("Deployed", "tocsin", "change", "")) == 3
    events = [
        DECODERS[one.source](Entry(seq, one.received_at, one.source, one.integration_id, one.dedup_key, one.body))
        for seq, one in enumerate(log.entries, 1)
    ]
    assert [(one.action, one.integration_id, one.received_at) for one in events] == [
        (Action.TRIGGER, "I1", 5_000_000), (Action.RESOLVE, "I1", 5_000_000), (Action.CHANGE, "I1", 5_000_000)
    ]  # fmt: skip
    assert (events[0].summary, events[0].severity, events[0].dedup_key) == (
        "Is anybody there?", Severity.WARNING, "test-1"
    )  # fmt: skip
    assert events[1].dedup_key == "test-1"
    assert events[2].summary == "Deployed"


def test_what_is_refused(log: MemoryLog, queue: IngestQueue) -> None:
    send = event_sender(KeyTable([IntegrationRef("I1", "S1", KEY)]), IdSource(random.Random(1)), queue, ManualClock(5))
    with pytest.raises(Invalid, match="refused at the door"):
        send("f" * 32, ProbeEvent("x", "tocsin", "info", "k"))
    with pytest.raises(Invalid, match="severity"):
        send(KEY, ProbeEvent("x", "tocsin", "loud", "k"))
    log.is_full = True
    with pytest.raises(Unavailable):
        send(KEY, ProbeEvent("x", "tocsin", "info", "k"))
    assert log.entries == []


def test_what_a_client_said_of_grouping_is_forgotten_and_nothing_else() -> None:
    said = '"alert_grouping":"time","alert_grouping_timeout":5,"alert_grouping_parameters":null'
    wire = "{" + said + ',"response_play":{"id":"P"}}'
    assert regrouped(Service(id="S", name="S", policy_id="L", wire=wire)) == '{"response_play":{"id":"P"}}'
