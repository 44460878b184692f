"""Accepted events as lines: how each ended, and what alert and incident came of it. Decides who may see which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tocsin.alerts.model import Alert
from tocsin.directory.permissions import Verb
from tocsin.runtime.reads import EventOutcome
from tocsin.web.looks import OUTCOMES, Look
from tocsin.web.visit import Visit


@dataclass(frozen=True, slots=True)
class EventLine:
    """One accepted event: how it ended and what alert and incident came of it."""

    event: EventOutcome
    look: Look
    monitor: str
    service: str
    service_id: str
    alert: Alert | None
    incident_number: int


def lines_of_events(visit: Visit, outcomes: Iterable[EventOutcome]) -> list[EventLine]:
    """Lines for those events that the reader may see: of services of teams that they may read."""
    outcomes = tuple(outcomes)
    alerts: Mapping[str, Alert] = visit.site.reads.alerts_by_id(one.alert_id for one in outcomes if one.alert_id)
    found = visit.site.reads.incidents_by_id(alert.incident_id for alert in alerts.values() if alert.incident_id)
    lines = []
    for outcome in outcomes:
        alert = alerts.get(outcome.alert_id)
        service_id = alert.service_id if alert is not None else visit.config.service_behind(outcome.integration_id)
        if not visit.may(Verb.READ, visit.config.team_ids_of_service(service_id)):
            continue
        incident = found.get(alert.incident_id) if alert is not None else None
        lines.append(
            EventLine(
                event=outcome,
                look=OUTCOMES[outcome.outcome],
                monitor=visit.names.monitor(outcome.integration_id),
                service=visit.names.service(service_id),
                service_id=service_id,
                alert=alert,
                incident_number=incident.number if incident is not None else 0,
            )
        )
    return lines
