"""Tells people of hand-offs: when their shifts on a schedule begin or end, by their rules for it.

Each schedule that counts has one timer, due when it is time to tell somebody next, and at least once a week. Decides
which schedules count, and what is too late to be told. What was told is remembered by rule and moment, so that neither
a change nor a second look tells it again. Nothing waits for an answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zlib import crc32

from tocsin.directory.handoffs import HandoffRule
from tocsin.directory.model import Service
from tocsin.engine.config import Config
from tocsin.engine.handoff_looks import handoff_rules_of, look_at, named_in
from tocsin.engine.world import World
from tocsin.events.memory import Memory
from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import Decision, SetTimer
from tocsin.kernel.limits import TOLD_AT_ONCE
from tocsin.kernel.time import DAY, HOUR, SECOND, Moment, Span
from tocsin.kernel.values import replace
from tocsin.oncall import Exceptions, Handoff, Schedule, handoffs, horizon_of, sides_of, zone_named
from tocsin.paging import handoff, news
from tocsin.paging.messages import TellHandoffs

LATE: Span = HOUR
"""What should have been told so long ago is of no use any more: the engine was down, or the shift was made just now."""

AHEAD: Span = 7 * DAY
"""So far ahead of the longest advance a schedule is written out, and after so long it is looked at anyhow."""


SPREAD = 60
"""Seconds over which what is due at the same moment is spread by schedule: on Monday at nine very many hand over, and
no timer that calls somebody may wait behind them all."""


@dataclass(slots=True)
class _Told:
    """What one look tells, and what is remembered of it."""

    world: World
    now: Moment
    decision: Decision = field(default_factory=Decision)
    count: int = 0
    changed: dict[str, Memory] = field(default_factory=dict)

    def before(self, schedule: Schedule, rule: HandoffRule, one: Handoff) -> bool:
        """Whether it was told by this rule; otherwise that is remembered from now on."""
        key = f"handoff:{schedule.id}:{rule.id}:{'begins' if one.begins else 'ends'}"
        memory = self.changed.get(key) or self.world.state.memory(key) or Memory(id=key)
        if any(at == one.at for at, _ in memory.buckets):
            return True
        kept = [(at, count) for at, count in memory.buckets if at > self.now - LATE]
        buckets = tuple(sorted([*kept, (one.at, 1)]))
        self.changed[key] = replace(memory, buckets=buckets, at=max(buckets[-1][0], self.now))
        return False


def look(world: World, _actor: Actor, command: TellHandoffs, now: Moment) -> Decision:
    """Tell what is to be told by now, and set the timer for what comes next. Without anybody to tell there is none."""
    config = world.config
    schedule = config.schedules.get(command.schedule_id)
    if schedule is None or not counts(config, schedule.id):
        return Decision()
    exceptions = config.exceptions_of.get(schedule.id, ())
    wishes = _wishes(config, schedule, exceptions, now)
    if not wishes:
        return Decision()
    longest = max(rule.advance for rules in wishes.values() for rule in rules)
    reach = min(longest + AHEAD, horizon_of(schedule))
    next_at = now + max(reach - longest, HOUR)
    told = _Told(world, now)
    for one in sorted(handoffs(schedule, exceptions, now - LATE, now + reach), key=_order):
        for rule in wishes.get(one.user_id, ()):
            due = one.at - rule.advance
            if not rule.wants(begins=one.begins) or due <= now - LATE or one.at < rule.created_at:
                continue
            if due > now:
                next_at = min(next_at, due)
            elif told.count >= TOLD_AT_ONCE:
                next_at = now
            else:
                _tell(told, schedule, exceptions, one, rule)
    remembered = Decision(state=tuple(told.changed.values()), timers=(_next_look(schedule.id, next_at, now),))
    return told.decision + remembered


def _next_look(schedule_id: str, next_at: Moment, now: Moment) -> SetTimer:
    spread = crc32(schedule_id.encode()) % SPREAD * SECOND if next_at > now else 0
    return look_at(schedule_id, next_at + spread)


def _order(one: Handoff) -> tuple[Moment, bool, str]:
    return one.at, one.begins, one.user_id


def counts(config: Config, schedule_id: str) -> bool:
    """Whether its hand-offs are told: it is called by a policy that a service uses, or that tells them always."""
    return any(
        policy.handoff_notifications == "always" or config.services_of_policy.get(policy.id)
        for policy in config.policies_of_schedule.get(schedule_id, ())
    )


def _wishes(
    config: Config, schedule: Schedule, exceptions: Exceptions, now: Moment
) -> Mapping[str, Sequence[HandoffRule]]:
    """The rules of everybody who may be on call there, by person."""
    people = named_in(schedule) | {one.user_id for one in exceptions if one.end > now - LATE}
    found = {user_id: handoff_rules_of(config, user_id) for user_id in sorted(people) if user_id in config.users}
    return {user_id: rules for user_id, rules in found.items() if rules}


def _tell(told: _Told, schedule: Schedule, exceptions: Exceptions, one: Handoff, rule: HandoffRule) -> None:
    config, now = told.world.config, told.now
    user, contact = config.users[one.user_id], config.contact_methods[rule.contact_id]
    if not user.active or not contact.enabled or told.before(schedule, rule, one):
        return
    sides = sides_of(schedule, exceptions, one)
    occasion = handoff.Occasion(
        handoff=one,
        schedule=schedule.name,
        zone=zone_named(user.time_zone or schedule.time_zone),
        far=sides.far,
        others=_names(config, sides.others),
        beside=_names(config, sides.beside),
        services=[service.name for service in _services(config, schedule.id)],
    )
    subject, text = handoff.subject(occasion, now), handoff.text(occasion, now)
    told.decision += news.sent(contact, subject, text, told.world.ids, now)
    told.count += 1


def _names(config: Config, user_ids: Sequence[str]) -> list[str]:
    return [config.users[one].name if one in config.users else "a removed person" for one in user_ids]


def _services(config: Config, schedule_id: str) -> list[Service]:
    """The services whose alarms call whoever is on call there, by name."""
    found: dict[str, Service] = {}
    for policy in config.policies_of_schedule.get(schedule_id, ()):
        found |= {service.id: service for service in config.services_of_policy.get(policy.id, ())}
    return sorted(found.values(), key=lambda service: service.name)
