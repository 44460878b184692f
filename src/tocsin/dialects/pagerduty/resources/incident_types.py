"""/incidents/types: kinds of incidents, each with custom fields of its own and those of the types above it.

Decides that types are switched off, never removed, and that the base type stays as it is.
"""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, Routes, answer
from tocsin.dialects.pagerduty.errors import invalid
from tocsin.dialects.pagerduty.read.custom_fields import type_changes
from tocsin.dialects.pagerduty.write import custom_fields as write
from tocsin.directory.custom_fields import BASE_TYPE, IncidentType


def listed(call: Call) -> Response:
    """GET: those that are switched on, or as `filter` says; the base type first."""
    wanted = call.query.get("filter", "") or "enabled"
    if wanted not in ("enabled", "disabled", "all"):
        raise invalid(["Filter must be one of enabled, disabled, all"])
    stored = sorted(call.config.fields.stored_types.values(), key=lambda one: (one.created_at, one.id))
    every = [BASE_TYPE, *(stored if call.sees(()) else ())]
    found = [one for one in every if wanted == "all" or one.enabled is (wanted == "enabled")]
    return answer({"incident_types": [write.incident_type(one, call.config.fields, call.links) for one in found]})


def created(call: Call) -> Response:
    """POST."""
    changes = type_changes(call.fields("incident_type"), call.config.fields, None)
    blank = IncidentType(id="", name="", display_name="", parent_id=BASE_TYPE.id)
    return _answer(call, call.save("incident_type", replace(blank, **changes)), 201)


def shown(call: Call) -> Response:
    """GET of one."""
    return _answer(call, type_in(call))


def changed(call: Call) -> Response:
    """PUT."""
    old = type_in(call)
    changes = type_changes(call.fields("incident_type"), call.config.fields, old)
    if old is BASE_TYPE:
        raise invalid(["The default incident type cannot be changed"])
    return _answer(call, call.save("incident_type", replace(old, **changes), changes, seen_at=old.updated_at))


def type_in(call: Call) -> IncidentType:
    """The type that the path names, by id or name. Raises ApiError 404."""
    wanted, index = call.path["type_id_or_name"], call.config.fields
    found = index.types.get(wanted) or index.type_named(wanted)
    return call.found(found, seen=found is BASE_TYPE or call.sees(()))


def _answer(call: Call, one: IncidentType, status: int = 200) -> Response:
    return answer({"incident_type": write.incident_type(one, call.config.fields, call.links)}, status)


ROUTES: Routes = (
    ("/incidents/types", {"GET": listed, "POST": created}),
    ("/incidents/types/{type_id_or_name}", {"GET": shown, "PUT": changed}),
)
"""Path -> method -> handler."""
