"""Runs commands about alerts that are held: by a maintenance window, or suspended for a while.

Decides where a held alert belongs by now: its service may be disabled or gone since it began.
"""

from __future__ import annotations

from dataclasses import replace

from tocsin.alerts import decide as alerts
from tocsin.alerts import holding
from tocsin.alerts.messages import EndSuspension, JudgeHeld
from tocsin.alerts.model import Alert
from tocsin.alerts.windows import MaintenanceWindow, window_at
from tocsin.directory.model import Service, ServiceStatus
from tocsin.engine.transient import lasted
from tocsin.engine.world import World
from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import Decision
from tocsin.kernel.limits import HELD_ALERTS
from tocsin.kernel.time import MINUTE, Moment
from tocsin.kernel.wording import stored

SWEEP = 10 * MINUTE
"""After the end of a window it is looked once more: a clock that was set back may have let it hold something again."""


def end_suspension(world: World, _actor: Actor, command: EndSuspension, now: Moment) -> Decision:
    """It was not over in time. On a disabled service nothing is opened: there it is suppressed from now on."""
    alert = world.state.alert(command.alert_id)
    if alert is None or not alert.is_open:
        return Decision()
    service = service_of_alert(world, alert)
    if service is None:
        return alerts.resolve(alert, "its service was removed", now)
    decision = holding.end_suspension(alert, now)
    if service.status is ServiceStatus.DISABLED and decision.facts:
        kept = replace(
            alert, suspended_until=None, suppressed=stored("the service %(name)s is disabled", name=service.name)
        )
        return Decision(state=(kept,))
    by_pause = alert.suspended_by == "auto_pause" and bool(decision.facts)
    return decision + Decision(state=lasted(world, service, alert, now)) if by_pause else decision


def judge_held(world: World, _actor: Actor, command: JudgeHeld, now: Moment) -> Decision:
    """Judge the next of what a window holds; then go on at once, or when the window ends, and once more after that.

    A window can hold a hundred thousand alerts: each turn of the engine takes some of them.
    """
    window = world.config.maintenance_windows.get(command.window_id)
    held = world.state.held_alerts(command.window_id, HELD_ALERTS, command.after)
    decision = Decision()
    for alert in held:
        decision += _judge(world, alert, window, now)
    if len(held) == HELD_ALERTS:
        return decision + Decision(timers=(holding.judge_held(command.window_id, now, held[-1].id),))
    ahead = [due for due in (window.end, window.end + SWEEP) if due > now] if window is not None else []
    return decision + Decision(timers=tuple(holding.judge_held(command.window_id, due) for due in ahead[:1]))


def _judge(world: World, alert: Alert, window: MaintenanceWindow | None, now: Moment) -> Decision:
    service = service_of_alert(world, alert)
    if service is None:
        return alerts.resolve(alert, "its service was removed", now)
    holds_now = window_at(world.config.windows_of.get(service.id, ()), now)
    if holds_now is not None:
        return holding.hold_again(alert, holds_now)
    if not service.judges_after_windows or service.status is ServiceStatus.DISABLED:
        return Decision()
    return holding.release(alert, window.name if window is not None else "maintenance window", now)


def service_of_alert(world: World, alert: Alert) -> Service | None:
    """The service where an alert makes its incident: if its own is gone, that of its integration, if that is there."""
    found = world.config.services.get(alert.service_id)
    if found is not None:
        return found
    integration = world.config.integrations.get(alert.scope)
    return world.config.services.get(integration.service_id) if integration is not None else None
