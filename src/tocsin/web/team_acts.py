"""What is done to a team: change, its people, its end. Permission is judged where the command runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from starlette.responses import Response

from tocsin.directory.model import Membership, Team, TeamRole
from tocsin.engine.things import DeleteThing, SaveThing
from tocsin.kernel.errors import Conflict, Invalid, NotFound, TocsinError
from tocsin.web.language import gettext as _
from tocsin.web.teams import mark_of, team_of, team_page, typed_values
from tocsin.web.visit import Visit, status_of


def act_on_team(visit: Visit) -> Response:
    """POST `/teams/{id}/{action}`."""
    team, action = team_of(visit), visit.request.path_params["action"]
    do = _ACTIONS.get(action)
    if do is None:
        raise NotFound(_("There is no such action."))
    try:
        return do(visit, team)
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        return team_page(visit, error=error, section=action, code=status_of(error))


def _save(visit: Visit, team: Team) -> Response:
    """Refused when somebody changed the team since its form was opened."""
    values = typed_values(visit)
    fields = tuple(name for name, value in values.items() if (getattr(team, name) or None) != (value or None))
    mark = visit.text("mark", 16)
    if mark and mark != mark_of(team):
        raise Conflict(_("Somebody has changed this team since you opened the form. Look, and save it again."))
    visit.run(SaveThing(thing_kind="team", thing=replace(team, **values), fields=fields or ("name",)))
    return visit.go(f"/teams/{team.id}", "set-saved")


def _put_member(visit: Visit, team: Team) -> Response:
    """Takes somebody in, or gives them another role there."""
    user_id, role = visit.text("user", 40), visit.text("role", 40)
    user = visit.config.users.get(user_id)
    if user is None or not visit.may_read(user):
        raise Invalid(_("Choose a person."))
    if role not in tuple(TeamRole):
        raise Invalid(_("Choose a role."))
    membership = Membership(team_id=team.id, user_id=user.id, role=TeamRole(role))
    known = membership.id in visit.config.memberships
    visit.run(SaveThing(thing_kind="membership", thing=membership, fields=("role",) if known else ()))
    return visit.go(f"/teams/{team.id}", "set-member")


def _drop_member(visit: Visit, team: Team) -> Response:
    membership = visit.config.memberships.get(f"{team.id}:{visit.text('user', 40)}")
    if membership is None:
        raise NotFound(_("This person is not in the team any more."))
    visit.run(DeleteThing(thing_kind="membership", thing_id=membership.id))
    return visit.go(f"/teams/{team.id}", "set-member-gone")


def _remove(visit: Visit, team: Team) -> Response:
    if visit.text("typed", 300).strip() != team.name.strip():
        raise Invalid(_("Type the name exactly as it is: a removed team does not come back."))
    visit.run(DeleteThing(thing_kind="team", thing_id=team.id))
    return visit.go("/teams", "set-team-gone")


_ACTIONS: Final[Mapping[str, Callable[[Visit, Team], Response]]] = {
    "save": _save,
    "member": _put_member,
    "member-remove": _drop_member,
    "remove": _remove,
}
"""What the buttons do, by the last part of their address."""
