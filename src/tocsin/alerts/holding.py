"""What becomes of an alert that was held back: by a maintenance window, or because it may be over in a moment.

Decides when a held alert opens after all. Pure: which windows run now, and whether its service takes it, is given.
"""

from __future__ import annotations

from tocsin.alerts.messages import AlertOpened, EndSuspension, JudgeHeld
from tocsin.alerts.model import Alert
from tocsin.alerts.windows import MaintenanceWindow
from tocsin.kernel.decision import Decision, SetTimer
from tocsin.kernel.time import Moment
from tocsin.kernel.values import replace


def end_suspension(alert: Alert, now: Moment) -> Decision:
    """The time for which it waited is over: it opens as if it were new, unless something else holds it."""
    if not alert.is_open or alert.suspended_until is None:
        return Decision()
    if alert.suspended_until > now:
        return Decision(timers=(end_of_suspension(alert.id, alert.suspended_until),))
    freed = replace(alert, suspended_until=None)
    if freed.is_held:
        return Decision(state=(freed,))
    opened = opened_after_all(freed, "it was not over within the time for which it was suspended", now)
    return Decision(state=(freed,), facts=(opened,))


def hold_again(alert: Alert, window: MaintenanceWindow) -> Decision:
    """This window holds it now, or holds it until another time than before."""
    held = replace(alert, suppressed=window.reason, window_id=window.id)
    return Decision() if held == alert else Decision(state=(held,))


def release(alert: Alert, window_name: str, now: Moment) -> Decision:
    """No window holds it any more. One that is suspended as well waits for that."""
    freed = replace(alert, suppressed="", window_id="")
    if freed.is_held:
        return Decision(state=(freed,))
    opened = opened_after_all(freed, f"still firing when the {window_name} ended", now)
    return Decision(state=(freed,), facts=(opened,))


def opened_after_all(alert: Alert, reason: str, now: Moment) -> AlertOpened:
    """The fact that it opens though it did not at first."""
    return AlertOpened(alert_id=alert.id, service_id=alert.service_id, reason=reason, opened_at=now)


def judge_held(window_id: str, due_at: Moment, after: str = "") -> SetTimer:
    """When what the window holds is to be judged again."""
    return SetTimer(f"window:{window_id}", due_at, JudgeHeld(window_id=window_id, after=after))


def end_of_suspension(alert_id: str, until: Moment) -> SetTimer:
    """When a suspended alert opens."""
    return SetTimer(suspension_key(alert_id), until, EndSuspension(alert_id=alert_id))


def suspension_key(alert_id: str) -> str:
    """The key of that timer."""
    return f"suspend:{alert_id}"
