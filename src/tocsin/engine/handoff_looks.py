"""Who wants to hear of hand-offs, and which schedules have to be looked at again after a change of configuration.

Decides which changes can make it time sooner than a schedule's timer says. What only takes hand-offs away is found out
when the timer falls due. The look itself comes by that timer, so that a change of many things stays quick.
"""

from __future__ import annotations

from collections.abc import Iterable

from tocsin.directory.handoffs import HANDOFF_RULE, HandoffRule, handoff_rule
from tocsin.directory.kept import Kept
from tocsin.directory.model import Service
from tocsin.engine.config import Config
from tocsin.engine.world import ThingChange
from tocsin.escalation.model import Policy, TargetKind
from tocsin.kernel.decision import NOTHING, CancelTimer, Decision, SetTimer, TimerChange
from tocsin.kernel.time import Moment
from tocsin.oncall import CustomShift, Override, Schedule
from tocsin.paging.messages import TellHandoffs

_MATTER = frozenset({"schedule", "override", "custom_shift", "policy", "service", "kept"})
"""The kinds of things on which it depends when it is time to tell somebody. Who is not in use is passed over then."""


def handoff_timer(schedule_id: str) -> str:
    """The key of the timer for a schedule's hand-offs."""
    return f"handoff:{schedule_id}"


def look_at(schedule_id: str, due_at: Moment) -> SetTimer:
    """When the schedule is to be looked at."""
    return SetTimer(handoff_timer(schedule_id), due_at, TellHandoffs(schedule_id=schedule_id))


def handoff_rules_of(config: Config, user_id: str) -> list[HandoffRule]:
    """A person's rules for hand-offs."""
    contacts = config.contacts_of.get(user_id, ())
    found = (handoff_rule(one) for contact in contacts for one in config.kept_under.get(contact.id, ()))
    return [rule for rule in found if rule is not None]


def looks(config: Config, decision: Decision, now: Moment) -> Decision:
    """What changes of configuration mean for the timers of hand-offs. `config`: as it was before them."""
    changes = [one for one in decision.state if isinstance(one, ThingChange) and one.kind in _MATTER]
    if not changes or not (config.kept_of.get(HANDOFF_RULE) or any(_made(one) for one in changes)):
        return NOTHING
    timers: dict[str, TimerChange] = {}
    for change in changes:
        if change.kind == "schedule" and change.after is None:
            timers[change.id] = CancelTimer(handoff_timer(change.id))
        else:
            timers |= {schedule_id: look_at(schedule_id, now) for schedule_id in _schedules(config, change)}
    return Decision(timers=tuple(timers.values()))


def _made(change: ThingChange) -> HandoffRule | None:
    """The rule for hand-offs that was made or changed, if one was."""
    return handoff_rule(change.after) if isinstance(change.after, Kept) else None


def _schedules(config: Config, change: ThingChange) -> Iterable[str]:
    thing = change.after if change.after is not None else change.before
    match thing:
        case Schedule():
            return _called(config, thing.id)
        case Override() | CustomShift():
            return _called(config, thing.schedule_id)
        case Policy() if change.after is not None:
            return _targets(thing)
        case Service() if change.after is not None:
            policy = config.policies.get(thing.policy_id)
            moved = not isinstance(change.before, Service) or change.before.policy_id != thing.policy_id
            return _targets(policy) if policy is not None and moved else ()
        case Kept() if rule := _made(change):
            contact = config.contact_methods.get(rule.contact_id)
            return _served_by(config, contact.user_id) if contact is not None else ()
    return ()


def _called(config: Config, schedule_id: str) -> Iterable[str]:
    return (schedule_id,) if schedule_id in config.policies_of_schedule else ()


def _targets(policy: Policy) -> Iterable[str]:
    return {one.id for rule in policy.rules for one in rule.targets if one.kind is TargetKind.SCHEDULE}


def _served_by(config: Config, user_id: str) -> Iterable[str]:
    """The schedules that a policy calls and that name the person anywhere. One too many costs a look."""
    found = {
        one.schedule_id
        for things in (config.overrides, config.custom_shifts)
        for one in things.values()
        if one.user_id == user_id
    }
    for schedule_id in config.policies_of_schedule:
        schedule = config.schedules.get(schedule_id)
        if schedule is not None and user_id in named_in(schedule):
            found.add(schedule_id)
    return found & config.policies_of_schedule.keys()


def named_in(schedule: Schedule) -> set[str]:
    """Everybody whom the layers or rotations name, over or not; overrides and custom shifts come beside them."""
    layers = {user_id for layer in schedule.layers for user_id in layer.user_ids}
    events = (event for rotation in schedule.rotations for event in rotation.events)
    return layers | {user_id for event in events for user_id in event.members}
