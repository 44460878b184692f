"""Which of several engines on one PostgreSQL is the active one: a row, judged by the database's clock.

Every take-over raises the fence. A turn's transaction looks at the fence under a lock that a take-over waits for, so
an engine that stood still and wakes cannot commit anything. Never decides when to take or to renew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError

from tocsin.kernel.time import Moment, Span
from tocsin.storage import postgres
from tocsin.storage.database import Database, OutOfReach
from tocsin.storage.tables import leases

_NAME = "engine"

_NOW = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
_ROW = f"UPDATE leases SET until = {_NOW} + :span WHERE name = '{_NAME}' AND fence = :fence"  # noqa: S608 - constants

_LOOK = text(f"SELECT holder, fence, until, {_NOW} FROM leases WHERE name = '{_NAME}'")  # noqa: S608
_BEGIN = text(
    f"INSERT INTO leases (name, holder, fence, until) VALUES ('{_NAME}', '', 0, 0) "  # noqa: S608
    "ON CONFLICT DO NOTHING"
)
# An engine frozen in the middle of sending many statements counts as busy: no timeout of the server (before version 17)
# ends it. Its session waits for a client that stands still, with a lock on a row of this table: that is what is ended.
_END_FROZEN = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity JOIN pg_locks USING (pid) "  # noqa: S608 - constants
    "WHERE relation = 'leases'::regclass AND mode = 'RowShareLock' AND granted AND database = datid "
    "AND datname = current_database() AND usename = current_user AND application_name = 'tocsin' "
    "AND pid <> pg_backend_pid() AND wait_event_type = 'Client' "
    f"AND state_change < clock_timestamp() - interval '{postgres.IDLE_SECONDS} seconds'"
)
_WAIT = text("SET LOCAL lock_timeout = '1s'")
_LOCK = text(
    f"SELECT fence FROM leases WHERE name = '{_NAME}' "  # noqa: S608
    f"AND (until <= {_NOW} OR (:place <> '' AND split_part(holder, '/', 1) = :place)) FOR UPDATE"
)
_TAKE = text(
    f"UPDATE leases SET holder = :holder, fence = fence + 1, until = {_NOW} + :span "  # noqa: S608
    f"WHERE name = '{_NAME}' RETURNING fence"
)
_RENEW = text(f"{_ROW} RETURNING {_NOW}")
_RELEASE = text(f"UPDATE leases SET until = 0 WHERE name = '{_NAME}' AND fence = :fence")  # noqa: S608


@dataclass(frozen=True, slots=True)
class Lease:
    """The row as it stands. `until` and `now` are by the database's clock; `until` in the past = nobody is active."""

    holder: str
    fence: int
    until: Moment
    now: Moment

    @property
    def is_held(self) -> bool:
        """Whether an engine is the active one."""
        return self.until > self.now


def fence_of(connection: Connection) -> int | None:
    """The fence, under a lock until the transaction ends that a take-over waits for and a renewal does not."""
    statement = select(leases.c.fence).where(leases.c.name == _NAME).with_for_update(read=True, key_share=True)
    found: int | None = connection.execute(statement).scalar()
    return found


def look(connection: Connection) -> Lease | None:
    """The lease, None before the first engine."""
    row = connection.execute(_LOOK).one_or_none()
    return None if row is None else Lease(*row)


class LeaseTable:
    """Each call is a transaction of its own. Raises OutOfReach when the database is."""

    def __init__(self, database: Database, *, place: str, run: str) -> None:
        """`place`: where only one engine can run at a time ("" = unknown, no slash); `run`: this start of an engine."""
        self._database = database
        self._place = place
        self._holder = f"{place}/{run}"

    def look(self) -> Lease | None:
        """The lease, None before the first engine."""
        with _reached(), self._database.engine.connect() as connection:
            return look(connection)

    def take(self, span: Span) -> int | None:
        """Become the active engine for `span`, if nobody is, or only an earlier run of the same place; the new fence.

        Waits a moment for a transaction of the engine that was the active one; one that stood still for
        `postgres.IDLE_SECONDS` is ended then. None also when that transaction is still under way: ask again.
        """
        with _reached():
            try:
                return self._take(span)
            except DBAPIError as error:
                if not postgres.is_lock_timeout(error):
                    raise
            with suppress(DBAPIError), self._database.engine.connect() as connection:  # it may not be allowed
                connection.execute(_END_FROZEN)
            return None

    def _take(self, span: Span) -> int | None:
        with self._database.transaction() as connection:
            connection.execute(_BEGIN)
            connection.execute(_WAIT)
            if connection.execute(_LOCK, {"place": self._place}).one_or_none() is None:
                return None
            fence: int = connection.execute(_TAKE, {"holder": self._holder, "span": span}).scalar_one()
            return fence

    def renew(self, fence: int, span: Span) -> Moment | None:
        """Stay the active engine for `span` from now; the database's moment, None when another one took over."""
        with _reached(), self._database.engine.connect() as connection:
            now: Moment | None = connection.execute(_RENEW, {"fence": fence, "span": span}).scalar()
            return now

    def release(self, fence: int) -> None:
        """Hand over at once."""
        with _reached(), self._database.engine.connect() as connection:
            connection.execute(_RELEASE, {"fence": fence})


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise OutOfReach(str(error)) from error
