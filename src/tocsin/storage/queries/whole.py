"""Whole rows by their ids, in one statement that is the same for every number of them.

A list with a place for each id is another statement for each number: built, sent and planned anew every time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Table

from tocsin.storage import postgres, sqlite
from tocsin.storage.prepared import execute


def by_ids(connection: Connection, table: Table, ids: Iterable[str]) -> Sequence[str]:
    """The JSON of the rows with these ids, those that exist, in no order. Raises DBAPIError."""
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return ()
    database = postgres if connection.dialect.name == "postgresql" else sqlite
    sql = f"SELECT data FROM {table.name} WHERE {database.OF_IDS}"  # noqa: S608 - both are texts of ours
    return [row[0] for row in execute(connection, sql, database.of_ids(wanted))]
