"""Raising an incident by hand, for whoever is on call or for people by name: the form behind "Page someone"."""

from __future__ import annotations

from starlette.responses import Response

from tocsin.directory.model import Urgency, User
from tocsin.directory.permissions import Verb
from tocsin.incidents.messages import CreateIncident
from tocsin.kernel.errors import Invalid, TocsinError
from tocsin.web.language import gettext as _
from tocsin.web.service_edit import may_make
from tocsin.web.visit import Visit, status_of


def compose_page(visit: Visit, *, error: TocsinError | None = None, code: int = 200) -> Response:
    """GET `/incidents/new`."""
    config = visit.config
    services = [
        service
        for service in sorted(config.services.values(), key=lambda one: one.name.casefold())
        if visit.may(Verb.RESPOND, config.team_ids_of_service(service.id))
    ]
    typed = {name: visit.text(name) for name in ("title", "details", "service", "urgency")}
    typed["service"] = typed["service"] or visit.query("service")
    chosen = visit.texts("user") or [visit.query("user")]
    return visit.page(
        "compose.html",
        code,
        services=services,
        people=people_to_call(visit),
        priorities=sorted(config.priorities.values(), key=lambda one: (one.order, one.name)),
        typed=typed,
        chosen=chosen,
        error=error,
        may_make=not services and may_make(visit),
        once=visit.site.ids.token(),
    )


def people_to_call(visit: Visit) -> list[User]:
    """The active people whom the reader may know of, by name."""
    found = [one for one in visit.config.users.values() if one.active and visit.may_read(one)]
    return sorted(found, key=lambda one: one.name.casefold())


def compose(visit: Visit) -> Response:
    """POST `/incidents/new`."""
    try:
        command = CreateIncident(
            title=_title(visit),
            service_id=visit.text("service", 40),
            urgency=Urgency.LOW if visit.text("urgency") == "low" else Urgency.HIGH,
            priority_id=visit.text("priority", 40) or None,
            details=visit.text("details"),
            assignee_ids=tuple(visit.texts("user")),
        )
        nonce = visit.text("once", 64)
        session = visit.session.id if visit.session is not None else ""
        incident_id = visit.run(command, key=f"web:{session}:{nonce}" if nonce else "")
    except TocsinError as error:
        return compose_page(visit, error=error, code=status_of(error))
    incident = visit.site.reads.incident(str(incident_id))
    number = incident.number if incident is not None else 0
    return visit.go(f"/incidents/{number}" if number else "/incidents", f"raised.{number}")


def _title(visit: Visit) -> str:
    title = " ".join(visit.text("title", 2000).split())
    if not title:
        raise Invalid(_("Say in a few words what is wrong."))
    return title
