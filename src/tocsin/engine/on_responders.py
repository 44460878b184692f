"""Runs commands about asking others to help: looks up people and policies, lets the incidents station decide.

A policy that is asked calls its levels one after the other, once through, until somebody joins.
"""

from __future__ import annotations

from tocsin.engine.on_incidents import incident_of
from tocsin.engine.people import people_at
from tocsin.engine.world import World
from tocsin.escalation.model import Policy
from tocsin.incidents import responders
from tocsin.incidents.help_messages import AnswerRequest, CallHelpers, CancelRequests, RequestResponders
from tocsin.incidents.model import Incident, ResponderRequest
from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import Decision
from tocsin.kernel.errors import Invalid
from tocsin.kernel.limits import NOTE_CHARS
from tocsin.kernel.time import MINUTE, Moment
from tocsin.kernel.wording import phrase


def request(world: World, actor: Actor, command: RequestResponders, now: Moment) -> Decision:
    """Ask for help. The value is the request's id. Raises Invalid for an unknown person or policy."""
    incident = incident_of(world, command.incident_id)
    _check(world, command)
    wanted = ResponderRequest(
        id=world.ids.long(),
        requester=actor,
        at=now,
        message=command.message.strip(),
        user_ids=tuple(dict.fromkeys(command.user_ids)),
        policy_ids=tuple(dict.fromkeys(command.policy_ids)),
    )
    incident, decision = responders.asked(incident, wanted)
    incident, called = responders.added(incident, wanted, wanted.user_ids, now)
    decision += called
    for policy_id in wanted.policy_ids:
        incident, called = _call(world, incident, wanted, world.config.policies[policy_id], 1, now)
        decision += called
    return decision + Decision(value=wanted.id)


def call_helpers(world: World, _actor: Actor, command: CallHelpers, now: Moment) -> Decision:
    """A policy's next level, if help is still wanted."""
    incident = world.state.incident(command.incident_id)
    policy = world.config.policies.get(command.policy_id)
    if incident is None or policy is None:
        return Decision()
    wanted = responders.still_wanted(incident, command.request_id, command.policy_id)
    return _call(world, incident, wanted, policy, command.level, now)[1] if wanted is not None else Decision()


def answer(world: World, actor: Actor, command: AnswerRequest, now: Moment) -> Decision:
    """Somebody who was asked helps, or does not."""
    return responders.answered(incident_of(world, command.incident_id), actor.id, now, joins=command.joins)


def cancel(world: World, _actor: Actor, command: CancelRequests, now: Moment) -> Decision:
    """Help is not needed any more."""
    return responders.cancelled(incident_of(world, command.incident_id), command.user_ids, command.policy_ids, now)


def _call(
    world: World, incident: Incident, wanted: ResponderRequest, policy: Policy, level: int, now: Moment
) -> tuple[Incident, Decision]:
    if level > len(policy.rules):
        return incident, Decision()
    rule = policy.rules[level - 1]
    reach = people_at(world.config, now)(rule)
    incident, decision = responders.added(incident, wanted, reach.user_ids, now, policy.id, level)
    if not reach.user_ids:
        decision += responders.nobody(incident, policy.id, level, reach.missing)
    if level < len(policy.rules):
        due_at = now + rule.delay_minutes * MINUTE if reach.user_ids else now
        timer = responders.next_level(incident, wanted.id, policy.id, level + 1, due_at)
        decision += Decision(timers=(timer,))
    return incident, decision


def _check(world: World, command: RequestResponders) -> None:
    message = command.message.strip()
    if not message or len(message) > NOTE_CHARS:
        raise Invalid(
            phrase("A message has 1 to %(note_chars)s characters.", note_chars=NOTE_CHARS), reason="message_length"
        )
    for user_id in command.user_ids:
        user = world.config.users.get(user_id)
        if user is None or not user.active:
            raise Invalid("User not found.", reason="user_missing")
    if any(policy_id not in world.config.policies for policy_id in command.policy_ids):
        raise Invalid("Escalation policy not found.", reason="policy_missing")
