"""The one permission rule, as a table and as what must hold for every actor."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.directory.model import Role, TeamRole
from tocsin.directory.permissions import Standing, Verb, may, reads_everything

OURS, THEIRS = "TOURS", "TTHEIRS"

READS = {Verb.READ}
TAKES = READS | {Verb.RESPOND, Verb.COVER}
MANAGES = TAKES | {Verb.EDIT, Verb.STAFF}

# What a person may do to things of their team, of another team and of nobody, by role and role in the team.
TABLE: list[tuple[Role, TeamRole | None, set[Verb], set[Verb], set[Verb]]] = [
    (Role.OWNER, None, set(Verb), set(Verb), set(Verb)),
    (Role.ADMIN, None, set(Verb) - {Verb.OWN}, set(Verb) - {Verb.OWN}, set(Verb) - {Verb.OWN}),
    (Role.MANAGER, None, READS, READS, MANAGES),
    (Role.MANAGER, TeamRole.RESPONDER, TAKES, READS, MANAGES),
    (Role.MANAGER, TeamRole.MANAGER, MANAGES, READS, MANAGES),
    (Role.RESPONDER, None, READS, READS, TAKES),
    (Role.RESPONDER, TeamRole.OBSERVER, READS, READS, TAKES),
    (Role.RESPONDER, TeamRole.RESPONDER, TAKES, READS, TAKES),
    (Role.RESPONDER, TeamRole.MANAGER, MANAGES, READS, TAKES),
    (Role.OBSERVER, None, READS, READS, READS),
    (Role.OBSERVER, TeamRole.RESPONDER, TAKES, READS, READS),
    (Role.OBSERVER, TeamRole.MANAGER, MANAGES, READS, READS),
    (Role.STAKEHOLDER, TeamRole.MANAGER, READS, READS, READS),
    (Role.RESTRICTED, None, set(), set(), set()),
    (Role.RESTRICTED, TeamRole.RESPONDER, TAKES, set(), set()),
    (Role.RESTRICTED, TeamRole.MANAGER, MANAGES, set(), set()),
    (Role.LIMITED_STAKEHOLDER, None, set(), set(), set()),
    (Role.LIMITED_STAKEHOLDER, TeamRole.MANAGER, READS, set(), set()),
]

standings = st.builds(
    Standing,
    role=st.sampled_from(Role),
    teams=st.dictionaries(st.sampled_from([OURS, THEIRS]), st.sampled_from(TeamRole)),
    limited_to=st.none() | st.frozensets(st.sampled_from([OURS, THEIRS]), min_size=1),
)
owners = st.frozensets(st.sampled_from([OURS, THEIRS, "TTHIRD"]))


def allowed(standing: Standing, *teams: str) -> set[Verb]:
    return {verb for verb in Verb if may(standing, verb, teams)}


@pytest.mark.parametrize(("role", "in_team", "ours", "theirs", "nobodys"), TABLE)
def test_the_table(
    role: Role, in_team: TeamRole | None, ours: set[Verb], theirs: set[Verb], nobodys: set[Verb]
) -> None:
    standing = Standing(role=role, teams={OURS: in_team} if in_team else {})
    assert (allowed(standing, OURS), allowed(standing, THEIRS), allowed(standing)) == (ours, theirs, nobodys)


def test_the_table_names_every_role() -> None:
    assert {row[0] for row in TABLE} == set(Role)


@given(standing=standings, teams=owners)
def test_a_limit_only_takes_away(standing: Standing, teams: frozenset[str]) -> None:
    free = Standing(role=standing.role, teams=standing.teams)
    assert allowed(standing, *teams) <= allowed(free, *teams)


@given(standing=standings, teams=owners)
def test_a_limited_key_touches_nothing_of_others_and_nothing_of_all(standing: Standing, teams: frozenset[str]) -> None:
    if standing.limited_to is not None:
        assert not allowed(standing, *teams) & {Verb.ADMINISTER, Verb.OWN}
        if not teams & standing.limited_to:
            assert allowed(standing, *teams) == set()


@given(standing=standings, teams=owners, team=st.sampled_from([OURS, THEIRS]))
def test_a_place_in_a_team_never_takes_away(standing: Standing, teams: frozenset[str], team: str) -> None:
    outside = Standing(role=standing.role, teams={}, limited_to=standing.limited_to)
    assert allowed(outside, *teams) <= allowed(standing, *teams)


@given(standing=standings, teams=owners)
def test_who_may_change_a_thing_may_see_it(standing: Standing, teams: frozenset[str]) -> None:
    found = allowed(standing, *teams)
    assert not found or Verb.READ in found


@given(standing=standings, teams=owners)
def test_who_reads_everything_reads_each_thing(standing: Standing, teams: frozenset[str]) -> None:
    assert may(standing, Verb.READ, teams) or not reads_everything(standing)


@given(standing=standings)
def test_only_owners_own_and_only_admins_administer(standing: Standing) -> None:
    found = allowed(standing, OURS) | allowed(standing)
    assert (Verb.OWN in found) <= (standing.role is Role.OWNER)
    assert (Verb.ADMINISTER in found) <= (standing.role in (Role.OWNER, Role.ADMIN))
