"""Custom fields: what their types allow, as defaults and as values. Decides what a value of a field can be."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec

from tocsin.dialects.pagerduty.read.fields import Fields
from tocsin.dialects.pagerduty.read.kept import ANYTHING, Field, Values, choice, long_text, text, truth

DATA_TYPES = ("boolean", "integer", "float", "string", "datetime", "url")
FIELD_TYPES = ("single_value", "single_value_fixed", "multi_value", "multi_value_fixed")
NAME_CHARS = 50
VALUE_CHARS = 200
ADDRESS_CHARS = 2000
ITEMS = 100

FIELD_FIELDS: Mapping[str, Field] = {
    "name": text(most=NAME_CHARS, fixed=True),
    "display_name": text(most=NAME_CHARS),
    "description": long_text(),
    "data_type": choice(*DATA_TYPES, fixed=True),
    "field_type": choice(*FIELD_TYPES, default="single_value", fixed=True),
    "default_value": ANYTHING,
    "enabled": truth(default=True),
}
"""What every custom field holds, whatever it is a field of."""

_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


def check_field(fields: Fields, values: Values) -> None:
    """Note what is wrong with a field: its name, its default, its options."""
    if values["name"] and not _NAME.fullmatch(str(values["name"])):
        fields.wrong("Name must be lower-case letters, digits and underscores, a letter first")
    values["default_value"] = _typed(values["default_value"], values)
    options = [option_value(one) for one in fields.objects("field_options", "Field option {}")]
    if not fits(values["default_value"], values, options or None):
        fields.wrong("Default value does not fit the data type and field type")


def _typed(value: Any, field: Mapping[str, Any]) -> Any:
    """A default as its type has it: one of Terraform's two halves sends every default as a text with JSON in it."""
    several = str(field["field_type"]).startswith("multi")
    if not isinstance(value, str) or not (several or field["data_type"] in ("boolean", "integer", "float")):
        return value
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        return value


def check_option(fields: Fields, values: Values) -> None:
    """Note what is wrong with an option; its data are those of a text."""
    data = values["data"]
    values["data"] = {"data_type": "string", "value": option_value(Fields({"data": data}, fields.problems))}


def option_value(fields: Fields) -> str:
    """The value of an option."""
    data = fields.object("data") or Fields({}, fields.problems)
    data.required("value")
    return data.text("value", VALUE_CHARS) or ""


def fits(value: Any, field: Mapping[str, Any], options: Collection[str] | None) -> bool:
    """Whether a field may have this value; null is none. `options`: what a fixed field may be, None = not known."""
    if value is None:
        return True
    several = str(field["field_type"]).startswith("multi")
    if several != isinstance(value, list) or (several and len(value) > ITEMS):
        return False
    allowed = _FITS.get(str(field["data_type"]))
    fixed = str(field["field_type"]).endswith("fixed") and options is not None
    return all(
        allowed is not None and allowed(one) and (not fixed or one in (options or ()))
        for one in (value if several else (value,))
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= VALUE_CHARS


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= ADDRESS_CHARS and value.startswith(("https://", "http://"))


def _is_instant(value: Any) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value) is not None
    except ValueError:
        return False


_FITS: Mapping[str, Callable[[Any], bool]] = {
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "float": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "string": _is_text,
    "datetime": _is_instant,
    "url": _is_address,
}
