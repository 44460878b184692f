"""Teams: who is in each, who leads it, how the chat calls it; whoever may staff a team changes it.

Decides wording only. Who is in a team is changed elsewhere.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Final

from starlette.responses import Response

from tocsin.directory.model import Team
from tocsin.directory.permissions import Verb
from tocsin.engine.things import SaveThing
from tocsin.kernel.errors import Conflict, NotFound, TocsinError
from tocsin.web.problems import at_fields
from tocsin.web.visit import Visit, status_of

_FIELDS: Final = ("name", "description", "lead_id", "chat_group")
_NEEDED: Final = frozenset({"name"})

_LABELS: Final = {"Name": "name", "Lead": "lead_id", "Chat group": "chat_group"}
"""How the engine's sentences begin -> the field at which they stand."""


@dataclass(frozen=True, slots=True)
class TeamLine:
    """One team. `people`: who is in it, of those that the reader may see, with what they are there."""

    team: Team
    lead: str
    people: tuple[tuple[str, str, str], ...]
    services: int
    may_change: bool


def teams_page(
    visit: Visit, *, error: TocsinError | None = None, typed: dict[str, str] | None = None, code: int = 200
) -> Response:
    """`/teams`; with `?change=` the form holds that one."""
    seen = [team for team in visit.config.teams.values() if visit.may_read(team)]
    lines = [_line(visit, team) for team in sorted(seen, key=lambda team: team.name.casefold())]
    asked = visit.text("id", 40) or visit.query("change")
    changed = next((line for line in lines if line.team.id == asked and line.may_change), None)
    if typed is None and changed is not None:
        typed = {name: getattr(changed.team, name) or "" for name in _FIELDS}
    at, other = at_fields(error, _LABELS)
    return visit.page(
        "teams.html",
        code,
        lines=lines,
        changed=changed,
        typed=typed or {},
        leads=_leads(visit, changed.team) if changed is not None else [],
        mark=_mark(changed.team) if changed is not None else "",
        problems=at,
        other=other,
    )


def save_team(visit: Visit) -> Response:
    """POST `/teams`: what the form of one team holds. Refused when somebody changed the team meanwhile."""
    team = visit.config.teams.get(visit.text("id", 40))
    if team is None or not visit.may_read(team):
        raise NotFound("There is no such team.")
    typed = {name: visit.text(name, 20_000).strip() for name in _FIELDS}
    values = {name: text if name in _NEEDED else text or None for name, text in typed.items()}
    fields = tuple(name for name, value in values.items() if (getattr(team, name) or None) != (value or None))
    mark = visit.text("mark", 16)
    try:
        if mark and mark != _mark(team):
            raise Conflict("Somebody has changed this team since you opened the form. Look, and save it again.")
        changed = replace(team, **values)  # type: ignore[arg-type]
        visit.run(SaveThing(thing_kind="team", thing=changed, fields=fields or ("name",)))
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        return teams_page(visit, error=error, typed=typed, code=status_of(error))
    return visit.go(f"/teams#team-{team.id}", "saved")


def _line(visit: Visit, team: Team) -> TeamLine:
    config = visit.config
    people = []
    for membership in config.members_of.get(team.id, ()):
        user = config.users.get(membership.user_id)
        if user is not None and visit.may_read(user):
            people.append((user.id, user.name, membership.role.value))
    people.sort(key=lambda one: one[1].casefold())
    owned = sum(1 for service in config.services.values() if team.id in config.team_ids_of_service(service.id))
    return TeamLine(team, _lead(visit, team), tuple(people), owned, visit.may(Verb.STAFF, (team.id,)))


def _lead(visit: Visit, team: Team) -> str:
    """Who leads it; somebody whom the reader may not see has no name here."""
    user = visit.config.users.get(team.lead_id or "")
    if user is None:
        return ""
    return visit.names.person(user.id) if visit.may_read(user) else "somebody whom you don’t see"


def _leads(visit: Visit, team: Team) -> list[tuple[str, str]]:
    """Who may lead it: its members first, then everybody else that the reader may see, and who leads it now."""
    config = visit.config
    members = {one.user_id for one in config.members_of.get(team.id, ())}
    users = [user for user in config.users.values() if user.active and visit.may_read(user)]
    found = [
        (user.id, user.name) for user in sorted(users, key=lambda one: (one.id not in members, one.name.casefold()))
    ]
    if team.lead_id and team.lead_id not in {user_id for user_id, _ in found}:
        found.append((team.lead_id, _lead(visit, team)))
    return found


def _mark(team: Team) -> str:
    return hashlib.sha256(repr(team).encode("utf-8", "replace")).hexdigest()[:16]
