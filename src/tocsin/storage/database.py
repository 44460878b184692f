"""The main database, wherever it is: a file of SQLite or a server of PostgreSQL, behind one small class."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.dialects.postgresql import insert as insert_postgres
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from tocsin.storage import postgres, sqlite

MAIN_FILE = "tocsin.sqlite"
"""The main database's file in the data folder."""


DatabaseError = SQLAlchemyError
"""Whatever a query may raise, for callers that have no business with SQL."""


class OutOfReach(Exception):
    """The database does not answer, or refuses; the same may be tried again."""


@dataclass(frozen=True, slots=True)
class Database:
    """An open main database. `engine` hands out connections in autocommit; `transaction` begins and commits by hand."""

    engine: Engine
    is_postgres: bool

    @property
    def begin_statement(self) -> str:
        """What begins a writing transaction."""
        return postgres.BEGIN if self.is_postgres else sqlite.BEGIN

    def upsert(self, table: Table, added: Collection[str] = ()) -> Any:
        """INSERT or replace every other column; to those in `added` the new value is added."""
        statement = self._insert(table)
        keys = [column.name for column in table.primary_key]
        return statement.on_conflict_do_update(
            index_elements=keys,
            set_={
                name: column + statement.excluded[name] if name in added else statement.excluded[name]
                for name, column in table.columns.items()
                if name not in keys
            },
        )

    def insert_if_absent(self, table: Table) -> Any:
        """INSERT unless the key is there."""
        return self._insert(table).on_conflict_do_nothing()

    def _insert(self, table: Table) -> Any:
        """An INSERT that may go on with ON CONFLICT, which each database has as an extension of its own."""
        return insert_postgres(table) if self.is_postgres else insert_sqlite(table)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A writing transaction: committed at the end, rolled back when something is raised."""
        with self.engine.connect() as connection:
            connection.exec_driver_sql(self.begin_statement)
            try:
                yield connection
            except BaseException:
                connection.exec_driver_sql("ROLLBACK")
                raise
            connection.exec_driver_sql("COMMIT")

    @contextmanager
    def looking(self) -> Iterator[Connection]:
        """A connection for one read."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent snapshot for several reads."""
        with self.engine.connect() as connection:
            connection.exec_driver_sql("BEGIN" if not self.is_postgres else "BEGIN ISOLATION LEVEL REPEATABLE READ")
            try:
                yield connection
            finally:
                connection.exec_driver_sql("ROLLBACK")

    def answers(self) -> bool:
        """Whether the database can be reached now."""
        try:
            with self.engine.connect() as connection:
                connection.exec_driver_sql("SELECT 1")
        except DBAPIError:
            return False
        return True

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


class OneMoment:
    """A database as it was at one moment: all reads share a snapshot, which the first of them begins.

    For one thread. Once closed, every read is by itself again, and sees what is there then.
    """

    def __init__(self, database: Database) -> None:
        """Nothing is begun yet. Whoever made it closes it."""
        self._database = database
        self._held = ExitStack()
        self._snapshot: Connection | None = None
        self._is_over = False

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """The snapshot."""
        if self._is_over:
            with self._database.reading() as connection:
                yield connection
            return
        if self._snapshot is None:
            self._snapshot = self._held.enter_context(self._database.reading())
        yield self._snapshot

    looking = reading

    def close(self) -> None:
        """End the snapshot, if there is one, and give its connection back."""
        self._is_over, self._snapshot = True, None
        self._held.close()


def open_database(data: Path, url: str | None, *, read_only: bool = False) -> Database:
    """The main database: at `url` (postgresql://...) if given, else the file in the data folder."""
    if url:
        return Database(postgres.open_engine(url, read_only=read_only), is_postgres=True)
    return Database(sqlite.open_engine(data / MAIN_FILE, read_only=read_only), is_postgres=False)
