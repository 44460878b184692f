"""Facts as PagerDuty's log entries. Decides which facts are told there and under which type.

The types are the vendor's; what it has no type for stands as an annotation, or is not told at all (`UNTOLD`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from tocsin.alerts import text as alerts_text
from tocsin.alerts.messages import AlertAcknowledged, AlertOpened, AlertResolved, AlertWorsened
from tocsin.deliveries import text as deliveries_text
from tocsin.deliveries.messages import CallEnded, CallMade
from tocsin.dialects.pagerduty.write import people, services
from tocsin.dialects.pagerduty.write.log_ids import log_id
from tocsin.dialects.pagerduty.write.refs import Refs, Wire, instant
from tocsin.directory.model import Channel
from tocsin.escalation import messages as em
from tocsin.escalation import text as escalation_text
from tocsin.incidents import field_messages, help_messages
from tocsin.incidents import messages as im
from tocsin.incidents import text as incidents_text
from tocsin.incidents.model import Incident
from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.kernel.decision import Fact
from tocsin.kernel.time import SECOND, Moment, iso
from tocsin.paging import messages as pm
from tocsin.paging import timeline as paging_text
from tocsin.runtime.reads import TimelineEntry
from tocsin.workflows import messages as wm
from tocsin.workflows import text as workflows_text

TYPES: Mapping[type[Fact], str] = {
    im.IncidentTriggered: "trigger_log_entry",
    im.IncidentReopened: "trigger_log_entry",
    im.AlertJoined: "trigger_log_entry",
    im.IncidentAcknowledged: "acknowledge_log_entry",
    im.IncidentUnacknowledged: "unacknowledge_log_entry",
    im.IncidentResolved: "resolve_log_entry",
    im.IncidentSnoozed: "snooze_log_entry",
    im.IncidentReassigned: "assign_log_entry",
    im.IncidentMerged: "annotate_log_entry",
    im.NoteAdded: "annotate_log_entry",
    im.NoteEdited: "annotate_log_entry",
    im.NoteRemoved: "annotate_log_entry",
    im.DetailsChanged: "field_value_change_log_entry",
    im.AlertTriggered: "annotate_log_entry",
    im.AlertLeft: "annotate_log_entry",
    help_messages.RespondersRequested: "annotate_log_entry",
    im.StatusPublished: "annotate_log_entry",
    im.BridgeChanged: "field_value_change_log_entry",
    im.TypeChanged: "field_value_change_log_entry",
    field_messages.FieldsChanged: "custom_field_value_change_log_entry",
    im.ImpactSaid: "annotate_log_entry",
    field_messages.FieldRefused: "annotate_log_entry",
    help_messages.NoResponder: "annotate_log_entry",
    help_messages.ResponderReplied: "annotate_log_entry",
    help_messages.RequestsCancelled: "annotate_log_entry",
    help_messages.ResponderAdded: "annotate_log_entry",
    im.UrgencyChanged: "urgency_change_log_entry",
    im.PriorityChanged: "field_value_change_log_entry",
    im.TitleChanged: "field_value_change_log_entry",
    im.ServiceChanged: "field_value_change_log_entry",
    em.EscalationRequested: "delegate_log_entry",
    em.LevelReached: "escalate_log_entry",
    em.LastResortReached: "escalate_log_entry",
    em.LevelSkipped: "annotate_log_entry",
    em.PassRepeated: "repeat_escalation_path_log_entry",
    em.PolicyExhausted: "exhaust_escalation_path_log_entry",
    em.NobodyToPage: "annotate_log_entry",
    em.EscalationStopped: "annotate_log_entry",
    wm.WorkflowStarted: "annotate_log_entry",
    wm.StepEnded: "annotate_log_entry",
    wm.WorkflowCompleted: "annotate_log_entry",
    wm.WorkflowHeldBack: "annotate_log_entry",
    CallMade: "annotate_log_entry",
    CallEnded: "annotate_log_entry",
    pm.PageStarted: "notify_log_entry",
    pm.PageAttemptFailed: "notify_log_entry",
}
"""The type of each fact that is told; the first call of a level is an assignment, and sending it on within its policy
an escalation, see `_type`."""

UNTOLD: frozenset[type[Fact]] = frozenset(
    {
        AlertOpened,
        AlertWorsened,
        AlertAcknowledged,
        AlertResolved,
        em.WaitingSkipped,
        em.ClockSetBack,
        pm.PagePlanned,
        pm.PageSent,
        pm.PageDelivered,
        pm.PageBundled,
        pm.PageNotSent,
        pm.PageAnswered,
        pm.PageProven,
    }
)
"""Facts that stand on our own timeline only."""

KINDS = tuple(fact.kind for fact in TYPES)
OVERVIEW = tuple(
    fact.kind
    for fact, name in TYPES.items()
    if name not in ("notify_log_entry", "annotate_log_entry") and not name.endswith("field_value_change_log_entry")
)
"""The kinds that an overview shows."""

NOTIFICATIONS: Mapping[Channel, str] = {
    Channel.SMS: "sms_notification",
    Channel.EMAIL: "email_notification",
    Channel.VOICE: "phone_notification",
    Channel.PUSH: "push_notification",
}

_CHANNELS: Mapping[Via, str] = {
    Via.WEB: "website",
    Via.API: "api",
    Via.EVENT: "api",
    Via.SMS: "sms",
    Via.VOICE: "phone",
    Via.EMAIL: "email",
    Via.WEBHOOK: "api",
    Via.TIMER: "auto",
    Via.CLI: "api",
}
_SENTENCES: Mapping[type[Fact], Callable[[Actor, Any, Any], str]] = {
    **alerts_text.SENTENCES,
    **incidents_text.SENTENCES,
    **escalation_text.SENTENCES,
    **paging_text.SENTENCES,
    **workflows_text.SENTENCES,
    **deliveries_text.SENTENCES,
}


@dataclass(frozen=True, slots=True)
class Names:
    """What sentences call things (`kernel.wording.Names`)."""

    refs: Refs
    incidents: Mapping[str, Incident]

    def actor(self, actor: Actor) -> str:
        """Who did it."""
        config = self.refs.config
        if actor.kind is ActorKind.USER:
            return self.person(actor.id)
        if actor.kind is ActorKind.KEY:
            key = config.api_keys.get(actor.id)
            return key.name if key is not None else "a removed key"
        entrance = config.entrance(actor.id)
        return entrance.name if entrance is not None else "Tocsin"

    def person(self, user_id: str) -> str:
        """A person's name."""
        user = self.refs.config.users.get(user_id)
        return user.name if user is not None else "a removed person"

    def service(self, service_id: str) -> str:
        """A service's name."""
        service = self.refs.config.services.get(service_id)
        return service.name if service is not None else "a removed service"

    def priority(self, priority_id: str) -> str:
        """A priority's name."""
        priority = self.refs.config.priorities.get(priority_id)
        return priority.name if priority is not None else "a removed priority"

    def incident(self, incident_id: str) -> str:
        """An incident's number."""
        incident = self.incidents.get(incident_id)
        return f"#{incident.number}" if incident is not None else "another incident"

    def at(self, moment: Moment) -> str:
        """A moment in UTC: the reader's clock is not known."""
        return iso(moment)


def mentioned(entries: Collection[TimelineEntry]) -> set[str]:
    """The incidents whose numbers the entries' sentences need."""
    found = {entry.incident_id for entry in entries}
    for entry in entries:
        if isinstance(entry.fact, im.IncidentMerged):
            found.update(entry.fact.source_ids)
        if isinstance(entry.fact, im.IncidentResolved) and entry.fact.merged_into:
            found.add(entry.fact.merged_into)
        if isinstance(entry.fact, im.AlertLeft):
            found.add(entry.fact.moved_to)
    return found


def log_entry(
    entry: TimelineEntry, refs: Refs, incidents: Mapping[str, Incident], included: Collection[str] = ()
) -> Wire:
    """One entry. `incidents` holds those that `mentioned` named."""
    incident = incidents.get(entry.incident_id)
    entry_id = log_id(entry.seq)
    summary = _SENTENCES[type(entry.fact)](entry.actor, entry.fact, Names(refs, incidents))
    service_id = incident.service_id if incident is not None else ""
    number = incident.number if incident is not None else None
    reference = refs.incident(entry.incident_id, number, incident.title if incident is not None else "")
    path = f"log_entries/{entry_id}?incident_id={entry.incident_id}"
    body = {
        **refs.links.keys(_type(entry.fact), entry_id, summary, path),
        "html_url": reference["html_url"],
        "created_at": instant(entry.at),
        "agent": refs.agent(entry.actor, service_id),
        "channel": _channel(entry, summary, incident),
        "note": None,
        "contexts": [],
        "incident": reference,
        "event_details": {},
    }
    body |= _owners(incident, service_id, refs, included)
    return body | _extra(entry, refs)


def _owners(incident: Incident | None, service_id: str, refs: Refs, included: Collection[str]) -> Wire:
    config = refs.config
    service = config.services.get(service_id) if "services" in included else None
    team_ids = incident.team_ids if incident is not None else ()
    return {
        "service": services.service(service, refs) if service is not None else refs.service(service_id),
        "teams": people.teams(team_ids, refs, full="teams" in included),
    }


def _type(fact: Fact) -> str:
    if isinstance(fact, em.LevelReached) and (fact.resumed or (fact.level <= 1 and fact.pass_number <= 1)):
        return "assign_log_entry"
    if isinstance(fact, em.EscalationRequested) and not fact.policy_id:
        return "escalate_log_entry"
    return TYPES[type(fact)]


def _channel(entry: TimelineEntry, summary: str, incident: Incident | None) -> Wire:
    fact, kind = entry.fact, _CHANNELS[entry.actor.via]
    if isinstance(fact, im.NoteAdded | im.NoteEdited):
        return {"type": "note", "summary": fact.text}
    if isinstance(fact, im.IncidentSnoozed):
        return {"type": kind, "summary": summary, "duration": fact.seconds}
    if isinstance(fact, im.IncidentTriggered):
        details = {"details": incident.details} if incident is not None and incident.details else {}
        return {"type": kind, "summary": fact.title, "subject": fact.title, "description": fact.title, **details}
    if isinstance(fact, im.IncidentUnacknowledged | im.IncidentResolved) and fact.reason == "timeout":
        return {"type": "timeout", "summary": summary}
    if isinstance(fact, pm.PageStarted | pm.PageAttemptFailed):
        status = "in_progress" if isinstance(fact, pm.PageStarted) else "failed"
        notification = {"type": NOTIFICATIONS.get(fact.channel, f"{fact.channel}_notification"), "status": status}
        if isinstance(fact, pm.PageStarted):
            notification["address"] = fact.address
        return {"type": "auto", "summary": summary, "notification": notification}
    changed = _changed_field(fact)
    if changed is not None:
        return {"type": kind, "summary": summary, "changeset": {"application_fields": [changed]}}
    return {"type": kind, "summary": summary}


def _changed_field(fact: Fact) -> Wire | None:
    if isinstance(fact, im.BridgeChanged):
        where = fact.url or fact.number or None
        return {"name": "conference_bridge", "value": where, "old_value": None, "namespace": "incidents"}
    if isinstance(fact, im.TypeChanged):
        return {"name": "incident_type", "value": fact.type_name, "old_value": fact.was, "namespace": "incidents"}
    if isinstance(fact, im.DetailsChanged):
        return {"name": "body", "value": fact.details, "old_value": None, "namespace": "incidents"}
    if isinstance(fact, im.TitleChanged):
        return {"name": "title", "value": fact.title, "old_value": fact.was, "namespace": "incidents"}
    if isinstance(fact, im.ServiceChanged):
        return {"name": "service", "value": fact.service_id, "old_value": fact.was, "namespace": "incidents"}
    if isinstance(fact, im.PriorityChanged):
        return {"name": "priority", "value": fact.priority_id, "old_value": None, "namespace": "incidents"}
    return None


def _extra(entry: TimelineEntry, refs: Refs) -> Wire:
    """What only some types have."""
    fact = entry.fact
    if isinstance(fact, im.IncidentTriggered):
        return {"event_details": {"description": fact.title}}
    if isinstance(fact, im.AlertJoined):
        return {"event_details": {"description": fact.summary}}
    if isinstance(fact, im.IncidentAcknowledged):
        left = fact.timeout_at - entry.at if fact.timeout_at is not None else None
        return {"acknowledgement_timeout": left // SECOND if left is not None else None}
    if isinstance(fact, im.IncidentSnoozed):
        return {"changed_actions": [{"type": "unacknowledge", "at": instant(fact.until)}]}
    if isinstance(fact, em.EscalationRequested):
        return {"assignees": []}  # whom that calls stands in the entry that follows
    if isinstance(fact, im.IncidentReassigned | em.LevelReached | em.LastResortReached):
        return {"assignees": [refs.user(user_id) for user_id in fact.user_ids]}
    if isinstance(fact, pm.PageStarted | pm.PageAttemptFailed):
        return {"user": refs.user(fact.user_id)}
    if isinstance(fact, im.NoteAdded | im.NoteEdited):
        return {"note": fact.text}
    if isinstance(fact, field_messages.FieldsChanged):
        return {"changeset": [_updated(one) for one in fact.changes]}
    return {}


def _updated(one: field_messages.FieldChange) -> str:
    """As the published description's examples have it: `Updated room to ["Queen West"]`."""
    value = one.value if isinstance(one.value, str) else msgspec.json.encode(one.value).decode()
    return f"Updated {one.name} to {value}"
