"""/services with their integrations, /vendors, /priorities. Decides nothing: a service is where its policy is."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, answer, named
from tocsin.dialects.pagerduty.read import services as read
from tocsin.dialects.pagerduty.resources import grouping
from tocsin.dialects.pagerduty.vendors import BY_ID, VENDORS
from tocsin.dialects.pagerduty.write import services as write
from tocsin.dialects.pagerduty.write.refs import Refs
from tocsin.directory.model import Integration, Service
from tocsin.directory.permissions import Verb


def listed(call: Call) -> Response:
    """GET /services."""
    refs = _refs(call)
    teams = frozenset(call.many("team_ids"))
    exact = call.query.get("name", "")
    seen = call.readable(call.config.services.values())
    if teams:
        seen = [one for one in seen if not teams.isdisjoint(call.config.team_ids_of_service(one.id))]
    if exact:
        seen = [one for one in seen if one.name == exact]
    found = named(seen, call.query.get("query", ""))
    if call.query.get("sort_by", "") == "name:desc":
        found.reverse()
    part, keys = call.window().cut(found)
    open_now = call.reads.open_by_service([service.id for service in part])
    shown = [
        write.service(service, refs, call.included, open_now=open_now.get(service.id), now=call.now) for service in part
    ]
    return answer({"services": shown, **keys})


def created(call: Call) -> Response:
    """POST /services."""
    fields = call.fields("service")
    fields.required("name", "escalation_policy")
    changes = read.service_changes(fields, None)
    return _answer(call, call.save("service", Service(id="", **changes)), 201)


def shown(call: Call) -> Response:
    """GET /services/{id}."""
    return _answer(call, service_in(call))


def changed(call: Call) -> Response:
    """PUT /services/{id}."""
    old = service_in(call)
    changes = read.service_changes(call.fields("service"), old)
    if not changes:
        return _answer(call, old)
    service = call.save("service", replace(old, **changes), changes)
    return _answer(call, grouping.left(call, service) if "group_seconds" in changes else service)


def removed(call: Call) -> Response:
    """DELETE /services/{id}: its open incidents are resolved, its integrations go with it."""
    return call.delete("service", service_in(call).id)


def integration_created(call: Call) -> Response:
    """POST /services/{id}/integrations."""
    service = service_in(call)
    changes = read.integration_changes(call.fields("integration"), creating=True)
    entry = call.save("integration", Integration(id="", service_id=service.id, **{"key": "", **changes}))
    return _integration_answer(call, entry, 201)


def integration_shown(call: Call) -> Response:
    """GET /services/{id}/integrations/{integration_id}."""
    return _integration_answer(call, _integration(call))


def integration_changed(call: Call) -> Response:
    """PUT /services/{id}/integrations/{integration_id}."""
    old = _integration(call)
    changes = read.integration_changes(call.fields("integration"), creating=False)
    return _integration_answer(call, call.save("integration", replace(old, **changes), changes) if changes else old)


def integration_removed(call: Call) -> Response:
    """DELETE /services/{id}/integrations/{integration_id}."""
    return call.delete("integration", _integration(call).id)


def vendors(call: Call) -> Response:
    """GET /vendors."""
    refs = _refs(call)
    found = named(VENDORS, call.query.get("query", ""))
    return call.listed("vendors", found, lambda vendor: write.vendor(vendor, refs))


def vendor_shown(call: Call) -> Response:
    """GET /vendors/{id}."""
    vendor = call.found(BY_ID.get(call.path["id"]))
    return answer({"vendor": write.vendor(vendor, _refs(call))})


def priorities(call: Call) -> Response:
    """GET /priorities: the most important one first."""
    refs = _refs(call)
    found = sorted(call.config.priorities.values(), key=lambda priority: (priority.order, priority.name))
    return call.listed("priorities", found, lambda priority: write.priority(priority, refs), default=100)


def service_in(call: Call) -> Service:
    """The service that the path names. Raises ApiError 404."""
    service = call.config.services.get(call.path["id"])
    return call.found(service, seen=service is not None and call.may_read(service))


def _refs(call: Call) -> Refs:
    """References, with the keys of integrations for those who may edit their service."""
    config = call.config
    return Refs(config, call.links, lambda service_id: call.may(Verb.EDIT, config.team_ids_of_service(service_id)))


def _integration(call: Call) -> Integration:
    service = service_in(call)
    entry = call.config.integrations.get(call.path["integration_id"])
    return call.found(entry, seen=entry is not None and entry.service_id == service.id)


def _answer(call: Call, service: Service, status: int = 200) -> Response:
    body = write.service(
        service,
        _refs(call),
        call.included,
        open_now=call.reads.open_by_service([service.id]).get(service.id),
        last_incident_at=call.reads.last_incident_at(service.id),
        now=call.now,
    )
    return answer({"service": body}, status)


def _integration_answer(call: Call, entry: Integration, status: int = 200) -> Response:
    return answer({"integration": write.integration(entry, _refs(call))}, status)
