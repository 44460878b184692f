"""/event_orchestrations: orchestrations, their integrations, the paths of orchestrations and services.

Decides nothing; a service that is not there answers 403 for its path, as the most used client takes only that for gone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, answer, named
from tocsin.dialects.pagerduty.errors import invalid, not_allowed, not_found
from tocsin.dialects.pagerduty.read import orchestrations as read
from tocsin.dialects.pagerduty.write import orchestrations as write
from tocsin.dialects.pagerduty.write.refs import Refs, Wire
from tocsin.directory.model import Service
from tocsin.directory.permissions import Verb
from tocsin.engine.thing_owners import needs_to_touch
from tocsin.events.orchestration import (
    Orchestration,
    OrchestrationKey,
    OrchestrationPath,
    PathKind,
    path_id,
)

Handler = Callable[[Call], Response]

SORTABLE = {"name": lambda one: (one.name.casefold(), one.id), "created_at": lambda one: (one.created_at, one.id)}
"""What a list may be sorted by."""


def listed(call: Call) -> Response:
    """GET /event_orchestrations."""
    seen = call.readable(call.config.orchestrations.values())
    found = named(seen, "")
    field, _, direction = call.query.get("sort_by", "").partition(":")
    if field in SORTABLE:
        found.sort(key=SORTABLE[field], reverse=direction == "desc")
    return call.listed("orchestrations", found, lambda one: _wire(call, one))


def created(call: Call) -> Response:
    """POST /event_orchestrations: with a first integration and empty paths."""
    fields = call.fields("orchestration")
    fields.required("name")
    changes = read.orchestration_changes(fields)
    return _answer(call, call.save("orchestration", Orchestration(id="", **changes)), 201)


def shown(call: Call) -> Response:
    """GET /event_orchestrations/{id}."""
    return _answer(call, _orchestration(call))


def changed(call: Call) -> Response:
    """PUT /event_orchestrations/{id}."""
    old = _orchestration(call)
    changes = read.orchestration_changes(call.fields("orchestration"))
    return _answer(call, call.save("orchestration", replace(old, **changes), changes) if changes else old)


def removed(call: Call) -> Response:
    """DELETE /event_orchestrations/{id}: its integrations, paths and cache variables go with it."""
    return call.delete("orchestration", _orchestration(call).id)


def integrations_listed(call: Call) -> Response:
    """GET /event_orchestrations/{id}/integrations."""
    one = _orchestration(call)
    found = [_integration_wire(call, one, key) for key in call.config.keys_of.get(one.id, ())]
    return answer({"integrations": found, "total": len(found)})


def integration_created(call: Call) -> Response:
    """POST /event_orchestrations/{id}/integrations."""
    one = _orchestration(call)
    fields = call.fields("integration")
    fields.required("label")
    key = OrchestrationKey(id="", orchestration_id=one.id, key="", **{"name": "", **read.label(fields)})
    return _integration_answer(call, one, call.save("orchestration_key", key), 201)


def integration_shown(call: Call) -> Response:
    """GET /event_orchestrations/{id}/integrations/{integration_id}."""
    one = _orchestration(call)
    return _integration_answer(call, one, _key(call, one))


def integration_changed(call: Call) -> Response:
    """PUT /event_orchestrations/{id}/integrations/{integration_id}."""
    one = _orchestration(call)
    old = _key(call, one)
    changes = read.label(call.fields("integration"))
    key = call.save("orchestration_key", replace(old, **changes), changes) if changes else old
    return _integration_answer(call, one, key)


def integration_removed(call: Call) -> Response:
    """DELETE /event_orchestrations/{id}/integrations/{integration_id}."""
    return call.delete("orchestration_key", _key(call, _orchestration(call)).id)


def integration_moved(call: Call) -> Response:
    """POST /event_orchestrations/{id}/integrations/migration: an integration of another orchestration comes here."""
    one = _orchestration(call)
    fields = call.fields("migration")
    fields.choice("source_type", ("orchestration",))
    fields.required("source_type", "source_id", "integration_id")
    source_id, key_id = fields.text("source_id"), fields.text("integration_id")
    fields.check()
    key = call.config.orchestration_keys.get(key_id or "")
    if key is None or key.orchestration_id != source_id:
        raise invalid(["Integration not found"])
    call.save("orchestration_key", replace(key, orchestration_id=one.id), ("orchestration_id",))
    return integrations_listed(call)


def path_shown(kind: PathKind) -> Handler:
    """GET of the path of this kind."""

    def handler(call: Call) -> Response:
        path = _path(call, kind)
        return answer({"orchestration_path": _path_wire(call, path)})

    return handler


def path_changed(kind: PathKind) -> Handler:
    """PUT of the path of this kind: its sets as a whole."""

    def handler(call: Call) -> Response:
        old = _path(call, kind)
        changes = read.path_changes(call.fields("orchestration_path"))
        new = replace(old, **changes)
        path = call.save("orchestration_path", new, changes if old.id in call.config.orchestration_paths else ())
        return answer({"orchestration_path": _path_wire(call, path), "warnings": []})

    return handler


def active_shown(call: Call) -> Response:
    """GET /event_orchestrations/services/{service_id}/active."""
    return answer({"active": _path(call, PathKind.SERVICE).active})


def active_changed(call: Call) -> Response:
    """PUT /event_orchestrations/services/{service_id}/active."""
    old = _path(call, PathKind.SERVICE)
    fields = call.fields("orchestration_path")
    wanted = fields.truth("active")
    if wanted is None:
        fields.wrong("Active must be true or false")
    fields.check()
    known = old.id in call.config.orchestration_paths
    path = call.save("orchestration_path", replace(old, active=bool(wanted)), ("active",) if known else ())
    return answer({"active": path.active})


def orchestration_of(call: Call) -> Orchestration:
    """The orchestration that the path names. Raises ApiError 404."""
    return _orchestration(call)


def service_of(call: Call) -> Service:
    """The service that the path names. Raises ApiError 403."""
    service = call.config.services.get(call.path["service_id"])
    if service is None or not call.may_read(service):
        raise not_allowed()
    return service


def _path(call: Call, kind: PathKind) -> OrchestrationPath:
    """The path, or an empty one where nothing was saved yet."""
    parent_id = service_of(call).id if kind is PathKind.SERVICE else _orchestration(call).id
    stored = call.config.orchestration_paths.get(path_id(parent_id, kind))
    return stored or OrchestrationPath(parent_id=parent_id, kind=kind, active=kind is not PathKind.SERVICE)


def _path_wire(call: Call, path: OrchestrationPath) -> Wire:
    needs = needs_to_touch(call.config, call.caller.actor, path)
    may_change = all(own or call.may(verb, team_ids) for verb, team_ids, own in needs)
    return write.path(path, Refs(call.config, call.links), may_see_secrets=may_change)


def _orchestration(call: Call) -> Orchestration:
    one = call.config.orchestrations.get(call.path["id"])
    return call.found(one, seen=one is not None and call.may_read(one))


def _key(call: Call, one: Orchestration) -> OrchestrationKey:
    key = call.config.orchestration_keys.get(call.path["integration_id"])
    if key is None or key.orchestration_id != one.id:
        raise not_found()
    return key


def _may_see_keys(call: Call, one: Orchestration) -> bool:
    return call.may(Verb.EDIT, (one.team_id,) if one.team_id else ())


def _wire(call: Call, one: Orchestration) -> Wire:
    return write.orchestration(one, Refs(call.config, call.links), may_see_keys=_may_see_keys(call, one))


def _integration_wire(call: Call, one: Orchestration, key: OrchestrationKey) -> Wire:
    return write.integration(key, may_see_keys=_may_see_keys(call, one))


def _answer(call: Call, one: Orchestration, status: int = 200) -> Response:
    return answer({"orchestration": _wire(call, one)}, status)


def _integration_answer(call: Call, one: Orchestration, key: OrchestrationKey, status: int = 200) -> Response:
    return answer({"integration": _integration_wire(call, one, key)}, status)


_OF_SERVICE = "/event_orchestrations/services/{service_id}"
_OF_ORCHESTRATION = "/event_orchestrations/{id}"

ROUTES: tuple[tuple[str, dict[str, Handler]], ...] = (
    ("/event_orchestrations", {"GET": listed, "POST": created}),
    (_OF_SERVICE, {"GET": path_shown(PathKind.SERVICE), "PUT": path_changed(PathKind.SERVICE)}),
    (f"{_OF_SERVICE}/active", {"GET": active_shown, "PUT": active_changed}),
    (_OF_ORCHESTRATION, {"GET": shown, "PUT": changed, "DELETE": removed}),
    (f"{_OF_ORCHESTRATION}/integrations", {"GET": integrations_listed, "POST": integration_created}),
    (f"{_OF_ORCHESTRATION}/integrations/migration", {"POST": integration_moved}),
    (
        f"{_OF_ORCHESTRATION}/integrations/{{integration_id}}",
        {"GET": integration_shown, "PUT": integration_changed, "DELETE": integration_removed},
    ),
    *(
        (f"{_OF_ORCHESTRATION}/{kind}", {"GET": path_shown(kind), "PUT": path_changed(kind)})
        for kind in (PathKind.GLOBAL, PathKind.ROUTER, PathKind.UNROUTED)
    ),
)
"""Path -> method -> handler."""
