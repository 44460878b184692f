"""Custom fields of incidents, of services and of incident types, their options, and the values that things have.

Decides which of a type's fields a path names: `/incidents/custom_fields` are those of the base type
(the published description says so), and a type's own path leaves out what it inherits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, Routes, answer, nothing
from tocsin.dialects.pagerduty.read import custom_fields as read
from tocsin.dialects.pagerduty.read.fields import Fields
from tocsin.dialects.pagerduty.resources.incident_types import type_in
from tocsin.dialects.pagerduty.resources.incidents import incident_in
from tocsin.dialects.pagerduty.resources.services import service_in
from tocsin.dialects.pagerduty.write import custom_fields as write
from tocsin.dialects.pagerduty.write.refs import Wire
from tocsin.directory.custom_fields import BASE_TYPE, CustomField, DataType, FieldOption
from tocsin.incidents.field_messages import SetFields


@dataclass(frozen=True, slots=True)
class Family:
    """The fields of one sort of thing under their path. `type_id`: of which type they are, "" = of services."""

    path: str
    type_id: Callable[[Call], str]

    def listed(self, call: Call) -> Response:
        """GET of all."""
        own = call.config.fields.own(self.type_id(call))
        return answer({"fields": [self._wire(call, one) for one in own if call.sees(())]})

    def created(self, call: Call) -> Response:
        """POST."""
        type_id = self.type_id(call)
        changes = read.field_changes(call.fields("field"), None)
        blank = CustomField(id="", name="", display_name="", data_type=DataType.STRING, type_id=type_id)
        return self._answer(call, call.save("custom_field", replace(blank, **changes)), 201)

    def shown(self, call: Call) -> Response:
        """GET of one."""
        return self._answer(call, self.one(call))

    def changed(self, call: Call) -> Response:
        """PUT."""
        old = self.one(call)
        changes = read.field_changes(call.fields("field"), old)
        return self._answer(call, call.save("custom_field", replace(old, **changes), changes, seen_at=old.updated_at))

    def removed(self, call: Call) -> Response:
        """DELETE."""
        return call.delete("custom_field", self.one(call).id)

    def one(self, call: Call) -> CustomField:
        """The field that the path names. Raises ApiError 404."""
        type_id = self.type_id(call)
        found = call.found(call.config.fields.fields.get(call.path["field_id"]), seen=call.sees(()))
        return call.found(found, seen=found.type_id == type_id)

    def _answer(self, call: Call, one: CustomField, status: int = 200) -> Response:
        return answer({"field": self._wire(call, one)}, status)

    def _wire(self, call: Call, one: CustomField) -> Wire:
        """Options show where they are asked for and with what was just written; one client breaks on them elsewhere."""
        used = call.path.get("type_id_or_name")
        path = self.path.replace("{type_id_or_name}", used or "")
        body = write.field(one, call.links, f"{path}/{one.id}".removeprefix("/"))
        if used is not None:
            body["incident_type"] = used
        if call.method != "GET" or "field_options" in call.included:
            body["field_options"] = [write.option(each) for each in one.options]
        return body

    # -- options

    def options(self, call: Call) -> Response:
        """GET of a field's options."""
        return answer({"field_options": [write.option(one) for one in self.one(call).options]})

    def option_added(self, call: Call) -> Response:
        """POST of an option."""
        field = self.one(call)
        fields = call.fields("field_option")
        value = read.option_value(fields)
        fields.check()
        stored = self._with_options(call, field, (*field.options, FieldOption(id="", value=value)))
        return answer({"field_option": write.option(stored.options[-1])}, 201)

    def option_shown(self, call: Call) -> Response:
        """GET of an option."""
        return answer({"field_option": write.option(self._option(call, self.one(call)))})

    def option_changed(self, call: Call) -> Response:
        """PUT of an option."""
        field = self.one(call)
        old = self._option(call, field)
        fields = call.fields("field_option")
        changed = old
        if fields.given("data"):
            changed = replace(old, value=read.option_value(fields))
        fields.check()
        options = tuple(changed if one is old else one for one in field.options)
        return answer({"field_option": write.option(self._option(call, self._with_options(call, field, options)))})

    def option_removed(self, call: Call) -> Response:
        """DELETE of an option; what has it as its value keeps it."""
        field = self.one(call)
        gone = self._option(call, field)
        self._with_options(call, field, tuple(one for one in field.options if one is not gone))
        return nothing()

    def _option(self, call: Call, field: CustomField) -> FieldOption:
        wanted = call.path["field_option_id"]
        return call.found(next((one for one in field.options if one.id == wanted), None))

    def _with_options(self, call: Call, field: CustomField, options: tuple[FieldOption, ...]) -> CustomField:
        changed = replace(field, options=options)
        stored: CustomField = call.save("custom_field", changed, ("options",), seen_at=field.updated_at)
        return stored

    def routes(self) -> Routes:
        """The four paths."""
        options = f"{self.path}/{{field_id}}/field_options"
        each = {"GET": self.option_shown, "PUT": self.option_changed, "DELETE": self.option_removed}
        return (
            (self.path, {"GET": self.listed, "POST": self.created}),
            (f"{self.path}/{{field_id}}", {"GET": self.shown, "PUT": self.changed, "DELETE": self.removed}),
            (options, {"GET": self.options, "POST": self.option_added}),
            (f"{options}/{{field_option_id}}", each),
        )


OF_INCIDENTS = Family("/incidents/custom_fields", lambda _call: BASE_TYPE.id)
OF_TYPES = Family("/incidents/types/{type_id_or_name}/custom_fields", lambda call: type_in(call).id)
OF_SERVICES = Family("/services/custom_fields", lambda _call: "")


# -- values


def incident_values(call: Call) -> Response:
    """GET /incidents/{id}/custom_fields/values."""
    incident = incident_in(call)
    known = call.config.fields.of_type(incident.type_name)
    return answer({"custom_fields": write.values(known, incident.field_values)})


def incident_values_set(call: Call) -> Response:
    """PUT /incidents/{id}/custom_fields/values: each by id or by name; the others stay."""
    incident = incident_in(call)
    wanted = _wanted(call, call.config.fields.of_type(incident.type_name))
    call.run(SetFields(incident_id=incident.id, values=wanted))
    return incident_values(call)


def service_values(call: Call) -> Response:
    """GET /services/{id}/custom_fields/values."""
    service = service_in(call)
    return answer({"custom_fields": write.values(call.config.fields.of_services, service.field_values)})


def service_values_set(call: Call) -> Response:
    """PUT /services/{id}/custom_fields/values: each by id or by name; the others stay."""
    service = service_in(call)
    wanted = {**service.field_values, **_wanted(call, call.config.fields.of_services)}
    there = {field_id: value for field_id, value in wanted.items() if field_id in call.config.fields.fields}
    changed = replace(service, field_values=there)
    call.save("service", changed, ("field_values",), seen_at=service.updated_at)
    return service_values(call)


def _wanted(call: Call, known: tuple[CustomField, ...]) -> dict[str, object]:
    body = Fields(call.body())
    body.required("custom_fields")
    found = read.field_values(body, known)
    body.check()
    return found


ROUTES: Routes = (
    *OF_INCIDENTS.routes(),
    *OF_TYPES.routes(),
    *OF_SERVICES.routes(),
    ("/incidents/{id}/custom_fields/values", {"GET": incident_values, "PUT": incident_values_set}),
    ("/services/{id}/custom_fields/values", {"GET": service_values, "PUT": service_values_set}),
)
"""Path -> method -> handler."""
