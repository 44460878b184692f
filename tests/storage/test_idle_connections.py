"""A connection that the server closed while it lay in the pool is not handed to a query."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.databases import fresh
from tocsin.storage.database import Database, open_database

pytestmark = pytest.mark.postgres


@pytest.fixture
def address(postgres_server: str) -> Iterator[str]:
    with fresh(postgres_server) as found:
        yield found


def pid(database: Database) -> int:
    """Which process of the server the pool's next connection belongs to."""
    with database.engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())


def test_the_query_after_the_server_closed_the_connection_gets_a_new_one(address: str) -> None:
    database = open_database(Path(), address, read_only=True)
    first = pid(database)
    assert pid(database) == first  # it does wait in the pool
    with psycopg.connect(address, autocommit=True) as other:
        assert other.execute("SELECT pg_terminate_backend(%s, 5000)", (first,)).fetchone() == (True,)
    assert pid(database) != first
    database.close()


def test_what_a_living_server_says_unasked_costs_no_connection(address: str) -> None:
    database = open_database(Path(), address, read_only=True)
    first = pid(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("LISTEN somebody")
    with psycopg.connect(address, autocommit=True) as other:
        other.execute("NOTIFY somebody")
    assert [pid(database) for _ in range(3)] == [first] * 3
    database.close()
