"""What makes a thing valid, kind by kind: every problem at once, in plain sentences. References must exist when saved.

A rule may complete the draft (a new user's contact method, a schedule's kept past). Of open work it decides one thing:
what only a person who is deactivated had does not stay with them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from tocsin.alerts.grouping import grouping_problems
from tocsin.alerts.holding import judge_held
from tocsin.directory.custom_fields import value_problems
from tocsin.directory.model import (
    ApiKey,
    Channel,
    ContactMethod,
    Integration,
    Membership,
    NotificationRule,
    Role,
    Service,
    ServiceStatus,
    Team,
    Urgency,
    User,
)
from tocsin.directory.urls import URL_CHARS, url_problem
from tocsin.engine.people import can_be_reached, waits_in_vain
from tocsin.engine.support_hours import next_raise
from tocsin.engine.world import ThingChange, World
from tocsin.escalation.messages import ResumeEscalation
from tocsin.escalation.model import Policy, TargetKind
from tocsin.incidents.messages import Unacknowledge
from tocsin.incidents.model import Status
from tocsin.incidents.timers import raise_key, raise_urgency
from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import NOTHING, CancelTimer, Command, Decision, SetTimer
from tocsin.kernel.limits import DESCRIPTION_CHARS, NAME_CHARS
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import phrase, stored, word
from tocsin.oncall import (
    zone_names,
)

LEVELS = 20
TARGETS_PER_LEVEL = 10
LOOPS = 9
TIMEOUT_SECONDS = 30 * 24 * 3600
PAUSE_SECONDS = 24 * 3600

_MAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)*", re.ASCII)
_NUMBER = re.compile(r"[0-9]{4,15}", re.ASCII)
_ZERO_IS_A_DIGIT = (39, 225, 241, 242, 378, 379)
"""Where numbers begin with 0 also after the country code: Italy, Ivory Coast, Gabon, Congo, San Marino, the Vatican.

Elsewhere that 0 is dialled within the country only: whoever is called with it is never reached.
"""


@dataclass(slots=True)
class Draft:
    """A change under judgement. A rule may replace `new` by the completed thing."""

    world: World
    actor: Actor
    old: Any
    new: Any
    now: Moment


Verdict: TypeAlias = tuple[list[str], Decision]
"""The problems found (none = valid), and what else is decided with the change."""


def named(thing: Any, label: str = word("Name")) -> Iterator[str]:
    """What is wrong with a thing's name and description."""
    name = thing.name
    if not name.strip():
        yield phrase("%(label)s cannot be empty", label=phrase(label))
    elif len(name) > NAME_CHARS:
        yield phrase(
            "%(label)s is too long (maximum is %(name_chars)s characters)", label=phrase(label), name_chars=NAME_CHARS
        )
    elif name != name.strip() or not name.isprintable():
        yield phrase("%(label)s must not begin or end with a space or hold control characters", label=phrase(label))
    if len(getattr(thing, "description", None) or "") > DESCRIPTION_CHARS:
        yield phrase(
            "Description is too long (maximum is %(description_chars)s characters)", description_chars=DESCRIPTION_CHARS
        )


def unique_name(draft: Draft, kind: str) -> Iterator[str]:
    """Whether another thing of the kind has the name, letters of either case."""
    name = draft.new.name.casefold()
    if any(one.name.casefold() == name and one.id != draft.new.id for one in draft.world.config.of(kind).values()):
        yield phrase("Name has already been taken")


def teams_exist(draft: Draft) -> Iterator[str]:
    """Which of the draft's teams are not there."""
    for team_id in draft.new.team_ids:
        if team_id not in draft.world.config.teams:
            yield phrase("Team %(team_id)s not found", team_id=team_id)


def _user(draft: Draft) -> Verdict:
    user: User = replace(draft.new, email=draft.new.email.strip())
    draft.new = user
    found = list(named(user))
    if not _MAIL.fullmatch(user.email) or len(user.email) > NAME_CHARS:
        found.append(phrase("Email is invalid"))
    taken = draft.world.config.user_by_email.get(user.email.lower())
    if taken is not None and taken.id != user.id:
        found.append(phrase("Email has already been taken"))
    if user.time_zone not in zone_names():
        found.append(phrase("Time zone is invalid"))
    lost_owner = (
        draft.old is not None and draft.old.role is Role.OWNER and (user.role is not Role.OWNER or not user.active)
    )
    if lost_owner and draft.world.config.owners == (user.id,):
        found.append(phrase("The last owner can't be removed or made something else"))
    if found:
        return found, NOTHING
    if draft.old is None:
        return [], _first_ways(draft, user)
    return [], (_leaving(draft, user) if draft.old.active and not user.active else NOTHING)


def _first_ways(draft: Draft, user: User) -> Decision:
    """A new user can be reached from the first minute: by mail, at once, for both urgencies."""
    ids, now = draft.world.ids, draft.now
    contact = ContactMethod(
        id=ids.short(), user_id=user.id, channel=Channel.EMAIL, address=user.email, label="Default", created_at=now
    )
    rules = [
        NotificationRule(id=ids.short(), user_id=user.id, contact_method_id=contact.id, urgency=urgency, created_at=now)
        for urgency in (Urgency.HIGH, Urgency.LOW)
    ]
    changes = [ThingChange("contact_method", contact.id, None, contact)]
    changes += [ThingChange("notification_rule", rule.id, None, rule) for rule in rules]
    return Decision(state=tuple(changes))


def _leaving(draft: Draft, user: User) -> Decision:
    """Open work that nobody else has goes on without this person, as soon as the change is stored."""
    config = draft.world.config
    timers = []
    for incident in draft.world.state.open_incidents_assigned_to(user.id):
        others = any(one != user.id and can_be_reached(config, one) for one in incident.assignee_ids)
        if others and not waits_in_vain(draft.world, incident, without=user.id):
            continue
        go_on: Command = ResumeEscalation(incident_id=incident.id)
        if incident.status is Status.ACKNOWLEDGED:
            reason = stored("%(name)s, who had it, was deactivated", name=user.name)
            go_on = Unacknowledge(incident_id=incident.id, epoch=incident.epoch, reason=reason)
        timers.append(SetTimer(f"left:{incident.id}", draft.now, go_on))
    return Decision(timers=tuple(timers))


def _settings(draft: Draft) -> Verdict:
    minutes = draft.new.last_resort_every_minutes
    return ([] if 1 <= minutes <= 24 * 60 else ["Last resort every minutes must be between 1 and 1440"]), NOTHING


def _contact_method(draft: Draft) -> Verdict:
    contact: ContactMethod = replace(draft.new, address=draft.new.address.strip())
    if contact.channel in (Channel.SMS, Channel.VOICE):
        digits = re.sub(r"[ ().-]", "", contact.address)
        contact = replace(contact, address=digits, country_code=contact.country_code or 1)
    draft.new = contact
    found = []
    if contact.user_id not in draft.world.config.users:
        found.append(phrase("User not found"))
    if contact.channel in (Channel.SMS, Channel.VOICE) and not _NUMBER.fullmatch(contact.address):
        found.append(phrase("Address is not a valid phone number"))
    if contact.channel is Channel.EMAIL and not _MAIL.fullmatch(contact.address):
        found.append(phrase("Address is not a valid email address"))
    # One that was saved before may stay, so that its owner can still rename it or switch it off.
    moved = draft.old is None or (draft.old.address, draft.old.country_code) != (contact.address, contact.country_code)
    if moved and contact.country_code not in (None, *_ZERO_IS_A_DIGIT) and contact.address.startswith("0"):
        found.append(phrase("Phone number can't start with a zero"))
    if contact.channel is Channel.WEBHOOK and moved and (problem := url_problem(contact.address)):
        found.append(phrase("Address is not a URL that can be called: %(problem)s", problem=problem))
    twins = draft.world.config.contacts_of.get(contact.user_id, ())
    if any((one.channel, one.dial) == (contact.channel, contact.dial) and one.id != contact.id for one in twins):
        found.append(phrase("User Contact method must be unique"))
    return found, NOTHING


def _notification_rule(draft: Draft) -> Verdict:
    rule: NotificationRule = draft.new
    found = []
    contact = draft.world.config.contact_methods.get(rule.contact_method_id)
    if contact is None or contact.user_id != rule.user_id:
        found.append(phrase("Contact method not found"))
    if not 0 <= rule.start_delay_minutes <= 24 * 60:
        found.append(phrase("Start delay in minutes must be between 0 and 1440"))
    key = (rule.contact_method_id, rule.start_delay_minutes, rule.urgency)
    others = [one for one in draft.world.config.rules_of.get(rule.user_id, ()) if one.id != rule.id]
    if any((one.contact_method_id, one.start_delay_minutes, one.urgency) == key for one in others):
        found.append(phrase("Channel Start delay must be unique for a given contact method"))
    return found, NOTHING


def _team(draft: Draft) -> Verdict:
    team: Team = draft.new
    found = [*named(team), *unique_name(draft, "team")]
    seen = {team.id}
    parent = team.parent_id
    while parent is not None:
        if parent in seen:
            found.append(phrase("Parent would make a circle of teams"))
            break
        seen.add(parent)
        above = draft.world.config.teams.get(parent)
        if above is None:
            found.append(phrase("Parent team not found"))
            break
        parent = above.parent_id
    if team.lead_id is not None and team.lead_id not in draft.world.config.users:
        found.append(phrase("Lead not found"))
    if len(team.chat_group or "") > NAME_CHARS:
        found.append(phrase("Chat group is too long (maximum is %(name_chars)s characters)", name_chars=NAME_CHARS))
    return found, NOTHING


def _membership(draft: Draft) -> Verdict:
    membership: Membership = draft.new
    found = []
    if membership.team_id not in draft.world.config.teams:
        found.append(phrase("Team not found"))
    if membership.user_id not in draft.world.config.users:
        found.append(phrase("User not found"))
    return found, NOTHING


def _service(draft: Draft) -> Verdict:
    service: Service = draft.new
    found = [*named(service), *unique_name(draft, "service")]
    if service.policy_id not in draft.world.config.policies:
        found.append(phrase("Escalation policy not found"))
    for label, seconds in (
        (word("Auto resolve timeout"), service.auto_resolve_timeout),
        (word("Acknowledgement timeout"), service.acknowledgement_timeout),
    ):
        if seconds is not None and not 0 <= seconds <= TIMEOUT_SECONDS:
            found.append(
                phrase(
                    "%(label)s must be between 0 and %(timeout_seconds)s seconds",
                    label=phrase(label),
                    timeout_seconds=TIMEOUT_SECONDS,
                )
            )
    hours = service.support_hours
    if hours is not None and (
        hours.time_zone not in zone_names() or not hours.days or not set(hours.days) <= set(range(1, 8))
    ):
        found.append(phrase("Support hours are invalid"))
    if service.pause_seconds is not None and not 1 <= service.pause_seconds <= PAUSE_SECONDS:
        found.append(phrase("Pause must be between 1 and %(pause_seconds)s seconds", pause_seconds=PAUSE_SECONDS))
    if service.raise_at not in ("", "support_hours_start", "support_hours_end"):
        found.append(phrase("Raise at must be support_hours_start or support_hours_end"))
    if service.group_by is not None:
        found += grouping_problems(service.group_by)
    found += _unusable_links(service)
    if service.owner_team_id is not None and service.owner_team_id not in draft.world.config.teams:
        found.append(phrase("Owner team not found"))
    if len(service.component or "") > NAME_CHARS:
        found.append(phrase("Component is too long (maximum is %(name_chars)s characters)", name_chars=NAME_CHARS))
    held = draft.old.field_values if draft.old is not None else {}
    given = {one: value for one, value in service.field_values.items() if one not in held or held[one] != value}
    found += value_problems(draft.world.config.fields.of_services, given)
    return found, NOTHING if found else _judged_at_last(draft, service) + _raised_in_time(draft, service)


def _unusable_links(service: Service) -> Iterator[str]:
    urls = {
        word("Runbook"): service.runbook_url,
        word("Dashboard"): service.dashboard_url,
        word("Repository"): service.repository_url,
    }
    for label, url in urls.items():
        if url and not (url.startswith(("https://", "http://")) and len(url) <= URL_CHARS and url.isprintable()):
            yield phrase("%(label)s must be an http or https URL", label=phrase(label))


def _raised_in_time(draft: Draft, service: Service) -> Decision:
    """The timer that makes quiet incidents urgent follows the setting; nothing else about a service moves it."""
    old: Service | None = draft.old
    was = next_raise(old, draft.now) if old is not None else None
    due = next_raise(service, draft.now)
    if due == was:
        return NOTHING
    return Decision(timers=(raise_urgency(service.id, due) if due is not None else CancelTimer(raise_key(service.id)),))


def _judged_at_last(draft: Draft, service: Service) -> Decision:
    """What past maintenance windows hold because the service took nothing then is judged when it does again."""
    old: Service | None = draft.old
    took = old is None or (old.judges_after_windows and old.status is ServiceStatus.ACTIVE)
    if took or not service.judges_after_windows or service.status is ServiceStatus.DISABLED:
        return NOTHING
    windows = draft.world.config.windows_of.get(service.id, ())
    return Decision(timers=tuple(judge_held(one.id, draft.now) for one in windows if one.end <= draft.now))


def _integration(draft: Draft) -> Verdict:
    integration: Integration = draft.new
    if not integration.key:
        integration = replace(integration, key=draft.world.ids.key())
    draft.new = integration
    found = list(named(integration))
    if integration.service_id not in draft.world.config.services:
        found.append(phrase("Service not found"))
    if key_is_taken(draft):
        found.append(phrase("Integration key has already been taken"))
    if not re.fullmatch(r"[A-Za-z0-9]{32}", integration.key):
        found.append(phrase("Integration key must be 32 letters and digits"))
    return found, NOTHING


def key_is_taken(draft: Draft) -> bool:
    """Whether another entrance has the draft's key: whoever has a key takes its events."""
    config = draft.world.config
    holders = [config.integration_by_key.get(draft.new.key), config.orchestration_key_by_key.get(draft.new.key)]
    return any(one is not None and one.id != draft.new.id for one in holders)


def _policy(draft: Draft) -> Verdict:
    policy: Policy = draft.new
    ids = draft.world.ids
    policy = replace(policy, rules=tuple(rule if rule.id else replace(rule, id=ids.short()) for rule in policy.rules))
    draft.new = policy
    found = [*named(policy), *unique_name(draft, "policy"), *teams_exist(draft)]
    if not 1 <= len(policy.rules) <= LEVELS:
        found.append(phrase("Escalation rules must be 1 to %(levels)s", levels=LEVELS))
    if not 0 <= policy.num_loops <= LOOPS:
        found.append(phrase("Num loops must be between 0 and %(loops)s", loops=LOOPS))
    for number, rule in enumerate(policy.rules, 1):
        if not 1 <= rule.delay_minutes <= 24 * 60:
            found.append(
                phrase("Rule %(number)s: escalation delay in minutes must be between 1 and 1440", number=number)
            )
        if not 1 <= len(rule.targets) <= TARGETS_PER_LEVEL:
            found.append(
                phrase(
                    "Rule %(number)s: must have 1 to %(targets_per_level)s targets",
                    number=number,
                    targets_per_level=TARGETS_PER_LEVEL,
                )
            )
        for target in rule.targets:
            known = draft.world.config.users if target.kind is TargetKind.USER else draft.world.config.schedules
            if target.id not in known:
                found.append(
                    phrase("Rule %(number)s: %(kind)s %(id)s not found", number=number, kind=target.kind, id=target.id)
                )
    return found, NOTHING


def _api_key(draft: Draft) -> Verdict:
    """A key stands for somebody who is there, with their role and no other; that of who has left can be revoked."""
    key: ApiKey = draft.new
    found = list(named(key))
    if key.user_id is None:
        return found, NOTHING
    person = draft.world.config.users.get(key.user_id)
    if person is None or not (person.active or key.revoked_at is not None):
        return [*found, "User not found"], NOTHING
    draft.new = replace(key, role=person.role)
    return found, NOTHING


def _plainly_named(draft: Draft) -> Verdict:
    return list(named(draft.new)), NOTHING


RULES: Mapping[str, Callable[[Draft], Verdict]] = {
    "user": _user,
    "contact_method": _contact_method,
    "notification_rule": _notification_rule,
    "team": _team,
    "membership": _membership,
    "service": _service,
    "integration": _integration,
    "priority": _plainly_named,
    "api_key": _api_key,
    "settings": _settings,
    "policy": _policy,
}
"""The rule of each kind."""
