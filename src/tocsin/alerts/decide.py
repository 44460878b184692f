"""Deduplication: what an event does to the alert of its key. Pure; the caller looks the alert up.

An event acts in the order of the log. Where a monitor sends its own times, an older state does not override a newer
one: two senders of the same alert may deliver out of order. That holds for a few minutes only: who still says so later
means it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tocsin.alerts.messages import AlertAcknowledged, AlertOpened, AlertResolved, AlertWorsened, ExpireAlert
from tocsin.alerts.model import Alert, AlertStatus
from tocsin.events.model import Action, Event, Outcome, Severity
from tocsin.kernel.decision import CancelTimer, Decision, SetTimer, TimerChange
from tocsin.kernel.time import MINUTE, SECOND, Moment
from tocsin.kernel.values import replace

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


def receive(event: Event, latest: Alert | None, *, service_id: str, suppressed: str, new_id: str) -> Decision:
    """Apply one event to the newest alert of its key (None = never seen). The decision's value is an `Ending`."""
    current = latest if latest is not None and latest.is_open else None
    if event.action is Action.TRIGGER:
        if current is not None:
            return _repeat(event, current, suppressed)
        if latest is not None and _is_stale(event, latest):
            return _dropped("older than the resolution that is already known", latest.id)
        return _open(event, service_id, suppressed, new_id)
    if current is None:
        return _dropped(f"{event.action}: no open alert has this key")
    if event.action is Action.ACKNOWLEDGE:
        fact = AlertAcknowledged(
            alert_id=current.id, incident_id=current.incident_id, integration_id=event.integration_id
        )
        ending = Ending(Outcome.ACKNOWLEDGED, "acknowledged by the monitor", current.id, current.incident_id)
        return Decision(facts=(fact,), value=ending)
    if event.ended_at is not None and current.started_at is not None and event.ended_at < current.started_at:
        return _dropped("resolves an earlier occurrence of this alert", current.id)
    over = replace(current, last_seq=event.log_seq, ended_at=event.ended_at)
    closed = resolve(over, "by the monitor", event.received_at)
    return replace(closed, value=Ending(Outcome.RESOLVED, "resolved by the monitor", current.id, current.incident_id))


def resolve(alert: Alert, reason: str, now: Moment) -> Decision:
    """Close an open alert; a closed one stays as it is."""
    if not alert.is_open:
        return Decision()
    timers: tuple[TimerChange, ...] = (CancelTimer(_expiry_key(alert.id)),) if alert.expires_at is not None else ()
    closed = replace(alert, status=AlertStatus.RESOLVED, resolved_at=now, last_event_at=now)
    fact = AlertResolved(alert_id=alert.id, incident_id=alert.incident_id, reason=reason)
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


def _open(event: Event, service_id: str, suppressed: str, new_id: str) -> Decision:
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
        suppressed=suppressed,
        started_at=event.started_at,
        expires_at=event.expires_at,
        **_content(event),
    )
    timers = (_expiry(alert.id, event.expires_at),) if event.expires_at is not None else ()
    outcome = (
        Ending(Outcome.SUPPRESSED, suppressed, new_id) if suppressed else Ending(Outcome.OPENED, "new alert", new_id)
    )
    fact = AlertOpened(alert_id=new_id, service_id=service_id, suppressed=suppressed)
    return Decision(state=(alert,), facts=(fact,), timers=timers, value=outcome)


def _repeat(event: Event, alert: Alert, suppressed: str) -> Decision:
    """Count it. An alert that no rule suppresses any more goes on as if it had just been opened."""
    ending = Ending(Outcome.REPEATED, "the alert is open already", alert.id, alert.incident_id)
    count = alert.repeats + 1
    freed = bool(alert.suppressed) and not suppressed
    if event.expires_at is None and not freed and _same_content(event, alert):
        seen = replace(alert, repeats=count, last_event_at=event.received_at, last_seq=event.log_seq)
        return Decision(state=(seen,), value=ending)
    changed = replace(
        alert,
        repeats=count,
        last_event_at=event.received_at,
        last_seq=event.log_seq,
        expires_at=_later(alert.expires_at, event.expires_at),
        suppressed="" if freed else alert.suppressed,
        **_content(event),
    )
    timers: tuple[TimerChange, ...] = ()
    if event.expires_at is not None and alert.expires_at is None:
        timers = (_expiry(alert.id, event.expires_at),)
    if freed:
        opened = AlertOpened(alert_id=alert.id, service_id=alert.service_id)
        ending = Ending(Outcome.OPENED, "no rule suppresses it any more", alert.id)
        return Decision(state=(changed,), facts=(opened,), timers=timers, value=ending)
    worse = _RANK[event.severity] > _RANK[alert.severity]
    facts = (
        (
            AlertWorsened(
                alert_id=alert.id,
                incident_id=alert.incident_id,
                was=str(alert.severity or ""),
                severity=str(event.severity or ""),
            ),
        )
        if worse
        else ()
    )
    return Decision(state=(changed,), facts=facts, timers=timers, value=ending)


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
    }


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
