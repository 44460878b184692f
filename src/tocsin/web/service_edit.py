"""A service is made, changed and removed: the pages of its form.

Decides what a new service begins with (a first entrance, and where only a person is named, a policy that calls them),
and that a service with open incidents is not removed from a page. What a setting means the engine decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any, Final

from starlette.responses import Response

from tocsin.directory.model import Integration, Service, User
from tocsin.directory.permissions import Verb
from tocsin.engine.things import DeleteThing, SaveThing
from tocsin.escalation.model import Policy, Rule, Target, TargetKind
from tocsin.kernel.errors import Conflict, InUse, Invalid, NotAllowed, TocsinError
from tocsin.web.fields import FieldLine, filled_values, lines_of
from tocsin.web.language import gettext as _
from tocsin.web.language import ngettext
from tocsin.web.names import isolated
from tocsin.web.problems import at_fields
from tocsin.web.rules.pages import found_service, routers_to
from tocsin.web.service_form import DESCRIPTION_CHARS, FLAGS, LABELS, TEXTS, Typed, service_of, typed_of
from tocsin.web.visit import Visit, status_of

FIRST_DELAY: Final = 30
"""Minutes before a policy that calls one person calls them again."""

_PERSON: Final = "user:"
"""Begins the value of the choice "a new policy that calls this person"."""


def new_page(visit: Visit, *, error: TocsinError | None = None) -> Response:
    """`/services/new`."""
    if not may_make(visit):
        raise NotAllowed(_("You may not add a service: it takes the role of a manager, or that of a team."))
    blank = Service(id="", name="", policy_id="")
    typed = _typed(visit, blank) if visit.form else typed_of(blank, visit.config) | {"zone": visit.me.time_zone}
    return _form(visit, blank, typed, error)


def may_make(visit: Visit) -> bool:
    """Whether to offer to add a service: it belongs to the teams of its policy."""
    return visit.may(Verb.EDIT) or any(visit.may(Verb.EDIT, one.team_ids) for one in visit.config.policies.values())


def make(visit: Visit) -> Response:
    """POST `/services/new`."""
    blank = Service(id="", name="", policy_id="")
    typed = _typed(visit, blank)
    try:
        wanted = _with_fields(visit, service_of(typed, blank, visit.site, visit.config))
        wanted, policy = _called(visit, wanted)
        try:
            made: Service = visit.run(SaveThing(thing_kind="service", thing=wanted))
        except TocsinError:
            if policy is not None:  # nobody wants a policy for a service that there is not
                visit.run(DeleteThing(thing_kind="policy", thing_id=policy.id))
            raise
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        return new_page(visit, error=error)
    entrance = _first_entrance(visit, made)
    return visit.go(f"/services/{made.id}/monitors/{entrance}" if entrance else f"/services/{made.id}", "service-new")


def _called(visit: Visit, service: Service) -> tuple[Service, Policy | None]:
    """The service with its policy: one that there is, or a new one that calls the person who was chosen."""
    if not service.policy_id.startswith(_PERSON):
        return service, None
    person = visit.config.users.get(service.policy_id.removeprefix(_PERSON))
    if person is None or not visit.may_read(person):
        raise Invalid(_("Escalation policy: choose who is paged"))
    taken = {one.name.casefold() for one in visit.config.policies.values()}
    name = next(name for name in _names(service.name, person) if name.casefold() not in taken)
    level = Rule(id="", delay_minutes=FIRST_DELAY, targets=(Target(kind=TargetKind.USER, id=person.id),))
    policy: Policy = visit.run(SaveThing(thing_kind="policy", thing=Policy(id="", name=name, rules=(level,))))
    return replace(service, policy_id=policy.id), policy


def _names(service: str, person: User) -> Iterator[str]:
    yield service
    yield f"{service}: {person.name}"
    number = 2
    while True:
        yield f"{service} ({number})"
        number += 1


def _first_entrance(visit: Visit, service: Service) -> str:
    """The first key, of the monitor that was chosen; "" where none was wanted."""
    chosen = visit.text("monitor", 40) if "monitor" in visit.form else "events"
    if not chosen:
        return ""
    made: Integration = visit.run(SaveThing(thing_kind="integration", thing=entrance_of(visit, service.id, chosen)))
    return made.id


def entrance_of(visit: Visit, service_id: str, chosen: str, name: str = "") -> Integration:
    """A new entrance for the monitor with this id, or for whatever sends by the common interface."""
    kind = next((one for one in visit.site.monitors if one.id == chosen), None)
    if kind is None:
        return Integration(id="", service_id=service_id, name=name or "Events", key="")
    return Integration(
        id="", service_id=service_id, name=name or kind.name, key="", wire_type=kind.type, vendor_id=kind.id
    )


def edit_page(visit: Visit) -> Response:
    """`/services/{id}/edit`."""
    service = _editable(visit)
    return _form(visit, service, typed_of(service, visit.config), None)


def _editable(visit: Visit) -> Service:
    service = found_service(visit)
    if not visit.may(Verb.EDIT, visit.config.team_ids_of_service(service.id)):
        raise NotAllowed(_("This service belongs to a team whose things you may not change."))
    return service


def change(visit: Visit) -> Response:
    """POST `/services/{id}/edit`. Refused when somebody changed the service meanwhile."""
    service = _editable(visit)
    typed = _typed(visit, service)
    try:
        seen = visit.text("seen", 20)
        if seen and seen != str(service.updated_at):
            raise Conflict(_("Somebody has changed this service since you opened the page. Look, and save it again."))
        wanted = _with_fields(visit, service_of(typed, service, visit.site, visit.config))
        names = tuple(one.name for one in fields(Service) if getattr(wanted, one.name) != getattr(service, one.name))
        if names:
            visit.run(SaveThing(thing_kind="service", thing=wanted, fields=names, seen_at=service.updated_at))
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        return _form(visit, found_service(visit), typed, error)
    return visit.go(f"/services/{service.id}", "saved")


def _typed(visit: Visit, service: Service) -> Typed:
    """What the form held. A short form has only some of the fields: the others are as they were."""
    typed = typed_of(service, visit.config)
    typed |= {name: visit.text(name, DESCRIPTION_CHARS + 1) for name in TEXTS if name in visit.form}
    if visit.text("whole", 2):
        typed |= {name: bool(visit.text(name, 2)) for name in FLAGS} | {"days": set(visit.texts("day"))}
    return typed


def _with_fields(visit: Visit, service: Service) -> Service:
    """The service with the custom fields that were filled in."""
    given = filled_values(visit, visit.config.fields.of_services)
    held = {**service.field_values, **given}
    return replace(service, field_values={one: value for one, value in held.items() if value is not None})


def remove(visit: Visit) -> Response:
    """POST `/services/{id}/remove`: with its name typed, and with nothing open."""
    service = _editable(visit)
    try:
        if visit.text("typed", 300).strip() != service.name:
            raise Invalid(_("Type the name exactly as it is."))
        held = visit.site.reads.open_by_service([service.id]).get(service.id)
        if held is not None:
            raise InUse(
                ngettext(
                    "It has an open incident. Resolve it first: whoever works on it would lose it.",
                    "It has %(num)s open incidents. Resolve them first: whoever works on them would lose them.",
                    held.all,
                )
            )
        visit.run(DeleteThing(thing_kind="service", thing_id=service.id))
    except TocsinError as error:
        return _form(visit, service, typed_of(service, visit.config), error, removing=True)
    return visit.go("/services", "gone")


def _form(
    visit: Visit, service: Service, typed: Mapping[str, Any], error: TocsinError | None, *, removing: bool = False
) -> Response:
    at, other = at_fields(None if removing else error, LABELS)
    known = visit.config.fields.of_services
    posted = visit if error is not None and not removing else None
    lines: list[FieldLine] = lines_of(known, service.field_values, posted)
    return visit.page(
        "service_edit.html",
        status_of(error) if error is not None else 200,
        service=service,
        typed=typed,
        fields=lines,
        policies=_policies(visit, service),
        people=[] if service.id else people_to_call(visit),
        every_team=teams_to_own(visit, service),
        monitors=visit.site.monitors,
        kept=visit.site.only_kept(service, visit.config) if service.id else (),
        routers=routers_to(visit, service.id) if service.id else [],
        problems=at,
        other=other,
        removing=error if removing else None,
    )


def _policies(visit: Visit, service: Service) -> list[tuple[str, str]]:
    """The policies by which the reader may have people called, and the one that is set."""
    found = policies_to_choose(visit)
    if service.policy_id and service.policy_id not in dict(found):
        found.append((service.policy_id, _("a policy that you don’t see")))
    return found


def policies_to_choose(visit: Visit) -> list[tuple[str, str]]:
    """The policies to which the reader may give a service, by name."""
    every = visit.config.policies.values()
    found = [(one.id, one.name) for one in every if visit.may_read(one) and visit.may(Verb.EDIT, one.team_ids)]
    return sorted(found, key=lambda pair: pair[1].casefold())


def people_to_call(visit: Visit) -> list[tuple[str, str]]:
    """The people for whom a policy of their own can be made with the service, by name."""
    if not visit.may(Verb.EDIT):
        return []
    found = [one for one in visit.config.users.values() if one.active and visit.may_read(one)]
    return [(_PERSON + one.id, one.name) for one in sorted(found, key=lambda one: one.name.casefold())]


def teams_to_own(visit: Visit, service: Service) -> list[tuple[str, str]]:
    """The teams that may be named as its owner: those that the reader may see, and the one that is named now."""
    found = {team.id: team.name for team in visit.config.teams.values() if visit.may_read(team)}
    if service.owner_team_id:
        found.setdefault(service.owner_team_id, owner_of(visit, service))
    return sorted(found.items(), key=lambda pair: pair[1].casefold())


def owner_of(visit: Visit, service: Service) -> str:
    """Who answers for it, where that is named; a team that the reader may not see has no name here."""
    team = visit.config.teams.get(service.owner_team_id or "")
    if team is None:
        return _("a removed team") if service.owner_team_id else ""
    return isolated(team.name) if visit.may_read(team) else _("a team that you don’t see")


ROUTES: Final[tuple[tuple[Any, ...], ...]] = (
    ("/services/new", new_page),
    ("/services/new", make, "POST"),
    ("/services/{id}/edit", edit_page),
    ("/services/{id}/edit", change, "POST"),
    ("/services/{id}/remove", remove, "POST"),
)
"""Path, page, and the method where it is not GET. `new` comes before `{id}`."""
