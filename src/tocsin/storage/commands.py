"""Commands on their way from an edge to the active engine on PostgreSQL, and their answers: rows of one small table.

Decides how long a request waits for an engine: once its asker has given up, it is not carried out any more. Never
reads what is asked or answered.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tocsin.kernel.time import SECOND, Span
from tocsin.storage.database import Database, OutOfReach
from tocsin.storage.lease import look
from tocsin.storage.signals import ANSWERS, COMMANDS

FRESH: Span = 15 * SECOND
"""A request older than this has no asker any more (they wait 10 s)."""

KEPT: Span = 60 * SECOND
"""Rows are removed after this."""

_NOW = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
# Neither request nor answer need outlive a crash of the server: what was decided is stored with its turn, and an asker
# who hears nothing asks again. So nobody waits for the disk here; and whoever waits for the row is told in passing.
_HASTY = "set_config('synchronous_commit', 'off', true)"
_PUT = text(
    f"INSERT INTO commands (key, request, at) SELECT :key, :request, {_NOW} FROM {_HASTY} "  # noqa: S608 - constants
    f"ON CONFLICT (key) DO NOTHING RETURNING pg_notify('{COMMANDS}', '')"
)
_WAITING = text(
    f"SELECT seq, request FROM commands WHERE answer IS NULL AND at > {_NOW} - {FRESH} "  # noqa: S608
    "AND seq <> ALL(:taken) ORDER BY seq LIMIT :limit"
)
_ANSWER = text(
    f"UPDATE commands SET answer = :answer FROM {_HASTY} WHERE seq = :seq "  # noqa: S608
    f"RETURNING pg_notify('{ANSWERS}', '')"
)
_ANSWERS = text("SELECT key, answer FROM commands WHERE key = ANY(:keys) AND answer IS NOT NULL")
_SWEEP = text(f"DELETE FROM commands WHERE at < {_NOW} - {KEPT}")  # noqa: S608


class Asked(NamedTuple):
    """A request that waits."""

    seq: int
    request: bytes


class CommandTable:
    """Both ends of it. Each call is a transaction of its own. Raises OutOfReach when the database is."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, key: str, request: bytes) -> None:
        """Ask, and give the engine a hint. `key` names this request; putting it again is safe."""
        with _reached(), self._database.engine.connect() as connection:
            connection.execute(_PUT, {"key": key, "request": request})

    def waiting(self, taken: Collection[int], limit: int = 100) -> list[Asked]:
        """Requests without an answer, oldest first, except those `taken` before."""
        with _reached(), self._database.engine.connect() as connection:
            rows = connection.execute(_WAITING, {"taken": list(taken), "limit": limit})
            return [Asked(seq, bytes(request)) for seq, request in rows]

    def answer(self, answers: Sequence[tuple[int, bytes]]) -> None:
        """Answer requests by their numbers, and give the edges a hint."""
        with _reached(), self._database.engine.connect() as connection:
            connection.execute(_ANSWER, [{"seq": seq, "answer": answer} for seq, answer in answers])

    def answers(self, keys: Collection[str]) -> Mapping[str, bytes]:
        """Those of these requests that are answered."""
        with _reached(), self._database.engine.connect() as connection:
            return {key: bytes(answer) for key, answer in connection.execute(_ANSWERS, {"keys": list(keys)})}

    def has_engine(self) -> bool:
        """Whether somebody is there to take requests."""
        with _reached(), self._database.engine.connect() as connection:
            lease = look(connection)
        return lease is not None and lease.is_held

    def sweep(self) -> None:
        """Remove old rows."""
        with _reached(), self._database.engine.connect() as connection:
            connection.execute(_SWEEP)

    def close(self) -> None:
        """Close the database."""
        self._database.close()


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise OutOfReach(str(error)) from error
