"""Writes a backup while everything serves: the main database as of one moment, then the ingest log up to its head.

In this order the log holds at least what the main database has decided. Leaves out what is worth nothing elsewhere:
the lease, commands under way, sign-in sessions; and the secret that signs links, with which whoever holds the file
could sign in here as anybody. Changes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, select, tuple_

from tocsin.kernel.time import Moment
from tocsin.storage import tables
from tocsin.storage.backup import FORMAT, BackupWriter, Header, Log, Manifest, Rows, verify
from tocsin.storage.database import Database
from tocsin.storage.log import LogReader
from tocsin.storage.schema import INSTALLATION_SECRET, revision_of

ROWS_AT_ONCE = 2_000
MEMBER_BYTES = 8 * 1024 * 1024

LEFT_OUT = frozenset({tables.leases.name, tables.commands.name})

KEPT_BACK = frozenset({INSTALLATION_SECRET})
"""Keys of `meta` that stay here."""

_ENCODER = msgspec.json.Encoder()


def write_backup(
    database: Database, open_log: Callable[[], LogReader | None], path: Path, *, created_at: Moment, tocsin: str
) -> Manifest:
    """Write to `path` (replaced only when all is done, readable by this user only) and read it back.

    `open_log` gives the log, None if there is none yet. Raises OSError, what the databases raise, LogGap when the log
    was trimmed meanwhile (try again).
    """
    draft = path.with_name(f"{path.name}.partial")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            header = Header(FORMAT, tocsin, revision_of(database) or "", created_at)
            writer = BackupWriter(file, header)
            kept = _main(database, writer)
            writer.finish(kept, _log(open_log(), writer))
            file.flush()
            os.fsync(file.fileno())
        manifest = verify(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return manifest


def _main(database: Database, writer: BackupWriter) -> dict[str, Rows]:
    kept: dict[str, Rows] = {}
    with database.reading() as connection:
        if database.is_postgres:  # compressing and writing may take longer than a transaction of ours may usually wait
            connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        for table in tables.metadata.sorted_tables:
            if table.name not in LEFT_OUT:
                rows = _add(writer, f"main/{table.name}", _rows_of(connection, table))
                kept[table.name] = Rows(tuple(str(column.name) for column in table.columns), rows)
    return kept


def _rows_of(connection: Connection, table: Table) -> Iterator[list[tuple[Any, ...]]]:
    """All rows that go into a backup, in the order of the key, many at a time."""
    key = list(table.primary_key)
    places = [list(table.columns).index(column) for column in key]
    statement = select(table).order_by(*key).limit(ROWS_AT_ONCE)
    if table is tables.meta:
        statement = statement.where(tables.meta.c.key.not_in(KEPT_BACK))
    found = connection.execute(statement).all()
    while found:
        yield [tuple(row) for row in found]
        last = [found[-1][place] for place in places]
        after = key[0] > last[0] if len(key) == 1 else tuple_(*key) > tuple_(*last)
        found = connection.execute(statement.where(after)).all()


def _log(reader: LogReader | None, writer: BackupWriter) -> Log:
    if reader is None:
        return Log(1, 0)
    try:
        first, head = reader.first(), reader.head()
        _add(writer, "log", _entries(reader, first - 1, head))
        return Log(first, head)
    finally:
        reader.close()


def _entries(reader: LogReader, after: int, head: int) -> Iterator[list[tuple[Any, ...]]]:
    while after < head:
        found = reader.read(after, min(ROWS_AT_ONCE, head - after))
        yield [tuple(entry) for entry in found]
        after = found[-1].seq


def _add(writer: BackupWriter, place: str, batches: Iterator[list[tuple[Any, ...]]]) -> int:
    """Add rows as members of some megabytes each; returns how many rows."""
    rows, number, waiting = 0, 0, bytearray()
    for batch in batches:
        rows += len(batch)
        waiting += _ENCODER.encode_lines(batch)
        if len(waiting) >= MEMBER_BYTES:
            number += 1
            writer.add(f"{place}/{number:06}.jsonl", bytes(waiting))
            waiting.clear()
    if waiting:
        writer.add(f"{place}/{number + 1:06}.jsonl", bytes(waiting))
    return rows
