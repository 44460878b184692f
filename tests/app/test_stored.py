"""Events of the log are read again for a page as the engine read them; what can't be read is left out."""

from __future__ import annotations

import json

import pytest

from tocsin.app import stored
from tocsin.app.installation import Installation
from tocsin.dialects.alertmanager.read import WEBHOOK_SOURCE
from tocsin.dialects.pagerduty_events.read import ALERT_SOURCE
from tocsin.runtime.ingest import Entry
from tocsin.storage.log import LogError


class Journal:
    """A log of a few entries."""

    def __init__(self, *entries: Entry) -> None:
        self.entries = {entry.seq: entry for entry in entries}
        self.closed = 0

    def get(self, seq: int) -> Entry | None:
        return self.entries.get(seq)

    def close(self) -> None:
        self.closed += 1


class At:
    """Stands for an installation: only its log is asked for."""

    def __init__(self, journal: Journal | None) -> None:
        self.journal = journal

    def log_reader(self) -> Journal:
        if self.journal is None:
            raise LogError("there is none")
        return self.journal


def entry(seq: int, body: bytes, source: str = ALERT_SOURCE) -> Entry:
    return Entry(seq, 10, source, "I1", "k", body)


def said(summary: str) -> bytes:
    payload = {"summary": summary, "source": "s", "severity": "error"}
    return json.dumps({"event_action": "trigger", "routing_key": "r" * 32, "payload": payload}).encode()


def read(journal: Journal | None, *seqs: int) -> dict[int, str]:
    place: Installation = At(journal)  # type: ignore[assignment]
    return {seq: event.summary for seq, event in stored.stored_events(place)(seqs).items()}


def test_events_in_the_order_asked_for() -> None:
    journal = Journal(entry(1, said("one")), entry(2, said("two")))
    assert list(read(journal, 2, 7, 1).items()) == [(2, "two"), (1, "one")]
    assert journal.closed == 1


def test_what_is_no_event_or_can_not_be_read_is_left_out() -> None:
    journal = Journal(
        entry(1, b"{"), entry(2, b"[]"), entry(3, said("three"), "an unknown source"),
        entry(4, said("four")), entry(5, b"\xff\xfe", WEBHOOK_SOURCE),
    )  # fmt: skip
    assert read(journal, 1, 2, 3, 4, 5) == {4: "four"}


def test_no_more_bytes_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "BYTES", 500)
    journal = Journal(entry(1, said("x" * 200)), entry(2, said("y" * 200)), entry(3, said("z")))
    assert read(journal, 1, 2, 3) == {1: "x" * 200, 3: "z"}


def test_without_a_log_there_is_nothing() -> None:
    assert read(None, 1) == {}
