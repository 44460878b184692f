"""One incident: what it is, who has it, what is next, what was tried, and why each person was or was not paged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.responses import Response

from tocsin.alerts.model import Alert
from tocsin.escalation.model import Policy
from tocsin.incidents.model import Incident, Status
from tocsin.kernel.errors import NotFound, TocsinError
from tocsin.kernel.wording import phrase
from tocsin.runtime.reads import IncidentFilter, Listing, TimelineEntry, TimelineFilter
from tocsin.web.beside import changes_before, past_alike
from tocsin.web.compose import people_to_call
from tocsin.web.fields import lines_of as fields_of
from tocsin.web.ladder import Scene, ladder_of
from tocsin.web.language import later
from tocsin.web.looks import Look, alert_look, incident_look
from tocsin.web.rows import may_respond, next_of
from tocsin.web.timeline import Show, lines_of
from tocsin.web.visit import Visit
from tocsin.web.why import whys_of
from tocsin.web.workflows import callable_now, runnable

ENTRIES_MAX: Final = 1000
ALERTS_SHOWN: Final = 50
ORDER_COOKIE: Final = "tocsin-order"

SNOOZES: Final = (
    (900, later("15 min")),
    (3600, later("1 h")),
    (4 * 3600, later("4 h")),
    (8 * 3600, later("8 h")),
    (24 * 3600, later("1 day")),
)
"""Seconds, and the word on the button."""


SHOW_WORDS: Final = {
    Show.ALL: later("All"),
    Show.PEOPLE: later("People"),
    Show.PAGES: later("Pages"),
    Show.ALERTS: later("Alerts"),
    Show.CHANGES: later("Changes"),
}


@dataclass(frozen=True, slots=True)
class Refused:
    """An action that was refused: which, why, and what was typed."""

    action: str
    error: TocsinError
    typed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AlertCard:
    """One alert of the incident."""

    alert: Alert
    look: Look
    monitor: str
    details: tuple[tuple[str, str], ...]


def incident_page(visit: Visit) -> Response:
    """`/incidents/{number}`."""
    return show(visit, found(visit))


def found(visit: Visit) -> Incident:
    """The incident that the address names. Raises NotFound also for one that this reader may not see."""
    number = str(visit.request.path_params["number"])
    incident = visit.site.reads.incident(number)
    if incident is None or not visible(visit, incident):
        raise NotFound(phrase("There is no incident %(number)s.", number=number[:12]))
    return incident


def visible(visit: Visit, incident: Incident) -> bool:
    """Whether the reader may see it."""
    sight = visit.sight
    if sight is None or set(incident.team_ids) & sight.team_ids:
        return True
    return bool(sight.user_id) and sight.user_id in incident.assignee_ids


def policy_of(visit: Visit, incident: Incident) -> Policy | None:
    """The policy as it was when the incident was assigned, else as it is."""
    snapshot = incident.policy_snapshot
    was = visit.site.reads.policy_as_it_was(snapshot) if snapshot else None
    return was or visit.config.policies.get(incident.policy_id)


def show(visit: Visit, incident: Incident, refused: Refused | None = None, code: int = 200) -> Response:
    """The page of this incident, with what was refused and typed where an action did not work."""
    reads = visit.site.reads
    if visit.request.method == "POST":
        visit.shown_at = f"/incidents/{incident.number}"
    entries = _entries(visit, incident)
    policy = policy_of(visit, incident)
    pages = reads.pages_of(incident.id)
    scene = Scene(incident, policy, visit.config, pages, entries.items, visit.names, visit.times)
    shown, newest_first = _show(visit), _newest_first(visit)
    alerts = reads.alerts_of(incident.id, limit=ALERTS_SHOWN, newest_first=True, want_total=True)
    response = visit.page(
        "incident.html",
        code,
        incident=incident,
        look=incident_look(incident),
        next=next_of(visit, incident, policy),
        ladder=ladder_of(scene),
        **_whys(visit, scene),
        lines=lines_of(entries.items, visit.names, shown, newest_first=newest_first),
        more_entries=entries.more,
        shown=shown,
        show_words=SHOW_WORDS,
        shows=list(Show),
        newest_first=newest_first,
        cards=[card_of(visit, alert) for alert in alerts.items],
        links=_links(visit, incident, alerts.items),
        alerts_total=alerts.total or 0,
        may_act=may_respond(visit, incident),
        refused=refused,
        snoozes=SNOOZES,
        next_level=_next_level(incident, policy),
        **_fields(visit, incident, refused),
        workflows=runnable(visit, incident),
        webhooks=callable_now(alerts.items),
        changes=changes_before(visit, incident),
        # What is over does not change: an open page that asks again has it already.
        past=[] if visit.is_refresh else past_alike(visit, incident),
        **_choices(visit, incident),
    )
    if visit.query("order") in ("newest", "oldest") and not visit.is_refresh:
        response.set_cookie(ORDER_COOKIE, visit.query("order"), max_age=31_536_000, samesite="lax", httponly=True)
    return response


def _whys(visit: Visit, scene: Scene) -> dict[str, Any]:
    """Why each person was paged.

    What a reader who has no part in it is told of themselves stands apart: an open page keeps it, the rest is shared.
    """
    whys = whys_of(scene, "")
    if visit.is_among(one.user_id for one in whys):
        return {"whys": whys_of(scene, visit.me.id), "why_me": [], "keeps_why_me": False}
    apart = [] if visit.is_refresh else [one for one in whys_of(scene, visit.me.id) if one.me]
    return {"whys": whys, "why_me": apart, "keeps_why_me": visit.is_refresh}


def _links(visit: Visit, incident: Incident, alerts: Sequence[Alert]) -> tuple[tuple[str, str], ...]:
    """Where it is written what to do, how the service is doing, what it is made of. An alert's runbook counts first."""
    service = visit.config.services.get(incident.service_id)
    of_alerts = next((alert.runbook_url for alert in alerts if alert.runbook_url), "")
    runbook = incident.runbook_url or of_alerts or incident.runbook(service)
    if service is None:
        return ((later("Runbook"), runbook),)
    return (
        (later("Runbook"), runbook),
        (later("Dashboard"), service.dashboard_url or ""),
        (later("Code"), service.repository_url or ""),
    )


def _fields(visit: Visit, incident: Incident, refused: Refused | None) -> dict[str, Any]:
    """The incident's type, if it is not the base one, what it may be instead, and the custom fields that it has."""
    index = visit.config.fields
    form = visit if refused is not None and refused.action == "fields" else None
    kind = index.type_named(incident.type_name) if incident.type_name else None
    return {
        "type_name": kind.display_name if kind is not None else incident.type_name,
        "types": [one for one in index.types.values() if one.enabled] if index.stored_types else [],
        "fields": fields_of(index.of_type(incident.type_name), incident.field_values, form),
    }


def _choices(visit: Visit, incident: Incident) -> dict[str, Any]:
    """What the forms offer: people, priorities, and open incidents to merge with."""
    config = visit.config
    open_ones = IncidentFilter(statuses=(Status.TRIGGERED, Status.ACKNOWLEDGED), sight=visit.sight)
    others = visit.site.reads.incidents(open_ones, limit=ALERTS_SHOWN).items if incident.is_open else ()
    service = config.services.get(incident.service_id)
    return {
        "service": service,
        "service_name": visit.names.service(incident.service_id),
        "teams": tuple(map(visit.names.team, incident.team_ids)),
        "people": people_to_call(visit),
        "priorities": sorted(config.priorities.values(), key=lambda one: (one.order, one.name)),
        "priority": config.priorities.get(incident.priority_id or ""),
        "others": [one for one in others if one.id != incident.id],
        "assignees": [(user_id, visit.names.person(user_id)) for user_id in incident.assignee_ids],
        "merged_into": visit.names.incident(incident.merged_into) if incident.merged_into else "",
    }


def _entries(visit: Visit, incident: Incident) -> Listing[TimelineEntry]:
    """The newest entries, oldest first."""
    wanted = TimelineFilter(incident_id=incident.id)
    listing = visit.site.reads.timeline(wanted, limit=ENTRIES_MAX, newest_first=True)
    return Listing(tuple(reversed(listing.items)), listing.more)


def _show(visit: Visit) -> Show:
    wanted = visit.query("show")
    return Show(wanted) if wanted in list(Show) else Show.ALL


def _newest_first(visit: Visit) -> bool:
    return (visit.query("order") or visit.request.cookies.get(ORDER_COOKIE, "")) != "oldest"


def _next_level(incident: Incident, policy: Policy | None) -> int:
    """The level that "escalate now" calls; 0 = there is none further."""
    levels = len(policy.rules) if policy is not None else 0
    return incident.level + 1 if incident.level < levels else 0


def card_of(visit: Visit, alert: Alert) -> AlertCard:
    """An alert as a card."""
    details = tuple((str(key), _plain(value)) for key, value in alert.details.items())
    return AlertCard(alert, alert_look(alert), visit.names.monitor(alert.scope), details)


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_plain(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value))
    return "" if value is None else str(value)
