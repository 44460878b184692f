"""What is done to a person: change, sign-in link, signing out, keys, and their leaving, which is shown before it is.

Decides wording and what must be typed. Permission is judged where the command runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from starlette.responses import Response

from tocsin.directory.model import Role, User
from tocsin.engine.things import DeleteThing, SaveThing
from tocsin.kernel.errors import Invalid, NotAllowed, NotFound, TocsinError
from tocsin.runtime.sign_in_ground import SecurityEvent
from tocsin.web import person_security
from tocsin.web.invite import way_in
from tocsin.web.keys_made import made_key, revoked
from tocsin.web.language import gettext as _
from tocsin.web.person import keys_of, may_change, namings, person_of, person_page
from tocsin.web.visit import Visit, status_of


def act_on_person(visit: Visit) -> Response:
    """POST `/people/{id}/{action}`."""
    user, action = person_of(visit), visit.request.path_params["action"]
    do = _ACTIONS.get(action)
    if do is None:
        raise NotFound(_("There is no such action."))
    try:
        return do(visit, user)
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        if action in ("deactivate", "remove"):
            return leave_page(visit, error=error, code=status_of(error))
        return person_page(visit, error=error, section=action, code=status_of(error))


def leave_page(visit: Visit, *, error: TocsinError | None = None, code: int = 200) -> Response:
    """`/people/{id}/leave`: what counts on this person, and the buttons that let them go."""
    user = person_of(visit)
    if not may_change(visit, user):
        raise NotAllowed(_("Only administrators let people go, and only owners let owners go."))
    named = namings(visit, user.id)
    return visit.page(
        "leave.html",
        code,
        user=user,
        stopping=[line for line in named if line.one.stops_removal],
        ending=[line for line in named if line.one.goes_along],
        staying=[line for line in named if not line.one.stops_removal and not line.one.goes_along],
        sessions=len(visit.site.sessions.sessions_of(user.id)),
        keys=len(keys_of(visit, user)),
        is_last_owner=visit.config.owners == (user.id,),
        error=error,
    )


def _save(visit: Visit, user: User) -> Response:
    role = visit.text("role", 40)
    if role not in tuple(Role):
        raise Invalid(_("Choose a role."))
    changed = replace(
        user,
        name=visit.text("name", 300).strip(),
        email=visit.text("email", 300).strip(),
        role=Role(role),
        time_zone=visit.text("zone", 60),
        job_title=visit.text("title", 300).strip() or None,
    )
    names = ("name", "email", "role", "time_zone", "job_title")
    fields = tuple(name for name in names if getattr(changed, name) != getattr(user, name))
    visit.run(SaveThing(thing_kind="user", thing=changed, fields=fields or ("name",)))
    if "role" in fields:
        visit.site.sessions.end_all(user.id)
    return visit.go(f"/people/{user.id}", "set-saved")


def _link(visit: Visit, user: User) -> Response:
    """A new way in, for whoever lost theirs. It is on record: whoever has the link can be that person."""
    told = replace(user, link_made_at=visit.now)
    visit.run(SaveThing(thing_kind="user", thing=told, fields=("link_made_at",)))
    link = way_in(visit, user)
    return person_page(visit, link=link) if link else visit.go(f"/people/{user.id}", "set-invited")


def _end_sessions(visit: Visit, user: User) -> Response:
    if user.id == visit.me.id:
        visit.site.sessions.end_all(user.id)
        return visit.go("/sign-in")
    person_security.sign_out_everywhere(visit, user.id)
    return visit.go(f"/people/{user.id}", "set-signed-out")


def _end_session(visit: Visit, user: User) -> Response:
    if user.id != visit.me.id and not person_security.may_look_after(visit, user):
        raise NotAllowed(_("Only the person and administrators end sessions."))
    visit.site.sessions.end(user.id, visit.text("id", 40))
    visit.site.sessions.ground.note(user, SecurityEvent.ENDED, visit.visitor, visit.me.name)
    return visit.go(f"/people/{user.id}", "set-session")


def _take_factor(visit: Visit, user: User) -> Response:
    person_security.take_second_factor(visit, user.id)
    return visit.go(f"/people/{user.id}", "set-factor-gone")


def _take_passkey(visit: Visit, user: User) -> Response:
    passkey = visit.config.passkeys.get(visit.text("id", 40))
    if passkey is None or passkey.user_id != user.id:
        raise NotFound(_("It was removed already."))
    person_security.take_passkey(visit, passkey.id)
    return visit.go(f"/people/{user.id}", "set-passkey-gone")


def _unlink(visit: Visit, user: User) -> Response:
    identity = visit.config.identities.get(visit.text("id", 40))
    if identity is None or identity.user_id != user.id:
        raise NotFound(_("It was removed already."))
    person_security.unlink(visit, identity.id)
    return visit.go(f"/people/{user.id}", "set-unlinked")


def _add_key(visit: Visit, user: User) -> Response:
    secret = made_key(visit, name=visit.text("name", 300).strip(), role=user.role, user_id=user.id)
    visit.config = visit.site.desk.config()
    visit.form = type(visit.form)()
    return person_page(visit, secret=secret)


def _end_key(visit: Visit, user: User) -> Response:
    key = visit.config.api_keys.get(visit.text("id", 40))
    if key is None or key.user_id != user.id:
        raise NotFound(_("This key is not there any more."))
    revoked(visit, key)
    return visit.go(f"/people/{user.id}", "set-key-gone")


def _activate(visit: Visit, user: User) -> Response:
    visit.run(SaveThing(thing_kind="user", thing=replace(user, active=True), fields=("active",)))
    return visit.go(f"/people/{user.id}", "set-active")


def _deactivate(visit: Visit, user: User) -> Response:
    visit.run(SaveThing(thing_kind="user", thing=replace(user, active=False), fields=("active",)))
    visit.site.sessions.end_all(user.id)
    return visit.go(f"/people/{user.id}", "set-inactive")


def _remove(visit: Visit, user: User) -> Response:
    if visit.text("typed", 300).strip() != user.name.strip():
        raise Invalid(_("Type the name exactly as it is: a removed person does not come back."))
    visit.run(DeleteThing(thing_kind="user", thing_id=user.id))
    visit.site.sessions.end_all(user.id)
    return visit.go("/people", "set-gone")


_ACTIONS: Final[Mapping[str, Callable[[Visit, User], Response]]] = {
    "save": _save,
    "link": _link,
    "sign-out": _end_sessions,
    "session-end": _end_session,
    "factor-remove": _take_factor,
    "passkey-remove": _take_passkey,
    "unlink": _unlink,
    "key-add": _add_key,
    "key-end": _end_key,
    "activate": _activate,
    "deactivate": _deactivate,
    "remove": _remove,
}
"""What the buttons do, by the last part of their address."""
