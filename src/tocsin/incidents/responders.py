"""Asking others to help with an incident: who was asked, who has answered what. Never changes who has it. Pure.

Decides who is asked again: whoever has not joined and is not about to answer.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tocsin.incidents.help_messages import (
    CallHelpers,
    NoResponder,
    RequestsCancelled,
    ResponderAdded,
    ResponderReplied,
    RespondersRequested,
)
from tocsin.incidents.model import Incident, Responder, ResponderRequest, ResponderState
from tocsin.kernel.decision import CancelTimer, Decision, SetTimer
from tocsin.kernel.errors import Conflict, Invalid, NotFound
from tocsin.kernel.limits import RESPONDER_REQUESTS, RESPONDERS
from tocsin.kernel.time import Moment
from tocsin.kernel.values import replace
from tocsin.kernel.wording import phrase

_SETTLED = (ResponderState.PENDING, ResponderState.JOINED)


def help_key(incident_id: str, request_id: str, policy_id: str) -> str:
    """The key of the timer for a policy's next level."""
    return f"help:{incident_id}:{request_id}:{policy_id}"


def asked(incident: Incident, request: ResponderRequest) -> tuple[Incident, Decision]:
    """The request is known; nobody is called yet. Raises Invalid without anybody to ask or past the limits."""
    require_open(incident)
    if not request.user_ids and not request.policy_ids:
        raise Invalid("Name at least one person or policy.", reason="responder_missing")
    if len(incident.requests) >= RESPONDER_REQUESTS:
        raise Invalid(
            phrase(
                "An incident has %(responder_requests)s requests for help at most.",
                responder_requests=RESPONDER_REQUESTS,
            ),
            reason="too_many_requests",
        )
    known = replace(incident, requests=(*incident.requests, request), updated_at=request.at)
    fact = RespondersRequested(
        incident_id=incident.id,
        request_id=request.id,
        message=request.message,
        user_ids=request.user_ids,
        policy_ids=request.policy_ids,
    )
    return known, Decision(state=(known,), facts=(fact,))


def added(
    incident: Incident,
    request: ResponderRequest,
    user_ids: Sequence[str],
    now: Moment,
    policy_id: str = "",
    level: int = 0,
) -> tuple[Incident, Decision]:
    """These people are asked; who was asked before and has not said no is not called again."""
    facts = []
    for user_id in user_ids:
        before = incident.responder(user_id)
        through = (*(before.policy_ids if before else ()), policy_id) if policy_id else ()
        if before is not None and before.state in _SETTLED:
            one = replace(before, policy_ids=tuple(dict.fromkeys((*before.policy_ids, *through))))
        else:
            one = Responder(
                user_id=user_id,
                request_id=request.id,
                state=ResponderState.PENDING,
                asked_at=now,
                updated_at=now,
                policy_ids=(policy_id,) if policy_id else (),
            )
            message = request.message
            facts.append(
                ResponderAdded(
                    incident_id=incident.id, user_id=user_id, message=message, policy_id=policy_id, level=level
                )
            )
        incident = _with(incident, one, now)
    if len(incident.responders) > RESPONDERS:
        raise Invalid(
            phrase("%(responders)s people can be asked at most.", responders=RESPONDERS), reason="too_many_responders"
        )
    return incident, Decision(state=(incident,), facts=tuple(facts))


def next_level(incident: Incident, request_id: str, policy_id: str, level: int, due_at: Moment) -> SetTimer:
    """The policy's next level is called then, unless somebody joins."""
    command = CallHelpers(incident_id=incident.id, request_id=request_id, policy_id=policy_id, level=level)
    return SetTimer(help_key(incident.id, request_id, policy_id), due_at, command)


def still_wanted(incident: Incident, request_id: str, policy_id: str) -> ResponderRequest | None:
    """The request, while this policy is to call somebody for it: nobody has joined through it, nobody cancelled it."""
    if not incident.is_open:
        return None
    for request in incident.requests:
        if request.id == request_id and policy_id in request.policy_ids and policy_id not in request.stopped:
            joined = any(
                policy_id in one.policy_ids and one.state is ResponderState.JOINED for one in incident.responders
            )
            return None if joined else request
    return None


def nobody(incident: Incident, policy_id: str, level: int, reason: str) -> Decision:
    """A level has nobody to call."""
    return Decision(facts=(NoResponder(incident_id=incident.id, policy_id=policy_id, level=level, reason=reason),))


def answered(incident: Incident, user_id: str, now: Moment, *, joins: bool) -> Decision:
    """What a person says who was asked. Saying it again changes nothing. Raises NotFound for somebody else."""
    require_open(incident)
    before = incident.responder(user_id)
    if before is None or before.state is ResponderState.CANCELLED:
        raise NotFound("You were not asked to help with this incident.")
    state = ResponderState.JOINED if joins else ResponderState.DECLINED
    if before.state is state:
        return Decision(value="unchanged")
    fact = ResponderReplied(incident_id=incident.id, user_id=user_id, joined=joins, message=incident.plea(user_id))
    return Decision(state=(_with(incident, replace(before, state=state, updated_at=now), now),), facts=(fact,))


def cancelled(incident: Incident, user_ids: Collection[str], policy_ids: Collection[str], now: Moment) -> Decision:
    """What nobody has answered is taken back. The value: what became of each, by id; absent = was not asked."""
    results: dict[str, str] = {}
    gone: list[str] = []
    for one in incident.responders:
        wanted = one.user_id in user_ids or any(policy_id in policy_ids for policy_id in one.policy_ids)
        if wanted and one.state is ResponderState.PENDING:
            incident = _with(incident, replace(one, state=ResponderState.CANCELLED, updated_at=now), now)
            gone.append(one.user_id)
        if one.user_id in user_ids:
            still = incident.responder(one.user_id) or one
            results[one.user_id] = still.state.value
    stopped = []
    timers = []
    for request in incident.requests:
        for policy_id in request.policy_ids:
            if policy_id in policy_ids:
                results[policy_id] = _of_policy(incident, policy_id)
                timers.append(CancelTimer(help_key(incident.id, request.id, policy_id)))
                stopped += [policy_id] if policy_id not in request.stopped else []
    requests = tuple(
        replace(one, stopped=tuple(dict.fromkeys((*one.stopped, *(set(one.policy_ids) & set(policy_ids))))))
        for one in incident.requests
    )
    if not gone and not stopped:
        return Decision(value=results)
    fact = RequestsCancelled(incident_id=incident.id, user_ids=tuple(gone), policy_ids=tuple(dict.fromkeys(stopped)))
    changed = replace(incident, requests=requests, updated_at=now)
    return Decision(state=(changed,), facts=(fact,), timers=tuple(timers), value=results)


def require_open(incident: Incident) -> None:
    """Raise Conflict for one that is resolved: nobody need help any more."""
    if not incident.is_open:
        raise Conflict(phrase("incident %(number)s is resolved", number=incident.number), reason="already_resolved")


def _of_policy(incident: Incident, policy_id: str) -> str:
    states = {one.state for one in incident.responders if policy_id in one.policy_ids}
    for state in (ResponderState.JOINED, ResponderState.CANCELLED, ResponderState.DECLINED):
        if state in states:
            return state.value
    return ResponderState.CANCELLED.value


def _with(incident: Incident, one: Responder, now: Moment) -> Incident:
    others = tuple(other for other in incident.responders if other.user_id != one.user_id)
    return replace(incident, responders=(*others, one), updated_at=now)
