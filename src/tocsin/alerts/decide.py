"""Deduplication: what an event does to the alert of its key. Pure; the caller looks the alert up.

An event acts in the order of the log. Where a monitor sends its own times, an older state does not override a newer
one: two senders of the same alert may deliver out of order. That holds for a few minutes only: who still says so later
means it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tocsin.alerts.holding import end_of_suspension, opened_after_all, suspension_key
from tocsin.alerts.messages import AlertAcknowledged, AlertOpened, AlertResolved, AlertWorsened, ExpireAlert
from tocsin.alerts.model import Alert, AlertStatus, Hold
from tocsin.events.model import Action, Event, Outcome, Severity
from tocsin.kernel.decision import CancelTimer, Decision, Fact, SetTimer, TimerChange
from tocsin.kernel.time import MINUTE, SECOND, Moment
from tocsin.kernel.values import replace
from tocsin.kernel.wording import span_words, stored

STALE_FOR = 5 * MINUTE
"""How late a word about an occurrence that is over may come in; after that the problem is taken to be there again."""

LATE = 30 * SECOND
"""An expiry that is noticed later than this was not: we did not listen then, so the monitor may have spoken."""

_RANK = {Severity.CRITICAL: 4, Severity.ERROR: 3, Severity.WARNING: 2, Severity.INFO: 1, None: 3}
"""A severity that is not known counts as urgent, so it is worse than a warning."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How an event ended: the outcome, one sentence of reason, and the alert it concerned ("" = none)."""

    outcome: Outcome
    reason: str
    alert_id: str = ""
    incident_id: str = ""


def receive(event: Event, latest: Alert | None, *, service_id: str, hold: Hold, new_id: str, now: Moment) -> Decision:
    """Apply one event to the newest alert of its key (None = never seen). The decision's value is an `Ending`.

    `now`: the time of the decision, from which delays run.
    """
    current = latest if latest is not None and latest.is_open else None
    if event.action is Action.TRIGGER:
        if current is not None:
            return _repeat(event, current, hold)
        if latest is not None and _is_stale(event, latest):
            return _dropped(stored("older than the resolution that is already known"), latest.id)
        return _open(event, service_id, hold, new_id, now)
    if current is None:
        acknowledged = event.action is Action.ACKNOWLEDGE
        return _dropped(
            stored("acknowledge: no open alert has this key")
            if acknowledged
            else stored("resolve: no open alert has this key")
        )
    if event.action is Action.ACKNOWLEDGE:
        fact = AlertAcknowledged(
            alert_id=current.id, incident_id=current.incident_id, integration_id=event.integration_id
        )
        ending = Ending(Outcome.ACKNOWLEDGED, stored("acknowledged by the monitor"), current.id, current.incident_id)
        return Decision(facts=(fact,), value=ending)
    if event.ended_at is not None and current.started_at is not None and event.ended_at < current.started_at:
        return _dropped(stored("resolves an earlier occurrence of this alert"), current.id)
    over = replace(current, last_seq=event.log_seq, ended_at=event.ended_at)
    closed = resolve(over, "by the monitor", event.received_at)
    how = (
        stored("resolved by the monitor while it was suspended: no incident")
        if _waits(current)
        else stored("resolved by the monitor")
    )
    return replace(closed, value=Ending(Outcome.RESOLVED, how, current.id, current.incident_id))


def resolve(alert: Alert, reason: str, now: Moment) -> Decision:
    """Close an open alert; a closed one stays as it is."""
    if not alert.is_open:
        return Decision()
    timers: tuple[TimerChange, ...] = (CancelTimer(_expiry_key(alert.id)),) if alert.expires_at is not None else ()
    if alert.suspended_until is not None:
        timers = (*timers, CancelTimer(suspension_key(alert.id)))
    closed = replace(alert, status=AlertStatus.RESOLVED, resolved_at=now, last_event_at=now)
    fact = AlertResolved(alert_id=alert.id, incident_id=alert.incident_id, reason=reason, suspended=_waits(alert))
    return Decision(state=(closed,), facts=(fact,), timers=timers)


def expire(alert: Alert, now: Moment) -> Decision:
    """The expiry timer fell due: re-arm it if events pushed the expiry on, resolve otherwise.

    The timer row is not rewritten by every repeat (Prometheus repeats each minute); it catches up here. If we notice
    late, we were not there to hear the monitor: it gets the same span once more.
    """
    if not alert.is_open or alert.expires_at is None:
        return Decision()
    if alert.expires_at > now:
        return Decision(timers=(_expiry(alert.id, alert.expires_at),))
    if now - alert.expires_at > LATE:
        again = now + max(MINUTE, alert.expires_at - alert.last_event_at)
        return Decision(state=(replace(alert, expires_at=again),), timers=(_expiry(alert.id, again),))
    return resolve(alert, "expired: the monitor stopped repeating it", now)


def _open(event: Event, service_id: str, hold: Hold, new_id: str, now: Moment) -> Decision:
    until = now + hold.suspend_seconds * SECOND if hold.suspend_seconds else None
    alert = Alert(
        id=new_id,
        scope=event.integration_id,
        dedup_key=event.dedup_key,
        service_id=service_id,
        status=AlertStatus.TRIGGERED,
        created_at=event.received_at,
        last_event_at=event.received_at,
        first_seq=event.log_seq,
        last_seq=event.log_seq,
        suppressed=hold.suppressed,
        window_id=hold.window_id,
        suspended_until=until,
        suspended_by=hold.suspended_by if until is not None else "",
        started_at=event.started_at,
        expires_at=event.expires_at,
        **_content(event),
    )
    timers = (_expiry(alert.id, event.expires_at),) if event.expires_at is not None else ()
    if until is not None:
        timers = (*timers, end_of_suspension(new_id, until))
    fact = AlertOpened(alert_id=new_id, service_id=service_id, suppressed=hold.suppressed, suspended_until=until)
    return Decision(state=(alert,), facts=(fact,), timers=timers, value=_opening(hold, new_id))


def _opening(hold: Hold, alert_id: str) -> Ending:
    if hold.suppressed:
        return Ending(Outcome.SUPPRESSED, hold.suppressed, alert_id)
    if hold.suspend_seconds:
        waits = stored(
            "waits for %(span_words)s: pages unless it is over by then",
            span_words=span_words(hold.suspend_seconds * SECOND),
        )
        return Ending(Outcome.SUSPENDED, waits, alert_id)
    return Ending(Outcome.OPENED, stored("new alert"), alert_id)


def _repeat(event: Event, alert: Alert, hold: Hold) -> Decision:
    """Count it. An alert that nothing holds any more goes on as if it had just been opened.

    What suppresses it may change from one event to the next; how long it is suspended does not.
    """
    count = alert.repeats + 1
    held = {"suppressed": hold.suppressed, "window_id": hold.window_id} if alert.suppressed else {}
    same = not held or (hold.suppressed, hold.window_id) == (alert.suppressed, alert.window_id)
    if event.expires_at is None and same and _same_content(event, alert):
        seen = replace(alert, repeats=count, last_event_at=event.received_at, last_seq=event.log_seq)
        return Decision(state=(seen,), value=_repeated(alert))
    changed = replace(
        alert,
        repeats=count,
        last_event_at=event.received_at,
        last_seq=event.log_seq,
        expires_at=_later(alert.expires_at, event.expires_at),
        **held,
        **_content(event),
    )
    timers: tuple[TimerChange, ...] = ()
    if event.expires_at is not None and alert.expires_at is None:
        timers = (_expiry(alert.id, event.expires_at),)
    if alert.is_held and not changed.is_held:
        opened = opened_after_all(changed, f"still firing; it was held back by: {alert.suppressed}", event.received_at)
        ending = Ending(Outcome.OPENED, stored("nothing holds it back any more"), alert.id)
        return Decision(state=(changed,), facts=(opened,), timers=timers, value=ending)
    return Decision(state=(changed,), facts=_worsened(event, alert), timers=timers, value=_repeated(alert))


def _repeated(alert: Alert) -> Ending:
    return Ending(Outcome.REPEATED, stored("the alert is open already"), alert.id, alert.incident_id)


def _worsened(event: Event, alert: Alert) -> tuple[Fact, ...]:
    if _RANK[event.severity] <= _RANK[alert.severity]:
        return ()
    was, severity = str(alert.severity or ""), str(event.severity or "")
    return (AlertWorsened(alert_id=alert.id, incident_id=alert.incident_id, was=was, severity=severity),)


def _content(event: Event) -> dict[str, Any]:
    return {
        "summary": event.summary,
        "source": event.source,
        "severity": event.severity,
        "component": event.component,
        "group": event.group,
        "event_class": event.event_class,
        "details": event.details,
        "links": event.links,
        "images": event.images,
        "client": event.client,
        "client_url": event.client_url,
        "runbook_url": event.runbook_url,
        "priority_id": event.priority_id,
        "policy_id": event.policy_id,
        "notes": event.notes,
        "field_values": event.field_values,
        "calls": event.calls,
    }


def _waits(alert: Alert) -> bool:
    """Whether nothing but its suspension keeps it from paging."""
    return alert.suspended_until is not None and not alert.suppressed


def _same_content(event: Event, alert: Alert) -> bool:
    return (
        event.summary == alert.summary
        and event.severity == alert.severity
        and event.details == alert.details
        and event.source == alert.source
        and event.links == alert.links
        and event.images == alert.images
        and event.component == alert.component
        and event.client_url == alert.client_url
    )


def _is_stale(event: Event, latest: Alert) -> bool:
    """A late delivery of an occurrence that the monitor itself has reported as over, told by its own times."""
    if event.started_at is None or latest.ended_at is None or latest.resolved_at is None:
        return False
    return event.started_at < latest.ended_at and event.received_at - latest.resolved_at < STALE_FOR


def _later(known: Moment | None, given: Moment | None) -> Moment | None:
    """The later expiry: of two senders of one alert, the one that speaks up longer counts. None given = it stands."""
    return given if known is None else known if given is None else max(known, given)


def _dropped(reason: str, alert_id: str = "") -> Decision:
    return Decision(value=Ending(Outcome.DROPPED, reason, alert_id))


def _expiry(alert_id: str, due_at: Moment) -> SetTimer:
    return SetTimer(_expiry_key(alert_id), due_at, ExpireAlert(alert_id=alert_id))


def _expiry_key(alert_id: str) -> str:
    return f"alert-expiry:{alert_id}"
