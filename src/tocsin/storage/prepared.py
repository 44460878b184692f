"""Statements compiled once for a database and handed to its driver: building one is most of what a small one costs.

Decides nothing about what is read or written. Works with the drivers of both databases: SQLite's parameters go by
position, PostgreSQL's by name. Not for lists of varying length. What a driver raises comes as SQLAlchemy's error of the
same name, without the parameters, which may be secrets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError


class Query:
    """A SELECT with named values."""

    def __init__(self, dialect: Dialect, statement: Any) -> None:
        compiled = statement.compile(dialect=dialect)
        self.text = str(compiled)
        self._fixed = dict(compiled.params)
        self._order: Sequence[str] | None = compiled.positiontup

    def rows(self, connection: Connection, **values: Any) -> Sequence[Any]:
        """The rows for these values."""
        given = {**self._fixed, **values}
        parameters = given if self._order is None else tuple(given[name] for name in self._order)
        return execute(connection, self.text, parameters)


class Write:
    """An INSERT, UPDATE or DELETE that is run for many rows; rows may have more fields than it takes."""

    def __init__(self, dialect: Dialect, statement: Any, columns: Sequence[str] | None = None) -> None:
        """`columns`: of an INSERT, those that every row gives."""
        compiled = statement.compile(dialect=dialect, column_keys=columns, for_executemany=True)
        self._sql = str(compiled)
        self._order: Sequence[str] | None = compiled.positiontup

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run it for each row; no rows, no statement."""
        if not rows:
            return
        if self._order is None:
            execute_many(connection, self._sql, rows)
        elif len(self._order) == 1:
            (name,) = self._order
            execute_many(connection, self._sql, [(row[name],) for row in rows])
        else:
            execute_many(connection, self._sql, list(map(itemgetter(*self._order), rows)))


def execute(connection: Connection, sql: str, parameters: Any) -> Sequence[Any]:
    """The rows of one statement. Raises DBAPIError."""
    driver: Any = connection.connection.driver_connection
    with _translating(connection, sql):
        rows: Sequence[Any] = driver.execute(sql, parameters).fetchall()
    return rows


def execute_many(connection: Connection, sql: str, rows: Sequence[Any]) -> None:
    """One statement for each row. Raises DBAPIError."""
    driver: Any = connection.connection.driver_connection
    with _translating(connection, sql), closing(driver.cursor()) as cursor:
        cursor.executemany(sql, rows)


@contextmanager
def _translating(connection: Connection, sql: str) -> Iterator[None]:
    """A driver's error as SQLAlchemy's; a connection that is lost is given up."""
    try:
        yield
    except connection.dialect.loaded_dbapi.Error as error:
        dialect = connection.dialect
        driver: Any = connection.connection.driver_connection
        is_lost = dialect.is_disconnect(error, driver, None)
        if is_lost:
            connection.invalidate(error)
        base = dialect.loaded_dbapi.Error
        raise DBAPIError.instance(sql, None, error, base, connection_invalidated=is_lost, dialect=dialect) from error
