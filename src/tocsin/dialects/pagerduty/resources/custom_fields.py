"""Custom fields of incidents, of services and of incident types, their options, and the values that things have.

Decides which fields a thing has: an incident those of all incidents and of the default type. All of it is kept only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, Routes, answer
from tocsin.dialects.pagerduty.read.custom_fields import FIELD_FIELDS, check_field, check_option, fits, option_value
from tocsin.dialects.pagerduty.read.fields import Fields
from tocsin.dialects.pagerduty.read.kept import OBJECT, Draft, Paging, Sort, values_in
from tocsin.dialects.pagerduty.resources.incident_types import DEFAULT, INCIDENT_TYPES
from tocsin.dialects.pagerduty.resources.incidents import incident_in
from tocsin.dialects.pagerduty.resources.keeping import Keeping
from tocsin.dialects.pagerduty.resources.services import service_in
from tocsin.dialects.pagerduty.write.refs import Wire
from tocsin.directory.kept import Kept

DATES = ("created_at", "updated_at")


@dataclass(frozen=True, slots=True)
class Family:
    """The fields of one sort of thing, with their options."""

    fields: Keeping
    options: Keeping

    def options_of(self, call: Call, field_id: str) -> list[Kept]:
        """The options of a field, oldest first."""
        under = call.config.kept_under.get(field_id, ())
        return [one for one in under if one.resource == self.options.sort.resource]


def family(resource: str, path: str, parent: Callable[[Call], str], more: Mapping[str, str]) -> Family:
    """Fields under this path. `more`: what a field shows beyond its own -> the parameter of the path that says it."""
    options = Keeping(
        Sort(
            resource=f"{resource}_option",
            wrapper="field_option",
            plural="field_options",
            path=f"{path}/{{field_id}}/field_options",
            parameter="field_option_id",
            type="field_option",
            fields={"data": OBJECT},
            required=("data",),
            paging=Paging.NONE,
            dates=DATES,
            check=check_option,
        ),
        parent=lambda call: made.fields.one(call).id,
    )
    fields = Keeping(
        Sort(
            resource=resource,
            wrapper="field",
            plural="fields",
            path=path,
            parameter="field_id",
            type="field",
            fields=FIELD_FIELDS,
            required=("name", "display_name", "data_type"),
            paging=Paging.NONE,
            unique=True,
            constants={"namespace": path.split("/")[1]},
            dates=DATES,
            check=check_field,
        ),
        parent=parent,
        more=lambda call, one, body: _more(call, made, one, body, more),
        saved=lambda call, one, draft: _save_options(call, made, one, draft),
    )
    made = Family(fields, options)
    return made


def _more(call: Call, of: Family, one: Kept, body: Wire, more: Mapping[str, str]) -> Wire:
    """Options show where they are asked for, and with what was just written; one client breaks on them elsewhere."""
    extra = {name: call.path[parameter] for name, parameter in more.items()}
    plain = {"summary": body["display_name"], "html_url": None, **extra}
    if call.method == "GET" and "field_options" not in call.included:
        return plain
    shown = [{**of.options.wire(call, each), "self": None, "html_url": None} for each in of.options_of(call, one.id)]
    return {**plain, "field_options": shown}


def _save_options(call: Call, of: Family, one: Kept, draft: Draft) -> None:
    """Options that come with their field are all that it has: those that it had by id or by value stay themselves."""
    if not draft.fields.given("field_options"):
        return
    left = {each.id: values_in(each)["data"]["value"] for each in of.options_of(call, one.id)}
    wanted = [(each.values.get("id"), option_value(each)) for each in draft.fields.objects("field_options")]
    for option_id, value in wanted:
        known = option_id if option_id in left else next((key for key, held in left.items() if held == value), None)
        wire = msgspec.json.encode({"data": {"data_type": "string", "value": value}}).decode()
        kept = Kept(id=str(known or ""), resource=of.options.sort.resource, parent_id=one.id, wire=wire)
        call.save("kept", kept, ("wire",) if known is not None else ())
        left.pop(str(known), None)
    for option_id in left:
        call.delete("kept", option_id)


INCIDENT_FIELDS = family("incident_field", "/incidents/custom_fields", lambda _call: "", {})
TYPE_FIELDS = family(
    "incident_type_field",
    "/incidents/types/{type_id_or_name}/custom_fields",
    lambda call: INCIDENT_TYPES.one(call).id,
    {"incident_type": "type_id_or_name"},
)
SERVICE_FIELDS = family("service_field", "/services/custom_fields", lambda _call: "", {})


# -- values


@dataclass(frozen=True, slots=True)
class Holder:
    """A sort of things that have values: how one is found, and the fields that it has."""

    resource: str
    find: Callable[[Call], str]
    families: tuple[tuple[Family, str], ...]

    def shown(self, call: Call) -> Response:
        """GET .../custom_fields/values."""
        return self._answer(call, self.find(call))

    def changed(self, call: Call) -> Response:
        """PUT .../custom_fields/values: each by id or by name; the others stay."""
        thing_id = self.find(call)
        body = Fields(call.body())
        old = self._kept(call, thing_id)
        values = values_in(old)
        known = self._fields(call)
        body.required("custom_fields")
        for one in body.objects("custom_fields"):
            named = {values_in(field)["name"]: field for field, _ in known.values()}
            wanted = one.text("id") or one.text("name") or ""
            field = known[wanted][0] if wanted in known else named.get(wanted)
            if field is None:
                body.wrong(f"Custom field {wanted} not found")
            elif not fits(one.values.get("value"), values_in(field), known[field.id][1]):
                body.wrong(f"Value of {field.name} does not fit its data type and field type")
            else:
                values[field.id] = one.values.get("value")
        body.check()
        wire = msgspec.json.encode({key: value for key, value in values.items() if key in known}).decode()
        before = old or Kept(id=f"{thing_id}.values", resource=self.resource, parent_id=thing_id)
        changed = ("wire",) if old is not None else ()
        call.save("kept", replace(before, wire=wire), changed, seen_at=before.updated_at)
        return self._answer(call, thing_id)

    def _fields(self, call: Call) -> dict[str, tuple[Kept, list[str] | None]]:
        """The fields by id, each with what it may be if that is fixed."""
        found: dict[str, tuple[Kept, list[str] | None]] = {}
        for of, parent_id in self.families:
            for one in call.config.kept_of.get(of.fields.sort.resource, ()):
                if one.parent_id == parent_id:
                    options = [str(values_in(each)["data"]["value"]) for each in of.options_of(call, one.id)]
                    found[one.id] = one, options
        return found

    def _kept(self, call: Call, thing_id: str) -> Kept | None:
        under = call.config.kept_under.get(thing_id, ())
        return next((one for one in under if one.resource == self.resource), None)

    def _answer(self, call: Call, thing_id: str) -> Response:
        held = values_in(self._kept(call, thing_id))
        rows = [_row(one, held) for one, _ in self._fields(call).values()]
        return answer({"custom_fields": rows})


def _row(field: Kept, held: Mapping[str, Any]) -> Wire:
    form = values_in(field)
    return {
        "id": field.id,
        "type": "field_value",
        **{name: form[name] for name in ("name", "display_name", "description", "data_type", "field_type")},
        "value": held.get(field.id, form["default_value"]),
    }


INCIDENT_VALUES = Holder(
    "incident_field_values",
    lambda call: incident_in(call).id,
    ((INCIDENT_FIELDS, ""), (TYPE_FIELDS, DEFAULT.id)),
)
SERVICE_VALUES = Holder("service_field_values", lambda call: service_in(call).id, ((SERVICE_FIELDS, ""),))


def _all(of: Family) -> Routes:
    return (*of.fields.routes(), *of.options.routes())


ROUTES: Routes = (
    *_all(INCIDENT_FIELDS),
    *_all(TYPE_FIELDS),
    *_all(SERVICE_FIELDS),
    ("/incidents/{id}/custom_fields/values", {"GET": INCIDENT_VALUES.shown, "PUT": INCIDENT_VALUES.changed}),
    ("/services/{id}/custom_fields/values", {"GET": SERVICE_VALUES.shown, "PUT": SERVICE_VALUES.changed}),
)
"""Path -> method -> handler."""
