"""Loads a backup into an empty database and an empty log, on either kind, and fences sending off in the same breath.

The log gets a new epoch, so that a copy of the old one is never taken for it. Numbers that people have seen since the
backup was made are not given again: counters begin well above. Decides nothing about who may restore what where.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, column, delete, insert, inspect, select, table, update

from tocsin.directory.model import Settings
from tocsin.engine.world import ThingChange
from tocsin.kernel.actor import Actor
from tocsin.kernel.errors import Conflict
from tocsin.kernel.time import Moment
from tocsin.storage import tables
from tocsin.storage.audit import audit_row
from tocsin.storage.backup import BackupDamaged, Manifest, members, read_rows
from tocsin.storage.codec import dump, load
from tocsin.storage.database import Database
from tocsin.storage.log import LogWriter, NewEntry, segments
from tocsin.storage.log.sqlite import SqliteLogWriter
from tocsin.storage.schema import INSTALLATION_SECRET, create_schema
from tocsin.storage.turns import Cursor

ROWS_AT_ONCE = 2_000

BESIDES = 10_000
"""Numbers of incidents, facts and audit records that are left free: what was given after the backup was made."""


_FREE_ON_POSTGRES = (
    "SELECT setval(pg_get_serial_sequence('{name}', 'seq'), (SELECT coalesce(max(seq), 0) + {besides} FROM {name}))",
)
_KNOWN_TO_SQLITE = (
    "INSERT INTO sqlite_sequence (name, seq) SELECT '{name}', 0 "
    "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = '{name}')"
)
_FREE_ON_SQLITE = (
    _KNOWN_TO_SQLITE,
    "UPDATE sqlite_sequence SET seq = (SELECT coalesce(max(seq), 0) + {besides} FROM {name}) WHERE name = '{name}'",
)


def require_empty(database: Database) -> None:
    """Raises Conflict when the database holds anything of ours."""
    with database.engine.connect() as connection:
        names = inspect(connection).get_table_names()
    ours = {"alembic_version", "log_head", "ingest_log", *(one.name for one in tables.metadata.sorted_tables)}
    if ours & set(names):
        raise Conflict("The database is not empty. Restore into a new one.", reason="not_empty")


def load_main(path: Path, manifest: Manifest, database: Database, *, epoch: str, actor: Actor, now: Moment) -> None:
    """Make the tables of the backup's revision, fill them in one transaction, fence sending off, then upgrade.

    `epoch`: that of the log that `load_log` will fill.
    """
    create_schema(database, to=manifest.header.schema)
    counts = dict.fromkeys(manifest.tables, 0)
    with database.transaction() as connection:
        if database.is_postgres:
            connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        for name, content in members(path):
            kind, _, rest = name.partition("/")
            if kind == "main":
                place = rest.rpartition("/")[0]
                counts[place] += _insert(connection, place, manifest.tables[place].columns, read_rows(content))
        wrong = [name for name, rows in manifest.tables.items() if rows.rows != counts[name]]
        if wrong:
            raise BackupDamaged(f"{path}: rows are missing in {', '.join(wrong)}")
        _drop_secret(connection)
        _move_cursor(database, connection, manifest, epoch)
        _leave_free(database, connection)
        _fence(database, connection, actor, now)
    create_schema(database)


def begin_log(place: Path | str, database: Database, *, epoch: str, first: int) -> LogWriter:
    """A log in which nothing is kept and `first` comes next. `place`: its folder, or the address of its PostgreSQL.

    Raises Conflict when somebody else began one meanwhile.
    """
    if isinstance(place, Path):
        place.mkdir(parents=True)
        segments.create(place, segments.Label(epoch, first))
        return SqliteLogWriter(place, lambda: epoch)
    from tocsin.storage.log.postgres import PostgresLogWriter  # noqa: PLC0415 - the driver is an extra

    writer = PostgresLogWriter(place, lambda: epoch)
    if writer.epoch != epoch:
        writer.close()
        raise Conflict("A server began its own log in this database meanwhile: stop it, and take a new database.")
    head = table("log_head", column("head"))
    with database.transaction() as connection:
        connection.execute(update(head).values(head=first - 1))
    return writer


def load_log(path: Path, manifest: Manifest, writer: LogWriter) -> None:
    """Append every entry under its old number. The writer's next number is the first one of the backup."""
    seq = manifest.log.first
    for name, content in members(path):
        if not name.startswith("log/"):
            continue
        rows = read_rows(content)
        for start in range(0, len(rows), ROWS_AT_ONCE):
            part = rows[start : start + ROWS_AT_ONCE]
            first = writer.append([_entry(row) for row in part])
            if first != seq or part[0][0] != seq or part[-1][0] != seq + len(part) - 1:
                raise BackupDamaged(f"{path}: the log's numbers do not follow one another at {seq}")
            seq += len(part)
    if seq != manifest.log.head + 1:
        raise BackupDamaged(f"{path}: the log ends with {seq - 1} instead of {manifest.log.head}")


def _entry(row: Sequence[Any]) -> NewEntry:
    _, received_at, source, integration_id, dedup_key, body = row
    return NewEntry(received_at, source, integration_id, dedup_key, base64.b64decode(body))


def _insert(connection: Connection, name: str, columns: Sequence[str], rows: list[list[Any]]) -> int:
    """By the columns' names in the backup: its revision may be older than `tables`."""
    statement = insert(table(name, *(column(one) for one in columns)))
    for start in range(0, len(rows), ROWS_AT_ONCE):
        part = [dict(zip(columns, row, strict=True)) for row in rows[start : start + ROWS_AT_ONCE]]
        connection.execute(statement, part)
    return len(rows)


def _drop_secret(connection: Connection) -> None:
    """Backups of before held it. The next start makes another: links of the pager that was copied don't work here."""
    connection.execute(delete(tables.meta).where(tables.meta.c.key == INSTALLATION_SECRET))


def _move_cursor(database: Database, connection: Connection, manifest: Manifest, epoch: str) -> None:
    """The same place in the log's new epoch. Raises BackupDamaged when the log does not reach it."""
    meta = tables.meta
    stored = connection.execute(select(meta.c.value).where(meta.c.key == "cursor")).scalar()
    if stored is None:
        return
    seq = load(Cursor, stored).seq
    if not manifest.log.first - 1 <= seq <= manifest.log.head:
        raise BackupDamaged(f"the log in the backup ends with {manifest.log.head}, but {seq} is decided")
    connection.execute(database.upsert(meta), {"key": "cursor", "value": dump(Cursor(epoch, seq))})


def _fence(database: Database, connection: Connection, actor: Actor, now: Moment) -> None:
    """A change of the settings like any other, on record: nothing is sent until an owner takes it back."""
    things, meta = tables.things, tables.meta
    found = connection.execute(
        select(things.c.data).where(things.c.kind == "settings", things.c.id == "settings")
    ).scalar()
    before = load(Settings, found) if found else None
    after = replace(before or Settings(), sending_fenced=True)
    version = int(connection.execute(select(meta.c.value).where(meta.c.key == "config_version")).scalar() or 0) + 1
    row = {"kind": "settings", "id": "settings", "version": version, "data": dump(after)}
    connection.execute(database.upsert(things), row)
    connection.execute(database.upsert(meta), {"key": "config_version", "value": str(version)})
    connection.execute(insert(tables.audit), audit_row(now, actor, ThingChange("settings", "settings", before, after)))


def _leave_free(database: Database, connection: Connection) -> None:
    meta = tables.meta
    last = int(connection.execute(select(meta.c.value).where(meta.c.key == "incident_number")).scalar() or 0)
    following = -(-(last + BESIDES) // 1_000) * 1_000  # a round number tells people that there was a restore
    connection.execute(database.upsert(meta), {"key": "incident_number", "value": str(following)})
    for name in (tables.timeline.name, tables.audit.name):
        statements = _FREE_ON_POSTGRES if database.is_postgres else _FREE_ON_SQLITE
        for statement in statements:
            connection.exec_driver_sql(statement.format(name=name, besides=BESIDES))
