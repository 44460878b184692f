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
def new_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of an installation with nobody in it, to be copied: making one takes many times as long."""
    folder = tmp_path_factory.mktemp("new")
    World(folder).close()
    return folder


@pytest.fixture
def emptied(postgres_server: str) -> str:
    """The same database for every test, with nothing in it."""
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        names = [sql.Identifier(name) for (name,) in connection.execute(_TABLES)]
        if names:
            connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY").format(sql.SQL(", ").join(names)))
    return postgres_server


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest, new_folder: Path, tmp_path: Path) -> Iterator[World]:
    """An installation with nobody in it."""
    shutil.copytree(new_folder, tmp_path / "data")
    url = request.getfixturevalue("emptied") if request.param == "postgres" else None
    with_everything = World(tmp_path / "data", database_url=url)
    yield with_everything
    broken = violations(with_everything.records())
    with_everything.close()
    assert broken == []


@pytest.fixture
def cast(world: World) -> Cast:
    """The payments team; its policy has one pass."""
    return gather(world)
