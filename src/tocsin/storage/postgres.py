"""What is particular to PostgreSQL: the connection, its limits, what an outage looks like, and INSERT-or-replace."""

from __future__ import annotations

import select
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, InvalidatePoolError

BEGIN = "BEGIN"

IDLE_SECONDS = 5
"""A transaction of ours that does nothing for so long is ended by the server: its process stands still. Shorter than
an engine's lease, so that a frozen engine cannot hold up the next one."""

REACH = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
"""How soon a server that fell silent counts as lost; seconds, `tcp_user_timeout` milliseconds."""

_SESSION = f"""
SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s';
SET statement_timeout = '30s';
SET TIME ZONE 'UTC';
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
"""

_OUTAGES = frozenset({"25006", "25P03"})
"""Besides what the driver calls operational: a server that only reads (a standby before its promotion), and a
transaction that the server ended while this process stood still."""


class NotDurable(Exception):
    """The server is set up to forget commits when its machine dies."""


def libpq(url: str) -> str:
    """The address as libpq takes it; whatever libpq understands is allowed."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def open_engine(url: str, *, read_only: bool) -> Engine:
    """A SQLAlchemy engine on the database; transactions are begun by hand."""
    import psycopg  # noqa: PLC0415 - an extra: who stays with SQLite need not have it, nor its nine megabytes

    from tocsin.storage.pg_text import teach  # noqa: PLC0415

    address = libpq(url)

    def connect() -> psycopg.Connection[Any]:
        made = psycopg.connect(address, autocommit=True, application_name="tocsin", prepare_threshold=3, **REACH)  # type: ignore[arg-type]
        teach(made)
        return made

    engine = create_engine(
        "postgresql+psycopg://",
        creator=connect,
        isolation_level="AUTOCOMMIT",
        pool_size=4,
        max_overflow=12,
    )
    event.listen(engine, "connect", _settings(read_only=read_only))
    event.listen(engine, "checkout", _still_there(engine))
    return engine


def _still_there(engine: Engine) -> Any:
    """Asks a connection whether it lives before it is used again, if its server sent something while nobody asked.

    A server that closes a connection says so, and the end waits at the socket. To ask each time, as the pool's own
    `pool_pre_ping` does, costs a round trip for every query of a page; one that went silent tells neither.
    """

    def ask(connection: Any, _record: object, _proxy: object) -> None:
        said = select.poll()
        try:
            said.register(connection.fileno(), select.POLLIN)
            if said.poll(0):
                engine.dialect.do_ping(connection)
        except engine.dialect.dbapi.Error as error:  # type: ignore[union-attr]
            raise InvalidatePoolError from error

    return ask


def _settings(*, read_only: bool) -> Any:
    wanted = _SESSION + ("SET default_transaction_read_only = on;" if read_only else "")

    def run(connection: Any, _record: object) -> None:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(wanted)

    return run


def require_durable(engine: Engine) -> None:
    """Raises NotDurable for a server with `fsync` or `full_page_writes` off."""
    with engine.connect() as connection:
        for name in ("fsync", "full_page_writes"):
            if connection.execute(text("SELECT current_setting(:name)"), {"name": name}).scalar() != "on":
                raise NotDurable(f"PostgreSQL runs with {name} = off: what was accepted could be lost. Turn it on.")


def is_outage(error: BaseException) -> bool:
    """Whether the server is at fault though the driver does not call it operational."""
    if not isinstance(error, DBAPIError):
        return False
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _OUTAGES


def is_lock_timeout(error: DBAPIError) -> bool:
    """Whether a statement gave up waiting for a lock."""
    return getattr(error.orig, "sqlstate", None) == "55P03"


OF_IDS = "id = ANY(%(ids)s::text[])"
"""Whether a row is one of those whose ids are the one parameter: see `of_ids`."""


def of_ids(values: Sequence[str]) -> dict[str, list[str]]:
    """The parameter of `OF_IDS`."""
    return {"ids": list(values)}


PAIRS = "SELECT * FROM unnest(%(scopes)s::text[], %(keys)s::text[]) AS pair(scope, dedup_key)"
"""A table of pairs out of two parameters: see `pairs`."""


def pairs(values: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """The parameters of `PAIRS`."""
    return {"scopes": [scope for scope, _ in values], "keys": [key for _, key in values]}
