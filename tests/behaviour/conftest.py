"""A world for every test, on SQLite and on PostgreSQL. After each test everything stored must fit together."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import structlog
from psycopg import sql

from tests.behaviour.cast import Cast, gather
from tocsin.engine.invariants import violations
from tocsin.testing.world import World

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"


@pytest.fixture(scope="session", autouse=True)
def plain_log() -> None:
    """Errors in plain text: the usual rendering of a stack takes seconds."""
    structlog.configure(processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()])


@pytest.fixture(scope="session")
def hasty_server(postgres_server: str) -> str:
    """A PostgreSQL that does not wait for its disk."""
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("ALTER DATABASE postgres SET synchronous_commit = off")
    return postgres_server


@pytest.fixture
def emptied(hasty_server: str) -> str:
    """The same database for every test, with nothing in it; TRUNCATE would take longer than many a test."""
    with psycopg.connect(hasty_server) as connection:
        for (name,) in connection.execute(_TABLES).fetchall():
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
    return hasty_server


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest, memory: Path, new_folder: Path) -> Iterator[World]:
    """An installation with nobody in it."""
    folder = memory / "world"
    shutil.copytree(new_folder, folder)
    url = request.getfixturevalue("emptied") if request.param == "postgres" else None
    made = World(folder, database_url=url)
    yield made
    broken = violations(made.records())
    made.close()
    shutil.rmtree(folder)
    assert broken == []


@pytest.fixture
def cast(world: World) -> Cast:
    """The payments team; its policy has one pass."""
    return gather(world)
