"""What incidents somebody may see: the permission rule in terms that a query can filter by."""

from __future__ import annotations

from dataclasses import replace

from tocsin.directory.permissions import Standing, Verb, may
from tocsin.kernel.actor import Actor, ActorKind
from tocsin.storage.queries.listing import Sight


def sight_of(standing: Standing, actor: Actor) -> Sight | None:
    """What incidents the actor may see: None = all, else those of some teams and those that the person has now."""
    if may(standing, Verb.READ):
        return None
    unlimited = replace(standing, limited_to=None)
    if standing.limited_to is not None and may(unlimited, Verb.READ):
        return Sight(standing.limited_to)
    teams = frozenset(team for team in standing.teams if may(unlimited, Verb.READ, (team,)))
    own = actor.id if actor.kind is ActorKind.USER and standing.limited_to is None else ""
    return Sight(teams, own, standing.limited_to)
