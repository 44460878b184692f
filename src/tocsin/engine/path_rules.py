"""What makes the rules of an orchestration path and a cache variable valid: every problem in plain sentences.

Decides which actions a path may take and what they may point at. A condition's problem names the column.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tocsin.directory.urls import url_problem
from tocsin.engine.config import Config
from tocsin.events import pcl
from tocsin.events.evaluate import TEXT_FIELDS
from tocsin.events.orchestration import (
    START,
    UNROUTED,
    Actions,
    CacheKind,
    CacheVariable,
    OrchestrationPath,
    OrchestrationRule,
    PathKind,
)
from tocsin.kernel.limits import CALL_PAIRS, NAME_CHARS

SETS = 100
RULES = 1000
CONDITIONS = 32
ITEMS = 32
"""Variables, extractions or other parts of one rule."""

SUSPEND_SECONDS = 7 * 24 * 3600
TTL_SECONDS = 24 * 3600

_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)
_TARGETS = (*(f"event.{name}" for name in TEXT_FIELDS), "event.severity", "event.event_action", "event.custom_details")
_DETAIL = "event.custom_details."

_ALLOWED: dict[PathKind, frozenset[str]] = {
    PathKind.ROUTER: frozenset({"route_to", "dynamic_route"}),
    PathKind.UNROUTED: frozenset({"route_to", "severity", "event_action", "variables", "extractions", "suppress"}),
    PathKind.SERVICE: frozenset(Actions.__slots__) - {"drop", "dynamic_route"},
    PathKind.GLOBAL: frozenset(Actions.__slots__) - {"dynamic_route"},
}
"""What a rule may do on each part of the way."""

_WORDS = {
    "drop": "drop_event",
    "dynamic_route": "dynamic_route_to",
    "suspend_seconds": "suspend",
    "field_updates": "incident_custom_field_updates",
}
"""How actions are called by those who write rules, where that differs."""


def path_problems(path: OrchestrationPath, config: Config) -> list[str]:
    """Everything that is wrong with a path's rules, in their order."""
    found = list(_shape(path))
    for one in path.sets:
        for number, rule in enumerate(one.rules, 1):
            label = f" ({rule.label})" if rule.label else ""
            begin = f"Set {one.id}, rule {number}{label}: "
            found += [begin + problem for problem in _rule(path, rule, config, first=number == 1)]
    found += [f"Catch-all: {problem}" for problem in _actions(path, path.catch_all, config)]
    return found


def _shape(path: OrchestrationPath) -> Iterator[str]:
    ids = [one.id for one in path.sets]
    if START not in ids:
        yield f"Sets must have one with the id {START}"
    if len(set(ids)) < len(ids):
        yield "Sets must have different ids"
    if not all(_ID.fullmatch(one) for one in ids):
        yield "Ids of sets must be letters, digits, dots, dashes and underscores"
    if path.kind is PathKind.ROUTER and len(ids) > 1:
        yield f"A router has the set {START} only"
    if len(ids) > SETS:
        yield f"Sets must not have more than {SETS} elements"
    if sum(len(one.rules) for one in path.sets) > RULES:
        yield f"A path must not have more than {RULES} rules"
    if path.kind is not PathKind.ROUTER and _goes_in_circles(path):
        yield "Sets must not lead back to themselves"


def _goes_in_circles(path: OrchestrationPath) -> bool:
    """Whether some set can be come to twice: sets are taken away that lead to none of those that are left."""
    leads = {one.id: {rule.actions.route_to for rule in one.rules} for one in path.sets}
    while leads:
        ends = [set_id for set_id, targets in leads.items() if not targets & leads.keys()]
        if not ends:
            return True
        for set_id in ends:
            del leads[set_id]
    return False


def _rule(path: OrchestrationPath, rule: OrchestrationRule, config: Config, *, first: bool) -> Iterator[str]:
    if len(rule.conditions) > CONDITIONS:
        yield f"it must not have more than {CONDITIONS} conditions"
    for number, text in enumerate(rule.conditions, 1):
        try:
            pcl.compile(text)
        except pcl.PclError as error:
            yield f"condition {number}, column {error.column}: {error.message}"
    if rule.actions.dynamic_route is not None and (not first or rule.conditions):
        yield "dynamic_route_to is for the first rule of a router, which has no conditions then"
    yield from _actions(path, rule.actions, config)


def _actions(path: OrchestrationPath, actions: Actions, config: Config) -> Iterator[str]:
    empty = Actions()
    for name in Actions.__slots__:
        if getattr(actions, name) != getattr(empty, name) and name not in _ALLOWED[path.kind]:
            yield f"{_WORDS.get(name, name)} can't be used in the {path.kind} path"
    yield from _targets(path, actions, config)
    yield from _texts(actions)
    if actions.suspend_seconds is not None and not 1 <= actions.suspend_seconds <= SUSPEND_SECONDS:
        yield f"suspend must be between 1 and {SUSPEND_SECONDS} seconds"
    for call in actions.calls:
        if problem := url_problem(call.url):
            yield f"the address of {call.name} can't be called: {problem}"
        if max(len(call.headers), len(call.parameters)) > CALL_PAIRS:
            yield f"{call.name} must not have more than {CALL_PAIRS} headers or parameters"


def _targets(path: OrchestrationPath, actions: Actions, config: Config) -> Iterator[str]:
    """What the actions point at has to be there."""
    to = actions.route_to
    if path.kind is PathKind.ROUTER:
        if to and to != UNROUTED and to not in config.services:
            yield f"service {to} not found"
    elif to and (to == START or to not in {one.id for one in path.sets}):
        yield f"set {to} not found"
    if actions.priority_id and actions.priority_id not in config.priorities:
        yield f"priority {actions.priority_id} not found"
    if actions.policy_id and actions.policy_id not in config.policies:
        yield f"escalation policy {actions.policy_id} not found"
    for field_id, template in actions.field_updates:
        field = config.fields.fields.get(field_id)
        if field is None or field.of_service:
            yield f"custom field {field_id} not found"
        elif "{{" not in template and (problem := field.problem(field.read(template))):
            yield f"the value of the custom field {field.name} {problem}"


def _texts(actions: Actions) -> Iterator[str]:
    """Paths, expressions and targets can be read."""
    if max(len(actions.variables), len(actions.extractions), len(actions.calls), len(actions.field_updates)) > ITEMS:
        yield f"it must not have more than {ITEMS} variables, extractions, webhooks or field updates"
    for variable in actions.variables:
        yield from _problems_of(f"variable {variable.name}", variable.path, variable.regex)
        if not _NAME.fullmatch(variable.name):
            yield f"the variable's name {variable.name[:64]!r} must be letters, digits and underscores"
    for extraction in actions.extractions:
        if extraction.source is not None:
            yield from _problems_of(f"extraction to {extraction.target}", extraction.source, extraction.regex or "")
        target = extraction.target
        if target not in _TARGETS and not (target.startswith(_DETAIL) and _is_path(target)):
            yield f"{target} is not a field that can be set"
    if actions.dynamic_route is not None:
        yield from _problems_of("dynamic_route_to", actions.dynamic_route.source, actions.dynamic_route.regex)


def _problems_of(whose: str, path: str, regex: str) -> Iterable[str]:
    for what, check, text in (("path", pcl.parse_path, path), ("regex", pcl.check_regex, regex)):
        try:
            check(text)
        except pcl.PclError as error:
            yield f"{whose}, {what}, column {error.column}: {error.message}"


def _is_path(text: str) -> bool:
    try:
        pcl.parse_path(text)
    except pcl.PclError:
        return False
    return True


def cache_variable_problems(variable: CacheVariable) -> list[str]:
    """Everything that is wrong with a cache variable by itself."""
    found = []
    if not _NAME.fullmatch(variable.name) or len(variable.name) > NAME_CHARS:
        found.append("Name must be letters, digits and underscores")
    for number, text in enumerate(variable.conditions, 1):
        try:
            condition = pcl.compile(text)
        except pcl.PclError as error:
            found.append(f"Condition {number}, column {error.column}: {error.message}")
        else:
            if condition.counters:
                found.append(f"Condition {number} can't count: a cache variable does that itself")
    if variable.kind is CacheKind.RECENT_VALUE:
        found += _problems_of("Configuration", variable.source, variable.regex)
    elif not 1 <= variable.ttl_seconds <= TTL_SECONDS:
        found.append(f"Ttl seconds must be between 1 and {TTL_SECONDS}")
    return found
