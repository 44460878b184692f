"""A past for an installation: a million stored events and a hundred thousand pending timers, without deciding them.

One incident that was opened, paged and resolved, and one that is open, are decided by the real engine; their rows are
then written again and again under other ids, numbers and moments, a transaction for every few thousand.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert

from bench.engine_alone import SOURCE
from bench.mix import USUAL, Alerts, Bodies, dedup_key
from bench.templates import Rows, templates
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import HOUR, MILLISECOND
from tocsin.runtime.clock import SystemClock
from tocsin.storage import tables
from tocsin.storage.codec import dump
from tocsin.storage.database import Database, open_database
from tocsin.storage.log import NewEntry
from tocsin.storage.log.sqlite import SqliteLogWriter
from tocsin.storage.turns import Cursor
from tocsin.testing.load import Place

CHUNK = 2_000
FIRST_NUMBER = 10**9
"""The history's alerts have numbers from here on; loads begin with 0."""

_STATE = (
    tables.alerts,
    tables.incidents,
    tables.incident_people,
    tables.pages,
    tables.messages,
    tables.timeline,
    tables.timers,
)
_IDS = re.compile(r"Q[A-Z0-9]{13}|P[UCRLPSI]00000|bench-\d{12}|alarm-\d{12}|\b1[78]\d{14}\b")


@dataclass(frozen=True)
class History:
    """How much has happened."""

    events: int = 1_000_000
    timers: int = 100_000


def write_history(folder: Path, places: Sequence[Place], history: History) -> None:
    """Give the installation in the folder a past. Its engine must never have run."""
    epoch = _write_log(folder / "log", places, history.events)
    database = open_database(folder, None)
    past = Copier(places)
    resolved, still_open = templates(_STATE)
    count = history.events // USUAL.total
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA synchronous = OFF")
    for start in range(0, count, CHUNK):
        _write(database, past, resolved, range(start, min(count, start + CHUNK)))
    for start in range(count, count + history.timers, CHUNK):
        _write(database, past, still_open, range(start, min(count + history.timers, start + CHUNK)))
    _write_outcomes(database, places, history.events)
    with database.transaction() as connection:
        given = {"cursor": dump(Cursor(epoch, history.events)), "incident_number": str(count + history.timers)}
        connection.execute(database.upsert(tables.meta), [{"key": key, "value": value} for key, value in given.items()])
    database.close()


def _write_log(folder: Path, places: Sequence[Place], events: int) -> str:
    now = SystemClock().now()
    bodies = Bodies([place.integration.key for place in places])
    steps = Alerts(FIRST_NUMBER, FIRST_NUMBER).steps(USUAL)
    writer = SqliteLogWriter(folder, IdSource(random.Random(4)).key)
    for start in range(0, events, CHUNK):
        writer.append(
            [
                NewEntry(
                    now,
                    SOURCE,
                    places[step.number % len(places)].integration.id,
                    dedup_key(step.number),
                    bodies.body(step),
                )
                for step in islice(steps, min(CHUNK, events - start))
            ]
        )
    epoch = writer.epoch
    writer.close()
    return epoch


class Copier:
    """Makes rows about another incident from a template's."""

    def __init__(self, places: Sequence[Place]) -> None:
        self._places = len(places)
        self._now = SystemClock().now()
        self._then = self._now
        self._ids = IdSource(random.Random(3), lambda: self._then)

    def copies(self, template: Rows, number: int) -> Iterator[tuple[Table, dict[str, Any]]]:
        """The template's rows as incident `number`: other ids and keys, a little later, its timers hours away."""
        names: dict[str, str] = {}
        self._then = self._moment(self._now, number)
        place, alarm = number % self._places, FIRST_NUMBER + number

        def renamed(match: re.Match[str]) -> str:
            text = match.group()
            if text not in names:
                names[text] = self._name(text, place, alarm, number)
            return names[text]

        for table, rows in template.items():
            for row in rows:
                copy = {
                    column: _IDS.sub(renamed, value) if isinstance(value, str) else value
                    for column, value in row.items()
                }
                yield table, self._moved(table, copy, number)

    def _name(self, text: str, place: int, alarm: int, number: int) -> str:
        if text.startswith("Q"):
            return self._ids.long()
        if text.startswith("P"):
            return f"{text[:2]}{place:05d}"
        if text.startswith(("bench", "alarm")):
            return f"{text[:6]}{alarm:012d}"
        return str(self._moment(int(text), number))

    def _moved(self, table: Table, row: dict[str, Any], number: int) -> dict[str, Any]:
        for column in ("at", "created_at", "resolved_at", "timer_at", "due_at"):
            if row.get(column) is not None:
                row[column] = self._moment(row[column], number)
        if table is tables.incidents:
            row["number"] = number + 1
        if table is tables.timeline:
            del row["seq"]
        return row

    def _moment(self, moment: int, number: int) -> int:
        """What is to come stays hours away; what was is spread over the last hours."""
        step = number * 10 * MILLISECOND
        return moment + 4 * HOUR + step if moment > self._now + HOUR // 4 else moment - HOUR * 12 + step // 10


def _write(database: Database, past: Copier, template: Rows, numbers: range) -> None:
    gathered: dict[Table, list[dict[str, Any]]] = {table: [] for table in _STATE}
    for number in numbers:
        for table, row in past.copies(template, number):
            gathered[table].append(row)
    with database.transaction() as connection:
        for table, rows in gathered.items():
            if rows:
                connection.execute(insert(table), rows)


def _write_outcomes(database: Database, places: Sequence[Place], events: int) -> None:
    now = SystemClock().now()
    ids = IdSource(random.Random(5))
    alerts = [ids.long() for _ in range(1000)]
    for start in range(1, events + 1, 50_000):
        rows = [
            {
                "seq": seq,
                "outcome": "repeated",
                "reason": "the alert is open already",
                "alert_id": alerts[seq % len(alerts)],
                "integration_id": places[seq % len(places)].integration.id,
                "received_at": now,
                "decided_at": now,
            }
            for seq in range(start, min(start + 50_000, events + 1))
        ]
        with database.transaction() as connection:
            connection.execute(insert(tables.event_outcomes), rows)
