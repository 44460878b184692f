"""Custom fields on pages: how each value reads, the control that changes it, and what a filled form means.

Decides which control suits a field. Only what somebody changed in the form is sent, so that two who fill in different
fields at once do not undo each other. What fits a field the engine says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tocsin.directory.custom_fields import ITEMS, VALUE_CHARS, CustomField, DataType, shown
from tocsin.incidents.field_messages import SetFields
from tocsin.incidents.model import Incident
from tocsin.kernel.time import Moment, from_datetime
from tocsin.kernel.wording import joined, phrase
from tocsin.web.visit import Visit

_HINTS: Mapping[DataType, str] = {
    DataType.INTEGER: phrase("A whole number."),
    DataType.FLOAT: phrase("A number."),
    DataType.DATETIME: phrase("For instance 2026-01-05T09:00:00Z."),
    DataType.URL: phrase("An http or https address."),
}
_KEYBOARDS: Mapping[DataType, str] = {
    DataType.INTEGER: "numeric",
    DataType.FLOAT: "decimal",
    DataType.URL: "url",
}


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One field: its values as text, and what its control needs. `at`: the moment that a single value is.

    `control`: "check" (some of the options), "select" (one of them), "lines" (one value a line) or "text". `was`: what
    the form began with, `typed` what it holds.
    """

    field: CustomField
    values: tuple[str, ...]
    control: str
    options: tuple[str, ...]
    typed: tuple[str, ...]
    hint: str
    keyboard: str
    at: Moment | None

    @property
    def name(self) -> str:
        """The name of the control."""
        return f"field.{self.field.id}"

    @property
    def is_address(self) -> bool:
        """Whether its values are links."""
        return self.field.data_type is DataType.URL


def lines_of(known: Iterable[CustomField], held: Mapping[str, Any], visit: Visit | None = None) -> list[FieldLine]:
    """The fields with the values that are held. `visit`: a form that was refused, whose content is to be kept."""
    return [_line(one, held.get(one.id), visit) for one in known]


def _line(one: CustomField, value: object, visit: Visit | None) -> FieldLine:
    values = _texts(value)
    control, options = _control(one, values)
    hint = phrase("One a line.") if control == "lines" else _HINTS.get(one.data_type, "") if control == "text" else ""
    kept = visit is not None and f"was.{one.id}" in visit.form
    typed = _filled(visit, one, control) if visit is not None and kept else values
    return FieldLine(
        field=one,
        values=values,
        control=control,
        options=options,
        typed=typed,
        hint=joined(filter(None, (one.description or "", hint)), " "),
        keyboard=_KEYBOARDS.get(one.data_type, "text"),
        at=_moment(value) if one.data_type is DataType.DATETIME else None,
    )


def _texts(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(map(shown, value)) if isinstance(value, list) else (shown(value),)


def _control(one: CustomField, values: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Which control, and what it offers: an option that is gone stays on offer where it is the value."""
    if one.fixed:
        options = tuple(each.value for each in one.options)
        return ("check" if one.several else "select"), (*options, *(text for text in values if text not in options))
    if one.several:
        return "lines", ()
    return ("select", ("true", "false")) if one.data_type is DataType.BOOLEAN else ("text", ())


def _moment(value: object) -> Moment | None:
    try:
        return from_datetime(datetime.fromisoformat(value)) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


def changes(visit: Visit, incident: Incident) -> SetFields:
    """What the form asks for: the fields that it shows otherwise than it found them."""
    values: dict[str, Any] = {}
    for one in visit.config.fields.of_type(incident.type_name):
        control, _ = _control(one, ())
        if f"was.{one.id}" not in visit.form:
            continue
        typed = _filled(visit, one, control)
        was = visit.text(f"was.{one.id}")
        if typed != _as_controls_hold(was.split("\n") if control in ("check", "lines") else [was], control):
            values[one.id] = _value(one, typed)
    return SetFields(incident_id=incident.id, values=values)


def _filled(visit: Visit, one: CustomField, control: str) -> tuple[str, ...]:
    name = f"field.{one.id}"
    if control == "check":
        return _as_controls_hold(visit.texts(name)[: ITEMS + 1], control)
    return _as_controls_hold([visit.text(name, (VALUE_CHARS + 2) * (ITEMS + 1))], control)


def _as_controls_hold(texts: Iterable[str], control: str) -> tuple[str, ...]:
    """Without space around them; where there is room for one line, without the ends of lines."""
    if control == "check":
        return tuple(filter(None, texts))
    lines = [line for text in texts for line in (text.splitlines() if control == "lines" else [_one_line(text)])]
    return tuple(line.strip() for line in lines if line.strip())


def _one_line(text: str) -> str:
    return text.replace("\r", "").replace("\n", "")


def _value(one: CustomField, typed: tuple[str, ...]) -> object:
    if not typed:
        return None
    if one.fixed:
        return list(typed) if one.several else typed[0]
    single = replace(one, several=False)
    return [single.read(text) for text in typed] if one.several else single.read(typed[0])
