"""What monitors said and what became of it: alerts, every event with its outcome and reason, and what was kept back.

Decides what the address asks for. One event and one alert have pages of their own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from tocsin.alerts.model import Alert
from tocsin.directory.permissions import Verb
from tocsin.events.model import Outcome, Severity
from tocsin.kernel.errors import Invalid
from tocsin.kernel.time import Moment
from tocsin.runtime.reads import AlertAt, AlertFilter, OutcomeFilter
from tocsin.web.event_lines import EventLine, lines_of_events
from tocsin.web.language import gettext as _
from tocsin.web.language import later
from tocsin.web.looks import Look, alert_look
from tocsin.web.typed_times import moment_of
from tocsin.web.visit import Visit

PER_PAGE: Final = 50
LOOKED_THROUGH: Final = 20_000
"""Events among which a filter is looked for; the page then leads further back."""

_KEPT_BACK: Final = (Outcome.SUPPRESSED, Outcome.DROPPED, Outcome.QUARANTINED)
_STATES: Final = {"open": later("Open"), "resolved": later("Resolved"), "held": later("Kept from paging")}
_OUTCOMES: Final = {
    Outcome.OPENED: later("Opened an alert"),
    Outcome.REPEATED: later("Repeated"),
    Outcome.ACKNOWLEDGED: later("Acknowledged"),
    Outcome.RESOLVED: later("Resolved"),
    Outcome.SUPPRESSED: later("Suppressed"),
    Outcome.SUSPENDED: later("Suspended"),
    Outcome.DROPPED: later("Nothing to do"),
    Outcome.RECORDED: later("Recorded"),
    Outcome.QUARANTINED: later("Quarantined"),
}
_NO_SEVERITY: Final = "none"


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab and its address."""

    name: str
    path: str
    here: bool


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


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; "" = nothing. `after` and `before` are places in the list."""

    tab: str = ""
    q: str = ""
    state: str = ""
    severity: str = ""
    outcome: str = ""
    service: str = ""
    source: str = ""
    since: str = ""
    until: str = ""
    after: str = ""
    before: str = ""

    @property
    def path(self) -> str:
        """The address."""
        query = urlencode({name: value for name in _NAMES if (value := getattr(self, name))})
        return f"/alerts?{query}" if query else "/alerts"

    def but(self, **changes: str) -> Asked:
        """The beginning of the list with something else asked for."""
        return replace(self, **({"after": "", "before": ""} | changes))

    @property
    def is_filtered(self) -> bool:
        """Whether anything but a tab is asked for."""
        return any(getattr(self, name) for name in _NAMES if name not in ("tab", "after", "before"))


_NAMES: Final = tuple(field.name for field in fields(Asked))


def alerts_page(visit: Visit) -> Response:
    """`/alerts`, with its tabs."""
    asked = Asked(**{name: visit.query(name).strip() for name in _NAMES})
    asked = replace(
        asked,
        tab=asked.tab if asked.tab in ("events", "suppressed") else "",
        state=asked.state if asked.state in _STATES else "",
        severity=asked.severity if asked.severity in (*Severity, _NO_SEVERITY) else "",
        outcome=asked.outcome if asked.outcome in tuple(Outcome) else "",
    )
    problem = None
    try:
        since, until = _moments(visit, asked)
    except Invalid as error:
        problem, since, until = error, None, None
    shared = {"tabs": _tabs(asked), "asked": asked, "error": problem, **_choices(visit), **_way_in(visit)}
    if asked.tab:
        lines, pager, looked_to = _events(visit, asked, since, until)
        return visit.page("events.html", lines=lines, pager_=pager, looked_to=looked_to, **shared)
    lines_, pager, looked = _alerts(visit, asked, since, until)
    return visit.page("alerts.html", lines=lines_, pager_=pager, looked_to=looked, **shared)


def _tabs(asked: Asked) -> list[Tab]:
    names = (("", _("Alerts")), ("events", _("Events")), ("suppressed", _("Suppressed")))
    return [Tab(name, Asked(tab=key).path, asked.tab == key) for key, name in names]


def _moments(visit: Visit, asked: Asked) -> tuple[Moment | None, Moment | None]:
    since = moment_of(visit.times, asked.since, _("Since")) if asked.since else None
    return since, moment_of(visit.times, asked.until, _("Until")) if asked.until else None


def _alerts(
    visit: Visit, asked: Asked, since: Moment | None, until: Moment | None
) -> tuple[list[AlertLine], Pager, Moment | None]:
    wanted = AlertFilter(
        is_open=True if asked.state in ("open", "held") else False if asked.state == "resolved" else None,
        suppressed=True if asked.state == "held" else None,
        service_ids=(asked.service,) if asked.service else (),
        integration_ids=(asked.source,) if asked.source else (),
        severities=("" if asked.severity == _NO_SEVERITY else asked.severity,) if asked.severity else (),
        words=asked.q,
        since=since,
        until=until,
        sight=visit.sight,
    )
    back = bool(asked.before)
    part = visit.site.reads.alerts_near(wanted, _place(asked.before or asked.after), limit=PER_PAGE, backwards=back)
    lines = alert_lines(visit, part.items)
    newer = older = ""
    if part.before:
        newer = asked.but(before=_written(part.items[0])).path if part.items else asked.but().path
    if part.after and part.looked_to is not None and not back:
        older = asked.but(after=f"{part.looked_to}.").path
    elif part.after and part.items:
        older = asked.but(after=_written(part.items[-1])).path
    return lines, Pager(newer, older), part.looked_to


def alert_lines(visit: Visit, alerts: tuple[Alert, ...]) -> list[AlertLine]:
    """Alerts as a list shows them."""
    found = visit.site.reads.incidents_by_id(alert.incident_id for alert in alerts if alert.incident_id)
    return [
        AlertLine(
            alert=alert,
            look=alert_look(alert),
            monitor=visit.names.monitor(alert.scope),
            service=visit.names.service(alert.service_id),
            incident_number=found[alert.incident_id].number if alert.incident_id in found else 0,
        )
        for alert in alerts
    ]


def _written(alert: Alert) -> str:
    return f"{alert.created_at}.{alert.id}"


def _place(text: str) -> AlertAt | None:
    moment, _dot, alert_id = text.partition(".")
    if not (moment.isascii() and moment.isdigit() and len(moment) < 19):
        return None
    return AlertAt(int(moment), alert_id[:40])


def _events(
    visit: Visit, asked: Asked, since: Moment | None, until: Moment | None
) -> tuple[list[EventLine], Pager, int]:
    """The lines, the neighbouring pages, and the number of the event at which the search stopped (0 = it did not)."""
    before = int(asked.before) if asked.before.isascii() and asked.before.isdigit() and len(asked.before) < 19 else 0
    outcomes: tuple[Outcome, ...] = _KEPT_BACK if asked.tab == "suppressed" else ()
    if asked.outcome and (not outcomes or asked.outcome in outcomes):
        outcomes = (Outcome(asked.outcome),)
    sources = _sources(visit, asked)
    newer = asked.but().path if before else ""
    if sources == ():
        return [], Pager(newer, ""), 0
    wanted = OutcomeFilter(
        outcomes=outcomes,
        integration_ids=sources or (),
        before_seq=before,
        since=since,
        until=until,
        within=LOOKED_THROUGH,
    )
    listing, looked_to = visit.site.reads.outcomes_near(wanted, limit=PER_PAGE)
    end = listing.items[-1].seq if listing.more else looked_to
    older = asked.but(before=str(end)).path if end else ""
    return lines_of_events(visit, listing.items), Pager(newer, older), looked_to


def _sources(visit: Visit, asked: Asked) -> tuple[str, ...] | None:
    """By which keys the events wanted came in; None = by any, () = by none that there is."""
    config = visit.config
    if asked.source:
        return (asked.source,)
    if asked.service:
        return tuple(one.id for one in config.integrations_of.get(asked.service, ()))
    if visit.sight is None:
        return None
    services = filter(visit.may_read, config.services.values())
    own = [one.id for service in services for one in config.integrations_of.get(service.id, ())]
    orchestrations = filter(visit.may_read, config.orchestrations.values())
    return (*own, *(key.id for one in orchestrations for key in config.keys_of.get(one.id, ())))


def _choices(visit: Visit) -> dict[str, Any]:
    """What the filters offer."""
    config = visit.config
    services = sorted(filter(visit.may_read, config.services.values()), key=lambda one: one.name.casefold())
    sources = [
        (one.id, f"{service.name}: {one.name}")
        for service in services
        for one in config.integrations_of.get(service.id, ())
    ]
    orchestrations = sorted(filter(visit.may_read, config.orchestrations.values()), key=lambda one: one.name.casefold())
    sources += [(key.id, f"{one.name}: {key.name}") for one in orchestrations for key in config.keys_of.get(one.id, ())]
    return {
        "services": services,
        "sources": sources,
        "states": _STATES,
        "outcomes": _OUTCOMES,
        "kept_back": _KEPT_BACK,
        "severities": [*(one.value for one in Severity), _NO_SEVERITY],
    }


def _way_in(visit: Visit) -> dict[str, Any]:
    """What a page without events says about sending one."""
    return {"example": _example(visit), "has_keys": bool(visit.config.integrations)}


def _example(visit: Visit) -> str:
    """A command that sends an event, with a real key of a service that the reader may edit ("" = none)."""
    for integration in visit.config.integrations.values():
        if visit.may(Verb.EDIT, visit.config.team_ids_of_service(integration.service_id)):
            base = visit.site.public_url or f"{visit.request.url.scheme}://{visit.request.headers.get('host', '')}"
            body = {
                "routing_key": integration.key,
                "event_action": "trigger",
                "payload": {"summary": "A test alarm", "source": "me", "severity": "critical"},
            }
            return f"curl {base}/v2/enqueue -d '{json.dumps(body)}'"
    return ""
