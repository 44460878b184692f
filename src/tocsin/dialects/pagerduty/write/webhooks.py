"""What a webhook subscription is told, as PagerDuty's receivers expect it: event, headers, signature.

Decides wording only. An event that is too large goes without its details, and if it is still too large not at all.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

import msgspec

from tocsin.deliveries.model import PING, Delivery
from tocsin.dialects.pagerduty.read.services import stored_wire
from tocsin.dialects.pagerduty.write import custom_fields
from tocsin.dialects.pagerduty.write.incidents import bridge
from tocsin.dialects.pagerduty.write.refs import Refs, Wire, instant
from tocsin.directory.model import Service
from tocsin.directory.subscriptions import WebhookSubscription
from tocsin.engine.rules_of_subscriptions import may_be_set
from tocsin.events.orchestration import Call
from tocsin.incidents.model import Incident
from tocsin.kernel.actor import ActorKind
from tocsin.kernel.time import Moment, to_datetime
from tocsin.kernel.wording import plain_text

BODY_BYTES = 256 * 1024
"""A larger event is not sent."""

TRIMMED_CHARS = 1000
"""What is left of a text when an event is too large."""

USER_AGENT = "PagerDuty-Webhook/V3.0"

_ENCODER = msgspec.json.Encoder(enc_hook=plain_text)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request as it leaves. Headers and URL hold secrets."""

    headers: dict[str, str]
    body: bytes


class TooLarge(ValueError):
    """The event is larger than receivers take."""


def outgoing(delivery: Delivery, subscription: WebhookSubscription, refs: Refs) -> Outgoing:
    """The request for one delivery. Raises TooLarge."""
    body = event_bytes(delivery, refs)
    headers = {header.name: header.value for header in subscription.headers}
    ours = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": USER_AGENT,
        "X-Webhook-Id": delivery.id,
        "X-Webhook-Subscription": subscription.id,
        "X-PagerDuty-Signature": signature(subscription.secret, body),
    }
    taken = {name.lower() for name in ours}
    return Outgoing({**{name: value for name, value in headers.items() if name.lower() not in taken}, **ours}, body)


def called(delivery: Delivery, call: Call) -> Outgoing:
    """The request for a web address that a rule or workflow has called, as receivers of such calls know it.

    Its parameters stand at the top of the body, and beside them whose incident it is. It is not signed: who wants to
    know the sender puts a secret into a header.
    """
    metadata = {"incident": {"id": delivery.incident_id}} if delivery.incident_id else {}
    body = _ENCODER.encode({**dict(call.parameters), "__pd_metadata": metadata})
    ours = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": USER_AGENT,
        "X-Webhook-Id": delivery.id,
    }
    given = {name: value for name, value in call.headers if may_be_set(name)}
    taken = {name.lower() for name in given}
    return Outgoing({**{name: value for name, value in ours.items() if name.lower() not in taken}, **given}, body)


def signature(secret: str, body: bytes) -> str:
    """The value of the signature's header: over the exact bytes that travel."""
    return "v1=" + hmac.digest(secret.encode(), body, hashlib.sha256).hex()


def event_bytes(delivery: Delivery, refs: Refs) -> bytes:
    """The body. Raises TooLarge."""
    for trimmed in (False, True):
        body = _ENCODER.encode({"event": _event(delivery, refs, trimmed=trimmed)})
        if len(body) <= BODY_BYTES:
            return body
    raise TooLarge(f"the event is larger than {BODY_BYTES // 1024} KB")


def _event(delivery: Delivery, refs: Refs, *, trimmed: bool) -> Wire:
    kind = "pagey" if delivery.event == PING else delivery.event.partition(".")[0]
    return {
        "id": delivery.event_id,
        "event_type": "pagey.ping" if delivery.event == PING else delivery.event,
        "resource_type": kind,
        "occurred_at": _milliseconds(delivery.at),
        "agent": _agent(delivery, refs),
        "client": None,
        "data": _data(delivery, refs, trimmed=trimmed),
    }


def _agent(delivery: Delivery, refs: Refs) -> Wire | None:
    """Who did it; nobody when Tocsin did it by itself."""
    actor = delivery.actor
    if actor.kind is ActorKind.SYSTEM or (
        actor.kind is ActorKind.INTEGRATION and actor.id not in refs.config.integrations
    ):
        return None
    return refs.agent(actor, "")


def _data(delivery: Delivery, refs: Refs, *, trimmed: bool) -> Wire:
    if delivery.service is not None:
        return _service(delivery, delivery.service, refs)
    if delivery.incident is None:
        return {"message": "Hello from your friend Pagey!", "type": "ping"}
    if delivery.responder is not None:
        return _responder(delivery, delivery.incident, refs, trimmed=trimmed)
    if delivery.event == "incident.conference_bridge.updated":
        return _bridge(delivery.incident, refs, trimmed=trimmed)
    if delivery.event.startswith("incident.workflow."):
        return _workflow(delivery, delivery.incident, refs, trimmed=trimmed)
    if delivery.event == "incident.status_update_published":
        return _status_update(delivery, delivery.incident, refs, trimmed=trimmed)
    if delivery.event == "incident.custom_field_values.updated":
        return _field_values(delivery, delivery.incident, refs, trimmed=trimmed)
    if delivery.note_id:
        return _note(delivery, delivery.incident, refs, trimmed=trimmed)
    return _incident(delivery, delivery.incident, refs, trimmed=trimmed)


def _note(delivery: Delivery, incident: Incident, refs: Refs, *, trimmed: bool) -> Wire:
    return {
        "incident": refs.incident(incident.id, incident.number, _cut(incident.title, trimmed=trimmed)),
        "id": delivery.note_id,
        "content": _cut(delivery.note, trimmed=trimmed),
        "trimmed": trimmed,
        "type": "incident_note",
    }


def _workflow(delivery: Delivery, incident: Incident, refs: Refs, *, trimmed: bool) -> Wire:
    """A run of a workflow."""
    one = delivery.mention
    workflow = (
        refs.links.keys("incident_workflow_reference", one.id, one.title, f"incident_workflows/{one.id}")
        if one is not None
        else None
    )
    return {
        "id": delivery.note_id,
        "summary": one.title if one is not None else "",
        "incident": refs.incident(incident.id, incident.number, _cut(incident.title, trimmed=trimmed)),
        "incident_workflow": workflow,
        "type": "incident_workflow_instance",
    }


def _status_update(delivery: Delivery, incident: Incident, refs: Refs, *, trimmed: bool) -> Wire:
    return {
        "incident": refs.incident(incident.id, incident.number, _cut(incident.title, trimmed=trimmed)),
        "id": delivery.note_id,
        "message": _cut(delivery.note, trimmed=trimmed),
        "trimmed": trimmed,
        "type": "incident_status_update",
    }


def _bridge(incident: Incident, refs: Refs, *, trimmed: bool) -> Wire:
    place = incident.bridge
    numbers = [{"label": "", "number": place.number}] if place is not None and place.number else []
    return {
        "incident": refs.incident(incident.id, incident.number, _cut(incident.title, trimmed=trimmed)),
        "conference_numbers": numbers,
        "conference_url": place.url or None if place is not None else None,
        "type": "incident_conference_bridge",
    }


def _field_values(delivery: Delivery, incident: Incident, refs: Refs, *, trimmed: bool) -> Wire:
    known = refs.config.fields.of_type(incident.type_name)
    return {
        "incident": refs.incident(incident.id, incident.number, _cut(incident.title, trimmed=trimmed)),
        "custom_fields": custom_fields.values(known, incident.field_values),
        "changed_custom_fields": [one.name for one in known if one.id in delivery.field_ids],
        "type": "incident_field_values",
    }


def _responder(delivery: Delivery, incident: Incident, refs: Refs, *, trimmed: bool) -> Wire:
    one = delivery.responder
    assert one is not None
    return {
        "incident": refs.incident(incident.id, incident.number, _cut(incident.title, trimmed=trimmed)),
        "user": refs.user(one.user_id),
        "escalation_policy": refs.policy(one.policy_ids[-1]) if one.policy_ids else None,
        "message": _cut(delivery.note, trimmed=trimmed),
        "state": one.state.value,
        "type": "incident_responder",
    }


def _incident(delivery: Delivery, one: Incident, refs: Refs, *, trimmed: bool) -> Wire:
    reference = refs.incident(one.id, one.number, one.title)
    mention = delivery.mention
    reason = None
    if mention is not None:
        merged_into = refs.incident(mention.id, mention.number, _cut(mention.title, trimmed=trimmed))
        reason = {"type": "merge_resolve_reason", "incident": merged_into}
    body: Wire = {
        "id": one.id,
        "type": "incident",
        "self": reference["self"],
        "html_url": reference["html_url"],
        "number": one.number,
        "status": one.status.value,
        "incident_key": one.incident_key or one.id,
        "created_at": instant(one.created_at),
        "title": _cut(one.title, trimmed=trimmed),
        "incident_type": {"name": one.type_name or "incident_default"},
        "service": refs.service(one.service_id),
        "assignees": [] if trimmed else [refs.user(user_id) for user_id in one.assignee_ids],
        "escalation_policy": refs.policy(one.policy_id) if one.policy_id else None,
        "teams": [] if trimmed else [refs.team(team_id) for team_id in one.team_ids],
        "priority": refs.priority(one.priority_id) if one.priority_id is not None else None,
        "urgency": one.urgency.value,
        "conference_bridge": bridge(one),
        "resolve_reason": reason,
    }
    if delivery.event == "incident.reopened":
        body["reopened_at"] = instant(delivery.at)
    return body


def _service(delivery: Delivery, service: Service, refs: Refs) -> Wire:
    if delivery.event == "service.custom_field_values.updated":
        known = refs.config.fields.of_services
        return {
            "service": refs.service(service.id),
            "custom_fields": custom_fields.values(known, service.field_values),
            "changed_custom_fields": [one.name for one in known if one.id in delivery.field_ids],
            "type": "service_field_values",
        }
    policy = refs.config.policies.get(service.policy_id)
    return {
        **refs.links.keys("service", service.id, service.name, f"services/{service.id}"),
        "alert_creation": stored_wire(service).get("alert_creation", "create_alerts_and_incidents"),
        "teams": [refs.team(team_id) for team_id in (policy.team_ids if policy is not None else ())],
    }


def _cut(text: str, *, trimmed: bool) -> str:
    return text[:TRIMMED_CHARS] if trimmed else text


def _milliseconds(moment: Moment) -> str:
    return to_datetime(moment).isoformat(timespec="milliseconds").replace("+00:00", "Z")
