"""Event orchestrations with their keys, paths and cache variables: what makes them valid, what removal means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tocsin.engine.thing_removal import alone, gone
from tocsin.engine.thing_rules import Draft, Verdict, named, unique_name
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
from tocsin.kernel.time import Moment


def _orchestration(draft: Draft) -> Verdict:
    """A new one has a key from the beginning."""
    orchestration: Orchestration = _signed(draft)
    found = [*named(orchestration), *unique_name(draft, "orchestration")]
    if orchestration.team_id is not None and orchestration.team_id not in draft.world.config.teams:
        found.append("Team not found")
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
    found = list(named(key, "Label"))
    if key.orchestration_id not in draft.world.config.orchestrations:
        found.append("Event orchestration not found")
    return found, NOTHING


def _path(draft: Draft) -> Verdict:
    path: OrchestrationPath = _signed(draft)
    config = draft.world.config
    parents: Mapping[str, Any] = config.services if path.kind is PathKind.SERVICE else config.orchestrations
    return ([] if path.parent_id in parents else ["Parent not found"]), NOTHING


def _cache_variable(draft: Draft) -> Verdict:
    variable: CacheVariable = _signed(draft)
    config = draft.world.config
    parents: Mapping[str, Any] = config.services if variable.of_service else config.orchestrations
    return ([] if variable.parent_id in parents else ["Parent not found"]), NOTHING


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
