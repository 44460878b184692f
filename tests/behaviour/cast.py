"""Who and what stands on the stage of the behaviour tests. Builds it; decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tocsin.directory.model import Channel, Integration, Role, Service, Team, TeamRole, User
from tocsin.escalation.model import Policy
from tocsin.testing.world import World


@dataclass(frozen=True)
class Cast:
    """The payments team and its service: alice for 5 minutes, then bob for 5 minutes."""

    alice: User
    bob: User
    carol: User
    mallory: User
    olga: User
    team: Team
    policy: Policy
    service: Service
    monitor: Integration

    @property
    def name_of(self) -> dict[str, str]:
        """User ids to first names, so that a failing test can be read."""
        return {one.id: one.name.lower() for one in (self.alice, self.bob, self.carol, self.mallory, self.olga)}


def gather(world: World, *, loops: int = 0, **service: Any) -> Cast:
    """Put the cast on stage. `service` holds settings of the service."""
    alice = world.person("alice", rules=[(Channel.SMS, 0)])
    bob = world.person("bob", rules=[(Channel.VOICE, 0)])
    carol = world.person("carol")
    mallory = world.person("mallory", role=Role.OBSERVER)
    olga = world.person("olga", role=Role.OWNER)
    team = world.team("Payments", (alice, TeamRole.RESPONDER), (bob, TeamRole.RESPONDER), (carol, TeamRole.MANAGER))
    policy = world.policy("Payments", (5, alice), (5, bob), loops=loops, teams=(team.id,))
    made, monitor = world.service("Checkout", policy, **service)
    return Cast(alice, bob, carol, mallory, olga, team, policy, made, monitor)


def paged(world: World, cast: Cast) -> list[str]:
    """Whose phone got something, in order, once per message: ["alice", "bob"]."""
    return [cast.name_of[one.message.user_id] for one in world.carrier.received]
