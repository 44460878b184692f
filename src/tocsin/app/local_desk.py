"""A desk for the command line: asks the running engine, or, when none runs, decides here in its stead.

The engine's lock on the folder, on PostgreSQL its lease, says which.

Runs one command at a time and nothing else: no timers, no events, no sending.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from tocsin.app.folder import held, prepare
from tocsin.app.installation import Installation
from tocsin.engine.config import Config
from tocsin.engine.world import World
from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import Command
from tocsin.kernel.errors import Conflict, Unavailable
from tocsin.runtime.answers import read_answer
from tocsin.runtime.control_client import ControlClient
from tocsin.runtime.desk import Desk
from tocsin.runtime.lease import LEASE
from tocsin.runtime.turn_work import TurnWork
from tocsin.storage.config_reader import ConfigReader
from tocsin.storage.database import Database
from tocsin.storage.lease import LeaseTable
from tocsin.storage.schema import create_schema, installation_secret, revision_of
from tocsin.storage.turns import Turn, TurnStore

START_SECONDS = 10.0
"""How long a server that is just starting is waited for."""


class DirectDesk:
    """Implements `runtime.desk.Desk` on the main database itself. Its owner holds the engine's lock or lease."""

    def __init__(self, store: TurnStore, place: Installation) -> None:
        self._store = store
        self._place = place

    def run(self, actor: Actor, command: Command, *, key: str = "") -> Any:
        """Run one command in a transaction of its own; see `Desk.run`."""
        self._store.begin()
        world = World(self._store.config(), self._store.state, self._place.ids)
        work = TurnWork(self._store, world, Turn(self._place.clock.now()), {}, set())
        replies: list[str] = []
        work.answer(key, actor, command, replies.append)
        self._store.commit(work.turn)
        return read_answer(command, work.replies[0][1])[0]

    def config(self) -> Config:
        """The configuration as stored."""
        return self._store.config()


@contextlib.contextmanager
def local_desk(place: Installation) -> Iterator[Desk]:
    """The way to change things from the command line. Raises Unavailable when a running engine does not answer."""
    prepare(place.data)
    with contextlib.ExitStack() as stack:
        if place.settings.database_url:
            yield _by_lease(place, stack)
            return
        try:
            stack.enter_context(held(place.data, "engine"))
        except Conflict:
            yield _running(place, stack)
            return
        database = place.database()
        stack.callback(database.close)
        create_schema(database)
        yield _direct(place, database, stack)


def _by_lease(place: Installation, stack: contextlib.ExitStack) -> Desk:
    """On PostgreSQL: ask the active engine, wherever it runs; be it for a moment when there is none."""
    database = place.database()
    stack.callback(database.close)
    if revision_of(database) is None:
        create_schema(database)
    table = LeaseTable(database, place="", run=place.ids.long())
    fence = table.take(LEASE)
    if fence is None:
        return _running(place, stack)
    stack.callback(table.release, fence)
    create_schema(database)
    return _direct(place, database, stack, fence)


def _direct(
    place: Installation, database: Database, stack: contextlib.ExitStack, fence: int | None = None
) -> DirectDesk:
    installation_secret(database, place.ids)
    store = TurnStore(database, place.ids.long())
    stack.callback(store.close)
    store.fence = fence
    return DirectDesk(store, place)


def _running(place: Installation, stack: contextlib.ExitStack) -> Desk:
    database = place.database(read_only=True)
    stack.callback(database.close)
    line = place.line(ConfigReader(database))
    stack.callback(line.close)
    line.start()
    if isinstance(line, ControlClient) and not line.wait_connected(START_SECONDS):
        raise Unavailable("The server is starting. Try again in a moment.", reason="starting")
    return line
