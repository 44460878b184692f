"""Teams: who is in each, who leads it, what it owns, who is on call for it; whoever may staff a team changes it.

Decides wording only. Whether a change is allowed is judged where it is made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from tocsin.directory.model import Team
from tocsin.directory.permissions import Verb
from tocsin.engine.named import lost_in, lost_names
from tocsin.engine.things import SaveThing
from tocsin.kernel.errors import NotFound, TocsinError
from tocsin.oncall import Schedule
from tocsin.web.language import gettext as _
from tocsin.web.names import isolated
from tocsin.web.people import on_call_now
from tocsin.web.people_words import team_role_choices, team_role_word
from tocsin.web.problems import at_fields
from tocsin.web.visit import Visit, status_of

FIELDS: Final = ("name", "description", "lead_id", "chat_group", "parent_id")
"""What the form of a team holds."""

_LABELS: Final = {"Name": "name", "Lead": "lead_id", "Chat group": "chat_group", "Parent": "parent_id"}
"""How the engine's sentences begin -> the field at which they stand."""


@dataclass(frozen=True, slots=True)
class TeamLine:
    """One team in the list. `people`: how many are in it; `on_call`: who is on call for it, by id and name.

    `lead_is_lost`: whoever leads it was deactivated.
    """

    team: Team
    lead: str
    people: int
    services: int
    on_call: tuple[tuple[str, str], ...]
    lead_is_lost: bool


@dataclass(frozen=True, slots=True)
class MemberLine:
    """Somebody who is in the team; `role` as value and as word."""

    user_id: str
    name: str
    active: bool
    role: str
    role_word: str


@dataclass(frozen=True, slots=True)
class OwnedLine:
    """Something that the team owns, with its page. `people`: who is on call on a schedule now."""

    name: str
    path: str
    people: tuple[tuple[str, str], ...] = ()


def teams_page(visit: Visit, *, error: TocsinError | None = None, code: int = 200) -> Response:
    """`/teams`, for administrators with the form that makes one."""
    seen = [team for team in visit.config.teams.values() if visit.may_read(team)]
    seen.sort(key=lambda team: team.name.casefold())
    duty = _duty_by_team(visit)
    lost = {one.naming.thing_id for one in lost_names(visit.config, visit.now) if one.naming.kind == "team"}
    at, other = at_fields(error, _LABELS)
    return visit.page(
        "teams.html",
        code,
        lines=[
            _line(visit, team, duty, lead_is_lost=team.id in lost)
            for team in sorted(seen, key=lambda team: team.name.casefold())
        ],
        makes=visit.may(Verb.ADMINISTER),
        typed={name: visit.text(name) for name in FIELDS},
        leads=_leads(visit, None),
        parents=_parents(visit, None),
        problems=at,
        other=other,
    )


def make_team(visit: Visit) -> Response:
    """POST `/teams`: a new team."""
    try:
        made: Team = visit.run(SaveThing(thing_kind="team", thing=Team(id="", **typed_values(visit))))
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        return teams_page(visit, error=error, code=status_of(error))
    return visit.go(f"/teams/{made.id}", "set-team-new")


def typed_values(visit: Visit) -> dict[str, Any]:
    """What the form of a team says, as its fields."""
    typed = {name: visit.text(name, 20_000).strip() for name in FIELDS}
    return {name: text if name == "name" else text or None for name, text in typed.items()}


def team_of(visit: Visit) -> Team:
    """The team that the address names. Raises NotFound, also for one that the reader may not see."""
    team = visit.config.teams.get(visit.request.path_params["id"])
    if team is None or not visit.may_read(team):
        raise NotFound(_("There is no such team (any more)."))
    return team


def team_page(visit: Visit, *, error: TocsinError | None = None, section: str = "", code: int = 200) -> Response:
    """`/teams/{id}`."""
    team = team_of(visit)
    at, other = at_fields(error if section == "save" else None, _LABELS)
    changes = visit.may(Verb.STAFF, (team.id,))
    above = visit.config.teams.get(team.parent_id or "")
    stored = {name: getattr(team, name) or "" for name in FIELDS}
    return visit.page(
        "team.html",
        code,
        team=team,
        lead=_lead(visit, team),
        above=above if above is not None and visit.may_read(above) else None,
        below=[one for one in visit.config.teams.values() if one.parent_id == team.id and visit.may_read(one)],
        members=_members(visit, team),
        owned=_owned(visit, team),
        lost=lost_in(visit.config, "team", team.id, visit.now),
        changes=changes,
        joinable=_joinable(visit, team) if changes else [],
        roles=team_role_choices(),
        typed={name: visit.text(name) for name in FIELDS} if section == "save" else stored,
        leads=_leads(visit, team) if changes else [],
        parents=_parents(visit, team) if changes else [],
        mark=mark_of(team),
        section=section,
        error=error,
        problems=at,
        other=other,
    )


def mark_of(team: Team) -> str:
    """What a team was when its form was opened."""
    return hashlib.sha256(repr(team).encode("utf-8", "replace")).hexdigest()[:16]


def _line(visit: Visit, team: Team, duty: Mapping[str, dict[str, str]], *, lead_is_lost: bool) -> TeamLine:
    config = visit.config
    people = [config.users.get(one.user_id) for one in config.members_of.get(team.id, ())]
    owned = sum(1 for service in config.services.values() if team.id in config.team_ids_of_service(service.id))
    return TeamLine(
        team,
        _lead(visit, team),
        sum(1 for user in people if user is not None and visit.may_read(user)),
        owned,
        tuple(duty.get(team.id, {}).items()),
        lead_is_lost,
    )


def _duty_by_team(visit: Visit) -> Mapping[str, dict[str, str]]:
    """Who is on call on the schedules of each team, as name by id."""
    found: dict[str, dict[str, str]] = {}
    for user_id, schedules in on_call_now(visit).items():
        for team_id in {team_id for schedule in schedules for team_id in schedule.team_ids}:
            found.setdefault(team_id, {})[user_id] = visit.names.person(user_id)
    return found


def _lead(visit: Visit, team: Team) -> str:
    """Who leads it; somebody whom the reader may not see has no name here."""
    user = visit.config.users.get(team.lead_id or "")
    if user is None:
        return ""
    return visit.names.person(user.id) if visit.may_read(user) else _("somebody whom you don’t see")


def _leads(visit: Visit, team: Team | None) -> list[tuple[str, str]]:
    """Who may lead it: its members first, then everybody else that the reader may see, and who leads it now."""
    config = visit.config
    members = {one.user_id for one in config.members_of.get(team.id, ())} if team is not None else set()
    users = [user for user in config.users.values() if user.active and visit.may_read(user)]
    users.sort(key=lambda one: (one.id not in members, one.name.casefold()))
    found = [(user.id, user.name) for user in users]
    if team is not None and team.lead_id and team.lead_id not in {user_id for user_id, _name in found}:
        found.append((team.lead_id, _lead(visit, team)))
    return found


def _parents(visit: Visit, team: Team | None) -> list[tuple[str, str]]:
    """What it may be part of: every team that the reader may see but itself, and what it is part of now."""
    found = [(one.id, one.name) for one in visit.config.teams.values() if one != team and visit.may_read(one)]
    found.sort(key=lambda pair: pair[1].casefold())
    if team is not None and team.parent_id and team.parent_id not in {team_id for team_id, _name in found}:
        found.append((team.parent_id, _("a team that you don’t see")))
    return found


def _members(visit: Visit, team: Team) -> list[MemberLine]:
    found = []
    for one in visit.config.members_of.get(team.id, ()):
        user = visit.config.users.get(one.user_id)
        if user is not None and visit.may_read(user):
            found.append(MemberLine(user.id, user.name, user.active, one.role.value, team_role_word(one.role)))
    return sorted(found, key=lambda line: line.name.casefold())


def _joinable(visit: Visit, team: Team) -> list[tuple[str, str]]:
    """Who could be taken into the team."""
    inside = {one.user_id for one in visit.config.members_of.get(team.id, ())}
    users = [
        user for user in visit.config.users.values() if user.active and user.id not in inside and visit.may_read(user)
    ]
    return [(user.id, user.name) for user in sorted(users, key=lambda user: user.name.casefold())]


def _owned(visit: Visit, team: Team) -> list[tuple[str, list[OwnedLine]]]:
    """What belongs to the team, sorted by kind."""
    config = visit.config
    duty = on_call_now(visit)
    services = [
        one
        for one in config.services.values()
        if team.id in config.team_ids_of_service(one.id) or one.owner_team_id == team.id
    ]
    schedules = [one for one in config.schedules.values() if team.id in one.team_ids]
    policies = [one for one in config.policies.values() if team.id in one.team_ids]
    routing = [one for one in config.orchestrations.values() if one.team_id == team.id]
    business = [one for one in config.business_services.values() if one.team_id == team.id]
    groups: list[tuple[str, list[OwnedLine]]] = [
        (_("Services"), [OwnedLine(one.name, f"/services/{one.id}") for one in services if visit.may_read(one)]),
        (_("Schedules"), [_schedule(visit, one, duty) for one in schedules]),
        (_("Policies"), [OwnedLine(one.name, f"/policies/{one.id}") for one in policies]),
        (_("Routing"), [OwnedLine(one.name, f"/orchestrations/{one.id}") for one in routing]),
        (_("Business services"), [OwnedLine(one.name, "/business-services") for one in business]),
    ]
    return [(word, sorted(lines, key=lambda line: line.name.casefold())) for word, lines in groups if lines]


def _schedule(visit: Visit, schedule: Schedule, duty: Mapping[str, tuple[Schedule, ...]]) -> OwnedLine:
    """A schedule with who is on call now."""
    people = [user_id for user_id, schedules in duty.items() if schedule in schedules]
    users = [visit.config.users[user_id] for user_id in people if user_id in visit.config.users]
    named = tuple((user.id, isolated(user.name)) for user in users)
    return OwnedLine(schedule.name, f"/schedules/{schedule.id}", named)
