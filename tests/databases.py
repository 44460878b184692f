"""Databases on the embedded PostgreSQL: one of its own for each test that asks."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg

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
