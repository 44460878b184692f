"""A desk for the command line: asks the running engine, or, when none runs, decides here with the engine's lock held.

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
from tocsin.kernel.errors import Conflict
from tocsin.runtime.answers import read_answer
from tocsin.runtime.control_client import ControlClient
from tocsin.runtime.desk import Desk
from tocsin.runtime.turn_work import TurnWork
from tocsin.storage.config_reader import ConfigReader
from tocsin.storage.schema import create_schema, installation_secret
from tocsin.storage.turns import Turn, TurnStore


class DirectDesk:
    """Implements `runtime.desk.Desk` on the main database itself. Its owner holds the engine's lock."""

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
        try:
            stack.enter_context(held(place.data, "engine"))
        except Conflict:
            yield _running(place, stack)
            return
        database = place.database()
        stack.callback(database.close)
        create_schema(database)
        installation_secret(database, place.ids)
        store = TurnStore(database, place.ids.long())
        stack.callback(store.close)
        yield DirectDesk(store, place)


def _running(place: Installation, stack: contextlib.ExitStack) -> ControlClient:
    database = place.database(read_only=True)
    stack.callback(database.close)
    client = ControlClient(place.data, ConfigReader(database), ids=place.ids, clock=place.clock)
    stack.callback(client.close)
    client.start()
    return client
