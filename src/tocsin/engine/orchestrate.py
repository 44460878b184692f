"""An event's way through orchestrations: which service it is for, and what the rules made of it on the way.

Looks up what the rules need and keeps what they remember; `events.evaluate` runs them, `receive` decides the rest.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tocsin.engine.world import World
from tocsin.events import pcl
from tocsin.events.evaluate import Claim, Marks, event_of, run, scene_of
from tocsin.events.memory import Memory, acted, count_within, counted
from tocsin.events.model import Action, Event
from tocsin.events.orchestration import UNROUTED, CacheKind, CacheVariable, Lookup, PathKind, path_id
from tocsin.kernel.time import SECOND, Moment, Span
from tocsin.kernel.values import replace

NOT_ROUTED = ("", UNROUTED)
"""What a router says of an event that is for no service."""


@dataclass(slots=True)
class Remembered:
    """Implements `events.evaluate.Counts` for one event: reads what is stored, gathers what changes."""

    world: World
    now: Moment
    changed: dict[str, Memory] = field(default_factory=dict)
    variables: Mapping[str, CacheVariable] = field(default_factory=dict)

    def of(self, key: str) -> Memory:
        """What is remembered under this key."""
        return self.changed.get(key) or self.world.state.memory(key) or Memory(id=key)

    def add(self, key: str, span: Span, now: Moment) -> None:
        """One event more."""
        self.changed[key] = counted(self.of(key), now, span)

    def within(self, key: str, span: Span, now: Moment) -> int:
        """Events of the last `span`."""
        return count_within(self.of(key), now, span)

    def clear(self, key: str) -> None:
        """Begin at nothing."""
        self.changed[key] = replace(self.of(key), buckets=())

    def acted(self, claim: Claim) -> None:
        """Count by day that a rule acted: people see which rules do lately, and which never did."""
        key = hits_key(claim.path_id, claim.rule_id)
        self.changed[key] = acted(self.of(key), self.now)

    def variable(self, name: str) -> object:
        """A cache variable's value, None without one."""
        variable = self.variables.get(name)
        if variable is None or variable.disabled:
            return None
        memory, span = self.of(cache_key(variable.id)), variable.ttl_seconds * SECOND
        if variable.kind is CacheKind.TRIGGER_EVENT_COUNT:
            return count_within(memory, self.now, span)
        if variable.kind is CacheKind.EXTERNAL_DATA and memory.at + span <= self.now:
            return None
        return memory.value


@dataclass(slots=True)
class Way:
    """How far an event has come, and what the rules asked for."""

    event: Event
    marks: Marks
    service_id: str = ""
    unrouted_by: str = ""
    """The orchestration whose router sent it nowhere."""


class Orchestrating:
    """One event's way. Of each part of the way only what is there costs anything."""

    def __init__(self, world: World, event: Event) -> None:
        self._world = world
        self._scene: pcl.Scene | None = None
        self._noted: set[str] = set()
        """Of whom the cache variables have taken what they want of this event: once, on whatever part of the way."""
        self._remembered = Remembered(world, event.received_at)
        self.way = Way(event, Marks())

    @property
    def changed(self) -> tuple[Memory, ...]:
        """What the rules remember now, to be stored with the decision."""
        return tuple(self._remembered.changed.values())

    def globally(self, orchestration_id: str) -> None:
        """The first part, for events to an orchestration's key."""
        self._run(orchestration_id, PathKind.GLOBAL)

    def route(self, orchestration_id: str) -> None:
        """Which service the event is for; without one the unrouted path acts on it."""
        routed = self._run(orchestration_id, PathKind.ROUTER)
        if routed in NOT_ROUTED or routed not in self._world.config.services:
            orchestration = self._world.config.orchestrations.get(orchestration_id)
            self.way.unrouted_by = orchestration.name if orchestration is not None else orchestration_id
            self._run(orchestration_id, PathKind.UNROUTED)
        else:
            self.way.service_id = routed

    def at_service(self, service_id: str) -> None:
        """The service's own rules, if it has any that are on."""
        path = self._world.config.orchestration_paths.get(path_id(service_id, PathKind.SERVICE))
        if path is not None and path.active:
            self._run(service_id, PathKind.SERVICE)

    def _run(self, parent_id: str, kind: PathKind) -> str:
        config = self._world.config
        program = config.program(path_id(parent_id, kind))
        if program is None:
            return ""
        way = self.way
        if self._scene is None:
            self._scene = scene_of(way.event, self._remembered, _body(way.event))
        self._remembered.variables = config.variables_of.get(parent_id, {})
        if parent_id not in self._noted:
            self._noted.add(parent_id)
            for variable in self._remembered.variables.values():
                self._note(variable)
        before = len(way.marks.claims)
        routed = run(program, self._scene, way.marks, self._remembered, self._find_service)
        for claim in way.marks.claims[before:]:
            self._remembered.acted(claim)
        way.event = event_of(self._scene, way.event)
        return routed

    def _note(self, variable: CacheVariable) -> None:
        """What a cache variable takes from this event, if its conditions hold."""
        scene = self._scene
        if scene is None or variable.disabled or variable.kind is CacheKind.EXTERNAL_DATA:
            return
        if variable.conditions and not any(_holds(text, scene) for text in variable.conditions):
            return
        key, now = cache_key(variable.id), self._remembered.now
        if variable.kind is CacheKind.TRIGGER_EVENT_COUNT:
            if self.way.event.action is Action.TRIGGER:
                self._remembered.add(key, variable.ttl_seconds * SECOND, now)
                scene.forget()
            return
        try:
            text = scene.text(pcl.parse_path(variable.source))
        except pcl.PclError:
            return
        found = pcl.captures(variable.regex, text) if text is not None else None
        if found is not None:
            self._remembered.changed[key] = replace(self._remembered.of(key), value=found, at=now)
            scene.forget()

    def _find_service(self, lookup: Lookup, text: str) -> str:
        config = self._world.config
        if lookup is Lookup.SERVICE_ID:
            return text if text in config.services else ""
        return config.service_by_name.get(text.casefold(), "")


def _holds(text: str, scene: pcl.Scene) -> bool:
    try:
        return pcl.compile(text).holds(scene)
    except pcl.PclError:
        return False


def _body(event: Event) -> Callable[[], object]:
    def read() -> object:
        try:
            body: object = json.loads(event.raw)
        except ValueError:
            return None
        return body

    return read


def cache_key(variable_id: str) -> str:
    """Under which key a cache variable is remembered."""
    return f"cache:{variable_id}"


def hits_key(path_key: str, rule_id: str) -> str:
    """Under which key it is counted how often a rule acted; without a rule, the path's catch-all."""
    return f"hits:{path_key}:{rule_id}"
