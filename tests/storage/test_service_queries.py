"""What a service's page asks, held against plain counting; on both databases, and never by looking through a table."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert, text

from tests.storage.rows import BEGIN, SERVICES, Written, write
from tocsin.alerts.decide import Ending
from tocsin.events.model import Outcome
from tocsin.kernel.time import DAY, HOUR, MINUTE, Moment
from tocsin.runtime.reads import Heard, Reads
from tocsin.storage import retention, tables
from tocsin.storage.database import Database, open_database
from tocsin.storage.queries import services
from tocsin.storage.turns import Cursor, Turn, TurnStore

COUNT = 60
NOW: Moment = 200 * DAY + 5 * HOUR


@pytest.fixture
def written(database: Database) -> Written:
    return write(database, COUNT)


@pytest.fixture
def reads(database: Database, url: str | None, tmp_path: Path) -> Iterator[Reads]:
    found = open_database(tmp_path, url, read_only=True)
    yield Reads(found)
    found.close()


@pytest.fixture
def store(database: Database) -> Iterator[TurnStore]:
    made = TurnStore(database, "E1")
    yield made
    made.rollback()
    made.close()


def test_open_alerts_are_counted_by_service(written: Written, reads: Reads) -> None:
    wanted = Counter(alert.service_id for alert in written.alerts if alert.is_open)
    assert reads.open_alerts_by_service(SERVICES) == wanted
    assert reads.open_alerts_by_service([SERVICES[0]]) == {SERVICES[0]: wanted[SERVICES[0]]}
    assert reads.open_alerts_by_service([]) == {}


def test_the_newest_incident_of_a_service(written: Written, reads: Reads) -> None:
    for service_id in SERVICES:
        newest = max(one.created_at for one in written.incidents if one.service_id == service_id)
        assert reads.last_incident_at(service_id) == newest
    assert reads.last_incident_at("PNONE") is None


@pytest.mark.parametrize("since", [BEGIN, BEGIN + 20 * MINUTE, BEGIN + COUNT * MINUTE])
def test_alerts_by_slot(written: Written, reads: Reads, since: Moment) -> None:
    for service_id in SERVICES:
        wanted = Counter(
            (alert.created_at - since) // (7 * MINUTE)
            for alert in written.alerts
            if alert.service_id == service_id and alert.created_at >= since
        )
        assert reads.alerts_by_slot(service_id, since, 7 * MINUTE) == (wanted, False)


def test_where_there_are_too_many_the_newest_are_counted(
    written: Written, reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MOST", 5)
    slots, more = reads.alerts_by_slot(SERVICES[0], BEGIN, MINUTE)
    assert more
    every = [one for one in written.alerts if one.service_id == SERVICES[0]]
    newest = sorted((one.created_at for one in every), reverse=True)[:5]
    assert slots == Counter((at - BEGIN) // MINUTE for at in newest)
    noise = reads.noise(SERVICES[0], [], BEGIN)
    assert noise.more
    assert (noise.alerts, noise.incidents) == (5, 5)


def test_noise(written: Written, reads: Reads, database: Database) -> None:
    service_id, since = SERVICES[1], BEGIN + 10 * MINUTE
    incidents = [one for one in written.incidents if one.service_id == service_id and one.created_at >= since]
    states = ("sent", "delivered", "planned", "cancelled", "failed")
    with database.transaction() as connection:
        for number, one in enumerate(written.incidents):
            row = {"id": f"QP{number}", "incident_id": one.id, "user_id": "P", "contact_id": "C", "created_at": 1,
                   "state": states[number % 5], "data": "{}"}  # fmt: skip
            connection.execute(insert(tables.pages).values(row))
        for day, events in ((BEGIN // DAY - 1, 500), (BEGIN // DAY, 7), (BEGIN // DAY + 1, 3)):
            row = {"integration_id": "PINT001", "day": day, "events": events, "last_seq": 1, "last_at": 1,
                   "last_outcome": "opened"}  # fmt: skip
            connection.execute(insert(tables.entrance_days).values(row))
    found = reads.noise(service_id, ["PINT001", "PINT002"], since)
    assert not found.more
    assert found.events == 10
    alerts = [one for one in written.alerts if one.service_id == service_id and one.created_at >= since]
    assert (found.alerts, found.incidents) == (len(alerts), len(incidents))
    ids = {one.id for one in incidents}
    called = [number for number, one in enumerate(written.incidents) if one.id in ids and number % 5 < 2]
    assert found.pages == len(called) > 0
    assert reads.noise(service_id, [], since).events == 0


def test_changes_of_some_keys(written: Written, reads: Reads) -> None:
    keys = ["PINT000", "PINT001"]
    wanted = [seq for seq, outcome, scope in written.outcomes if outcome is Outcome.RECORDED and scope in keys]
    assert [one.seq for one in reads.changes(keys, BEGIN)] == sorted(wanted, reverse=True)
    assert wanted
    assert [one.seq for one in reads.changes(keys, BEGIN, most=1)] == [max(wanted)]
    assert list(reads.changes(keys, BEGIN + 1)) == []
    assert list(reads.changes([], BEGIN)) == []


# -- how many events came by each key


def turn(store: TurnStore, first: int, *came: tuple[str, Moment, Outcome], at: Moment = NOW) -> None:
    store.begin()
    outcomes = [
        (first + place, key, moment, Ending(outcome, "because")) for place, (key, moment, outcome) in enumerate(came)
    ]
    store.commit(Turn(at, outcomes=outcomes, cursor=Cursor("epoch", first + len(came) - 1)))


def days(database: Database) -> list[tuple[str, int, int]]:
    table = tables.entrance_days.c
    with database.engine.connect() as connection:
        rows = connection.execute(
            tables.entrance_days.select().with_only_columns(table.integration_id, table.day, table.events)
        )
        return sorted(map(tuple, rows))


def test_events_are_counted_by_key_and_day(store: TurnStore, database: Database, reads: Reads) -> None:
    """However the log is cut into turns."""
    chance = random.Random(3)
    came = [
        (chance.choice(("I1", "I2", "I3")), NOW + number * HOUR, chance.choice(list(Outcome))) for number in range(80)
    ]
    place = 0
    while place < len(came):
        part = came[place : place + chance.randrange(1, 9)]
        turn(store, place + 1, *part)
        place += len(part)
    wanted = Counter((key, at // DAY) for key, at, _ in came)
    assert days(database) == sorted((key, day, number) for (key, day), number in wanted.items())
    last = {key: Heard(seq, at, outcome) for seq, (key, at, outcome) in enumerate(came, 1)}
    assert reads.last_heard(["I1", "I2", "I3", "I4"]) == last
    assert reads.last_heard(["I2"]) == {"I2": last["I2"]}
    assert reads.last_heard([]) == {}


def test_old_days_go_and_others_stay(store: TurnStore, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "PIECE", 2)
    kept = NOW - retention.DAYS_KEPT * DAY
    for number, moment in enumerate((kept - 3 * DAY, kept - 2 * DAY, kept - DAY, kept, NOW)):
        turn(store, number + 1, ("I1", moment, Outcome.OPENED))
    for more in (True, False):
        store.begin()
        assert store.sweep(NOW) is more
        store.commit(Turn(NOW))
    assert [day for _key, day, _events in days(database)] == [kept // DAY, NOW // DAY]


def test_every_question_is_answered_by_an_index(written: Written, reads: Reads, database: Database) -> None:
    """With a million rows a scan would take a second. SQLite says how it looks; PostgreSQL decides by statistics."""
    if database.is_postgres:
        assert written.alerts
        return
    asked: list[tuple[str, Any]] = []
    engine = reads._database.engine

    @event.listens_for(engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        asked.append((statement, parameters))

    reads.open_alerts_by_service(SERVICES)
    reads.last_heard(["I1", "I2"])
    reads.last_incident_at(SERVICES[0])
    reads.changes(["I1", "I2"], BEGIN)
    reads.alerts_by_slot(SERVICES[0], BEGIN, HOUR)
    reads.noise(SERVICES[0], ["I1"], BEGIN)
    event.remove(engine, "before_cursor_execute", note)
    looked = [one for one in asked if one[0].startswith("SELECT")]
    assert len(looked) == 9
    with database.engine.connect() as connection:
        for statement, parameters in looked:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            for table in ("alerts", "incidents", "pages", "event_outcomes", "entrance_days"):
                scans = [
                    step.detail
                    for step in plan
                    if step.detail.startswith(f"SCAN {table}") and not step.detail.endswith("INDEX ix_alerts_open")
                ]  # that one holds what is open alone
                assert scans == [], (statement, [step.detail for step in plan])
        assert connection.execute(text("SELECT count(*) FROM alerts")).scalar() == COUNT
