"""Brings a main database to the shape that this version needs. Decides nothing about what is in it."""

from __future__ import annotations

from tocsin.storage.database import Database
from tocsin.storage.tables import metadata


def create_schema(database: Database) -> None:
    """Create what is missing."""
    with database.engine.connect() as connection:
        metadata.create_all(connection)
