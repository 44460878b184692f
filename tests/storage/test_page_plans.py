"""What pages ask of the tables that grow is entered by an index and never read through, on both databases.

Each question of the read side is asked as pages ask it; the statements that come of it are explained by the database.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from tests.storage.rows import SERVICES, TEAMS, USERS, write
from tocsin.directory.model import Urgency
from tocsin.events.model import Outcome
from tocsin.incidents.model import Status
from tocsin.runtime.reads import (
    AlertAt,
    AlertFilter,
    At,
    AuditFilter,
    IncidentFilter,
    MessageFilter,
    Order,
    OutcomeFilter,
    Reads,
    Sight,
    TimelineFilter,
)
from tocsin.storage import prepared
from tocsin.storage.database import Database, open_database
from tocsin.storage.queries import whole

GROWING = ("alerts", "incidents", "timeline", "event_outcomes", "pages", "messages", "incident_teams")
OPEN = (Status.TRIGGERED, Status.ACKNOWLEDGED)
TEAM = Sight(frozenset(TEAMS[:1]), USERS[0])

QUESTIONS: dict[str, Callable[[Reads], Any]] = {
    "open": lambda reads: reads.incidents_near(IncidentFilter(statuses=OPEN), Order.NEWEST),
    "open, further": lambda reads: reads.incidents_near(IncidentFilter(statuses=OPEN), Order.NEWEST, At(9, 9)),
    "open, by urgency": lambda reads: reads.incidents_near(IncidentFilter(statuses=OPEN), Order.URGENT),
    "open, by priority": lambda reads: reads.incidents_near(
        IncidentFilter(statuses=OPEN), Order.PRIORITY, ranks={"P": 1}
    ),
    "open of a team": lambda reads: reads.incidents_near(
        IncidentFilter(statuses=OPEN, team_ids=TEAMS[:1]), Order.NEWEST
    ),
    "open in sight": lambda reads: reads.incidents_near(IncidentFilter(statuses=OPEN, sight=TEAM), Order.NEWEST),
    "mine": lambda reads: reads.incidents_near(IncidentFilter(statuses=OPEN, user_ids=USERS[:1]), Order.NEWEST),
    "all": lambda reads: reads.incidents_near(IncidentFilter(), Order.NEWEST),
    "all, oldest first": lambda reads: reads.incidents_near(IncidentFilter(), Order.OLDEST, At(9, 9)),
    "all, backwards": lambda reads: reads.incidents_near(IncidentFilter(), Order.NEWEST, At(9, 9), backwards=True),
    "of a service": lambda reads: reads.incidents_near(IncidentFilter(service_ids=SERVICES[:1]), Order.NEWEST),
    "since": lambda reads: reads.incidents_near(IncidentFilter(since=5, until=9), Order.NEWEST),
    "by words": lambda reads: reads.incidents_near(IncidentFilter(words="x", urgencies=(Urgency.LOW,)), Order.NEWEST),
    "counted open": lambda reads: reads.count_incidents(IncidentFilter(statuses=OPEN)),
    "counted of a team": lambda reads: reads.count_incidents(IncidentFilter(statuses=OPEN, team_ids=TEAMS)),
    "counted all": lambda reads: reads.count_incidents(IncidentFilter()),
    "counts of the frame": lambda reads: reads.open_counts(),
    "counts of the frame in sight": lambda reads: reads.open_counts(sight=TEAM),
    "open by service": lambda reads: reads.open_by_service(),
    "open of services": lambda reads: reads.open_by_service(SERVICES),
    "open by person": lambda reads: reads.open_by_person(),
    "open by person in sight": lambda reads: reads.open_by_person(sight=TEAM),
    "newest number": lambda reads: reads.newest_number(),
    "newest number in sight": lambda reads: reads.newest_number(sight=TEAM),
    "incidents by id": lambda reads: reads.incidents_by_id(("Q1", "Q2")),
    "last notes": lambda reads: reads.last_notes(("Q1", "Q2")),
    "one incident": lambda reads: reads.incident("12"),
    "alerts": lambda reads: reads.alerts_near(AlertFilter()),
    "alerts, further": lambda reads: reads.alerts_near(AlertFilter(), AlertAt(9, "Q")),
    "alerts, open": lambda reads: reads.alerts_near(AlertFilter(is_open=True)),
    "alerts, of a service": lambda reads: reads.alerts_near(AlertFilter(service_ids=SERVICES[:1])),
    "alerts, by words": lambda reads: reads.alerts_near(AlertFilter(words="x")),
    "alerts, by severity": lambda reads: reads.alerts_near(AlertFilter(severities=("",))),
    "alerts, of an incident": lambda reads: reads.alerts_of("Q1"),
    "alerts by id": lambda reads: reads.alerts_by_id(("Q1", "Q2")),
    "events": lambda reads: reads.outcomes(OutcomeFilter()),
    "events, kept back": lambda reads: reads.outcomes(OutcomeFilter(outcomes=(Outcome.SUPPRESSED,))),
    "events, by source": lambda reads: reads.outcomes(OutcomeFilter(integration_ids=("P",))),
    "events, of a time": lambda reads: reads.outcomes(OutcomeFilter(since=5, until=9)),
    "events, of an alert": lambda reads: reads.outcomes(OutcomeFilter(alert_id="Q", before_seq=9)),
    "timeline": lambda reads: reads.timeline(TimelineFilter(incident_id="Q1"), newest_first=True),
    "timeline of a time": lambda reads: reads.timeline(TimelineFilter(kinds=("x",), since=5, until=9)),
    "pages of an incident": lambda reads: reads.pages_of("Q1"),
    "messages": lambda reads: reads.messages(MessageFilter()),
    "audit": lambda reads: reads.audit(AuditFilter()),
    "pulse": lambda reads: reads.pulse(),
}
"""By name what pages ask."""


@pytest.fixture
def asked(
    database: Database, url: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], list[tuple[str, Any]]]]:
    write(database, 40)
    reading = open_database(tmp_path, url, read_only=True)
    reads, said = Reads(reading), list[tuple[str, Any]]()

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            said.append((statement, parameters))

    def execute(connection: Connection, statement: str, parameters: Any) -> Sequence[Any]:
        """Those that are handed to the driver are not heard by SQLAlchemy."""
        said.append((statement, parameters))
        return prepared.execute(connection, statement, parameters)

    def statements(name: str) -> list[tuple[str, Any]]:
        said.clear()
        QUESTIONS[name](reads)
        return list(said)

    event.listen(reading.engine, "before_cursor_execute", note)
    monkeypatch.setattr(whole, "execute", execute)
    yield statements
    reading.close()


def plan_of(database: Database, statement: str, parameters: Any) -> list[str]:
    """The steps of a plan, where every index that can be used is."""
    with database.engine.connect() as connection:
        if not database.is_postgres:
            return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
        connection.exec_driver_sql("SET enable_seqscan = off")
        return [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)]


def read_through(database: Database, plan: list[str]) -> list[str]:
    """The steps that read a growing table from one end to the other."""
    if database.is_postgres:
        return [step for step in plan for name in GROWING if re.search(rf"Seq Scan on {name}\b", step)]
    names = "|".join(GROWING)
    found = [step for step in plan if re.match(rf"SCAN ({names})\b(?! USING)", step)]
    whole = [
        step
        for step in plan
        if re.match(rf"SCAN ({names}) USING", step) and not re.search(r"_open\b|_held\b|_kept_back\b", step)
    ]
    if whole and any("TEMP B-TREE FOR ORDER BY" in step for step in plan):
        found += whole  # in the order of another index: sorted whole before the first row comes
    return found


@pytest.mark.parametrize("name", QUESTIONS)
def test_no_growing_table_is_read_through(
    asked: Callable[[str], list[tuple[str, Any]]], database: Database, name: str
) -> None:
    statements = asked(name)
    assert statements
    for statement, parameters in statements:
        plan = plan_of(database, statement, parameters)
        assert read_through(database, plan) == [], (statement, plan)


def test_a_table_that_is_read_through_is_noticed(database: Database) -> None:
    for statement in (
        "SELECT id FROM incidents WHERE urgency = 'low' AND data = 'x'",
        "SELECT id FROM alerts WHERE severity IS NULL",
        "SELECT seq FROM timeline WHERE kind = 'x' ORDER BY at",
    ):
        assert read_through(database, plan_of(database, statement, ())), statement
