"""API keys: whose they are, what they may do, when they were used; made, renewed and revoked here.

Administrators see every key, everybody else their own. A secret is shown once, right after it was made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from tocsin.directory.model import ApiKey, Role
from tocsin.directory.permissions import Verb
from tocsin.kernel.errors import Invalid, NotFound, TocsinError
from tocsin.kernel.time import Moment
from tocsin.runtime.reads import AuditFilter, Change
from tocsin.web.invite import base_of
from tocsin.web.keys_made import made_key, renewed, revoked
from tocsin.web.language import gettext as _
from tocsin.web.people_words import role_choices, role_word
from tocsin.web.visit import Visit, status_of

MAKERS_LOOKED_AT: Final = 500
"""The newest entries of the history in which who made a key is looked for."""


@dataclass(frozen=True, slots=True)
class KeyLine:
    """One key. `person`: in whose name it acts, "" = its own. `used`: when last, None = never known to be used."""

    key: ApiKey
    role: str
    person: str
    teams: tuple[str, ...]
    made_by: str
    used: Moment | None
    may_change: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A secret that was just made, with the addresses that go into the snippets."""

    secret: str
    name: str
    base: str


def keys_page(
    visit: Visit, *, error: TocsinError | None = None, code: int = 200, shown: Shown | None = None, about: str = ""
) -> Response:
    """`/keys`. `about`: the key whose form was refused, "new" for that of a new one."""
    every = visit.may(Verb.ADMINISTER)
    keys = [
        key
        for key in visit.config.api_keys.values()
        if key.revoked_at is None and (every or key.user_id == visit.me.id)
    ]
    keys.sort(key=lambda key: (key.created_at, key.id), reverse=True)
    makers, used = _makers(visit) if every and keys else {}, visit.site.keys_used() if keys else {}
    return visit.page(
        "keys.html",
        code,
        lines=[_line(visit, key, makers, used) for key in keys],
        revoked=sum(1 for key in visit.config.api_keys.values() if key.revoked_at is not None) if every else 0,
        every=every,
        roles=role_choices(owners=visit.may(Verb.OWN)),
        teams=sorted(((team.id, team.name) for team in visit.config.teams.values()), key=lambda one: one[1].casefold()),
        chosen=set(visit.texts("team")),
        typed={name: visit.text(name) for name in ("name", "role")},
        shown=shown,
        error=error,
        about=about,
    )


def _makers(visit: Visit) -> Mapping[str, str]:
    """Who made each key, as the history tells it."""
    wanted = AuditFilter(kinds=("api_key",), changes=(Change.CREATE,))
    found = visit.site.reads.audit(wanted, limit=MAKERS_LOOKED_AT)
    return {record.thing_id: visit.names.actor(record.actor) for record in found.items}


def _line(visit: Visit, key: ApiKey, makers: Mapping[str, str], used: Mapping[str, Moment]) -> KeyLine:
    person = visit.config.users.get(key.user_id) if key.user_id else None
    role = person.role if person is not None else key.role
    own = key.user_id == visit.me.id
    return KeyLine(
        key,
        role_word(role),
        visit.names.person(key.user_id) if key.user_id else "",
        tuple(visit.names.team(team_id) for team_id in key.team_ids),
        makers.get(key.id, ""),
        used.get(key.id),
        own or visit.may(Verb.OWN if role is Role.OWNER else Verb.ADMINISTER),
    )


def make_key(visit: Visit) -> Response:
    """POST `/keys`: a key for a program. The answer is the page itself: it shows the secret."""
    name, role = visit.text("name", 300).strip(), visit.text("role", 40)
    team_ids = tuple(visit.texts("team"))
    try:
        if role not in tuple(Role):
            raise Invalid(_("Choose a role."))
        if not set(team_ids) <= visit.config.teams.keys():
            raise Invalid(_("One of these teams is not there any more. Choose again."))
        secret = made_key(visit, name=name, role=Role(role), team_ids=team_ids)
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        return keys_page(visit, error=error, code=status_of(error), about="new")
    return _show(visit, secret, name)


def _show(visit: Visit, secret: str, name: str) -> Response:
    visit.config = visit.site.desk.config()
    visit.form = type(visit.form)()
    return keys_page(visit, shown=Shown(secret, name, base_of(visit)))


def act_on_key(visit: Visit) -> Response:
    """POST `/keys/{id}/{action}`."""
    key, do = (
        visit.config.api_keys.get(visit.request.path_params["id"]),
        _ACTIONS.get(visit.request.path_params["action"]),
    )
    sees = key is not None and (visit.may(Verb.ADMINISTER) or key.user_id == visit.me.id)
    if key is None or do is None or not sees:
        raise NotFound(_("This key is not there any more."))
    try:
        if visit.text("typed", 300).strip() != key.name.strip():
            raise Invalid(_("Type the name exactly as it is: whoever uses the key is refused from then on."))
        return do(visit, key)
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        return keys_page(visit, error=error, code=status_of(error), about=key.id)


def _revoke(visit: Visit, key: ApiKey) -> Response:
    revoked(visit, key)
    return visit.go("/keys", "set-key-gone")


def _renew(visit: Visit, key: ApiKey) -> Response:
    return _show(visit, renewed(visit, key), key.name)


_ACTIONS: Final[Mapping[str, Callable[[Visit, ApiKey], Response]]] = {"revoke": _revoke, "renew": _renew}
"""What the buttons do, by the last part of their address."""
