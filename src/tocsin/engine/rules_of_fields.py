"""Custom fields and types of incidents: what makes them valid, and what their removal means.

The limits are those of the vendor's larger plans (https://support.pagerduty.com/docs/custom-fields-on-incidents and
/docs/incident-types); what a name may be is said in its published description.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from tocsin.directory.custom_fields import BASE_TYPE, VALUE_CHARS, CustomField, FieldOption, IncidentType
from tocsin.engine.thing_removal import alone
from tocsin.engine.thing_rules import Draft, Verdict
from tocsin.engine.world import World
from tocsin.kernel.decision import NOTHING, Decision
from tocsin.kernel.errors import Conflict
from tocsin.kernel.time import Moment

NAME_CHARS = 50
DESCRIPTION_CHARS = 1000
TYPES = 100
LEVELS = 4
"""Types above one another, the base type among them: three levels of inheritance."""

OPTIONS = 200
FIELDS_OF_BASE = 100
FIELDS_OF_TYPE = 15
FIELDS_OF_TYPES = 130
FIELDS_OF_SERVICES = 100

_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


def _labelled(thing: IncidentType | CustomField) -> Iterator[str]:
    for label, text in (("Name", thing.name), ("Display name", thing.display_name)):
        if not text.strip():
            yield f"{label} cannot be empty"
        elif len(text) > NAME_CHARS:
            yield f"{label} is too long (maximum is {NAME_CHARS} characters)"
        elif text != text.strip() or not text.isprintable():
            yield f"{label} must not begin or end with a space or hold control characters"
    if len(thing.description or "") > DESCRIPTION_CHARS:
        yield f"Description is too long (maximum is {DESCRIPTION_CHARS} characters)"


def _incident_type(draft: Draft) -> Verdict:
    one: IncidentType = draft.new
    index = draft.world.config.fields
    found = list(_labelled(one))
    others = [each for each in index.types.values() if each.id != one.id]
    if any(each.name.casefold() == one.name.casefold() for each in others):
        found.append("Name has already been taken")
    if one.parent_id not in index.types:
        found.append("Parent type not found")
    elif one.id in [each.id for each in index.above(one.parent_id)]:
        found.append("Parent type would make a circle of types")
    elif len(list(index.above(one.parent_id))) >= LEVELS:
        found.append(f"Incident types can't be nested deeper than {LEVELS - 1} levels")
    if draft.old is None and len(index.stored_types) >= TYPES:
        found.append(f"There are {TYPES} incident types already")
    if draft.old is not None and (draft.old.name, draft.old.parent_id) != (one.name, one.parent_id):
        found.append("Name and parent type cannot be changed")
    return found, NOTHING


def _custom_field(draft: Draft) -> Verdict:
    one: CustomField = draft.new
    old: CustomField | None = draft.old
    found = [*_labelled(one), *_place(draft, one), *_options(one)]
    if one.name and not _NAME.fullmatch(one.name):
        found.append("Name must be lower-case letters, digits and underscores, a letter first")
    for label, name in (("Name", "name"), ("Data type", "data_type"), ("Field type", "several"), ("Type", "type_id")):
        if old is not None and getattr(old, name) != getattr(one, name):
            found.append(f"{label} cannot be changed")
    if old is not None and old.fixed is not one.fixed:
        found.append("Field type cannot be changed")
    draft.new = one = replace(one, options=tuple(_stamped(draft, one, old)))
    checked = one if one.options else replace(one, fixed=False)  # options may be added after their field
    problem = checked.problem(one.default)
    if problem and old is not None and old.default == one.default:
        draft.new = replace(one, default=None)  # the option that it named is gone
    elif problem:
        found.append(f"Default value does not fit the data type and field type: it {problem}")
    return list(dict.fromkeys(found)), NOTHING


def _place(draft: Draft, one: CustomField) -> Iterator[str]:
    """What it is a field of is there, has room, and has no other field of the name, nor has a type above or below."""
    index = draft.world.config.fields
    if one.type_id and one.type_id not in index.types:
        yield "Incident type not found"
        return
    related = index.related(one.type_id) if one.type_id else ("",)
    twins = [each for type_id in related for each in index.own(type_id) if each.id != one.id]
    if any(each.name == one.name for each in twins):
        yield "Name has already been taken"
    if draft.old is not None:
        return
    most = FIELDS_OF_BASE if one.type_id == BASE_TYPE.id else FIELDS_OF_TYPE if one.type_id else FIELDS_OF_SERVICES
    if len(index.own(one.type_id)) >= most:
        yield f"There are {most} custom fields already"
    if one.type_id and sum(not each.of_service for each in index.fields.values()) >= FIELDS_OF_TYPES:
        yield f"There are {FIELDS_OF_TYPES} custom fields already"


def _options(one: CustomField) -> Iterator[str]:
    values = [each.value for each in one.options]
    if values and not one.fixed:
        yield "Field options are for fields whose values are fixed"
    if one.fixed and one.data_type != "string":
        yield "Data type must be string where values are fixed"
    if len(values) > OPTIONS:
        yield f"Field options must not have more than {OPTIONS} elements"
    if len(set(values)) < len(values):
        yield "Field options must have different values"
    if any(not value.strip() or len(value) > VALUE_CHARS or not value.isprintable() for value in values):
        yield f"Field options must have values of 1 to {VALUE_CHARS} characters, none of them a control character"


def _stamped(draft: Draft, one: CustomField, old: CustomField | None) -> Iterator[FieldOption]:
    """Options with their ids and with when they were made and changed."""
    known = {each.id: each for each in (old.options if old is not None else ())}
    for each in one.options:
        before = known.get(each.id)
        if before is None:
            yield replace(each, id=draft.world.ids.short(), created_at=draft.now, updated_at=draft.now)
        else:
            yield before if before.value == each.value else replace(before, value=each.value, updated_at=draft.now)


def _type_stays(_world: World, _thing: Any, _now: Moment) -> Decision:
    raise Conflict("An incident type can be disabled, never removed.", reason="incident_type")


RULES: Mapping[str, Callable[[Draft], Verdict]] = {"incident_type": _incident_type, "custom_field": _custom_field}
"""The rule of each of these kinds."""

REMOVAL: Mapping[str, Callable[[World, Any, Moment], Decision]] = {"incident_type": _type_stays, "custom_field": alone}
"""What removing each of these kinds means."""
