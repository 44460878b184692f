"""Find: straight to an incident by number, else what has these letters in its name. Decides what counts as found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from tocsin.runtime.reads import IncidentFilter
from tocsin.web.incident import visible
from tocsin.web.rows import rows_of
from tocsin.web.visit import Visit

LOOKED_THROUGH: Final = 500
"""The newest incidents whose titles are searched."""

SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found by its name."""

    kind: str
    icon: str
    name: str
    path: str
    note: str


def find_page(visit: Visit) -> Response:
    """`/find?q=`."""
    wanted = visit.query("q").strip()
    number = wanted.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) < 19:
        incident = visit.site.reads.incident(number)
        if incident is not None and visible(visit, incident):
            return visit.go(f"/incidents/{incident.number}")
    letters = wanted.casefold()
    recent = (
        visit.site.reads.incidents(IncidentFilter(sight=visit.sight), limit=LOOKED_THROUGH).items if letters else ()
    )
    matching = [incident for incident in recent if letters in incident.title.casefold()]
    hits = _things(visit, letters) if letters else []
    return visit.page("find.html", wanted=wanted, hits=hits[:SHOWN], rows=rows_of(visit, matching[:SHOWN]))


def _things(visit: Visit, letters: str) -> list[Hit]:
    config, names = visit.config, visit.names
    hits = [
        Hit("Service", "services", service.name, f"/services/{service.id}", "")
        for service in config.services.values()
        if letters in service.name.casefold() and visit.may_read(service)
    ]
    hits += [
        Hit("Person", "person", user.name, f"/incidents/new?user={user.id}", "Page this person")
        for user in config.users.values()
        if user.active and letters in user.name.casefold() and visit.may_read(user)
    ]
    hits += [
        Hit("Routing", "services", one.name, f"/orchestrations/{one.id}", "")
        for one in config.orchestrations.values()
        if letters in one.name.casefold() and visit.may_read(one)
    ]
    hits += [
        Hit("Schedule", "oncall", one.name, f"/schedules/{one.id}", ", ".join(map(names.team, one.team_ids)))
        for one in config.schedules.values()
        if letters in one.name.casefold() and visit.may_read(one)
    ]
    return hits
