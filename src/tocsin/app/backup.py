"""Backup and restore of an installation: where from, where to, and that nothing half-made is ever started.

A restore goes into an empty place only. It comes up with sending fenced off: a test restore pages nobody, and a real
one pages once an owner says so. Decides nothing about the form of a backup (`storage.backup`).
"""

from __future__ import annotations

import shutil
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Final

from tocsin.app.folder import held, prepare
from tocsin.app.installation import LOG_FOLDER, Installation
from tocsin.app.local_desk import local_desk
from tocsin.directory.model import Settings
from tocsin.engine.things import SaveThing
from tocsin.kernel.actor import Actor
from tocsin.kernel.errors import Conflict
from tocsin.kernel.time import DAY
from tocsin.storage.backup import Manifest, verify
from tocsin.storage.backup_load import begin_log, load_log, load_main, require_empty
from tocsin.storage.backup_write import write_backup
from tocsin.storage.database import Database, open_database
from tocsin.storage.lease import LeaseTable
from tocsin.storage.log import LogDamaged, LogGap, LogReader
from tocsin.storage.schema import SchemaTooNew, create_schema, revisions

DRAFT: Final = "restoring"
"""Folder in the data folder in which a restore is put together."""

_TRIES: Final = 3


def make_backup(place: Installation, file: Path) -> Manifest:
    """Write a backup while everything serves. Raises NotFound where there is no installation, OSError."""
    place.require()
    with closing(place.database(read_only=True)) as database:
        now = place.clock.now()
        for _ in range(_TRIES - 1):
            with suppress(LogGap):  # old events were dropped while we read them
                return write_backup(database, lambda: _log(place), file, created_at=now, tocsin=version("tocsin"))
        return write_backup(database, lambda: _log(place), file, created_at=now, tocsin=version("tocsin"))


def _log(place: Installation) -> LogReader | None:
    with suppress(LogDamaged):
        return place.log_reader()
    return None


def restore(place: Installation, file: Path, actor: Actor) -> Manifest:
    """Make an installation from a backup, with sending fenced off. Raises BackupDamaged, Conflict, SchemaTooNew."""
    manifest = verify(file)
    if manifest.header.schema not in revisions():
        raise SchemaTooNew(
            f"{file} was written by a newer version of Tocsin ({manifest.header.tocsin}).", reason="schema_too_new"
        )
    prepare(place.data)
    with ExitStack() as stack:
        for role in ("edge", "engine"):
            stack.enter_context(held(place.data, role))
        if place.settings.database_url:
            _restore_on_postgres(place, file, manifest, actor, place.settings.database_url)
        else:
            _restore_in_folder(place, file, manifest, actor)
    return manifest


def _restore_in_folder(place: Installation, file: Path, manifest: Manifest, actor: Actor) -> None:
    """Put together aside, and moved in place at the end.

    The main database goes first: a log must never be read from its beginning by a database that knows nothing of it.
    """
    found = [path.name for path in place.data.iterdir() if path.suffix != ".lock" and path.name != DRAFT]
    if found:
        raise Conflict(f"{place.data} is not empty ({found[0]}). Restore into a new folder.", reason="not_empty")
    draft = place.data / DRAFT
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    with closing(open_database(draft, None)) as database:
        _load(place, file, manifest, actor, database, draft / LOG_FOLDER)
    for path in sorted(draft.iterdir(), key=lambda path: path.name == LOG_FOLDER):
        path.rename(place.data / path.name)
    draft.rmdir()


def _restore_on_postgres(place: Installation, file: Path, manifest: Manifest, actor: Actor, url: str) -> None:
    """No engine becomes the active one while the tables are filled. After a failure the database is of no use."""
    with closing(place.database()) as database:
        require_empty(database)
        create_schema(database, to=manifest.header.schema)
        lease = LeaseTable(database, place="", run=place.ids.long())
        fence = lease.take(DAY)
        if fence is None:
            raise Conflict("An engine runs on this database: stop it, and take a new database.", reason="not_empty")
        _load(place, file, manifest, actor, database, url)
        lease.release(fence)


def _load(
    place: Installation, file: Path, manifest: Manifest, actor: Actor, database: Database, log: Path | str
) -> None:
    epoch = place.ids.key()
    load_main(file, manifest, database, epoch=epoch, actor=actor, now=place.clock.now())
    with closing(begin_log(log, database, epoch=epoch, first=manifest.log.first)) as writer:
        load_log(file, manifest, writer)


def lift_fence(place: Installation, actor: Actor) -> bool:
    """Let messages leave again; False when nothing was fenced off. Those that still make sense are sent now."""
    with local_desk(place) as desk:
        settings = desk.config().settings
        if not settings.sending_fenced:
            return False
        wanted: Settings = replace(settings, sending_fenced=False)
        desk.run(actor, SaveThing(thing_kind="settings", thing=wanted, fields=("sending_fenced",)))
    return True
