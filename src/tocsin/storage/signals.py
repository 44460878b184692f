"""Hints between processes on one PostgreSQL: "look now". NOTIFY carries them, and may lose them.

Whoever hears nothing looks at the tables all the same, a little later. Telling is rare and on a connection of its own:
every NOTIFY takes a lock of the whole server at its commit. Never carries anything that is not in a table too.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from tocsin.storage.database import OutOfReach
from tocsin.storage.postgres import REACH, libpq

COMMANDS = "tocsin_commands"
"""To the active engine: somebody asks."""

LOG = "tocsin_log"
"""To the active engine: the log has new entries."""

ANSWERS = "tocsin_answers"
"""To the edges: answers are there."""

CHANGED = "tocsin_changed"
"""To the edges: these topics changed (separated by spaces; "" = too many to name)."""

PAYLOAD_BYTES = 7_000
"""PostgreSQL takes 8,000."""


class Signals:
    """Tells from any thread, hears in one, each on a connection of its own, made anew when it was lost."""

    def __init__(self, url: str, channels: Sequence[str] = ()) -> None:
        """`channels`: what to listen to; without any, this one only tells."""
        self._address = libpq(url)
        self._channels = tuple(channels)
        self._lock = threading.Lock()
        self._telling: psycopg.Connection[Any] | None = None
        self._hearing: psycopg.Connection[Any] | None = None

    def tell(self, channel: str, payload: str = "") -> None:
        """Give a hint. Raises OutOfReach; then nobody heard it."""
        with self._lock, _reached():
            if self._telling is None or self._telling.closed:
                self._telling = self._connect()
            self._telling.execute("SELECT pg_notify(%s, %s)", (channel, payload))

    def hear(self, seconds: float) -> list[tuple[str, str]] | None:
        """Hints as (channel, payload), as soon as there is one; [] after `seconds` without any.

        None when the connection had to be made: what was told before that is not known. Raises OutOfReach.
        """
        with _reached():
            if self._hearing is None or self._hearing.closed:
                self._hearing = self._connect()
                for channel in self._channels:
                    self._hearing.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                return None
            try:
                found = self._hearing.notifies(timeout=seconds, stop_after=1)
                return [(one.channel, one.payload) for one in found]
            except psycopg.Error:
                self._hearing.close()
                raise

    def close(self) -> None:
        """Close both connections; only once `hear` has returned."""
        for connection in (self._telling, self._hearing):
            if connection is not None:
                connection.close()

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self._address, autocommit=True, application_name="tocsin signals", **REACH)  # type: ignore[arg-type]


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise OutOfReach(str(error)) from error
