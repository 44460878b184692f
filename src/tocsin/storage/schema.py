"""Brings a main database to the shape that this version needs. Decides nothing about what is in it."""

from __future__ import annotations

from sqlalchemy import select

from tocsin.kernel.ids import IdSource
from tocsin.storage.database import Database
from tocsin.storage.tables import meta, metadata


def create_schema(database: Database) -> None:
    """Create what is missing."""
    with database.engine.connect() as connection:
        metadata.create_all(connection)


def installation_secret(database: Database, ids: IdSource) -> str:
    """The secret that signs links and callbacks, made at the first start and kept in the main database."""
    table = meta
    with database.transaction() as connection:
        row = {"key": "installation_secret", "value": ids.token()}
        connection.execute(database.insert_if_absent(table), row)
        found = connection.execute(select(table.c.value).where(table.c.key == "installation_secret")).scalar_one()
    return str(found)


def read_installation_secret(database: Database) -> str | None:
    """The secret, or None before the first start of an engine."""
    with database.reading() as connection:
        found = connection.execute(select(meta.c.value).where(meta.c.key == "installation_secret")).scalar()
    return None if found is None else str(found)
