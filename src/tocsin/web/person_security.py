"""How somebody else signs in, for those who look after people: what there is, and taking it away.

Nobody sets anything up for another. The engine judges what is taken away; ending sessions is judged here, by the same
rule. For the page about a person.
"""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.directory.credentials import Identity, Passkey
from tocsin.directory.model import Role, User
from tocsin.directory.permissions import Verb
from tocsin.engine.things import DeleteThing
from tocsin.kernel.errors import NotAllowed, NotFound
from tocsin.runtime.sign_in_ground import SecurityEvent
from tocsin.web.language import gettext as _
from tocsin.web.me_security import Happened, Place, happened, places
from tocsin.web.visit import Visit


@dataclass(frozen=True, slots=True)
class PersonSecurity:
    """Everything about one person's ways to sign in."""

    has_password: bool
    has_factor: bool
    recovery_left: int
    passkeys: tuple[Passkey, ...]
    identities: tuple[Identity, ...]
    sessions: tuple[Place, ...]
    happened: tuple[Happened, ...]


def may_look_after(visit: Visit, user: User) -> bool:
    """Whether the visitor may see and take away how this person signs in: administrators, of owners only owners."""
    return visit.may(Verb.OWN if user.role is Role.OWNER else Verb.ADMINISTER)


def security_of_person(visit: Visit, user: User) -> PersonSecurity:
    """What the page shows to whoever may look after the person. Raises NotAllowed."""
    _require(visit, user)
    codes = visit.site.sessions.codes
    return PersonSecurity(
        has_password=bool(user.password_hash),
        has_factor=codes.has(user.id),
        recovery_left=codes.recovery_left(user.id),
        passkeys=visit.config.passkeys_of.get(user.id, ()),
        identities=tuple(one for one in visit.config.identities.values() if one.user_id == user.id),
        sessions=tuple(places(visit, user.id)),
        happened=tuple(happened(visit, user.id)),
    )


def sign_out_everywhere(visit: Visit, user_id: str) -> int:
    """End every session of the person; they are told. Returns how many. Raises NotFound, NotAllowed."""
    user = _person(visit, user_id)
    _require(visit, user)
    return visit.site.sessions.end_all_of(user, visit.visitor, _by(visit))


def take_second_factor(visit: Visit, user_id: str) -> None:
    """Take the second factor away: for somebody who has lost the phone and the codes. Raises NotFound, NotAllowed."""
    user = _person(visit, user_id)
    _take(visit, user, "second_factor", user_id)
    visit.site.sessions.ground.note(user, SecurityEvent.FACTOR_OFF, visit.visitor, _by(visit))


def take_passkey(visit: Visit, passkey_id: str) -> None:
    """Remove a passkey: for a device that was lost. Raises NotFound, NotAllowed."""
    passkey = visit.config.passkeys.get(passkey_id)
    if passkey is None:
        raise NotFound(_("It was removed already."))
    user = _person(visit, passkey.user_id)
    _take(visit, user, "passkey", passkey_id)
    visit.site.sessions.ground.note(user, SecurityEvent.PASSKEY_GONE, visit.visitor, passkey.name)


def unlink(visit: Visit, identity_id: str) -> None:
    """Forget a person's account at the provider, so that another may take its place. Raises NotFound, NotAllowed."""
    identity = visit.config.identities.get(identity_id)
    if identity is None:
        raise NotFound(_("It was removed already."))
    _take(visit, _person(visit, identity.user_id), "identity", identity_id)


def _take(visit: Visit, user: User, kind: str, thing_id: str) -> None:
    """Remove it, and end what it may have opened."""
    visit.run(DeleteThing(thing_kind=kind, thing_id=thing_id))
    visit.site.sessions.end_all(user.id)


def _person(visit: Visit, user_id: str) -> User:
    user = visit.config.users.get(user_id)
    if user is None:
        raise NotFound(_("There is no such person."))
    return user


def _require(visit: Visit, user: User) -> None:
    if not may_look_after(visit, user):
        raise NotAllowed(_("Only who looks after people may do this."))


def _by(visit: Visit) -> str:
    return visit.me.name
