"""/standards: what a well-kept service has, and which services have it.

Decides the standards, a fixed list, and how each is judged; clients may switch one off or leave services out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, Routes, answer
from tocsin.dialects.pagerduty.errors import invalid
from tocsin.dialects.pagerduty.read.kept import values_in
from tocsin.dialects.pagerduty.write.refs import Wire
from tocsin.directory.kept import Kept
from tocsin.directory.model import Service
from tocsin.engine.config import Config
from tocsin.kernel.limits import DESCRIPTION_CHARS

RESOURCE = "standard"
SERVICES = "technical_service"
AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Standard:
    """What a service should have."""

    id: str
    name: str
    type: str
    met: Callable[[Config, Service], bool]


STANDARDS = (
    Standard(
        "PSTDDSC",
        "Service has a description",
        "has_technical_service_description",
        lambda _config, service: bool((service.description or "").strip()),
    ),
    Standard(
        "PSTDESC",
        "Escalation policy has two or more levels",
        "minimum_escalation_rule_depth",
        lambda config, service: len(config.policies[service.policy_id].rules) > 1,
    ),
    Standard(
        "PSTDINT",
        "Service has an integration",
        "has_technical_service_integration",
        lambda config, service: bool(config.integrations_of.get(service.id)),
    ),
)


def listed(call: Call) -> Response:
    """GET /standards; `active` and `resource_type` narrow."""
    active, resource_type = call.query.get("active", ""), call.query.get("resource_type", "")
    found = [_wire(call, one) for one in STANDARDS]
    if active:
        found = [one for one in found if one["active"] == call.flag("active")]
    if resource_type:
        found = [one for one in found if one["resource_type"] == resource_type]
    return answer({"standards": found})


def changed(call: Call) -> Response:
    """PUT /standards/{id}: whether it counts, and for which services."""
    standard = call.found({one.id: one for one in STANDARDS}.get(call.path["id"]))
    fields = call.fields("standard")
    old = _kept(call, standard)
    values = values_in(old)
    if (active := fields.truth("active")) is not None:
        values["active"] = active
    if fields.given("description"):
        values["description"] = fields.text("description", DESCRIPTION_CHARS)
    for name in ("inclusions", "exclusions"):
        if fields.given(name):
            values[name] = list(fields.references(name))
    fields.check()
    wire = msgspec.json.encode(values).decode()
    wanted = old or Kept(id=f"standard.{standard.id}", resource=RESOURCE, name=standard.id)
    changed = ("wire",) if old is not None else ()
    call.save("kept", replace(wanted, wire=wire), changed, seen_at=wanted.updated_at)
    return answer(_wire(call, standard))


def scores(call: Call) -> Response:
    """GET /standards/scores/{resource_type}?ids: one score per service that may be seen."""
    _check_type(call)
    ids = [one for value in call.many("ids") for one in value.split(",") if one]
    if not 0 < len(ids) <= AT_ONCE:
        raise invalid([f"Ids must name 1 to {AT_ONCE} services"])
    services = [call.config.services[one] for one in ids if one in call.config.services]
    return answer({"resources": [_score(call, one) for one in services if call.may_read(one)]})


def score(call: Call) -> Response:
    """GET /standards/scores/{resource_type}/{id}."""
    _check_type(call)
    service = call.config.services.get(call.path["id"])
    found = call.found(service, seen=service is not None and call.may_read(service))
    return answer(_score(call, found))


def _check_type(call: Call) -> None:
    call.found(call.path, seen=call.path["resource_type"] in (SERVICES, f"{SERVICES}s"))


def _score(call: Call, service: Service) -> Wire:
    rows = []
    for standard in STANDARDS:
        values = values_in(_kept(call, standard))
        included = not values.get("inclusions") or service.id in values["inclusions"]
        if values.get("active", True) and included and service.id not in values.get("exclusions", ()):
            shown = _wire(call, standard)
            row = {name: shown[name] for name in ("active", "description", "id", "name", "type")}
            rows.append({**row, "pass": standard.met(call.config, service)})
    return {
        "resource_id": service.id,
        "resource_type": SERVICES,
        "score": {"passing": sum(bool(row["pass"]) for row in rows), "total": len(rows)},
        "standards": rows,
    }


def _kept(call: Call, standard: Standard) -> Kept | None:
    return next((one for one in call.config.kept_of.get(RESOURCE, ()) if one.name == standard.id), None)


def _wire(call: Call, standard: Standard) -> dict[str, Any]:
    values = values_in(_kept(call, standard))

    def services(name: str) -> list[Wire]:
        return [{"id": one, "type": f"{SERVICES}_reference"} for one in values.get(name, ())]

    return {
        "id": standard.id,
        "name": standard.name,
        "type": standard.type,
        "resource_type": SERVICES,
        "description": values.get("description") or standard.name,
        "active": values.get("active", True),
        "inclusions": services("inclusions"),
        "exclusions": services("exclusions"),
    }


ROUTES: Routes = (
    ("/standards", {"GET": listed}),
    ("/standards/scores/{resource_type}", {"GET": scores}),
    ("/standards/scores/{resource_type}/{id}", {"GET": score}),
    ("/standards/{id}", {"PUT": changed}),
)
"""Path -> method -> handler."""
