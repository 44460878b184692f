"""Which things of the configuration an actor may read: one answer for pages and APIs.

Decides whose a thing is to look at. The rule itself is `directory.permissions.may`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias, TypeVar

from tocsin.directory.business import BusinessService
from tocsin.directory.model import Service, Team, User
from tocsin.directory.permissions import Standing, Verb, may, reads_everything
from tocsin.engine.config import Config
from tocsin.escalation.model import Policy
from tocsin.events.orchestration import Orchestration
from tocsin.oncall import Schedule

Readable: TypeAlias = User | Team | Service | Schedule | Policy | Orchestration | BusinessService

T = TypeVar("T", User, Team, Service, Schedule, Policy, Orchestration, BusinessService)


def may_read(config: Config, standing: Standing, thing: Readable, *, own_id: str = "") -> bool:
    """Whether the actor may look at it. `own_id`: the person who asks, who may always look at themselves."""
    if isinstance(thing, User) and thing.id == own_id:
        return True
    return may(standing, Verb.READ, _teams_of(config, thing))


def readable(config: Config, standing: Standing, things: Iterable[T], *, own_id: str = "") -> list[T]:
    """Those of the things that the actor may look at, in their order."""
    if reads_everything(standing):
        return list(things)
    return [thing for thing in things if may_read(config, standing, thing, own_id=own_id)]


def _teams_of(config: Config, thing: Readable) -> tuple[str, ...]:
    if isinstance(thing, Team):
        return (thing.id,)
    if isinstance(thing, Service):
        return config.team_ids_of_service(thing.id)
    if isinstance(thing, User):
        return tuple(membership.team_id for membership in config.teams_of.get(thing.id, ()))
    if isinstance(thing, Orchestration | BusinessService):
        return (thing.team_id,) if thing.team_id else ()
    return thing.team_ids
