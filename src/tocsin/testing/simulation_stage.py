"""The installation that a simulation runs: people with odd rules, policies with gaps, services of every sort.

Built from a seed, so that it can be built again. Decides who exists; what they do stands in `simulation_actors`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import Any

from tocsin.directory.model import (
    Channel,
    Integration,
    Role,
    Service,
    SupportHours,
    Team,
    TeamRole,
    UrgencyRule,
    UrgencyRuleKind,
    User,
)
from tocsin.escalation.model import Policy
from tocsin.oncall import Restriction, RestrictionKind, Schedule
from tocsin.testing.rules import quiet
from tocsin.testing.world import World

RULES: tuple[tuple[tuple[Channel, int], ...], ...] = (
    ((Channel.SMS, 0),),
    ((Channel.VOICE, 0), (Channel.SMS, 0)),
    ((Channel.SMS, 0), (Channel.VOICE, 2), (Channel.EMAIL, 4)),
    ((Channel.EMAIL, 0), (Channel.WEBHOOK, 1)),
    ((Channel.VOICE, 3),),
    (),
)
"""Ways of being reached, from simple to none at all."""

SERVICES: tuple[dict[str, Any], ...] = (
    {"acknowledgement_timeout": 600},
    {"auto_resolve_timeout": 3600, "acknowledgement_timeout": 1800},
    {"group_seconds": 300, "urgency_rule": UrgencyRule(kind=UrgencyRuleKind.SEVERITY_BASED)},
    {"last_resort": False},
    {
        "urgency_rule": UrgencyRule(kind=UrgencyRuleKind.USE_SUPPORT_HOURS, during="severity_based", outside="low"),
        "support_hours": SupportHours(
            time_zone="Europe/Lisbon", start_second=8 * 3600, end_second=11 * 3600, days=(1, 2, 3, 4, 5, 6, 7)
        ),
        "raise_at": "support_hours_end",
    },
)
"""Services that differ in everything that decides something."""


@dataclass
class Stage:
    """Who and what exists. Things may be changed or removed meanwhile: ids are looked up when they are used."""

    owner: User
    people: list[User] = field(default_factory=list)
    teams: list[Team] = field(default_factory=list)
    schedules: list[Schedule] = field(default_factory=list)
    policies: list[Policy] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)
    monitors: list[Integration] = field(default_factory=list)


def build(world: World, rng: random.Random) -> Stage:
    """An installation of seven people, two teams, two schedules with gaps, four policies, five services."""
    stage = Stage(owner=world.person("olga", role=Role.OWNER))
    stage.people = [
        world.person(name, rules=rng.choice(RULES[:4]) if rng.random() < 0.8 else rng.choice(RULES))
        for name in ("alice", "bob", "carol", "dave", "erin", "frank")
    ]
    for name, members in (("Payments", stage.people[:3]), ("Search", stage.people[2:])):
        roles = [(one, TeamRole.MANAGER if one is members[-1] else TeamRole.RESPONDER) for one in members]
        stage.teams.append(world.team(name, *roles))
    for number, team in enumerate(stage.teams):
        stage.schedules.append(_gappy(world, rng, f"Rota {number}", stage.people, team))
    for number in range(4):
        stage.policies.append(_policy(world, rng, f"Policy {number}", stage))
    for number, settings in enumerate(SERVICES):
        service, monitor = world.service(f"Service {number}", stage.policies[number % 4], **settings)
        stage.services.append(service)
        stage.monitors.append(monitor)
    world.save(quiet(stage.services[0].id, "event.severity matches 'info'", "Infos"))
    return stage


def levels(rng: random.Random, stage: Stage) -> list[tuple[int, Any]]:
    """One to three levels of people and schedules."""
    targets: list[User | Schedule] = [*stage.people, *stage.schedules]
    return [(rng.randint(1, 6), tuple(rng.sample(targets, rng.choice((1, 1, 2))))) for _ in range(rng.randint(1, 3))]


def _policy(world: World, rng: random.Random, name: str, stage: Stage) -> Policy:
    teams = (rng.choice(stage.teams).id,) if rng.random() < 0.8 else ()
    return world.policy(name, *levels(rng, stage), loops=rng.choice((0, 0, 1, 2)), teams=teams)


def _gappy(world: World, rng: random.Random, name: str, people: list[User], team: Team) -> Schedule:
    """A rotation that somebody serves on some hours of the day only."""
    made = world.rotation(name, *rng.sample(people, 3), teams=(team.id,))
    hours = Restriction(RestrictionKind.DAILY, rng.randrange(24) * 3600, rng.randint(6, 20) * 3600)
    layers = tuple(replace(layer, turn_length_seconds=3600, restrictions=(hours,)) for layer in made.layers)
    saved: Schedule = world.save(replace(made, layers=layers), "layers")
    return saved
