"""From level to level: pure functions over the incident and its policy snapshot.

A level is called as a whole: everybody it names gets the incident, replacing who had it. A level with nobody to call
is skipped at once and on record. After a stall an incident advances by one level only, and the next delay counts
from then. When every pass ended unanswered, or nobody is on call at all, the last resort is called, again and again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tocsin.directory.model import Urgency
from tocsin.escalation.messages import (
    CallLastResort,
    EscalationRequested,
    EscalationStopped,
    LastResortReached,
    LevelReached,
    LevelSkipped,
    NextLevel,
    NobodyToPage,
    PassRepeated,
    PolicyExhausted,
    WaitingSkipped,
)
from tocsin.escalation.model import Policy, Rule
from tocsin.incidents.model import AssignedVia, Assignment, Incident, NextStep, NoTimer, Status
from tocsin.incidents.timers import timer_key
from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import CancelTimer, Command, Decision, Fact, SetTimer
from tocsin.kernel.errors import Invalid
from tocsin.kernel.time import MINUTE, SECOND, Moment
from tocsin.kernel.values import replace
from tocsin.kernel.wording import phrase, stored


@dataclass(frozen=True, slots=True)
class Reach:
    """Who of a level can be called now: reachable people, and in words why the others can't."""

    user_ids: tuple[str, ...]
    missing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastResort:
    """Who is called when nobody answers: the service's team managers, then the owners. `enabled` False = nobody."""

    enabled: bool
    managers: tuple[str, ...]
    owners: tuple[str, ...]
    every_minutes: int = 30


People = Callable[[Rule], Reach]


def start(
    incident: Incident, policy: Policy, people: People, last_resort: LastResort, now: Moment, *, reason: str = ""
) -> Decision:
    """Call the first level, in the first pass. `reason`: why those who had it give way, if somebody did."""
    gave_way = (_gave_way(incident, reason),) if reason else ()
    called = _call_from(incident, policy, people, last_resort, level=1, pass_number=1, now=now)
    return Decision(facts=gave_way) + called


def next_level(incident: Incident, policy: Policy, people: People, last_resort: LastResort, now: Moment) -> Decision:
    """The present level did not answer in time."""
    return _call_from(
        incident,
        policy,
        people,
        last_resort,
        level=incident.level + 1,
        pass_number=max(incident.pass_number, 1),
        now=now,
    )


def escalate_now(
    incident: Incident,
    policy: Policy,
    people: People,
    last_resort: LastResort,
    *,
    level: int,
    other_policy: bool,
    actor: Actor,
    now: Moment,
) -> Decision:
    """A person calls a level by hand (0 = the next): a new epoch, so the present level's waiting pages are void."""
    if level > len(policy.rules):
        raise Invalid(phrase("The policy has %(count)s levels.", count=len(policy.rules)), reason="cannot_escalate")
    fresh = replace(
        incident,
        status=Status.TRIGGERED,
        epoch=incident.epoch + 1,
        acknowledgements=(),
        snoozed_until=None,
        last_resort_round=0,
    )
    if incident.status is not Status.TRIGGERED:
        fresh = replace(fresh, status_changed_at=now, status_changed_by=actor)
    fact = EscalationRequested(
        incident_id=incident.id,
        level=level or (incident.level + 1 if incident.level < len(policy.rules) else 0),
        policy_id=policy.id if other_policy else "",
    )
    return Decision(facts=(fact,)) + _call_from(
        fresh,
        policy,
        people,
        last_resort,
        level=level or incident.level + 1,
        pass_number=max(incident.pass_number, 1),
        now=now,
    )


def resume(
    incident: Incident,
    policy: Policy,
    people: People,
    reachable: Callable[[str], bool],
    last_resort: LastResort,
    now: Moment,
) -> Decision:
    """Page again where it stands: whoever had it and can be reached, and whoever is on call at that level now.

    At a level whose targets take turns it stays with whose turn it was.
    Where none of them can be reached any more the policy goes on: from its start if it was given to them by name.
    """
    holders = [user_id for user_id in incident.assignee_ids if reachable(user_id)]
    by_name = incident.assigned_via is AssignedVia.DIRECT_ASSIGNMENT and bool(incident.assignments)
    if by_name and holders:
        kept = replace(incident, timer_at=None, next_step=None, timer_reason=NoTimer.ASSIGNED)
        return Decision(state=(kept,), facts=(_reached(kept, policy, resumed=True),))
    level = 1 if by_name or not policy.rules else min(max(incident.level, 1), len(policy.rules))
    pass_number = 1 if by_name else max(incident.pass_number, 1)
    takes_turns = bool(policy.rules) and policy.rules[level - 1].in_turn and bool(holders)
    present = people(policy.rules[level - 1]).user_ids if policy.rules and not (by_name or takes_turns) else ()
    users = tuple(dict.fromkeys((*holders, *present)))
    if users:
        return _assign(incident, policy, level, pass_number, users, now, resumed=True)
    gone = _gave_way(incident, "nobody who had it can be reached any more")
    went_on = _call_from(incident, policy, people, last_resort, level=level, pass_number=pass_number, now=now)
    return Decision(facts=(gone,)) + went_on


def stop(incident: Incident, now: Moment) -> Decision:
    """Low urgency never escalates: whoever has it keeps it."""
    quiet = replace(incident, timer_at=None, next_step=None, timer_reason=NoTimer.LOW_URGENCY, updated_at=now)
    fact = EscalationStopped(incident_id=incident.id, reason=stored("low urgency never escalates"))
    return Decision(state=(quiet,), facts=(fact,), timers=(CancelTimer(timer_key(incident.id)),))


def skip_waiting(incident: Incident, seconds: int, now: Moment) -> Decision:
    """Bring the next level or the next last resort forward to `seconds` from now. Never later than it was due."""
    due = now + seconds * SECOND
    if incident.timer_at is None or incident.timer_at <= due:
        return Decision()
    command: Command
    if incident.next_step is NextStep.ESCALATE:
        command = NextLevel(incident_id=incident.id, epoch=incident.epoch)
    elif incident.next_step is NextStep.LAST_RESORT:
        command = CallLastResort(incident_id=incident.id, epoch=incident.epoch)
    else:
        return Decision()
    fact = WaitingSkipped(incident_id=incident.id, skipped=incident.timer_at - due, next_at=due)
    sooner = replace(incident, timer_at=due, updated_at=now)
    return Decision(state=(sooner,), facts=(fact,), timers=(SetTimer(timer_key(incident.id), due, command),))


def call_last_resort(incident: Incident, last_resort: LastResort, now: Moment) -> Decision:
    """Call the managers, in the next round the owners too, and again every so often until somebody answers.

    Whoever takes it then was called, not chosen by hand: when their acknowledgement runs out the policy goes on.
    """
    round_number = incident.last_resort_round + 1
    managers, owners = last_resort.managers, last_resort.owners
    if round_number == 1 and managers:
        users, who = managers, stored("team managers")
    else:
        users = tuple(dict.fromkeys((*managers, *owners)))
        who = stored("team managers and owners") if managers else stored("owners")
    due = now + last_resort.every_minutes * MINUTE
    waiting = replace(
        incident,
        assignments=tuple(Assignment(user_id, now) for user_id in users) or incident.assignments,
        assigned_via=AssignedVia.ESCALATION_POLICY,
        last_resort_round=round_number,
        timer_at=due,
        next_step=NextStep.LAST_RESORT,
        timer_reason=None,
        updated_at=now,
    )
    timer = SetTimer(timer_key(incident.id), due, CallLastResort(incident_id=incident.id, epoch=incident.epoch))
    fact: Fact
    if users:
        fact = LastResortReached(
            incident_id=incident.id, user_ids=users, who=who, round_number=round_number, next_at=due
        )
    else:
        fact = NobodyToPage(incident_id=incident.id, reason=stored("no team manager and no owner can be reached"))
    return Decision(state=(waiting,), facts=(fact,), timers=(timer,))


def _call_from(
    incident: Incident,
    policy: Policy,
    people: People,
    last_resort: LastResort,
    *,
    level: int,
    pass_number: int,
    now: Moment,
) -> Decision:
    """Call the first level with somebody to call, from `level` of `pass_number` on; at most one whole pass is tried."""
    facts: list[Fact] = []
    unanswered = False
    for _ in policy.rules:
        if level > len(policy.rules):
            if pass_number >= policy.passes:
                unanswered = True
                break
            level, pass_number = 1, pass_number + 1
            facts.append(PassRepeated(incident_id=incident.id, pass_number=pass_number, passes=policy.passes))
        found = people(policy.rules[level - 1])
        if found.user_ids:
            decision = _assign(incident, policy, level, pass_number, found.user_ids, now)
            return replace(decision, facts=(*facts, *decision.facts))
        reason = found.missing or stored("nobody is on call")
        facts.append(LevelSkipped(incident_id=incident.id, level=level, pass_number=pass_number, reason=reason))
        level += 1
    reason = stored("the last pass ended unanswered") if unanswered else stored("nobody is on call at any level")
    facts.append(PolicyExhausted(incident_id=incident.id, reason=reason, passes=policy.passes))
    ended = _ended(incident, last_resort, now)
    return replace(ended, facts=(*facts, *ended.facts))


def _ended(incident: Incident, last_resort: LastResort, now: Moment) -> Decision:
    if last_resort.enabled:
        return call_last_resort(incident, last_resort, now)
    silent = replace(
        incident,
        assigned_via=AssignedVia.ESCALATION_POLICY,
        timer_at=None,
        next_step=None,
        timer_reason=NoTimer.EXHAUSTED,
        updated_at=now,
    )
    fact = EscalationStopped(incident_id=incident.id, reason=stored("last resort is switched off for this service"))
    return Decision(state=(silent,), facts=(fact,), timers=(CancelTimer(timer_key(incident.id)),))


def _assign(
    incident: Incident,
    policy: Policy,
    level: int,
    pass_number: int,
    user_ids: tuple[str, ...],
    now: Moment,
    *,
    resumed: bool = False,
) -> Decision:
    loud = incident.urgency is Urgency.HIGH
    due = now + policy.rules[level - 1].delay_minutes * MINUTE
    held = replace(
        incident,
        level=level,
        pass_number=pass_number,
        assignments=tuple(Assignment(user_id, now) for user_id in user_ids),
        assigned_via=AssignedVia.ESCALATION_POLICY,
        last_resort_round=0,
        timer_at=due if loud else None,
        next_step=NextStep.ESCALATE if loud else None,
        timer_reason=None if loud else NoTimer.LOW_URGENCY,
        updated_at=now,
    )
    key = timer_key(incident.id)
    command = NextLevel(incident_id=incident.id, epoch=incident.epoch)
    timer = SetTimer(key, due, command) if loud else CancelTimer(key)
    return Decision(state=(held,), facts=(_reached(held, policy, resumed=resumed),), timers=(timer,))


def _gave_way(incident: Incident, reason: str) -> LevelSkipped:
    """Whoever had it is passed over: the policy goes on."""
    return LevelSkipped(incident_id=incident.id, level=0, pass_number=0, reason=reason)


def _reached(incident: Incident, policy: Policy, *, resumed: bool) -> LevelReached:
    return LevelReached(
        incident_id=incident.id,
        level=incident.level,
        pass_number=incident.pass_number,
        passes=policy.passes,
        user_ids=incident.assignee_ids,
        next_at=incident.timer_at if incident.next_step is NextStep.ESCALATE else None,
        resumed=resumed,
    )
