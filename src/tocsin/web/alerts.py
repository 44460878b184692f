"""What monitors said and what became of it: alerts, every event with its outcome and reason, and what was kept back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from tocsin.alerts.model import Alert
from tocsin.directory.model import Integration
from tocsin.directory.permissions import Verb
from tocsin.events.model import Outcome
from tocsin.kernel.errors import NotFound
from tocsin.runtime.reads import AlertFilter, EventOutcome, OutcomeFilter
from tocsin.web.looks import OUTCOMES, Look, alert_look
from tocsin.web.visit import Visit

PER_PAGE: Final = 50
_RAW_CHARS: Final = 200_000
_KEPT_BACK: Final = (Outcome.SUPPRESSED, Outcome.DROPPED, Outcome.QUARANTINED)


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab and its address."""

    name: str
    path: str
    here: bool


@dataclass(frozen=True, slots=True)
class EventLine:
    """One accepted event: how it ended and what alert and incident came of it."""

    event: EventOutcome
    look: Look
    monitor: str
    service: str
    alert: Alert | None
    incident_number: int


@dataclass(frozen=True, slots=True)
class AlertLine:
    """One alert in the list."""

    alert: Alert
    look: Look
    monitor: str
    service: str
    incident_number: int


@dataclass(frozen=True, slots=True)
class Pager:
    """The addresses of the neighbouring pages ("" = none)."""

    newer: str
    older: str


def alerts_page(visit: Visit) -> Response:
    """`/alerts`, with its tabs."""
    tab = visit.query("tab") if visit.query("tab") in ("events", "suppressed") else ""
    tabs = [
        Tab("Alerts", "/alerts", not tab),
        Tab("Events", "/alerts?tab=events", tab == "events"),
        Tab("Suppressed", "/alerts?tab=suppressed", tab == "suppressed"),
    ]
    if tab:
        lines, pager = _events(visit, tab)
        return visit.page("events.html", tabs=tabs, tab=tab, lines=lines, pager_=pager, **_way_in(visit))
    return _alerts(visit, tabs)


def event_page(visit: Visit) -> Response:
    """`/alerts/events/{seq}`: one event, its raw body and where it ended."""
    seq = int(visit.request.path_params["seq"])
    outcome = visit.site.reads.outcome(seq) if seq < 2**62 else None
    if outcome is None:
        raise NotFound("There is no event with this number, or it has not been decided yet.")
    line = lines_of_events(visit, [outcome])
    if not line:
        raise NotFound("There is no event with this number, or it has not been decided yet.")
    raw = visit.site.raw_event(seq)
    try_at = _where_to_try(visit, outcome) if raw is not None else ""
    alert = line[0].alert
    behind = alert.service_id if alert is not None else visit.config.service_behind(outcome.integration_id)
    service = visit.config.services.get(behind)
    return visit.page(
        "event.html",
        line=line[0],
        raw=None if raw is None else _readable(raw),
        try_at=try_at,
        asked_at=f"/services/{service.id}/simulate" if service is not None and visit.may_read(service) else "",
    )


def _where_to_try(visit: Visit, outcome: EventOutcome) -> str:
    """The tester with this event in it, of the orchestration or service by whose key it came; "" where it is gone."""
    entrance = visit.config.entrance(outcome.integration_id)
    if outcome.outcome is Outcome.RECORDED or entrance is None:
        return ""
    if isinstance(entrance, Integration):
        return f"/services/{entrance.service_id}/rules?event={outcome.seq}#try"
    orchestration = visit.config.orchestrations.get(entrance.orchestration_id)
    shown = orchestration is not None and visit.may_read(orchestration)
    return f"/orchestrations/{entrance.orchestration_id}?event={outcome.seq}#try" if shown else ""


def _alerts(visit: Visit, tabs: list[Tab]) -> Response:
    number = visit.query("page")
    page = int(number) if number.isascii() and number.isdigit() and 0 < len(number) < 6 else 1
    is_open = {"open": True, "resolved": False}.get(visit.query("state"))
    wanted = AlertFilter(is_open=is_open, sight=visit.sight)
    offset = (max(page, 1) - 1) * PER_PAGE
    listing = visit.site.reads.alerts(wanted, limit=PER_PAGE, offset=offset)
    found = visit.site.reads.incidents_by_id(alert.incident_id for alert in listing.items if alert.incident_id)
    lines = [
        AlertLine(
            alert=alert,
            look=alert_look(alert),
            monitor=visit.names.monitor(alert.scope),
            service=visit.names.service(alert.service_id),
            incident_number=found[alert.incident_id].number if alert.incident_id in found else 0,
        )
        for alert in listing.items
    ]
    state = f"state={visit.query('state')}&" if is_open is not None else ""
    pager = Pager(
        f"/alerts?{state}page={page - 1}" if page > 1 else "", f"/alerts?{state}page={page + 1}" if listing.more else ""
    )
    return visit.page("alerts.html", tabs=tabs, lines=lines, pager_=pager, state=visit.query("state"), **_way_in(visit))


def _events(visit: Visit, tab: str) -> tuple[list[EventLine], Pager]:
    before = visit.query("before")
    before_seq = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else 0
    outcomes = _KEPT_BACK if tab == "suppressed" else ()
    listing = visit.site.reads.outcomes(OutcomeFilter(outcomes=outcomes, before_seq=before_seq), limit=PER_PAGE)
    older = f"/alerts?tab={tab}&before={listing.items[-1].seq}" if listing.more else ""
    return lines_of_events(visit, listing.items), Pager(f"/alerts?tab={tab}" if before_seq else "", older)


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
                alert=alert,
                incident_number=incident.number if incident is not None else 0,
            )
        )
    return lines


def _way_in(visit: Visit) -> dict[str, Any]:
    """What a page without events says about sending one."""
    return {"example": _example(visit), "has_keys": bool(visit.config.integrations)}


def _example(visit: Visit) -> str:
    """A command that sends an event, with a real key of a service that the reader may edit ("" = none)."""
    for integration in visit.config.integrations.values():
        teams = visit.config.team_ids_of_service(integration.service_id)
        if visit.may(Verb.EDIT, teams):
            base = visit.site.public_url or f"{visit.request.url.scheme}://{visit.request.headers.get('host', '')}"
            body = {
                "routing_key": integration.key,
                "event_action": "trigger",
                "payload": {"summary": "A test alarm", "source": "me", "severity": "critical"},
            }
            return f"curl {base}/v2/enqueue -d '{json.dumps(body)}'"
    return ""


def _readable(raw: bytes) -> str:
    """The body as it came, indented when it is JSON."""
    text = raw.decode("utf-8", "replace")
    with suppress(ValueError, RecursionError):
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return text[:_RAW_CHARS]
