"""What is particular to SQLite: files, pragmas, and the statement that inserts or replaces."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import NullPool, QueuePool

BEGIN = "BEGIN IMMEDIATE"
"""A deferred transaction that reads and then writes can fail whatever the busy timeout; this one waits at its start."""

MODE_ATTEMPTS = 20


def open_engine(path: Path, *, read_only: bool) -> Engine:
    """A SQLAlchemy engine on the file; transactions are begun by hand. Read-only ones refuse every write."""
    mode = "ro" if read_only else "rwc"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            f"file:{path}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=5,
            cached_statements=512,
        )

    engine = create_engine(
        "sqlite://",
        creator=connect,
        isolation_level="AUTOCOMMIT",
        poolclass=QueuePool if read_only else NullPool,
        **({"pool_size": 4, "max_overflow": 12} if read_only else {}),
    )
    event.listen(engine, "connect", _pragmas(read_only=read_only))
    return engine


def _pragmas(*, read_only: bool) -> Any:
    def run(connection: sqlite3.Connection, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout = 5000")
        cursor.execute("PRAGMA temp_store = MEMORY")
        cursor.execute(f"PRAGMA cache_size = {-8_000 if read_only else -48_000}")
        if read_only:
            cursor.execute("PRAGMA query_only = ON")
        else:
            _write_ahead(cursor)
            cursor.execute("PRAGMA synchronous = FULL")
            cursor.execute("PRAGMA wal_autocheckpoint = 4000")
        cursor.close()

    return run


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Have a new file written ahead. Several may open it at once, and the change of mode does not wait for a lock.

    An ordinary transaction does: after it, whoever was in the way has changed the mode or is about to.
    """
    for _ in range(MODE_ATTEMPTS):
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            cursor.execute(BEGIN)
            cursor.execute("COMMIT")
        else:
            return
    cursor.execute("PRAGMA journal_mode = WAL")


OF_IDS = "id IN (SELECT value FROM json_each(?))"
"""Whether a row is one of those whose ids are the one parameter: see `of_ids`."""


def of_ids(values: Sequence[str]) -> tuple[str]:
    """The parameter of `OF_IDS`."""
    return (json.dumps(values),)


PAIRS = "SELECT json_extract(value, '$[0]') AS scope, json_extract(value, '$[1]') AS dedup_key FROM json_each(?)"
"""A table of pairs out of one parameter: see `pairs`. A list of row values would make SQLite read whole tables."""


def pairs(values: Sequence[tuple[str, str]]) -> tuple[str]:
    """The parameter of `PAIRS`."""
    return (json.dumps(values),)
