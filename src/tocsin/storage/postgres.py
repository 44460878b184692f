"""What is particular to PostgreSQL: the connection, its limits, and the statement that inserts or replaces."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, Table, create_engine, event
from sqlalchemy.dialects.postgresql import insert

BEGIN = "BEGIN"


def open_engine(url: str, *, read_only: bool) -> Engine:
    """A SQLAlchemy engine on the database; transactions are begun by hand."""
    plain = url.replace("postgresql+psycopg://", "postgresql://").replace("postgres://", "postgresql://")
    engine = create_engine(
        plain.replace("postgresql://", "postgresql+psycopg://", 1),
        isolation_level="AUTOCOMMIT",
        pool_size=4,
        max_overflow=12,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 5, "application_name": "tocsin", "prepare_threshold": 3},
    )
    event.listen(engine, "connect", _settings(read_only=read_only))
    return engine


def _settings(*, read_only: bool) -> Any:
    def run(connection: Any, _record: object) -> None:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SET idle_in_transaction_session_timeout = '20s'")
            cursor.execute("SET statement_timeout = '30s'")
            cursor.execute("SET TIME ZONE 'UTC'")
            if read_only:
                cursor.execute("SET default_transaction_read_only = on")

    return run


def upsert(table: Table) -> Any:
    """INSERT ... ON CONFLICT DO UPDATE of every other column."""
    statement = insert(table)
    keys = [column.name for column in table.primary_key]
    return statement.on_conflict_do_update(
        index_elements=keys,
        set_={column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys},
    )


def insert_if_absent(table: Table) -> Any:
    """INSERT ... ON CONFLICT DO NOTHING."""
    return insert(table).on_conflict_do_nothing()
