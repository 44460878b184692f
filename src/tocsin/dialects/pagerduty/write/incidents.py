"""Incidents, alerts, notes as PagerDuty's clients expect them, many at a time: what they refer to is looked up once.

Decides what a client sees of our next step: last-resort calls are escalations to it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tocsin.alerts.model import Alert
from tocsin.dialects.pagerduty.write import custom_fields, people, policies, responders, services
from tocsin.dialects.pagerduty.write.log_ids import log_id
from tocsin.dialects.pagerduty.write.refs import Refs, Wire, instant
from tocsin.directory.model import Urgency
from tocsin.engine.grouping import grouping_ends
from tocsin.engine.support_hours import next_raise
from tocsin.incidents.model import Acknowledgement, Incident, NextStep
from tocsin.incidents.notes import Note
from tocsin.kernel.actor import ActorKind
from tocsin.kernel.time import Moment
from tocsin.runtime.reads import Reads

_PENDING = {
    NextStep.ESCALATE: "escalate",
    NextStep.LAST_RESORT: "escalate",
    NextStep.UNACKNOWLEDGE: "unacknowledge",
}


@dataclass(frozen=True, slots=True)
class Around:
    """What incidents refer to: first entries of their timelines, first alerts, and those that they were merged into."""

    first_entries: Mapping[str, int] = field(default_factory=dict)
    first_alerts: Mapping[str, Alert] = field(default_factory=dict)
    merged_into: Mapping[str, Incident] = field(default_factory=dict)
    now: Moment = 0


def look_around(reads: Reads, found: Sequence[Incident], included: Collection[str], now: Moment) -> Around:
    """Look up what these incidents refer to, each sort at once."""
    ids = [incident.id for incident in found]
    targets = [incident.merged_into for incident in found if incident.merged_into]
    return Around(
        first_entries=reads.first_entries(ids) if ids else {},
        first_alerts=reads.first_alerts(ids) if ids and "body" in included else {},
        merged_into=reads.incidents_by_id(targets) if targets else {},
        now=now,
    )


def incidents(
    found: Sequence[Incident], refs: Refs, reads: Reads, now: Moment, included: Collection[str] = ()
) -> list[Wire]:
    """Several incidents, as of `now`."""
    around = look_around(reads, found, included, now)
    return [incident(one, refs, around, included) for one in found]


def incident(one: Incident, refs: Refs, around: Around, included: Collection[str] = ()) -> Wire:
    """One incident. `included`: services, escalation_policies, teams, assignees, priorities, body ... in full."""
    body: Wire = {
        **refs.incident(one.id, one.number, one.title),
        "type": "incident",
        "incident_number": one.number,
        "title": one.title,
        "description": one.title,
        "created_at": instant(one.created_at),
        "updated_at": instant(one.updated_at),
        "resolved_at": instant(one.resolved_at),
        "status": one.status.value,
        "incident_key": one.incident_key or one.id,
        "urgency": one.urgency.value,
        "assigned_via": one.assigned_via.value,
        "assignments": [
            {"at": instant(assignment.at), "assignee": _person(assignment.user_id, refs, full="assignees" in included)}
            for assignment in one.assignments
        ],
        "acknowledgements": [
            {"at": instant(each.at), "acknowledger": _acknowledger(each, one, refs)} for each in one.acknowledgements
        ],
        "last_status_change_at": instant(one.status_changed_at),
        "last_status_change_by": refs.agent(one.status_changed_by, one.service_id),
        "first_trigger_log_entry": _first_entry(one, refs, around),
        "alert_counts": {
            "all": one.alert_count,
            "triggered": one.open_alert_count,
            "resolved": one.alert_count - one.open_alert_count,
        },
        "is_mergeable": one.is_open,
        "incident_type": {"name": one.type_name or "incident_default"},
        "pending_actions": _pending(one, refs, around.now),
        "alert_grouping": _grouping(one, refs, around.now),
        "resolve_reason": _resolve_reason(one, refs, around),
        "conference_bridge": bridge(one),
        "incidents_responders": responders.responders(one, refs),
        "responder_requests": responders.requests(one, refs),
        "subscriber_requests": [],
    }
    body |= _places(one, refs, included)
    if "custom_fields" in included:
        known = refs.config.fields.of_type(one.type_name)
        body["custom_fields"] = custom_fields.values(known, one.field_values)
    if "body" in included:
        alert = around.first_alerts.get(one.id)
        details: object = one.details or (dict(alert.details) if alert is not None else None)
        body["body"] = {"type": "incident_body", "details": details}
    return body


def _grouping(one: Incident, refs: Refs, now: Moment) -> Wire | None:
    """By what further alerts join it and until when; null if they don't, or if no alert made it."""
    service = refs.config.services.get(one.service_id)
    if service is None or not one.alert_count:
        return None
    if service.group_by is not None and one.group_keys:
        kind = "rules"
    elif service.group_by is None and service.group_seconds is not None:
        kind = "basic"
    else:
        return None
    ends = grouping_ends(service, one) if one.is_open else one.resolved_at
    shown = {"grouping_type": kind, "started_at": instant(one.created_at)}
    is_active = one.is_open and (ends is None or now <= ends)
    return {**shown, **({"ended_at": instant(ends)} if ends is not None else {}), "alert_grouping_active": is_active}


def bridge(one: Incident) -> Wire | None:
    """Where people talk about it."""
    if one.bridge is None:
        return None
    return {"conference_number": one.bridge.number or None, "conference_url": one.bridge.url or None}


def _places(one: Incident, refs: Refs, included: Collection[str]) -> Wire:
    """Service, policy, teams and priority, in full where asked for and still there."""
    config = refs.config
    service = config.services.get(one.service_id) if "services" in included else None
    policy = config.policies.get(one.policy_id) if "escalation_policies" in included else None
    priority = config.priorities.get(one.priority_id or "")
    shown_priority = None
    if one.priority_id is not None:
        full = priority is not None and "priorities" in included
        shown_priority = services.priority(priority, refs) if full and priority else refs.priority(one.priority_id)
    return {
        "service": services.service(service, refs) if service is not None else refs.service(one.service_id),
        "escalation_policy": policies.policy(policy, refs) if policy is not None else refs.policy(one.policy_id),
        "teams": people.teams(one.team_ids, refs, full="teams" in included),
        "priority": shown_priority,
    }


def alert(one: Alert, refs: Refs, incident_of: Mapping[str, Incident]) -> Wire:
    """An alert. One that was kept from paging has no incident."""
    owner = incident_of.get(one.incident_id)
    path = f"incidents/{one.incident_id}/alerts/{one.id}" if one.incident_id else f"alerts/{one.id}"
    reference = None
    if one.incident_id:
        reference = refs.incident(one.incident_id, owner.number if owner else None, owner.title if owner else "")
    return {
        **refs.links.keys("alert", one.id, one.summary, path, f"alerts/{one.id}"),
        "created_at": instant(one.created_at),
        "updated_at": instant(one.last_event_at),
        "resolved_at": instant(one.resolved_at),
        "status": one.status.value,
        "alert_key": one.dedup_key,
        "service": refs.service(one.service_id),
        "incident": reference,
        "integration": refs.integration(one.scope, one.service_id),
        "first_trigger_log_entry": None,
        "suppressed": bool(one.suppressed),
        "severity": one.severity.value if one.severity is not None else None,
        "body": {
            "type": "alert_body",
            "contexts": contexts(one),
            "details": dict(one.details),
            "cef_details": _normalised(one),
        },
    }


def contexts(one: Alert) -> list[Wire]:
    """Links and images of an alert."""
    links = [{"type": "link", "href": link.get("href", ""), "text": link.get("text", "")} for link in one.links]
    images = [{"type": "image", **image} for image in one.images]
    return links + images


def note(one: Note, refs: Refs) -> Wire:
    """What somebody wrote. A key that stands for no person is a bot."""
    actor = one.author
    author: Wire | None = None
    if actor.kind is ActorKind.USER:
        author = refs.user(actor.id)
    elif actor.kind is ActorKind.KEY:
        author = refs.key(actor.id, "bot_user_reference")
    return {
        "id": one.id,
        "user": author,
        "channel": {"summary": f"The {actor.via.value} channel", "type": actor.via.value},
        "content": one.text,
        "created_at": instant(one.created_at),
        "updated_at": instant(one.updated_at),
    }


def _normalised(one: Alert) -> dict[str, Any]:
    return {
        "summary": one.summary,
        "source_origin": one.source,
        "severity": one.severity.value if one.severity is not None else None,
        "source_component": one.component or None,
        "service_group": one.group or None,
        "event_class": one.event_class or None,
        "dedup_key": one.dedup_key,
        "client": one.client or None,
        "client_url": one.client_url or None,
        "contexts": contexts(one),
        "details": dict(one.details),
    }


def _person(user_id: str, refs: Refs, *, full: bool) -> Wire:
    person = refs.config.users.get(user_id) if full else None
    return people.user(person, refs) if person is not None else refs.user(user_id)


def _acknowledger(each: Acknowledgement, one: Incident, refs: Refs) -> Wire:
    """A person, or the service for whatever is none."""
    return refs.user(each.by.id) if each.by.kind is ActorKind.USER else refs.service(one.service_id)


def _first_entry(one: Incident, refs: Refs, around: Around) -> Wire | None:
    seq = around.first_entries.get(one.id)
    if seq is None:
        return None
    entry_id = log_id(seq)
    path = f"log_entries/{entry_id}?incident_id={one.id}"
    keys = refs.links.keys("trigger_log_entry_reference", entry_id, "Triggered", path)
    return {**keys, "html_url": f"{refs.links.site}/incidents/{one.number}"}


def _pending(one: Incident, refs: Refs, now: Moment) -> list[Wire]:
    found: list[Wire] = []
    if one.timer_at is not None and one.next_step is not None:
        found.append({"type": _PENDING[one.next_step], "at": instant(one.timer_at)})
    if one.auto_resolve_at is not None:
        found.append({"type": "resolve", "at": instant(one.auto_resolve_at)})
    service = refs.config.services.get(one.service_id)
    if service is not None and one.is_open and one.urgency is Urgency.LOW:
        raised_at = next_raise(service, now)
        if raised_at is not None:
            found.append({"type": "urgency_change", "to": "high", "at": instant(raised_at)})
    return found


def _resolve_reason(one: Incident, refs: Refs, around: Around) -> Wire | None:
    if not one.merged_into:
        return None
    target = around.merged_into.get(one.merged_into)
    number = target.number if target is not None else None
    reference = refs.incident(one.merged_into, number, target.title if target is not None else "")
    return {"type": "merge_resolve_reason", "incident": reference}
