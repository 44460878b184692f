"""How the pager itself is, in words: processes, what is overdue, storage, backups, settings; and lifting the fence.

Everybody sees whether it is well. What is behind that is for administrators; backups and the fence are for owners.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from babel.numbers import format_decimal
from starlette.responses import FileResponse, Response

from tocsin.directory.model import Settings
from tocsin.directory.permissions import Verb
from tocsin.engine.people import can_page
from tocsin.engine.things import SaveThing
from tocsin.kernel.errors import Invalid, NotAllowed, NotFound, TocsinError
from tocsin.kernel.time import SECOND
from tocsin.kernel.wording import span_words
from tocsin.web.language import gettext as _
from tocsin.web.language import locale, ngettext
from tocsin.web.machine import Machine
from tocsin.web.visit import Visit, status_of

CLOCK_DIFFERENCE: Final = 2 * SECOND
"""A clock that differs more from the database's is worth a word: schedules are read by it."""

DISK_LOW: Final = 0.1
"""A disk with less than this part free is worth a word."""


@dataclass(frozen=True, slots=True)
class Vital:
    """One sign of life: what, how it is, and whether that is well (None = only worth knowing)."""

    name: str
    text: str
    well: bool | None = None


def system_page(visit: Visit, *, error: TocsinError | None = None, section: str = "", code: int = 200) -> Response:
    """`/system`."""
    looks_after, owns = visit.may(Verb.ADMINISTER), visit.may(Verb.OWN)
    machine = visit.site.machine() if looks_after else Machine()
    backups = visit.site.backups
    return visit.page(
        "system.html",
        code,
        looks_after=looks_after,
        owns=owns,
        health=replace(visit.site.health(), can_page=can_page(visit.config, visit.site.ways_to_send())),
        vitals=list(_vitals(visit, machine)) if looks_after else [],
        storage=list(_storage(machine)) if looks_after else [],
        machine=machine,
        fenced=visit.config.settings.sending_fenced,
        last=backups.last() if looks_after else None,
        shelf=backups.here() if owns else (),
        running_since=backups.running_since() if looks_after else None,
        backup_problem=backups.problem() if looks_after else "",
        size=size_words,
        error=error,
        section=section,
    )


def act_on_system(visit: Visit) -> Response:
    """POST `/system/{action}`."""
    action = visit.request.path_params["action"]
    do = _ACTIONS.get(action)
    if do is None:
        raise NotFound(_("There is no such action."))
    try:
        return do(visit)
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        return system_page(visit, error=error, section=action, code=status_of(error))


def _backup(visit: Visit) -> Response:
    _owners_only(visit)
    visit.site.backups.begin()
    return visit.go("/system", "set-backup")


def _send(visit: Visit) -> Response:
    """Lifts the fence: from now on people are paged from here."""
    if visit.text("typed", 300).strip() != visit.config.settings.organisation.strip():
        raise Invalid(_("Type the name exactly as it is: from then on people are paged from here."))
    wanted: Settings = replace(visit.config.settings, sending_fenced=False)
    visit.run(SaveThing(thing_kind="settings", thing=wanted, fields=("sending_fenced",)))
    return visit.go("/system", "set-sending")


_ACTIONS: Final[Mapping[str, Callable[[Visit], Response]]] = {"backup": _backup, "send": _send}
"""What the buttons do, by the last part of their address."""


def download_backup(visit: Visit) -> Response:
    """`/system/backups/{name}`: the file, for owners: it holds everything, secrets too."""
    _owners_only(visit)
    path = visit.site.backups.file(visit.request.path_params["name"])
    if path is None:
        raise NotFound(_("This backup is not here any more."))
    return FileResponse(path, media_type="application/octet-stream", filename=visit.request.path_params["name"])


def _owners_only(visit: Visit) -> None:
    if not visit.may(Verb.OWN):
        raise NotAllowed(_("Backups hold everything, secrets too: only owners make and download them."))


def _vitals(visit: Visit, machine: Machine) -> Iterator[Vital]:
    for role in machine.roles:
        running = role.process is not None
        since = _("since %(time)s", time=visit.times.minute(role.since)) if role.since else ""
        text = _("runs here as process %(number)s %(since)s", number=role.process, since=since)
        elsewhere = machine.lease is not None and machine.lease.is_held
        word = _("Edge: accepts events, serves pages") if role.name == "edge" else _("Engine: decides and sends")
        yield Vital(word, text if running else _("does not run on this machine"), running or elsewhere)
    if machine.lease is not None:
        yield from _lease(machine)
    yield Vital(_("Database"), _("answers") if machine.is_reachable else _("is out of reach"), machine.is_reachable)
    yield Vital(
        _("Events"),
        _("are accepted") if machine.accepting else _("are refused: senders are told to come again"),
        machine.accepting,
    )
    backlog = machine.backlog_events
    waiting = ngettext("%(num)s waits to be decided", "%(num)s wait to be decided", backlog or 0)
    yield Vital(_("Backlog"), _("can’t be found out") if backlog is None else waiting, machine.undecided_seconds <= 15)
    yield Vital(_("Timers"), _timers(machine), (machine.overdue_timer_seconds or 0) <= 15)
    yield Vital(_("Messages"), _messages(machine), (machine.unsent_seconds or 0) <= 60)
    waits = ngettext("%(num)s waits", "%(num)s wait", machine.waiting_deliveries or 0)
    yield Vital(_("Webhook deliveries"), waits)
    yield _heartbeat(visit, machine)


def _lease(machine: Machine) -> Iterator[Vital]:
    lease = machine.lease
    if lease is None:
        return
    where = _("the engine of this machine has it") if lease.is_here else _("an engine on another machine has it")
    yield Vital(_("Lease: which engine decides"), where if lease.is_held else _("no engine has it"), lease.is_held)
    off = abs(lease.clock_off)
    same = off <= CLOCK_DIFFERENCE
    text = (
        _("agrees with the database’s") if same else _("differs from the database’s by %(span)s", span=span_words(off))
    )
    yield Vital(_("Clock"), text, same)


def _timers(machine: Machine) -> str:
    if machine.overdue_timer_seconds is None:
        return _("can’t be found out")
    if machine.overdue_timer_seconds >= 1:
        seconds = round(machine.overdue_timer_seconds)
        return ngettext("the oldest is overdue by %(num)s s", "the oldest is overdue by %(num)s s", seconds)
    return ngettext("%(num)s is set, none overdue", "%(num)s are set, none overdue", machine.timers)


def _messages(machine: Machine) -> str:
    if machine.unsent_seconds is None:
        return _("can’t be found out")
    if machine.unsent_seconds >= 1:
        seconds = round(machine.unsent_seconds)
        return ngettext("the oldest waits for %(num)s s", "the oldest waits for %(num)s s", seconds)
    return ngettext("%(num)s on its way", "%(num)s on their way", machine.outbox) if machine.outbox else _("none waits")


def _heartbeat(visit: Visit, machine: Machine) -> Vital:
    beat, name = machine.beat, _("Heartbeat")
    if not beat.is_set_up:
        return Vital(name, _("not set up: set TOCSIN_HEARTBEAT_URL, so that somebody notices when all of this is down"))
    if beat.at is None:
        return Vital(name, _("has not beaten yet"))
    time = visit.times.clock(beat.at)
    if beat.result == "sent":
        return Vital(name, _("last sent %(time)s", time=time), well=True)
    if beat.result == "withheld":
        return Vital(name, _("withheld %(time)s, because the pager is not well", time=time), well=False)
    return Vital(name, _("failed %(time)s: %(why)s", time=time, why=beat.result), well=False)


def _storage(machine: Machine) -> Iterator[Vital]:
    size = machine.database_bytes
    product = machine.database or _("unknown")
    yield Vital(_("Database"), f"{product}, {size_words(size)}" if size is not None else product)
    if machine.log_bytes is not None:
        yield Vital(_("Log of events"), size_words(machine.log_bytes))
    yield Vital(_("Events decided so far"), f"{machine.events:,}".replace(",", " "))
    days = machine.events_kept_days
    kept = ngettext("%(num)s day (TOCSIN_EVENTS_KEPT_DAYS)", "%(num)s days (TOCSIN_EVENTS_KEPT_DAYS)", days)
    yield Vital(_("Raw events are kept"), kept if days else _("for ever (TOCSIN_EVENTS_KEPT_DAYS)"))
    yield Vital(_("Incidents, timelines, history"), _("are kept for ever"))
    if machine.disk_free is not None and machine.disk_total:
        free = _(
            "%(free)s of %(total)s free",
            free=size_words(machine.disk_free),
            total=size_words(machine.disk_total),
        )
        yield Vital(_("Disk"), free, machine.disk_free >= DISK_LOW * machine.disk_total)
    yield Vital(_("Data folder"), machine.folder or _("unknown"))
    yield Vital(
        _("Versions"),
        _(
            "Tocsin %(tocsin)s, Python %(python)s, schema %(schema)s",
            tocsin=machine.tocsin,
            python=machine.python,
            schema=machine.revision or "–",
        ),
    )


def size_words(size: int) -> str:
    """Bytes as people say them: "734 MB"."""
    for unit, factor in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            value = size / factor
            return f"{format_decimal(value, '0.0' if value < 10 else '0', locale=locale())} {unit}"
    return f"{size} B"
