"""The form of a rule: what its fields hold for a stored rule, and the rule that filled fields mean.

Decides at which field a problem stands. A field that was not touched leaves what it stands for exactly as it is stored,
also where a browser could not send it back. What is valid the engine says.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from tocsin.events.orchestration import Actions, DynamicRoute, Lookup, OrchestrationRule
from tocsin.kernel.errors import Invalid
from tocsin.kernel.wording import Phrase, sentence_case
from tocsin.web.language import gettext as _
from tocsin.web.language import later
from tocsin.web.rules.parts import NAMES, Found, actions_with_rows, filled_rows, is_same, plain, rows

NEW_SET: Final = "+"
"""The choice that makes a new set to continue with. No id of a set looks like it."""

SEVERITIES: Final = ("critical", "error", "warning", "info")
EVENT_ACTIONS: Final = ("trigger", "resolve", "acknowledge")

OF_RULE: Final = ("label", "conditions", "disabled")
OF_ACTIONS: Final = (
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
OF_ROUTE: Final = ("dynamic_source", "dynamic_regex", "dynamic_lookup")

FIELDS: Final = (*OF_RULE, *OF_ACTIONS, *OF_ROUTE)
"""The fields that are there once; beside them there are the rows of `parts`."""

OFFERED: Final = frozenset(OF_ACTIONS) | NAMES
"""What the form of a rule has where everything is allowed; `dynamic` stands for the fields of a dynamic route."""

_ATTRIBUTE: Final = {"priority": "priority_id", "policy": "policy_id", "suspend": "suspend_seconds"}

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
    ("dynamic_route_to, path", "dynamic_source"),
    ("dynamic_route_to, regex", "dynamic_regex"),
    ("dynamic_route_to ", "dynamic_source"),
)
"""At which field a problem stands, by how it begins; the others stand above all fields."""

_OF_ROW: Final = (
    (re.compile(r"variable (.*?), path, column", re.DOTALL), "variable", "name", "path"),
    (re.compile(r"variable (.*?), regex, column", re.DOTALL), "variable", "name", "regex"),
    (re.compile(r"the variable's name '(.*)' must be", re.DOTALL), "variable", "name", "name"),
    (re.compile(r"extraction to (.*?), path, column", re.DOTALL), "extraction", "target", "source"),
    (re.compile(r"extraction to (.*?), regex, column", re.DOTALL), "extraction", "target", "regex"),
    (re.compile(r"(.*) is not a field that can be set", re.DOTALL), "extraction", "target", "target"),
    (re.compile(r"custom field (.*) not found", re.DOTALL), "update", "id", "id"),
    (re.compile(r"the address of (.*) can't be called", re.DOTALL), "call", "name", "url"),
)
"""Sentences about one row: what its `key` field holds, and at which field of that row they stand."""


@dataclass(frozen=True, slots=True)
class Problems:
    """What the engine found: at the fields, and about the rest."""

    at: Mapping[str, tuple[str, ...]]
    other: tuple[str, ...]


class Misfilled(Invalid):
    """Fields that mean nothing, each with what is wrong with it."""

    def __init__(self, at: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__(later("Something is missing in this form."))
        self.at = at


def filled(rule: OrchestrationRule) -> dict[str, str]:
    """The fields for a stored rule."""
    actions, dynamic = rule.actions, rule.actions.dynamic_route
    seconds = actions.suspend_seconds
    single = {
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
        "dynamic_source": dynamic.source if dynamic else "",
        "dynamic_regex": dynamic.regex if dynamic else "",
        "dynamic_lookup": dynamic.lookup.value if dynamic else Lookup.SERVICE_NAME.value,
    }
    return {name: plain(text) for name, text in single.items()} | filled_rows(actions)


def rule_of(
    typed: Mapping[str, str], old: OrchestrationRule, offered: Collection[str] = OFFERED, *, last: bool = False
) -> OrchestrationRule:
    """The rule that the fields mean; what they do not hold, or still hold, stays as in `old`. Raises Misfilled.

    `offered`: which actions the form has fields for. `last`: it is the form of a catch-all, which has actions only.
    """
    problems, shown = Found(), filled(old)
    changed = {name for name in FIELDS if not is_same(typed.get(name, ""), shown[name])}
    changes: dict[str, Any] = {}
    for name in (name for name in OF_ACTIONS if name in changed and name in offered):
        changes[_ATTRIBUTE.get(name, name)] = _action(name, typed.get(name, ""), problems)
    actions = replace(old.actions, **changes)
    if "dynamic" in offered and not changed.isdisjoint(OF_ROUTE):
        actions = replace(actions, dynamic_route=_dynamic(typed, problems))
    actions = actions_with_rows(typed, actions, offered, problems)
    if problems.at:
        raise Misfilled(problems.at)
    rule = replace(old, actions=actions)
    if last:
        return rule
    if "label" in changed:
        rule = replace(rule, label=typed.get("label", "").strip())
    if "conditions" in changed:
        lines = map(str.strip, typed.get("conditions", "").split("\n"))
        rule = replace(rule, conditions=tuple(filter(None, lines)))
    return replace(rule, disabled=bool(typed.get("disabled"))) if "disabled" in changed else rule


def _action(name: str, text: str, problems: Found) -> Any:
    if name in ("suppress", "drop"):
        return bool(text)
    if name == "suspend":
        return _seconds(text, problems)
    known = {"severity": SEVERITIES, "event_action": EVENT_ACTIONS}.get(name)
    if known is not None and text and text not in known:
        problems.add(name, _("Choose one of the list."))
    return text


def _seconds(text: str, problems: Found) -> int | None:
    typed = text.strip().replace(",", ".")
    if not typed:
        return None
    try:
        return round(min(float(typed), 1e6) * 60)
    except (ValueError, OverflowError):
        problems.add("suspend", _("It is a number of minutes, for instance 5."))
        return None


def _dynamic(typed: Mapping[str, str], problems: Found) -> DynamicRoute | None:
    source, regex = typed.get("dynamic_source", "").strip(), plain(typed.get("dynamic_regex", ""))
    if not source and not regex:
        return None
    if not source:
        problems.add("dynamic_source", _("Say where the pattern is to look."))
    if not regex:
        problems.add("dynamic_regex", _("Say what finds the service; (.*) is all of it."))
    by_id = typed.get("dynamic_lookup") == Lookup.SERVICE_ID
    return DynamicRoute(source=source, regex=regex, lookup=Lookup.SERVICE_ID if by_id else Lookup.SERVICE_NAME)


def sorted_out(details: Iterable[str], begin: str, typed: Mapping[str, str]) -> Problems:
    """The engine's sentences, at their fields. `begin`: what those about this rule begin with."""
    at: dict[str, tuple[str, ...]] = {}
    other: list[str] = []
    for detail in details:
        text = _about_rule(detail, begin)
        field = _field_of(text, typed) if text != detail else ""
        named = "." in text.partition(" ")[0]  # a field of the event is called as it is written
        shown = text if named else sentence_case(text)
        if field:
            at[field] = (*at.get(field, ()), shown)
        else:
            other.append(shown)
    return Problems(at, tuple(other))


def _about_rule(detail: str, begin: str) -> str:
    """What a sentence says of this rule, by itself and still in every language; other sentences as they are."""
    if isinstance(detail, Phrase) and "problem" in detail.values and detail.startswith(begin):
        about: str = detail.values["problem"]
        return about
    return detail.removeprefix(begin) if detail.startswith(begin) else detail


def _field_of(text: str, typed: Mapping[str, str]) -> str:
    """The field that a sentence is about, "" for one about no field."""
    for pattern, part, key, field in _OF_ROW:
        match = pattern.match(text)
        for number in rows(typed, part) if match else ():
            if match and typed.get(f"{part}-{number}-{key}", "").strip()[:64] == match[1][:64]:
                return f"{part}-{number}-{field}"
    return next((name for start, name in _FIELD_OF if text.startswith(start)), "")


def mark_of(rule: OrchestrationRule | Actions) -> str:
    """What a form is given to tell later whether somebody has changed the rule meanwhile."""
    return hashlib.sha256(repr(rule).encode("utf-8", "replace")).hexdigest()[:16]
