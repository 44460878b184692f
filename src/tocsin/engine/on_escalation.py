"""Runs commands to the escalation station: takes or looks up the policy snapshot, says who is on call now."""

from __future__ import annotations

from tocsin.engine.on_incidents import incident_of
from tocsin.engine.people import can_be_reached, last_resort, people_at
from tocsin.engine.world import World
from tocsin.escalation import decide as escalation
from tocsin.escalation.messages import (
    CallLastResort,
    EscalateNow,
    LevelReached,
    NextLevel,
    ResumeEscalation,
    SkipWaiting,
    StartEscalation,
    StopEscalation,
)
from tocsin.escalation.model import Policy, PolicySnapshot, Rule
from tocsin.events.memory import Memory
from tocsin.incidents.model import Incident, NextStep, Status
from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import Decision
from tocsin.kernel.errors import Conflict, Invalid
from tocsin.kernel.time import Moment
from tocsin.kernel.values import replace
from tocsin.kernel.wording import phrase


def policy_of(world: World, incident: Incident) -> Policy:
    """The policy as it was when the incident was assigned; without a snapshot the present one or one without levels."""
    snapshot = world.state.snapshot(incident.policy_snapshot) if incident.policy_snapshot else None
    if snapshot is not None:
        return snapshot.policy
    return world.config.policies.get(incident.policy_id) or Policy(
        id=incident.policy_id, name="(removed policy)", rules=()
    )


class Turns:
    """Whose turn it is at levels whose targets take turns, and that it is the next one's after a call."""

    def __init__(self, world: World, now: Moment) -> None:
        self._world = world
        self._now = now
        self.people = people_at(world.config, now, self._next)

    def after(self, policy: Policy, decision: Decision) -> Decision:
        """The decision, and with it that the target which it called has had its turn. Being called again is none."""
        called = next((fact for fact in decision.facts if isinstance(fact, LevelReached) and not fact.resumed), None)
        if called is None or not policy.rules[called.level - 1].in_turn:
            return decision
        rule = policy.rules[called.level - 1]
        everybody = people_at(self._world.config, self._now)
        count, first = len(rule.targets), self._next(rule)
        places = [(first + step) % count for step in range(count)]
        had = next(
            (place for place in places if everybody(replace(rule, targets=(rule.targets[place],))).user_ids), first
        )
        key = turn_key(rule)
        memory = replace(self._world.state.memory(key) or Memory(id=key), total=had + 1, at=self._now)
        return decision + Decision(state=(memory,))

    def _next(self, rule: Rule) -> int:
        memory = self._world.state.memory(turn_key(rule))
        return memory.total % len(rule.targets) if memory is not None else 0


def turn_key(rule: Rule) -> str:
    """The id of the memory of whose turn it is: its `total` is the place of the target that comes next."""
    return f"turn:{rule.id}"


def start(world: World, _actor: Actor, command: StartEscalation, now: Moment) -> Decision:
    """Take the policy as it is now and call its first level."""
    incident = incident_of(world, command.incident_id)
    if incident.status is not Status.TRIGGERED:
        return Decision()
    incident, snapshot = _with_snapshot(world, incident, incident.policy_id)
    policy, turns = policy_of(world, incident), Turns(world, now)
    resort = last_resort(world.config, incident)
    return snapshot + turns.after(
        policy, escalation.start(incident, policy, turns.people, resort, now, reason=command.reason)
    )


def resume(world: World, _actor: Actor, command: ResumeEscalation, now: Moment) -> Decision:
    """Page again at the present level."""
    incident = incident_of(world, command.incident_id)
    if incident.status is not Status.TRIGGERED:
        return Decision()
    config, policy, turns = world.config, policy_of(world, incident), Turns(world, now)
    decision = escalation.resume(
        incident,
        policy,
        turns.people,
        lambda user_id: can_be_reached(config, user_id),
        last_resort(config, incident),
        now,
    )
    return turns.after(policy, decision)


def next_level(world: World, _actor: Actor, command: NextLevel, now: Moment) -> Decision:
    """A level's time is up. Void when the incident was answered or given to others since."""
    incident = world.state.incident(command.incident_id)
    if not _waits_for(incident, command.epoch, NextStep.ESCALATE):
        return Decision()
    assert incident is not None
    policy, turns = policy_of(world, incident), Turns(world, now)
    resort = last_resort(world.config, incident)
    return turns.after(policy, escalation.next_level(incident, policy, turns.people, resort, now))


def call_last_resort(world: World, _actor: Actor, command: CallLastResort, now: Moment) -> Decision:
    """Nobody answered the last call either."""
    incident = world.state.incident(command.incident_id)
    if not _waits_for(incident, command.epoch, NextStep.LAST_RESORT):
        return Decision()
    assert incident is not None
    return escalation.call_last_resort(incident, last_resort(world.config, incident), now)


def escalate_now(world: World, actor: Actor, command: EscalateNow, now: Moment) -> Decision:
    """A person sends it on. Raises Conflict when it is resolved, Invalid for a policy or level that is not there."""
    incident = incident_of(world, command.incident_id)
    if not incident.is_open:
        raise Conflict(phrase("incident %(number)s is resolved", number=incident.number), reason="already_resolved")
    snapshot = Decision()
    level = command.level
    if command.policy_id:
        if command.policy_id not in world.config.policies:
            raise Invalid("Escalation policy not found.", reason="policy_missing")
        incident, snapshot = _with_snapshot(world, replace(incident, level=0, pass_number=1), command.policy_id)
        level = level or 1
    elif not incident.policy_snapshot:
        incident, snapshot = _with_snapshot(world, incident, incident.policy_id)
    policy = (
        snapshot.state[0].policy
        if snapshot.state and isinstance(snapshot.state[0], PolicySnapshot)
        else policy_of(world, incident)
    )
    turns = Turns(world, now)
    decision = escalation.escalate_now(
        incident,
        policy,
        turns.people,
        last_resort(world.config, incident),
        level=level,
        other_policy=bool(command.policy_id),
        actor=actor,
        now=now,
    )
    return snapshot + turns.after(policy, decision)


def skip_waiting(world: World, _actor: Actor, command: SkipWaiting, now: Moment) -> Decision:
    """Bring the next step forward."""
    incident = incident_of(world, command.incident_id)
    return (
        escalation.skip_waiting(incident, command.seconds, now) if incident.status is Status.TRIGGERED else Decision()
    )


def stop(world: World, _actor: Actor, command: StopEscalation, now: Moment) -> Decision:
    """The urgency fell."""
    incident = incident_of(world, command.incident_id)
    if incident.status is not Status.TRIGGERED or incident.next_step is None:
        return Decision()
    return escalation.stop(incident, now)


def _waits_for(incident: Incident | None, epoch: int, step: NextStep) -> bool:
    return (
        incident is not None
        and incident.status is Status.TRIGGERED
        and (incident.epoch, incident.next_step) == (epoch, step)
    )


def _with_snapshot(world: World, incident: Incident, policy_id: str) -> tuple[Incident, Decision]:
    policy = world.config.policies.get(policy_id)
    if policy is None:
        return incident, Decision()
    snapshot = PolicySnapshot(id=f"{policy.id}@{policy.updated_at}", policy=policy)
    named = replace(incident, policy_id=policy_id, policy_snapshot=snapshot.id)
    world.state.put(snapshot)
    return named, Decision(state=(snapshot,))
