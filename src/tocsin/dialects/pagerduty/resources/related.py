"""Incidents beside an incident: those of its past, those of now, and how rare it is.

Decides how far back one looks; what is alike is `incidents.likeness`.
"""

from __future__ import annotations

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, Routes, answer
from tocsin.dialects.pagerduty.errors import invalid
from tocsin.dialects.pagerduty.read.times import moment_in
from tocsin.dialects.pagerduty.resources.incidents import incident_in
from tocsin.dialects.pagerduty.write import incidents as write
from tocsin.dialects.pagerduty.write.refs import Refs, Wire, instant
from tocsin.incidents.likeness import gist, most_alike
from tocsin.incidents.model import Incident, Status
from tocsin.kernel.time import DAY, Moment
from tocsin.runtime.reads import IncidentFilter
from tocsin.runtime.sight import sight_of

PAST: int = 180 * DAY
"""How far back one looks for incidents that were alike."""

LOOKED_THROUGH = 1000
"""So many of the service's newest incidents are compared."""

RELATED = 20
MOST = 999


def past(call: Call) -> Response:
    """GET /incidents/{id}/past_incidents: resolved ones of its service that were alike, the most alike first."""
    incident = incident_in(call)
    text = call.query.get("limit", "") or "5"
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST):
        raise invalid([f"Limit must be a whole number, 1 to {MOST}"])
    limit = int(text[:9])
    found = _of_service(call, incident, incident.created_at - PAST)
    alike = most_alike(incident, (one for one in found if one.status is Status.RESOLVED))
    lines = [{"incident": _short(call, one), "score": score} for one, score in alike[:limit]]
    return answer({"past_incidents": lines, "total": len(alike) if call.flag("total") else None, "limit": limit})


def related(call: Call) -> Response:
    """GET /incidents/{id}/related_incidents: open ones of services that its service needs, or that need it."""
    incident = incident_in(call)
    edges = call.config.dependencies.values()
    needs = {one.supporting_id for one in edges if one.dependent_id == incident.service_id}
    needed_by = {one.dependent_id for one in edges if one.supporting_id == incident.service_id}
    beside = tuple(sorted((needs | needed_by) & set(call.config.services)))
    wanted = IncidentFilter(
        service_ids=beside,
        statuses=(Status.TRIGGERED, Status.ACKNOWLEDGED),
        sight=sight_of(call.caller.standing, call.caller.actor),
    )
    found = call.reads.incidents(wanted, limit=RELATED).items if beside else ()
    refs = Refs(call.config, call.links)
    bodies = write.incidents(found, refs, call.reads, call.now)
    lines = []
    for one, body in zip(found, bodies, strict=True):
        ends = (
            (incident.service_id, one.service_id) if one.service_id in needs else (one.service_id, incident.service_id)
        )
        dependent, supporting = ({"id": end, "type": "technical_service_reference"} for end in ends)
        metadata = {"dependent_services": [dependent], "supporting_services": [supporting]}
        lines.append({"incident": body, "relationships": [{"type": "service_dependency", "metadata": metadata}]})
    return answer({"related_incidents": lines})


def outlier(call: Call) -> Response:
    """GET /incidents/{id}/outlier_incident: how often the service had the like of it since `since`."""
    incident = incident_in(call)
    since = moment_in(call.query, "since")
    found = _of_service(call, incident, incident.created_at - PAST if since is None else since)
    alike = len(most_alike(incident, found))
    words = "novel" if alike == 0 else "rare" if alike * 20 <= len(found) else "frequent"
    body = {**_short(call, incident), "type": "incident", "occurrence": {"category": words, "count": alike}}
    template = {"id": incident.id, "cluster_id": incident.service_id, "mined_text": gist(incident.title)}
    return answer({"outlier_incident": {"incident": body, "incident_template": template}})


def _of_service(call: Call, incident: Incident, since: Moment) -> list[Incident]:
    """Earlier incidents of the same service that the caller may see, the newest first."""
    wanted = IncidentFilter(
        service_ids=(incident.service_id,),
        since=since,
        until=incident.created_at + 1,
        sight=sight_of(call.caller.standing, call.caller.actor),
    )
    return [one for one in call.reads.incidents(wanted, limit=LOOKED_THROUGH).items if one.number < incident.number]


def _short(call: Call, one: Incident) -> Wire:
    reference = Refs(call.config, call.links).incident(one.id, one.number, one.title)
    return {"id": one.id, "created_at": instant(one.created_at), "self": reference["self"], "title": one.title}


ROUTES: Routes = (
    ("/incidents/{id}/past_incidents", {"GET": past}),
    ("/incidents/{id}/related_incidents", {"GET": related}),
    ("/incidents/{id}/outlier_incident", {"GET": outlier}),
)
"""Path -> method -> handler."""
