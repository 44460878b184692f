"""Brings a main database to the shape that this version needs, by the numbered files in `migrations`.

Decides which of them run: all that follow the database's revision, in one transaction, so that a crash leaves the old
shape or the new one. Two who start at once take turns. A database that a newer version wrote is refused. Never looks
at what is in it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sqlalchemy import inspect, select, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from tocsin.kernel.errors import Conflict
from tocsin.kernel.ids import IdSource
from tocsin.storage.database import Database
from tocsin.storage.tables import meta

MIGRATIONS = Path(__file__).parent / "migrations"
"""One file per step, named after its revision."""

INSTALLATION_SECRET = "installation_secret"  # noqa: S105 - its name
"""The key in `meta` of the secret that signs links and callbacks."""

SECRETS_KEY = "secrets_key"
"""The key in `meta` of what seals secrets that we must read again. A backup carries it: without it they are lost."""

_ADVISORY_LOCK = 0x746F6374
_REVISION = text("SELECT version_num FROM alembic_version")


class SchemaTooNew(Conflict):
    """The database was written by a newer version than this one."""


@cache
def revisions(folder: Path = MIGRATIONS) -> tuple[str, ...]:
    """The names of all steps, in their order."""
    return tuple(sorted(path.stem for path in folder.glob("[0-9]*.py")))


def revision_of(database: Database) -> str | None:
    """The database's revision, None for one without our tables."""
    with database.engine.connect() as connection:
        try:
            return connection.execute(_REVISION).scalar()
        except (OperationalError, ProgrammingError):
            if inspect(connection).has_table("alembic_version"):
                raise
            return None


def is_current(database: Database, folder: Path = MIGRATIONS) -> bool:
    """Whether nothing is to be done: one query. Raises SchemaTooNew."""
    return _known(revision_of(database), folder) == revisions(folder)[-1]


def create_schema(database: Database, *, to: str | None = None, folder: Path = MIGRATIONS) -> None:
    """Bring the database to revision `to`, or to the newest. Does nothing if it is there. Raises SchemaTooNew."""
    if not is_current(database, folder):
        _migrate(database, to or revisions(folder)[-1], folder)


def _known(revision: str | None, folder: Path) -> str | None:
    if revision is not None and revision not in revisions(folder):
        raise SchemaTooNew(
            f"The database was written by a newer version of Tocsin (its schema is {revision}, this version knows "
            f"{revisions(folder)[-1]}). Start that version, or restore a backup of before the upgrade.",
            reason="schema_too_new",
        )
    return revision


def _migrate(database: Database, to: str, folder: Path) -> None:
    # Eight megabytes that a process at the newest revision never needs.
    from alembic.operations import Operations  # noqa: PLC0415
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    script = ScriptDirectory(str(folder), version_locations=[str(folder)])
    with database.transaction() as connection:
        if database.is_postgres:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        if inspect(connection).has_table("alembic_version"):
            _known(connection.execute(_REVISION).scalar(), folder)
        # The list of steps is what alembic's own `upgrade` command takes; its public door needs a configuration file.
        context = MigrationContext.configure(
            connection,
            opts={"fn": lambda revision, _context: script._upgrade_revs(to, revision)},  # noqa: SLF001
        )
        with Operations.context(context):
            context.run_migrations()


def installation_secret(database: Database, ids: IdSource) -> str:
    """The secret that signs links and callbacks, made at the first start and kept in the main database.

    The key that seals secrets is made with it.
    """
    table = meta
    with database.transaction() as connection:
        row = {"key": INSTALLATION_SECRET, "value": ids.token()}
        connection.execute(database.insert_if_absent(table), row)
        sealing = {"key": SECRETS_KEY, "value": ids.token()}
        connection.execute(database.insert_if_absent(table), sealing)
        found = connection.execute(select(table.c.value).where(table.c.key == INSTALLATION_SECRET)).scalar_one()
    return str(found)


def read_installation_secret(database: Database) -> str | None:
    """The secret, or None before the first start of an engine."""
    with database.reading() as connection:
        found = connection.execute(select(meta.c.value).where(meta.c.key == INSTALLATION_SECRET)).scalar()
    return None if found is None else str(found)


def read_secrets_key(database: Database) -> str | None:
    """The key that seals secrets, or None before the first start of an engine."""
    with database.reading() as connection:
        found = connection.execute(select(meta.c.value).where(meta.c.key == SECRETS_KEY)).scalar()
    return None if found is None else str(found)
