"""Whether an actor may give a command: for each command the verb it needs and the teams that own what it touches.

The one rule is `directory.permissions.may`; this table says what to ask it. A command that is not listed may be given
by Tocsin itself only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from tocsin.alerts.messages import ResolveAlert
from tocsin.deliveries.messages import MakeCall, Redeliver, SendPing
from tocsin.directory.permissions import Verb, may
from tocsin.engine.on_cache import variable_of
from tocsin.engine.on_cover import request_of
from tocsin.engine.on_deliveries import delivery_of, subscription_of
from tocsin.engine.on_incidents import incident_of
from tocsin.engine.on_notes import alert_of, note_of
from tocsin.engine.thing_owners import needs_to_touch
from tocsin.engine.world import World
from tocsin.escalation.messages import EscalateNow
from tocsin.events.messages import WriteCache
from tocsin.incidents.field_messages import SetFields
from tocsin.incidents.help_messages import AnswerRequest, CancelRequests, RequestResponders
from tocsin.incidents.messages import (
    Acknowledge,
    AddNote,
    CreateIncident,
    EditNote,
    Merge,
    MoveAlert,
    MoveToService,
    PublishStatus,
    Reassign,
    RemoveNote,
    Reopen,
    Resolve,
    SayImpact,
    SetBridge,
    SetDetails,
    SetPriority,
    SetTitle,
    SetType,
    SetUrgency,
    Snooze,
    SplitAlert,
    TriggerAlert,
    Unacknowledge,
)
from tocsin.kernel.actor import Actor, ActorKind
from tocsin.kernel.decision import Command
from tocsin.kernel.errors import Invalid, NotAllowed
from tocsin.kernel.wording import phrase
from tocsin.oncall.messages import AnswerCover
from tocsin.paging.messages import SendTestPage
from tocsin.workflows.messages import StartWorkflow

Need: TypeAlias = tuple[Verb, tuple[str, ...], bool]
"""A verb, the teams that own the thing, and whether the thing is the actor's own (then the verb needs no more)."""

_TRUSTED = (ActorKind.SYSTEM, ActorKind.INTEGRATION)


_VERBS: Mapping[Verb, str] = {
    Verb.READ: phrase("read"),
    Verb.RESPOND: phrase("respond"),
    Verb.COVER: phrase("cover"),
    Verb.EDIT: phrase("edit"),
    Verb.STAFF: phrase("staff"),
    Verb.ADMINISTER: phrase("administer"),
    Verb.OWN: phrase("own"),
}
"""What somebody may not do, as the refusal says it."""


def _incident(world: World, actor: Actor, command: Any) -> Iterable[Need]:
    incident = incident_of(world, command.incident_id)
    yield Verb.RESPOND, incident.team_ids, actor.kind is ActorKind.USER and actor.id in incident.assignee_ids


def _asked(world: World, actor: Actor, command: AnswerRequest) -> Iterable[Need]:
    """Only whoever was asked can answer, whatever else they may do."""
    asked = incident_of(world, command.incident_id).responder(actor.id) if actor.kind is ActorKind.USER else None
    if asked is None:
        raise NotAllowed("You were not asked to help with this incident.")
    return ()


def _note(world: World, actor: Actor, command: Any) -> Iterable[Need]:
    """A note is its author's; of others, for those who manage."""
    yield from _incident(world, actor, command)
    note = note_of(world, command.incident_id, command.note_id)
    mine = (note.author.kind, note.author.id) == (actor.kind, actor.id)
    yield Verb.EDIT, incident_of(world, command.incident_id).team_ids, mine


def _merge(world: World, actor: Actor, command: Merge) -> Iterable[Need]:
    yield from _incident(world, actor, command)
    for source_id in command.source_ids:
        source = incident_of(world, source_id)
        yield Verb.RESPOND, source.team_ids, actor.kind is ActorKind.USER and actor.id in source.assignee_ids


def _move(world: World, actor: Actor, command: MoveToService) -> Iterable[Need]:
    yield from _incident(world, actor, command)
    yield Verb.RESPOND, world.config.team_ids_of_service(command.service_id), False


def _create(world: World, _actor: Actor, command: CreateIncident) -> Iterable[Need]:
    if command.service_id not in world.config.services:
        raise Invalid("Service not found.", details=("Service not found",), reason="service_missing")
    yield Verb.RESPOND, world.config.team_ids_of_service(command.service_id), False


def _move_alert(world: World, actor: Actor, command: MoveAlert) -> Iterable[Need]:
    yield from _incident(world, actor, command)
    yield from _alert(world, actor, command)


def _alert(world: World, actor: Actor, command: ResolveAlert | TriggerAlert | MoveAlert | SplitAlert) -> Iterable[Need]:
    """An alert belongs to its incident's teams; one that made no incident to its service's."""
    alert = alert_of(world, command.alert_id)
    incident = world.state.incident(alert.incident_id) if alert.incident_id else None
    if incident is None:
        yield Verb.RESPOND, world.config.team_ids_of_service(alert.service_id), False
    else:
        yield Verb.RESPOND, incident.team_ids, actor.kind is ActorKind.USER and actor.id in incident.assignee_ids


def _split(world: World, actor: Actor, command: SplitAlert) -> Iterable[Need]:
    """As to raise an incident on its service."""
    yield from _alert(world, actor, command)
    yield Verb.RESPOND, world.config.team_ids_of_service(alert_of(world, command.alert_id).service_id), False


def _test_page(world: World, actor: Actor, command: SendTestPage) -> Iterable[Need]:
    contact = world.config.contact_methods.get(command.contact_id)
    yield Verb.ADMINISTER, (), contact is not None and contact.user_id == actor.id


def _ping(world: World, actor: Actor, command: SendPing) -> Iterable[Need]:
    """Whoever may change a subscription may have it try itself."""
    one = subscription_of(world, command.subscription_id)
    return needs_to_touch(world.config, actor, one)


def _cache(world: World, actor: Actor, command: WriteCache) -> Iterable[Need]:
    return needs_to_touch(world.config, actor, variable_of(world, command.variable_id))


def _redeliver(world: World, actor: Actor, command: Redeliver) -> Iterable[Need]:
    one = subscription_of(world, delivery_of(world, command.delivery_id).subscription_id)
    return needs_to_touch(world.config, actor, one)


def _cover(world: World, actor: Actor, command: AnswerCover) -> Iterable[Need]:
    """Whoever was asked answers (whether they were is judged there); who manages each schedule may for others."""
    request = request_of(world, command.request_id)
    own = actor.kind is ActorKind.USER and command.for_id in ("", actor.id)
    for one in request.schedule_ids:
        schedule = world.config.schedules.get(one)
        yield Verb.EDIT, schedule.team_ids if schedule else (), own


def _start(world: World, actor: Actor, command: StartWorkflow) -> Iterable[Need]:
    """Who may respond to the incident may have a workflow run on it that they know; its triggers may ask for more."""
    yield from _incident(world, actor, command)
    workflow = world.config.workflows.workflows.get(command.workflow_id)
    yield Verb.READ, workflow.team_ids if workflow is not None else (), False


NEEDS: Mapping[type[Command], Callable[[World, Actor, Any], Iterable[Need]]] = {
    Acknowledge: _incident,
    Unacknowledge: _incident,
    Resolve: _incident,
    Reopen: _incident,
    Snooze: _incident,
    Reassign: _incident,
    AddNote: _incident,
    EditNote: _note,
    RequestResponders: _incident,
    CancelRequests: _incident,
    AnswerRequest: _asked,
    RemoveNote: _note,
    SetDetails: _incident,
    PublishStatus: _incident,
    SetBridge: _incident,
    SetType: _incident,
    SayImpact: _incident,
    SetFields: _incident,
    TriggerAlert: _alert,
    MoveAlert: _move_alert,
    SplitAlert: _split,
    SetUrgency: _incident,
    SetPriority: _incident,
    SetTitle: _incident,
    EscalateNow: _incident,
    Merge: _merge,
    MoveToService: _move,
    CreateIncident: _create,
    ResolveAlert: _alert,
    SendTestPage: _test_page,
    WriteCache: _cache,
    SendPing: _ping,
    Redeliver: _redeliver,
    MakeCall: _incident,
    StartWorkflow: _start,
    AnswerCover: _cover,
}
"""What each command of people and programs needs. Changes of configuration are judged in `things`."""


def authorise(world: World, actor: Actor, command: Command) -> None:
    """Raise NotAllowed unless the actor may give this command."""
    if actor.kind in _TRUSTED:
        return
    needs = NEEDS.get(type(command))
    if needs is None:
        raise NotAllowed(phrase("%(kind)s is not for people or programs to give.", kind=command.kind))
    for verb, team_ids, own in needs(world, actor, command):
        if not own:
            require(world, actor, verb, team_ids)


def require(world: World, actor: Actor, verb: Verb, team_ids: Iterable[str]) -> None:
    """Raise NotAllowed unless the actor may do `verb` to things of these teams."""
    if actor.kind in _TRUSTED:
        return
    standing = world.config.standing(actor)
    if standing is None or not may(standing, verb, team_ids):
        raise NotAllowed(phrase("You may not %(verb)s here.", verb=_VERBS[verb]), reason=verb)
