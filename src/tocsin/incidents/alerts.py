"""Alerts of an incident in people's hands: one is not over after all, or belongs elsewhere. Pure.

Decides how the incidents' counts follow. An incident that loses its last open alert stays open: only a person or the
end of its alerts resolves it, and nobody said that the problem is over.
"""

from __future__ import annotations

from tocsin.alerts.model import Alert, AlertStatus
from tocsin.incidents.messages import AlertLeft, AlertTriggered
from tocsin.incidents.model import Incident
from tocsin.kernel.decision import Decision
from tocsin.kernel.errors import Conflict
from tocsin.kernel.time import Moment
from tocsin.kernel.values import replace
from tocsin.kernel.wording import phrase


def trigger(alert: Alert, newest: Alert | None, incident: Incident, now: Moment) -> Decision:
    """It is not over; an open one stays as it is. It does not expire by itself: its monitor spoke its last word.

    `newest`: the newest alert of its key. Raises Conflict when the incident is resolved or another alert has the key.
    """
    if alert.is_open:
        return Decision(value="unchanged")
    if not incident.is_open:
        raise Conflict(phrase("incident %(number)s is resolved", number=incident.number), reason="already_resolved")
    if newest is not None and newest.is_open:
        raise Conflict("another alert with this key is open", reason="open_key")
    again = replace(
        alert, status=AlertStatus.TRIGGERED, resolved_at=None, ended_at=None, expires_at=None, last_event_at=now
    )
    counted = replace(incident, open_alert_count=incident.open_alert_count + 1, updated_at=now)
    fact = AlertTriggered(incident_id=incident.id, alert_id=alert.id, summary=alert.summary)
    return Decision(state=(again, counted), facts=(fact,))


def leave(alert: Alert, source: Incident, target: Incident, now: Moment) -> Decision:
    """The source without the alert; `incidents.decide.join` brings it to the target."""
    rest = replace(
        source,
        alert_count=source.alert_count - 1,
        open_alert_count=source.open_alert_count - alert.is_open,
        updated_at=now,
    )
    fact = AlertLeft(incident_id=source.id, alert_id=alert.id, summary=alert.summary, moved_to=target.id)
    return Decision(state=(rest,), facts=(fact,))
