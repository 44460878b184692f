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
from tocsin.kernel.wording import phrase

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
            found += [
                phrase("Set %(set)s, rule %(rule)s: %(problem)s", set=one.id, rule=f"{number}{label}", problem=problem)
                for problem in _rule(path, rule, config, first=number == 1)
            ]
    found += [phrase("Catch-all: %(problem)s", problem=problem) for problem in _actions(path, path.catch_all, config)]
    return found


def _shape(path: OrchestrationPath) -> Iterator[str]:
    ids = [one.id for one in path.sets]
    if START not in ids:
        yield phrase("Sets must have one with the id %(start)s", start=START)
    if len(set(ids)) < len(ids):
        yield phrase("Sets must have different ids")
    if not all(_ID.fullmatch(one) for one in ids):
        yield phrase("Ids of sets must be letters, digits, dots, dashes and underscores")
    if path.kind is PathKind.ROUTER and len(ids) > 1:
        yield phrase("A router has the set %(start)s only", start=START)
    if len(ids) > SETS:
        yield phrase("Sets must not have more than %(sets)s elements", sets=SETS)
    if sum(len(one.rules) for one in path.sets) > RULES:
        yield phrase("A path must not have more than %(rules)s rules", rules=RULES)
    if path.kind is not PathKind.ROUTER and _goes_in_circles(path):
        yield phrase("Sets must not lead back to themselves")


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
        yield phrase("it must not have more than %(conditions)s conditions", conditions=CONDITIONS)
    for number, text in enumerate(rule.conditions, 1):
        try:
            pcl.compile(text)
        except pcl.PclError as error:
            yield phrase(
                "condition %(number)s, column %(column)s: %(message)s",
                number=number,
                column=error.column,
                message=error.message,
            )
    if rule.actions.dynamic_route is not None and (not first or rule.conditions):
        yield phrase("dynamic_route_to is for the first rule of a router, which has no conditions then")
    yield from _actions(path, rule.actions, config)


def _actions(path: OrchestrationPath, actions: Actions, config: Config) -> Iterator[str]:
    empty = Actions()
    for name in Actions.__slots__:
        if getattr(actions, name) != getattr(empty, name) and name not in _ALLOWED[path.kind]:
            yield phrase("%(action)s can't be used in the %(kind)s path", action=_WORDS.get(name, name), kind=path.kind)
    yield from _targets(path, actions, config)
    yield from _texts(actions)
    if actions.suspend_seconds is not None and not 1 <= actions.suspend_seconds <= SUSPEND_SECONDS:
        yield phrase("suspend must be between 1 and %(suspend_seconds)s seconds", suspend_seconds=SUSPEND_SECONDS)
    for call in actions.calls:
        if problem := url_problem(call.url):
            yield phrase("the address of %(name)s can't be called: %(problem)s", name=call.name, problem=problem)
        if max(len(call.headers), len(call.parameters)) > CALL_PAIRS:
            yield phrase(
                "%(name)s must not have more than %(call_pairs)s headers or parameters",
                name=call.name,
                call_pairs=CALL_PAIRS,
            )


def _targets(path: OrchestrationPath, actions: Actions, config: Config) -> Iterator[str]:
    """What the actions point at has to be there."""
    to = actions.route_to
    if path.kind is PathKind.ROUTER:
        if to and to != UNROUTED and to not in config.services:
            yield phrase("service %(to)s not found", to=to)
    elif to and (to == START or to not in {one.id for one in path.sets}):
        yield phrase("set %(to)s not found", to=to)
    if actions.priority_id and actions.priority_id not in config.priorities:
        yield phrase("priority %(priority_id)s not found", priority_id=actions.priority_id)
    if actions.policy_id and actions.policy_id not in config.policies:
        yield phrase("escalation policy %(policy_id)s not found", policy_id=actions.policy_id)
    for field_id, template in actions.field_updates:
        field = config.fields.fields.get(field_id)
        if field is None or field.of_service:
            yield phrase("custom field %(field_id)s not found", field_id=field_id)
        elif "{{" not in template and (problem := field.problem(field.read(template))):
            yield phrase("the value of the custom field %(name)s %(problem)s", name=field.name, problem=problem)


def _texts(actions: Actions) -> Iterator[str]:
    """Paths, expressions and targets can be read."""
    if max(len(actions.variables), len(actions.extractions), len(actions.calls), len(actions.field_updates)) > ITEMS:
        yield phrase(
            "it must not have more than %(items)s variables, extractions, webhooks or field updates", items=ITEMS
        )
    for variable in actions.variables:
        yield from _problems_of(phrase("variable %(name)s", name=variable.name), variable.path, variable.regex)
        if not _NAME.fullmatch(variable.name):
            yield phrase(
                "the variable's name %(name)s must be letters, digits and underscores", name=f"{variable.name[:64]!r}"
            )
    for extraction in actions.extractions:
        if extraction.source is not None:
            yield from _problems_of(
                phrase("extraction to %(target)s", target=extraction.target), extraction.source, extraction.regex or ""
            )
        target = extraction.target
        if target not in _TARGETS and not (target.startswith(_DETAIL) and _is_path(target)):
            yield phrase("%(target)s is not a field that can be set", target=target)
    if actions.dynamic_route is not None:
        yield from _problems_of("dynamic_route_to", actions.dynamic_route.source, actions.dynamic_route.regex)


def _problems_of(whose: str, path: str, regex: str) -> Iterable[str]:
    for what, check, text in ((phrase("path"), pcl.parse_path, path), (phrase("regex"), pcl.check_regex, regex)):
        try:
            check(text)
        except pcl.PclError as error:
            yield phrase(
                "%(whose)s, %(what)s, column %(column)s: %(message)s",
                whose=whose,
                what=what,
                column=error.column,
                message=error.message,
            )


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
        found.append(phrase("Name must be letters, digits and underscores"))
    for number, text in enumerate(variable.conditions, 1):
        try:
            condition = pcl.compile(text)
        except pcl.PclError as error:
            found.append(
                phrase(
                    "Condition %(number)s, column %(column)s: %(message)s",
                    number=number,
                    column=error.column,
                    message=error.message,
                )
            )
        else:
            if condition.counters:
                found.append(
                    phrase("Condition %(number)s can't count: a cache variable does that itself", number=number)
                )
    if variable.kind is CacheKind.RECENT_VALUE:
        found += _problems_of(phrase("Configuration"), variable.source, variable.regex)
    elif not 1 <= variable.ttl_seconds <= TTL_SECONDS:
        found.append(phrase("Ttl seconds must be between 1 and %(ttl_seconds)s", ttl_seconds=TTL_SECONDS))
    return found
