"""Where a person's name stands: everything of the configuration that calls, covers for, or counts on somebody.

Decides what counts as naming a person. Whether somebody may leave is `thing_removal`; who may see a thing is `reading`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tocsin.directory.handoffs import HANDOFF_RULE
from tocsin.directory.kept import Kept
from tocsin.directory.model import User
from tocsin.engine.config import Config
from tocsin.escalation.model import TargetKind
from tocsin.kernel.time import Moment
from tocsin.oncall import CustomShift, Override, members
from tocsin.workflows.definition import TRIGGER, WORKFLOW


class NamedAs(StrEnum):
    """As what a thing names a person."""

    TURNS = "turns"  # takes turns in a schedule's layer or rotation
    COVER = "cover"  # an override or custom shift that has not ended
    LEVEL = "level"  # is called by a level of an escalation policy
    LEAD = "lead"  # leads a team
    MEMBER = "member"  # is in a team
    WORKFLOW = "workflow"  # a step of a workflow asks, tells or assigns this person
    RECORD = "record"  # something kept for clients: a response play, a dashboard
    HANDOFF = "handoff"  # a rule tells them when their shifts begin or end
    SUBSCRIBER = "subscriber"  # wants news of a business service or an incident
    KEY = "key"  # a key acts in their name


STOPS_REMOVAL = frozenset({NamedAs.TURNS, NamedAs.LEVEL})
"""What must be put in other hands first: a page would lose its way."""

GOES_ALONG = frozenset({NamedAs.COVER, NamedAs.LEAD, NamedAs.MEMBER, NamedAs.HANDOFF, NamedAs.SUBSCRIBER, NamedAs.KEY})
"""What is removed, or names nobody any more, as soon as the person is removed."""


@dataclass(frozen=True, slots=True)
class Naming:
    """One thing that names a person. `kind` and `thing_id` are of the thing to look at: for an override its schedule.

    `name`: what that thing is called. `detail`: what in it, for instance the level's number; "" = nothing more to say.
    """

    how: NamedAs
    kind: str
    thing_id: str
    name: str
    detail: str = ""

    @property
    def stops_removal(self) -> bool:
        """Whether the person can't be removed before it is changed."""
        return self.how in STOPS_REMOVAL

    @property
    def goes_along(self) -> bool:
        """Whether it ends with the person's removal."""
        return self.how in GOES_ALONG


@dataclass(frozen=True, slots=True)
class Lost:
    """A thing that counts on somebody who is not active, or not there. `who`: their name, else what stands there."""

    who: str
    user_id: str
    naming: Naming


def names_of_person(config: Config, user_id: str, now: Moment) -> tuple[Naming, ...]:
    """Everything that names this person from `now` on, in the order in which it matters to an alarm.

    What is past (turns served, overrides over) names nobody. A person who is not there any more may still be named by
    what is kept as clients wrote it.
    """
    return _Look(config, now).names_of(user_id)


def lost_names(config: Config, now: Moment) -> tuple[Lost, ...]:
    """Everything that counts on somebody who was deactivated or removed: it reaches nobody until it is changed.

    Being in a team and having a key of one's own is no such thing: it only waits for the person.
    """
    found = []
    look = _Look(config, now)
    for user in config.users.values():
        if not user.active:
            namings = look.names_of(user.id)
            waits = (NamedAs.MEMBER, NamedAs.KEY, NamedAs.HANDOFF)
            found += [Lost(user.name, user.id, one) for one in namings if one.how not in waits]
    for one in config.kept.values():
        if one.resource == WORKFLOW:
            naming = _naming_of(config, one)
            found += [Lost(typed, "", naming) for typed in _unknown_in(config, look.steps[one.id])]
    return tuple(found)


def lost_in(config: Config, kind: str, thing_id: str, now: Moment) -> tuple[Lost, ...]:
    """The same for one thing, for its own page."""
    return tuple(one for one in lost_names(config, now) if (one.naming.kind, one.naming.thing_id) == (kind, thing_id))


class _Look:
    """What takes a while to find out, found out once for everybody who is asked about."""

    def __init__(self, config: Config, now: Moment) -> None:
        self._config = config
        self._now = now
        self._turns = {one.id: frozenset(members(one, now)) for one in config.schedules.values()}
        self.steps = {one.id: tuple(_people_texts(one)) for one in config.kept.values() if one.resource == WORKFLOW}

    def names_of(self, user_id: str) -> tuple[Naming, ...]:
        """Everything that names this person."""
        config = self._config
        return (
            *self._on_schedules(user_id),
            *_on_policies(config, user_id),
            *_in_teams(config, user_id),
            *self._in_records(user_id),
            *_of_their_own(config, user_id),
        )

    def _on_schedules(self, user_id: str) -> Iterator[Naming]:
        config = self._config
        for schedule in config.schedules.values():
            if user_id in self._turns[schedule.id]:
                yield Naming(NamedAs.TURNS, "schedule", schedule.id, schedule.name)
        covers: list[Override | CustomShift] = [*config.overrides.values(), *config.custom_shifts.values()]
        ahead = [one.schedule_id for one in covers if one.user_id == user_id and one.end > self._now]
        for schedule_id in dict.fromkeys(ahead):
            covered = config.schedules.get(schedule_id)
            if covered is not None:
                yield Naming(NamedAs.COVER, "schedule", schedule_id, covered.name)

    def _in_records(self, user_id: str) -> Iterator[Naming]:
        """What clients wrote names people by id, mail address or name."""
        user = self._config.users.get(user_id)
        for one in self._config.kept.values():
            if one.resource in (HANDOFF_RULE, TRIGGER):
                continue
            if one.resource == WORKFLOW:
                if _named_in(self.steps[one.id], user_id, user):
                    yield _naming_of(self._config, one)
            elif user_id in one.wire and user_id in set(_texts(json.loads(one.wire))):
                yield _naming_of(self._config, one)


def _on_policies(config: Config, user_id: str) -> Iterator[Naming]:
    for policy in config.policies.values():
        for number, rule in enumerate(policy.rules, 1):
            if any(target.kind is TargetKind.USER and target.id == user_id for target in rule.targets):
                yield Naming(NamedAs.LEVEL, "policy", policy.id, policy.name, str(number))


def _in_teams(config: Config, user_id: str) -> Iterator[Naming]:
    for team in config.teams.values():
        if team.lead_id == user_id:
            yield Naming(NamedAs.LEAD, "team", team.id, team.name)
    for membership in config.teams_of.get(user_id, ()):
        its_team = config.teams.get(membership.team_id)
        if its_team is not None:
            yield Naming(NamedAs.MEMBER, "team", its_team.id, its_team.name)


def _of_their_own(config: Config, user_id: str) -> Iterator[Naming]:
    user = config.users.get(user_id)
    for contact in config.contacts_of.get(user_id, ()):
        for one in config.kept_under.get(contact.id, ()):
            if one.resource == HANDOFF_RULE:
                yield Naming(NamedAs.HANDOFF, "user", user_id, user.name if user else "")
    for subscriber in config.subscribers.values():
        if subscriber.subscriber_id == user_id and not subscriber.is_team:
            business = config.business_services.get(subscriber.subscribed_id)
            kind = "incident" if subscriber.of_incident else "business_service"
            yield Naming(NamedAs.SUBSCRIBER, kind, subscriber.subscribed_id, business.name if business else "")
    for key in config.api_keys.values():
        if key.user_id == user_id and key.revoked_at is None:
            yield Naming(NamedAs.KEY, "api_key", key.id, key.name)


def _naming_of(config: Config, one: Kept) -> Naming:
    if one.resource == WORKFLOW:
        return Naming(NamedAs.WORKFLOW, "workflow", one.id, one.name)
    above = config.kept.get(one.parent_id)
    name = one.name or (above.name if above is not None else "")
    return Naming(NamedAs.RECORD, "kept", one.id, name, one.resource.replace("_", " "))


# -- what a workflow's steps say

_PEOPLE_INPUTS = re.compile(r"responders?|users?|stakeholders?|subscribers?|assignees?|assign to")
"""The inputs of steps that name people; the words of `workflow_actions`."""

_MAIL = re.compile(r"[^@\s,;\"'{}]+@[^@\s,;\"'{}]+")


def _people_texts(one: Kept) -> Iterator[str]:
    """What the steps' inputs for people say, each name by itself."""
    values = json.loads(one.wire)
    for step in _objects(values.get("steps") if isinstance(values, dict) else ()):
        action = step.get("action_configuration")
        for given in _objects(action.get("inputs") if isinstance(action, dict) else ()):
            name, value = str(given.get("name", "")).replace("_", " ").strip().casefold(), given.get("value")
            if _PEOPLE_INPUTS.fullmatch(name) and isinstance(value, str):
                yield from _names_in(value)


def _names_in(value: str) -> Iterator[str]:
    try:
        yield from _texts(json.loads(value))
    except (ValueError, RecursionError):
        yield from filter(None, (part.strip() for part in value.split(",")))


def _named_in(texts: Iterable[str], user_id: str, user: User | None) -> bool:
    wanted = set() if user is None else {user.email.casefold(), user.name.casefold()}
    return any(text == user_id or text.casefold() in wanted for text in texts)


def _unknown_in(config: Config, texts: Iterable[str]) -> list[str]:
    """Mail addresses in the steps that are nobody's. Names may be anything's, and are not judged."""
    addresses = dict.fromkeys(text for text in texts if _MAIL.fullmatch(text))
    return [text for text in addresses if text.casefold() not in config.user_by_email]


def _objects(values: Any) -> Iterator[dict[str, Any]]:
    return (one for one in (values if isinstance(values, list) else ()) if isinstance(one, dict))


def _texts(value: Any) -> Iterable[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
