"""{services|event_orchestrations}/{id}/enablements: which features are switched on for a thing. Kept, not acted upon.

Decides that a feature is on until somebody switches it off.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import msgspec
from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, Routes, answer
from tocsin.dialects.pagerduty.read.kept import values_in
from tocsin.dialects.pagerduty.resources.services import service_in
from tocsin.dialects.pagerduty.write.refs import Wire, instant
from tocsin.directory.kept import Kept

FEATURES = ("aiops",)
RESOURCE = "enablement"


def listed(kind: str, call: Call) -> Response:
    """GET .../enablements."""
    thing_id = _thing(kind, call)
    found = [_wire(feature, _kept(call, thing_id, feature)) for feature in FEATURES]
    return answer({"enablements": found, "warnings": []})


def changed(kind: str, call: Call) -> Response:
    """PUT .../enablements/{feature_name}. Clients read one enablement of an orchestration, a list of a service's."""
    thing_id = _thing(kind, call)
    feature = call.found(call.path["feature_name"], seen=call.path["feature_name"] in FEATURES)
    fields = call.fields("enablement")
    fields.required("enabled")
    enabled = fields.truth("enabled")
    fields.check()
    old = _kept(call, thing_id, feature)
    wanted = old or Kept(id=f"{thing_id}.{feature}", resource=RESOURCE, name=feature, parent_id=thing_id)
    wire = msgspec.json.encode({"enabled": enabled}).decode()
    changed = ("wire",) if old is not None else ()
    stored: Kept = call.save("kept", replace(wanted, wire=wire), changed, seen_at=wanted.updated_at)
    shown = _wire(feature, stored)
    return answer({"enablement": shown, "enablements": [shown], "warnings": []})


def _thing(kind: str, call: Call) -> str:
    if kind == "service":
        return service_in(call).id
    one = call.config.orchestrations.get(call.path["id"])
    return call.found(one, seen=one is not None and call.sees((one.team_id,) if one.team_id else ())).id


def _kept(call: Call, thing_id: str, feature: str) -> Kept | None:
    under = call.config.kept_under.get(thing_id, ())
    return next((one for one in under if (one.resource, one.name) == (RESOURCE, feature)), None)


def _wire(feature: str, kept: Kept | None) -> Wire:
    enabled = kept is None or values_in(kept)["enabled"]
    return {"feature": feature, "enabled": enabled, "updated_at": instant(kept.updated_at) if kept else None}


ROUTES: Routes = tuple(
    route
    for kind in ("service", "event_orchestration")
    for route in (
        (f"/{kind}s/{{id}}/enablements", {"GET": partial(listed, kind)}),
        (f"/{kind}s/{{id}}/enablements/{{feature_name}}", {"PUT": partial(changed, kind)}),
    )
)
"""Path -> method -> handler."""
