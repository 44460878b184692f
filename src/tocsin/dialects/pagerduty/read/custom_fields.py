"""Custom fields, their options, types of incidents, and values of fields: from bodies to what the engine saves.

Decides which form of a default counts; what fits a field is the field's own to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from tocsin.dialects.pagerduty.read.fields import ID_CHARS, Fields
from tocsin.directory.custom_fields import BASE_TYPE, CustomField, DataType, FieldIndex, FieldOption, IncidentType

NAME_CHARS = 50
DESCRIPTION_CHARS = 1000
FIELD_TYPES = ("single_value", "single_value_fixed", "multi_value", "multi_value_fixed")
TAKEN_PREFIXES = ("pd", "pagerduty", "default")


def field_changes(fields: Fields, old: CustomField | None) -> dict[str, Any]:
    """What a body says about a field. Raises ApiError with every problem."""
    changes = _labels(fields, old is None)
    if old is None:
        fields.required("data_type")
    data_type = fields.choice("data_type", tuple(DataType))
    if data_type is not None:
        changes["data_type"] = DataType(data_type)
    field_type = fields.choice("field_type", FIELD_TYPES)
    if field_type is not None:
        changes |= {"several": field_type.startswith("multi"), "fixed": field_type.endswith("fixed")}
    if fields.given("field_options"):
        changes["options"] = _options(fields, old.options if old is not None else ())
    enabled = fields.truth("enabled")
    if enabled is not None:
        changes["enabled"] = enabled
    if fields.given("default_value"):
        several = bool(changes.get("several", old.several if old is not None else False))
        kind = changes.get("data_type", old.data_type if old is not None else DataType.STRING)
        changes["default"] = _default(fields.values["default_value"], kind, several=several)
    fields.check()
    return changes


def _labels(fields: Fields, new: bool) -> dict[str, Any]:  # noqa: FBT001 - named where it is called
    """Name, display name, description."""
    if new:
        fields.required("name", "display_name")
    changes: dict[str, Any] = {}
    for name in ("name", "display_name"):
        if fields.given(name):
            if not new:
                fields.required(name)
            changes[name] = fields.text(name, NAME_CHARS) or ""
    if fields.given("description"):
        changes["description"] = fields.text("description", DESCRIPTION_CHARS)
    return changes


def _default(value: Any, kind: DataType, *, several: bool) -> Any:
    """A default as its type has it: one of Terraform's two halves sends every default as a text with JSON in it."""
    if not isinstance(value, str) or not (several or kind in (DataType.BOOLEAN, DataType.INTEGER, DataType.FLOAT)):
        return value
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        return value


def option_value(fields: Fields) -> str:
    """The value of an option."""
    data = fields.object("data") or Fields({}, fields.problems)
    data.required("value")
    return data.text("value") or ""


def _options(fields: Fields, old: Iterable[FieldOption]) -> tuple[FieldOption, ...]:
    """Options that come with their field are all that it has: those that it had by id or by value stay themselves."""
    left = {one.id: one.value for one in old}
    found = []
    for one in fields.objects("field_options", "Field option {}: "):
        value = option_value(one)
        wanted = one.text("id", ID_CHARS) or ""
        known = wanted if wanted in left else next((key for key, held in left.items() if held == value), "")
        left.pop(known, None)
        found.append(FieldOption(id=known, value=value))
    return tuple(found)


def type_changes(fields: Fields, index: FieldIndex, old: IncidentType | None) -> dict[str, Any]:
    """What a body says about a type of incidents. Raises ApiError with every problem."""
    changes = _labels(fields, old is None)
    if old is None:
        fields.required("parent_type")
    if changes.get("name", "").endswith("_default"):
        fields.wrong("Name must not end with _default")
    if changes.get("display_name", "").split(" ")[0].lower() in TAKEN_PREFIXES:
        fields.wrong("Display name must not begin with PD, PagerDuty or Default")
    parent = fields.text("parent_type")
    if parent:
        found = index.types.get(parent) or index.type_named(parent)
        if found is None:
            fields.wrong(f"Parent type {parent} not found")
        else:
            changes["parent_id"] = found.id
    enabled = fields.truth("enabled")
    if enabled is not None:
        changes["enabled"] = enabled
    fields.check()
    return changes


def type_name(fields: Fields, index: FieldIndex) -> str | None:
    """The type of an incident by name or id; "" is the base type, None = not said."""
    inner = fields.object("incident_type")
    wanted = (inner.text("name") or inner.text("id")) if inner is not None else None
    if wanted is None:
        return "" if inner is not None and inner.values.get("name") == "" else None
    found = index.type_named(wanted) or index.types.get(wanted)
    if found is None:
        fields.wrong("Incident type not found")
        return None
    return "" if found.id == BASE_TYPE.id else found.name


def field_values(fields: Fields, known: Iterable[CustomField]) -> dict[str, Any]:
    """`custom_fields: [{id | name, value}]` as values by id; of what is not there the problem is noted."""
    by_id = {one.id: one for one in known}
    by_name = {one.name: one for one in by_id.values()}
    found: dict[str, Any] = {}
    for one in fields.objects("custom_fields"):
        wanted = one.text("id", ID_CHARS) or one.text("name") or ""
        field = by_id.get(wanted) or by_name.get(wanted)
        if field is None:
            fields.wrong(f"Custom field {wanted} not found")
        elif not one.given("value"):
            fields.wrong(f"Custom field {wanted} needs a value")
        else:
            found[field.id] = one.values["value"]
    return found
