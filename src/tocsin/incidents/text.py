"""How each fact of the incidents station reads on a timeline, person first. Decides wording only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from tocsin.directory.custom_fields import shown
from tocsin.directory.model import Urgency
from tocsin.incidents.field_messages import FieldRefused, FieldsChanged
from tocsin.incidents.help_messages import (
    NoResponder,
    RequestsCancelled,
    ResponderAdded,
    ResponderReplied,
    RespondersRequested,
)
from tocsin.incidents.messages import (
    AlertJoined,
    AlertLeft,
    AlertTriggered,
    BridgeChanged,
    DetailsChanged,
    ImpactSaid,
    IncidentAcknowledged,
    IncidentMerged,
    IncidentReassigned,
    IncidentReopened,
    IncidentResolved,
    IncidentSnoozed,
    IncidentTriggered,
    IncidentUnacknowledged,
    NoteAdded,
    NoteEdited,
    NoteRemoved,
    PriorityChanged,
    ServiceChanged,
    StatusPublished,
    TitleChanged,
    TypeChanged,
    UrgencyChanged,
)
from tocsin.kernel.actor import Actor, ActorKind
from tocsin.kernel.decision import Fact
from tocsin.kernel.time import SECOND
from tocsin.kernel.wording import Names, door, listed, nphrase, phrase, sentence_case, span_words

Sentence: TypeAlias = Callable[[Actor, Any, Names], str]


def _people(ids: Iterable[str], names: Names) -> str:
    return listed(map(names.person, ids))


def _triggered(actor: Actor, fact: IncidentTriggered, names: Names) -> str:
    who = names.actor(actor)
    if fact.alert_id:
        why = phrase(" (%(reason)s)", reason=phrase(fact.reason)) if fact.reason else ""
        return phrase("%(who)s raised the alarm: %(title)s%(why)s", who=who, title=fact.title, why=why)
    to = phrase(" and gave it to %(people)s", people=_people(fact.assignee_ids, names)) if fact.assignee_ids else ""
    return phrase("%(who)s raised this%(door)s%(to)s: %(title)s", who=who, door=door(actor), to=to, title=fact.title)


def _joined(actor: Actor, fact: AlertJoined, names: Names) -> str:
    return phrase(
        "%(who)s added an alert (%(reason)s): %(summary)s",
        who=names.actor(actor),
        reason=phrase(fact.reason),
        summary=fact.summary,
    )


def _acknowledged(actor: Actor, fact: IncidentAcknowledged, names: Names) -> str:
    until = ""
    if fact.timeout_at:
        until = phrase("; it pages again at %(at)s unless it is resolved", at=names.at(fact.timeout_at))
    return phrase("%(who)s acknowledged%(door)s%(until)s", who=names.actor(actor), door=door(actor), until=until)


def _unacknowledged(actor: Actor, fact: IncidentUnacknowledged, names: Names) -> str:
    if fact.reason == "timeout":
        return phrase("The acknowledgement ran out; it pages again")
    if fact.reason == "snooze ended":
        return phrase("The snooze ended; it pages again")
    if fact.reason != "by hand":
        return phrase("%(reason)s; it pages again", reason=sentence_case(phrase(fact.reason)))
    return phrase("%(who)s gave it back%(door)s; it pages again", who=names.actor(actor), door=door(actor))


def _resolved(actor: Actor, fact: IncidentResolved, names: Names) -> str:
    who = names.actor(actor)
    if fact.merged_into:
        return phrase("%(who)s merged this into %(incident)s", who=who, incident=names.incident(fact.merged_into))
    if fact.reason == "timeout":
        return phrase("Resolved by itself: it was open for longer than its service allows")
    if fact.reason == "all alerts resolved":
        if actor.kind is ActorKind.SYSTEM:
            return phrase("Resolved: every alert is over")
        return phrase("%(who)s reported every alert as over; resolved", who=who)
    return phrase("%(who)s resolved%(door)s", who=who, door=door(actor))


def _reopened(actor: Actor, _fact: IncidentReopened, names: Names) -> str:
    return phrase(
        "%(who)s reopened this%(door)s; it pages from the first level", who=names.actor(actor), door=door(actor)
    )


def _snoozed(actor: Actor, fact: IncidentSnoozed, names: Names) -> str:
    return phrase(
        "%(who)s snoozed this for %(span)s, until %(at)s",
        who=names.actor(actor),
        span=span_words(fact.seconds * SECOND),
        at=names.at(fact.until),
    )


def _reassigned(actor: Actor, fact: IncidentReassigned, names: Names) -> str:
    people = _people(fact.user_ids, names)
    return phrase("%(who)s gave this to %(people)s%(door)s", who=names.actor(actor), people=people, door=door(actor))


def _merged(actor: Actor, fact: IncidentMerged, names: Names) -> str:
    incidents = listed(map(names.incident, fact.source_ids))
    return phrase("%(who)s merged %(incidents)s into this", who=names.actor(actor), incidents=incidents)


def _noted(actor: Actor, fact: NoteAdded, names: Names) -> str:
    return phrase("%(who)s wrote: %(text)s", who=names.actor(actor), text=fact.text)


def _note_edited(actor: Actor, fact: NoteEdited, names: Names) -> str:
    return phrase("%(who)s changed a note: %(text)s", who=names.actor(actor), text=fact.text)


def _note_removed(actor: Actor, _fact: NoteRemoved, names: Names) -> str:
    return phrase("%(who)s removed a note", who=names.actor(actor))


def _details(actor: Actor, _fact: DetailsChanged, names: Names) -> str:
    return phrase("%(who)s described this in other words%(door)s", who=names.actor(actor), door=door(actor))


def _alert_triggered(actor: Actor, fact: AlertTriggered, names: Names) -> str:
    return phrase(
        "%(who)s triggered an alert again%(door)s: %(summary)s",
        who=names.actor(actor),
        door=door(actor),
        summary=fact.summary,
    )


def _alert_left(actor: Actor, fact: AlertLeft, names: Names) -> str:
    return phrase(
        "%(who)s moved an alert to %(incident)s: %(summary)s",
        who=names.actor(actor),
        incident=names.incident(fact.moved_to),
        summary=fact.summary,
    )


def _requested(actor: Actor, fact: RespondersRequested, names: Names) -> str:
    policies = len(fact.policy_ids)
    people = [names.person(user_id) for user_id in fact.user_ids]
    through = [nphrase("%(num)s escalation policy", "%(num)s escalation policies", policies)] if policies else []
    return phrase(
        "%(who)s asked %(people)s to help: %(message)s",
        who=names.actor(actor),
        people=listed([*people, *through]),
        message=fact.message,
    )


def _responder_added(_actor: Actor, fact: ResponderAdded, names: Names) -> str:
    level = phrase(" (level %(level)s)", level=fact.level) if fact.level else ""
    return phrase("%(who)s is asked to help%(level)s", who=names.person(fact.user_id), level=level)


def _no_responder(_actor: Actor, fact: NoResponder, _names: Names) -> str:
    return phrase(
        "Level %(level)s of a policy that was asked to help has nobody to call: %(reason)s",
        level=fact.level,
        reason=phrase(fact.reason),
    )


def _replied(actor: Actor, fact: ResponderReplied, names: Names) -> str:
    who = names.person(fact.user_id)
    if fact.joined:
        return phrase("%(who)s helps%(door)s", who=who, door=door(actor))
    return phrase("%(who)s does not help%(door)s", who=who, door=door(actor))


def _not_needed(actor: Actor, fact: RequestsCancelled, names: Names) -> str:
    whom = phrase(" of %(people)s", people=_people(fact.user_ids, names)) if fact.user_ids else ""
    return phrase("%(who)s does not need the help%(whom)s any more", who=names.actor(actor), whom=whom)


def _status(actor: Actor, fact: StatusPublished, names: Names) -> str:
    return phrase("%(who)s published a status update: %(message)s", who=names.actor(actor), message=fact.message)


def _bridge(actor: Actor, fact: BridgeChanged, names: Names) -> str:
    who = names.actor(actor)
    if not (fact.number or fact.url):
        return phrase("%(who)s removed the conference bridge", who=who)
    where = fact.number or fact.url
    if fact.number and fact.url:
        where = phrase("%(number)s or %(address)s", number=fact.number, address=fact.url)
    return phrase("%(who)s set the conference bridge to %(where)s", who=who, where=where)


def _kind(actor: Actor, fact: TypeChanged, names: Names) -> str:
    name = fact.type_name or phrase("the default one")
    return phrase("%(who)s set the type to %(name)s", who=names.actor(actor), name=name)


def _impact(actor: Actor, fact: ImpactSaid, names: Names) -> str:
    who = names.actor(actor)
    if fact.impacted:
        return phrase("%(who)s said that it reaches %(name)s%(door)s", who=who, name=fact.name, door=door(actor))
    return phrase("%(who)s said that it does not reach %(name)s%(door)s", who=who, name=fact.name, door=door(actor))


def _fields(actor: Actor, fact: FieldsChanged, names: Names) -> str:
    told = [
        phrase("set %(field)s to %(value)s", field=one.display_name, value=shown(one.value))
        if one.value is not None
        else phrase("emptied %(field)s", field=one.display_name)
        for one in fact.changes
    ]
    return phrase("%(who)s %(did)s%(door)s", who=names.actor(actor), did=listed(told), door=door(actor))


def _field_refused(_actor: Actor, fact: FieldRefused, _names: Names) -> str:
    return phrase(
        "A rule could not set the custom field %(field)s to %(value)s: it %(reason)s",
        field=fact.name,
        value=fact.value,
        reason=phrase(fact.reason),
    )


_URGENCIES = {Urgency.HIGH: phrase("high"), Urgency.LOW: phrase("low")}


def _urgency(actor: Actor, fact: UrgencyChanged, names: Names) -> str:
    why = "" if fact.reason == "by hand" else phrase(": %(reason)s", reason=phrase(fact.reason))
    return phrase(
        "%(who)s set the urgency to %(urgency)s%(why)s",
        who=names.actor(actor),
        urgency=_URGENCIES.get(fact.urgency, fact.urgency),
        why=why,
    )


def _priority(actor: Actor, fact: PriorityChanged, names: Names) -> str:
    who = names.actor(actor)
    if fact.priority_id is None:
        return phrase("%(who)s removed the priority", who=who)
    return phrase("%(who)s set the priority to %(priority)s", who=who, priority=names.priority(fact.priority_id))


def _title(actor: Actor, fact: TitleChanged, names: Names) -> str:
    return phrase("%(who)s changed the title. It was: %(was)s", who=names.actor(actor), was=fact.was)


def _service(actor: Actor, fact: ServiceChanged, names: Names) -> str:
    return phrase(
        "%(who)s moved this from %(was)s to %(service)s",
        who=names.actor(actor),
        was=names.service(fact.was),
        service=names.service(fact.service_id),
    )


SENTENCES: Mapping[type[Fact], Sentence] = {
    IncidentTriggered: _triggered,
    AlertJoined: _joined,
    IncidentAcknowledged: _acknowledged,
    IncidentUnacknowledged: _unacknowledged,
    IncidentResolved: _resolved,
    IncidentReopened: _reopened,
    IncidentSnoozed: _snoozed,
    IncidentReassigned: _reassigned,
    IncidentMerged: _merged,
    NoteAdded: _noted,
    NoteEdited: _note_edited,
    NoteRemoved: _note_removed,
    DetailsChanged: _details,
    AlertTriggered: _alert_triggered,
    AlertLeft: _alert_left,
    RespondersRequested: _requested,
    ResponderAdded: _responder_added,
    NoResponder: _no_responder,
    ResponderReplied: _replied,
    RequestsCancelled: _not_needed,
    StatusPublished: _status,
    BridgeChanged: _bridge,
    TypeChanged: _kind,
    ImpactSaid: _impact,
    FieldsChanged: _fields,
    FieldRefused: _field_refused,
    UrgencyChanged: _urgency,
    PriorityChanged: _priority,
    TitleChanged: _title,
    ServiceChanged: _service,
}
"""Every fact of this station."""
