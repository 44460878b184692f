"""The engine's side of the main database: one turn is one transaction that stores everything a turn decided.

State, facts, effects, timers, outcomes, configuration, answers and the log's cursor go in together or not at all.
On PostgreSQL the lease's fence is checked in the same transaction: an engine that lost it commits nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import InterfaceError, OperationalError

from tocsin.alerts.decide import Ending
from tocsin.deliveries.model import Delivery
from tocsin.engine.config import Config
from tocsin.engine.kinds import KINDS
from tocsin.engine.world import Recorded, ThingChange
from tocsin.incidents.model import Incident
from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import Command, Effect, TimerChange
from tocsin.kernel.time import Moment, Span
from tocsin.storage import postgres, tables
from tocsin.storage.audit import audit_row
from tocsin.storage.codec import dump, load, load_command, load_effect, prepare
from tocsin.storage.database import Database
from tocsin.storage.delivery_queue import DeliveryQueue
from tocsin.storage.lease import fence_of
from tocsin.storage.log import LogRefused
from tocsin.storage.prepared import execute
from tocsin.storage.repeats import HELD_FROM, recount
from tocsin.storage.retention import sweep
from tocsin.storage.turn_writes import TurnWrites
from tocsin.storage.working_set import WorkingSet


class LeaseLost(Exception):
    """Another engine is the active one now. Nothing of this turn was stored."""


@prepare
@dataclass(frozen=True, slots=True)
class Cursor:
    """How far the log has been decided: `seq` of the log with this `epoch` ("" = no log seen yet)."""

    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class DueTimer:
    """A timer whose time has come."""

    key: str
    due_at: Moment
    command: Command


@dataclass(frozen=True, slots=True)
class Waiting:
    """An effect in the outbox, and the engine that claimed it."""

    effect: Effect
    engine: str
    created_at: Moment


@dataclass(slots=True)
class Turn:
    """What one turn decided, gathered until it is stored. State is in the working set."""

    now: Moment
    facts: list[tuple[Moment, Recorded]] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    timers: dict[str, TimerChange] = field(default_factory=dict)
    changes: list[tuple[Moment, Actor, ThingChange]] = field(default_factory=list)
    outcomes: list[tuple[int, str, Moment, Ending]] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)
    answers: list[tuple[str, str]] = field(default_factory=list)
    cursor: Cursor | None = None


RELEASED_AT_ONCE = 256
"""Alerts that were held back and are written with one turn, so that it stays short."""

INCIDENT_NUMBER = "incident_number"
DELIVERY_NUMBER = "delivery_number"
"""The keys in `meta` of the highest numbers given."""

OUTAGES = (LogRefused, OperationalError, InterfaceError, OSError)
"""What a database raises that is out of reach, locked or full."""


def is_outage(error: BaseException) -> bool:
    """Whether the database is at fault (or the lease lost) and not what was to be stored."""
    return isinstance(error, (LeaseLost, *OUTAGES)) or postgres.is_outage(error)


class TurnStore:
    """The one writer of the main database."""

    def __init__(self, database: Database, engine_id: str) -> None:
        """`engine_id` names this run of the engine; effects that it claims carry it."""
        self._database = database
        self._connection = database.engine.connect()
        self.engine_id = engine_id
        self.fence: int | None = None
        self.events_kept: Span = 0
        """For how long it is kept how events ended; 0 = for ever."""
        self._in_transaction = False
        self.state = self._working_set()
        self.deliveries = DeliveryQueue(self._connection)
        self.stored_config_version = config_version(self._connection)
        self._writes = TurnWrites(database)
        self._noted = self._held_from()
        self._uncounted = self._noted > 0
        """Whether repeats may be stored that memory does not count; the next turn counts them and writes all."""

    # -- reading at the start of a turn

    def cursor(self) -> Cursor:
        """How far the log has been decided."""
        stored = self._meta("cursor")
        return load(Cursor, stored) if stored else Cursor("", 0)

    def config(self) -> Config:
        """The whole configuration, read afresh."""
        return read_config(self._connection)

    def due_timers(self, now: Moment, limit: int) -> list[DueTimer]:
        """The earliest timers whose time has come."""
        table = tables.timers
        statement = select(table.c.key, table.c.due_at, table.c.command)
        statement = statement.where(table.c.due_at <= now).order_by(table.c.due_at, table.c.key).limit(limit)
        rows = self._connection.execute(statement).all()
        return [DueTimer(key, due_at, load_command(command)) for key, due_at, command in rows]

    def timers(self) -> list[DueTimer]:
        """All of them, earliest first."""
        table = tables.timers
        statement = select(table.c.key, table.c.due_at, table.c.command).order_by(table.c.due_at, table.c.key)
        rows = self._connection.execute(statement).all()
        return [DueTimer(key, due_at, load_command(command)) for key, due_at, command in rows]

    def next_due(self) -> Moment | None:
        """When the next timer falls due."""
        table = tables.timers
        statement = select(table.c.due_at).order_by(table.c.due_at).limit(1)
        found: Moment | None = self._connection.execute(statement).scalar()
        return found

    def outbox(self) -> list[Waiting]:
        """Effects whose result is not known, oldest first."""
        table = tables.outbox
        statement = select(table.c.kind, table.c.data, table.c.engine, table.c.created_at).order_by(
            table.c.created_at, table.c.key
        )
        return [
            Waiting(load_effect(kind, data), engine, at)
            for kind, data, engine, at in self._connection.execute(statement)
        ]

    def answer_to(self, key: str) -> str | None:
        """What the command with this idempotency key was answered before."""
        table = tables.answers
        found: str | None = self._connection.execute(select(table.c.answer).where(table.c.key == key)).scalar()
        return found

    # -- the transaction

    def begin(self) -> None:
        """Begin a turn's transaction. Raises LeaseLost when another engine took over."""
        self._connection.exec_driver_sql(self._database.begin_statement)
        self._in_transaction = True
        if self.fence is not None and fence_of(self._connection) != self.fence:
            self.rollback()
            raise LeaseLost
        if self._uncounted:
            self._noted = self._held_from()
            if self._noted:
                recount(self._connection, self.state, self._noted)

    @property
    def holds_back(self) -> bool:
        """Whether there are repeats that their alerts' rows do not count; a turn that may not hold writes them."""
        return self.state.holds_back or self._uncounted

    def sweep(self, now: Moment) -> bool:
        """Within a transaction: drop a piece of what is too old to keep; whether there may be more."""
        return sweep(self._connection, now, self.events_kept)

    def commit(self, turn: Turn, *, hold_seconds: float = 0.0, at: float = 0.0) -> None:
        """Write everything and commit. Raises what the database raises; then nothing was stored.

        `hold_seconds`: for how long alerts that were only heard of again may stay unwritten, `at` being now on the
        stop-watch. Their events' outcomes are stored, and after a crash they are counted from those.
        """
        connection, writes = self._connection, self._writes
        if hold_seconds and turn.outcomes and not self._uncounted:
            self.state.hold_back(turn.outcomes[0][0], at)
        self.state.release(at - hold_seconds if hold_seconds else inf, RELEASED_AT_ONCE)
        changed = self.state.changed()
        writes.entities(connection, changed)
        if Incident in changed:
            self._set_meta(INCIDENT_NUMBER, str(self.state.last_incident_number))
        if Delivery in changed:
            self._set_meta(DELIVERY_NUMBER, str(self.state.last_delivery_number))
        writes.timers(connection, turn.timers.values())
        writes.facts(connection, turn.facts)
        writes.effects(connection, turn.settled, turn.effects, self.engine_id, turn.now)
        self._write_changes(turn.changes)
        writes.outcomes(connection, turn.outcomes, turn.now)
        writes.answers(connection, turn.answers, turn.now)
        self._note_held()
        if turn.cursor is not None:
            self._set_meta("cursor", dump(turn.cursor))
        self._connection.exec_driver_sql("COMMIT")
        self._in_transaction = False
        self._uncounted = False
        self.state.stored()
        self.stored_config_version += bool(turn.changes)

    def _note_held(self) -> None:
        """Keep on record up to which event every repeat is counted in its alert's row."""
        held_from = max(0, self.state.held_since - 1)
        if held_from != self._noted:
            self._set_meta(HELD_FROM, str(held_from))
            self._noted = held_from

    def _held_from(self) -> int:
        return int(self._meta(HELD_FROM) or 0)

    def rollback(self) -> None:
        """Give up the turn: nothing was stored, nothing in memory is trusted."""
        self._uncounted = True
        if self._in_transaction:
            self._connection.exec_driver_sql("ROLLBACK")
            self._in_transaction = False
        self.state.forget()

    def reconnect(self) -> None:
        """The database was out of reach: start again with a new connection as soon as it lets us.

        Whether the last commit arrived is not known; everything is read afresh, so it does not matter.
        """
        self._in_transaction = False
        self._uncounted = True
        if not self._connection.closed:  # closed already when an earlier try found no database either
            self._connection.invalidate()
            self._connection.close()
        self._connection = self._database.engine.connect()
        self.state = self._working_set()
        self.deliveries = DeliveryQueue(self._connection)
        self.stored_config_version = config_version(self._connection)

    def close(self) -> None:
        """Close the connection; an open transaction is rolled back by the database."""
        self._connection.close()

    def _write_changes(self, changes: Sequence[tuple[Moment, Actor, ThingChange]]) -> None:
        if not changes:
            return
        version = self.stored_config_version + 1
        rows = [
            {"kind": one.kind, "id": one.id, "version": version, "data": None if one.after is None else dump(one.after)}
            for _, _, one in changes
        ]
        last = {(row["kind"], row["id"]): row for row in rows}
        self._connection.execute(self._database.upsert(tables.things), list(last.values()))
        self._connection.execute(insert(tables.audit), [audit_row(at, actor, one) for at, actor, one in changes])
        self._set_meta("config_version", str(version))

    def _working_set(self) -> WorkingSet:
        incident, delivery = self._meta(INCIDENT_NUMBER), self._meta(DELIVERY_NUMBER)
        return WorkingSet(self._connection, int(incident or 0), int(delivery or 0))

    def _meta(self, key: str) -> str | None:
        found: str | None = self._connection.execute(
            select(tables.meta.c.value).where(tables.meta.c.key == key)
        ).scalar()
        return found

    def _set_meta(self, key: str, value: str) -> None:
        self._writes.meta(self._connection, key, value)


def read_config(connection: Connection) -> Config:
    """The configuration as stored."""
    version = config_version(connection)
    table = tables.things
    things: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    rows = connection.execute(select(table.c.kind, table.c.id, table.c.data).where(table.c.data.is_not(None)))
    for kind, thing_id, data in rows:
        things[kind][thing_id] = load(KINDS[kind], data)
    return Config(things, version)


def read_changes(connection: Connection, since: int) -> Iterable[tuple[str, str, Any]]:
    """The things that changed after configuration version `since`: (kind, id, the thing or None)."""
    table = tables.things
    rows = connection.execute(select(table.c.kind, table.c.id, table.c.data).where(table.c.version > since))
    return [(kind, thing_id, None if data is None else load(KINDS[kind], data)) for kind, thing_id, data in rows]


def config_version(connection: Connection) -> int:
    """The configuration's version as stored. Asked for every page and request: plain text, which nothing builds."""
    rows = execute(connection, "SELECT value FROM meta WHERE key = 'config_version'", ())
    return int(rows[0][0]) if rows else 0
