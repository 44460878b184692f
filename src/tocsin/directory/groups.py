"""What membership of a provider's groups gives: a role in the whole installation, a role in a team. Decides the result.

Only what some grant names is managed: a team that none names keeps its members, and where no grant gives a role, roles
stay as they are. Owners are made owners or taken back only where a grant names a group of owners.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tocsin.directory.model import Role, TeamRole

_STRENGTH = {role: place for place, role in enumerate(reversed(Role))}
_TEAM_STRENGTH = {role: place for place, role in enumerate(reversed(TeamRole))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Members of `group` have `role`, or in the team of this name `team_role`."""

    group: str
    role: Role | None = None
    team: str = ""
    team_role: TeamRole = TeamRole.RESPONDER


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """`role`: None = stays. `teams`: for each team that a grant names the role there, None = not a member.

    `manages_owners`: whether owners are the provider's to make.
    """

    role: Role | None = None
    teams: Mapping[str, TeamRole | None] = field(default_factory=dict)
    manages_owners: bool = False


def granted(grants: Iterable[Grant], groups: Iterable[str], otherwise: Role) -> Granted:
    """What somebody in these groups has; the strongest counts. `otherwise`: the role of who is in no group with one."""
    held, given = frozenset(groups), tuple(grants)
    with_role = [grant for grant in given if grant.role is not None]
    roles = [grant.role for grant in with_role if grant.group in held and grant.role is not None]
    teams: dict[str, TeamRole | None] = {grant.team: None for grant in given if grant.team}
    for grant in given:
        if grant.team and grant.group in held:
            before = teams[grant.team]
            stronger = before is None or _TEAM_STRENGTH[grant.team_role] > _TEAM_STRENGTH[before]
            teams[grant.team] = grant.team_role if stronger else before
    return Granted(
        role=(max(roles, key=_STRENGTH.__getitem__) if roles else otherwise) if with_role else None,
        teams=teams,
        manages_owners=any(grant.role is Role.OWNER for grant in with_role),
    )
