"""/business_services: what the business offers, and whether open incidents reach it.

Decides what "impacted" means: an open incident on a service that it needs, directly or through others, if that incident
matters as much as the threshold asks (any, as long as there is none).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import msgspec
from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, Routes, answer, named, nothing
from tocsin.dialects.pagerduty.errors import invalid
from tocsin.dialects.pagerduty.read import business as read
from tocsin.dialects.pagerduty.read.fields import Fields
from tocsin.dialects.pagerduty.resources import subscribers
from tocsin.dialects.pagerduty.write import business as write
from tocsin.dialects.pagerduty.write.refs import Refs
from tocsin.directory.business import BusinessService
from tocsin.directory.kept import Kept
from tocsin.incidents.model import Incident, Status
from tocsin.runtime.reads import IncidentFilter, sight_of

THRESHOLD = "priority_threshold"
ACCOUNT_SUBSCRIPTION = "account_subscription"
"""What is kept under these words."""

MOST = 1000
"""Open incidents that are looked at: what is beyond them impacts nothing new in practice."""


def listed(call: Call) -> Response:
    """GET /business_services."""
    refs = Refs(call.config, call.links)
    found = named(_visible(call), call.query.get("query", ""))
    return call.listed("business_services", found, lambda one: write.business_service(one, refs))


def created(call: Call) -> Response:
    """POST /business_services."""
    fields = call.fields("business_service")
    fields.required("name")
    changes = read.business_service_changes(fields)
    return _answer(call, call.save("business_service", BusinessService(id="", **changes)))


def shown(call: Call) -> Response:
    """GET /business_services/{id}."""
    return _answer(call, _service(call))


def changed(call: Call) -> Response:
    """PUT /business_services/{id}."""
    old = _service(call)
    changes = read.business_service_changes(call.fields("business_service"))
    return _answer(call, call.save("business_service", replace(old, **changes), changes) if changes else old)


def removed(call: Call) -> Response:
    """DELETE /business_services/{id}: what it needs and who wanted to hear of it go with it."""
    return call.delete("business_service", _service(call).id)


# -- who hears of it


def subscribers_listed(call: Call) -> Response:
    """GET /business_services/{id}/subscribers."""
    service = _service(call)
    found = [one for one in call.config.subscribers.values() if one.subscribed_id == service.id]
    part, keys = call.window().cut(sorted(found, key=lambda one: (one.created_at, one.id)))
    return answer({"subscribers": [write.subscriber(one) for one in part], "account_id": write.ACCOUNT, **keys})


def subscribers_added(call: Call) -> Response:
    """POST /business_services/{id}/subscribers: each with its own result."""
    return subscribers.added(call, read.subscribers(call.body(), _service(call).id))


def subscribers_removed(call: Call) -> Response:
    """POST /business_services/{id}/unsubscribe."""
    return subscribers.removed(call, read.subscribers(call.body(), _service(call).id))


def account_subscribed(call: Call) -> Response:
    """POST /business_services/{id}/account_subscription: everybody is to hear of it."""
    service = _service(call)
    old = _account_subscription(call, service)
    wanted = old or Kept(id="", resource=ACCOUNT_SUBSCRIPTION, parent_id=service.id)
    call.save("kept", wanted, ("wire",) if old is not None else ())
    return answer({"account_is_subscribed": True})


def account_unsubscribed(call: Call) -> Response:
    """DELETE /business_services/{id}/account_subscription."""
    return call.delete("kept", call.found(_account_subscription(call, _service(call))).id)


def _account_subscription(call: Call, service: BusinessService) -> Kept | None:
    under = call.config.kept_under.get(service.id, ())
    return next((one for one in under if one.resource == ACCOUNT_SUBSCRIPTION), None)


# -- what open incidents reach


def impacts(call: Call) -> Response:
    """GET /business_services/impacts: those that nothing else needs, the impacted ones first."""
    supporting = {one.supporting_id for one in call.config.dependencies.values()}
    return _impacts(call, [one for one in _visible(call) if one.id not in supporting])


def supporting_impacts(call: Call) -> Response:
    """GET /business_services/{id}/supporting_services/impacts: the business services that it needs directly."""
    service = _service(call)
    needed = {one.supporting_id for one in call.config.dependencies.values() if one.dependent_id == service.id}
    return _impacts(call, [one for one in _visible(call) if one.id in needed])


def impactors(call: Call) -> Response:
    """GET /business_services/impactors: the open incidents that reach any of them."""
    wanted = _among(call, _visible(call))
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
    threshold = _threshold(call)
    if threshold is None:
        return list(found)
    least = msgspec.json.decode(threshold.wire)["order"]
    orders = {one.id: one.order for one in call.config.priorities.values()}
    return [one for one in found if orders.get(one.priority_id or "", least + 1) <= least]


def _reached(call: Call, service: BusinessService, incidents: Sequence[Incident]) -> list[Incident]:
    needed = _needed(call, service.id)
    return [one for one in incidents if one.service_id in needed]


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


# -- looking up


def _visible(call: Call) -> list[BusinessService]:
    return [one for one in call.config.business_services.values() if call.sees((one.team_id,) if one.team_id else ())]


def _service(call: Call) -> BusinessService:
    one = call.config.business_services.get(call.path["id"])
    return call.found(one, seen=one is not None and call.sees((one.team_id,) if one.team_id else ()))


def _answer(call: Call, one: BusinessService) -> Response:
    return answer({"business_service": write.business_service(one, Refs(call.config, call.links))})


ROUTES: Routes = (
    ("/business_services", {"GET": listed, "POST": created}),
    ("/business_services/impactors", {"GET": impactors}),
    ("/business_services/impacts", {"GET": impacts}),
    (
        "/business_services/priority_thresholds",
        {"GET": threshold_shown, "PUT": threshold_set, "DELETE": threshold_removed},
    ),
    ("/business_services/{id}", {"GET": shown, "PUT": changed, "DELETE": removed}),
    (
        "/business_services/{id}/account_subscription",
        {"POST": account_subscribed, "DELETE": account_unsubscribed},
    ),
    ("/business_services/{id}/subscribers", {"GET": subscribers_listed, "POST": subscribers_added}),
    ("/business_services/{id}/supporting_services/impacts", {"GET": supporting_impacts}),
    ("/business_services/{id}/unsubscribe", {"POST": subscribers_removed}),
)
"""Path -> method -> handler."""
