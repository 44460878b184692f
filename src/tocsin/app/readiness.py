"""Would everybody be reached in the next fourteen days? What `tocsin check` asks, answered from the configuration.

Decides what counts as a problem (an alarm may reach nobody) and what is only worth knowing. Changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tocsin.app.settings import AppSettings
from tocsin.directory.model import Channel, ContactMethod, ServiceStatus, Urgency, User
from tocsin.engine.config import Config
from tocsin.escalation.model import Policy, Rule, TargetKind
from tocsin.kernel.time import DAY, Moment, Span, to_datetime
from tocsin.oncall import Entry, render, zone_named

WINDOW: Span = 14 * DAY

NAMED = 3
"""So many times are named one by one; of more only the number is told."""

_NOT_SET_UP = {
    Channel.EMAIL: "Mail is not set up (TOCSIN_SMTP_URL)",
    Channel.SMS: "Texts are not set up (TOCSIN_TWILIO_...)",
    Channel.VOICE: "Calls are not set up (TOCSIN_TWILIO_...)",
    Channel.PUSH: "Push is not set up",
}


class Weight(StrEnum):
    """How bad a finding is."""

    PROBLEM = "problem"  # an alarm may reach nobody
    NOTE = "note"  # it would reach somebody all the same


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence."""

    weight: Weight
    text: str


_Interval = tuple[Moment, Moment]


def ways_to_send(settings: AppSettings) -> frozenset[Channel]:
    """The channels that are set up. Webhooks need no setting."""
    mail = {Channel.EMAIL} if settings.smtp_url else set()
    phone = {Channel.SMS, Channel.VOICE} if settings.twilio.account_sid else set()
    return frozenset({Channel.WEBHOOK} | mail | phone)


def readiness(config: Config, settings: AppSettings, now: Moment) -> tuple[Finding, ...]:
    """Everything found, problems first."""
    review = _Review(config, ways_to_send(settings), now)
    found = [
        *_installation(config, settings),
        *review.policies(),
        *review.too_late(),
        *review.schedules(),
        *review.people(),
    ]
    return tuple(sorted(dict.fromkeys(found), key=lambda one: one.weight is not Weight.PROBLEM))


def _installation(config: Config, settings: AppSettings) -> Iterator[Finding]:
    if config.settings.sending_fenced:
        yield _problem("Sending is fenced off since a restore: `tocsin restore --confirm` lifts it.")
    if not config.owners:
        yield _problem("There is no owner: `tocsin setup` makes the first one.")
    if not any(service.status is ServiceStatus.ACTIVE for service in config.services.values()):
        yield _problem("There is no service that is switched on, so no alarm can be raised.")
    for service in config.services.values():
        if service.status is ServiceStatus.ACTIVE and not config.integrations_of.get(service.id):
            yield _note(f"Service {service.name} has no integration: no monitor can reach it.")
    if not settings.public_url:
        yield _note("TOCSIN_PUBLIC_URL is not set: links in pages lead to localhost, replies by phone don't arrive.")
    if not settings.heartbeat_url:
        yield _note("TOCSIN_HEARTBEAT_URL is not set: watch the pager itself with it, or with `tocsin watch`.")


class _Review:
    """Looks at who would be called in the window, each schedule written out once."""

    def __init__(self, config: Config, ways: Collection[Channel], now: Moment) -> None:
        self._config = config
        self._ways = ways
        self._since, self._until = now, now + WINDOW
        self._used = [policy for policy in config.policies.values() if config.services_of_policy.get(policy.id)]
        targets = [target for policy in self._used for rule in policy.rules for target in rule.targets]
        wanted = dict.fromkeys(one.id for one in targets if one.kind is TargetKind.SCHEDULE)
        self._entries = {one: self._on_call(one) for one in wanted if one in config.schedules}
        on_call = [entry.user_id for entries in self._entries.values() for entry in entries]
        named = [one.id for one in targets if one.kind is TargetKind.USER]
        self._called = list(dict.fromkeys([*named, *on_call]))

    def _on_call(self, schedule_id: str) -> tuple[Entry, ...]:
        schedule = self._config.schedules[schedule_id]
        exceptions = self._config.exceptions_of.get(schedule_id, ())
        return render(schedule, exceptions, self._since, self._until).final.entries

    def policies(self) -> Iterator[Finding]:
        """Levels, and whole policies, that reach nobody at some time."""
        for policy in self._used:
            if not policy.rules:
                yield _problem(f"Policy {policy.name} has no level: it calls nobody.")
                continue
            holes = [self._hole(rule) for rule in policy.rules]
            for number, hole in enumerate(holes, 1):
                if hole:
                    times = self._times(hole, policy)
                    yield _problem(f"Policy {policy.name}, level {number}, reaches nobody: {times}.")

    def too_late(self) -> Iterator[Finding]:
        """People whose first page comes only when their level's time is up: the next is called before it."""
        for policy in self._used:
            for number, rule in enumerate(policy.rules, 1):
                for user_id in self._called_by(rule):
                    first = self._first_after(user_id)
                    if first is not None and first >= rule.delay_minutes:
                        yield _problem(
                            f"Policy {policy.name}, level {number}, goes on after {rule.delay_minutes} min, but the "
                            f"rules of {self._config.users[user_id].name} begin {first} min after a call."
                        )

    def _called_by(self, rule: Rule) -> Iterable[str]:
        for target in rule.targets:
            if target.kind is TargetKind.USER:
                yield target.id
            else:
                yield from dict.fromkeys(entry.user_id for entry in self._entries.get(target.id, ()))

    def _first_after(self, user_id: str) -> int | None:
        """How long after a call the person is reached at the earliest; None when they can't be reached at all."""
        if self._why_not(user_id):
            return None
        usable = {one.id for one in self._contacts(self._config.users[user_id]) if one.channel in self._ways}
        rules = self._config.rules_of.get(user_id, ())
        urgent = [one for one in rules if one.urgency is Urgency.HIGH and one.contact_method_id in usable]
        return min(one.start_delay_minutes for one in urgent)

    def _hole(self, rule: Rule) -> list[_Interval]:
        """When nobody of a level can be reached."""
        covered: list[_Interval] = []
        for target in rule.targets:
            if target.kind is TargetKind.USER and self._why_not(target.id) == "":
                return []
            covered += [
                (entry.start, entry.end)
                for entry in self._entries.get(target.id, ())
                if self._why_not(entry.user_id) == ""
            ]
        return list(_uncovered(covered, self._since, self._until))

    def schedules(self) -> Iterator[Finding]:
        """Gaps of schedules that policies use."""
        for schedule_id, entries in self._entries.items():
            schedule = self._config.schedules[schedule_id]
            gaps = list(_uncovered([(entry.start, entry.end) for entry in entries], self._since, self._until))
            if gaps:
                times = _named(gaps, schedule.time_zone, self._since, self._until)
                yield _note(f"Schedule {schedule.name} has nobody on call: {times}.")

    def people(self) -> Iterator[Finding]:
        """Those who would be called and can't be reached, and what is not set up though somebody counts on it."""
        lacking: dict[Channel, list[str]] = {}
        for user_id in self._called:
            user = self._config.users.get(user_id)
            if user is None:
                continue
            why = self._why_not(user_id)
            if why:
                yield _problem(f"{user.name} can't be reached: {why}.")
            for channel in {contact.channel for contact in self._contacts(user)} - set(self._ways):
                lacking.setdefault(channel, []).append(user.name)
        for channel, names in lacking.items():
            counted = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
            yield _problem(f"{_NOT_SET_UP[channel]}, but {counted} would be reached that way.")

    def _contacts(self, user: User) -> list[ContactMethod]:
        """By what the person's rules for urgent incidents reach them."""
        rules = [rule for rule in self._config.rules_of.get(user.id, ()) if rule.urgency is Urgency.HIGH]
        found = [self._config.contact_methods.get(rule.contact_method_id) for rule in rules]
        return [contact for contact in found if contact is not None and contact.enabled]

    def _why_not(self, user_id: str) -> str:
        """Why a person can't be reached, "" if they can."""
        user = self._config.users.get(user_id)
        if user is None:
            return "there is no such person any more"
        if not user.active:
            return "switched off"
        if not self._config.contacts_of.get(user_id):
            return "no contact method"
        contacts = self._contacts(user)
        if not contacts:
            return "no rule says by which contact method"
        return "" if any(contact.channel in self._ways for contact in contacts) else "nothing of it is set up here"

    def _times(self, hole: Sequence[_Interval], policy: Policy) -> str:
        """In the zone of the policy's first schedule."""
        schedules = [
            self._config.schedules[target.id]
            for rule in policy.rules
            for target in rule.targets
            if target.id in self._entries
        ]
        return _named(hole, schedules[0].time_zone if schedules else "Etc/UTC", self._since, self._until)


def _uncovered(covered: Iterable[_Interval], since: Moment, until: Moment) -> Iterator[_Interval]:
    at = since
    for start, end in sorted(covered):
        if start > at:
            yield at, start
        at = max(at, end)
    if at < until:
        yield at, until


def _named(times: Sequence[_Interval], time_zone: str, since: Moment, until: Moment) -> str:
    if list(times) == [(since, until)]:
        return "all of the next 14 days"
    zone = zone_named(time_zone)

    def wall(moment: Moment) -> str:
        return to_datetime(moment).astimezone(zone).strftime("%a %d %b %H:%M")

    named = [f"{wall(start)} to {wall(end)}" for start, end in times[:NAMED]]
    more = f", and {len(times) - NAMED} times more" if len(times) > NAMED else ""
    return f"{'; '.join(named)}{more} ({time_zone})"


def _problem(text: str) -> Finding:
    return Finding(Weight.PROBLEM, text)


def _note(text: str) -> Finding:
    return Finding(Weight.NOTE, text)
