"""Whether open incidents reach what the business offers: /business_services/impacts and its like, and by incident.

Decides what "impacted" means: an open incident on a service that it needs, directly or through others, if that incident
matters as much as the threshold asks (any, as long as there is none); or what somebody said of the two.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import msgspec
from starlette.responses import Response

from tocsin.dialects.pagerduty import pages
from tocsin.dialects.pagerduty.call import Call, Routes, answer, nothing
from tocsin.dialects.pagerduty.errors import invalid
from tocsin.dialects.pagerduty.read.fields import Fields
from tocsin.dialects.pagerduty.resources.business_services import business_service_in, visible
from tocsin.dialects.pagerduty.resources.incidents import incident_in
from tocsin.directory.business import BusinessService
from tocsin.directory.kept import Kept
from tocsin.engine.impact import THRESHOLD, matters
from tocsin.incidents.messages import SayImpact
from tocsin.incidents.model import Incident, Status
from tocsin.runtime.reads import IncidentFilter
from tocsin.runtime.sight import sight_of

RELATIONS = ("impacted", "not_impacted")
MOST = 1000
"""Open incidents that are looked at: what is beyond them impacts nothing new in practice."""


def impacts(call: Call) -> Response:
    """GET /business_services/impacts: those that nothing else needs, the impacted ones first."""
    supporting = {one.supporting_id for one in call.config.dependencies.values()}
    return _impacts(call, [one for one in visible(call) if one.id not in supporting])


def supporting_impacts(call: Call) -> Response:
    """GET /business_services/{id}/supporting_services/impacts: the business services that it needs directly."""
    service = business_service_in(call)
    needed = {one.supporting_id for one in call.config.dependencies.values() if one.dependent_id == service.id}
    return _impacts(call, [one for one in visible(call) if one.id in needed])


def impactors(call: Call) -> Response:
    """GET /business_services/impactors: the open incidents that reach any of them."""
    wanted = _among(call, visible(call))
    reaching = [incident for incident in _open(call) if any(_reached(call, one, [incident]) for one in wanted)]
    limit = call.window().limit
    body = [{"id": incident.id, "type": "incident"} for incident in reaching[:limit]]
    return answer({"impactors": body, "limit": limit, "more": limit < len(reaching)})


def _impacts(call: Call, services: Sequence[BusinessService]) -> Response:
    incidents = _open(call)
    rows = [_impact(call, one, _reached(call, one, incidents)) for one in _among(call, services)]
    rows.sort(key=lambda row: (row["status"] != "impacted", row["name"].casefold(), row["id"]))
    limit = call.window().limit
    body: dict[str, Any] = {"services": rows[:limit], "limit": limit, "more": len(rows) > limit}
    if "total_impacted_count" in call.many("additional_fields"):
        body["additional_fields"] = {"total_impacted_count": sum(row["status"] == "impacted" for row in rows)}
    return answer(body)


def _impact(call: Call, service: BusinessService, reaching: Sequence[Incident]) -> dict[str, Any]:
    known = call.config.priorities
    priorities = [known[one.priority_id] for one in reaching if one.priority_id and one.priority_id in known]
    highest = min(priorities, key=lambda one: one.order, default=None)
    return {
        "id": service.id,
        "name": service.name,
        "type": "business_service",
        "status": "impacted" if reaching else "not_impacted",
        "additional_fields": {
            "highest_impacting_priority": {"id": highest.id, "order": highest.order} if highest is not None else None
        },
    }


def _among(call: Call, services: Sequence[BusinessService]) -> list[BusinessService]:
    wanted = call.many("ids")
    return [one for one in services if not wanted or one.id in wanted]


def _open(call: Call) -> list[Incident]:
    """The open incidents that the caller may see and that matter enough."""
    sight = sight_of(call.caller.standing, call.caller.actor)
    wanted = IncidentFilter(statuses=(Status.TRIGGERED, Status.ACKNOWLEDGED), sight=sight)
    found = call.reads.incidents(wanted, limit=MOST).items
    return [one for one in found if matters(call.config, one)]


def _reached(call: Call, service: BusinessService, incidents: Sequence[Incident]) -> list[Incident]:
    needed = _needed(call, service.id)
    found = []
    for one in incidents:
        said = one.impacts.get(service.id)
        if said or (said is None and one.service_id in needed):
            found.append(one)
    return found


def _needed(call: Call, service_id: str) -> Collection[str]:
    """Every service that it needs, directly or through others."""
    found: set[str] = set()
    waiting = [service_id]
    while waiting:
        current = waiting.pop()
        for one in call.config.dependencies_of.get(current, ()):
            if one.supporting_id not in found:
                found.add(one.supporting_id)
                waiting.append(one.supporting_id)
    return found


# -- from which priority on


def threshold_shown(call: Call) -> Response:
    """GET /business_services/priority_thresholds: an empty object as long as there is none."""
    kept = _threshold(call)
    return answer({"global_threshold": msgspec.json.decode(kept.wire)} if kept is not None else {})


def threshold_set(call: Call) -> Response:
    """PUT /business_services/priority_thresholds: one of the priorities, by id."""
    fields: Fields = call.fields("global_threshold")
    fields.required("id")
    priority = call.config.priorities.get(fields.text("id") or "")
    fields.check()
    if priority is None:
        raise invalid(["Priority not found"])
    value = {"id": priority.id, "order": priority.order}
    old = _threshold(call)
    wanted = replace(old or Kept(id="", resource=THRESHOLD), wire=msgspec.json.encode(value).decode())
    call.save("kept", wanted, ("wire",) if old is not None else ())
    return answer({"global_threshold": value})


def threshold_removed(call: Call) -> Response:
    """DELETE /business_services/priority_thresholds."""
    kept = _threshold(call)
    return call.delete("kept", kept.id) if kept is not None else nothing()


def _threshold(call: Call) -> Kept | None:
    return next(iter(call.config.kept_of.get(THRESHOLD, ())), None)


# -- by incident


def of_incident(call: Call) -> Response:
    """GET /incidents/{id}/business_services/impacts: those that it reaches, and those of which somebody said no."""
    incident = incident_in(call)
    rows = [
        (one, _impact(call, one, _reached(call, one, [incident]))) for one in sorted(visible(call), key=pages.mark_of)
    ]
    wanted = [(one, row) for one, row in rows if one.id in incident.impacts or row["status"] == RELATIONS[0]]
    limit, cursor = pages.limit_in(call.query), call.query.get("cursor", "")
    part, following = pages.after(wanted, cursor, limit, lambda pair: pages.mark_of(pair[0]))
    return answer({"services": [row for _, row in part], "limit": limit, "next_cursor": following})


def said_of_incident(call: Call) -> Response:
    """PUT /incidents/{id}/business_services/{business_service_id}/impacts: what somebody says counts."""
    incident, service = incident_in(call), business_service_in(call, "business_service_id")
    fields = Fields(call.body())
    fields.required("relation")
    relation = fields.choice("relation", RELATIONS)
    fields.check()
    impacted = relation == RELATIONS[0]
    call.run(SayImpact(incident_id=incident.id, business_service_id=service.id, impacted=impacted))
    return answer({"relation": relation})


ROUTES: Routes = (
    ("/business_services/impactors", {"GET": impactors}),
    ("/business_services/impacts", {"GET": impacts}),
    (
        "/business_services/priority_thresholds",
        {"GET": threshold_shown, "PUT": threshold_set, "DELETE": threshold_removed},
    ),
    ("/business_services/{id}/supporting_services/impacts", {"GET": supporting_impacts}),
    ("/incidents/{id}/business_services/impacts", {"GET": of_incident}),
    ("/incidents/{id}/business_services/{business_service_id}/impacts", {"PUT": said_of_incident}),
)
"""Path -> method -> handler. They stand before `/business_services/{id}`."""
