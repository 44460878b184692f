"""The form of a rule: what its fields hold for a stored rule, and the rule that filled fields mean.

Decides which actions the form has fields for; a rule's other actions stay as they are. What is valid the engine says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from tocsin.events.orchestration import Actions, OrchestrationRule
from tocsin.kernel.errors import Invalid

NEW_SET: Final = "+"
"""The choice that makes a new set to continue with. No id of a set looks like it."""

FIELDS: Final = (
    "label",
    "conditions",
    "disabled",
    "route_to",
    "suppress",
    "drop",
    "suspend",
    "priority",
    "policy",
    "severity",
    "event_action",
    "note",
)

_FIELD_OF: Final = (
    ("condition ", "conditions"),
    ("it must not have more than 32 conditions", "conditions"),
    ("service ", "route_to"),
    ("set ", "route_to"),
    ("priority ", "priority"),
    ("escalation policy ", "policy"),
    ("suspend ", "suspend"),
    ("drop_event ", "drop"),
    ("suppress ", "suppress"),
)
"""At which field a problem stands, by how it begins; the others stand above all fields."""

_MOST: Final = 20_000


@dataclass(frozen=True, slots=True)
class Problems:
    """What the engine found: at the fields, and about the rest."""

    at: Mapping[str, tuple[str, ...]]
    other: tuple[str, ...]


def filled(rule: OrchestrationRule) -> dict[str, str]:
    """The fields for a stored rule."""
    actions = rule.actions
    seconds = actions.suspend_seconds
    return {
        "label": rule.label,
        "conditions": "\n".join(rule.conditions),
        "disabled": "1" if rule.disabled else "",
        "route_to": actions.route_to,
        "suppress": "1" if actions.suppress else "",
        "drop": "1" if actions.drop else "",
        "suspend": "" if seconds is None else f"{seconds / 60:g}",
        "priority": actions.priority_id,
        "policy": actions.policy_id,
        "severity": actions.severity,
        "event_action": actions.event_action,
        "note": actions.note,
    }


def rule_of(typed: Mapping[str, str], old: OrchestrationRule) -> OrchestrationRule:
    """The rule that the fields mean; what they do not hold stays as in `old`. Raises Invalid."""
    conditions = tuple(line.strip() for line in typed["conditions"].split("\n") if line.strip())
    return replace(
        old,
        label=typed["label"].strip(),
        conditions=conditions,
        disabled=bool(typed["disabled"]),
        actions=actions_of(typed, old.actions),
    )


def actions_of(typed: Mapping[str, str], old: Actions) -> Actions:
    """The actions that the fields mean. Raises Invalid."""
    return replace(
        old,
        route_to=typed["route_to"],
        suppress=bool(typed["suppress"]),
        drop=bool(typed["drop"]),
        suspend_seconds=_seconds(typed["suspend"]),
        priority_id=typed["priority"],
        policy_id=typed["policy"],
        severity=typed["severity"],
        event_action=typed["event_action"],
        note=typed["note"],
    )


def _seconds(text: str) -> int | None:
    typed = text.strip().replace(",", ".")
    if not typed:
        return None
    try:
        minutes = min(float(typed), 1e6)
        return round(minutes * 60)
    except (ValueError, OverflowError):
        message = "suspend is a number of minutes, for instance 5"
        raise Invalid(message, details=(message,)) from None


def sorted_out(details: Iterable[str], begin: str) -> Problems:
    """The engine's sentences, at their fields. `begin`: what those about this rule begin with."""
    at: dict[str, tuple[str, ...]] = {}
    other: list[str] = []
    for detail in details:
        text = detail.removeprefix(begin)
        field = next((name for start, name in _FIELD_OF if text.startswith(start)), "")
        if field and (text != detail or field == "suspend"):
            at[field] = (*at.get(field, ()), text[:1].upper() + text[1:])
        else:
            other.append(text[:1].upper() + text[1:])
    return Problems(at, tuple(other))


def mark_of(rule: OrchestrationRule | Actions) -> str:
    """What a form is given to tell later whether somebody has changed the rule meanwhile."""
    return hashlib.sha256(repr(rule).encode("utf-8", "replace")).hexdigest()[:16]
