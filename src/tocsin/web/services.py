"""The list of services: what is run, who owns it, who is called, how it is. Reading only."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from tocsin.alerts.windows import window_at
from tocsin.directory.model import Service, ServiceStatus
from tocsin.engine.people import people_at
from tocsin.events.orchestration import PathKind, path_id
from tocsin.kernel.time import Moment
from tocsin.runtime.reads import OpenCounts
from tocsin.web.looks import Look
from tocsin.web.visit import Visit


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """One service."""

    service: Service
    look: Look
    policy: str
    teams: tuple[str, ...]
    on_call: tuple[tuple[str, str], ...]
    monitors: tuple[str, ...]
    open: OpenCounts
    last_at: Moment | None
    rules: int


def services_page(visit: Visit) -> Response:
    """`/services`."""
    open_by_service = visit.site.reads.open_by_service()
    wanted = visit.query("q").casefold()
    seen = [service for service in visit.config.services.values() if visit.may_read(service)]
    shown = [service for service in seen if wanted in service.name.casefold()]
    last_at = visit.site.reads.last_incidents([service.id for service in shown])
    lines = [
        _line(visit, service, open_by_service.get(service.id, OpenCounts()), last_at.get(service.id))
        for service in shown
    ]
    lines.sort(key=lambda line: (-line.open.triggered, -line.open.all, line.service.name.casefold()))
    return visit.page("services.html", lines=lines, wanted=visit.query("q"), total=len(seen))


def _line(visit: Visit, service: Service, counts: OpenCounts, last_at: Moment | None) -> ServiceLine:
    config, names = visit.config, visit.names
    policy = config.policies.get(service.policy_id)
    first = people_at(config, visit.now)(policy.rules[0]).user_ids if policy is not None and policy.rules else ()
    return ServiceLine(
        service=service,
        look=_look(service, counts, maintained=window_at(config.windows_of.get(service.id, ()), visit.now) is not None),
        policy=policy.name if policy is not None else "(removed policy)",
        teams=tuple(map(names.team, policy.team_ids)) if policy is not None else (),
        on_call=tuple((user_id, names.person(user_id)) for user_id in first),
        monitors=tuple(one.name for one in config.integrations_of.get(service.id, ())),
        open=counts,
        last_at=last_at,
        rules=_rules(visit, service),
    )


def state_of(visit: Visit, service: Service) -> tuple[OpenCounts, Look]:
    """How many incidents of a service are open, and how it is in a glyph and a word."""
    counts = visit.site.reads.open_by_service([service.id]).get(service.id, OpenCounts())
    maintained = window_at(visit.config.windows_of.get(service.id, ()), visit.now) is not None
    return counts, _look(service, counts, maintained=maintained)


def _rules(visit: Visit, service: Service) -> int:
    path = visit.config.orchestration_paths.get(path_id(service.id, PathKind.SERVICE))
    return sum(len(one.rules) for one in path.sets) if path is not None else 0


def _look(service: Service, counts: OpenCounts, *, maintained: bool) -> Look:
    if service.status is ServiceStatus.DISABLED:
        return Look("suppressed", "Disabled", "quiet")
    if counts.triggered:
        return Look("triggered", "Triggered", "triggered")
    if counts.acknowledged:
        return Look("acknowledged", "In hand", "acknowledged")
    if maintained:
        return Look("maintenance", "In maintenance", "maintenance")
    return Look("resolved", "Operational", "resolved")
