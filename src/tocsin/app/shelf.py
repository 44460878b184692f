"""Backups that a page asks for: made into the data folder, a few kept; and which backup was the last, however made.

They lie on the same disk as what they are a copy of: good against a mistake, not against a broken disk. The page says
so. Decides how many are kept, never when one is made.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
import structlog

from tocsin.app.backup import make_backup
from tocsin.app.folder import refused_by_system
from tocsin.app.installation import Installation
from tocsin.kernel.errors import Conflict, TocsinError
from tocsin.kernel.time import Moment, to_datetime
from tocsin.storage.database import DatabaseError, OutOfReach
from tocsin.web.machine import BackupSeen

log = structlog.get_logger("backup")

FOLDER: Final = "backups"
NOTE: Final = "last-backup.json"
SUFFIX: Final = ".backup"
KEPT: Final = 3
"""So many of those that pages asked for; the oldest goes when a new one is whole."""


class _Note(msgspec.Struct):
    """What is remembered of the last backup."""

    path: str
    at: Moment
    size: int


def note_backup(place: Installation, file: Path, at: Moment) -> None:
    """Remember that this backup was made. What can't be remembered is no reason to fail: the backup is there."""
    note = _Note(str(file.absolute()), at, file.stat().st_size)
    with suppress(OSError):
        draft = place.data / f"{NOTE}.partial"
        draft.write_bytes(msgspec.json.encode(note))
        draft.replace(place.data / NOTE)


class Shelf:
    """Implements `web.machine.Backups`. Safe to use from many threads."""

    def __init__(self, place: Installation) -> None:
        self._place = place
        self._folder = place.data / FOLDER
        self._lock = threading.Lock()
        self._since: Moment | None = None
        self._problem = ""

    def last(self) -> BackupSeen | None:
        """The newest backup that was made from this folder, None if none is known."""
        try:
            note = msgspec.json.decode((self._place.data / NOTE).read_bytes(), type=_Note)
        except (OSError, msgspec.DecodeError):
            return next(iter(self.here()), None)
        path = Path(note.path)
        is_here = path.parent == self._folder
        return BackupSeen(path.name if is_here else note.path, note.at, note.size, is_here)

    def here(self) -> Sequence[BackupSeen]:
        """Those that lie in the data folder, newest first."""
        found = []
        with suppress(OSError):
            for path in self._folder.iterdir():
                if path.suffix == SUFFIX:
                    stat = path.stat()
                    found.append(BackupSeen(path.name, round(stat.st_mtime * 1_000_000), stat.st_size))
        return sorted(found, key=lambda one: (one.at, one.name), reverse=True)

    def running_since(self) -> Moment | None:
        """When the one that is being made was begun."""
        return self._since

    def problem(self) -> str:
        """Why the last one that was begun here did not succeed, "" if it did."""
        return self._problem

    def begin(self) -> None:
        """Begin to make one, without waiting. Raises Conflict while one is being made."""
        with self._lock:
            if self._since is not None:
                raise Conflict("A backup is being made already.", reason="running")
            self._since = self._place.clock.now()
        threading.Thread(target=self._make, args=(self._since,), name="backup", daemon=True).start()

    def file(self, name: str) -> Path | None:
        """Where a backup of `here` lies; None for any other name."""
        return self._folder / name if any(one.name == name for one in self.here()) else None

    def _make(self, at: Moment) -> None:
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            file = self._folder / f"tocsin-{to_datetime(at):%Y%m%d-%H%M%S}{SUFFIX}"
            make_backup(self._place, file)
            note_backup(self._place, file, at)
            for old in self.here()[KEPT:]:
                (self._folder / old.name).unlink(missing_ok=True)
            self._problem = ""
            log.info("backup_made", file=str(file))
        except OSError as error:
            self._problem = refused_by_system(error, "Can't write")
        except (TocsinError, DatabaseError, OutOfReach) as error:
            self._problem = str(error)[:300]
        finally:
            if self._problem:
                log.error("backup_failed", problem=self._problem)
            self._since = None
