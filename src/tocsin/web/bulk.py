"""The same for many incidents: those that were ticked, or all that a filter finds. Each counts or is refused by itself.

Sends the engine some at a time, so that no turn of it is long and nobody's page or answer waits for the many. Decides
how many, and what can be taken back; what may be done the engine says of each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from starlette.responses import Response

from tocsin.engine.dispatch import Several
from tocsin.incidents.messages import (
    Acknowledge,
    IncidentAcknowledged,
    IncidentResolved,
    IncidentSnoozed,
    Merge,
    Reassign,
    Reopen,
    Resolve,
    SetPriority,
    Snooze,
    Unacknowledge,
)
from tocsin.incidents.model import Incident, Status
from tocsin.kernel.decision import Command
from tocsin.kernel.errors import Invalid, NotFound, Unavailable
from tocsin.kernel.time import Moment
from tocsin.runtime.reads import IncidentFilter, TimelineFilter
from tocsin.web.incident import visible
from tocsin.web.incident_filter import OPEN
from tocsin.web.language import gettext as _
from tocsin.web.language import ngettext
from tocsin.web.visit import Visit

MANY: Final = 1_000
"""Incidents that one form acts on at most."""

AT_ONCE: Final = 20
"""Incidents in one turn of the engine: about as long as it decides events before it looks up."""

Make = Callable[[str], Command]
"""The command for the incident with this id."""


@dataclass(slots=True)
class Outcome:
    """What came of it: how many were done, between which turns of the engine, and why others were not (by id)."""

    done: int = 0
    first: Moment = 0
    last: Moment = 0
    refused: dict[str, str] = field(default_factory=dict)


def chosen_ids(visit: Visit, asked: IncidentFilter) -> tuple[str, ...]:
    """The incidents that the form is about. Raises Invalid when it is about none.

    All that match are those that stood in the list when it was counted: not what came meanwhile.
    """
    if visit.text("all", 1):
        upto = visit.text("upto", 18)
        still_open = tuple(one for one in asked.statuses or OPEN if one is not Status.RESOLVED)
        if not (upto.isascii() and upto.isdigit()) or not still_open:
            raise Invalid(_("Only incidents that are open can be chosen all at once."))
        found = visit.site.reads.incident_ids(replace(asked, statuses=still_open, upto=int(upto)), MANY)
    else:
        ticked = tuple(dict.fromkeys(visit.texts("id")))[:MANY]
        known = visit.site.reads.incidents_by_id(ticked)
        found = tuple(one for one in ticked if one in known and visible(visit, known[one]))
    if not found:
        raise Invalid(_("Select at least one incident."))
    return found


def command_for(visit: Visit, verb: str) -> Make:
    """What the pressed button means, with the fields beside it. Raises Invalid where one is missing."""
    make = _DO.get(verb)
    if make is None:
        raise Invalid(_("There is no such action."))
    return make(visit)


def run_many(visit: Visit, ids: Sequence[str], make: Make) -> Outcome:
    """Some at a time, one after the other. An engine that stops answering leaves the rest undone, and it is said."""
    outcome = Outcome()
    nonce = visit.text("once", 64)
    session = visit.session.id if visit.session is not None else ""
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        several = Several(commands=tuple(map(make, part)))
        try:
            answer = visit.run(several, key=f"web:{session}:{nonce}:{start}" if nonce else "")
        except Unavailable as error:
            outcome.refused |= dict.fromkeys(ids[start:], error.message)
            break
        outcome.first = outcome.first or answer["at"]
        outcome.last = answer["at"]
        outcome.refused |= {part[place]: message for place, message, _reason in answer["refused"]}
        outcome.done += len(part) - len(answer["refused"])
    return outcome


def summary(outcome: Outcome) -> str:
    """How many were done and how many not."""
    done = ngettext("%(num)s was done", "%(num)s were done", outcome.done)
    left = ngettext("%(num)s was not", "%(num)s were not", len(outcome.refused))
    return _("%(done)s, %(left)s. Why stands beside each.", done=done, left=left)


def _reassign(visit: Visit) -> Make:
    people = tuple(filter(None, visit.texts("user")))
    if not people:
        raise Invalid(_("Choose who gets them."))
    return lambda one: Reassign(incident_id=one, user_ids=people)


def _snooze(visit: Visit) -> Make:
    seconds = visit.text("seconds", 10)
    if not (seconds.isascii() and seconds.isdigit()):
        raise Invalid(_("Say for how long."))
    return lambda one: Snooze(incident_id=one, seconds=int(seconds))


def _priority(visit: Visit) -> Make:
    chosen = visit.text("priority", 40)
    if not chosen:
        raise Invalid(_("Choose a priority."))
    return lambda one: SetPriority(incident_id=one, priority_id=None if chosen == "-" else chosen)


def _merge(visit: Visit) -> Make:
    reference = visit.text("into", 40).strip().removeprefix("#")
    target = visit.site.reads.incident(reference) if reference else None
    if target is None or not visible(visit, target):
        raise Invalid(_("Say into which incident, by its number."))
    into = target.id
    return lambda one: Merge(incident_id=into, source_ids=(one,))


_DO: Final[Mapping[str, Callable[[Visit], Make]]] = {
    "acknowledge": lambda _visit: lambda one: Acknowledge(incident_id=one),
    "resolve": lambda _visit: lambda one: Resolve(incident_id=one),
    "reassign": _reassign,
    "snooze": _snooze,
    "priority": _priority,
    "merge": _merge,
}
"""What the buttons do."""

_UNDO: Final[Mapping[str, tuple[str, Status, Callable[[str], Command]]]] = {
    "acknowledge": (IncidentAcknowledged.kind, Status.ACKNOWLEDGED, lambda one: Unacknowledge(incident_id=one)),
    "snooze": (IncidentSnoozed.kind, Status.ACKNOWLEDGED, lambda one: Unacknowledge(incident_id=one)),
    "resolve": (IncidentResolved.kind, Status.RESOLVED, lambda one: Reopen(incident_id=one)),
}
"""What can be taken back: the fact that it left, the state in which it still stands, and what takes it back."""


def undo_many(visit: Visit) -> Response:
    """POST `/incidents/undo`: takes back what one form of this person did, where nothing has happened to it since.

    Which incidents those were the timeline knows: the form only says between which turns of the engine it was.
    """
    did, first, last = visit.text("did", 20), visit.text("first", 18), visit.text("last", 18)
    if did not in _UNDO or not all(one.isascii() and one.isdigit() for one in (first, last)):
        raise NotFound(_("This can't be taken back."))
    kind, status, back = _UNDO[did]
    wanted = TimelineFilter(kinds=(kind,), since=int(first), until=int(last) + 1, sight=visit.sight)
    facts = visit.site.reads.timeline(wanted, limit=MANY).items
    mine = [one.incident_id for one in facts if (one.actor.kind, one.actor.id) == (visit.actor.kind, visit.actor.id)]
    found = visit.site.reads.incidents_by_id(mine)
    ids = [one.id for one in found.values() if one.status is status and _is_mine(visit, one, int(first), int(last))]
    if not ids:
        raise NotFound(_("There is nothing to take back: somebody has gone on with all of them."))
    outcome = run_many(visit, ids, back)
    back_to = visit.text("back", 500)
    path = back_to if back_to.startswith("/incidents") and back_to.isascii() and back_to.isprintable() else "/incidents"
    return visit.go(path, f"many-undone.{outcome.done}")


def _is_mine(visit: Visit, incident: Incident, first: Moment, last: Moment) -> bool:
    """Whether the state that it has is what this person gave it then, and only they."""
    by = incident.status_changed_by
    alone = all(one.by.id == visit.me.id for one in incident.acknowledgements)
    return by.id == visit.me.id and first <= incident.status_changed_at <= last and alone
