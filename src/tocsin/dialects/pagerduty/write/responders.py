"""Who was asked to help with an incident, as PagerDuty's clients expect it."""

from __future__ import annotations

from collections.abc import Collection

from tocsin.dialects.pagerduty.write.refs import Refs, Wire, instant
from tocsin.incidents.model import Incident, Responder, ResponderRequest, ResponderState

STATES = {
    ResponderState.PENDING: "pending",
    ResponderState.JOINED: "joined",
    ResponderState.DECLINED: "declined",
    ResponderState.CANCELLED: "user_cancelled",
}


def responders(incident: Incident, refs: Refs) -> list[Wire]:
    """Everybody who was asked."""
    return [_responder(one, incident, refs) for one in incident.responders]


def requests(incident: Incident, refs: Refs) -> list[Wire]:
    """Every request, the oldest first."""
    return [request(one, incident, refs) for one in incident.requests]


def request(one: ResponderRequest, incident: Incident, refs: Refs) -> Wire:
    """One request, with what became of those whom it asked."""
    people = [_target("user", user_id, incident, refs, {user_id}) for user_id in one.user_ids]
    through = {
        policy_id: {found.user_id for found in incident.responders if policy_id in found.policy_ids}
        for policy_id in one.policy_ids
    }
    policies = [_target("escalation_policy", each, incident, refs, users) for each, users in through.items()]
    return {
        "id": one.id,
        "incident": _incident(incident, refs),
        "requester": refs.agent(one.requester, incident.service_id),
        "requested_at": instant(one.at),
        "message": one.message,
        "responder_request_targets": people + policies,
    }


def _target(kind: str, target_id: str, incident: Incident, refs: Refs, user_ids: Collection[str]) -> Wire:
    found = [_responder(one, incident, refs) for one in incident.responders if one.user_id in user_ids]
    named = refs.user(target_id) if kind == "user" else refs.policy(target_id)
    target = {"type": kind, "id": target_id, "summary": named["summary"], "incidents_responders": found}
    return {"responder_request_target": target}


def _responder(one: Responder, incident: Incident, refs: Refs) -> Wire:
    asked = next((each for each in incident.requests if each.id == one.request_id), None)
    return {
        "state": STATES[one.state],
        "user": refs.user(one.user_id),
        "incident": _incident(incident, refs),
        "updated_at": instant(one.updated_at),
        "message": asked.message if asked is not None else "",
        "requester": refs.agent(asked.requester, incident.service_id) if asked is not None else None,
        "requested_at": instant(one.asked_at),
        "escalation_policy_requests": [refs.policy(policy_id)["summary"] for policy_id in one.policy_ids],
    }


def _incident(incident: Incident, refs: Refs) -> Wire:
    return refs.incident(incident.id, incident.number, incident.title)
