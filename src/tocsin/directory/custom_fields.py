"""Custom fields of incidents and services, and the types of incidents that fields belong to.

Decides what a value of a field may be, and which fields an incident of a type has: its own and those of every type
above it (https://support.pagerduty.com/main/docs/incident-types, "Inheritance").
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from math import isfinite
from typing import Any

from tocsin.kernel.time import Moment
from tocsin.kernel.wording import phrase

VALUE_CHARS = 200
"""Of a text, an address or an option: the published description's `maxLength`."""

ITEMS = 10
"""Values of one field that takes several: the published description's `maxItems`."""

LARGEST_NUMBER = 2**53
"""Whole numbers beyond are not the same for every client."""

_WHOLE = re.compile(r"[+-]?[0-9]{1,16}", re.ASCII)
_WORDS = {"true": True, "yes": True, "false": False, "no": False}


class DataType(StrEnum):
    """What a single value of a field is."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    FLOAT = "float"
    STRING = "string"
    DATETIME = "datetime"  # ISO 8601 with an offset from UTC
    URL = "url"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentType:
    """A kind of incident. `name` is how programs call it, `parent_id` the type whose fields it has too ("" = none).

    A disabled one takes no new incidents; those that are of it stay so.
    """

    id: str
    name: str
    display_name: str
    parent_id: str
    description: str | None = None
    enabled: bool = True
    created_at: Moment = 0
    updated_at: Moment = 0


BASE_TYPE = IncidentType(id="PINCTYP", name="incident_default", display_name="Base Incident", parent_id="")
"""The type that is always there, above all others: an incident is of it unless somebody says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldOption:
    """One of the values that a fixed field can have."""

    id: str
    value: str
    created_at: Moment = 0
    updated_at: Moment = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomField:
    """Something that people want to know of each incident of a type, or of each service (`type_id` "").

    `several`: its value is a list. `fixed`: only its options can be values. `default`: what an incident begins with,
    as plain JSON values; None = nothing.
    """

    id: str
    name: str
    display_name: str
    data_type: DataType
    several: bool = False
    fixed: bool = False
    type_id: str = BASE_TYPE.id
    description: str | None = None
    default: Any = None
    enabled: bool = True
    options: tuple[FieldOption, ...] = ()
    created_at: Moment = 0
    updated_at: Moment = 0

    @property
    def of_service(self) -> bool:
        """Whether it is a field of services."""
        return not self.type_id

    def problem(self, value: object) -> str:
        """Why the field can't have this value, "" if it can; None empties it."""
        if value is None:
            return ""
        if self.several != isinstance(value, list):
            return phrase("must be a list of values") if self.several else phrase("must be a single value")
        values = value if isinstance(value, list) else [value]
        if len(values) > ITEMS:
            return phrase("must not have more than %(items)s values", items=ITEMS)
        if any(one in values[:at] for at, one in enumerate(values)):
            return phrase("must not have the same value twice")
        fits, wanted = _FITS[self.data_type]
        if not all(map(fits, values)):
            if self.several:
                return phrase("must be made of values that are each %(wanted)s", wanted=wanted)
            return phrase("must be %(wanted)s", wanted=wanted)
        allowed = {one.value for one in self.options}
        if self.fixed and not all(one in allowed for one in values):
            return phrase("must be one of its options") if not self.several else phrase("must be made of its options")
        return ""

    def read(self, text: str) -> object:
        """The value that people or templates write so; "" is none, several stand with commas between them.

        What can't be read stays the text that it is: `problem` says what is wrong with it then.
        """
        if not text.strip():
            return None
        if self.several:
            return [self._one(part.strip()) for part in text.split(",") if part.strip()]
        return self._one(text.strip())

    def _one(self, text: str) -> object:
        if self.data_type is DataType.BOOLEAN:
            return _WORDS.get(text.lower(), text)
        if self.data_type is DataType.INTEGER:
            return int(text) if _WHOLE.fullmatch(text) else text
        if self.data_type is DataType.FLOAT:
            try:
                return float(text) if len(text) <= VALUE_CHARS else text
            except ValueError:
                return text
        return text


def shown(value: object) -> str:
    """A value for people, as `CustomField.read` takes it back."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(shown, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


@dataclass(frozen=True)
class FieldIndex:
    """Every type and field, found by what they apply to."""

    stored_types: Mapping[str, IncidentType] = field(default_factory=dict)
    fields: Mapping[str, CustomField] = field(default_factory=dict)

    @cached_property
    def types(self) -> Mapping[str, IncidentType]:
        """Types by id, the one above all others first."""
        return {BASE_TYPE.id: BASE_TYPE, **self.stored_types}

    @cached_property
    def _named(self) -> Mapping[str, IncidentType]:
        return {"": BASE_TYPE, **{one.name: one for one in self.types.values()}}

    def type_named(self, name: str) -> IncidentType | None:
        """The type that programs call so; "" is the one above all others."""
        return self._named.get(name)

    def above(self, type_id: str) -> Iterator[IncidentType]:
        """The type and those above it, the nearest first."""
        seen: set[str] = set()
        while type_id in self.types and type_id not in seen:
            seen.add(type_id)
            yield self.types[type_id]
            type_id = self.types[type_id].parent_id

    @cached_property
    def _own(self) -> Mapping[str, tuple[CustomField, ...]]:
        grouped: dict[str, list[CustomField]] = defaultdict(list)
        for one in sorted(self.fields.values(), key=lambda one: (one.created_at, one.id)):
            grouped[one.type_id].append(one)
        return {type_id: tuple(found) for type_id, found in grouped.items()}

    def own(self, type_id: str) -> tuple[CustomField, ...]:
        """The fields that a type adds to those above it, or ("") those of services, oldest first; disabled ones too."""
        return self._own.get(type_id, ())

    @cached_property
    def _of_types(self) -> Mapping[str, tuple[CustomField, ...]]:
        return {
            one.name: tuple(
                found for each in reversed(list(self.above(one.id))) for found in self.own(each.id) if found.enabled
            )
            for one in self.types.values()
        }

    def of_type(self, type_name: str) -> tuple[CustomField, ...]:
        """The fields that an incident of this type has, those of the highest type first."""
        return self._of_types.get(type_name or BASE_TYPE.name) or self._of_types[BASE_TYPE.name]

    @cached_property
    def of_services(self) -> tuple[CustomField, ...]:
        """The fields that every service has."""
        return tuple(one for one in self.own("") if one.enabled)

    def related(self, type_id: str) -> Collection[str]:
        """The types whose incidents have the fields of this one, or whose fields its incidents have."""
        below = {one.id for one in self.types.values() if any(each.id == type_id for each in self.above(one.id))}
        return below | {one.id for one in self.above(type_id)}


def defaults(fields: Iterable[CustomField], held: Mapping[str, Any]) -> dict[str, Any]:
    """What these fields begin with, for those that hold nothing yet."""
    return {one.id: one.default for one in fields if one.default is not None and one.id not in held}


def value_problems(known: Iterable[CustomField], values: Mapping[str, Any]) -> list[str]:
    """Everything that is wrong with these values, by field id, for a thing that has these fields."""
    by_id = {one.id: one for one in known}
    found = [f"Custom field {field_id} not found" for field_id in values if field_id not in by_id]
    for field_id, value in values.items():
        problem = by_id[field_id].problem(value) if field_id in by_id else ""
        found += (
            [phrase("Value of %(name)s %(problem)s", name=by_id[field_id].name, problem=problem)] if problem else []
        )
    return found


def _is_address(value: object) -> bool:
    return isinstance(value, str) and len(value) <= VALUE_CHARS and value.startswith(("https://", "http://"))


def _is_instant(value: object) -> bool:
    try:
        return isinstance(value, str) and "T" in value and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST_NUMBER


def _is_number(value: object) -> bool:
    return _is_whole(value) or (isinstance(value, float) and isfinite(value))


_FITS: Mapping[DataType, tuple[Callable[[object], bool], str]] = {
    DataType.BOOLEAN: (lambda value: isinstance(value, bool), phrase("true or false")),
    DataType.INTEGER: (_is_whole, phrase("a whole number")),
    DataType.FLOAT: (_is_number, phrase("a number")),
    DataType.STRING: (
        lambda value: isinstance(value, str) and len(value) <= VALUE_CHARS,
        phrase("a text of at most %(count)s characters", count=VALUE_CHARS),
    ),
    DataType.DATETIME: (_is_instant, phrase("an instant such as 2026-01-05T09:00:00Z")),
    DataType.URL: (_is_address, phrase("an http or https address of at most %(count)s characters", count=VALUE_CHARS)),
}
"""Whether a single value fits, and what is wanted in words."""
