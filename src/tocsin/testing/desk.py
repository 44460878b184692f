"""A desk without processes: the real engine on a real SQLite file, a transaction per command, a clock set by hand.

For tests of whoever serves people: dialects and pages. Sending ends here: messages that would go out are kept in `sent`
and count as taken by the provider when `settle` is called. Never waits and never reads the machine's clock.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from tocsin.engine.config import Config
from tocsin.engine.kinds import KIND_OF
from tocsin.engine.things import SaveThing
from tocsin.engine.world import World
from tocsin.events.model import Event
from tocsin.kernel.actor import SYSTEM, Actor
from tocsin.kernel.decision import Command
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import Moment, Span
from tocsin.kernel.values import replace
from tocsin.paging.messages import RecordAttempt, SendMessage
from tocsin.paging.model import Result
from tocsin.runtime.answers import read_answer
from tocsin.runtime.reads import Reads
from tocsin.runtime.turn_work import Order, TurnWork
from tocsin.storage.database import open_database
from tocsin.storage.log import Entry
from tocsin.storage.tables import metadata
from tocsin.storage.turns import Cursor, Turn, TurnStore
from tocsin.testing.world import START, ManualClock


class DirectDesk:
    """Implements `runtime.desk.Desk` in the caller's thread. Use as a context manager, or call `close`."""

    def __init__(self, folder: Path, url: str | None = None, *, now: Moment = START, seed: int = 1) -> None:
        """`folder` receives the database file, unless `url` names a PostgreSQL; the same seed gives the same ids."""
        self.clock = ManualClock(now)
        self.ids = IdSource(random.Random(seed))
        self.sent: list[SendMessage] = []
        self._lock = threading.Lock()
        self._writing = open_database(folder, url)
        metadata.create_all(self._writing.engine)
        self._store = TurnStore(self._writing, "test")
        self._reading = open_database(folder, url, read_only=True)
        self.reads = Reads(self._reading)
        self._config = self._store.config()
        self._seq = 0
        self._events: dict[int, Event] = {}

    def __enter__(self) -> Self:
        """The desk itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close both databases."""
        self.close()

    def close(self) -> None:
        """Close both databases."""
        self._store.close()
        self._writing.close()
        self._reading.close()

    def config(self) -> Config:
        """The configuration as of now."""
        return self._config

    def run(self, actor: Actor, command: Command, *, key: str = "") -> Any:
        """Have the engine run a command, through the same encoding as between processes. See `Desk.run`."""
        answered: list[str] = []
        with self._lock:
            work = self._begin()
            work.answer(key, actor, command, answered.append)
            self._commit(work)
            for reply, text in work.replies:
                reply(text)
        value, _version = read_answer(command, answered[0])
        return value

    def save(self, thing: Any, *fields: str, actor: Actor = SYSTEM) -> Any:
        """Save a thing as Tocsin itself; returns it as stored."""
        return self.run(actor, SaveThing(thing_kind=KIND_OF[type(thing)], thing=thing, fields=fields))

    def receive(self, event: Event) -> int:
        """Decide an event as if it came out of the log; returns its number there."""
        return self.receive_all([event])

    def receive_all(self, events: Iterable[Event]) -> int:
        """The same with many in one turn; returns the number of the last one."""
        with self._lock:
            entries = []
            for event in events:
                self._seq += 1
                self._events[self._seq] = replace(event, log_seq=self._seq)  # as decoders do
                entry = Entry(self._seq, event.received_at, "testing", event.integration_id, event.dedup_key, b"{}")
                entries.append(entry)
            work = self._begin()
            work.receive(entries)
            work.turn.cursor = Cursor("testing", self._seq)
            self._commit(work)
            return self._seq

    def accepted(self, seqs: Iterable[int]) -> dict[int, Event]:
        """Of these numbers the events that were received here."""
        return {seq: self._events[seq] for seq in seqs if seq in self._events}

    def advance(self, span: Span) -> None:
        """Let time pass; every timer fires at its own moment."""
        until = self.clock.now() + span
        with self._lock:
            while (due := self._store.next_due()) is not None and due <= until:
                self.clock.moment = max(due, self.clock.now())
                work = self._begin()
                for timer in self._store.due_timers(self.clock.now(), 100):
                    work.fire(timer)
                self._commit(work)
        self.clock.moment = until

    def settle(self, result: Result = Result.SENT) -> list[SendMessage]:
        """Every message that waits has this result; returns them. What the result leads to may wait again."""
        with self._lock:
            taken, self.sent = self.sent, []
            for message in taken:
                work = self._begin()
                report = RecordAttempt(
                    message_id=message.message_id,
                    attempt=message.attempt,
                    result=result,
                    provider_id=f"fake-{message.key}",
                    finished_at=self.clock.now(),
                )
                work.run(SYSTEM, report)
                self._commit(work)
        return taken

    def _begin(self) -> TurnWork:
        self._store.begin()
        world = World(self._config, self._store.state, self.ids)
        return TurnWork(self._store, world, Turn(self.clock.now()), {"testing": self._decode}, set())

    def _commit(self, work: TurnWork) -> None:
        self._store.commit(work.turn)
        self._config = work.world.config
        self.sent.extend(work.sends)

    def _decode(self, entry: Entry) -> Event | Order:
        return self._events[entry.seq]
