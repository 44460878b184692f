"""What is kept for clients as they expect it: by the form of its sort, with references written out.

Decides that a reference to what is gone is left out, and that a secret shows to those only who may change the thing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tocsin.dialects.pagerduty.extension_schemas import BY_ID as EXTENSION_SCHEMAS
from tocsin.dialects.pagerduty.extension_schemas import ExtensionSchema
from tocsin.dialects.pagerduty.read.kept import Field, Shape, Sort, there, values_in
from tocsin.dialects.pagerduty.write.refs import Refs, Wire, instant
from tocsin.directory.kept import Kept

PATHS: Mapping[str, str] = {
    "incident_workflow": "incident_workflows",
    "runner": "automation_actions/runners",
    "action": "automation_actions/actions",
}
"""Where what is kept under these words is found."""


def thing(one: Kept, sort: Sort, refs: Refs, place: str, *, secrets: bool) -> Wire:
    """A thing of this sort. `place`: its path; `secrets`: whether the caller may see them."""
    values = values_in(one)
    body = refs.links.keys(sort.type or str(values.get("type")), one.id, one.name, place)
    for name, form in sort.fields.items():
        hidden = form.secret and not secrets
        body[name] = None if hidden else _value(values.get(name, form.default), form, refs)
    if sort.dates is not None:
        body |= dict(zip(sort.dates, (instant(one.created_at), instant(one.updated_at)), strict=True))
    return {**body, **sort.constants}


def _value(value: Any, form: Field, refs: Refs) -> Any:
    if form.shape is Shape.REFERENCES:
        return [_reference(one, form, refs) for one in value or () if there(refs.config, form.to, one)]
    if form.shape is Shape.REFERENCE:
        gone = value is None or not there(refs.config, form.to, value)
        return None if gone else _reference(value, form, refs)
    return value


def _reference(thing_id: str, form: Field, refs: Refs) -> Wire:
    known: Mapping[str, Callable[[str], Wire]] = {
        "service": refs.service,
        "team": refs.team,
        "user": refs.user,
        "policy": refs.policy,
    }
    if form.to == "extension_schema":
        schema = EXTENSION_SCHEMAS[thing_id]
        body = refs.links.keys("extension_schema_reference", schema.id, schema.label, f"extension_schemas/{schema.id}")
    elif form.to in known:
        body = known[form.to](thing_id)
    else:
        name = refs.config.kept[thing_id].name
        body = {**refs.links.keys(f"{form.to}_reference", thing_id, name, f"{PATHS[form.to]}/{thing_id}"), "name": name}
    return {**body, "type": form.type or body["type"]}


def extension_schema(one: ExtensionSchema, refs: Refs) -> Wire:
    """What an extension speaks to."""
    return {
        **refs.links.keys("extension_schema", one.id, one.label, f"extension_schemas/{one.id}"),
        "html_url": None,
        "label": one.label,
        "key": one.key,
        "description": one.label,
        "guide_url": "",
        "icon_url": "",
        "logo_url": "",
        "send_types": list(one.send_types),
        "url": "",
    }
