"""Noise rules of a service: events that a rule suppresses open an alert on record, and page nobody.

Decides which rule stops an event. A condition compares text only; nothing that a user typed is executed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from tocsin.events.model import Event
from tocsin.kernel.time import Moment


class Match(StrEnum):
    """How a field is compared, always ignoring case."""

    IS = "is"
    CONTAINS = "contains"


FIELDS = ("summary", "source", "severity", "component", "group", "event_class")
"""Fields of an event that a condition may name; `details.<key>` names one of its details."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """`field` `match` `text`, for instance source contains staging."""

    field: str
    match: Match
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseRule:
    """When every condition holds, suppress. Rules of a service are tried in `position` order; the first one wins."""

    id: str
    service_id: str
    label: str
    conditions: tuple[Condition, ...]
    position: int = 0
    enabled: bool = True
    created_at: Moment = 0


def suppressing(event: Event, rules: Iterable[NoiseRule]) -> NoiseRule | None:
    """The first rule that stops this event, None if it may go on."""
    for rule in rules:
        if rule.enabled and rule.conditions and all(_holds(condition, event) for condition in rule.conditions):
            return rule
    return None


def _holds(condition: Condition, event: Event) -> bool:
    actual = _field(event, condition.field).casefold()
    wanted = condition.text.casefold()
    return wanted in actual if condition.match is Match.CONTAINS else wanted == actual


def _field(event: Event, name: str) -> str:
    if name.startswith("details."):
        found: object = event.details
        for part in name.split(".")[1:]:
            found = found.get(part, "") if isinstance(found, dict) else ""
        return str(found)
    return str(getattr(event, name, "") or "") if name in FIELDS else ""
