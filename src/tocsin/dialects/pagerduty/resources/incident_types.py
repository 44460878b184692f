"""/incidents/types: kinds of incidents that clients define. Every incident is of the default one; others are kept.

Decides that the default type is always there, and that types are switched off, never removed.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, Routes
from tocsin.dialects.pagerduty.errors import invalid
from tocsin.dialects.pagerduty.read.kept import Paging, Sort, long_text, text, truth, values_in
from tocsin.dialects.pagerduty.resources.keeping import Keeping
from tocsin.dialects.pagerduty.write.refs import Wire
from tocsin.directory.kept import Kept

DEFAULT = Kept(
    id="PINCTYP",
    resource="incident_type",
    name="incident_default",
    wire='{"name": "incident_default", "display_name": "Base Incident", "enabled": true, "parent_type": null}',
)
"""The type that every incident has."""


class IncidentTypes(Keeping):
    """Types by id or name, the default one among them."""

    def found(self, call: Call) -> list[Kept]:
        """Those that are switched on, or as `filter` says; the default one first."""
        wanted = call.query.get("filter", "") or "enabled"
        if wanted not in ("enabled", "disabled", "all"):
            raise invalid(["Filter must be one of enabled, disabled, all"])
        every = [DEFAULT, *super().found(call)]
        return [one for one in every if wanted == "all" or values_in(one)["enabled"] == (wanted == "enabled")]

    def one(self, call: Call) -> Kept:
        """By id or name. Raises ApiError 404."""
        return call.found(type_named(call, call.path[self.sort.parameter]))

    def changed(self, call: Call) -> Response:
        """PUT; the default type is as it is."""
        if self.one(call) is DEFAULT:
            raise invalid(["The default incident type cannot be changed"])
        return super().changed(call)


def type_named(call: Call, wanted: str) -> Kept | None:
    """A type by id or name that may be seen."""
    kept = [one for one in call.config.kept_of.get(DEFAULT.resource, ()) if call.sees(one.team_ids)]
    return next((one for one in (DEFAULT, *kept) if wanted in (one.id, one.name)), None)


def _more(call: Call, _one: Kept, body: Wire) -> dict[str, Any]:
    parent = type_named(call, str(body["parent_type"] or ""))
    reference = {"id": parent.id, "type": "incident_type_reference"} if parent is not None else None
    return {"summary": body["display_name"], "parent": reference}


INCIDENT_TYPES = IncidentTypes(
    Sort(
        resource=DEFAULT.resource,
        wrapper="incident_type",
        plural="incident_types",
        path="/incidents/types",
        parameter="type_id_or_name",
        type="incident_type",
        fields={
            "name": text(fixed=True),
            "display_name": text(),
            "description": long_text(),
            "parent_type": text(fixed=True),
            "enabled": truth(default=True),
        },
        required=("name", "display_name", "parent_type"),
        paging=Paging.NONE,
        unique=True,
        dates=("created_at", "updated_at"),
    ),
    more=_more,
    deletes=False,
)


def created(call: Call) -> Response:
    """POST /incidents/types; its parent must be there."""
    fields = call.fields("incident_type")
    parent = fields.text("parent_type")
    if parent and type_named(call, parent) is None:
        raise invalid([f"Parent type {parent} not found"])
    return INCIDENT_TYPES.created(call)


ROUTES: Routes = (
    ("/incidents/types", {"GET": INCIDENT_TYPES.listed, "POST": created}),
    *INCIDENT_TYPES.routes()[1:],
)
"""Path -> method -> handler."""
