"""Migrations: each step works, all together make what `tables` describes, and no step loses what is there."""

from __future__ import annotations

import json
import multiprocessing
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, inspect, text

from tocsin.directory.custom_fields import CustomField, DataType, FieldOption, IncidentType
from tocsin.directory.handoffs import HANDOFF_RULE, wire_of
from tocsin.directory.kept import Kept
from tocsin.directory.model import Service
from tocsin.engine.handoff_looks import look_at
from tocsin.engine.kinds import KINDS
from tocsin.kernel.time import HOUR
from tocsin.oncall import Schedule
from tocsin.paging.messages import TellHandoffs
from tocsin.runtime.clock import SystemClock
from tocsin.storage import tables
from tocsin.storage.codec import dump, load, load_command
from tocsin.storage.database import MAIN_FILE, Database, open_database
from tocsin.storage.schema import MIGRATIONS, SchemaTooNew, create_schema, is_current, revision_of, revisions

SAMPLE = """
INSERT INTO meta (key, value) VALUES ('config_version', '7'), ('incident_number', '12');
INSERT INTO things (kind, id, version, data) VALUES ('team', 'P1', 3, '{"id": "P1"}'), ('team', 'P2', 4, NULL);
INSERT INTO audit (at, actor, kind, thing_id, before, after) VALUES (1, '{}', 'team', 'P1', NULL, '{}');
INSERT INTO alerts
(id, scope, dedup_key, is_open, service_id, incident_id, suppressed, created_at, last_seq, data)
VALUES ('A1', 'I1', 'k', 1, 'S1', 'Q1', 0, 5, 9, '{"id": "A1"}');
INSERT INTO incidents
(id, number, status, urgency, service_id, policy_id, incident_key, created_at, timer_at, data)
VALUES ('Q1', 12, 'triggered', 'high', 'S1', 'L1', '', 5, 6, '{"id": "Q1"}');
INSERT INTO timeline (at, incident_id, kind, actor, data) VALUES (5, 'Q1', 'incident.triggered', '{}', '{}');
INSERT INTO timers (key, due_at, command) VALUES ('t', 6, '{}');
INSERT INTO event_outcomes (seq, outcome, reason, alert_id, integration_id, received_at, decided_at)
VALUES (9, 'opened', '', 'A1', 'I1', 4, 5);
"""
"""Rows of the first revision, as an old installation holds them."""


@pytest.fixture
def empty(empty_url: str | None, tmp_path: Path) -> Iterator[Database]:
    found = open_database(tmp_path, empty_url)
    yield found
    found.close()


def shape(database: Database) -> dict[str, Any]:
    """Everything that the database says about our tables, in a form that can be compared."""
    with database.engine.connect() as connection:
        return _shape_on_postgres(connection) if database.is_postgres else _shape_on_sqlite(connection)


def _shape_on_sqlite(connection: Connection) -> dict[str, Any]:
    rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'alembic%'")).all()
    # A column that was added later stands close to what is around it.
    spaced = {name: re.sub(r"[(),]", r" \g<0> ", sql or "") for name, sql in rows}
    return {name: sorted(re.sub(r'[\s"]+', " ", sql).strip().split(" , ")) for name, sql in spaced.items()}


def _shape_on_postgres(connection: Connection) -> dict[str, Any]:
    columns = (
        "SELECT table_name, column_name, data_type, is_nullable, column_default, is_identity "
        "FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'"
    )
    indexes = (
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
    )
    constraints = (
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace = 'public'::regnamespace AND conrelid <> coalesce(to_regclass('alembic_version'), 0)"
    )
    return {
        name: sorted(map(tuple, connection.execute(text(query)).all()))
        for name, query in (("columns", columns), ("indexes", indexes), ("constraints", constraints))
    }


def insert_sample(database: Database) -> None:
    with database.transaction() as connection:
        for statement in filter(str.strip, SAMPLE.split(";\n")):
            connection.exec_driver_sql(statement)


def rows(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    with database.engine.connect() as connection:
        known = inspect(connection).get_table_names()
        return {
            table.name: sorted(map(tuple, connection.execute(table.select()).all()), key=repr)
            for table in tables.metadata.sorted_tables
            if table.name in known
        }


def test_a_new_database_has_the_shape_that_the_tables_describe(empty: Database) -> None:
    create_schema(empty)
    migrated = shape(empty)
    with empty.transaction() as connection:
        tables.metadata.drop_all(connection)
    with empty.engine.connect() as connection:
        tables.metadata.create_all(connection)
    described = shape(empty)
    assert migrated.keys() == described.keys()
    for name, wanted in described.items():
        assert migrated[name] == wanted, name


def test_a_database_at_the_newest_revision_is_left_alone(empty: Database) -> None:
    assert not is_current(empty)
    create_schema(empty)
    insert_sample(empty)
    before = rows(empty)
    create_schema(empty)
    assert is_current(empty)
    assert rows(empty) == before
    assert revision_of(empty) == revisions()[-1]


@pytest.mark.parametrize("start", revisions())
def test_an_installation_of_every_age_is_brought_to_the_newest_with_its_data(empty: Database, start: str) -> None:
    create_schema(empty, to=revisions()[0])
    insert_sample(empty)
    for revision in revisions()[1:]:  # one by one up to the age wanted, then all at once
        if revision <= start:
            create_schema(empty, to=revision)
            assert revision_of(empty) == revision
    create_schema(empty)
    kept = rows(empty)
    assert [row[:2] for row in kept["incidents"]] == [("Q1", 12)]
    assert {row[0]: row[1] for row in kept["meta"]} == {"config_version": "7", "incident_number": "12"}
    assert all(kept[table] for table in ("things", "audit", "alerts", "timeline", "timers", "event_outcomes"))
    assert is_current(empty)


def kept_by_earlier_versions() -> list[Kept]:
    """Custom fields as they were when they were only kept: two types, a field of each sort, options, values."""
    text = {"display_name": "Region", "description": None, "data_type": "string", "enabled": True}
    fixed = json.dumps({**text, "field_type": "multi_value_fixed", "default_value": ["east"]})
    plain = json.dumps({**text, "data_type": "integer", "field_type": "single_value", "default_value": 5})
    option = json.dumps({"data": {"data_type": "string", "value": "east"}})
    outage = json.dumps({"display_name": "Outage", "description": "d", "parent_type": "incident_default"})
    total = json.dumps({"display_name": "Total", "parent_type": "outage", "enabled": False})
    return [
        Kept(id="PT1", resource="incident_type", name="outage", wire=outage, created_at=3, updated_at=4),
        Kept(id="PT2", resource="incident_type", name="total", wire=total),
        Kept(id="PF1", resource="incident_field", name="region", wire=fixed),
        Kept(id="PO1", resource="incident_field_option", parent_id="PF1", wire=option, created_at=5),
        Kept(id="PF2", resource="incident_type_field", name="count", parent_id="PT2", wire=plain),
        Kept(id="PF3", resource="service_field", name="owner", wire=plain),
        Kept(id="Q1.values", resource="incident_field_values", parent_id="Q1", wire='{"PF1": ["east"]}'),
        Kept(id="S1.values", resource="service_field_values", parent_id="PS1", wire='{"PF3": 7}'),
        Kept(id="Q1.B1", resource="incident_impact", name="B1", parent_id="Q1", wire='{"relation": "impacted"}'),
        Kept(id="Q1.B2", resource="incident_impact", name="B2", parent_id="Q1", wire='{"relation": "not_impacted"}'),
        Kept(id="PX", resource="extension", name="stays", wire="{}"),
    ]


def test_custom_fields_that_were_only_kept_become_what_they_are(empty: Database) -> None:
    create_schema(empty, to="0007_memories")
    insert_sample(empty)
    service = Service(id="PS1", name="Checkout", policy_id="L1")
    things = [("kept", one) for one in kept_by_earlier_versions()] + [("service", service)]
    with empty.transaction() as connection:
        for kind, one in things:
            row = {"kind": kind, "id": one.id, "version": 9, "data": dump(one)}
            connection.execute(tables.things.insert().values(row))
    create_schema(empty)
    with empty.engine.connect() as connection:
        found = {
            (kind, thing_id): load(KINDS[kind], data)
            for kind, thing_id, data in connection.execute(
                text("SELECT kind, id, data FROM things WHERE kind <> 'team'")
            )
        }
        incident = connection.execute(text("SELECT data FROM incidents WHERE id = 'Q1'")).scalar()
    option = FieldOption(id="PO1", value="east", created_at=5)
    shared: dict[str, Any] = {"display_name": "Region", "data_type": DataType.INTEGER, "default": 5}
    assert found == {
        ("kept", "PX"): kept_by_earlier_versions()[-1],
        ("service", "PS1"): replace(service, field_values={"PF3": 7}),
        ("incident_type", "PT1"): IncidentType(
            id="PT1",
            name="outage",
            display_name="Outage",
            parent_id="PINCTYP",
            description="d",
            created_at=3,
            updated_at=4,
        ),
        ("incident_type", "PT2"): IncidentType(
            id="PT2", name="total", display_name="Total", parent_id="PT1", enabled=False
        ),
        ("custom_field", "PF1"): CustomField(
            id="PF1",
            name="region",
            display_name="Region",
            data_type=DataType.STRING,
            several=True,
            fixed=True,
            default=["east"],
            options=(option,),
        ),
        ("custom_field", "PF2"): CustomField(id="PF2", name="count", type_id="PT2", **shared),
        ("custom_field", "PF3"): CustomField(id="PF3", name="owner", type_id="", **shared),
    }
    assert incident is not None
    assert json.loads(incident)["field_values"] == {"PF1": ["east"]}
    assert json.loads(incident)["impacts"] == {"B1": True, "B2": False}


# -- the mechanism, with steps of a future version


NEXT = """
import sqlalchemy as sa
from alembic import op
revision = "{name}"
down_revision = "{before}"
def upgrade():
    op.add_column("things", sa.Column("note_{number}", sa.Text()))
    op.execute("UPDATE things SET note_{number} = id")
    {more}
"""


def future(folder: Path, steps: int, more: str = "pass") -> Path:
    """The migrations of a later version: ours and some steps, the last of which does `more`."""
    folder.mkdir()
    for path in MIGRATIONS.glob("[0-9]*.py"):
        (folder / path.name).write_text(path.read_text())
    before = revisions()[-1]
    for number in range(steps):
        name = f"{int(revisions()[-1][:4]) + number + 1:04}_later"
        last = more if number == steps - 1 else "pass"
        (folder / f"{name}.py").write_text(NEXT.format(name=name, before=before, number=number, more=last))
        before = name
    return folder


def notes(database: Database) -> list[str]:
    with database.engine.connect() as connection:
        return sorted(name["name"] for name in inspect(connection).get_columns("things") if "note" in name["name"])


def test_several_steps_are_taken_in_their_order(empty: Database, tmp_path: Path) -> None:
    create_schema(empty)
    insert_sample(empty)
    folder = future(tmp_path / "later", 3)
    create_schema(empty, folder=folder)
    assert notes(empty) == ["note_0", "note_1", "note_2"]
    assert revision_of(empty) == revisions(folder)[-1]
    with empty.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM things WHERE note_2 = id")).scalar() == 2


def test_an_upgrade_that_fails_in_the_middle_changes_nothing(empty: Database, tmp_path: Path) -> None:
    create_schema(empty)
    insert_sample(empty)
    before = shape(empty)
    folder = future(tmp_path / "later", 3, more="raise RuntimeError('in the middle')")
    with pytest.raises(RuntimeError, match="in the middle"):
        create_schema(empty, folder=folder)
    assert shape(empty) == before
    assert revision_of(empty) == revisions()[-1]
    assert is_current(empty)


def test_a_database_of_a_newer_version_is_refused(empty: Database, tmp_path: Path) -> None:
    folder = future(tmp_path / "later", 1)
    create_schema(empty, folder=folder)
    insert_sample(empty)
    before = rows(empty)
    with pytest.raises(SchemaTooNew, match="newer version"):
        create_schema(empty)
    with pytest.raises(SchemaTooNew):
        is_current(empty)
    assert rows(empty) == before
    assert notes(empty) == ["note_0"]


@pytest.mark.parametrize("wanted", [True, False])
def test_where_rules_for_handoffs_were_kept_every_schedule_is_looked_at(empty: Database, *, wanted: bool) -> None:
    create_schema(empty, to="0011_workflow_runs")
    insert_sample(empty)
    rule = Kept(id="PR", resource=HANDOFF_RULE if wanted else "extension", parent_id="PC", wire=wire_of("both", 60))
    rows_of = [
        ("kept", "PR", dump(rule)),
        ("schedule", "PS", dump(Schedule("PS", "S", "UTC", ()))),
        ("schedule", "PG", None),
    ]
    with empty.transaction() as connection:
        for kind, thing_id, data in rows_of:
            row = {"kind": kind, "id": thing_id, "version": 9, "data": data}
            connection.execute(tables.things.insert().values(row))
    create_schema(empty)
    with empty.engine.connect() as connection:
        found = connection.execute(text("SELECT key, due_at, command FROM timers WHERE key LIKE 'handoff:%'")).all()
    looks = [(look_at("PS", 0).key, TellHandoffs(schedule_id="PS"))] if wanted else []
    assert [(key, load_command(command)) for key, _, command in found] == looks
    assert all(abs(due_at - SystemClock().now()) < HOUR for _, due_at, _ in found)


def _create(data: Path, url: str | None, gate: Any) -> None:
    database = open_database(data, url)
    gate.wait()
    create_schema(database)
    database.close()


def test_several_who_start_at_once_take_turns(empty_url: str | None, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(4)
    workers = [context.Process(target=_create, args=(tmp_path, empty_url, gate)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * 4
    database = open_database(tmp_path, empty_url)
    assert is_current(database)
    database.close()


def test_alembic_is_not_loaded_when_there_is_nothing_to_do(tmp_path: Path) -> None:
    database = open_database(tmp_path, None)
    create_schema(database)
    database.close()
    code = (
        "import sys; from pathlib import Path; from tocsin.storage.database import open_database; "
        "from tocsin.storage.schema import create_schema; "
        f"create_schema(open_database(Path({str(tmp_path)!r}), None)); print('alembic' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout == "False\n"


def test_a_file_of_a_broken_upgrade_is_whole(tmp_path: Path) -> None:
    """Killed in the middle: the next start finds the old shape, untouched."""
    database = open_database(tmp_path, None)
    create_schema(database)
    insert_sample(database)
    database.close()
    folder = future(tmp_path / "later", 2, more="import os; os._exit(9)")
    code = (
        "from pathlib import Path; from tocsin.storage.database import open_database; "
        "from tocsin.storage.schema import create_schema; "
        f"create_schema(open_database(Path({str(tmp_path)!r}), None), folder=Path({str(folder)!r}))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    with sqlite3.connect(tmp_path / MAIN_FILE) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database = open_database(tmp_path, None)
    assert revision_of(database) == revisions()[-1]
    create_schema(database, folder=future(tmp_path / "mended", 2))
    assert notes(database) == ["note_0", "note_1"]
    database.close()


def test_what_came_by_each_key_is_counted_from_the_outcomes_that_are_there(empty: Database) -> None:
    create_schema(empty, to="0012_handoffs")
    day = 24 * HOUR
    came = [("I1", day + 5), ("I2", day + 6), ("I1", day + 7), ("I1", 2 * day + 1)]
    with empty.transaction() as connection:
        for seq, (key, at) in enumerate(came, 1):
            row = {"seq": seq, "outcome": "opened" if seq % 2 else "dropped", "reason": "", "alert_id": "",
                   "integration_id": key, "received_at": at, "decided_at": at}  # fmt: skip
            connection.execute(tables.event_outcomes.insert().values(row))
    create_schema(empty)
    assert rows(empty)["entrance_days"] == [
        ("I1", 1, 2, 3, day + 7, "opened"),
        ("I1", 2, 1, 4, 2 * day + 1, "dropped"),
        ("I2", 1, 1, 2, day + 6, "dropped"),
    ]
