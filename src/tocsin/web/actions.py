"""What people do to an incident: one form per action, then on to the page as it is now (POST, redirect, GET).

Reads a form into a command; the engine decides. A refusal shows the incident again, with the reason and what was typed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Final

from starlette.responses import Response

from tocsin.directory.model import Urgency
from tocsin.escalation.messages import EscalateNow
from tocsin.incidents.messages import (
    Acknowledge,
    AddNote,
    Merge,
    Reassign,
    Reopen,
    Resolve,
    SetPriority,
    SetTitle,
    SetType,
    SetUrgency,
    Snooze,
    Unacknowledge,
)
from tocsin.incidents.model import Incident
from tocsin.kernel.decision import Command
from tocsin.kernel.errors import Invalid, NotFound, TocsinError
from tocsin.web.fields import changes
from tocsin.web.incident import Refused, found, show, visible
from tocsin.web.language import gettext as _
from tocsin.web.visit import Visit, status_of
from tocsin.web.workflows import call, start

_TYPED: Final = ("text", "resolution", "title", "seconds", "hours", "user", "into", "priority", "urgency")


def _acknowledge(_visit: Visit, incident: Incident) -> Command:
    return Acknowledge(incident_id=incident.id)


def _unacknowledge(_visit: Visit, incident: Incident) -> Command:
    return Unacknowledge(incident_id=incident.id)


def _resolve(visit: Visit, incident: Incident) -> Command:
    return Resolve(incident_id=incident.id, resolution=visit.text("resolution"))


def _reopen(_visit: Visit, incident: Incident) -> Command:
    return Reopen(incident_id=incident.id)


def _escalate(visit: Visit, incident: Incident) -> Command:
    level = visit.text("level", 3)
    return EscalateNow(incident_id=incident.id, level=int(level) if level.isascii() and level.isdigit() else 0)


def _reassign(visit: Visit, incident: Incident) -> Command:
    people = tuple(visit.texts("user"))
    if not people:
        raise Invalid(_("Choose at least one person."))
    return Reassign(incident_id=incident.id, user_ids=people)


def _snooze(visit: Visit, incident: Incident) -> Command:
    typed = visit.text("hours", 20).strip().replace(",", ".") or ""
    seconds = visit.text("seconds", 10)
    try:
        wanted = round(min(float(typed), 1e6) * 3600) if typed else int(seconds)
    except (ValueError, OverflowError):
        raise Invalid(_("Say for how many hours, for instance 1.5.")) from None
    return Snooze(incident_id=incident.id, seconds=wanted)


def _merge(visit: Visit, incident: Incident) -> Command:
    """Merge this incident into another: the other one stays."""
    reference = visit.text("into", 40).strip().removeprefix("#")
    target = visit.site.reads.incident(reference) if reference else None
    if target is None or not visible(visit, target):
        raise Invalid(_("Say into which incident, by its number."))
    return Merge(incident_id=target.id, source_ids=(incident.id,))


def _note(visit: Visit, incident: Incident) -> Command:
    return AddNote(incident_id=incident.id, text=visit.text("text"))


def _urgency(visit: Visit, incident: Incident) -> Command:
    return SetUrgency(incident_id=incident.id, urgency=Urgency.LOW if visit.text("urgency") == "low" else Urgency.HIGH)


def _priority(visit: Visit, incident: Incident) -> Command:
    return SetPriority(incident_id=incident.id, priority_id=visit.text("priority", 40) or None)


def _title(visit: Visit, incident: Incident) -> Command:
    return SetTitle(incident_id=incident.id, title=visit.text("title", 1024))


def _type(visit: Visit, incident: Incident) -> Command:
    return SetType(incident_id=incident.id, type_name=visit.text("type", 60))


_COUNTED: Final[Mapping[str, str]] = {"note": "text", "workflow": "workflow", "webhook": "call"}
"""Actions that would count again when they are sent again, each with the field that says what it is about."""

ACTIONS: Final[Mapping[str, Callable[[Visit, Incident], Command]]] = {
    "acknowledge": _acknowledge,
    "unacknowledge": _unacknowledge,
    "resolve": _resolve,
    "reopen": _reopen,
    "escalate": _escalate,
    "reassign": _reassign,
    "snooze": _snooze,
    "merge": _merge,
    "note": _note,
    "urgency": _urgency,
    "priority": _priority,
    "title": _title,
    "type": _type,
    "fields": changes,
    "workflow": start,
    "webhook": call,
}
"""Every action by the last part of its address."""


def act(visit: Visit) -> Response:
    """POST `/incidents/{number}/{action}`."""
    name = visit.request.path_params["action"]
    read = ACTIONS.get(name)
    if read is None:
        raise NotFound(_("There is no such action."))
    incident = found(visit)
    try:
        command = read(visit, incident)
        visit.run(command, key=_once(visit, name))
    except TocsinError as error:
        typed = {field: visit.text(field) for field in _TYPED if visit.text(field)}
        visit.config = visit.site.desk.config()
        return show(visit, found(visit), Refused(name, error, typed), status_of(error))
    return visit.go(_after(visit, incident), f"{name}.{incident.number}")


def _after(visit: Visit, incident: Incident) -> str:
    """Where to go then: the list that the form stood in, else the incident."""
    back = visit.text("back", 500)
    is_list = back in ("/", "/incidents") or back.startswith(("/incidents?", "/find?"))
    return back if is_list and back.isascii() and back.isprintable() else f"/incidents/{incident.number}"


def _once(visit: Visit, name: str) -> str:
    """A key under which what is sent twice counts once. Other actions do nothing the second time anyway."""
    nonce, field = visit.text("once", 64), _COUNTED.get(name, "")
    if not field or not nonce or visit.session is None:
        return ""
    digest = hashlib.sha256(visit.text(field).encode("utf-8", "replace")).hexdigest()[:16]
    return f"web:{visit.session.id}:{nonce}:{digest}"
