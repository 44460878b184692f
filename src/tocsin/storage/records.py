"""Everything stored about the work, open and closed, read whole: what `engine.invariants` checks. Read-only.

Costs as much as the database is large: for tests, simulations and a doubted database, never while serving.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import Connection, Table, select

from tocsin.alerts.model import Alert
from tocsin.deliveries.model import Delivery
from tocsin.engine.invariants import Records
from tocsin.engine.world import Recorded
from tocsin.incidents.model import Incident
from tocsin.kernel.time import Moment
from tocsin.oncall import CoverRequest
from tocsin.paging.model import Message, Page
from tocsin.storage import tables
from tocsin.storage.codec import load, load_actor, load_fact
from tocsin.storage.database import Database
from tocsin.workflows.model import Run

T = TypeVar("T")


class RecordsReader:
    """Reads again and again; of the timeline, which only grows, it reads what is new."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._timeline: list[tuple[Moment, Recorded]] = []
        self._last_seq = 0

    def read(self, *, events: Sequence[int] = (), decided: int = 0) -> Records:
        """All records as of one commit. `events`: numbers in the log that are events; `decided`: the cursor."""
        timers, outcomes, outbox = tables.timers.c, tables.event_outcomes.c, tables.outbox.c
        with self._database.reading() as connection:
            self._read_on(connection)
            return Records(
                alerts=_every(connection, tables.alerts, Alert),
                incidents=_every(connection, tables.incidents, Incident),
                pages=_every(connection, tables.pages, Page),
                messages=_every(connection, tables.messages, Message),
                timers={row.key: row.due_at for row in connection.execute(select(timers.key, timers.due_at))},
                outbox=frozenset(connection.scalars(select(outbox.key))),
                timeline=tuple(self._timeline),
                entries=events,
                outcomes={row.seq: row.outcome for row in connection.execute(select(outcomes.seq, outcomes.outcome))},
                decided=decided,
                deliveries=_every(connection, tables.deliveries, Delivery),
                runs=_every(connection, tables.workflow_runs, Run),
                requests=_requests(connection),
            )

    def timeline(self) -> Sequence[tuple[Moment, Recorded]]:
        """Every fact in its order."""
        with self._database.reading() as connection:
            self._read_on(connection)
        return tuple(self._timeline)

    def incidents(self) -> list[Incident]:
        """Every incident, by number."""
        with self._database.reading() as connection:
            rows = connection.scalars(select(tables.incidents.c.data).order_by(tables.incidents.c.number))
            return [load(Incident, data) for data in rows]

    def _read_on(self, connection: Connection) -> None:
        column = tables.timeline.c
        statement = select(column.seq, column.at, column.kind, column.actor, column.data)
        for seq, at, kind, actor, data in connection.execute(
            statement.where(column.seq > self._last_seq).order_by(column.seq)
        ):
            self._timeline.append((at, Recorded(load_actor(actor), load_fact(kind, data))))
            self._last_seq = seq


def _requests(connection: Connection) -> list[CoverRequest]:
    things = tables.things.c
    statement = select(things.data).where(things.kind == "cover_request", things.data.is_not(None))
    return [load(CoverRequest, data) for data in connection.scalars(statement)]


def _every(connection: Connection, table: Table, kind: type[T]) -> list[T]:
    return [load(kind, data) for data in connection.scalars(select(table.c.data))]
