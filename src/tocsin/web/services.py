"""The catalogue of services: what is run, who owns it, who is called, how it is.

Decides what can be asked for (name, team, state, owner), and that what burns comes first. Two hundred services are
read from memory; what is stored of them is asked for once for a whole page of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from tocsin.alerts.windows import window_at
from tocsin.directory.model import Service, ServiceStatus
from tocsin.engine.people import people_at
from tocsin.events.orchestration import PathKind, path_id
from tocsin.runtime.reads import Heard, OpenCounts
from tocsin.web.language import gettext as _
from tocsin.web.language import later
from tocsin.web.looks import OUTCOMES, Look
from tocsin.web.service_edit import may_make, owner_of, people_to_call, policies_to_choose
from tocsin.web.visit import Visit

PER_PAGE: Final = 50

STATES: Final = {
    "open": later("Something is open"),
    "triggered": later("Triggered"),
    "acknowledged": later("In hand"),
    "maintenance": later("In maintenance"),
    "operational": later("Operational"),
    "disabled": later("Disabled"),
}
"""What `?state=` may be, and how it is called."""

_LOOKS: Final = {
    "triggered": Look("triggered", later("Triggered"), "triggered"),
    "acknowledged": Look("acknowledged", later("In hand"), "acknowledged"),
    "maintenance": Look("maintenance", later("In maintenance"), "maintenance"),
    "operational": Look("resolved", later("Operational"), "resolved"),
    "disabled": Look("suppressed", later("Disabled"), "quiet"),
}


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """One service. `heard`: what any of its monitors said last, and `outcome` what became of that."""

    service: Service
    look: Look
    policy: str
    owner: str
    on_call: tuple[tuple[str, str], ...]
    monitors: tuple[str, ...]
    open: OpenCounts
    alerts: int
    heard: Heard | None
    outcome: Look | None
    rules: int


@dataclass(frozen=True, slots=True)
class Pager:
    """The addresses of the neighbouring pages ("" = none)."""

    newer: str
    older: str


def services_page(visit: Visit) -> Response:
    """`/services`, with `?q=`, `?team=`, `?state=`, `?owner=`, `?page=`."""
    counts = visit.site.reads.open_by_service()
    seen = [service for service in visit.config.services.values() if visit.may_read(service)]
    asked = {name: visit.query(name) for name in ("q", "team", "state", "owner")}
    states = {service.id: _state(visit, service, counts.get(service.id, OpenCounts())) for service in seen}
    found = [one for one in seen if _fits(visit, one, states[one.id], asked)]
    found.sort(key=lambda one: _order(one, counts.get(one.id, OpenCounts())))
    typed = visit.query("page")
    page = int(typed) if typed.isascii() and typed.isdigit() and 0 < len(typed) < 5 else 1
    page = max(1, min(page, -(-len(found) // PER_PAGE)))
    part = found[(page - 1) * PER_PAGE : page * PER_PAGE]
    return visit.page(
        "services.html",
        lines=_lines(visit, part, counts, states),
        asked=asked,
        is_filtered=any(asked.values()),
        states=STATES,
        by_state={name: list(states.values()).count(name) for name in _LOOKS},
        teams=_teams(visit),
        total=len(seen),
        matching=len(found),
        first=(page - 1) * PER_PAGE + 1,
        pager_=Pager(_address(asked, page - 1) if page > 1 else "",
                     _address(asked, page + 1) if page * PER_PAGE < len(found) else ""),
        may_make=may_make(visit),
        policies=policies_to_choose(visit) if not seen else [],
        people=people_to_call(visit) if not seen else [],
    )  # fmt: skip


def _address(asked: Mapping[str, str], page: int) -> str:
    values = {name: value for name, value in asked.items() if value} | ({"page": str(page)} if page > 1 else {})
    return f"/services?{urlencode(values)}" if values else "/services"


def _order(service: Service, counts: OpenCounts) -> tuple[int, int, tuple[str | int, ...]]:
    """What burns first; numbers in names count as numbers: Service 9 before Service 10."""
    parts = re.split(r"(\d+)", service.name.casefold())
    return -counts.triggered, -counts.all, tuple(int(part) if at % 2 else part for at, part in enumerate(parts))


def _fits(visit: Visit, service: Service, state: str, asked: Mapping[str, str]) -> bool:
    wanted = asked["state"]
    return (
        asked["q"].casefold() in service.name.casefold()
        and (not asked["team"] or asked["team"] in visit.config.team_ids_of_service(service.id))
        and (not asked["owner"] or asked["owner"] == service.owner_team_id)
        and (wanted not in STATES or wanted == state or (wanted == "open" and state in ("triggered", "acknowledged")))
    )


def _teams(visit: Visit) -> list[tuple[str, str]]:
    found = [(team.id, team.name) for team in visit.config.teams.values() if visit.may_read(team)]
    return sorted(found, key=lambda pair: pair[1].casefold())


def _lines(
    visit: Visit, services: Iterable[Service], counts: Mapping[str, OpenCounts], states: Mapping[str, str]
) -> list[ServiceLine]:
    every = list(services)
    integrations = {one.id: visit.config.integrations_of.get(one.id, ()) for one in every}
    heard = visit.site.reads.last_heard([each.id for own in integrations.values() for each in own])
    alerts = visit.site.reads.open_alerts_by_service([one.id for one in every])
    lines = []
    for one in every:
        own = integrations[one.id]
        last = max((heard[each.id] for each in own if each.id in heard), key=lambda said: said.at, default=None)
        lines.append(_line(visit, one, states[one.id], counts.get(one.id, OpenCounts()), last, alerts.get(one.id, 0)))
    return lines


def _line(
    visit: Visit, service: Service, state: str, counts: OpenCounts, heard: Heard | None, alerts: int
) -> ServiceLine:
    config, names = visit.config, visit.names
    policy = config.policies.get(service.policy_id)
    first = people_at(config, visit.now)(policy.rules[0]).user_ids if policy is not None and policy.rules else ()
    teams = tuple(map(names.team, policy.team_ids)) if policy is not None else ()
    return ServiceLine(
        service=service,
        look=_said(_LOOKS[state]),
        policy=policy.name if policy is not None else _("(removed policy)"),
        owner=owner_of(visit, service) or ", ".join(teams),
        on_call=tuple((user_id, names.person(user_id)) for user_id in first),
        monitors=tuple(one.name for one in config.integrations_of.get(service.id, ())),
        open=counts,
        alerts=alerts,
        heard=heard,
        outcome=OUTCOMES[heard.outcome] if heard is not None else None,
        rules=_rules(visit, service),
    )


def state_of(visit: Visit, service: Service) -> tuple[OpenCounts, Look]:
    """How many incidents of a service are open, and how it is in a glyph and a word."""
    counts = visit.site.reads.open_by_service([service.id]).get(service.id, OpenCounts())
    return counts, look_of(visit, service, counts)


def look_of(visit: Visit, service: Service, counts: OpenCounts) -> Look:
    """How a service with so many open incidents is, in a glyph and a word."""
    return _said(_LOOKS[_state(visit, service, counts)])


def _said(look: Look) -> Look:
    return Look(look.glyph, _(look.word), look.css)


def _rules(visit: Visit, service: Service) -> int:
    path = visit.config.orchestration_paths.get(path_id(service.id, PathKind.SERVICE))
    return sum(len(one.rules) for one in path.sets) if path is not None else 0


def _state(visit: Visit, service: Service, counts: OpenCounts) -> str:
    if service.status is ServiceStatus.DISABLED:
        return "disabled"
    if counts.triggered:
        return "triggered"
    if counts.acknowledged:
        return "acknowledged"
    maintained = window_at(visit.config.windows_of.get(service.id, ()), visit.now) is not None
    return "maintenance" if maintained else "operational"


ROUTES: Final[tuple[tuple[Any, ...], ...]] = (("/services", services_page),)
"""Path and page."""
