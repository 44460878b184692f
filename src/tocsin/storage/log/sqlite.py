"""The ingest log on SQLite: one writer, any number of readers, one file per segment (see `segments`).

Decides when a segment is full and what a reader may believe. A commit waits for the disk (WAL, synchronous=FULL), and
SQLite shows it to readers only afterwards. Never deletes an entry except by dropping its whole segment.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from itertools import chain, count, pairwise
from pathlib import Path
from typing import Final

from tocsin.storage.log import (
    SEGMENT_BYTES,
    SEGMENT_ROWS,
    Entry,
    LogDamaged,
    LogFailed,
    LogGap,
    LogInUse,
    LogRefused,
    NewEntry,
    UnknownEpoch,
    segments,
)
from tocsin.storage.log.segments import Label, damage_named

_GROUP: Final = 64
"""Rows in one INSERT. A single statement gives the interpreter lock away once, not once per row; a busy event loop
makes each time dear."""

_INSERT: Final = "INSERT INTO entry VALUES "
_ROW: Final = "(?,?,?,?,?,?)"
_STATEMENTS: Final = [_INSERT + ",".join([_ROW] * rows) for rows in range(_GROUP + 1)]

_NOTHING_WRITTEN: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
"""Primary result codes after which SQLite has rolled back for certain and the connection is sound."""

_OPEN_SEGMENTS: Final = 4
"""Segments that a reader keeps open: the one it follows, and some for looking up old events."""

_READ: Final = """
SELECT seq, received_at, source, integration_id, dedup_key, body FROM entry WHERE seq > ? ORDER BY seq LIMIT ?
"""
_GET: Final = "SELECT seq, received_at, source, integration_id, dedup_key, body FROM entry WHERE seq = ?"


class SqliteLogWriter:
    """The writing end of a log folder. Holds an exclusive lock on the folder until closed."""

    def __init__(
        self,
        folder: Path,
        new_epoch: Callable[[], str],
        *,
        segment_rows: int = SEGMENT_ROWS,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        """Opens the log, or begins one if the folder holds none. Raises LogInUse, LogDamaged."""
        self._folder = folder
        self._segment_rows = segment_rows
        self._segment_bytes = segment_bytes
        self._sound = True
        folder.mkdir(parents=True, exist_ok=True)
        self._lock: int | None = _lock(folder)
        self._connection: sqlite3.Connection | None = None
        try:
            segments.sweep(folder)
            first_seqs = segments.first_seqs(folder) or [1]
            if not segments.path_of(folder, first_seqs[-1]).exists():
                segments.create(folder, Label(new_epoch(), 1))
            self._open(first_seqs[-1])
        except BaseException:
            self.close()
            raise

    @property
    def epoch(self) -> str:
        """The log's identity."""
        return self._label.epoch

    def head(self) -> int:
        """The last number given, 0 before the first."""
        return self._head

    def append(self, entries: Sequence[NewEntry]) -> int:
        """See LogWriter."""
        if not entries:
            raise ValueError("nothing to append")
        connection = self._usable()
        if self._head - self._label.first_seq + 1 >= self._segment_rows or self._bytes >= self._segment_bytes:
            connection = self._roll()
        first = self._head + 1
        values = list(chain.from_iterable((seq, *entry) for seq, entry in zip(count(first), entries, strict=False)))
        try:
            _insert(connection, values, len(entries))
        except sqlite3.Error as error:
            raise self._after(error) from error
        self._head += len(entries)
        self._bytes += sum(len(entry.body) for entry in entries)
        return first

    def drop_before(self, seq: int) -> int:
        """See LogWriter. The last segment goes too if all its numbers are below `seq`; its successor is made first."""
        self._usable()
        if seq > self._head and self._head >= self._label.first_seq:
            self._roll()
        first_seqs = segments.first_seqs(self._folder)
        dropped = [first for first, following in pairwise(first_seqs) if following <= seq]
        for first in dropped:
            segments.remove(self._folder, first)
        return len(dropped)

    def close(self) -> None:
        """See LogWriter."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _usable(self) -> sqlite3.Connection:
        if self._connection is None:
            raise LogRefused("the log is closed")
        if not self._sound:
            raise LogFailed("an earlier write failed in an unknown state; open the log anew")
        return self._connection

    def _after(self, error: sqlite3.Error) -> LogRefused | LogFailed:
        """What a failed write means. A failed fsync is never tried again: the kernel may have dropped the pages."""
        if (error.sqlite_errorcode & 0xFF) in _NOTHING_WRITTEN and self._connection is not None:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            return LogRefused(f"{self._folder}: {error}")
        self._sound = False
        return LogFailed(f"{self._folder}: {error}")

    def _roll(self) -> sqlite3.Connection:
        """Begins the next segment. A failure leaves the present one in use."""
        assert self._connection is not None
        first = self._head + 1
        try:
            segments.create(self._folder, Label(self._label.epoch, first))
        except (sqlite3.Error, OSError) as error:
            if not segments.path_of(self._folder, first).exists():
                raise LogRefused(f"{self._folder}: can't begin a segment: {error}") from error
            self._sound = False
            raise LogFailed(f"{self._folder}: can't make a segment durable: {error}") from error
        with suppress(sqlite3.Error):  # tidiness only: what it does not copy stays readable in the side file
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._connection.close()
        return self._open(first)

    def _open(self, first_seq: int) -> sqlite3.Connection:
        path = segments.path_of(self._folder, first_seq)
        with damage_named(path):
            self._connection = segments.open_to_write(path)
            self._label = segments.label_of(self._connection, path)
            self._head = segments.last_seq(self._connection, first_seq)
        self._bytes = path.stat().st_size
        return self._connection


class SqliteLogReader:
    """A reading end; follows the writer from segment to segment."""

    def __init__(self, folder: Path) -> None:
        """Raises LogDamaged if the folder holds no log, or one that can't be read."""
        self._folder = folder
        self._open: OrderedDict[int, tuple[sqlite3.Connection, os.stat_result]] = OrderedDict()
        self._epoch = ""
        self._current = self._holding(self._first_seqs()[-1])

    @property
    def epoch(self) -> str:
        """The log's identity."""
        return self._epoch

    def check(self, epoch: str, seq: int) -> None:
        """See LogReader."""
        if epoch != self._epoch:
            raise UnknownEpoch(f"{self._folder} is log {self._epoch}, the cursor belongs to log {epoch or '(none)'}")
        self.read(seq, 1)

    def head(self) -> int:
        """See LogReader."""
        first = self._first_seqs()[-1]
        path = segments.path_of(self._folder, first)
        with damage_named(path):
            return segments.last_seq(self._connection(first), first)

    def first(self) -> int:
        """See LogReader."""
        return self._first_seqs()[0]

    def read(self, after_seq: int, limit: int) -> list[Entry]:
        """See LogReader."""
        if after_seq + 1 < self._current:
            self._current = self._holding(after_seq + 1)
        while True:
            rows = self._select(self._current, _READ, (after_seq, limit))
            if rows:
                if rows[0][0] != after_seq + 1 or rows[-1][0] != after_seq + len(rows):
                    raise LogGap(f"{self._folder}: an entry is missing after {after_seq}: next is {rows[0][0]}")
                return list(map(Entry._make, rows))
            following = self._holding(after_seq + 1)
            if following == self._current:
                self._explain_nothing(after_seq)
                return []
            self._current = following

    def get(self, seq: int) -> Entry | None:
        """See LogReader."""
        first_seqs = self._first_seqs()
        at = bisect_right(first_seqs, seq)
        if at == 0:
            return None
        rows = self._select(first_seqs[at - 1], _GET, (seq,))
        return Entry._make(rows[0]) if rows else None

    def close(self) -> None:
        """See LogReader."""
        while self._open:
            self._open.popitem()[1][0].close()

    def _first_seqs(self) -> list[int]:
        found = segments.first_seqs(self._folder)
        if not found:
            raise LogDamaged(f"{self._folder}: there is no ingest log here")
        return found

    def _holding(self, seq: int) -> int:
        """The segment in which `seq` is, or will be. Raises LogGap if it was dropped."""
        first_seqs = self._first_seqs()
        at = bisect_right(first_seqs, seq)
        if at == 0:
            raise LogGap(f"{self._folder}: entry {seq} was dropped; the log begins with {first_seqs[0]}")
        self._connection(first_seqs[at - 1])
        return first_seqs[at - 1]

    def _explain_nothing(self, after_seq: int) -> None:
        """Why is nothing after `after_seq`? Returns if the log ends there, or has grown meanwhile; raises otherwise."""
        path = segments.path_of(self._folder, self._current)
        # In this order: a segment that has a successor takes no more entries, so `last` is then its last for good.
        later = [first for first in self._first_seqs() if first > self._current]
        connection, opened = self._open[self._current]
        try:
            now = path.stat()
        except FileNotFoundError:
            if self._first_seqs()[-1] > self._current:
                return
            raise LogDamaged(f"{path}: removed while it was being read") from None
        if (now.st_ino, now.st_dev) != (opened.st_ino, opened.st_dev):
            raise UnknownEpoch(f"{path}: replaced by another log while it was being read")
        with damage_named(path):
            last = segments.last_seq(connection, self._current)
        if after_seq > last:
            raise LogGap(f"{self._folder}: the cursor {after_seq} is ahead of the log, which ends with {last}")
        if after_seq == last and later and later[0] != last + 1:
            raise LogGap(f"{self._folder}: entries {last + 1} to {later[0] - 1} are missing between two segments")

    def _select(
        self, first_seq: int, query: str, values: tuple[int, ...]
    ) -> list[tuple[int, int, str, str, str, bytes]]:
        connection = self._connection(first_seq)
        with damage_named(segments.path_of(self._folder, first_seq)):
            return connection.execute(query, values).fetchall()

    def _connection(self, first_seq: int) -> sqlite3.Connection:
        held = self._open.get(first_seq)
        if held is not None:
            self._open.move_to_end(first_seq)
            return held[0]
        path = segments.path_of(self._folder, first_seq)
        with damage_named(path), ExitStack() as unless_sound:
            connection = segments.open_to_read(path)
            unless_sound.callback(connection.close)
            label = segments.label_of(connection, path)
            if self._epoch and label.epoch != self._epoch:
                raise UnknownEpoch(f"{path} belongs to log {label.epoch}, not to {self._epoch}")
            unless_sound.pop_all()
        self._epoch = label.epoch
        self._open[first_seq] = (connection, path.stat())
        while len(self._open) > _OPEN_SEGMENTS:
            oldest = next(first for first in self._open if first not in (first_seq, self._current))
            self._open.pop(oldest)[0].close()
        return connection


def _insert(connection: sqlite3.Connection, values: list[object], rows: int) -> None:
    """All rows in one transaction; a small batch is one statement and its own transaction."""
    if rows <= _GROUP:
        connection.execute(_STATEMENTS[rows], values)
        return
    width = _ROW.count("?") * _GROUP
    connection.execute("BEGIN IMMEDIATE")
    for start in range(0, len(values), width):
        part = values[start : start + width]
        connection.execute(_STATEMENTS[len(part) // _ROW.count("?")], part)
    connection.execute("COMMIT")


def _lock(folder: Path) -> int:
    handle = os.open(folder / "writer.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise LogInUse(f"{folder}: another process writes this log") from None
    return handle
