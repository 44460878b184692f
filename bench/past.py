"""What the screens are measured on: some alerts that are open and very many that are over, on either database.

A few incidents are decided by the real engine; their rows are written again and again under other ids and moments.
Decides the proportions: four alerts make an incident, the newest incidents are the open ones.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import Any

from sqlalchemy import Table, func, insert, select

from bench.engine_alone import SOURCE
from bench.mix import ALL_NEW, Alerts, Bodies, dedup_key
from bench.templates import Rows, templates
from tocsin.directory.model import Integration, Membership, Priority, Role, Service, Team, TeamRole, User
from tocsin.escalation.model import Policy, Rule, Target, TargetKind
from tocsin.events.model import Outcome
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import DAY, HOUR, SECOND
from tocsin.oncall import Layer, Schedule
from tocsin.runtime.clock import SystemClock
from tocsin.runtime.passwords import Passwords
from tocsin.storage import tables
from tocsin.storage.backup_load import begin_log
from tocsin.storage.codec import dump
from tocsin.storage.database import Database
from tocsin.storage.log import NewEntry
from tocsin.storage.turns import Cursor

SERVICES = 200
PEOPLE = 200
TEAMS = 20
ALERTS_EACH = 4
KEPT_BODIES = 200
"""Events of which the log still has the body."""

KEY = "e93facc04764012d7bfb002500d5d1a6"
DAYS = 60
SPACING = 20 * SECOND
"""Between two incidents: a quarter of a million cover two months."""

MAIL = "erin@example.com"
PASSWORD = "correct horse battery"
_CHUNK = 1_000
_STATE = (
    tables.alerts,
    tables.incidents,
    tables.incident_people,
    tables.pages,
    tables.messages,
    tables.timeline,
)
_IDS = re.compile(r"Q[A-Z0-9]{13}|P[UCRLPSI]00000|bench-\d{12}|alarm-\d{12}|\b1[78]\d{14}\b")


@dataclass(frozen=True)
class Past:
    """How many alerts are open, and how many are over."""

    still_open: int = 5_000
    over: int = 1_000_000


def things(now: int) -> list[Any]:
    """Services, people who take turns, teams: an organisation of a fair size."""
    hashed = Passwords(memory_kib=64, passes=1).hash(PASSWORD)
    people = [
        User(
            id=f"PU{one:05d}",
            name=f"Person {one}",
            email=f"person{one}@example.com",
            role=Role.RESPONDER,
            password_hash=hashed,
        )
        for one in range(1, PEOPLE)
    ]
    erin = User(id="PU00000", name="Erin", email=MAIL, role=Role.OWNER, password_hash=hashed)
    found: list[Any] = [erin, *people]
    found += [Priority(id=f"PRIO{one}", name=f"P{one}", order=one) for one in range(1, 6)]
    for one in range(TEAMS):
        team = Team(id=f"PT{one:05d}", name=f"Team {one}")
        found.append(team)
        members = [f"PU{(one + TEAMS * each) % PEOPLE:05d}" for each in range(PEOPLE // TEAMS)]
        found += [Membership(team_id=team.id, user_id=user, role=TeamRole.RESPONDER) for user in members]
        start = now - 90 * DAY
        layer = Layer(f"PY{one:05d}", "Weekly", start, None, start, 7 * 86_400, tuple(members))
        found.append(Schedule(f"PD{one:05d}", f"Schedule {one}", "Europe/Berlin", (layer,), team_ids=(team.id,)))
        target = Target(kind=TargetKind.SCHEDULE, id=f"PD{one:05d}")
        rules = tuple(Rule(id=f"PL{one:03d}{level}", delay_minutes=30, targets=(target,)) for level in range(3))
        name, teams = f"Policy {one}", (team.id,)
        found.append(Policy(id=f"PQ{one:05d}", name=name, rules=rules, team_ids=teams, created_at=now, updated_at=now))
    return found


def services(now: int) -> list[Any]:
    """The services, each with a team's policy."""
    found: list[Any] = []
    for one in range(SERVICES):
        name, policy = f"Service {one}", f"PQ{one % TEAMS:05d}"
        found.append(Service(id=f"PS{one:05d}", name=name, policy_id=policy, created_at=now))
        key = KEY if not one else f"{one:032d}"
        found.append(Integration(id=f"PI{one:05d}", service_id=f"PS{one:05d}", name="Monitor", key=key, created_at=now))
    return found


def write_past(database: Database, past: Past) -> None:
    """Give an installation that has the things a past. Its engine must never have run."""
    resolved, still_open = templates(_STATE)
    now = SystemClock().now()
    copier = _Copier(now, past)
    over, open_now = past.over // ALERTS_EACH, past.still_open // ALERTS_EACH
    for template, numbers in ((resolved, range(over)), (still_open, range(over, over + open_now))):
        for start in range(numbers.start, numbers.stop, _CHUNK):
            _write(database, copier, template, range(start, min(start + _CHUNK, numbers.stop)))
    with database.transaction() as connection:
        number = {"key": "incident_number", "value": str(over + open_now)}
        connection.execute(database.upsert(tables.meta), [number])
        connection.execute(insert(tables.entrance_days), list(_days(now, past)))
        if database.is_postgres:
            sequence = "pg_get_serial_sequence('timeline', 'seq')"
            connection.exec_driver_sql(f"SELECT setval({sequence}, (SELECT max(seq) FROM timeline))")  # noqa: S608
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()


def _days(now: int, past: Past) -> Iterator[dict[str, Any]]:
    """What is counted of each key on each day of two months."""
    head = 2 * (past.over + past.still_open)
    for number in range(SERVICES):
        for back in range(DAYS):
            row = {"integration_id": f"PI{number:05d}", "day": now // DAY - back, "last_outcome": Outcome.OPENED.value}
            yield {**row, "events": head // (SERVICES * DAYS), "last_seq": head - number, "last_at": now - back * DAY}


def write_log(place: Path | str, database: Database, past: Past) -> None:
    """The log's end, with the bodies of the newest events; `place` is its folder, or the PostgreSQL's address."""
    head = 2 * (past.over + past.still_open)
    epoch = IdSource(random.Random(4)).key()
    writer = begin_log(place, database, epoch=epoch, first=head - KEPT_BODIES + 1)
    now = SystemClock().now()
    bodies = Bodies([KEY])
    entries = [
        NewEntry(now, SOURCE, "PI00000", dedup_key(step.number), bodies.body(step))
        for step in islice(Alerts().steps(ALL_NEW), KEPT_BODIES)
    ]
    writer.append(entries)
    writer.close()
    with database.transaction() as connection:
        cursor = {"key": "cursor", "value": dump(Cursor(epoch, head))}
        connection.execute(database.upsert(tables.meta), [cursor])


class _Copier:
    """Makes rows about another incident from a template's."""

    def __init__(self, now: int, past: Past) -> None:
        self._now = now
        self._count = (past.over + past.still_open) // ALERTS_EACH
        self._moment = now
        self._ids = IdSource(random.Random(3), lambda: self._moment)
        self.events = count(1)

    def copies(self, template: Rows, number: int) -> Iterator[tuple[Table, dict[str, Any]]]:
        """The rows as incident `number`: other ids, names and moments; the alert four times."""
        self._moment = began = self._now - (self._count - number) * SPACING
        names: dict[str, str] = {}

        def renamed(match: re.Match[str]) -> str:
            text = match.group()
            if text not in names:
                names[text] = self._name(text, number, began)
            return names[text]

        for table, rows in template.items():
            for row in rows:
                yield from self._made(table, row, number, began, renamed)

    def _made(
        self, table: Table, row: Mapping[str, Any], number: int, began: int, renamed: Any
    ) -> Iterator[tuple[Table, dict[str, Any]]]:
        copy: dict[str, Any] = {
            name: _IDS.sub(renamed, value) if isinstance(value, str) else value for name, value in row.items()
        }
        for column in ("at", "created_at", "resolved_at", "timer_at"):
            if copy.get(column) is not None:
                ahead = copy[column] > self._now + HOUR // 4
                copy[column] = self._now + 4 * HOUR if ahead else began + copy[column] % SECOND
        if table is tables.incidents:
            copy["number"] = number + 1
            copy["urgency"] = "low" if number % 4 == 3 else "high"
            copy["priority_id"] = f"PRIO{1 + number % 5}"
            team = f"PT{number % TEAMS:05d}"
            changed = {"number": number + 1, "team_ids": [team], "urgency": copy["urgency"]}
            changed |= {"alert_count": ALERTS_EACH, "priority_id": copy["priority_id"]}
            copy["data"] = json.dumps(json.loads(copy["data"]) | changed, separators=(",", ":"))
            yield tables.incident_teams, {"incident_id": copy["id"], "team_id": team}
        if table is tables.timeline:
            del copy["seq"]
        yield table, copy
        if table is tables.alerts:
            for each in range(1, ALERTS_EACH):
                new = self._ids.long()
                data = copy["data"].replace(copy["id"], new)
                yield table, copy | {"id": new, "dedup_key": f"{copy['dedup_key']}-{each}", "data": data}

    def _name(self, text: str, number: int, began: int) -> str:
        if text.startswith("Q"):
            return self._ids.long()
        if text.startswith("PP"):
            return f"PQ{number % TEAMS:05d}"
        if text.startswith("PU"):
            return f"PU{number % PEOPLE:05d}"
        if text.startswith("P"):
            return f"{text[:2]}{number % SERVICES:05d}"
        if text.startswith(("bench", "alarm")):
            return f"{text[:6]}{number:012d}"
        moment = int(text)
        return str(self._now + 4 * HOUR if moment > self._now + HOUR // 4 else began + moment % SECOND)


def _write(database: Database, copier: _Copier, template: Rows, numbers: range) -> None:
    gathered: dict[Table, list[dict[str, Any]]] = {}
    outcomes: list[dict[str, Any]] = []
    for number in numbers:
        for table, row in copier.copies(template, number):
            gathered.setdefault(table, []).append(row)
            if table is tables.alerts:
                seq = next(copier.events)
                again = "suppressed" if seq % 49 == 0 else "repeated"
                outcomes += (_outcome(seq, "opened", row), _outcome(next(copier.events), again, row))
    with database.transaction() as connection:
        for table, rows in gathered.items():
            _insert(database, connection, table, rows)
        _insert(database, connection, tables.event_outcomes, outcomes)


def _outcome(seq: int, outcome: str, alert: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "seq": seq,
        "outcome": outcome,
        "reason": "" if outcome == "opened" else "the alert is open already",
        "alert_id": alert["id"],
        "integration_id": alert["scope"],
        "received_at": alert["created_at"],
        "decided_at": alert["created_at"] + 2_000,
    }


def _insert(database: Database, connection: Any, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """PostgreSQL has a quicker way for many rows."""
    if not database.is_postgres:
        connection.execute(insert(table), rows)
        return
    names = list(rows[0])
    columns = ", ".join(f'"{name}"' for name in names)
    cursor = connection.connection.cursor()
    with cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([row[name] for name in names])


def counted(database: Database) -> dict[str, int]:
    """How many rows there are in the tables that grow."""
    with database.reading() as connection:
        return {
            table.name: int(connection.execute(select(func.count()).select_from(table)).scalar() or 0)
            for table in (tables.alerts, tables.incidents, tables.timeline, tables.event_outcomes)
        }
