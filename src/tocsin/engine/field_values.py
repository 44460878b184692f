"""Brings the incidents station the custom fields that an incident has. Decides which types take new incidents."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from tocsin.engine.world import World
from tocsin.incidents import fields
from tocsin.incidents.model import Incident
from tocsin.kernel.decision import NOTHING, Decision
from tocsin.kernel.errors import Invalid
from tocsin.kernel.time import Moment


def type_for_new(world: World, type_name: str) -> None:
    """Raises Invalid for a type that is not there or takes no incidents."""
    found = world.config.fields.type_named(type_name)
    if found is None:
        raise Invalid("Incident type not found.", details=("Incident type not found",), reason="type_missing")
    if not found.enabled:
        raise Invalid("Incident type is disabled.", details=("Incident type is disabled",), reason="type_disabled")


def given(world: World, decision: Decision, values: Mapping[str, Any], now: Moment) -> Decision:
    """The defaults of the incident that the decision leaves, and these values on top. Raises Invalid."""
    incident = _left_by(decision)
    if incident is None:
        return NOTHING
    known = world.config.fields.of_type(incident.type_name)
    if not known and not values:
        return NOTHING
    first = fields.begun(incident, known, now)
    changed = fields.set_values(_left_by(first) or incident, values, known, now)
    return Decision(state=(*first.state, *changed.state), facts=changed.facts)


def wanted(
    world: World, decision: Decision, wishes: Collection[tuple[str, str]], now: Moment, *, fresh: bool
) -> Decision:
    """The defaults of the incident that the decision opened (`fresh`), and what rules want of its fields."""
    incident = _left_by(decision)
    index = world.config.fields
    known = index.of_type(incident.type_name) if incident is not None else ()
    if incident is None or not (wishes or (known and fresh)):
        return NOTHING
    first = fields.begun(incident, known, now) if fresh else NOTHING
    return first + fields.wished(_left_by(first) or incident, wishes, known, index.fields, now, fresh=fresh)


def _left_by(decision: Decision) -> Incident | None:
    return next((one for one in reversed(decision.state) if isinstance(one, Incident)), None)
