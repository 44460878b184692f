"""Segment files of the SQLite ingest log: their names, their making, opening and removal.

Decides the file layout: `segment-<first number, 20 digits>.sqlite`, one table of entries and one row that says whose
segment it is. A segment appears under its name only when it is complete, so that no reader meets a half-made one.
Never writes or interprets entries.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tocsin.storage.log import LogDamaged

FORMAT: Final = 1
"""Written into each segment; a reader refuses formats that it doesn't know."""

PAGE_BYTES: Final = 8192
"""Measured fastest for groups of 16 to 64 entries of half a kilobyte (4096 and 16384 were slower)."""

BUSY_SECONDS: Final = 5.0
"""How long to wait for the moments in which SQLite locks out readers (recovery, the last close)."""

_NAME = re.compile(r"^segment-(\d{20})\.sqlite$")
_SIDE_FILES = ("-wal", "-shm")
_TABLES = """
CREATE TABLE entry (
    seq INTEGER PRIMARY KEY,
    received_at INTEGER NOT NULL,
    source TEXT NOT NULL,
    integration_id TEXT NOT NULL,
    dedup_key TEXT NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE TABLE segment (format INTEGER NOT NULL, epoch TEXT NOT NULL, first_seq INTEGER NOT NULL) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Label:
    """What a segment says about itself."""

    epoch: str
    first_seq: int


def path_of(folder: Path, first_seq: int) -> Path:
    """The file of the segment that begins with this number."""
    return folder / f"segment-{first_seq:020d}.sqlite"


def first_seqs(folder: Path) -> list[int]:
    """The first numbers of all segments, ascending; [] if the folder is not there."""
    try:
        names = [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return []
    return sorted(int(found.group(1)) for found in map(_NAME.match, names) if found)


def create(folder: Path, label: Label) -> Path:
    """Makes an empty segment, durable under its name when this returns."""
    path = path_of(folder, label.first_seq)
    draft = folder / f".draft-{path.name}"
    _unlink_all(draft)
    connection = sqlite3.connect(draft, isolation_level=None)
    try:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(f"BEGIN; {_TABLES} COMMIT")
        connection.execute("INSERT INTO segment VALUES (?, ?, ?)", (FORMAT, label.epoch, label.first_seq))
    finally:
        connection.close()
    _sync(draft)
    draft.rename(path)
    _sync(folder)
    return path


def remove(folder: Path, first_seq: int) -> None:
    """Removes a segment. The main file goes first: side files without one are known to be leftovers."""
    _unlink_all(path_of(folder, first_seq))
    _sync(folder)


def sweep(folder: Path) -> None:
    """Removes what a crash left behind: drafts, and side files whose segment is gone. Only the writer may call this."""
    for path in list(folder.iterdir()):
        base = path.name.removesuffix("-wal").removesuffix("-shm")
        orphan = base != path.name and _NAME.match(base) is not None and not (folder / base).exists()
        if orphan or path.name.startswith(".draft-"):
            path.unlink(missing_ok=True)


def open_to_write(path: Path) -> sqlite3.Connection:
    """A connection that may be used by one thread after another; every commit is on the disk when it returns."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
        timeout=BUSY_SECONDS,
    )
    connection.execute("PRAGMA synchronous = FULL")
    # About 32 MB of log between checkpoints: each costs two waits for the disk, and the file is written over in place.
    connection.execute("PRAGMA wal_autocheckpoint = 4000")
    return connection


def open_to_read(path: Path) -> sqlite3.Connection:
    """A read-only connection; never blocks the writer."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=BUSY_SECONDS)


def label_of(connection: sqlite3.Connection, path: Path) -> Label:
    """The segment's label. Raises LogDamaged if there is none, or one that does not fit the file's name."""
    rows = connection.execute("SELECT format, epoch, first_seq FROM segment").fetchall()
    if len(rows) != 1:
        raise LogDamaged(f"{path}: {len(rows)} labels instead of one")
    form, epoch, first_seq = rows[0]
    if form != FORMAT:
        raise LogDamaged(f"{path}: format {form}, this version reads {FORMAT}")
    if path_of(path.parent, first_seq).name != path.name:
        raise LogDamaged(f"{path}: begins with {first_seq} by its label, with something else by its name")
    return Label(epoch, first_seq)


def last_seq(connection: sqlite3.Connection, first_seq: int) -> int:
    """The segment's last number; the one before its first while it is empty."""
    (found,) = connection.execute("SELECT max(seq) FROM entry").fetchone()
    return first_seq - 1 if found is None else int(found)


@contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """Turns SQLite's complaints about a file into LogDamaged, with the file's name."""
    try:
        yield
    except sqlite3.Error as error:
        raise LogDamaged(f"{path}: {error}") from error


def _unlink_all(path: Path) -> None:
    for suffix in ("", *_SIDE_FILES):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def copy(folder: Path, target: Path) -> int:
    """Copies a log, also while it is being written, into an empty folder; returns the last number in the copy.

    A copy made after the main database's is never behind its cursor. Raises LogDamaged.
    """
    target.mkdir(parents=True, exist_ok=True)
    last = 0
    for first_seq in first_seqs(folder):
        path, into = path_of(folder, first_seq), path_of(target, first_seq)
        with damage_named(path), closing(open_to_read(path)) as source, closing(sqlite3.connect(into)) as copied:
            source.backup(copied)
            last = last_seq(copied, first_seq)
        _sync(into)
    _sync(target)
    return last
