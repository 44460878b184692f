"""The ingest log on PostgreSQL: any number of edges write, any number of engines read.

Decides how numbers follow the order of commits: each group commit takes its numbers by updating the one row of
`log_head`, whose lock is held until the commit, so nobody ever sees a number before all smaller ones. Never uses a
sequence. A segment is a partition of `ingest_log` and covers a fixed range of numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Final, TypeAlias

import psycopg
from psycopg import sql

from tocsin.storage.log import SEGMENT_ROWS, Entry, LogDamaged, LogGap, LogRefused, NewEntry, UnknownEpoch

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS log_head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    epoch text NOT NULL,
    head bigint NOT NULL CHECK (head >= 0),
    segment_rows bigint NOT NULL CHECK (segment_rows > 0)
);
CREATE TABLE IF NOT EXISTS ingest_log (
    seq bigint PRIMARY KEY,
    received_at bigint NOT NULL,
    source text NOT NULL,
    integration_id text NOT NULL,
    dedup_key text NOT NULL,
    body bytea NOT NULL
) PARTITION BY RANGE (seq);
"""

_SEGMENT: Final = "CREATE TABLE IF NOT EXISTS {} PARTITION OF ingest_log FOR VALUES FROM ({}) TO ({})"

# Compression of bodies costs the server's processor more than it saves: entries are read once and dropped whole.
_STORAGE: Final = "ALTER TABLE {} ALTER COLUMN body SET STORAGE EXTERNAL"

_APPEND: Final = """
WITH taken AS (UPDATE log_head SET head = head + %(rows)s RETURNING head - %(rows)s AS base),
kept AS (
    INSERT INTO ingest_log (seq, received_at, source, integration_id, dedup_key, body)
    SELECT taken.base + given.place, given.received_at, given.source, given.integration_id, given.dedup_key, given.body
    FROM taken, unnest(%(times)b::bigint[], %(sources)b::text[], %(integrations)b::text[], %(keys)b::text[],
                       %(bodies)b::bytea[])
         WITH ORDINALITY AS given (received_at, source, integration_id, dedup_key, body, place)
)
SELECT base FROM taken
"""

_READ: Final = """
SELECT seq, received_at, source, integration_id, dedup_key, body
FROM ingest_log WHERE seq > %s ORDER BY seq LIMIT %s
"""
_GET: Final = "SELECT seq, received_at, source, integration_id, dedup_key, body FROM ingest_log WHERE seq = %s"
_SEGMENTS: Final = """
SELECT child.relname FROM pg_inherits
JOIN pg_class AS child ON child.oid = inhrelid
WHERE inhparent = 'ingest_log'::regclass ORDER BY child.relname
"""

_SESSION: Final = "-c synchronous_commit=on -c statement_timeout=10000 -c lock_timeout=5000"
_ADVISORY_LOCK: Final = 0x746F6373  # serialises two edges that start on an empty database


class _Session:
    """A connection that is made anew when it was lost."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: Connection | None = None
        self._closed = False

    def get(self) -> Connection:
        """Raises psycopg.OperationalError if the database can't be reached within 5 s."""
        if self._closed:
            raise LogRefused("the log is closed")
        if self._connection is None or self._connection.closed:
            options = psycopg.conninfo.conninfo_to_dict(self._conninfo).get("options") or ""
            self._connection = psycopg.connect(
                self._conninfo, autocommit=True, connect_timeout=5, options=f"{options} {_SESSION}".strip()
            )
        return self._connection

    @contextmanager
    def kept_if_sound(self) -> Iterator[None]:
        """Closes the connection if the block fails: then nobody else will."""
        with ExitStack() as stack:
            stack.callback(self.close)
            yield
            stack.pop_all()

    def close(self) -> None:
        self._closed = True
        if self._connection is not None:
            self._connection.close()


class PostgresLogWriter:
    """One of the writing ends. Several processes may each have one."""

    def __init__(self, conninfo: str, new_epoch: Callable[[], str], *, segment_rows: int = SEGMENT_ROWS) -> None:
        """Opens the log, or begins one (tables included) if there is none. `conninfo` is libpq's, URL or words.

        `segment_rows` counts only for the one who begins the log. Raises LogRefused, LogDamaged.
        """
        self._session = _Session(conninfo)
        with _refusals(), self._session.kept_if_sound():
            connection = self._session.get()
            with connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (_ADVISORY_LOCK,))
                connection.execute(_TABLES)
                if connection.execute("SELECT 1 FROM log_head").fetchone() is None:
                    row = (new_epoch(), segment_rows)
                    connection.execute("INSERT INTO log_head (epoch, head, segment_rows) VALUES (%s, 0, %s)", row)
            self._epoch, self._head = _head_of(connection)

    @property
    def epoch(self) -> str:
        """The log's identity."""
        return self._epoch

    def head(self) -> int:
        """The last number that this writer knows of; other writers may be further."""
        return self._head

    def append(self, entries: Sequence[NewEntry]) -> int:
        """See LogWriter."""
        if not entries:
            raise ValueError("nothing to append")
        times, sources, integrations, keys, bodies = (list(column) for column in zip(*entries, strict=True))
        values = {
            "rows": len(entries),
            "times": times,
            "sources": sources,
            "integrations": integrations,
            "keys": keys,
            "bodies": bodies,
        }
        with _refusals():
            connection = self._session.get()
            try:
                found = connection.execute(_APPEND, values).fetchone()
            except psycopg.errors.CheckViolation:  # no segment for these numbers yet; nothing was written
                self._make_segments(connection, len(entries))
                found = connection.execute(_APPEND, values).fetchone()
        if found is None:
            raise LogDamaged("log_head is empty: the log was removed while it was being written")
        self._head = found[0] + len(entries)
        return int(found[0]) + 1

    def drop_before(self, seq: int) -> int:
        """See LogWriter."""
        with _refusals():
            connection = self._session.get()
            with connection.transaction():
                rows = _locked(connection)
                _, head = _head_of(connection)
                names = [name for (name,) in connection.execute(_SEGMENTS)]
                past = [name for name in names if _first_seq(name) + rows <= seq or head < seq]
                for name in past:
                    connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(name)))
        return len(past)

    def close(self) -> None:
        """See LogWriter."""
        self._session.close()

    def _make_segments(self, connection: Connection, entries: int) -> None:
        """Makes the partitions for the next `entries` numbers, and room for other writers' numbers besides."""
        with connection.transaction():
            rows = _locked(connection)
            _, head = _head_of(connection)
            for first in range(head - head % rows + 1, head + 2 * entries + 1, rows):
                name = sql.Identifier(f"ingest_log_{first:020d}")
                connection.execute(sql.SQL(_SEGMENT).format(name, sql.Literal(first), sql.Literal(first + rows)))
                connection.execute(sql.SQL(_STORAGE).format(name))


class PostgresLogReader:
    """A reading end."""

    def __init__(self, conninfo: str) -> None:
        """Raises LogDamaged if the database holds no log, LogRefused if it can't be reached."""
        self._session = _Session(conninfo)
        with _refusals(), self._session.kept_if_sound():
            self._epoch, _ = _head_of(self._session.get())

    @property
    def epoch(self) -> str:
        """The log's identity."""
        return self._epoch

    def check(self, epoch: str, seq: int) -> None:
        """See LogReader."""
        if epoch != self._epoch:
            raise UnknownEpoch(f"this is log {self._epoch}, the cursor belongs to log {epoch or '(none)'}")
        self.head()
        self.read(seq, 1)

    def head(self) -> int:
        """See LogReader."""
        with _refusals():
            epoch, head = _head_of(self._session.get())
        if epoch != self._epoch:
            raise UnknownEpoch(f"log {self._epoch} was replaced by log {epoch} while it was being read")
        return head

    def first(self) -> int:
        """See LogReader."""
        with _refusals():
            found = self._session.get().execute("SELECT min(seq) FROM ingest_log").fetchone()
        return int(found[0]) if found and found[0] is not None else self.head() + 1

    def read(self, after_seq: int, limit: int) -> list[Entry]:
        """See LogReader. LogRefused if the database can't be reached."""
        rows = self._rows(after_seq, limit)
        if not rows:
            head = self.head()
            if after_seq == head:
                return []
            if after_seq > head:
                raise LogGap(f"the cursor {after_seq} is ahead of the log, which ends with {head}")
            rows = self._rows(after_seq, limit)  # committed between the two looks, or gone
            if not rows:
                raise LogGap(f"entries {after_seq + 1} to {head} were dropped")
        if rows[0].seq != after_seq + 1 or rows[-1].seq != after_seq + len(rows):
            raise LogGap(f"an entry is missing after {after_seq}: next is {rows[0].seq}")
        return rows

    def get(self, seq: int) -> Entry | None:
        """See LogReader."""
        with _refusals():
            row = self._session.get().execute(_GET, (seq,), binary=True).fetchone()
        return None if row is None else Entry._make(row)

    def close(self) -> None:
        """See LogReader."""
        self._session.close()

    def _rows(self, after_seq: int, limit: int) -> list[Entry]:
        with _refusals():
            cursor = self._session.get().execute(_READ, (after_seq, limit), binary=True)
            return list(map(Entry._make, cursor.fetchall()))


def _head_of(connection: Connection) -> tuple[str, int]:
    found = connection.execute("SELECT epoch, head FROM log_head").fetchone()
    if found is None:
        raise LogDamaged("log_head is empty: this database holds no ingest log")
    return str(found[0]), int(found[1])


def _locked(connection: Connection) -> int:
    """Shuts writers out until the transaction ends; returns the rows per segment.

    First the table, then the row: an append takes them in this order too, so that the two never wait for each other.
    """
    connection.execute("LOCK TABLE ingest_log IN ACCESS EXCLUSIVE MODE")
    found = connection.execute("SELECT segment_rows FROM log_head FOR UPDATE").fetchone()
    if found is None:
        raise LogDamaged("log_head is empty: this database holds no ingest log")
    return int(found[0])


def _first_seq(name: str) -> int:
    return int(name.rpartition("_")[2])


@contextmanager
def _refusals() -> Iterator[None]:
    """Turns the driver's errors into ours."""
    try:
        yield
    except psycopg.errors.UndefinedTable as error:
        raise LogDamaged(f"this database holds no ingest log: {error}") from error
    except psycopg.Error as error:
        raise LogRefused(f"the database refused or can't be reached: {error}") from error
