"""The writing half of a turn: what it decided becomes rows, many to a statement, each statement prepared once.

Decides how entities, timers, facts, effects and outcomes lie in their tables. Neither begins nor ends a transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, update

from tocsin.alerts.decide import Ending
from tocsin.engine.world import Recorded, Stateful
from tocsin.incidents.model import Incident
from tocsin.kernel.decision import CancelTimer, Effect, SetTimer, TimerChange
from tocsin.kernel.time import DAY, Moment
from tocsin.storage import tables
from tocsin.storage.codec import dump, dump_command
from tocsin.storage.database import Database
from tocsin.storage.prepared import Write
from tocsin.storage.rows import MAPPED, Mapped
from tocsin.storage.working_set import Change


class TurnWrites:
    """The statements, for one kind of database."""

    def __init__(self, database: Database) -> None:
        dialect = database.engine.dialect

        def whole(statement: Any, table: Any, without: str = "") -> Write:
            columns = [column.name for column in table.columns if column.name != without]
            return Write(dialect, statement, columns)

        def gone(column: Any) -> Write:
            return Write(dialect, delete(column.table).where(column == bindparam("gone")))

        self._entities = {kind: whole(database.upsert(mapped.table), mapped.table) for kind, mapped in MAPPED.items()}
        self._again = {
            kind: Write(dialect, _again(mapped)) for kind, mapped in MAPPED.items() if mapped.settled is not None
        }
        self._people = whole(insert(tables.incident_people), tables.incident_people)
        self._teams = whole(insert(tables.incident_teams), tables.incident_teams)
        self._groups = whole(insert(tables.incident_groups), tables.incident_groups)
        self._no_groups = gone(tables.incident_groups.c.incident_id)
        self._no_people = gone(tables.incident_people.c.incident_id)
        self._no_teams = gone(tables.incident_teams.c.incident_id)
        self._timers = whole(database.upsert(tables.timers), tables.timers)
        self._no_timer = gone(tables.timers.c.key)
        self._facts = whole(insert(tables.timeline), tables.timeline, without="seq")
        self._effects = whole(insert(tables.outbox), tables.outbox)
        self._no_effect = gone(tables.outbox.c.key)
        self._outcomes = whole(insert(tables.event_outcomes), tables.event_outcomes)
        days = database.upsert(tables.entrance_days, added=("events",))
        self._days = whole(days, tables.entrance_days)
        self._answers = whole(database.insert_if_absent(tables.answers), tables.answers)
        self._meta = whole(database.upsert(tables.meta), tables.meta)

    def entities(self, connection: Connection, changed: Mapping[type[Stateful], Sequence[Change]]) -> None:
        """Every changed entity, and who and which teams have each changed incident."""
        for kind, changes in changed.items():
            mapped = MAPPED[kind]
            again = [change.entity for change in changes if _is_settled(mapped, change)]
            if again:
                self._again[kind].run(connection, [_row_again(mapped, one) for one in again])
            rows = [mapped.row(change.entity) for change in changes if not _is_settled(mapped, change)]
            self._entities[kind].run(connection, rows)
        self._write_members(connection, changed.get(Incident, ()))
        self._write_groups(connection, changed.get(Incident, ()))

    def _write_members(self, connection: Connection, changes: Sequence[Change]) -> None:
        """Who has the incidents and whose they are, where that is not known to be stored as it is."""
        people = [one for one in changes if one.before is None or one.before.assignee_ids != one.entity.assignee_ids]
        self._no_people.run(connection, [{"gone": one.entity.id} for one in people])
        members = [(one.entity.id, user) for one in people for user in dict.fromkeys(one.entity.assignee_ids)]
        self._people.run(connection, [{"incident_id": incident, "user_id": user} for incident, user in members])
        teams = [one for one in changes if one.before is None or one.before.team_ids != one.entity.team_ids]
        self._no_teams.run(connection, [{"gone": one.entity.id} for one in teams])
        members = [(one.entity.id, team) for one in teams for team in dict.fromkeys(one.entity.team_ids)]
        self._teams.run(connection, [{"incident_id": incident, "team_id": team} for incident, team in members])

    def _write_groups(self, connection: Connection, changes: Sequence[Change]) -> None:
        """By which keys alerts find the open incidents. A row too many does no harm: who asks looks at the incident."""
        grouped = [
            one
            for one in changes
            if (one.entity.group_keys if one.before is None else _keys(one.before) != _keys(one.entity))
        ]
        self._no_groups.run(connection, [{"gone": one.entity.id} for one in grouped])
        keys = [(one.entity.id, key) for one in grouped for key in _keys(one.entity)]
        self._groups.run(connection, [{"incident_id": incident, "key": key} for incident, key in keys])

    def timers(self, connection: Connection, changes: Iterable[TimerChange]) -> None:
        """Timers set and cancelled."""
        gone, rows = [], []
        for change in changes:
            if isinstance(change, SetTimer):
                rows.append({"key": change.key, "due_at": change.due_at, "command": dump_command(change.command)})
            elif isinstance(change, CancelTimer):
                gone.append({"gone": change.key})
        self._no_timer.run(connection, gone)
        self._timers.run(connection, rows)

    def facts(self, connection: Connection, facts: Sequence[tuple[Moment, Recorded]]) -> None:
        """The timeline's new entries, in order."""
        rows = [
            {
                "at": at,
                "incident_id": recorded.fact.incident_id,
                "kind": recorded.fact.kind,
                "actor": dump(recorded.actor),
                "data": dump(recorded.fact),
            }
            for at, recorded in facts
        ]
        self._facts.run(connection, rows)

    def effects(
        self, connection: Connection, settled: Iterable[str], effects: Iterable[Effect], engine_id: str, now: Moment
    ) -> None:
        """Effects whose result is known leave the outbox; new ones are claimed by this engine."""
        self._no_effect.run(connection, [{"gone": key} for key in settled])
        rows = [
            {"key": effect.key, "kind": effect.kind, "engine": engine_id, "created_at": now, "data": dump(effect)}
            for effect in effects
        ]
        self._effects.run(connection, rows)

    def outcomes(
        self, connection: Connection, outcomes: Sequence[tuple[int, str, Moment, Ending]], now: Moment
    ) -> None:
        """How events ended, and by which keys how many came."""
        rows = [
            {
                "seq": seq,
                "outcome": ending.outcome.value,
                "reason": ending.reason,
                "alert_id": ending.alert_id,
                "integration_id": integration_id,
                "received_at": received_at,
                "decided_at": now,
            }
            for seq, integration_id, received_at, ending in outcomes
        ]
        self._outcomes.run(connection, rows)
        self._days.run(connection, _by_day(outcomes))

    def answers(self, connection: Connection, answers: Iterable[tuple[str, str]], now: Moment) -> None:
        """What commands were answered, by their keys."""
        self._answers.run(connection, [{"key": key, "at": now, "answer": answer} for key, answer in answers])

    def meta(self, connection: Connection, key: str, value: str) -> None:
        """One of the single values."""
        self._meta.run(connection, [{"key": key, "value": value}])


def _by_day(outcomes: Sequence[tuple[int, str, Moment, Ending]]) -> list[dict[str, Any]]:
    """One row for each key and day, in the order of keys: who writes many rows at once takes them in one order."""
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for seq, integration_id, received_at, ending in outcomes:
        key = (integration_id, received_at // DAY)
        row = found.get(key)
        if row is None:
            row = found[key] = {"integration_id": integration_id, "day": key[1], "events": 0}
        row["events"] += 1
        row["last_seq"], row["last_at"], row["last_outcome"] = seq, received_at, ending.outcome.value
    return [found[key] for key in sorted(found)]


def _keys(incident: Incident) -> tuple[str, ...]:
    return incident.group_keys if incident.is_open else ()


def _is_settled(mapped: Mapped, change: Change) -> bool:
    return (
        mapped.settled is not None
        and change.before is not None
        and mapped.settled(change.before) == mapped.settled(change.entity)
    )


def _again(mapped: Mapped) -> Any:
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in ("data", *mapped.also)}
    return update(mapped.table).where(mapped.table.c.id == bindparam("which")).values(values)


def _row_again(mapped: Mapped, entity: Any) -> dict[str, Any]:
    row: dict[str, Any] = {f"new_{name}": getattr(entity, name) for name in mapped.also}
    row["new_data"] = dump(entity)
    row["which"] = entity.id
    return row
