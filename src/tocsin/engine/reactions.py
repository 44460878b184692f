"""The map of the product: which fact leads to which commands.

    AlertOpened            -> incidents.ConsiderAlert, or deliveries.SendCalls for one that is held back
    AlertAcknowledged      -> incidents.Acknowledge (by the monitor)
    AlertWorsened          -> incidents.SetUrgency (severity-based services)
    AlertJoined            -> incidents.SetUrgency (a worse alert joins a quiet incident)
    AlertResolved          -> incidents.CountAlert
    IncidentTriggered      -> escalation.StartEscalation, or paging.PagePeople when reachable people were named
    IncidentAcknowledged   -> paging.CancelPages
    IncidentSnoozed        -> paging.CancelPages
    IncidentUnacknowledged -> escalation.ResumeEscalation
    IncidentReopened       -> escalation.StartEscalation
    IncidentReassigned     -> paging.CancelPages, paging.PagePeople
    IncidentResolved       -> paging.CancelPages, alerts.ResolveAlert (each open one)
    IncidentMerged         -> incidents.SetUrgency (a loud incident came into a quiet one)
    UrgencyChanged         -> escalation.ResumeEscalation, or StopEscalation, CancelPages, PagePeople by the low rules;
                              paging.PagePeople (news, to who has it) when the system raised an acknowledged one
    EscalationRequested    -> paging.CancelPages
    LevelReached           -> paging.CancelPages (the level before), paging.PagePeople
    LastResortReached      -> paging.CancelPages, paging.PagePeople
    PageNotSent            -> escalation.StartEscalation, when it was the last way to reach those named by hand
    PageAnswered           -> incidents.Acknowledge, Resolve, AnswerRequest or escalation.EscalateNow (by the person)
    ResponderAdded         -> paging.PagePeople (to help)
    ResponderReplied       -> paging.CancelPages (what asked them)
    RequestsCancelled      -> paging.CancelPages (what asked them)
    StatusPublished        -> paging.TellNews (to whoever subscribed)

A reaction runs in the same transaction as its cause. Each is a pure function from the fact to commands with actors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from tocsin.alerts.messages import AlertAcknowledged, AlertOpened, AlertResolved, AlertWorsened, ResolveAlert
from tocsin.deliveries.messages import SendCalls
from tocsin.directory.model import Urgency
from tocsin.engine.on_calls import SUPPRESSED, SUSPENDED, wanted
from tocsin.engine.on_incidents import urgency_for
from tocsin.engine.on_paging import follow_up
from tocsin.engine.people import can_be_reached, waits_in_vain
from tocsin.engine.world import World
from tocsin.escalation.messages import (
    EscalationRequested,
    LastResortReached,
    LevelReached,
    ResumeEscalation,
    StartEscalation,
    StopEscalation,
)
from tocsin.incidents.help_messages import RequestsCancelled, ResponderAdded, ResponderReplied
from tocsin.incidents.messages import (
    Acknowledge,
    AlertJoined,
    ConsiderAlert,
    CountAlert,
    IncidentAcknowledged,
    IncidentMerged,
    IncidentReassigned,
    IncidentReopened,
    IncidentResolved,
    IncidentSnoozed,
    IncidentTriggered,
    IncidentUnacknowledged,
    SetUrgency,
    StatusPublished,
    Unacknowledge,
    UrgencyChanged,
)
from tocsin.incidents.model import Status
from tocsin.kernel.actor import SYSTEM, Actor, ActorKind, Via
from tocsin.kernel.decision import Command, Fact
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import stored
from tocsin.paging.messages import CancelPages, PageAnswered, PageNotSent, PagePeople, TellNews

Order: TypeAlias = tuple[Actor, Command]
Reaction: TypeAlias = Callable[[World, Actor, Any, Moment], Iterable[Order]]


def _consider(world: World, actor: Actor, fact: AlertOpened, _now: Moment) -> Iterable[Order]:
    if not fact.suppressed and fact.suspended_until is None:
        yield actor, ConsiderAlert(alert_id=fact.alert_id, reason=fact.reason, opened_at=fact.opened_at)
        return
    alert = world.state.alert(fact.alert_id)
    occasion = SUPPRESSED if fact.suppressed else SUSPENDED
    if alert is not None and wanted(alert, occasion):
        yield SYSTEM, SendCalls(alert_id=fact.alert_id, occasion=occasion)


def _monitor_acknowledged(_world: World, _actor: Actor, fact: AlertAcknowledged, _now: Moment) -> Iterable[Order]:
    if fact.incident_id:
        monitor = Actor(ActorKind.INTEGRATION, fact.integration_id, Via.EVENT)
        yield monitor, Acknowledge(incident_id=fact.incident_id)


def _raised(world: World, _actor: Actor, fact: AlertWorsened | AlertJoined, _now: Moment) -> Iterable[Order]:
    """An incident asks as loudly as the loudest of its alerts ever did by the service's rule."""
    alert = world.state.alert(fact.alert_id)
    incident = world.state.incident(fact.incident_id) if fact.incident_id else None
    service = world.config.services.get(incident.service_id) if incident else None
    if alert is None or incident is None or service is None or not incident.is_open:
        return
    wanted = urgency_for(service, alert.severity, alert.last_event_at)
    if wanted is Urgency.HIGH and incident.urgency is Urgency.LOW:
        yield SYSTEM, SetUrgency(incident_id=incident.id, urgency=Urgency.HIGH)


def _merged(world: World, _actor: Actor, fact: IncidentMerged, now: Moment) -> Iterable[Order]:
    """What asked loudly until now must not fall silent because it lives on in a quiet incident."""
    incident = world.state.incident(fact.incident_id)
    sources = [world.state.incident(source_id) for source_id in fact.source_ids]
    loud = any(one and one.urgency is Urgency.HIGH and one.resolved_at == now for one in sources)
    if loud and incident is not None and incident.urgency is Urgency.LOW:
        yield SYSTEM, SetUrgency(incident_id=incident.id, urgency=Urgency.HIGH)


def _alert_resolved(_world: World, actor: Actor, fact: AlertResolved, _now: Moment) -> Iterable[Order]:
    if fact.incident_id:
        yield actor, CountAlert(incident_id=fact.incident_id, alert_id=fact.alert_id)


def _triggered(world: World, _actor: Actor, fact: IncidentTriggered, _now: Moment) -> Iterable[Order]:
    if fact.assignee_ids:
        yield from _by_name(world, fact.incident_id, fact.assignee_ids)
    else:
        yield SYSTEM, StartEscalation(incident_id=fact.incident_id)


def _by_name(world: World, incident_id: str, user_ids: Sequence[str]) -> Iterable[Order]:
    """Page the people it was given to; when none of them can be reached, call the policy: it must not stay silent."""
    yield SYSTEM, PagePeople(incident_id=incident_id, user_ids=tuple(user_ids), why="")
    if not any(can_be_reached(world.config, user_id) for user_id in user_ids):
        yield SYSTEM, StartEscalation(incident_id=incident_id, reason=stored("nobody who has it can be reached"))


def _answered(world: World, actor: Actor, fact: Fact, _now: Moment) -> Iterable[Order]:
    yield SYSTEM, CancelPages(incident_id=fact.incident_id, reason=_who_answered(world, actor))


def _who_answered(world: World, actor: Actor) -> str:
    user = world.config.users.get(actor.id) if actor.kind is ActorKind.USER else None
    return stored("answered by %(name)s", name=user.name) if user else stored("answered")


def _resume(_world: World, _actor: Actor, fact: Fact, _now: Moment) -> Iterable[Order]:
    yield SYSTEM, ResumeEscalation(incident_id=fact.incident_id)


def _start(_world: World, _actor: Actor, fact: Fact, _now: Moment) -> Iterable[Order]:
    yield SYSTEM, StartEscalation(incident_id=fact.incident_id)


def _reassigned(world: World, _actor: Actor, fact: IncidentReassigned, _now: Moment) -> Iterable[Order]:
    yield SYSTEM, CancelPages(incident_id=fact.incident_id, reason=stored("given to others"))
    yield from _by_name(world, fact.incident_id, fact.user_ids)


def _resolved(world: World, _actor: Actor, fact: IncidentResolved, _now: Moment) -> Iterable[Order]:
    yield SYSTEM, CancelPages(incident_id=fact.incident_id, reason=stored("the incident is resolved"))
    if fact.merged_into:
        return
    for alert in world.state.alerts_of(fact.incident_id):
        if alert.is_open:
            yield SYSTEM, ResolveAlert(alert_id=alert.id)


def _urgency(world: World, actor: Actor, fact: UrgencyChanged, _now: Moment) -> Iterable[Order]:
    """Lowered: what waits was meant for high urgency. Who still waited for a page gets the one for low urgency."""
    if fact.urgency is Urgency.HIGH:
        yield SYSTEM, ResumeEscalation(incident_id=fact.incident_id)
        if actor == SYSTEM:
            yield from _tell_who_has_it(world, fact.incident_id)
        return
    waiting = tuple(dict.fromkeys(one.user_id for one in world.state.waiting_pages(fact.incident_id) if not one.help))
    yield SYSTEM, StopEscalation(incident_id=fact.incident_id)
    yield SYSTEM, CancelPages(incident_id=fact.incident_id, reason=stored("the urgency is low now"))
    yield SYSTEM, PagePeople(incident_id=fact.incident_id, user_ids=waiting, why="")


def _tell_who_has_it(world: World, incident_id: str) -> Iterable[Order]:
    """Who acknowledged something quiet does not know that it got worse: they are told once, and keep it."""
    incident = world.state.incident(incident_id)
    if incident is None or incident.status is not Status.ACKNOWLEDGED:
        return
    if any(can_be_reached(world.config, user_id) for user_id in incident.assignee_ids):
        why = stored("it is urgent now, and this person has it")
        yield SYSTEM, PagePeople(incident_id=incident_id, user_ids=incident.assignee_ids, why=why, news=True)
    else:
        why = stored("nobody who has it can be told that it is urgent now")
        yield SYSTEM, Unacknowledge(incident_id=incident_id, epoch=incident.epoch, reason=why)


def _level(_world: World, _actor: Actor, fact: LevelReached, _now: Moment) -> Iterable[Order]:
    """Who is called again keeps what is planned for them, unless it was planned by the rules for another urgency."""
    reason, again = stored("it is with level %(level)s now", level=fact.level), () if fact.resumed else fact.user_ids
    yield SYSTEM, CancelPages(incident_id=fact.incident_id, reason=reason, called_again=again)
    yield SYSTEM, PagePeople(incident_id=fact.incident_id, user_ids=fact.user_ids, why="")


def _sent_on(_world: World, _actor: Actor, fact: EscalationRequested, _now: Moment) -> Iterable[Order]:
    yield SYSTEM, CancelPages(incident_id=fact.incident_id, reason=stored("sent on by hand"))


def _last_resort(_world: World, _actor: Actor, fact: LastResortReached, _now: Moment) -> Iterable[Order]:
    reason = stored("the last resort is called now")
    yield SYSTEM, CancelPages(incident_id=fact.incident_id, reason=reason, called_again=fact.user_ids)
    yield SYSTEM, PagePeople(incident_id=fact.incident_id, user_ids=fact.user_ids, why="")


def _not_paged(world: World, _actor: Actor, fact: PageNotSent, _now: Moment) -> Iterable[Order]:
    """Where a timer runs, the next level or round comes by itself. People named by hand have none: it goes on now.

    An exhausted policy has none either, but there it was said that nobody further is called.
    """
    incident = world.state.incident(fact.incident_id)
    if incident is not None and waits_in_vain(world, incident):
        yield SYSTEM, StartEscalation(incident_id=incident.id, reason=stored("no page reached anybody who had it"))


def _page_answered(world: World, _actor: Actor, fact: PageAnswered, _now: Moment) -> Iterable[Order]:
    order = follow_up(world, fact)
    if order is not None:
        yield order


def _asked(world: World, _actor: Actor, fact: ResponderAdded, _now: Moment) -> Iterable[Order]:
    policy = world.config.policies.get(fact.policy_id)
    why = (
        stored("asked to help, by level %(level)s of %(name)s", level=fact.level, name=policy.name)
        if policy
        else stored("asked to help by name")
    )
    yield SYSTEM, PagePeople(incident_id=fact.incident_id, user_ids=(fact.user_id,), why=why, help=True)


def _replied(_world: World, _actor: Actor, fact: ResponderReplied, _now: Moment) -> Iterable[Order]:
    yield SYSTEM, CancelPages(incident_id=fact.incident_id, reason=stored("answered"), helpers=(fact.user_id,))


def _not_needed(_world: World, _actor: Actor, fact: RequestsCancelled, _now: Moment) -> Iterable[Order]:
    if fact.user_ids:
        reason = stored("help is not needed any more")
        yield SYSTEM, CancelPages(incident_id=fact.incident_id, reason=reason, helpers=fact.user_ids)


def _published(_world: World, _actor: Actor, fact: StatusPublished, _now: Moment) -> Iterable[Order]:
    yield SYSTEM, TellNews(incident_id=fact.incident_id, subject=fact.subject, text=fact.message)


REACTIONS: Mapping[type[Fact], Reaction] = {
    AlertOpened: _consider,
    AlertAcknowledged: _monitor_acknowledged,
    AlertWorsened: _raised,
    AlertJoined: _raised,
    AlertResolved: _alert_resolved,
    IncidentTriggered: _triggered,
    IncidentAcknowledged: _answered,
    IncidentSnoozed: _answered,
    IncidentUnacknowledged: _resume,
    IncidentReopened: _start,
    IncidentReassigned: _reassigned,
    IncidentResolved: _resolved,
    IncidentMerged: _merged,
    UrgencyChanged: _urgency,
    EscalationRequested: _sent_on,
    LevelReached: _level,
    LastResortReached: _last_resort,
    PageNotSent: _not_paged,
    PageAnswered: _page_answered,
    ResponderAdded: _asked,
    ResponderReplied: _replied,
    RequestsCancelled: _not_needed,
    StatusPublished: _published,
}
"""Every fact that leads to something. Facts that are not here are history only."""
