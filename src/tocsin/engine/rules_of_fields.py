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
from tocsin.kernel.wording import phrase, word

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
    for label, text in ((word("Name"), thing.name), (word("Display name"), thing.display_name)):
        if not text.strip():
            yield phrase("%(label)s cannot be empty", label=phrase(label))
        elif len(text) > NAME_CHARS:
            yield phrase(
                "%(label)s is too long (maximum is %(name_chars)s characters)",
                label=phrase(label),
                name_chars=NAME_CHARS,
            )
        elif text != text.strip() or not text.isprintable():
            yield phrase("%(label)s must not begin or end with a space or hold control characters", label=phrase(label))
    if len(thing.description or "") > DESCRIPTION_CHARS:
        yield phrase(
            "Description is too long (maximum is %(description_chars)s characters)", description_chars=DESCRIPTION_CHARS
        )


def _incident_type(draft: Draft) -> Verdict:
    one: IncidentType = draft.new
    index = draft.world.config.fields
    found = list(_labelled(one))
    others = [each for each in index.types.values() if each.id != one.id]
    if any(each.name.casefold() == one.name.casefold() for each in others):
        found.append(phrase("Name has already been taken"))
    if one.parent_id not in index.types:
        found.append(phrase("Parent type not found"))
    elif one.id in [each.id for each in index.above(one.parent_id)]:
        found.append(phrase("Parent type would make a circle of types"))
    elif len(list(index.above(one.parent_id))) >= LEVELS:
        found.append(phrase("Incident types can't be nested deeper than %(levels)s levels", levels=LEVELS - 1))
    if draft.old is None and len(index.stored_types) >= TYPES:
        found.append(phrase("There are %(types)s incident types already", types=TYPES))
    if draft.old is not None and (draft.old.name, draft.old.parent_id) != (one.name, one.parent_id):
        found.append(phrase("Name and parent type cannot be changed"))
    return found, NOTHING


def _custom_field(draft: Draft) -> Verdict:
    one: CustomField = draft.new
    old: CustomField | None = draft.old
    found = [*_labelled(one), *_place(draft, one), *_options(one)]
    if one.name and not _NAME.fullmatch(one.name):
        found.append(phrase("Name must be lower-case letters, digits and underscores, a letter first"))
    labels = {
        "name": word("Name"),
        "data_type": word("Data type"),
        "several": word("Field type"),
        "type_id": word("Type"),
    }
    for name, label in labels.items():
        if old is not None and getattr(old, name) != getattr(one, name):
            found.append(phrase("%(label)s cannot be changed", label=phrase(label)))
    if old is not None and old.fixed is not one.fixed:
        found.append(phrase("Field type cannot be changed"))
    draft.new = one = replace(one, options=tuple(_stamped(draft, one, old)))
    checked = one if one.options else replace(one, fixed=False)  # options may be added after their field
    problem = checked.problem(one.default)
    if problem and old is not None and old.default == one.default:
        draft.new = replace(one, default=None)  # the option that it named is gone
    elif problem:
        found.append(phrase("Default value does not fit the data type and field type: it %(problem)s", problem=problem))
    return list(dict.fromkeys(found)), NOTHING


def _place(draft: Draft, one: CustomField) -> Iterator[str]:
    """What it is a field of is there, has room, and has no other field of the name, nor has a type above or below."""
    index = draft.world.config.fields
    if one.type_id and one.type_id not in index.types:
        yield phrase("Incident type not found")
        return
    related = index.related(one.type_id) if one.type_id else ("",)
    twins = [each for type_id in related for each in index.own(type_id) if each.id != one.id]
    if any(each.name == one.name for each in twins):
        yield phrase("Name has already been taken")
    if draft.old is not None:
        return
    most = FIELDS_OF_BASE if one.type_id == BASE_TYPE.id else FIELDS_OF_TYPE if one.type_id else FIELDS_OF_SERVICES
    if len(index.own(one.type_id)) >= most:
        yield phrase("There are %(most)s custom fields already", most=most)
    if one.type_id and sum(not each.of_service for each in index.fields.values()) >= FIELDS_OF_TYPES:
        yield phrase("There are %(fields_of_types)s custom fields already", fields_of_types=FIELDS_OF_TYPES)


def _options(one: CustomField) -> Iterator[str]:
    values = [each.value for each in one.options]
    if values and not one.fixed:
        yield phrase("Field options are for fields whose values are fixed")
    if one.fixed and one.data_type != "string":
        yield phrase("Data type must be string where values are fixed")
    if len(values) > OPTIONS:
        yield phrase("Field options must not have more than %(options)s elements", options=OPTIONS)
    if len(set(values)) < len(values):
        yield phrase("Field options must have different values")
    if any(not value.strip() or len(value) > VALUE_CHARS or not value.isprintable() for value in values):
        yield phrase(
            "Field options must have values of 1 to %(value_chars)s characters, none of them a control character",
            value_chars=VALUE_CHARS,
        )


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
    raise Conflict(phrase("An incident type can be disabled, never removed."), reason="incident_type")


RULES: Mapping[str, Callable[[Draft], Verdict]] = {"incident_type": _incident_type, "custom_field": _custom_field}
"""The rule of each of these kinds."""

REMOVAL: Mapping[str, Callable[[World, Any, Moment], Decision]] = {"incident_type": _type_stays, "custom_field": alone}
"""What removing each of these kinds means."""
