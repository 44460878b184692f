"""Would everybody be reached in the next fourteen days? Answered from the configuration, for a command and a page.

Decides what counts as a problem (an alarm may reach nobody) and what is only worth knowing. Changes nothing, and finds
no words: a finding has a code, what it speaks of, and where it is mended; whoever shows it says it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from tocsin.directory.model import Channel, ServiceStatus
from tocsin.engine.config import Config
from tocsin.engine.named import NamedAs, lost_names
from tocsin.engine.reach import Lack, lack_of, touches, without_rules
from tocsin.escalation.model import Policy, Rule, TargetKind
from tocsin.kernel.time import DAY, Moment, Span
from tocsin.oncall import Entry, render

WINDOW: Span = 14 * DAY

Interval: TypeAlias = tuple[Moment, Moment]
"""From when until when."""


class Weight(StrEnum):
    """How bad a finding is."""

    PROBLEM = "problem"  # an alarm may reach nobody
    NOTE = "note"  # it would reach somebody all the same


@dataclass(frozen=True, slots=True)
class Subject:
    """Where a finding is mended: a thing by its kind and id, or by `setting` whatever runs Tocsin ("" = all of it)."""

    kind: str
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found. `code` says what, and which of the values its sentence has.

    `person` is whom it speaks of beside its subject. `times` are when, read on the clock of `time_zone`.
    """

    weight: Weight
    code: str
    subject: Subject
    name: str = ""
    person: str = ""
    level: int = 0
    minutes: int = 0
    after: int = 0
    more: int = 0
    setting: str = ""
    times: tuple[Interval, ...] = ()
    time_zone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """How this installation is run. `ways`: the channels that are set up; `watched`: something watches the pager.

    `settings`: for each channel the settings that it needs, by name.
    """

    ways: frozenset[str] = frozenset()
    public_url: str = ""
    watched: bool = False
    settings: Mapping[Channel, str] = field(default_factory=dict)


def readiness(config: Config, setup: Setup, now: Moment, *, review: Review | None = None) -> tuple[Finding, ...]:
    """Everything found, problems first. `review`: the look at this moment, where the caller has taken one."""
    review = review or Review(config, setup, now)
    found = [
        *_installation(config, setup),
        *review.policies(),
        *review.too_late(),
        *review.schedules(),
        *review.people(),
        *_lost(config, now),
    ]
    return tuple(sorted(dict.fromkeys(found), key=lambda one: one.weight is not Weight.PROBLEM))


def _installation(config: Config, setup: Setup) -> Iterator[Finding]:
    if config.settings.sending_fenced:
        yield Finding(weight=Weight.PROBLEM, code="fenced", subject=Subject("setting", "fence"))
    if not config.owners:
        yield Finding(weight=Weight.PROBLEM, code="no_owner", subject=Subject("setting", "owner"))
    if not any(service.status is ServiceStatus.ACTIVE for service in config.services.values()):
        yield Finding(weight=Weight.PROBLEM, code="no_service", subject=Subject("service"))
    for service in config.services.values():
        if service.status is ServiceStatus.ACTIVE and not config.integrations_of.get(service.id):
            subject = Subject("service", service.id)
            yield Finding(weight=Weight.NOTE, code="no_integration", subject=subject, name=service.name)
    if not setup.public_url:
        yield Finding(weight=Weight.NOTE, code="no_public_url", subject=Subject("setting", "TOCSIN_PUBLIC_URL"))
    if not setup.watched:
        yield Finding(weight=Weight.NOTE, code="not_watched", subject=Subject("setting", "TOCSIN_HEARTBEAT_URL"))


def _lost(config: Config, now: Moment) -> Iterator[Finding]:
    """What counts on somebody who left. What levels name is judged with their policies."""
    for one in lost_names(config, now):
        naming = one.naming
        if naming.how is not NamedAs.LEVEL:
            subject = Subject(naming.kind, naming.thing_id)
            code = f"lost_{naming.how.value}"
            yield Finding(weight=Weight.NOTE, code=code, subject=subject, name=naming.name, person=one.who)


class Review:
    """Looks at who would be called in the window, each schedule written out once."""

    def __init__(self, config: Config, setup: Setup, now: Moment) -> None:
        self._config = config
        self._setup = setup
        self._ways = setup.ways
        self._lacks: dict[str, Lack | None] = {}
        self.since, self.until = now, now + WINDOW
        self._used = [policy for policy in config.policies.values() if config.services_of_policy.get(policy.id)]
        targets = [target for policy in self._used for rule in policy.rules for target in rule.targets]
        wanted = dict.fromkeys(one.id for one in targets if one.kind is TargetKind.SCHEDULE)
        self._entries = {one: self._on_call(one) for one in wanted if one in config.schedules}
        on_call = [entry.user_id for entries in self._entries.values() for entry in entries]
        named = [one.id for one in targets if one.kind is TargetKind.USER]
        self.called = tuple(dict.fromkeys([*named, *on_call]))
        """Everybody whom a policy in use may call in the window."""

    def lack(self, user_id: str) -> Lack | None:
        """Why nothing reaches this person, looked up once."""
        if user_id not in self._lacks:
            self._lacks[user_id] = lack_of(self._config, user_id, self._ways)
        return self._lacks[user_id]

    def _on_call(self, schedule_id: str) -> tuple[Entry, ...]:
        schedule = self._config.schedules[schedule_id]
        exceptions = self._config.exceptions_of.get(schedule_id, ())
        return render(schedule, exceptions, self.since, self.until).final.entries

    def gaps(self) -> dict[str, list[Interval]]:
        """When nobody is on call, by schedule, of those that a policy in use calls."""
        return {one: self._gaps(entries) for one, entries in self._entries.items()}

    def _gaps(self, entries: Iterable[Entry]) -> list[Interval]:
        return list(_uncovered([(entry.start, entry.end) for entry in entries], self.since, self.until))

    def policies(self) -> Iterator[Finding]:
        """Levels, and whole policies, that reach nobody at some time."""
        for policy in self._used:
            subject = Subject("policy", policy.id)
            if not policy.rules:
                yield Finding(weight=Weight.PROBLEM, code="no_level", subject=subject, name=policy.name)
            for number, rule in enumerate(policy.rules, 1):
                yield from self._targets_gone(policy, number, rule)
                if hole := self._hole(rule):
                    yield Finding(
                        weight=Weight.PROBLEM,
                        code="level_reaches_nobody",
                        subject=subject,
                        name=policy.name,
                        level=number,
                        times=tuple(hole),
                        time_zone=self._zone(policy),
                    )

    def _targets_gone(self, policy: Policy, number: int, rule: Rule) -> Iterator[Finding]:
        """Things that are gone are passed over in silence when it matters: so it is said before."""
        known = {TargetKind.USER: self._config.users, TargetKind.SCHEDULE: self._config.schedules}
        if any(target.id not in known[target.kind] for target in rule.targets):
            subject = Subject("policy", policy.id)
            yield Finding(weight=Weight.PROBLEM, code="target_gone", subject=subject, name=policy.name, level=number)

    def too_late(self) -> Iterator[Finding]:
        """People whose first page comes only when their level's time is up: the next is called before it."""
        for policy in self._used:
            for number, rule in enumerate(policy.rules, 1):
                for user_id in self._called_by(rule):
                    first = self._first_after(user_id)
                    if first is not None and first >= rule.delay_minutes:
                        yield Finding(
                            weight=Weight.PROBLEM,
                            code="too_late",
                            subject=Subject("user", user_id),
                            name=policy.name,
                            person=self._config.users[user_id].name,
                            level=number,
                            minutes=rule.delay_minutes,
                            after=first,
                        )

    def _called_by(self, rule: Rule) -> Iterable[str]:
        for target in rule.targets:
            if target.kind is TargetKind.USER:
                yield target.id
            else:
                yield from dict.fromkeys(entry.user_id for entry in self._entries.get(target.id, ()))

    def _first_after(self, user_id: str) -> int | None:
        """How long after a call the person is reached at the earliest; None when they can't be reached at all."""
        if self.lack(user_id) is not None:
            return None
        found = touches(self._config, user_id, self._ways)
        return min((touch.after_minutes for touch in found if touch.works), default=None)

    def _hole(self, rule: Rule) -> list[Interval]:
        """When nobody of a level can be reached."""
        covered: list[Interval] = []
        for target in rule.targets:
            if target.kind is TargetKind.USER and self._reached(target.id):
                return []
            covered += [
                (entry.start, entry.end) for entry in self._entries.get(target.id, ()) if self._reached(entry.user_id)
            ]
        return list(_uncovered(covered, self.since, self.until))

    def _reached(self, user_id: str) -> bool:
        return self.lack(user_id) is None

    def schedules(self) -> Iterator[Finding]:
        """Gaps of schedules that policies use."""
        for schedule_id, gaps in self.gaps().items():
            schedule = self._config.schedules[schedule_id]
            if gaps:
                yield Finding(
                    weight=Weight.NOTE,
                    code="gap",
                    subject=Subject("schedule", schedule_id),
                    name=schedule.name,
                    times=tuple(gaps),
                    time_zone=schedule.time_zone,
                )

    def people(self) -> Iterator[Finding]:
        """Those who would be called and can't be reached, and what is not set up though somebody counts on it."""
        lacking: dict[Channel, list[str]] = {}
        for user_id in self.called:
            user = self._config.users.get(user_id)
            if user is None:
                continue  # their level says it
            subject = Subject("user", user_id)
            lack = self.lack(user_id)
            if lack is not None:
                yield Finding(weight=Weight.PROBLEM, code=f"unreached_{lack}", subject=subject, person=user.name)
            elif without_rules(self._config, user_id):
                yield Finding(weight=Weight.NOTE, code="no_rule", subject=subject, person=user.name)
            for touch in touches(self._config, user_id, self._ways):
                if not touch.works and user.name not in lacking.setdefault(touch.contact.channel, []):
                    lacking[touch.contact.channel].append(user.name)
        for channel, names in lacking.items():
            yield Finding(
                weight=Weight.PROBLEM,
                code=f"not_set_up_{channel}",
                subject=Subject("setting", channel),
                setting=self._setup.settings.get(channel, ""),
                person=names[0],
                more=len(names) - 1,
            )

    def _zone(self, policy: Policy) -> str:
        """The zone of the policy's first schedule: its people live by it."""
        targets = (target.id for rule in policy.rules for target in rule.targets)
        return next((self._config.schedules[one].time_zone for one in targets if one in self._entries), "Etc/UTC")


def _uncovered(covered: Iterable[Interval], since: Moment, until: Moment) -> Iterator[Interval]:
    at = since
    for start, end in sorted(covered):
        if start > at:
            yield at, start
        at = max(at, end)
    if at < until:
        yield at, until
