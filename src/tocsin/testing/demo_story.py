"""The demo's installation: people, rotations, a policy, a service and a rule, made by ordinary commands.

Alice and Bob are on call by visible overrides over the real weekly rotations, so that the story is the same on every
date. Nothing here is special to the demo once it is over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tocsin.directory.model import (
    Channel,
    ContactMethod,
    Integration,
    Membership,
    NotificationRule,
    Role,
    Service,
    Team,
    TeamRole,
    Urgency,
    User,
)
from tocsin.engine.config import Config
from tocsin.engine.kinds import KIND_OF
from tocsin.engine.things import SaveThing
from tocsin.escalation.model import Policy, Rule, Target, TargetKind
from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.kernel.time import DAY, HOUR, Moment, parse_iso
from tocsin.kernel.wording import word
from tocsin.oncall import Layer, Override, Schedule
from tocsin.runtime.desk import Desk
from tocsin.testing.rules import quiet

CLI = Actor(ActorKind.SYSTEM, "", Via.CLI)

CAST: Mapping[str, tuple[str, Channel, Role, TeamRole]] = {
    "Alice": ("2025550101", Channel.SMS, Role.RESPONDER, TeamRole.RESPONDER),
    "Bob": ("2025550102", Channel.VOICE, Role.RESPONDER, TeamRole.RESPONDER),
    "Carol": ("2025550103", Channel.SMS, Role.RESPONDER, TeamRole.RESPONDER),
    "Erin": ("2025550104", Channel.VOICE, Role.MANAGER, TeamRole.MANAGER),
}
"""Name, number, how the person is reached, role here and in the team."""

PART: Mapping[str, str] = {
    "Alice": word("on call first"),
    "Bob": word("on call second"),
    "Carol": word("off duty"),
    "Erin": word("engineering manager"),
}

VISITOR = "You"


@dataclass(frozen=True, slots=True)
class Story:
    """What the director needs to know of the installation."""

    visitor_id: str
    integration_key: str
    people: Mapping[str, str]


def number_of(name: str) -> str:
    """A person's number as the provider knows it."""
    return f"+1{CAST[name][0]}"


def prepare(desk: Desk, now: Moment) -> Story:
    """Make the installation if it is empty; renew the overrides if they have run out. Returns what is there."""
    if not desk.config().services:
        _make(desk)
    _cover(desk, now)
    return _found(desk.config())


def _make(desk: Desk) -> None:
    save = _saver(desk)
    save(User(id="", name=VISITOR, email="you@example.com", role=Role.OWNER))
    people = {name: _person(save, name) for name in CAST}
    team: Team = save(Team(id="", name="Payments", description="Owns taking money"))
    for name, (_, _, _, role) in CAST.items():
        save(Membership(team_id=team.id, user_id=people[name].id, role=role))
    primary = _rotation(save, "Payments primary", team, [people[name].id for name in ("Alice", "Bob", "Carol")])
    secondary = _rotation(save, "Payments secondary", team, [people[name].id for name in ("Carol", "Alice", "Bob")])
    levels = (
        (5, Target(kind=TargetKind.SCHEDULE, id=primary.id)),
        (10, Target(kind=TargetKind.SCHEDULE, id=secondary.id)),
        (15, Target(kind=TargetKind.USER, id=people["Erin"].id)),
    )
    rules = tuple(Rule(id="", delay_minutes=minutes, targets=(target,)) for minutes, target in levels)
    policy: Policy = save(Policy(id="", name="Payments on call", rules=rules, num_loops=3, team_ids=(team.id,)))
    service: Service = save(
        Service(
            id="",
            name="Payments",
            policy_id=policy.id,
            description="Takes customers' money",
            acknowledgement_timeout=1800,
            group_seconds=300,
            runbook_url="https://runbooks.example.com/payments",
        )
    )
    save(Integration(id="", service_id=service.id, name="Alertmanager", key=""))
    save(quiet(service.id, "event.source matches part 'staging'", "Nobody is paged for staging"))


def _person(save: Callable[[Any], Any], name: str) -> User:
    number, channel, role, _ = CAST[name]
    user: User = save(User(id="", name=name, email=f"{name.lower()}@example.com", role=role))
    contact: ContactMethod = save(
        ContactMethod(id="", user_id=user.id, channel=channel, address=number, label="Mobile")
    )
    save(NotificationRule(id="", user_id=user.id, contact_method_id=contact.id, urgency=Urgency.HIGH))
    return user


def _rotation(save: Callable[[Any], Any], name: str, team: Team, user_ids: list[str]) -> Schedule:
    start = parse_iso("2026-01-06T00:00:00+00:00")
    layer = Layer("", "Weekly rotation", start, None, start, 7 * 86_400, tuple(user_ids))
    schedule: Schedule = save(Schedule("", name, "Etc/UTC", (layer,), team_ids=(team.id,)))
    return schedule


def _cover(desk: Desk, now: Moment) -> None:
    """Alice has the first rotation and Bob the second one until midnight UTC after tomorrow."""
    config = desk.config()
    save = _saver(desk)
    until = (now // DAY + 2) * DAY
    users = {user.name: user.id for user in config.users.values()}
    for schedule in config.schedules.values():
        name = "Alice" if schedule.name.endswith("primary") else "Bob"
        covered = any(one.end > now + HOUR for one in config.overrides_of.get(schedule.id, ()))
        if not covered:
            save(Override("", schedule.id, users[name], now, until, 0))


def _found(config: Config) -> Story:
    people = {user.name: user.id for user in config.users.values()}
    integration = next(iter(config.integrations.values()))
    return Story(people[VISITOR], integration.key, people)


def _saver(desk: Desk) -> Callable[[Any], Any]:
    def save(thing: Any) -> Any:
        return desk.run(CLI, SaveThing(thing_kind=KIND_OF[type(thing)], thing=thing))

    return save
