"""Commands to and facts from the incidents station about custom fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from tocsin.kernel.decision import Command, Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFields(Command):
    """Give custom fields of an incident these values, by the fields' ids; None empties one. The others stay."""

    kind: ClassVar[str] = "incident.set_fields"
    incident_id: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field: what it was and what it is now. Its names are kept as they were then."""

    field_id: str
    name: str
    display_name: str
    was: Any = None
    value: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldsChanged(Fact):
    """Custom fields have other values."""

    kind: ClassVar[str] = "incident.fields_changed"
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRefused(Fact):
    """A rule wanted to give a custom field a value that it can't have; it stays as it was. `reason` in words."""

    kind: ClassVar[str] = "incident.field_refused"
    name: str
    value: str
    reason: str
