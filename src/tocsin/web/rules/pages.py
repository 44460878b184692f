"""The list of orchestrations, one with all its rules, and a service's own rules. Changes of rules stand in `edit`."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from starlette.responses import Response

from tocsin.directory.model import Service
from tocsin.directory.permissions import Verb
from tocsin.engine.things import DeleteThing, SaveThing
from tocsin.events.orchestration import (
    Orchestration,
    OrchestrationKey,
    OrchestrationPath,
    PathKind,
    path_id,
)
from tocsin.kernel.errors import Invalid, NotFound, TocsinError
from tocsin.web.fields import lines_of
from tocsin.web.rules import words
from tocsin.web.rules.blocks import blocks_of, may_edit, path_of
from tocsin.web.rules.ground import Ground, ground_of, of_orchestration, of_service
from tocsin.web.visit import Visit, status_of
from tocsin.web.windows import running

KINDS = (PathKind.GLOBAL, PathKind.ROUTER, PathKind.UNROUTED)
"""The paths of an orchestration itself, in the order of an event's way."""


@dataclass(frozen=True, slots=True)
class OrchestrationLine:
    """One orchestration in the list. `services`: those that its router names and the reader may see."""

    one: Orchestration
    team: str
    keys: int
    services: tuple[str, ...]
    hidden: int
    rules: int


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A key with a command that sends an event through it; "" where the reader may not edit."""

    key: OrchestrationKey
    example: str


def orchestrations_page(visit: Visit, *, error: TocsinError | None = None, code: int = 200) -> Response:
    """`/orchestrations`."""
    wanted = visit.query("q").casefold()
    seen = [one for one in visit.config.orchestrations.values() if visit.may_read(one)]
    lines = [_line(visit, one) for one in seen if wanted in one.name.casefold()]
    lines.sort(key=lambda line: line.one.name.casefold())
    return visit.page(
        "rules/orchestrations.html",
        code,
        lines=lines,
        total=len(seen),
        wanted=visit.query("q"),
        teams=teams_to_give(visit),
        for_all=visit.may(Verb.EDIT),
        error=error,
        typed={name: visit.text(name) for name in ("name", "team")},
    )


def add_orchestration(visit: Visit) -> Response:
    """POST `/orchestrations`."""
    one = Orchestration(id="", name=visit.text("name", 300).strip(), team_id=visit.text("team", 40) or None)
    try:
        saved: Orchestration = visit.run(SaveThing(thing_kind="orchestration", thing=one))
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        return orchestrations_page(visit, error=error, code=status_of(error))
    return visit.go(f"/orchestrations/{saved.id}", "orchestration-new")


def teams_to_give(visit: Visit) -> list[tuple[str, str]]:
    """The teams that the reader may give something to."""
    found = [team for team in visit.config.teams.values() if visit.may(Verb.EDIT, (team.id,))]
    return [(team.id, team.name) for team in sorted(found, key=lambda team: team.name.casefold())]


def _line(visit: Visit, one: Orchestration) -> OrchestrationLine:
    config = visit.config
    routed, hidden = routed_services(visit, one.id)
    paths = [config.orchestration_paths.get(path_id(one.id, kind)) for kind in KINDS]
    return OrchestrationLine(
        one=one,
        team=visit.names.team(one.team_id) if one.team_id else "",
        keys=len(config.keys_of.get(one.id, ())),
        services=tuple(service.name for service in routed),
        hidden=hidden,
        rules=sum(len(block.rules) for path in paths if path is not None for block in path.sets),
    )


def routed_services(visit: Visit, orchestration_id: str) -> tuple[list[Service], int]:
    """The services that the router names, by name: those that the reader may see, and how many others there are."""
    config = visit.config
    router = config.orchestration_paths.get(path_id(orchestration_id, PathKind.ROUTER))
    named = [config.services[one] for one in router.routed_to if one in config.services] if router is not None else []
    seen = sorted(filter(visit.may_read, named), key=lambda service: service.name.casefold())
    return seen, len(named) - len(seen)


def found(visit: Visit) -> Orchestration:
    """The orchestration of the address. Raises NotFound, also for whoever may not know of it."""
    one = visit.config.orchestrations.get(visit.request.path_params["id"])
    if one is None or not visit.may_read(one):
        raise NotFound("There is no such orchestration.")
    return one


def orchestration_page(visit: Visit) -> Response:
    """`/orchestrations/{id}`."""
    return show(visit, found(visit))


def show(
    visit: Visit,
    one: Orchestration,
    code: int = 200,
    *,
    error: TocsinError | None = None,
    section: str = "",
    trial: Any = None,
    ground: Ground | None = None,
) -> Response:
    """The page of an orchestration; `error` stands in the section whose form was refused."""
    services, hidden = routed_services(visit, one.id)
    own_paths = [path_of(visit, service.id, PathKind.SERVICE) for service in services]
    blocks = blocks_of(visit, [*(path_of(visit, one.id, kind) for kind in KINDS), *own_paths])
    editable = visit.may(Verb.EDIT, (one.team_id,) if one.team_id else ())
    return visit.page(
        "rules/orchestration.html",
        code,
        one=one,
        team=visit.names.team(one.team_id) if one.team_id else "",
        made_by=_who(visit, one),
        keys=[KeyLine(key, _example(visit, key.key)) for key in visit.config.keys_of.get(one.id, ())],
        editable=editable,
        remembered=_remembered(visit, one.id),
        blocks=blocks[: len(KINDS)],
        service_blocks=blocks[len(KINDS) :],
        hidden=hidden,
        teams=teams_to_give(visit),
        error=error,
        section=section,
        trial=trial,
        ground=ground or ground_of(visit, f"/orchestrations/{one.id}", of_orchestration(visit, one.id)),
        back=f"/orchestrations/{one.id}",
    )


def _remembered(visit: Visit, parent_id: str) -> list[tuple[str, str, bool]]:
    """The cache variables of an orchestration or service: name, what each holds, whether it is switched off."""
    every = visit.config.variables_of.get(parent_id, {}).values()
    return [(one.name, words.remembers(one), one.disabled) for one in sorted(every, key=lambda one: one.name)]


def _who(visit: Visit, one: Orchestration) -> str:
    return visit.names.person(one.updated_by) if one.updated_by in visit.config.users else ""


def _example(visit: Visit, key: str) -> str:
    base = visit.site.public_url or f"{visit.request.url.scheme}://{visit.request.headers.get('host', '')}"
    payload = {"summary": "A test alarm", "source": "me", "severity": "critical"}
    body = {"routing_key": key, "event_action": "trigger", "payload": payload}
    return f"curl {base}/v2/enqueue -d '{json.dumps(body)}'"


def act_on_orchestration(visit: Visit) -> Response:
    """POST `/orchestrations/{id}/{action}`."""
    one, action = found(visit), visit.request.path_params["action"]
    page = f"/orchestrations/{one.id}"
    try:
        if action == "key-add":
            key = OrchestrationKey(id="", orchestration_id=one.id, name=visit.text("name", 300).strip(), key="")
            visit.run(SaveThing(thing_kind="orchestration_key", thing=key))
            return visit.go(f"{page}#monitor-keys", "key-new")
        if action == "key-remove":
            key_id = visit.text("id", 40)
            if key_id not in {key.id for key in visit.config.keys_of.get(one.id, ())}:
                raise NotFound("It was removed already.")
            visit.run(DeleteThing(thing_kind="orchestration_key", thing_id=key_id))
            return visit.go(f"{page}#monitor-keys", "key-gone")
        if action == "about-save":
            changed = replace(
                one,
                name=visit.text("name", 300).strip(),
                description=visit.text("description"),
                team_id=visit.text("team", 40) or None,
            )
            fields = ("name", "description", "team_id")
            visit.run(SaveThing(thing_kind="orchestration", thing=changed, fields=fields))
            return visit.go(page, "saved")
        if action == "about-remove":
            if visit.text("typed", 300).strip() != one.name:
                raise Invalid("Type the name exactly as it is: its keys and rules go with it.")
            visit.run(DeleteThing(thing_kind="orchestration", thing_id=one.id))
            return visit.go("/orchestrations", "gone")
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        return show(visit, one, status_of(error), error=error, section=action.partition("-")[0])
    raise NotFound("There is no such action.")


def service_rules_page(visit: Visit) -> Response:
    """`/services/{id}/rules`."""
    return show_service(visit, found_service(visit))


def show_service(
    visit: Visit,
    service: Service,
    code: int = 200,
    *,
    error: TocsinError | None = None,
    section: str = "",
    trial: Any = None,
    ground: Ground | None = None,
) -> Response:
    """The page of a service's own rules; `error` stands in the section whose form was refused."""
    path = path_of(visit, service.id, PathKind.SERVICE)
    (block,) = blocks_of(visit, [path])
    page = f"/services/{service.id}/rules"
    return visit.page(
        "rules/service.html",
        code,
        service=service,
        block=block,
        routers=routers_to(visit, service.id),
        windows=running(visit, service.id),
        remembered=_remembered(visit, service.id),
        fields=[one for one in lines_of(visit.config.fields.of_services, service.field_values) if one.values],
        editable=may_edit(visit, path),
        error=error,
        section=section,
        trial=trial,
        ground=ground or ground_of(visit, page, of_service(visit, service.id)),
        back=page,
    )


def routers_to(visit: Visit, service_id: str) -> list[Orchestration]:
    """The orchestrations whose router names the service, and that the reader may see."""
    return [
        one
        for one in visit.config.orchestrations.values()
        if visit.may_read(one) and _routes_to(visit.config.orchestration_paths, one, service_id)
    ]


def found_service(visit: Visit) -> Service:
    """The service of the address. Raises NotFound, also for whoever may not know of it."""
    service = visit.config.services.get(visit.request.path_params["id"])
    if service is None or not visit.may_read(service):
        raise NotFound("There is no such service.")
    return service


def _routes_to(paths: Any, one: Orchestration, service_id: str) -> bool:
    router: OrchestrationPath | None = paths.get(path_id(one.id, PathKind.ROUTER))
    return router is not None and service_id in router.routed_to
