"""How somebody new comes in: added with a role and a team, and given a one-time link. Decides wording only."""

from __future__ import annotations

from starlette.responses import Response

from tocsin.directory.model import Membership, Role, TeamRole, User
from tocsin.engine.things import SaveThing
from tocsin.kernel.errors import Invalid, TocsinError
from tocsin.runtime.sessions import INVITATION_LIFE
from tocsin.web.language import gettext as _
from tocsin.web.people import people_page
from tocsin.web.person import person_page
from tocsin.web.visit import Visit, status_of


def invite(visit: Visit) -> Response:
    """POST `/people`: adds somebody and gives them a way in, by mail or as a link that is shown once."""
    try:
        user = _added(visit)
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        return people_page(visit, error=error, code=status_of(error))
    visit.config = visit.site.desk.config()
    link = way_in(visit, user)
    if not link:
        return visit.go(f"/people/{user.id}", "set-invited")
    visit.request.path_params["id"] = user.id
    visit.form = type(visit.form)()
    return person_page(visit, link=link)


def _added(visit: Visit) -> User:
    team_id, role = visit.text("team", 40), visit.text("role", 40)
    if team_id and team_id not in visit.config.teams:
        raise Invalid(_("This team is not there any more. Choose another one."))
    if role not in tuple(Role):
        raise Invalid(_("Choose a role."))
    fresh = User(
        id="",
        name=visit.text("name", 300).strip(),
        email=visit.text("email", 300).strip(),
        role=Role(role),
        time_zone=visit.text("zone", 60) or visit.me.time_zone,
        invited=True,
    )
    made: User = visit.run(SaveThing(thing_kind="user", thing=fresh))
    if team_id:
        team_role = visit.text("team_role", 40)
        chosen = TeamRole(team_role) if team_role in tuple(TeamRole) else TeamRole.RESPONDER
        visit.run(SaveThing(thing_kind="membership", thing=Membership(team_id=team_id, user_id=made.id, role=chosen)))
    return made


def way_in(visit: Visit, user: User) -> str:
    """Send this person a one-time link, or return it where no mail can be sent: it is to be shown once."""
    token = visit.site.sessions.make_link(user.id, life=INVITATION_LIFE)
    url = f"{base_of(visit)}/enter/{token}"
    mail = visit.site.invitation_mail
    if mail is None:
        return url
    mail(user, url)
    return ""


def base_of(visit: Visit) -> str:
    """The address of this installation as people use it, without a slash at its end."""
    return visit.site.public_url or f"{visit.request.url.scheme}://{visit.request.headers.get('host', '')}"
