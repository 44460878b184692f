"""An event's way in: which service it is for, what holds it back, which alert it concerns."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.alerts import decide as alerts
from tocsin.alerts.decide import Ending
from tocsin.alerts.holding import judge_held
from tocsin.alerts.model import Alert, Hold
from tocsin.alerts.windows import window_at
from tocsin.directory.model import Integration, Service, ServiceStatus
from tocsin.engine.orchestrate import Orchestrating, Way
from tocsin.engine.transient import ended, waits_first
from tocsin.engine.world import World
from tocsin.events.evaluate import Claim
from tocsin.events.model import Action, Event, Outcome
from tocsin.events.orchestration import Orchestration, OrchestrationKey, PathKind
from tocsin.kernel.decision import Decision
from tocsin.kernel.time import Moment
from tocsin.kernel.values import replace
from tocsin.kernel.wording import stored


def receive(world: World, event: Event, now: Moment, orchestrating: Orchestrating | None = None) -> Decision:
    """Decide one event. The value is its `Ending`; the facts have not been reacted to yet.

    `orchestrating`: what leads the event through its rules; whoever wants to watch the way brings their own.
    """
    if event.action is Action.CHANGE:
        return Decision(value=Ending(Outcome.RECORDED, stored("a change; nobody is paged for it")))
    integration = world.config.integrations.get(event.integration_id)
    key = world.config.orchestration_keys.get(event.integration_id)
    came_by = integration or key
    if came_by is None or (integration is not None and integration.service_id not in world.config.services):
        return Decision(value=Ending(Outcome.DROPPED, stored("its integration was removed after it was accepted")))
    orchestrating = orchestrating or Orchestrating(world, event)
    decision = _along_its_way(world, orchestrating, came_by, now)
    remembered = orchestrating.changed
    return replace(decision, state=(*decision.state, *remembered)) if remembered else decision


def _along_its_way(
    world: World, orchestrating: Orchestrating, came_by: Integration | OrchestrationKey, now: Moment
) -> Decision:
    """Through the rules of its orchestration and of its service, then to the alert of its key.

    While the alert of its key is open, an event belongs to the service of that alert, wherever rules would send it.
    """
    if isinstance(came_by, OrchestrationKey):
        orchestrating.globally(came_by.orchestration_id)
        dropped_by = orchestrating.way.marks.dropped_by
        if dropped_by is not None:
            return Decision(
                value=Ending(Outcome.DROPPED, stored("dropped by %(named)s", named=_named(world, dropped_by)))
            )
    latest = world.state.latest_alert(came_by.id, orchestrating.way.event.dedup_key)
    service = _service_of(world, orchestrating, came_by, latest)
    if service is not None:
        orchestrating.at_service(service.id)
    event = _with_wishes(orchestrating)
    if latest is None or latest.dedup_key != event.dedup_key:
        latest = world.state.latest_alert(came_by.id, event.dedup_key)
    opens = event.action is Action.TRIGGER and (latest is None or not latest.is_open)
    if opens and service is not None and service.status is ServiceStatus.DISABLED:
        return Decision(value=Ending(Outcome.DROPPED, stored("the service %(name)s is disabled", name=service.name)))
    hold = Hold()
    if opens:
        hold = hold_for(world, event, service, orchestrating.way)
    elif event.action is Action.TRIGGER and latest is not None and latest.suppressed:
        hold = _hold_again(world, event, latest, service, orchestrating.way)
        if not latest.service_id and service is not None:
            latest = replace(latest, service_id=service.id)
    new_id = world.ids.long() if opens else ""
    service_id = service.id if service is not None else ""
    decision = alerts.receive(event, latest, service_id=service_id, hold=hold, new_id=new_id, now=now)
    if event.action is Action.RESOLVE and service is not None and latest is not None and latest.is_open:
        decision += Decision(state=ended(world, service, latest, event.received_at))
    return _and_judge_late(world, decision, hold, now)


def _service_of(
    world: World, orchestrating: Orchestrating, came_by: Integration | OrchestrationKey, latest: Alert | None
) -> Service | None:
    """The service that an event is for; None when no rule sends it to one."""
    services = world.config.services
    if isinstance(came_by, Integration):
        return services[came_by.service_id]
    if latest is not None and latest.is_open and latest.service_id in services:
        return services[latest.service_id]
    orchestrating.route(came_by.orchestration_id)
    return services.get(orchestrating.way.service_id)


def _with_wishes(orchestrating: Orchestrating) -> Event:
    """The event as rules left it, with what they want for its incident."""
    event, marks = orchestrating.way.event, orchestrating.way.marks
    if not (marks.priority_id or marks.policy_id or marks.notes or marks.field_values or marks.calls):
        return event
    return replace(
        event,
        priority_id=marks.priority_id,
        policy_id=marks.policy_id,
        notes=tuple(marks.notes),
        field_values=tuple(marks.field_values.items()),
        calls=tuple(marks.calls),
    )


def _named(world: World, claim: Claim) -> str:
    """A rule with whose it is, for people."""
    parent_id, _, kind = claim.path_id.rpartition(":")
    parents: Mapping[str, Service | Orchestration] = (
        world.config.services if kind == PathKind.SERVICE else world.config.orchestrations
    )
    parent = parents.get(parent_id)
    return stored(
        "the rule “%(name)s” of %(what)s", name=claim.name, what=parent.name if parent is not None else parent_id
    )


def hold_for(world: World, event: Event, service: Service | None, way: Way) -> Hold:
    """What keeps a new alert of this event from making an incident. Rules and windows look at when it was received.

    A rule comes before a window: it still holds when the window has ended.
    """
    marks = way.marks
    if service is None:
        return Hold(suppressed=stored("no rule of %(unrouted_by)s sends it to a service", unrouted_by=way.unrouted_by))
    if marks.suppressed_by is not None:
        return Hold(suppressed=stored("suppressed by %(named)s", named=_named(world, marks.suppressed_by)))
    if marks.suspend_seconds:
        hold = Hold(suspend_seconds=marks.suspend_seconds, suspended_by="rules")
    elif waits_first(world, service, event):
        hold = Hold(suspend_seconds=service.pause_seconds or 0, suspended_by="auto_pause")
    else:
        hold = Hold()
    window = window_at(world.config.windows_of.get(service.id, ()), event.received_at)
    return hold if window is None else replace(hold, suppressed=window.reason, window_id=window.id)


def _hold_again(world: World, event: Event, alert: Alert, otherwise: Service | None, way: Way) -> Hold:
    """What holds an alert that was suppressed until now, judged for the service where it would make its incident.

    On a disabled service nothing is opened, and where windows mean "never" it stays with the one that held it.
    """
    service = world.config.services.get(alert.service_id, otherwise)
    hold = hold_for(world, event, service, way)
    if hold.suppressed or service is None:
        return hold
    never = bool(alert.window_id) and not service.judges_after_windows
    if never or service.status is ServiceStatus.DISABLED:
        return Hold(suppressed=alert.suppressed, window_id=alert.window_id)
    return hold


def _and_judge_late(world: World, decision: Decision, hold: Hold, now: Moment) -> Decision:
    """An event that is decided after the end of the window it came in: what the window holds is judged once more."""
    window = world.config.maintenance_windows.get(hold.window_id) if hold.window_id else None
    if window is None or window.end > now or not decision.state:
        return decision
    return replace(decision, timers=(*decision.timers, judge_held(window.id, now)))
