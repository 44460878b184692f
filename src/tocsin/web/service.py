"""A service's page: all that is known of one service in one place, and what is done from there with one press.

Decides wording and what stands together. What a change means the engine says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from tocsin.alerts.model import Alert
from tocsin.alerts.windows import MaintenanceWindow
from tocsin.directory.business import BusinessService, Dependency
from tocsin.directory.model import Service
from tocsin.directory.permissions import Verb
from tocsin.engine.people import people_at
from tocsin.engine.things import DeleteThing, SaveThing
from tocsin.escalation.model import Policy, TargetKind
from tocsin.events.orchestration import PathKind
from tocsin.incidents.model import Status
from tocsin.kernel.errors import Invalid, NotFound
from tocsin.kernel.time import DAY, HOUR, Moment
from tocsin.oncall import next_on_call, shifts_at
from tocsin.runtime.reads import AlertFilter, IncidentFilter, Listing, OpenCounts
from tocsin.web import entrances, guard
from tocsin.web.fields import lines_of
from tocsin.web.language import gettext as _
from tocsin.web.looks import Look, alert_look
from tocsin.web.rows import rows_of
from tocsin.web.rules.blocks import blocks_of, path_of
from tocsin.web.rules.pages import found_service, routers_to
from tocsin.web.service_edit import owner_of
from tocsin.web.service_history import HEIGHT, NAMES, history_of
from tocsin.web.service_words import settings_of
from tocsin.web.services import look_of, state_of
from tocsin.web.visit import Visit
from tocsin.web.windows import ahead, running

_OPEN: Final = (Status.TRIGGERED, Status.ACKNOWLEDGED)
SHOWN: Final = 5
"""Open incidents on the page; the list has all."""

ALERTS_SHOWN: Final = 6
NOISE_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class AlertCard:
    """An open alert: how it stands, who reported it, of which incident it is (0 = of none)."""

    alert: Alert
    look: Look
    monitor: str
    incident_number: int


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody's turn. `start` None = now, `end` None = further than one can see."""

    user_id: str
    name: str
    start: Moment | None
    end: Moment | None


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A service, or a business service, that this one needs or that needs it. `look`: how that one is, if known."""

    name: str
    path: str
    dependency_id: str
    look: Look | None


@dataclass(frozen=True, slots=True)
class Link:
    """Where to look. `note` says where the address comes from, if not from the form."""

    name: str
    address: str
    note: str


def service_page(visit: Visit) -> Response:
    """`/services/{id}`."""
    service = found_service(visit)
    config = visit.config
    teams = config.team_ids_of_service(service.id)
    editable = visit.may(Verb.EDIT, teams)
    policy = config.policies.get(service.policy_id)
    seen_policy = policy if policy is not None and visit.may_read(policy) else None
    counts, look = state_of(visit, service)
    wanted = IncidentFilter(service_ids=(service.id,), statuses=_OPEN, sight=visit.sight)
    open_now = visit.site.reads.incidents(wanted, limit=SHOWN).items
    alerts = _alerts(visit, service)
    (block,) = blocks_of(visit, [path_of(visit, service.id, PathKind.SERVICE)])
    own = config.integrations_of.get(service.id, ())
    needs, needed_by = _neighbours(visit, service)
    return visit.page(
        "service.html",
        service=service,
        look=look,
        policy=seen_policy,
        on_call=_on_call(visit, policy),
        following=list(_following(visit, seen_policy)),
        teams=list(map(visit.names.team, teams)),
        owner=owner_of(visit, service),
        links=_links(service),
        settings=settings_of(service, config),
        fields=[line for line in lines_of(config.fields.of_services, service.field_values) if line.values],
        only_kept=visit.site.only_kept(service, config),
        open=counts,
        rows=rows_of(visit, open_now),
        alerts=_cards(visit, alerts.items),
        alerts_total=alerts.total or 0,
        history=history_of(visit, service, own),
        spans=NAMES,
        height=HEIGHT,
        noise=visit.site.reads.noise(service.id, [one.id for one in own], visit.now - NOISE_DAYS * DAY),
        monitors=entrances.lines(visit, own, editable=editable),
        kinds=visit.site.monitors,
        block=block,
        routers=routers_to(visit, service.id),
        windows=running(visit, service.id),
        coming=ahead(visit, service.id),
        needs=needs,
        needed_by=needed_by,
        to_need=_to_need(visit, service) if editable else [],
        editable=editable,
        undo=_undo(visit),
    )


def _on_call(visit: Visit, policy: Policy | None) -> list[tuple[str, str]]:
    first = people_at(visit.config, visit.now)(policy.rules[0]).user_ids if policy is not None and policy.rules else ()
    return [(user_id, visit.names.person(user_id)) for user_id in first]


def _following(visit: Visit, policy: Policy | None) -> Iterator[Turn]:
    """Until when the turns of the first level last, and who comes then."""
    config = visit.config
    for target in policy.rules[0].targets if policy is not None and policy.rules else ():
        schedule = config.schedules.get(target.id) if target.kind is not TargetKind.USER else None
        if schedule is None or not visit.may_read(schedule):
            continue
        exceptions = config.exceptions_of.get(schedule.id, ())
        for shift in shifts_at(schedule, exceptions, visit.now):
            yield Turn(shift.user_id, visit.names.person(shift.user_id), None, shift.end)
        after = next_on_call(schedule, exceptions, visit.now)
        if after is not None:
            yield Turn(after.user_id, visit.names.person(after.user_id), after.start, after.end)


def _alerts(visit: Visit, service: Service) -> Listing[Alert]:
    """The newest open alerts of every source."""
    wanted = AlertFilter(service_ids=(service.id,), is_open=True, sight=visit.sight)
    return visit.site.reads.alerts(wanted, limit=ALERTS_SHOWN, want_total=True)


def _cards(visit: Visit, alerts: tuple[Alert, ...]) -> list[AlertCard]:
    found = visit.site.reads.incidents_by_id(alert.incident_id for alert in alerts if alert.incident_id)
    numbers = {incident_id: incident.number for incident_id, incident in found.items()}
    return [
        AlertCard(alert, alert_look(alert), visit.names.monitor(alert.scope), numbers.get(alert.incident_id, 0))
        for alert in alerts
    ]


def _links(service: Service) -> list[Link]:
    note = _("from the description") if service.runbook and not service.runbook_url else ""
    return [
        Link(_("Runbook"), service.runbook, note),
        Link(_("Dashboard"), service.dashboard_url or "", ""),
        Link(_("Code"), service.repository_url or "", ""),
    ]


def _neighbours(visit: Visit, service: Service) -> tuple[list[Neighbour], list[Neighbour]]:
    """What it needs, and what needs it, of what the reader may see."""
    config = visit.config
    needs = [
        (one.id, (config.business_services if one.supporting_is_business else config.services).get(one.supporting_id))
        for one in config.dependencies_of.get(service.id, ())
    ]
    needed_by = [
        (one.id, (config.business_services if one.dependent_is_business else config.services).get(one.dependent_id))
        for one in config.dependencies.values()
        if one.supporting_id == service.id and not one.supporting_is_business
    ]
    return list(_named(visit, needs)), list(_named(visit, needed_by))


def _named(visit: Visit, things: list[tuple[str, Service | BusinessService | None]]) -> Iterator[Neighbour]:
    seen = [(dependency_id, one) for dependency_id, one in things if one is not None and visit.may_read(one)]
    counts = visit.site.reads.open_by_service([one.id for _id, one in seen]) if seen else {}
    for dependency_id, one in seen:
        if isinstance(one, BusinessService):
            yield Neighbour(one.name, f"/business-services#b-{one.id}", dependency_id, None)
        else:
            look = look_of(visit, one, counts.get(one.id, OpenCounts()))
            yield Neighbour(one.name, f"/services/{one.id}", dependency_id, look)


def _to_need(visit: Visit, service: Service) -> list[tuple[str, str]]:
    """What it may be said to need: the services that the reader sees and that it does not need yet."""
    known = {one.supporting_id for one in visit.config.dependencies_of.get(service.id, ())} | {service.id}
    found = [one for one in visit.config.services.values() if one.id not in known and visit.may_read(one)]
    return [(one.id, one.name) for one in sorted(found, key=lambda one: one.name.casefold())]


def maintain(visit: Visit) -> Response:
    """POST `/services/{id}/maintain`: a window of an hour, from now on."""
    service = found_service(visit)
    text = _("Announced from the page of the service")
    window = MaintenanceWindow(
        id="", start=visit.now, end=visit.now + HOUR, service_ids=(service.id,), description=text
    )
    made: MaintenanceWindow = visit.run(SaveThing(thing_kind="maintenance_window", thing=window))
    return visit.go(f"/services/{service.id}", f"maintained.{made.id}")


def _undo(visit: Visit) -> str:
    """The window that was announced a moment ago from here and still runs, "" if none was."""
    did, _dot, window_id = guard.said(visit.request).partition(".")
    window = visit.config.maintenance_windows.get(window_id) if did == "maintained" else None
    return window.id if window is not None and window.runs(visit.now) else ""


def need(visit: Visit) -> Response:
    """POST `/services/{id}/need`: it needs another service."""
    service = found_service(visit)
    other = visit.config.services.get(visit.text("needs", 40))
    if other is None or not visit.may_read(other):
        raise Invalid(_("Choose what it needs."))
    dependency = Dependency(id="", dependent_id=service.id, supporting_id=other.id)
    visit.run(SaveThing(thing_kind="dependency", thing=dependency))
    return visit.go(f"/services/{service.id}#needs", "saved")


def need_not(visit: Visit) -> Response:
    """POST `/services/{id}/need-not`: it does not need another any more."""
    service = found_service(visit)
    dependency = visit.config.dependencies.get(visit.text("dependency", 40))
    if dependency is None or dependency.dependent_id != service.id:
        raise NotFound(_("It was removed already."))
    visit.run(DeleteThing(thing_kind="dependency", thing_id=dependency.id))
    return visit.go(f"/services/{service.id}#needs", "saved")


ROUTES: Final[tuple[tuple[Any, ...], ...]] = (
    ("/services/{id}", service_page),
    ("/services/{id}/maintain", maintain, "POST"),
    ("/services/{id}/need", need, "POST"),
    ("/services/{id}/need-not", need_not, "POST"),
)
"""Path, page, and the method where it is not GET."""
