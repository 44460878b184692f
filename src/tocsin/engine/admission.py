"""Who comes in by the identity provider: finds or makes the person, and gives them what their groups give.

Decides by the account's id at the provider, by mail only when the account is not known yet and mail may link. Runs as
one command, so that two first sign-ins at once make one person. Never takes the last owner away, and nobody out of a
team while one of its policies calls them: they may only look there until somebody else is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from tocsin.directory.credentials import Identity
from tocsin.directory.groups import Granted
from tocsin.directory.model import Membership, Role, TeamRole, User
from tocsin.engine.config import Config
from tocsin.engine.things import DeleteThing, SaveThing, delete, save
from tocsin.engine.world import ThingChange, World
from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import NOTHING, Command, Decision
from tocsin.kernel.errors import InUse, NotSignedIn
from tocsin.kernel.limits import NAME_CHARS
from tocsin.kernel.time import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Admit(Command):
    """Let the person in whom the provider vouches for. The value: `{"user_id": ..., "made": ..., "notes": [...]}`.

    `email`: only an address that the provider answers for, else "". `may_link`: whether it may lead to somebody who is
    here already; `may_make`: whether somebody who is not here is made. `first_role`: what they then are, unless `role`
    says more. `role`, `teams`, `manages_owners`: see `directory.groups.Granted`.
    """

    kind: ClassVar[str] = "person.admit"
    issuer: str
    subject: str
    email: str = ""
    name: str = ""
    may_link: bool = False
    may_make: bool = False
    first_role: Role = Role.RESPONDER
    role: Role | None = None
    teams: Mapping[str, TeamRole | None] = field(default_factory=dict)
    manages_owners: bool = False


def admission(issuer: str, subject: str, given: Granted) -> Admit:
    """The command for somebody with these grants."""
    return Admit(
        issuer=issuer, subject=subject, role=given.role, teams=given.teams, manages_owners=given.manages_owners
    )


class _Steps:
    """Changes one after the other, each judged in the world that the ones before it have made."""

    def __init__(self, world: World, actor: Actor, now: Moment) -> None:
        self.world = world
        self.total = NOTHING
        self.notes: list[str] = []
        self._actor = actor
        self._now = now

    @property
    def config(self) -> Config:
        """The configuration so far."""
        return self.world.config

    def save(self, kind: str, thing: object, *fields: str) -> object:
        """Save; the thing as it then is."""
        command = SaveThing(thing_kind=kind, thing=thing, fields=fields)
        return self._take(save(self.world, self._actor, command, self._now)).value

    def delete(self, kind: str, thing_id: str) -> None:
        """Remove. Raises InUse."""
        command = DeleteThing(thing_kind=kind, thing_id=thing_id)
        self._take(delete(self.world, self._actor, command, self._now))

    def _take(self, decision: Decision) -> Decision:
        changes = [(one.kind, one.id, one.after) for one in decision.state if isinstance(one, ThingChange)]
        ahead = self.config.changed(changes, self.config.version)
        self.world = World(ahead, self.world.state, self.world.ids)
        self.total += replace(decision, value=None)
        return decision


def admit(world: World, actor: Actor, command: Admit, now: Moment) -> Decision:
    """Run `Admit`. Raises NotSignedIn, in words for the person, when they may not come in."""
    steps = _Steps(world, actor, now)
    user, made = _person(steps, command)
    if not user.active:
        raise NotSignedIn("Your account here is switched off. Ask an owner.", reason="inactive")
    _role(steps, command, user)
    for name, role in sorted(command.teams.items()):
        _team(steps, user.id, name, role)
    value = {"user_id": user.id, "made": made, "notes": list(steps.notes)}
    return replace(steps.total, value=value)


def _person(steps: _Steps, command: Admit) -> tuple[User, bool]:
    """The person, and whether they were made just now."""
    known = steps.config.identity_by_subject.get((command.issuer, command.subject))
    if known is not None:
        return steps.config.users[known.user_id], False
    found = steps.config.user_by_email.get(command.email.lower()) if command.email else None
    if found is None:
        return _make(steps, command), True
    if not command.may_link:
        raise NotSignedIn(
            "Somebody here has your mail address, and accounts are not joined by it. Ask an owner.", reason="no_link"
        )
    if any(one.user_id == found.id and one.issuer == command.issuer for one in steps.config.identities.values()):
        # The address was given to somebody else, or the account was made anew: a person has to look.
        raise NotSignedIn(
            "Your mail address belongs to another account of the provider here. Ask an owner to remove that.",
            reason="other_account",
        )
    _link(steps, command, found)
    return found, False


def _make(steps: _Steps, command: Admit) -> User:
    if not command.may_make:
        raise NotSignedIn("You have no account here yet. Ask an owner to add you.", reason="unknown")
    if not command.email:
        raise NotSignedIn(
            "The provider does not vouch for a mail address of yours, so no account can be made.", reason="no_mail"
        )
    name = " ".join(command.name.split())[:NAME_CHARS] or command.email.partition("@")[0]
    user = User(id="", name=name, email=command.email, role=command.role or command.first_role)
    saved = steps.save("user", user)
    assert isinstance(saved, User)
    _link(steps, command, saved)
    return saved


def _link(steps: _Steps, command: Admit, user: User) -> None:
    steps.save("identity", Identity(id="", user_id=user.id, issuer=command.issuer, subject=command.subject))


def _role(steps: _Steps, command: Admit, user: User) -> None:
    wanted = command.role
    if wanted is None or wanted is user.role or (user.role is Role.OWNER and not command.manages_owners):
        return
    if user.role is Role.OWNER and steps.config.owners == (user.id,):
        steps.notes.append("stays owner: there is no other")
        return
    steps.save("user", replace(user, role=wanted), "role")


def _team(steps: _Steps, user_id: str, name: str, role: TeamRole | None) -> None:
    team = next((one for one in steps.config.teams.values() if one.name.casefold() == name.casefold()), None)
    if team is None:
        if role is not None:
            steps.notes.append(f"there is no team {name}")
        return
    held = steps.config.memberships.get(f"{team.id}:{user_id}")
    if role is not None:
        if held is None or held.role is not role:
            _put(steps, team.id, user_id, role, new=held is None)
    elif held is not None:
        try:
            steps.delete("membership", held.id)
        except InUse:
            steps.notes.append(f"may only look in {team.name}: one of its policies still calls them")
            if held.role is not TeamRole.OBSERVER:
                _put(steps, team.id, user_id, TeamRole.OBSERVER, new=False)


def _put(steps: _Steps, team_id: str, user_id: str, role: TeamRole, *, new: bool) -> None:
    membership = Membership(team_id=team_id, user_id=user_id, role=role)
    steps.save("membership", membership, *(() if new else ("role",)))
