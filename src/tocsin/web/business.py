"""Business services: what is offered to customers, and the services that carry it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from tocsin.directory.business import BusinessService, Dependency
from tocsin.directory.permissions import Verb
from tocsin.engine.things import DeleteThing, SaveThing
from tocsin.kernel.errors import Invalid, NotFound, TocsinError
from tocsin.runtime.reads import OpenCounts
from tocsin.web.language import gettext as _
from tocsin.web.looks import Look
from tocsin.web.visit import Visit, status_of

_FIELDS: Final = ("name", "description", "point_of_contact", "team_id")


@dataclass(frozen=True, slots=True)
class Need:
    """Something that a business service needs, as the reader may know it. `path`: its page, "" if it has none."""

    dependency_id: str
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class BusinessLine:
    """One business service. `look`: how what it needs directly is."""

    one: BusinessService
    team: str
    look: Look
    needs: tuple[Need, ...]
    hidden: int
    may_change: bool


def business_page(visit: Visit, *, error: TocsinError | None = None, code: int = 200) -> Response:
    """`/business-services`; with `?change=` the form holds that one."""
    counts = visit.site.reads.open_by_service()
    seen = [one for one in visit.config.business_services.values() if visit.may_read(one)]
    lines = [_line(visit, one, counts) for one in sorted(seen, key=lambda one: one.name.casefold())]
    asked = visit.text("id", 40) or visit.query("change")
    changed = next((line for line in lines if line.one.id == asked and line.may_change), None)
    typed = {name: visit.text(name, 20_000) for name in _FIELDS}
    if changed is not None and error is None:
        typed = {name: getattr(changed.one, name) or "" for name in _FIELDS}
    teams = [team for team in visit.config.teams.values() if visit.may(Verb.EDIT, (team.id,))]
    services = filter(visit.may_read, visit.config.services.values())
    return visit.page(
        "business.html",
        code,
        lines=lines,
        changed=changed,
        typed=typed,
        teams=sorted(teams, key=lambda team: team.name.casefold()),
        for_all=visit.may(Verb.EDIT),
        services=sorted(services, key=lambda one: one.name.casefold()),
        businesses=[line.one for line in lines if changed is None or line.one.id != changed.one.id],
        error=error,
    )


def _teams(one: BusinessService) -> tuple[str, ...]:
    return (one.team_id,) if one.team_id else ()


def _line(visit: Visit, one: BusinessService, counts: Mapping[str, OpenCounts]) -> BusinessLine:
    config = visit.config
    needs, hidden, open_counts = [], 0, []
    for dependency in config.dependencies_of.get(one.id, ()):
        there = config.business_services if dependency.supporting_is_business else config.services
        thing = there.get(dependency.supporting_id)
        if thing is None:
            continue
        if visit.may_read(thing):
            path = "" if dependency.supporting_is_business else f"/services/{thing.id}"
            needs.append(Need(dependency.id, thing.name, path))
            open_counts.append(counts.get(thing.id, OpenCounts()))
        else:
            hidden += 1
    look = Look("unknown", _("Needs nothing"), "quiet")
    if any(each.triggered for each in open_counts):
        look = Look("triggered", _("Impacted"), "triggered")
    elif any(each.acknowledged for each in open_counts):
        look = Look("acknowledged", _("In hand"), "acknowledged")
    elif needs:
        look = Look("resolved", _("Operational"), "resolved")
    team = visit.names.team(one.team_id) if one.team_id else ""
    return BusinessLine(one, team, look, tuple(needs), hidden, visit.may(Verb.EDIT, _teams(one)))


def save_business(visit: Visit) -> Response:
    """POST `/business-services`: a new one, or with `id` a change."""
    service_id = visit.text("id", 40)
    try:
        if service_id:
            _found(visit, service_id)
        one = BusinessService(
            id=service_id,
            name=visit.text("name", 300).strip(),
            description=visit.text("description", 20_000).strip() or None,
            point_of_contact=visit.text("point_of_contact", 2000).strip() or None,
            team_id=visit.text("team_id", 40) or None,
        )
        visit.run(SaveThing(thing_kind="business_service", thing=one, fields=_FIELDS if service_id else ()))
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        return business_page(visit, error=error, code=status_of(error))
    return visit.go("/business-services", "saved")


def _found(visit: Visit, service_id: str) -> BusinessService:
    one = visit.config.business_services.get(service_id)
    if one is None or not visit.may_read(one):
        raise NotFound(_("There is no such business service."))
    return one


def act_on_business(visit: Visit) -> Response:
    """POST `/business-services/{id}/{need|need-not|remove}`."""
    one, action = _found(visit, visit.request.path_params["id"]), visit.request.path_params["action"]
    back = f"/business-services?change={one.id}#form"
    if action == "need":
        visit.run(SaveThing(thing_kind="dependency", thing=_dependency(visit, one)))
        return visit.go(back, "saved")
    if action == "need-not":
        dependency = visit.config.dependencies.get(visit.text("dependency", 40))
        if dependency is None or dependency.dependent_id != one.id:
            raise NotFound(_("It was removed already."))
        visit.run(DeleteThing(thing_kind="dependency", thing_id=dependency.id))
        return visit.go(back, "saved")
    if action == "remove":
        if visit.text("typed", 300).strip() != one.name:
            raise Invalid(_("Type the name exactly as it is."))
        visit.run(DeleteThing(thing_kind="business_service", thing_id=one.id))
        return visit.go("/business-services", "gone")
    raise NotFound(_("There is no such action."))


def _dependency(visit: Visit, one: BusinessService) -> Dependency:
    kind, _colon, supporting_id = visit.text("needs", 80).partition(":")
    there = visit.config.business_services if kind == "business" else visit.config.services
    thing = there.get(supporting_id)
    if thing is None or not visit.may_read(thing):
        raise Invalid(_("Choose what it needs."))
    return Dependency(
        id="",
        dependent_id=one.id,
        supporting_id=supporting_id,
        dependent_is_business=True,
        supporting_is_business=kind == "business",
    )
