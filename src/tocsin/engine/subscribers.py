"""Who outside hears of what happened: which facts and changes are events, and which subscriptions want them.

Decides deliveries, never their wording. A step is told as it ended: an incident that was opened has its people already.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from tocsin.deliveries.decide import queued
from tocsin.deliveries.model import Delivery, DeliveryState, Mention
from tocsin.directory.model import Service
from tocsin.directory.subscriptions import FilterKind, WebhookSubscription
from tocsin.engine.world import Recorded, Step, ThingChange, World
from tocsin.escalation.messages import EscalationRequested, LastResortReached, LevelReached
from tocsin.incidents.field_messages import FieldsChanged
from tocsin.incidents.help_messages import ResponderAdded, ResponderReplied
from tocsin.incidents.messages import (
    BridgeChanged,
    IncidentAcknowledged,
    IncidentReassigned,
    IncidentReopened,
    IncidentResolved,
    IncidentSnoozed,
    IncidentTriggered,
    IncidentUnacknowledged,
    NoteAdded,
    PriorityChanged,
    ServiceChanged,
    StatusPublished,
    TypeChanged,
    UrgencyChanged,
)
from tocsin.incidents.model import Incident
from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import Fact
from tocsin.kernel.time import Moment
from tocsin.kernel.values import replace
from tocsin.workflows.messages import WorkflowCompleted, WorkflowStarted

EVENT_OF: Mapping[type[Fact], str] = {
    IncidentTriggered: "incident.triggered",
    IncidentAcknowledged: "incident.acknowledged",
    IncidentSnoozed: "incident.acknowledged",
    IncidentUnacknowledged: "incident.unacknowledged",
    IncidentReassigned: "incident.reassigned",
    LevelReached: "incident.escalated",
    LastResortReached: "incident.escalated",
    EscalationRequested: "incident.delegated",
    IncidentResolved: "incident.resolved",
    IncidentReopened: "incident.reopened",
    PriorityChanged: "incident.priority_updated",
    ServiceChanged: "incident.service_updated",
    NoteAdded: "incident.annotated",
    StatusPublished: "incident.status_update_published",
    BridgeChanged: "incident.conference_bridge.updated",
    TypeChanged: "incident.incident_type.changed",
    FieldsChanged: "incident.custom_field_values.updated",
    ResponderAdded: "incident.responder.added",
    ResponderReplied: "incident.responder.replied",
    WorkflowStarted: "incident.workflow.started",
    WorkflowCompleted: "incident.workflow.completed",
}
"""The event that a fact is, by the name that subscriptions ask for. Facts that are not here are nobody's outside."""

_CALLS = (LevelReached, LastResortReached)

_OPENING = (IncidentTriggered, IncidentReopened, IncidentUnacknowledged, UrgencyChanged)
"""Whoever is called in the same step is called because of this, and not because nobody answered."""


@dataclass(frozen=True, slots=True)
class _News:
    """An event, and whom it concerns: the services and teams whose subscriptions hear of it."""

    told: Delivery
    service_ids: tuple[str, ...]
    team_ids: tuple[str, ...]


def deliveries_of(world: World, actor: Actor, step: Step, now: Moment) -> Iterator[Delivery]:
    """A delivery for every event of a step and every subscription that wants it, in order.

    Each is to be put into the world's state before the next one is asked for: it may have to wait behind it.
    """
    listeners = world.config.listeners
    for recorded in step.facts:
        event = _event(recorded.fact, step.facts, now, world)
        wanting = listeners.get(event, ())
        if wanting:
            news = _of_incident(world, recorded, event, now)
            yield from _for_each(world, news, wanting, now) if news is not None else ()
    for change in step.changes:
        if change.kind == "service":
            for news in _of_service(world, actor, change, now):
                yield from _for_each(world, news, listeners.get(news.told.event, ()), now)


def _event(fact: Fact, facts: Collection[Recorded], now: Moment, world: World) -> str:
    event = EVENT_OF.get(type(fact), "")
    if not event:
        return ""
    if isinstance(fact, EscalationRequested):
        return event if fact.policy_id else ""
    if isinstance(fact, _CALLS):
        return event if _is_escalation(fact, facts) else ""
    if isinstance(fact, IncidentSnoozed):
        incident = world.state.incident(fact.incident_id)
        return event if incident is not None and incident.status_changed_at == now else ""
    return event


def _is_escalation(fact: Fact, facts: Collection[Recorded]) -> bool:
    """Whether somebody is called because those before did not answer, or because a person sent it on."""
    if isinstance(fact, LevelReached) and fact.resumed:
        return False
    same = [one.fact for one in facts if one.fact.incident_id == fact.incident_id]
    delegated = any(isinstance(one, EscalationRequested) and one.policy_id for one in same)
    return not delegated and not any(isinstance(one, _OPENING) for one in same)


def _of_incident(world: World, recorded: Recorded, event: str, now: Moment) -> _News | None:
    fact = recorded.fact
    incident = world.state.incident(fact.incident_id)
    if incident is None:
        return None
    told = replace(
        _told(world, incident.id, event, recorded.actor, now),
        incident=replace(incident, details="", requests=(), responders=()),
    )
    services: tuple[str, ...] = (incident.service_id,)
    if isinstance(fact, NoteAdded):
        told = replace(told, note_id=fact.note_id, note=fact.text)
    if isinstance(fact, StatusPublished):
        told = replace(told, note_id=fact.update_id, note=fact.message)
    if isinstance(fact, ResponderAdded | ResponderReplied):
        told = replace(told, note=fact.message, responder=incident.responder(fact.user_id))
    if isinstance(fact, FieldsChanged):
        told = replace(told, field_ids=tuple(one.field_id for one in fact.changes))
    if isinstance(fact, WorkflowStarted | WorkflowCompleted):
        told = replace(told, note_id=fact.run_id, mention=Mention(id=fact.workflow_id, number=0, title=fact.name))
    if isinstance(fact, ServiceChanged):
        services = (fact.service_id, fact.was)  # who follows the old service would wait for its end for ever
    if incident.merged_into and told.mention is None:
        told = replace(told, mention=_mention(world.state.incident(incident.merged_into)))
    return _News(told, services, incident.team_ids)


def _of_service(world: World, actor: Actor, change: ThingChange, now: Moment) -> Iterator[_News]:
    """That it changed; of values of custom fields also which."""
    service = change.after or change.before
    assert isinstance(service, Service)
    word = "created" if change.before is None else "deleted" if change.after is None else "updated"
    told = replace(_told(world, service.id, f"service.{word}", actor, now), service=service)
    policy = world.config.policies.get(service.policy_id)
    team_ids = policy.team_ids if policy else ()
    yield _News(told, (service.id,), team_ids)
    before = change.before.field_values if isinstance(change.before, Service) else {}
    changed = [one for one in {**before, **service.field_values} if before.get(one) != service.field_values.get(one)]
    if changed and change.after is not None:
        values = _told(world, service.id, "service.custom_field_values.updated", actor, now)
        yield _News(replace(values, service=service, field_ids=tuple(changed)), (service.id,), team_ids)


def _told(world: World, resource_id: str, event: str, actor: Actor, now: Moment) -> Delivery:
    return Delivery(
        id="",
        number=0,
        subscription_id="",
        resource_id=resource_id,
        event=event,
        event_id=world.ids.long(),
        at=now,
        actor=actor,
        state=DeliveryState.WAITING,
        queued_at=now,
    )


def _mention(incident: Incident | None) -> Mention | None:
    return Mention(id=incident.id, number=incident.number, title=incident.title) if incident is not None else None


def _for_each(world: World, news: _News, wanting: Collection[WebhookSubscription], now: Moment) -> Iterator[Delivery]:
    for one in wanting:
        if one.is_on(now) and _lets_through(one, news):
            yield enqueued(world, news.told, now, subscription_id=one.id, id=world.ids.long())


def _lets_through(one: WebhookSubscription, news: _News) -> bool:
    if one.filter_kind is FilterKind.SERVICE:
        return one.filter_id in news.service_ids
    if one.filter_kind is FilterKind.TEAM:
        return one.filter_id in news.team_ids
    return True


def enqueued(world: World, delivery: Delivery, now: Moment, *, subscription_id: str, id: str) -> Delivery:
    """The delivery for this subscription and under this id, with a place behind all that waits in its queue."""
    first = world.state.first_queued(subscription_id, delivery.resource_id, after=0)
    number = world.state.next_delivery_number()
    return queued(delivery, id, subscription_id, number, is_first=first is None, now=now)
