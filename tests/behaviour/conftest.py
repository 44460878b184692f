"""A world for every test, on SQLite and on PostgreSQL. After each test everything stored must fit together."""

from __future__ import annotations

import os
import shutil
import tempfile
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
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that is not on a disk where there is one: a commit a thousand times over waits for nothing there."""
    shared = Path("/dev/shm")  # noqa: S108 - of the machine's memory, and removed at the end
    if not os.access(shared, os.W_OK):
        yield tmp_path_factory.mktemp("worlds")
        return
    with tempfile.TemporaryDirectory(dir=shared, prefix="tocsin-tests-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def new_folder(memory: Path) -> Path:
    """The data folder of an installation with nobody in it, to be copied: making one takes many times as long."""
    folder = memory / "new"
    folder.mkdir()
    World(folder).close()
    return folder


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
