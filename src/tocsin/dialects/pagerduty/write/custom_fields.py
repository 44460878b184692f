"""Custom fields, options, types of incidents and values of fields as PagerDuty's clients expect them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tocsin.dialects.pagerduty.write.refs import Links, Wire, instant
from tocsin.directory.custom_fields import CustomField, FieldIndex, FieldOption, IncidentType


def field_type(one: CustomField) -> str:
    """`single_value`, `multi_value_fixed` and the like."""
    return f"{'multi' if one.several else 'single'}_value{'_fixed' if one.fixed else ''}"


def namespace(one: CustomField) -> str:
    """What it is a field of."""
    return "services" if one.of_service else "incidents"


def field(one: CustomField, links: Links, path: str) -> Wire:
    """A field without its options: some clients break on those where they did not ask for them."""
    return {
        **links.keys("field", one.id, one.display_name, path),
        "html_url": None,
        "name": one.name,
        "display_name": one.display_name,
        "description": one.description,
        "data_type": one.data_type.value,
        "field_type": field_type(one),
        "default_value": one.default,
        "enabled": one.enabled,
        "created_at": instant(one.created_at),
        "updated_at": instant(one.updated_at),
        "namespace": namespace(one),
    }


def option(one: FieldOption) -> Wire:
    """An option."""
    return {
        "id": one.id,
        "type": "field_option",
        "summary": one.value,
        "self": None,
        "html_url": None,
        "data": {"data_type": "string", "value": one.value},
        "created_at": instant(one.created_at),
        "updated_at": instant(one.updated_at),
    }


def incident_type(one: IncidentType, index: FieldIndex, links: Links) -> Wire:
    """A type of incidents."""
    parent = index.types.get(one.parent_id)
    return {
        **links.keys("incident_type", one.id, one.display_name, f"incidents/types/{one.id}"),
        "html_url": None,
        "name": one.name,
        "display_name": one.display_name,
        "description": one.description,
        "parent_type": parent.name if parent is not None else None,
        "parent": {"id": parent.id, "type": "incident_type_reference"} if parent is not None else None,
        "enabled": one.enabled,
        "created_at": instant(one.created_at),
        "updated_at": instant(one.updated_at),
    }


def values(known: Iterable[CustomField], held: Mapping[str, Any]) -> list[Wire]:
    """The value of each of these fields, null for none."""
    return [
        {
            "id": one.id,
            "type": "field_value",
            "name": one.name,
            "display_name": one.display_name,
            "description": one.description,
            "data_type": one.data_type.value,
            "field_type": field_type(one),
            "namespace": namespace(one),
            "value": held.get(one.id),
        }
        for one in known
    ]
