"""The ingest log: every accepted event in the order of its commit, durable before anybody is told that it was accepted.

Decides how entries are numbered, kept and dropped. Never looks into a body and never decides what an event means:
`source` and `body` are opaque here. Numbers (`seq`) start at 1, have no gaps and are never used twice within an epoch;
the epoch is a random text made together with the log, so a cursor from another log is recognised.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from tocsin.kernel.time import Moment

SEGMENT_ROWS = 1_000_000
"""Entries in one segment before the next one is begun."""

SEGMENT_BYTES = 1024 * 1024 * 1024
"""Bytes of bodies in one segment before the next one is begun (SQLite only)."""


class NewEntry(NamedTuple):
    """What a reader hands over for one event. A plain tuple, because it goes to the database as it is."""

    received_at: Moment
    source: str
    """Which reader understands `body`, for instance `pagerduty.v2`; defined by the dialects."""
    integration_id: str
    dedup_key: str
    """May be empty. The same key that was promised to the sender, generated ones included."""
    body: bytes
    """The event as posted (raw JSON), or the part of the request that concerns this one event."""


class Entry(NamedTuple):
    """One entry as the log keeps it: a number and the fields of `NewEntry`."""

    seq: int
    received_at: Moment
    source: str
    integration_id: str
    dedup_key: str
    body: bytes


class LogError(Exception):
    """Base of what can go wrong with the log. Never a fault of a sender."""


class LogRefused(LogError):
    """The entries are not accepted (disk full, database out of reach); the writer can go on.

    If a connection broke during the commit they may turn up in the log all the same, as after any time-out.
    """


class LogFailed(LogError):
    """Whether the entries are durable is unknown (a failed fsync, say). The writer takes no more; open a new one."""


class LogInUse(LogError):
    """Another process already writes this log."""


class LogDamaged(LogError):
    """A file or table of the log is absent, unreadable, or not a log."""


class LogGap(LogError):
    """The entry after the cursor is not there: dropped, lost, or the cursor is ahead of the log."""


class UnknownEpoch(LogError):
    """The cursor belongs to another log than this one."""


class LogWriter(Protocol):
    """The one writing end. Used by one thread at a time."""

    @property
    def epoch(self) -> str:
        """The log's identity."""

    def head(self) -> int:
        """The last number given, 0 before the first."""

    def append(self, entries: Sequence[NewEntry]) -> int:
        """Writes all entries in one durable commit and returns the first one's number; the rest follow it.

        Raises LogRefused (try later) or LogFailed (never again). ValueError if `entries` is empty.
        """

    def drop_before(self, seq: int) -> int:
        """Removes whole segments all of whose numbers are below `seq`; returns how many. Numbers are not used again."""

    def close(self) -> None:
        """Gives the log back. Safe to call twice."""


class LogReader(Protocol):
    """A reading end, in any process. Used by one thread at a time."""

    @property
    def epoch(self) -> str:
        """The log's identity."""

    def check(self, epoch: str, seq: int) -> None:
        """Raises UnknownEpoch or LogGap unless (epoch, seq) is a cursor from which this log can be read on."""

    def head(self) -> int:
        """The last number given, 0 before the first."""

    def first(self) -> int:
        """The first number that is still kept; one more than the head when there is none."""

    def read(self, after_seq: int, limit: int) -> list[Entry]:
        """At most `limit` entries following `after_seq`, in order, none left out; [] at the end of the log.

        Raises LogGap if the next entry is not there though later ones are, or if `after_seq` is past the head;
        UnknownEpoch if the log was replaced since it was opened; LogDamaged if it can't be read.
        """

    def get(self, seq: int) -> Entry | None:
        """One entry, or None if it was dropped or never existed. One index look-up."""

    def close(self) -> None:
        """Gives the log back. Safe to call twice."""


__all__ = [
    "SEGMENT_BYTES",
    "SEGMENT_ROWS",
    "Entry",
    "LogDamaged",
    "LogError",
    "LogFailed",
    "LogGap",
    "LogInUse",
    "LogReader",
    "LogRefused",
    "LogWriter",
    "NewEntry",
    "UnknownEpoch",
]
