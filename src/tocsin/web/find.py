"""Find: straight to an incident by number, else what has these letters in its name, and what one can do or go to.

Decides what counts as found and in which order. The same answer is a page, and a short list for the search field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Final

from starlette.responses import JSONResponse, Response

from tocsin.directory.model import User
from tocsin.engine.reading import Readable
from tocsin.incidents.model import Incident
from tocsin.oncall import Schedule
from tocsin.web.commands import Command, commands_for
from tocsin.web.incident import visible
from tocsin.web.language import gettext as _
from tocsin.web.looks import incident_look
from tocsin.web.rows import rows_of
from tocsin.web.visit import Visit

SHOWN: Final = 20
"""Of things and of incidents each, on the page."""

OFFERED: Final = 9
"""In the list beneath the field."""

OFFERED_INCIDENTS: Final = 3


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found. `kind`: what it is, in words; `note`: what else tells it apart."""

    kind: str
    icon: str
    name: str
    path: str
    note: str = ""


def find_page(visit: Visit) -> Response:
    """`/find?q=`; with `as=list` the hits as JSON for the search field."""
    wanted = visit.query("q").strip()
    numbered = _numbered(visit, wanted)
    if visit.query("as") == "list":
        return _list(visit, wanted, numbered)
    if numbered is not None:
        return visit.go(f"/incidents/{numbered.number}")
    matching = visit.site.reads.incidents_titled(wanted, sight=visit.sight, limit=SHOWN) if wanted else ()
    hits = things(visit, wanted) if wanted else []
    return visit.page(
        "find.html",
        wanted=wanted,
        hits=hits[:SHOWN],
        more=max(0, len(hits) - SHOWN),
        commands=[_command_hit(one) for one in commands_for(visit, wanted)],
        rows=rows_of(visit, sorted(matching, key=lambda one: not one.is_open)),
    )


def _list(visit: Visit, wanted: str, numbered: Incident | None) -> Response:
    """The few best of each sort: the incident with this number, things, tasks, incidents by title."""
    found = [_incident_hit(numbered)] if numbered is not None else []
    tasks = [_command_hit(one) for one in commands_for(visit, wanted)]
    if wanted:
        titled = visit.site.reads.incidents_titled(wanted, sight=visit.sight, limit=OFFERED_INCIDENTS)
        found += things(visit, wanted)[: OFFERED - OFFERED_INCIDENTS]
        found += tasks[:OFFERED_INCIDENTS]
        found += [_incident_hit(one) for one in titled if numbered is None or one.id != numbered.id]
    else:
        found += tasks
    return JSONResponse({"hits": [asdict(hit) for hit in found[: OFFERED + OFFERED_INCIDENTS]]})


def _numbered(visit: Visit, wanted: str) -> Incident | None:
    """The incident with this number, if the reader may see it."""
    number = wanted.removeprefix("#")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    incident = visit.site.reads.incident(number)
    return incident if incident is not None and visible(visit, incident) else None


def _incident_hit(incident: Incident) -> Hit:
    look, number = incident_look(incident), incident.number
    return Hit(_("Incident"), look.glyph, f"#{number} {incident.title}", f"/incidents/{number}", _(look.word))


def _command_hit(command: Command) -> Hit:
    return Hit(_("Do") if command.does else _("Go to"), command.icon, _(command.words), command.path)


def things(visit: Visit, wanted: str) -> list[Hit]:
    """What the reader may see and has these letters in its name: those that begin with them first."""
    letters = wanted.casefold()
    found = list(_things(visit, letters))
    return sorted(found, key=lambda hit: (not hit.name.casefold().startswith(letters), hit.name.casefold()))


def _things(visit: Visit, letters: str) -> Iterator[Hit]:
    """Everything with these letters in its name, and a page."""
    config = visit.config
    sorts: tuple[tuple[str, str, Iterable[Readable], str], ...] = (
        (_("Service"), "services", config.services.values(), "/services/{id}"),
        (_("Person"), "person", config.users.values(), "/people/{id}"),
        (_("Team"), "person", config.teams.values(), "/teams/{id}"),
        (_("Schedule"), "oncall", config.schedules.values(), "/schedules/{id}"),
        (_("Policy"), "up", config.policies.values(), "/policies/{id}"),
        (_("Routing"), "services", config.orchestrations.values(), "/orchestrations/{id}"),
        (_("Business service"), "services", config.business_services.values(), "/business-services"),
    )
    for kind, icon, things_, path in sorts:
        for thing in things_:
            if letters in thing.name.casefold() and visit.may_read(thing):
                yield Hit(kind, icon, thing.name, path.format(id=thing.id), _note(visit, thing))


def _note(visit: Visit, thing: Readable) -> str:
    """What tells a thing apart from others of its name."""
    if isinstance(thing, User):
        return "" if thing.active else _("deactivated")
    return ", ".join(map(visit.names.team, thing.team_ids)) if isinstance(thing, Schedule) else ""
