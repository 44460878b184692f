"""The one permission rule: who may do what to things of which teams. Asked where the command runs, never at the door.

A thing belongs to its teams; a thing of no team belongs to everybody who may manage at all. Roles are Tocsin's own;
dialects translate their vendors' role names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from tocsin.directory.model import Role, TeamRole


class Verb(StrEnum):
    """What may be allowed or not."""

    READ = "read"  # look at it
    RESPOND = "respond"  # take, change and close incidents; raise one
    COVER = "cover"  # override a schedule
    EDIT = "edit"  # change services, policies, schedules, integrations
    STAFF = "staff"  # change a team and who is in it
    ADMINISTER = "administer"  # people, roles, keys, settings
    OWN = "own"  # owners, restore, un-fencing


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An actor's rights, looked up once: base role, role per team, the teams a key is limited to (None = unlimited)."""

    role: Role
    teams: Mapping[str, TeamRole]
    limited_to: frozenset[str] | None = None


_EVERYWHERE: dict[Role, frozenset[Verb]] = {
    Role.OWNER: frozenset(Verb),
    Role.ADMIN: frozenset(Verb) - {Verb.OWN},
    Role.MANAGER: frozenset({Verb.READ}),
    Role.RESPONDER: frozenset({Verb.READ}),
    Role.OBSERVER: frozenset({Verb.READ}),
    Role.STAKEHOLDER: frozenset({Verb.READ}),
    Role.RESTRICTED: frozenset(),
    Role.LIMITED_STAKEHOLDER: frozenset(),
}
"""What a role allows on every thing, whosever it is."""

_UNOWNED: dict[Role, frozenset[Verb]] = {
    Role.MANAGER: frozenset({Verb.RESPOND, Verb.COVER, Verb.EDIT, Verb.STAFF}),
    Role.RESPONDER: frozenset({Verb.RESPOND, Verb.COVER}),
}
"""What a role adds on things that belong to no team."""

_TEAM: dict[TeamRole, frozenset[Verb]] = {
    TeamRole.MANAGER: frozenset({Verb.READ, Verb.RESPOND, Verb.COVER, Verb.EDIT, Verb.STAFF}),
    TeamRole.RESPONDER: frozenset({Verb.READ, Verb.RESPOND, Verb.COVER}),
    TeamRole.OBSERVER: frozenset({Verb.READ}),
}
"""What a team role allows on things of that team."""

_NEVER_ACTS = (Role.STAKEHOLDER, Role.LIMITED_STAKEHOLDER)


def may(standing: Standing, verb: Verb, team_ids: Iterable[str] = ()) -> bool:
    """Whether the actor may do `verb` to a thing that belongs to `team_ids` (empty = to no team)."""
    owners = frozenset(team_ids)
    if standing.limited_to is not None and not _within_limit(standing.limited_to, verb, owners):
        return False
    if verb in _EVERYWHERE[standing.role]:
        return True
    if standing.role in _NEVER_ACTS and verb is not Verb.READ:
        return False
    if not owners:
        return verb in _UNOWNED.get(standing.role, frozenset())
    return any(team in standing.teams and verb in _TEAM[standing.teams[team]] for team in owners)


def reads_everything(standing: Standing) -> bool:
    """Whether the actor may look at every thing, whosever it is: then nothing needs to be asked one by one."""
    return standing.limited_to is None and Verb.READ in _EVERYWHERE[standing.role]


def _within_limit(limit: frozenset[str], verb: Verb, owners: frozenset[str]) -> bool:
    """A key for some teams acts on their things only, and never on the installation as a whole."""
    if verb in (Verb.ADMINISTER, Verb.OWN):
        return False
    return bool(owners & limit)
