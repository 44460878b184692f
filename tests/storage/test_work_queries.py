"""What a turn asks of the database is looked up, never searched for: a table of any size costs the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.storage import sqlite, tables
from tocsin.storage.database import open_database
from tocsin.storage.schema import create_schema
from tocsin.storage.work_queries import NEWEST_ALERTS, WorkQueries


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("plans")
    database = open_database(found, None)
    create_schema(database)
    database.close()
    return found


def statements() -> dict[str, tuple[str, int]]:
    """Each statement and how many values it takes."""
    from sqlalchemy.dialects.sqlite import dialect  # noqa: PLC0415 - for its parameters' style only

    queries = WorkQueries(dialect())
    named = {name: query for name, query in vars(queries).items() if name != "one"}
    named |= {f"one {kind.__name__}": query for kind, query in queries.one.items()}
    found = {name: (query.text, query.text.count("?")) for name, query in named.items()}
    return {**found, "newest alerts": (NEWEST_ALERTS.format(pairs=sqlite.PAIRS), 1)}


@pytest.mark.parametrize("name", sorted(statements()))
def test_no_table_is_read_through(folder: Path, name: str) -> None:
    text, values = statements()[name]
    database = open_database(folder, None, read_only=True)
    with database.engine.connect() as connection:
        given = ("[]",) if name == "newest alerts" else ("",) * values
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given)]
    database.close()
    assert any(step.startswith("SEARCH ") for step in plan), plan
    searched_through = [step for step in plan for table in tables.metadata.tables if step.startswith(f"SCAN {table}")]
    assert not searched_through, plan
