"""Is anything overdue? How old the oldest timer and outbox row are, and how far the log has been decided."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select, text

from tocsin.kernel.time import Moment
from tocsin.storage import tables
from tocsin.storage.codec import load
from tocsin.storage.database import Database
from tocsin.storage.schema import revision_of
from tocsin.storage.turns import Cursor


@dataclass(frozen=True, slots=True)
class Pulse:
    """The next timer's due time (in the past = overdue), the oldest unfinished effect, how many, the cursor."""

    next_timer_due: Moment | None
    oldest_outbox: Moment | None
    timers: int
    outbox: int
    cursor: Cursor


def pulse(connection: Connection) -> Pulse:
    """All of it in one look."""
    timers, outbox = tables.timers, tables.outbox
    next_due = connection.execute(select(func.min(timers.c.due_at))).scalar()
    oldest = connection.execute(select(func.min(outbox.c.created_at))).scalar()
    timer_count = connection.execute(select(func.count()).select_from(timers)).scalar()
    outbox_count = connection.execute(select(func.count()).select_from(outbox)).scalar()
    return Pulse(next_due, oldest, int(timer_count or 0), int(outbox_count or 0), cursor(connection))


def oldest(connection: Connection) -> tuple[Moment | None, Moment | None]:
    """The next timer's due time and the oldest outbox row's moment: two index look-ups."""
    next_due = connection.execute(select(func.min(tables.timers.c.due_at))).scalar()
    return next_due, connection.execute(select(func.min(tables.outbox.c.created_at))).scalar()


def cursor(connection: Connection) -> Cursor:
    """How far the log has been decided."""
    stored = connection.execute(select(tables.meta.c.value).where(tables.meta.c.key == "cursor")).scalar()
    return load(Cursor, stored) if stored else Cursor("", 0)


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """Which database it is ("SQLite 3.51.1"), how large in bytes, and at which revision of the schema ("" = none)."""

    product: str
    size: int
    revision: str


_SQLITE = text(
    "SELECT sqlite_version(), (SELECT page_count FROM pragma_page_count()), (SELECT page_size FROM pragma_page_size())"
)
_POSTGRES = text("SELECT current_setting('server_version'), pg_database_size(current_database())")


def facts(database: Database) -> DatabaseFacts:
    """What can be said of the database itself."""
    with database.engine.connect() as connection:
        if database.is_postgres:
            name, size = connection.execute(_POSTGRES).one()
            product = f"PostgreSQL {name.split()[0]}"
        else:
            name, pages, page_size = connection.execute(_SQLITE).one()
            product, size = f"SQLite {name}", pages * page_size
    return DatabaseFacts(product, int(size), revision_of(database) or "")
