"""Event orchestrations with their keys, paths and cache variables: what makes them valid, what removal means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tocsin.engine.path_rules import cache_variable_problems, path_problems
from tocsin.engine.thing_removal import alone, gone
from tocsin.engine.thing_rules import Draft, Verdict, key_is_taken, named, unique_name
from tocsin.engine.world import ThingChange, World
from tocsin.events.orchestration import (
    CacheVariable,
    Orchestration,
    OrchestrationKey,
    OrchestrationPath,
    PathKind,
    path_id,
)
from tocsin.kernel.decision import NOTHING, Decision
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import phrase, word

PROBLEMS = 20
"""Problems of a path that are told at once."""

VARIABLES = 100
"""Cache variables of one orchestration or service: each is looked at for every event."""


def _orchestration(draft: Draft) -> Verdict:
    """A new one has a key from the beginning."""
    orchestration: Orchestration = _signed(draft)
    found = [*named(orchestration), *unique_name(draft, "orchestration")]
    if orchestration.team_id is not None and orchestration.team_id not in draft.world.config.teams:
        found.append(phrase("Team not found"))
    if found or draft.old is not None:
        return found, NOTHING
    ids, now = draft.world.ids, draft.now
    label = f"{orchestration.name} Default Integration"
    key = OrchestrationKey(
        id=ids.uuid(), orchestration_id=orchestration.id, name=label, key=ids.orchestration_key(), created_at=now
    )
    return [], Decision(state=(ThingChange("orchestration_key", key.id, None, key),))


def _orchestration_key(draft: Draft) -> Verdict:
    key: OrchestrationKey = draft.new
    if not key.key:
        key = draft.new = replace(key, key=draft.world.ids.orchestration_key())
    found = list(named(key, word("Label")))
    if key.orchestration_id not in draft.world.config.orchestrations:
        found.append(phrase("Event orchestration not found"))
    if key_is_taken(draft):
        found.append(phrase("Integration key has already been taken"))
    return found, NOTHING


def _path(draft: Draft) -> Verdict:
    """A path as a whole: what each rule says, and that every set can be reached without going in circles."""
    path: OrchestrationPath = _signed(draft)
    config = draft.world.config
    parents: Mapping[str, Any] = config.services if path.kind is PathKind.SERVICE else config.orchestrations
    found = [] if path.parent_id in parents else ["Parent not found"]
    found += path_problems(path, config)
    if not found:
        draft.new = _with_rule_ids(path, draft.world.ids)
    return found[:PROBLEMS], NOTHING


def _with_rule_ids(path: OrchestrationPath, ids: IdSource) -> OrchestrationPath:
    """Every rule has an id of its own, which it keeps: what a rule counts and how often it acted goes by it."""
    taken: set[str] = set()
    sets = []
    for one in path.sets:
        rules = []
        for rule in one.rules:
            rule_id = rule.id
            while not rule_id or rule_id in taken:
                rule_id = ids.eight()
            taken.add(rule_id)
            rules.append(replace(rule, id=rule_id))
        sets.append(replace(one, rules=tuple(rules)))
    return replace(path, sets=tuple(sets))


def _cache_variable(draft: Draft) -> Verdict:
    variable: CacheVariable = _signed(draft)
    config = draft.world.config
    parents: Mapping[str, Any] = config.services if variable.of_service else config.orchestrations
    found = [] if variable.parent_id in parents else ["Parent not found"]
    others = config.variables_of.get(variable.parent_id, {})
    if any(one.name == variable.name and one.id != variable.id for one in others.values()):
        found.append(phrase("Name has already been taken"))
    if draft.old is None and len(others) >= VARIABLES:
        found.append(phrase("There are %(variables)s cache variables here already", variables=VARIABLES))
    return found + cache_variable_problems(variable), NOTHING


def _orchestration_gone(world: World, orchestration: Orchestration, _now: Moment) -> Decision:
    config = world.config
    paths = [config.orchestration_paths.get(path_id(orchestration.id, kind)) for kind in PathKind]
    variables = [one for one in config.cache_variables.values() if one.parent_id == orchestration.id]
    belongs = [*config.keys_of.get(orchestration.id, ()), *variables, *(one for one in paths if one is not None)]
    return gone([*belongs, orchestration])


def _signed(draft: Draft) -> Any:
    """The draft with who made it and who changed it last; left alone when nothing changes."""
    old, actor_id = draft.old, draft.actor.id
    if old is None:
        draft.new = replace(draft.new, created_by=actor_id, updated_by=actor_id)
    elif draft.new != old:
        draft.new = replace(draft.new, updated_by=actor_id)
    return draft.new


RULES: Mapping[str, Callable[[Draft], Verdict]] = {
    "orchestration": _orchestration,
    "orchestration_key": _orchestration_key,
    "orchestration_path": _path,
    "cache_variable": _cache_variable,
}
"""The rule of each of these kinds."""

REMOVAL: Mapping[str, Callable[[World, Any, Moment], Decision]] = {
    "orchestration": _orchestration_gone,
    "orchestration_key": alone,
    "orchestration_path": alone,
    "cache_variable": alone,
}
"""What removing each of these kinds means."""
