"""What is kept for clients: the form that each sort of it has, as data, and the reading of bodies by it.

Decides shapes, lengths and that references name something; nothing else is made of such things yet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec

from tocsin.dialects.pagerduty.extension_schemas import BY_ID as EXTENSION_SCHEMAS
from tocsin.dialects.pagerduty.read.fields import ID_CHARS, Fields
from tocsin.directory.kept import Kept
from tocsin.engine.config import Config
from tocsin.engine.kinds import KINDS
from tocsin.kernel.limits import DESCRIPTION_CHARS, NAME_CHARS

Values = dict[str, Any]

LARGEST_NUMBER = 2**53
"""Whole numbers beyond are not the same for every client."""


class Shape(StrEnum):
    """What the value of a field is."""

    TEXT = "text"
    TRUTH = "truth"  # true or false
    CHOICE = "choice"  # one of some words
    OBJECT = "object"  # as it is sent
    ARRAY = "array"  # as it is sent
    ANYTHING = "anything"  # as it is sent
    REFERENCE = "reference"  # the id of a thing
    REFERENCES = "references"  # the ids of things


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field. `default`: what it is until somebody sets it; a `secret` one is for who may change the thing.

    `to`: the kind of thing, or what else is kept under this word, that a reference names; `type`: its type on the wire.
    """

    shape: Shape = Shape.TEXT
    default: Any = None
    most: int = NAME_CHARS
    choices: tuple[str, ...] = ()
    to: str = ""
    type: str = ""
    secret: bool = False
    fixed: bool = False


def text(default: str | None = None, most: int = NAME_CHARS, *, fixed: bool = False) -> Field:
    """A text."""
    return Field(default=default, most=most, fixed=fixed)


def long_text(default: str | None = None) -> Field:
    """A text of a few sentences."""
    return text(default, DESCRIPTION_CHARS)


def truth(*, default: bool = False) -> Field:
    """A boolean."""
    return Field(shape=Shape.TRUTH, default=default)


def choice(*choices: str, default: str | None = None, fixed: bool = False) -> Field:
    """One of some words. `fixed`: it stays as it was when the thing was made."""
    return Field(shape=Shape.CHOICE, choices=choices, default=default, fixed=fixed)


def reference(to: str, type: str = "", *, fixed: bool = False) -> Field:
    """The id of a thing."""
    return Field(shape=Shape.REFERENCE, to=to, type=type, fixed=fixed)


def references(to: str, type: str = "") -> Field:
    """The ids of things."""
    return Field(shape=Shape.REFERENCES, to=to, type=type, default=[])


ARRAY = Field(shape=Shape.ARRAY, default=[])
OBJECT = Field(shape=Shape.OBJECT)
ANYTHING = Field(shape=Shape.ANYTHING)
NAME = Field()


class Paging(StrEnum):
    """How a list comes."""

    CLASSIC = "classic"  # limit and offset
    CURSOR = "cursor"
    NONE = "none"  # all of it at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """One sort of thing that is kept. `resource` is the word it is kept under, `wrapper` the one around it on the wire.

    `path` may hold the parameters of a parent; `parameter` names the thing's own. `filters`: query parameter -> field.
    `summary`: the field that names it; `check` notes what is wrong with the values as a whole, and may complete them.
    """

    resource: str
    wrapper: str
    plural: str
    path: str
    type: str = ""
    parameter: str = "id"
    fields: Mapping[str, Field]
    required: tuple[str, ...] = ("name",)
    paging: Paging = Paging.CLASSIC
    filters: Mapping[str, str] = field(default_factory=dict)
    unique: bool = False
    constants: Mapping[str, Any] = field(default_factory=dict)
    dates: tuple[str, str] | None = None
    summary: str = "name"
    check: Callable[[Fields, Values], None] = lambda _fields, _values: None


@dataclass(frozen=True, slots=True)
class Draft:
    """What a body makes of a thing: the body, the values that are to be kept, and what the engine knows of them."""

    fields: Fields
    values: Values
    changes: Values


def draft_of(fields: Fields, sort: Sort, old: Kept | None, config: Config) -> Draft:
    """What a body says about a thing of this sort. Raises ApiError with every problem."""
    before = {**{name: form.default for name, form in sort.fields.items()}, **values_in(old)}
    values = dict(before)
    if old is None:
        fields.required(*sort.required)
    for name, form in sort.fields.items():
        if fields.given(name):
            values[name] = _value(fields, name, form, config)
        if name in sort.required and fields.given(name) and not values[name]:
            _missing(fields, name, form)
        if form.fixed and old is not None and values[name] != before[name]:
            fields.wrong(f"{name.replace('_', ' ').capitalize()} cannot be changed")
    sort.check(fields, values)
    fields.check()
    return Draft(fields, values, changes_of(sort, values))


def changes_of(sort: Sort, values: Values) -> Values:
    """How values are kept: secrets apart, the name and the teams where the engine looks for them."""
    secret = {name: values[name] for name, form in sort.fields.items() if form.secret and name in values}
    plain = {name: value for name, value in values.items() if name not in secret}
    team_ids = values.get("teams") or [one for one in (values.get("team"),) if one]
    return {
        "name": str(values.get(sort.summary) or ""),
        "team_ids": tuple(team_ids) if _owned(sort) else (),
        "wire": msgspec.json.encode(plain).decode(),
        "secret": msgspec.json.encode(secret).decode() if secret else "",
    }


def values_in(one: Kept | None) -> Values:
    """The values of a thing, its secrets too."""
    if one is None:
        return {}
    values: Values = msgspec.json.decode(one.wire)
    return {**values, **(msgspec.json.decode(one.secret) if one.secret else {})}


def there(config: Config, to: str, thing_id: str) -> bool:
    """Whether what a reference names is there."""
    if to == "extension_schema":
        return thing_id in EXTENSION_SCHEMAS
    if to in KINDS:
        return thing_id in config.of(to)
    kept = config.kept.get(thing_id)
    return kept is not None and kept.resource == to


def _owned(sort: Sort) -> bool:
    return any(form.to == "team" for form in sort.fields.values())


def _value(fields: Fields, name: str, form: Field, config: Config) -> Any:
    if form.shape is Shape.TEXT:
        return fields.text(name, form.most)
    if form.shape is Shape.TRUTH:
        value = fields.truth(name)
        return form.default if value is None else value
    if form.shape is Shape.CHOICE:
        return fields.choice(name, form.choices) or form.default
    if form.shape in (Shape.REFERENCE, Shape.REFERENCES):
        return _referred(fields, name, form, config)
    value = fields.values[name]
    wanted = {Shape.OBJECT: dict, Shape.ARRAY: list}.get(form.shape)
    if wanted is not None and value is not None and not isinstance(value, wanted):
        fields.wrong(f"{name.replace('_', ' ').capitalize()} must be an {form.shape}")
        return form.default
    if not _portable(value):
        fields.wrong(f"{name.replace('_', ' ').capitalize()} holds a number that is too large")
    return form.default if value is None else value


def _missing(fields: Fields, name: str, form: Field) -> None:
    """Note what is required and empty: absent in effect, or a reference that names nothing."""
    fields.required(name)
    if form.shape is Shape.REFERENCE and isinstance(fields.values[name], dict):
        fields.wrong(f"{name.replace('_', ' ').capitalize()} must have an id")


def _referred(fields: Fields, name: str, form: Field, config: Config) -> Any:
    if form.shape is Shape.REFERENCES:
        ids = list(fields.references(name))
    else:
        ids = [one for one in (_referred_id(fields, name),) if one]
    for one in ids:
        if not there(config, form.to, one):
            fields.wrong(f"{form.to.replace('_', ' ').capitalize()} {one} not found")
    if form.shape is Shape.REFERENCES:
        return ids
    return ids[0] if ids else None


def _referred_id(fields: Fields, name: str) -> str | None:
    """The id in a reference, or alone; clients say "none" by an object without an id, too."""
    if isinstance(fields.values[name], str):
        return fields.text(name, ID_CHARS)
    inner = fields.object(name)
    return inner.id(of=name) if inner is not None and inner.values.get("id") is not None else None


def _portable(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_portable, value.values()))
    if isinstance(value, list):
        return all(map(_portable, value))
    return not isinstance(value, int | float) or abs(value) <= LARGEST_NUMBER
