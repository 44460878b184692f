"""The custom fields of an incident: what changes their values, and what an incident begins with. Pure.

None of it changes who has the incident or who is called.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tocsin.directory.custom_fields import CustomField, defaults, value_problems
from tocsin.incidents.field_messages import FieldChange, FieldRefused, FieldsChanged
from tocsin.incidents.model import Incident
from tocsin.kernel.decision import Decision
from tocsin.kernel.errors import Invalid
from tocsin.kernel.time import Moment
from tocsin.kernel.values import replace

QUOTED_CHARS = 200
"""So much of a value that was refused stands on the timeline."""


def set_values(incident: Incident, values: Mapping[str, Any], known: Sequence[CustomField], now: Moment) -> Decision:
    """These fields have these values now; what stays the same is no change.

    `known`: the fields that an incident of this type has. Raises Invalid with every problem.
    """
    problems = value_problems(known, values)
    if problems:
        raise Invalid(problems[0], details=tuple(problems), reason="field_invalid")
    changes = _changes(incident, ((one, values[one.id]) for one in known if one.id in values))
    return _changed(incident, changes, now) if changes else Decision(value="unchanged")


def begun(incident: Incident, known: Sequence[CustomField], now: Moment) -> Decision:
    """What a new incident, or one that is of a new type, begins with; nothing is told of that."""
    found = defaults(known, incident.field_values)
    if not found:
        return Decision()
    return Decision(state=(replace(incident, field_values={**incident.field_values, **found}, updated_at=now),))


def wished(
    incident: Incident,
    wishes: Iterable[tuple[str, str]],
    known: Sequence[CustomField],
    every: Mapping[str, CustomField],
    now: Moment,
    *,
    fresh: bool,
) -> Decision:
    """What rules want of the fields, written as text. What does not fit is left, and said on the timeline.

    `fresh`: the incident is new. One that an alert joins keeps what somebody said of it: only what is empty is filled.
    """
    by_id = {one.id: one for one in known}
    fitting: list[tuple[CustomField, Any]] = []
    refused: list[FieldRefused] = []
    for field_id, text in wishes:
        found = by_id.get(field_id)
        if found is not None and not fresh and incident.field_values.get(field_id) is not None:
            continue
        name = every[field_id].name if field_id in every else field_id
        value = found.read(text) if found is not None else None
        reason = found.problem(value) if found is not None else "is no field of incidents of this type"
        if found is None or reason:
            refused.append(FieldRefused(incident_id=incident.id, name=name, value=text[:QUOTED_CHARS], reason=reason))
        else:
            fitting.append((found, value))
    changes = _changes(incident, fitting)
    decision = _changed(incident, changes, now) if changes else Decision()
    return decision + Decision(facts=tuple(refused))


def _changes(incident: Incident, wanted: Iterable[tuple[CustomField, Any]]) -> tuple[FieldChange, ...]:
    return tuple(
        FieldChange(
            field_id=one.id,
            name=one.name,
            display_name=one.display_name,
            was=incident.field_values.get(one.id),
            value=value,
        )
        for one, value in wanted
        if incident.field_values.get(one.id) != value or type(incident.field_values.get(one.id)) is not type(value)
    )


def _changed(incident: Incident, changes: tuple[FieldChange, ...], now: Moment) -> Decision:
    values = {**incident.field_values, **{one.field_id: one.value for one in changes}}
    fact = FieldsChanged(incident_id=incident.id, changes=changes)
    return Decision(state=(replace(incident, field_values=values, updated_at=now),), facts=(fact,))
