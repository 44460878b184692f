"""Statements compiled once for a database: running one builds nothing, which is most of what a small statement costs.

Decides nothing about what is read or written. Works with the drivers of both databases: SQLite's parameters go by
position, PostgreSQL's by name. Not for lists of varying length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect


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
        return connection.exec_driver_sql(self.text, parameters).fetchall()


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
            connection.exec_driver_sql(self._sql, rows)
        elif len(self._order) == 1:
            (name,) = self._order
            connection.exec_driver_sql(self._sql, [(row[name],) for row in rows])
        else:
            connection.exec_driver_sql(self._sql, list(map(itemgetter(*self._order), rows)))
