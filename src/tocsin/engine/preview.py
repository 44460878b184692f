"""What would become of an event, or of a change: the engine's own decision, watched on its way, and thrown away.

Nothing is stored: counts and alerts are looked up as they are, and what the decision would change is left here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from tocsin.alerts.decide import Ending
from tocsin.alerts.model import Alert
from tocsin.engine.config import Config
from tocsin.engine.orchestrate import Orchestrating
from tocsin.engine.receive import receive
from tocsin.engine.things import SaveThing, save
from tocsin.engine.world import State, World
from tocsin.events.evaluate import Claim
from tocsin.events.memory import Memory
from tocsin.events.model import Event
from tocsin.events.orchestration import PathKind, path_id
from tocsin.kernel.actor import Actor
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import Moment


@dataclass(frozen=True, slots=True)
class Stage:
    """One part of the way: which rules acted, and the event before and after them."""

    parent_id: str
    kind: PathKind
    claims: tuple[Claim, ...]
    before: Event
    after: Event


@dataclass(frozen=True, slots=True)
class Preview:
    """All that can be said: the parts of the way, the service ("" = none), the ending, and the alert it would leave."""

    stages: tuple[Stage, ...]
    service_id: str
    ending: Ending
    alert: Alert | None
    priority_id: str
    policy_id: str
    notes: tuple[str, ...]
    field_values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Lookups:
    """What the decision about one event may look up of the open work."""

    latest_alert: Callable[[str, str], Alert | None]
    memory: Callable[[str], Memory | None]


class _Watched(Orchestrating):
    """An event's way that keeps what happened on each part of it."""

    def __init__(self, world: World, event: Event) -> None:
        super().__init__(world, event)
        self._config = world.config
        self.stages: list[Stage] = []
        self.at: str = ""

    def at_service(self, service_id: str) -> None:
        """The service's own rules; the event has come to it, whether it has any or not."""
        self.at = service_id
        super().at_service(service_id)

    def _run(self, parent_id: str, kind: PathKind) -> str:
        before, known = self.way.event, len(self.way.marks.claims)
        routed = super()._run(parent_id, kind)
        if path_id(parent_id, kind) in self._config.orchestration_paths:
            claims = tuple(self.way.marks.claims[known:])
            self.stages.append(Stage(parent_id, kind, claims, before, self.way.event))
        return routed


def preview(config: Config, ids: IdSource, lookups: Lookups, event: Event, now: Moment) -> Preview:
    """Decide the event as the engine would, and store nothing."""
    world = World(config, cast("State", lookups), ids)
    watched = _Watched(world, event)
    decision = receive(world, event, now, watched)
    ending = cast("Ending", decision.value)
    alerts: list[Any] = [one for one in decision.state if isinstance(one, Alert)]
    marks = watched.way.marks
    return Preview(
        stages=tuple(watched.stages),
        service_id=watched.at,
        ending=ending,
        alert=alerts[-1] if alerts else None,
        priority_id=marks.priority_id,
        policy_id=marks.policy_id,
        notes=tuple(marks.notes),
        field_values=tuple(marks.field_values.items()),
    )


def judged(config: Config, ids: IdSource, actor: Actor, command: SaveThing, now: Moment) -> Any:
    """The thing as the engine would store it, for kinds whose rules look at the configuration alone.

    Raises what the engine would: NotFound, Conflict, NotAllowed, Invalid.
    """
    nothing = Lookups(latest_alert=lambda _scope, _key: None, memory=lambda _id: None)
    return save(World(config, cast("State", nothing), ids), actor, command, now).value
