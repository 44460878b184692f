"""A service's page: all that is known of one service in one place, and the form for what only Tocsin knows of it.

Decides wording and what stands together. What a change means the engine says; what clients set stays as they set it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from starlette.responses import Response

from tocsin.directory.business import BusinessService
from tocsin.directory.model import Integration, Service, UrgencyRule, UrgencyRuleKind
from tocsin.directory.permissions import Verb
from tocsin.engine.config import Config
from tocsin.engine.people import people_at
from tocsin.engine.things import SaveThing
from tocsin.events.orchestration import PathKind
from tocsin.incidents.model import Status
from tocsin.kernel.errors import Conflict, TocsinError
from tocsin.kernel.time import SECOND, Moment
from tocsin.kernel.wording import span_words
from tocsin.runtime.reads import IncidentFilter, OutcomeFilter
from tocsin.web.names import isolated
from tocsin.web.problems import at_fields
from tocsin.web.rows import rows_of
from tocsin.web.rules.blocks import blocks_of, path_of
from tocsin.web.rules.pages import found_service, routers_to
from tocsin.web.services import state_of
from tocsin.web.visit import Visit, status_of
from tocsin.web.windows import ahead, running

_OPEN: Final = (Status.TRIGGERED, Status.ACKNOWLEDGED)
SHOWN: Final = 5
"""Open incidents on the page; the list has all."""

_LOOKED_AT: Final = 100
"""The service's newest events, of which each of its monitors' last one is taken."""

_FIELDS: Final = ("runbook_url", "dashboard_url", "repository_url", "owner_team_id", "component")
"""What the form sets: what only Tocsin knows of a service, so that no client's change touches it."""

_LABELS: Final = {
    "Runbook": "runbook_url",
    "Dashboard": "dashboard_url",
    "Repository": "repository_url",
    "Owner team": "owner_team_id",
    "Component": "component",
}
"""How the engine's sentences begin -> the field at which they stand."""


@dataclass(frozen=True, slots=True)
class Monitor:
    """A key of the service. `example` is a command that sends an event by it, "" where the reader may not edit."""

    integration: Integration
    last_at: Moment | None
    example: str


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A service, or a business service, that this one needs or that needs it."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Link:
    """Where to look. `note` says where the address comes from, if not from the form."""

    name: str
    address: str
    note: str


def service_page(visit: Visit) -> Response:
    """`/services/{id}`."""
    return _show(visit, found_service(visit))


def save_service(visit: Visit) -> Response:
    """POST `/services/{id}`: what only Tocsin knows of it. Refused when somebody changed the service meanwhile."""
    service = found_service(visit)
    typed = {name: visit.text(name, 20_000).strip() for name in _FIELDS}
    changed = replace(service, **{name: text or None for name, text in typed.items()})  # type: ignore[arg-type]
    seen = visit.text("seen", 20)
    try:
        if seen and seen != str(service.updated_at):
            raise Conflict("Somebody has changed this service since you opened the page. Look, and save it again.")
        command = SaveThing(thing_kind="service", thing=changed, fields=_FIELDS, seen_at=service.updated_at)
        visit.run(command)
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        return _show(visit, found_service(visit), status_of(error), error=error, typed=typed)
    return visit.go(f"/services/{service.id}#about", "saved")


def _show(
    visit: Visit,
    service: Service,
    code: int = 200,
    *,
    error: TocsinError | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    config, names = visit.config, visit.names
    teams = config.team_ids_of_service(service.id)
    editable = visit.may(Verb.EDIT, teams)
    policy = config.policies.get(service.policy_id)
    first = people_at(config, visit.now)(policy.rules[0]).user_ids if policy is not None and policy.rules else ()
    counts, look = state_of(visit, service)
    wanted = IncidentFilter(service_ids=(service.id,), statuses=_OPEN, sight=visit.sight)
    open_now = visit.site.reads.incidents(wanted, limit=SHOWN).items
    (block,) = blocks_of(visit, [path_of(visit, service.id, PathKind.SERVICE)])
    needs, needed_by = _neighbours(visit, service)
    at, other = at_fields(error, _LABELS)
    return visit.page(
        "service.html",
        code,
        service=service,
        look=look,
        policy=policy if policy is not None and visit.may_read(policy) else None,
        on_call=[(user_id, names.person(user_id)) for user_id in first],
        teams=list(map(names.team, teams)),
        owner=_owner(visit, service),
        links=_links(service),
        settings=_settings(service, config),
        only_kept=visit.site.only_kept(service, config),
        open=counts,
        rows=rows_of(visit, open_now),
        monitors=_monitors(visit, service, editable=editable),
        block=block,
        routers=routers_to(visit, service.id),
        windows=running(visit, service.id),
        coming=ahead(visit, service.id),
        needs=needs,
        needed_by=needed_by,
        editable=editable,
        every_team=_teams_to_own(visit, service),
        typed=typed or {name: getattr(service, name) or "" for name in _FIELDS},
        problems=at,
        other=other,
        error=error,
    )


def _owner(visit: Visit, service: Service) -> str:
    """Who answers for it, where that is named; a team that the reader may not see has no name here."""
    team = visit.config.teams.get(service.owner_team_id or "")
    if team is None:
        return "a removed team" if service.owner_team_id else ""
    return isolated(team.name) if visit.may_read(team) else "a team that you don’t see"


def _links(service: Service) -> list[Link]:
    note = "from the description" if service.runbook and not service.runbook_url else ""
    return [
        Link("Runbook", service.runbook, note),
        Link("Dashboard", service.dashboard_url or "", ""),
        Link("Code", service.repository_url or "", ""),
    ]


def _settings(service: Service, config: Config) -> list[tuple[str, str]]:
    """How it behaves, as words; each of these is acted upon."""
    hours = service.support_hours
    found = [
        ("Urgency", _urgency(service.urgency_rule)),
        ("Support hours", _hours(service) if hours is not None else ""),
        ("Acknowledged is open again after", _span(service.acknowledgement_timeout)),
        ("Resolves itself after", _span(service.auto_resolve_timeout)),
        ("New alerts wait", _pause(service)),
        ("Alerts join", _grouping(service, config)),
        ("After a window", "" if service.judges_after_windows else "what began in it never pages"),
        ("Made urgent", service.raise_at.replace("_", " ").replace("support hours", "when support hours")),
        ("If nobody answers", "" if service.last_resort else "nobody else is called"),
    ]
    return [(name, words) for name, words in found if words]


def _urgency(rule: UrgencyRule) -> str:
    if rule.kind is UrgencyRuleKind.USE_SUPPORT_HOURS:
        return f"{_worded(rule.during)} in support hours, {_worded(rule.outside)} outside"
    return _worded("severity_based" if rule.kind is UrgencyRuleKind.SEVERITY_BASED else rule.urgency)


def _worded(urgency: str) -> str:
    return "by severity" if urgency == "severity_based" else urgency


def _hours(service: Service) -> str:
    hours = service.support_hours
    if hours is None:
        return ""
    days = ", ".join(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[day - 1] for day in sorted(hours.days))
    begin, end = (f"{second // 3600:02}:{second // 60 % 60:02}" for second in (hours.start_second, hours.end_second))
    return f"{days} {begin}–{end} {hours.time_zone}"


def _span(seconds: int | None) -> str:
    return span_words(seconds * SECOND) if seconds else ""


def _pause(service: Service) -> str:
    if not service.pause_seconds:
        return ""
    whom = "each of them" if service.pause_every else "if their like was over as quickly"
    return f"{_span(service.pause_seconds)}, {whom}"


def _grouping(service: Service, config: Config) -> str:
    by, seconds = service.group_by, service.group_seconds
    if by is not None:
        fields = (" and " if by.match_all else " or ").join(by.fields)
        setting = config.grouping_of.get(service.id)
        shared = setting is not None and len(setting.service_ids) > 1
        whose = ", also of the services that it shares this with" if shared else ""
        return (
            f"an incident with the same {fields} whose last alert came up to {_span(by.window_seconds)} before{whose}"
        )
    if seconds is None:
        return ""
    return (
        f"an incident that began up to {_span(seconds)} before" if seconds else "the open incident, whenever it began"
    )


def _monitors(visit: Visit, service: Service, *, editable: bool) -> list[Monitor]:
    """The keys of the service, each with when something came by it last, as far as the newest events tell."""
    integrations = visit.config.integrations_of.get(service.id, ())
    ids = tuple(one.id for one in integrations)
    newest = visit.site.reads.outcomes(OutcomeFilter(integration_ids=ids), limit=_LOOKED_AT).items if ids else ()
    last: dict[str, Moment] = {}
    for outcome in newest:
        last.setdefault(outcome.integration_id, outcome.received_at)
    return [Monitor(one, last.get(one.id), _example(visit, one.key) if editable else "") for one in integrations]


def _example(visit: Visit, key: str) -> str:
    base = visit.site.public_url or f"{visit.request.url.scheme}://{visit.request.headers.get('host', '')}"
    payload = {"summary": "A test alarm", "source": "me", "severity": "critical"}
    body = {"routing_key": key, "event_action": "trigger", "payload": payload}
    return f"curl {base}/v2/enqueue -d '{json.dumps(body)}'"


def _neighbours(visit: Visit, service: Service) -> tuple[list[Neighbour], list[Neighbour]]:
    """What it needs, and what needs it, of what the reader may see."""
    config = visit.config
    needs = [
        config.business_services.get(one.supporting_id)
        if one.supporting_is_business
        else config.services.get(one.supporting_id)
        for one in config.dependencies_of.get(service.id, ())
    ]
    needed_by = [
        config.business_services.get(one.dependent_id)
        if one.dependent_is_business
        else config.services.get(one.dependent_id)
        for one in config.dependencies.values()
        if one.supporting_id == service.id and not one.supporting_is_business
    ]
    return _named(visit, needs), _named(visit, needed_by)


def _named(visit: Visit, things: list[Service | BusinessService | None]) -> list[Neighbour]:
    return [
        Neighbour(one.name, "/business-services" if isinstance(one, BusinessService) else f"/services/{one.id}")
        for one in things
        if one is not None and visit.may_read(one)
    ]


def _teams_to_own(visit: Visit, service: Service) -> list[tuple[str, str]]:
    """The teams that may be named as its owner: those that the reader may see, and the one that is named now."""
    found = {team.id: team.name for team in visit.config.teams.values() if visit.may_read(team)}
    if service.owner_team_id:
        found.setdefault(service.owner_team_id, _owner(visit, service))
    return sorted(found.items(), key=lambda pair: pair[1].casefold())
