"""Everything stored about the work, open and closed, read whole: what `engine.invariants` checks. Read-only.

Costs as much as the database is large: for tests, simulations and a doubted database, never while serving.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import Connection, Table, select

from tocsin.alerts.model import Alert
from tocsin.engine.invariants import Records
from tocsin.engine.world import Recorded
from tocsin.incidents.model import Incident
from tocsin.kernel.time import Moment
from tocsin.paging.model import Message, Page
from tocsin.storage import tables
from tocsin.storage.codec import load, load_actor, load_fact
from tocsin.storage.database import Database

T = TypeVar("T")


def read_records(database: Database, *, events: Sequence[int] = (), decided: int = 0) -> Records:
    """All records as of one commit. `events`: numbers in the log that are events; `decided`: the cursor."""
    timers, outcomes, outbox = tables.timers.c, tables.event_outcomes.c, tables.outbox.c
    with database.reading() as connection:
        return Records(
            alerts=_every(connection, tables.alerts, Alert),
            incidents=_every(connection, tables.incidents, Incident),
            pages=_every(connection, tables.pages, Page),
            messages=_every(connection, tables.messages, Message),
            timers={row.key: row.due_at for row in connection.execute(select(timers.key, timers.due_at))},
            outbox=frozenset(connection.scalars(select(outbox.key))),
            timeline=read_timeline(connection),
            entries=events,
            outcomes={row.seq: row.outcome for row in connection.execute(select(outcomes.seq, outcomes.outcome))},
            decided=decided,
        )


def read_timeline(connection: Connection, incident_id: str | None = None) -> list[tuple[Moment, Recorded]]:
    """Every fact in its order, of one incident or of all."""
    column = tables.timeline.c
    statement = select(column.at, column.kind, column.actor, column.data).order_by(column.seq)
    if incident_id is not None:
        statement = statement.where(column.incident_id == incident_id)
    return [
        (at, Recorded(load_actor(actor), load_fact(kind, data)))
        for at, kind, actor, data in connection.execute(statement)
    ]


def read_incidents(connection: Connection) -> list[Incident]:
    """Every incident, by number."""
    rows = connection.scalars(select(tables.incidents.c.data).order_by(tables.incidents.c.number))
    return [load(Incident, data) for data in rows]


def _every(connection: Connection, table: Table, kind: type[T]) -> list[T]:
    return [load(kind, data) for data in connection.scalars(select(table.c.data))]
