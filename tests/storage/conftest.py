"""The main database on both engines, behind one door, so that one suite holds both to the same contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.databases import address, fresh
from tocsin.storage.database import Database, open_database
from tocsin.storage.schema import create_schema

DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def template(postgres_server: str) -> str:
    """A database at the newest revision, to be copied: quicker than migrating one for each test."""
    name = "tocsin_template"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    database = open_database(Path(), address(postgres_server, name))
    create_schema(database)
    database.close()
    return name


@pytest.fixture(params=DATABASES)
def empty_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The address of a database without tables; None = the file in `tmp_path`."""
    if request.param == "sqlite":
        yield None
        return
    with fresh(request.getfixturevalue("postgres_server")) as url:
        yield url


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str | None]:
    """The address of a database at the newest revision; None = the file in `tmp_path`."""
    if request.param == "sqlite":
        database = open_database(tmp_path, None)
        create_schema(database)
        database.close()
        yield None
        return
    server = request.getfixturevalue("postgres_server")
    with fresh(server, template=request.getfixturevalue("template")) as found:
        yield found


@pytest.fixture
def database(url: str | None, tmp_path: Path) -> Iterator[Database]:
    """That database, open."""
    found = open_database(tmp_path, url)
    yield found
    found.close()
