"""An event's way in: which service it is for, what holds it back, which alert it concerns."""

from __future__ import annotations

from tocsin.alerts import decide as alerts
from tocsin.alerts.decide import Ending
from tocsin.alerts.holding import judge_held
from tocsin.alerts.model import Alert, Hold
from tocsin.alerts.windows import window_at
from tocsin.directory.model import Service, ServiceStatus
from tocsin.engine.world import World
from tocsin.events.model import Action, Event, Outcome
from tocsin.events.rules import suppressing
from tocsin.kernel.decision import Decision
from tocsin.kernel.time import Moment
from tocsin.kernel.values import replace


def receive(world: World, event: Event, now: Moment) -> Decision:
    """Decide one event. The value is its `Ending`; the facts have not been reacted to yet."""
    integration = world.config.integrations.get(event.integration_id)
    service = world.config.services.get(integration.service_id) if integration else None
    if event.action is Action.CHANGE:
        return Decision(value=Ending(Outcome.RECORDED, "a change; nobody is paged for it"))
    latest = world.state.latest_alert(event.integration_id, event.dedup_key)
    if integration is None or service is None:
        return Decision(value=Ending(Outcome.DROPPED, "its integration was removed after it was accepted"))
    opens = event.action is Action.TRIGGER and (latest is None or not latest.is_open)
    if opens and service.status is ServiceStatus.DISABLED:
        return Decision(value=Ending(Outcome.DROPPED, f"the service {service.name} is disabled"))
    hold = Hold()
    if opens:
        hold = hold_for(world, event, service)
    elif event.action is Action.TRIGGER and latest is not None and latest.suppressed:
        hold = _hold_again(world, event, latest, service)
    new_id = world.ids.long() if opens else ""
    decision = alerts.receive(event, latest, service_id=service.id, hold=hold, new_id=new_id, now=now)
    return _and_judge_late(world, decision, hold, now)


def hold_for(world: World, event: Event, service: Service) -> Hold:
    """What keeps a new alert of this event from making an incident. Rules and windows look at when it was received.

    A rule comes before a window: it still holds when the window has ended.
    """
    rule = suppressing(event, world.config.noise_rules_of.get(service.id, ()))
    if rule is not None:
        return Hold(suppressed=f"noise rule: {rule.label}")
    window = window_at(world.config.windows_of.get(service.id, ()), event.received_at)
    hold = Hold(suspend_seconds=service.pause_seconds or 0, suspended_by="auto_pause" if service.pause_seconds else "")
    return hold if window is None else replace(hold, suppressed=window.reason, window_id=window.id)


def _hold_again(world: World, event: Event, alert: Alert, otherwise: Service) -> Hold:
    """What holds an alert that was suppressed until now, judged for the service where it would make its incident.

    On a disabled service nothing is opened, and where windows mean "never" it stays with the one that held it.
    """
    service = world.config.services.get(alert.service_id, otherwise)
    hold = hold_for(world, event, service)
    if hold.suppressed:
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
