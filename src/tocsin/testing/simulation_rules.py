"""Acts around event orchestrations: monitors that speak to one, and people who change its rules all the time.

As `simulation_actors`: each does one thing through the world's own doors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tocsin.engine.things import SaveThing
from tocsin.events.model import Action, Severity
from tocsin.events.orchestration import (
    START,
    UNROUTED,
    Actions,
    Extraction,
    Orchestration,
    OrchestrationKey,
    OrchestrationPath,
    OrchestrationRule,
    PathKind,
    RuleSet,
)
from tocsin.testing.simulation_actors import Life
from tocsin.testing.world import OWNER

SUMMARIES = ("payments are slow", "search is down", "a blip on staging", "payments are down")
KEYS = ("one", "two", "three", "four", "five")

CONDITIONS = (
    (),
    ("event.summary matches part 'payments'",),
    ("event.summary matches part 'staging'", "event.severity matches 'info'"),
    ("event.severity matches 'critical' or event.custom_details.host exists",),
    ("trigger_count over 5 minutes >= 2",),
    ("event.summary matches part 'down' and resetting_trigger_count over 10 minutes > 1",),
    ("now in Mon,Tue,Wed,Thu,Fri 08:00:00 to 20:00:00 Europe/Lisbon",),
)
ACTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"suppress": True},
    {"suspend_seconds": 60},
    {"drop": True},
    {"severity": "warning", "note": "{{event.summary}}"},
    {"event_action": "resolve"},
    {"extractions": (Extraction(target="event.dedup_key", template="{{event.summary}}"),)},
    {"extractions": (Extraction(target="event.summary", source="event.summary", regex="(^[a-z]+)"),)},
    {"route_to": "more"},
)


def tell_the_orchestration(life: Life) -> None:
    """A monitor speaks to the orchestration, which finds the service."""
    rng = life.rng
    action = rng.choice((Action.TRIGGER, Action.TRIGGER, Action.TRIGGER, Action.RESOLVE))
    event = life.world.alarm(
        _key(life),
        rng.choice(KEYS),
        action,
        summary=rng.choice(SUMMARIES),
        severity=rng.choice(tuple(Severity)),
        details={"host": "db1"} if rng.random() < 0.3 else {},
    )
    life.note(f"the orchestration hears {action} {event.dedup_key} {event.summary}")
    life.world.accept(event)


def change_rules(life: Life) -> None:
    """Somebody writes one of the paths anew."""
    rng = life.rng
    kind = rng.choice((PathKind.GLOBAL, PathKind.ROUTER, PathKind.ROUTER, PathKind.SERVICE))
    parent = rng.choice(life.stage.services).id if kind is PathKind.SERVICE else _key(life).orchestration_id
    if kind is PathKind.ROUTER:
        sets: tuple[RuleSet, ...] = (RuleSet(id=START, rules=tuple(_route(life) for _ in range(2))),)
        catch_all = Actions(route_to=rng.choice((UNROUTED, rng.choice(life.stage.services).id)))
    else:
        rules = tuple(_rule(life, kind) for _ in range(rng.randint(0, 3)))
        sets = (RuleSet(id=START, rules=rules), RuleSet(id="more", rules=(_rule(life, kind, last=True),)))
        catch_all = Actions()
    path = OrchestrationPath(parent_id=parent, kind=kind, sets=sets, catch_all=catch_all)
    known = path.id in life.world.config.orchestration_paths
    fields = ("sets", "catch_all") if known else ()
    life.ask(OWNER, SaveThing(thing_kind="orchestration_path", thing=path, fields=fields))


def _key(life: Life) -> OrchestrationKey:
    """The one orchestration's key; it is made when it is first wanted."""
    if not life.world.config.orchestrations:
        life.world.save(Orchestration(id="", name="Everything"))
    return min(life.world.config.orchestration_keys.values(), key=lambda one: one.id)


def _route(life: Life) -> OrchestrationRule:
    service = life.rng.choice(life.stage.services).id
    return OrchestrationRule(id="", conditions=life.rng.choice(CONDITIONS), actions=Actions(route_to=service))


def _rule(life: Life, kind: PathKind, *, last: bool = False) -> OrchestrationRule:
    actions = dict(life.rng.choice(ACTIONS[:-1] if last else ACTIONS))
    if kind is PathKind.SERVICE:
        actions.pop("drop", None)
    return OrchestrationRule(id="", conditions=life.rng.choice(CONDITIONS), actions=Actions(**actions))


ACTS: Sequence[tuple[int, Callable[[Life], None]]] = ((8, tell_the_orchestration), (3, change_rules))
"""Everything of this sort that can happen, and how often."""
