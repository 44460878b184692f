"""Custom fields, incident types and their values, which were kept for clients only, become what they are.

An incident or service takes the values that were kept beside it, an incident also what was said of its impacts.
Nothing is judged anew: what was kept stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010_custom_fields"
down_revision = "0009_rules_only"

BASE = "PINCTYP"
FIELDS = ("incident_field", "incident_type_field", "service_field")

_THINGS = sa.table("things", *(sa.column(name) for name in ("kind", "id", "version", "data")))
_INCIDENTS = sa.table("incidents", sa.column("id"), sa.column("data"))


def upgrade() -> None:
    """Make things of what was kept, and take that away."""
    connection = op.get_bind()
    query = sa.select(_THINGS.c.version, _THINGS.c.data).where(_THINGS.c.kind == "kept", _THINGS.c.data.is_not(None))
    kept = [(version, json.loads(data)) for version, data in connection.execute(query)]
    by_resource: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for version, one in kept:
        by_resource.setdefault(str(one.get("resource")), []).append((version, one))
    types = by_resource.get("incident_type", [])
    ids = {"incident_default": BASE, **{one["name"]: one["id"] for _, one in types}}
    made = [("incident_type", version, _type(one, ids)) for version, one in types]
    gone = [one for _, one in types]
    for resource in FIELDS:
        options = [one for _, one in by_resource.get(f"{resource}_option", [])]
        fields = by_resource.get(resource, [])
        made += [("custom_field", version, _field(one, resource, options)) for version, one in fields]
        gone += [*options, *(one for _, one in fields)]
    for kind, version, thing in made:
        row = {"kind": kind, "id": thing["id"], "version": version, "data": json.dumps(thing)}
        connection.execute(sa.insert(_THINGS).values(row))
    for resource, table in (("incident_field_values", _INCIDENTS), ("service_field_values", _THINGS)):
        for _, one in by_resource.get(resource, []):
            _give(connection, table, one)
            gone.append(one)
    for _, one in by_resource.get("incident_impact", []):
        _say(connection, one)
        gone.append(one)
    _remove(connection, gone)


def _type(one: dict[str, Any], ids: dict[str, str]) -> dict[str, Any]:
    wire = json.loads(one["wire"])
    parent = wire.get("parent_type") or ""
    return {
        **_dated(one),
        "name": one["name"],
        "display_name": wire.get("display_name") or one["name"],
        "parent_id": parent if parent in ids.values() else ids.get(parent, BASE),
        "description": wire.get("description"),
        "enabled": wire.get("enabled", True),
    }


def _field(one: dict[str, Any], resource: str, options: Iterable[dict[str, Any]]) -> dict[str, Any]:
    wire = json.loads(one["wire"])
    field_type = str(wire.get("field_type") or "single_value")
    own = sorted((each for each in options if each.get("parent_id") == one["id"]), key=lambda each: each["created_at"])
    return {
        **_dated(one),
        "name": one["name"],
        "display_name": wire.get("display_name") or one["name"],
        "data_type": wire.get("data_type") or "string",
        "several": field_type.startswith("multi"),
        "fixed": field_type.endswith("fixed"),
        "type_id": "" if resource == "service_field" else one.get("parent_id") or BASE,
        "description": wire.get("description"),
        "default": wire.get("default_value"),
        "enabled": wire.get("enabled", True),
        "options": [{**_dated(each), "value": json.loads(each["wire"])["data"]["value"]} for each in own],
    }


def _dated(one: dict[str, Any]) -> dict[str, Any]:
    return {"id": one["id"], "created_at": one.get("created_at", 0), "updated_at": one.get("updated_at", 0)}


def _give(connection: sa.Connection, table: sa.TableClause, values: dict[str, Any]) -> None:
    """The values of an incident or service, into its own document."""
    where = [table.c.id == values["parent_id"]]
    if table is _THINGS:
        where.append(table.c.kind == "service")
    data = connection.execute(sa.select(table.c.data).where(*where)).scalar()
    if data is not None:
        document = {**json.loads(data), "field_values": json.loads(values["wire"])}
        connection.execute(sa.update(table).where(*where).values(data=json.dumps(document)))


def _say(connection: sa.Connection, said: dict[str, Any]) -> None:
    """What somebody said of an incident and a business service, into the incident's document."""
    where = _INCIDENTS.c.id == said["parent_id"]
    data = connection.execute(sa.select(_INCIDENTS.c.data).where(where)).scalar()
    if data is not None:
        document = json.loads(data)
        impacted = json.loads(said["wire"]).get("relation") == "impacted"
        document["impacts"] = {**document.get("impacts", {}), said["name"]: impacted}
        connection.execute(sa.update(_INCIDENTS).where(where).values(data=json.dumps(document)))


def _remove(connection: sa.Connection, gone: Iterable[dict[str, Any]]) -> None:
    for one in gone:
        connection.execute(sa.delete(_THINGS).where(_THINGS.c.kind == "kept", _THINGS.c.id == one["id"]))
