"""The ingest log on both databases, behind one door, so that one suite can hold both to the same contract."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import psycopg
import pytest

from tocsin.storage.log import LogReader, LogWriter, NewEntry
from tocsin.storage.log.postgres import PostgresLogReader, PostgresLogWriter
from tocsin.storage.log.sqlite import SqliteLogReader, SqliteLogWriter

DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


def event(text: str = "disk full", dedup_key: str = "k1") -> NewEntry:
    return NewEntry(1_700_000_000_000_000, "pagerduty.v2", "PMONITR", dedup_key, text.encode())


def events(count: int, start: int = 1) -> list[NewEntry]:
    return [event(f"event {number}", f"key-{number}") for number in range(start, start + count)]


class Store(Protocol):
    """One log's home."""

    def writer(self, segment_rows: int = 1000) -> LogWriter: ...

    def reader(self) -> LogReader: ...

    def lose(self, seq: int) -> None:
        """Makes one entry vanish, as nothing of ours ever would."""

    def replace(self) -> None:
        """Throws the log away and begins another one, behind everybody's back."""

    def close(self) -> None:
        """Closes all that was opened."""


class SqliteStore:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._opened: list[SqliteLogWriter | SqliteLogReader] = []
        self._epochs = map("epoch-{}".format, itertools.count(1))

    def writer(self, segment_rows: int = 1000) -> SqliteLogWriter:
        writer = SqliteLogWriter(self.folder, lambda: next(self._epochs), segment_rows=segment_rows)
        self._opened.append(writer)
        return writer

    def reader(self) -> SqliteLogReader:
        reader = SqliteLogReader(self.folder)
        self._opened.append(reader)
        return reader

    def lose(self, seq: int) -> None:
        writer = self.writer()
        assert writer._connection is not None
        writer._connection.execute("DELETE FROM entry WHERE seq = ?", (seq,))
        writer.close()

    def replace(self) -> None:
        for path in self.folder.iterdir():
            path.unlink()
        self.writer().close()

    def close(self) -> None:
        for opened in self._opened:
            opened.close()


class PostgresStore:
    def __init__(self, conninfo: str) -> None:
        self.conninfo = conninfo
        self._opened: list[PostgresLogWriter | PostgresLogReader] = []
        self._epochs = map("epoch-{}".format, itertools.count(1))

    def writer(self, segment_rows: int = 1000) -> PostgresLogWriter:
        writer = PostgresLogWriter(self.conninfo, lambda: next(self._epochs), segment_rows=segment_rows)
        self._opened.append(writer)
        return writer

    def reader(self) -> PostgresLogReader:
        reader = PostgresLogReader(self.conninfo)
        self._opened.append(reader)
        return reader

    def lose(self, seq: int) -> None:
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            connection.execute("DELETE FROM ingest_log WHERE seq = %s", (seq,))

    def replace(self) -> None:
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            connection.execute("DROP TABLE ingest_log, log_head")
        self.writer().close()

    def close(self) -> None:
        for opened in self._opened:
            opened.close()


@pytest.fixture
def conninfo(postgres_server: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of its own for each test."""
    name = f"log_{abs(hash(request.node.nodeid)):x}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute(f"CREATE DATABASE {name}")
    yield psycopg.conninfo.make_conninfo(postgres_server, dbname=name)
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty place for a log."""
    found: Store
    if request.param == "sqlite":
        found = SqliteStore(tmp_path / "log")
    else:
        found = PostgresStore(request.getfixturevalue("conninfo"))
    yield found
    found.close()
