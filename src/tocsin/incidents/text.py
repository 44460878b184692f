"""How each fact of the incidents station reads on a timeline, person first. Decides wording only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from tocsin.directory.custom_fields import shown
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
from tocsin.kernel.wording import Names, door, listed, sentence_case, span_words

Sentence: TypeAlias = Callable[[Actor, Any, Names], str]


def _triggered(actor: Actor, fact: IncidentTriggered, names: Names) -> str:
    who = names.actor(actor)
    if fact.alert_id:
        return f"{who} raised the alarm: {fact.title}" + (f" ({fact.reason})" if fact.reason else "")
    to = f" and gave it to {listed(map(names.person, fact.assignee_ids))}" if fact.assignee_ids else ""
    return f"{who} raised this{door(actor)}{to}: {fact.title}"


def _joined(actor: Actor, fact: AlertJoined, names: Names) -> str:
    return f"{names.actor(actor)} added an alert ({fact.reason}): {fact.summary}"


def _acknowledged(actor: Actor, fact: IncidentAcknowledged, names: Names) -> str:
    until = f"; it pages again at {names.at(fact.timeout_at)} unless it is resolved" if fact.timeout_at else ""
    return f"{names.actor(actor)} acknowledged{door(actor)}{until}"


def _unacknowledged(actor: Actor, fact: IncidentUnacknowledged, names: Names) -> str:
    if fact.reason == "timeout":
        return "The acknowledgement ran out; it pages again"
    if fact.reason == "snooze ended":
        return "The snooze ended; it pages again"
    if fact.reason != "by hand":
        return f"{sentence_case(fact.reason)}; it pages again"
    return f"{names.actor(actor)} gave it back{door(actor)}; it pages again"


def _resolved(actor: Actor, fact: IncidentResolved, names: Names) -> str:
    who = names.actor(actor)
    if fact.merged_into:
        return f"{who} merged this into {names.incident(fact.merged_into)}"
    if fact.reason == "timeout":
        return "Resolved by itself: it was open for longer than its service allows"
    if fact.reason == "all alerts resolved":
        if actor.kind is ActorKind.SYSTEM:
            return "Resolved: every alert is over"
        return f"{who} reported every alert as over; resolved"
    return f"{who} resolved{door(actor)}"


def _reopened(actor: Actor, _fact: IncidentReopened, names: Names) -> str:
    return f"{names.actor(actor)} reopened this{door(actor)}; it pages from the first level"


def _snoozed(actor: Actor, fact: IncidentSnoozed, names: Names) -> str:
    return f"{names.actor(actor)} snoozed this for {span_words(fact.seconds * SECOND)}, until {names.at(fact.until)}"


def _reassigned(actor: Actor, fact: IncidentReassigned, names: Names) -> str:
    return f"{names.actor(actor)} gave this to {listed(map(names.person, fact.user_ids))}{door(actor)}"


def _merged(actor: Actor, fact: IncidentMerged, names: Names) -> str:
    return f"{names.actor(actor)} merged {listed(map(names.incident, fact.source_ids))} into this"


def _noted(actor: Actor, fact: NoteAdded, names: Names) -> str:
    return f"{names.actor(actor)} wrote: {fact.text}"


def _note_edited(actor: Actor, fact: NoteEdited, names: Names) -> str:
    return f"{names.actor(actor)} changed a note: {fact.text}"


def _note_removed(actor: Actor, _fact: NoteRemoved, names: Names) -> str:
    return f"{names.actor(actor)} removed a note"


def _details(actor: Actor, _fact: DetailsChanged, names: Names) -> str:
    return f"{names.actor(actor)} described this in other words{door(actor)}"


def _alert_triggered(actor: Actor, fact: AlertTriggered, names: Names) -> str:
    return f"{names.actor(actor)} triggered an alert again{door(actor)}: {fact.summary}"


def _alert_left(actor: Actor, fact: AlertLeft, names: Names) -> str:
    return f"{names.actor(actor)} moved an alert to {names.incident(fact.moved_to)}: {fact.summary}"


def _requested(actor: Actor, fact: RespondersRequested, names: Names) -> str:
    policies = len(fact.policy_ids)
    people = [names.person(user_id) for user_id in fact.user_ids]
    through = [f"{policies} escalation {'policy' if policies == 1 else 'policies'}"] if policies else []
    return f"{names.actor(actor)} asked {listed([*people, *through])} to help: {fact.message}"


def _responder_added(_actor: Actor, fact: ResponderAdded, names: Names) -> str:
    return f"{names.person(fact.user_id)} is asked to help" + (f" (level {fact.level})" if fact.level else "")


def _no_responder(_actor: Actor, fact: NoResponder, _names: Names) -> str:
    return f"Level {fact.level} of a policy that was asked to help has nobody to call: {fact.reason}"


def _replied(actor: Actor, fact: ResponderReplied, names: Names) -> str:
    return f"{names.person(fact.user_id)} {'helps' if fact.joined else 'does not help'}{door(actor)}"


def _not_needed(actor: Actor, fact: RequestsCancelled, names: Names) -> str:
    whom = f" of {listed(map(names.person, fact.user_ids))}" if fact.user_ids else ""
    return f"{names.actor(actor)} does not need the help{whom} any more"


def _status(actor: Actor, fact: StatusPublished, names: Names) -> str:
    return f"{names.actor(actor)} published a status update: {fact.message}"


def _bridge(actor: Actor, fact: BridgeChanged, names: Names) -> str:
    where = " or ".join(filter(None, (fact.number, fact.url)))
    if not where:
        return f"{names.actor(actor)} removed the conference bridge"
    return f"{names.actor(actor)} set the conference bridge to {where}"


def _kind(actor: Actor, fact: TypeChanged, names: Names) -> str:
    return f"{names.actor(actor)} set the type to {fact.type_name or 'the default one'}"


def _impact(actor: Actor, fact: ImpactSaid, names: Names) -> str:
    return (
        f"{names.actor(actor)} said that it {'reaches' if fact.impacted else 'does not reach'} {fact.name}{door(actor)}"
    )


def _fields(actor: Actor, fact: FieldsChanged, names: Names) -> str:
    told = [
        f"set {one.display_name} to {shown(one.value)}" if one.value is not None else f"emptied {one.display_name}"
        for one in fact.changes
    ]
    return f"{names.actor(actor)} {listed(told)}{door(actor)}"


def _field_refused(_actor: Actor, fact: FieldRefused, _names: Names) -> str:
    return f"A rule could not set the custom field {fact.name} to {fact.value}: it {fact.reason}"


def _urgency(actor: Actor, fact: UrgencyChanged, names: Names) -> str:
    why = "" if fact.reason == "by hand" else f": {fact.reason}"
    return f"{names.actor(actor)} set the urgency to {fact.urgency}{why}"


def _priority(actor: Actor, fact: PriorityChanged, names: Names) -> str:
    if fact.priority_id is None:
        return f"{names.actor(actor)} removed the priority"
    return f"{names.actor(actor)} set the priority to {names.priority(fact.priority_id)}"


def _title(actor: Actor, fact: TitleChanged, names: Names) -> str:
    return f"{names.actor(actor)} changed the title. It was: {fact.was}"


def _service(actor: Actor, fact: ServiceChanged, names: Names) -> str:
    return f"{names.actor(actor)} moved this from {names.service(fact.was)} to {names.service(fact.service_id)}"


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
