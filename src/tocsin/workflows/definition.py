"""Workflows and what starts them, as people define them. Clients' JSON is kept as they sent it; here it is read.

Decides what counts as given. What can't be read is left out: it was checked when it was saved.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any

from tocsin.directory.kept import Kept
from tocsin.workflows.model import Step

WORKFLOW = "incident_workflow"
TRIGGER = "workflow_trigger"
"""Under which words both are kept."""


class TriggerKind(StrEnum):
    """What has a workflow start."""

    MANUAL = "manual"  # a person, on the incident
    CONDITIONAL = "conditional"  # the incident begins to meet a condition
    INCIDENT_TYPE = "incident_type"  # the incident becomes one of some types


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """A workflow, with its steps in order. It belongs to its teams, or to nobody."""

    id: str
    name: str
    description: str = ""
    team_ids: tuple[str, ...] = ()
    enabled: bool = True
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What starts a workflow, on incidents of these services or `everywhere`.

    `condition` "" = as soon as there is an incident. `only_team_id`: by hand, for members of that team only.
    """

    id: str
    workflow_id: str
    kind: TriggerKind
    service_ids: frozenset[str] = frozenset()
    everywhere: bool = False
    condition: str = ""
    types: frozenset[str] = frozenset()
    only_team_id: str = ""
    disabled: bool = False

    def covers(self, service_id: str) -> bool:
        """Whether it is about incidents of this service."""
        return not self.disabled and (self.everywhere or service_id in self.service_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Every workflow, and what starts those that are enabled; oldest first.

    `by_itself`: conditions and types, asked after every change of an incident. `by_hand`: by workflow.
    """

    workflows: Mapping[str, Workflow]
    by_itself: tuple[Trigger, ...]
    by_hand: Mapping[str, tuple[Trigger, ...]]
    triggers_of: Mapping[str, tuple[Trigger, ...]]


def book_of(kept: Iterable[Kept]) -> Book:
    """What these say, of whatever is kept."""
    ours = [one for one in kept if one.resource in (WORKFLOW, TRIGGER)]
    ours.sort(key=lambda one: (one.created_at, one.id))
    found = {one.id: workflow_of(one) for one in ours if one.resource == WORKFLOW}
    triggers = [trigger_of(one) for one in ours if one.resource == TRIGGER]
    every = [one for one in triggers if one is not None and one.workflow_id in found]
    live = [one for one in every if found[one.workflow_id].enabled and not one.disabled]
    return Book(
        workflows=found,
        by_itself=tuple(one for one in live if one.kind is not TriggerKind.MANUAL),
        by_hand=_by_workflow(one for one in live if one.kind is TriggerKind.MANUAL),
        triggers_of=_by_workflow(every),
    )


def _by_workflow(triggers: Iterable[Trigger]) -> Mapping[str, tuple[Trigger, ...]]:
    found: dict[str, tuple[Trigger, ...]] = {}
    for one in triggers:
        found[one.workflow_id] = (*found.get(one.workflow_id, ()), one)
    return found


@lru_cache(maxsize=1024)
def workflow_of(one: Kept) -> Workflow:
    """A workflow as it is kept."""
    values = _values(one)
    return Workflow(
        id=one.id,
        name=one.name,
        description=_text(values.get("description")),
        team_ids=one.team_ids,
        enabled=values.get("is_enabled") is not False,
        steps=tuple(_step(each) for each in _objects(values.get("steps"))),
    )


@lru_cache(maxsize=4096)
def trigger_of(one: Kept) -> Trigger | None:
    """A trigger as it is kept; None for one of an unknown kind."""
    values = _values(one)
    kind = values.get("trigger_type")
    if kind not in list(TriggerKind):
        return None
    permissions = values.get("permissions")
    permissions = permissions if isinstance(permissions, dict) else {}
    return Trigger(
        id=one.id,
        workflow_id=_text(values.get("workflow")),
        kind=TriggerKind(kind),
        service_ids=_texts(values.get("services")),
        everywhere=values.get("is_subscribed_to_all_services") is True,
        condition=_text(values.get("condition")).strip(),
        types=_texts(values.get("incident_types")),
        only_team_id=_text(permissions.get("team_id")) if permissions.get("restricted") is True else "",
        disabled=values.get("is_disabled") is True,
    )


def altered(one: Kept, **values: object) -> Kept:
    """A workflow or trigger with these of its values changed and the others as a client sent them."""
    return replace(one, name=_text(values.get("name")) or one.name, wire=json.dumps({**_values(one), **values}))


def steps_in(one: Kept) -> list[dict[str, Any]]:
    """A workflow's steps as its client sent them, in order; with whatever else they hold."""
    return [dict(each) for each in _objects(_values(one).get("steps"))]


def input_key(name: str) -> str:
    """What an input is called however its name is written: `Conference_URL` is `conference url`."""
    return re.sub(r"[\s_-]+", " ", name.strip().casefold())


def _step(values: Mapping[str, Any]) -> Step:
    action = values.get("action_configuration")
    action = action if isinstance(action, dict) else {}
    inputs = [(_text(each.get("name")), _text(each.get("value"))) for each in _objects(action.get("inputs"))]
    return Step(
        id=_text(values.get("id")),
        name=_text(values.get("name")),
        action=_text(action.get("action_id")),
        inputs=tuple(inputs),
    )


def _values(one: Kept) -> Mapping[str, Any]:
    values = json.loads(one.wire)
    return values if isinstance(values, dict) else {}


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> frozenset[str]:
    return frozenset(each for each in value if isinstance(each, str)) if isinstance(value, list) else frozenset()
