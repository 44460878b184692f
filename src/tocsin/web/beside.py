"""What stands beside an incident: what was changed before it, and how the like of it went. Decides how far to look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tocsin.incidents.likeness import most_alike
from tocsin.incidents.model import Incident, Status
from tocsin.incidents.notes import Note
from tocsin.kernel.time import DAY, Moment, Span
from tocsin.runtime.reads import IncidentFilter
from tocsin.web.changes import ChangeLine, changes_between
from tocsin.web.visit import Visit

CHANGES_WITHIN: Final = DAY
CHANGES_SHOWN: Final = 8
PAST_WITHIN: Final = 180 * DAY
PAST_LOOKED_THROUGH: Final = 200
"""So many of the service's newest incidents are compared: a page must not read a year of them."""

PAST_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier incident that was like this one; `took`: from its beginning to its end."""

    number: int
    title: str
    at: Moment
    took: Span
    note: str


def changes_before(visit: Visit, incident: Incident) -> list[ChangeLine]:
    """What was changed on its service, and on those that it needs, in the day before it and while it is open."""
    needs = {one.supporting_id for one in visit.config.dependencies.values() if one.dependent_id == incident.service_id}
    until = (incident.resolved_at or visit.now) + 1
    wanted = {incident.service_id, *needs}
    since = incident.created_at - CHANGES_WITHIN
    return changes_between(visit, since, until, service_ids=wanted, limit=CHANGES_SHOWN)[0]


def past_alike(visit: Visit, incident: Incident) -> list[Past]:
    """Resolved incidents of its service that were like it, the most alike first, each with its last note."""
    wanted = IncidentFilter(
        service_ids=(incident.service_id,),
        statuses=(Status.RESOLVED,),
        since=incident.created_at - PAST_WITHIN,
        until=incident.created_at + 1,
        sight=visit.sight,
    )
    found = visit.site.reads.incidents(wanted, limit=PAST_LOOKED_THROUGH).items
    earlier = (one for one in found if one.number < incident.number and not one.merged_into)
    alike = [one for one, _ in most_alike(incident, earlier)[:PAST_SHOWN]]
    notes = visit.site.reads.last_notes([one.id for one in alike])
    return [_past(one, notes.get(one.id)) for one in alike]


def _past(one: Incident, note: Note | None) -> Past:
    took = (one.resolved_at or one.created_at) - one.created_at
    return Past(one.number, one.title, one.created_at, took, note.text if note is not None else "")
