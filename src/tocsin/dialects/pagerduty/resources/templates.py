"""/templates: texts for status updates with places to fill in, the fields that those may name, and their rendering.

Decides who may have one rendered: whoever sees it and the incident.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, Routes, answer
from tocsin.dialects.pagerduty.errors import ApiError, invalid
from tocsin.dialects.pagerduty.read.fields import Fields
from tocsin.dialects.pagerduty.read.kept import NAME, OBJECT, Sort, Values, choice, long_text, values_in
from tocsin.dialects.pagerduty.resources.incidents import seen_incident
from tocsin.dialects.pagerduty.resources.keeping import Keeping
from tocsin.dialects.pagerduty.templates import FIELDS, PARTS, Subject, rendered
from tocsin.dialects.pagerduty.write.refs import Refs, Wire
from tocsin.directory.custom_fields import CustomField, shown
from tocsin.incidents.model import Incident
from tocsin.kernel.limits import DESCRIPTION_CHARS


def _templated(fields: Fields, values: Values) -> None:
    """Only the parts that there are, each a text that is short enough."""
    if not isinstance(values["templated_fields"], dict | None):
        return  # the shape is noted already
    parts = Fields(values["templated_fields"] or {}, fields.problems)
    values["templated_fields"] = {name: parts.text(name, most) for name, most in PARTS.items()}


TEMPLATE = Keeping(
    Sort(
        resource="template",
        wrapper="template",
        plural="templates",
        path="/templates",
        type="template",
        fields={
            "name": NAME,
            "description": long_text(),
            "template_type": choice("status_update", default="status_update"),
            "templated_fields": OBJECT,
        },
        filters={"template_type": "template_type"},
        constants={"created_by": None, "updated_by": None},
        check=_templated,
    )
)


def fields_listed(call: Call) -> Response:
    """GET /templates/fields: what is known of every incident, then the custom fields of each type."""
    standard = [_field(one.path, one.data_type.value, one.description, one.example, "standard_field") for one in FIELDS]
    every = call.config.fields.fields.values() if call.sees(()) else ()
    custom = [_custom(one) for one in every if one.enabled and not one.of_service]
    message = _field("status_update.message", "string", "The message of the update.", "Half is back", "standard_field")
    return answer({"fields": [*standard, message, *custom]})


def _custom(one: CustomField) -> Wire:
    body = _field(f"incident.{one.name}", one.data_type.value, one.description, None, "custom_field")
    return {**body, "default_value": shown(one.default) if one.default is not None else None}


def _field(path: str, data_type: str, description: str | None, example: str | None, kind: str) -> Wire:
    root = path.partition(".")[0]
    domain = {"order": 1, "summary": "Incident"} if root == "incident" else {"order": 2, "summary": "Status Update"}
    return {
        "type": kind,
        "summary": path,
        "keyword": None,
        "data_type": data_type,
        "description": description,
        "example": example,
        "default_value": None,
        "domain": domain,
        "domain_name": domain,
    }


def render(call: Call) -> Response:
    """POST /templates/{id}/render."""
    template = TEMPLATE.one(call)
    body = Fields(call.body())
    body.required("incident_id")
    wanted = body.text("incident_id") or ""
    update = body.object("status_update")
    message = (update.text("message", DESCRIPTION_CHARS) or "") if update is not None else ""
    body.check()
    subject = Subject(_incident(call, wanted), Refs(call.config, call.links), message, body.values.get("external"))
    held: Any = values_in(template).get("templated_fields") or {}
    made = rendered(held, subject)
    return answer({"templated_fields": made.parts, "warnings": made.warnings, "errors": made.errors})


def _incident(call: Call, wanted: str) -> Incident:
    try:
        return seen_incident(call, wanted)
    except ApiError:
        raise invalid(["Incident not found"]) from None


ROUTES: Routes = (
    ("/templates/fields", {"GET": fields_listed}),
    ("/templates/{id}/render", {"POST": render}),
    *TEMPLATE.routes(),
)
"""Path -> method -> handler. The fields stand before `/templates/{id}`."""
