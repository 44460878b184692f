"""One look at the machine for the system page: processes, sizes, versions, the lease, the heartbeat, settings.

Everything is read anew at each look, and what can't be read is left out. Never shows a secret.
"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Final

from tocsin.app.folder import only_place
from tocsin.app.health import Health
from tocsin.app.heartbeat import Heartbeat
from tocsin.app.installation import LOG_FOLDER, Installation
from tocsin.app.settings import settings_seen
from tocsin.directory.model import Channel
from tocsin.kernel.time import Moment
from tocsin.runtime.reads import Reads
from tocsin.storage.database import DatabaseError, OutOfReach
from tocsin.storage.lease import LeaseTable
from tocsin.web.machine import BeatSeen, LeaseSeen, Machine, RoleSeen

ROLES: Final = ("edge", "engine")

_PHONE: Final = ("TOCSIN_TWILIO_ACCOUNT_SID", "TOCSIN_TWILIO_AUTH_TOKEN", "TOCSIN_TWILIO_FROM")

NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    Channel.EMAIL.value: ("TOCSIN_SMTP_URL", "TOCSIN_MAIL_FROM"),
    Channel.SMS.value: _PHONE,
    Channel.VOICE.value: _PHONE,
}
"""The settings that set a channel up."""


def machine(place: Installation, reads: Reads, health: Health, heartbeat: Heartbeat | None) -> Machine:
    """The look. Never raises: a page about what is wrong must not fail because something is."""
    database, revision, size, timers, outbox, events = "", "", None, 0, 0, 0
    with suppress(DatabaseError, OutOfReach):
        facts, pulse = reads.database_facts(), reads.pulse()
        database, revision, size = facts.product, facts.revision, facts.size
        timers, outbox, events = pulse.timers, pulse.outbox, pulse.cursor.seq
    free, total = _disk(place.data)
    return Machine(
        tocsin=version("tocsin"),
        python=platform.python_version(),
        database=database,
        revision=revision,
        folder=str(place.data),
        database_bytes=size,
        log_bytes=None if place.settings.database_url else _bytes_of((place.data / LOG_FOLDER).glob("*")),
        disk_free=free,
        disk_total=total,
        roles=tuple(_role(place.data, role) for role in ROLES),
        lease=_lease(place),
        beat=_beat(heartbeat),
        is_reachable=health.database,
        accepting=health.accepting,
        engine_absent_seconds=health.engine_absent_seconds,
        overdue_timer_seconds=health.overdue_timer_seconds,
        unsent_seconds=health.unsent_seconds,
        undecided_seconds=health.undecided_seconds,
        backlog_events=health.backlog_events,
        waiting_deliveries=health.waiting_deliveries,
        timers=timers,
        outbox=outbox,
        events=events,
        events_kept_days=place.settings.events_kept_days,
        settings=settings_seen(),
        needed=NEEDED,
    )


def _role(folder: Path, role: str) -> RoleSeen:
    """Who holds the role's lock here."""
    lock = folder / f"{role}.lock"
    try:
        holder = int(lock.read_text().splitlines()[0])
        os.kill(holder, 0)
        return RoleSeen(role, holder, _micros(lock.stat().st_mtime))
    except (OSError, ValueError, IndexError):
        return RoleSeen(role, None)


def _lease(place: Installation) -> LeaseSeen | None:
    """On PostgreSQL, which engine is the active one. `is_here`: it is the one of this folder."""
    if not place.settings.database_url:
        return None
    try:
        with closing(place.database(read_only=True)) as database:
            found = LeaseTable(database, place="", run="look").look()
    except (DatabaseError, OutOfReach):
        return None
    if found is None:
        return None
    with suppress(OSError):
        here = only_place(place.data, "engine")
        is_here = bool(here) and found.holder.startswith(f"{here}/")
        return LeaseSeen(found.holder, found.is_held, is_here, place.clock.now() - found.now)
    return LeaseSeen(found.holder, found.is_held, is_here=False, clock_off=place.clock.now() - found.now)


def _beat(heartbeat: Heartbeat | None) -> BeatSeen:
    if heartbeat is None or not heartbeat.is_set_up:
        return BeatSeen()
    last = heartbeat.last
    return BeatSeen(is_set_up=True) if last is None else BeatSeen(True, last.at, last.result)


def _disk(folder: Path) -> tuple[int | None, int | None]:
    try:
        found = shutil.disk_usage(folder)
    except OSError:
        return None, None
    return found.free, found.total


def _bytes_of(files: Iterable[Path]) -> int:
    total = 0
    for file in files:
        with suppress(OSError):
            total += file.stat().st_size
    return total


def _micros(seconds: float) -> Moment:
    return round(seconds * 1_000_000)
