"""Who comes in by the company's account: found, linked or made, with what their groups give and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.behaviour.cast import Cast
from tocsin.directory.credentials import Identity
from tocsin.directory.groups import Grant, granted
from tocsin.directory.model import Membership, Role, TeamRole
from tocsin.engine.admission import Admit, admission
from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.kernel.errors import NotAllowed, NotSignedIn
from tocsin.testing.world import World, as_user

ISSUER = "https://login.example.com"
PROVIDER = Actor(ActorKind.SYSTEM, "", Via.WEB)
GRANTS = (
    Grant(group="admins", role=Role.ADMIN),
    Grant(group="watchers", role=Role.OBSERVER),
    Grant(group="payments", team="Payments", team_role=TeamRole.RESPONDER),
    Grant(group="leads", team="Payments", team_role=TeamRole.MANAGER),
)


def comes(
    world: World, subject: str, email: str = "", groups: Iterable[str] = (), grants: tuple[Grant, ...] = (), **more: Any
) -> Mapping[str, Any]:
    given = granted(grants, groups, Role.RESPONDER)
    values = {"email": email, "may_link": True, "may_make": True, "name": "New  Person", **more}
    command: Admit = replace(admission(ISSUER, subject, given), **values)
    value: Mapping[str, Any] = world.run(PROVIDER, command)
    return value


def roles(world: World, user_id: str) -> tuple[Role, dict[str, TeamRole]]:
    config = world.config
    teams = {config.teams[one.team_id].name: one.role for one in config.teams_of.get(user_id, ())}
    return config.users[user_id].role, teams


def test_the_account_s_own_id_counts_before_its_mail_address(world: World, cast: Cast) -> None:
    assert comes(world, "sub-1", cast.alice.email)["user_id"] == cast.alice.id
    assert comes(world, "sub-1", cast.bob.email)["user_id"] == cast.alice.id
    assert comes(world, "sub-1", "")["user_id"] == cast.alice.id


def test_a_mail_address_that_was_given_to_somebody_else_leads_nowhere(world: World, cast: Cast) -> None:
    comes(world, "sub-1", cast.alice.email)
    with pytest.raises(NotSignedIn, match="another account"):
        comes(world, "sub-2", cast.alice.email)
    (identity,) = world.config.identities.values()
    world.delete(identity, actor=as_user(cast.olga))
    assert comes(world, "sub-2", cast.alice.email)["user_id"] == cast.alice.id


def test_addresses_link_only_where_they_may(world: World, cast: Cast) -> None:
    with pytest.raises(NotSignedIn, match="not joined"):
        comes(world, "sub-1", cast.alice.email, may_link=False)
    assert not world.config.identities


def test_somebody_new_is_made_once_and_can_be_paged(world: World, cast: Cast) -> None:
    with pytest.raises(NotSignedIn, match="no account here yet"):
        comes(world, "sub-1", "new@example.com", may_make=False)
    with pytest.raises(NotSignedIn, match="does not vouch"):
        comes(world, "sub-1")
    first = comes(world, "sub-1", "new@example.com")
    again = comes(world, "sub-1", "new@example.com")
    assert (first["made"], again["made"], first["user_id"]) == (True, False, again["user_id"])
    user = world.config.users[first["user_id"]]
    assert (user.name, user.role, user.password_hash) == ("New Person", Role.RESPONDER, "")
    assert world.config.rules_of[user.id]


def test_whoever_is_switched_off_stays_out(world: World, cast: Cast) -> None:
    comes(world, "sub-1", cast.mallory.email)
    world.save(replace(world.config.users[cast.mallory.id], active=False), "active")
    with pytest.raises(NotSignedIn, match="switched off"):
        comes(world, "sub-1")


def test_groups_give_and_take_at_each_sign_in(world: World, cast: Cast) -> None:
    user_id = comes(world, "sub-1", "new@example.com", ["payments"], GRANTS)["user_id"]
    assert roles(world, user_id) == (Role.RESPONDER, {"Payments": TeamRole.RESPONDER})
    comes(world, "sub-1", "", ["admins", "watchers", "payments", "leads"], GRANTS)
    assert roles(world, user_id) == (Role.ADMIN, {"Payments": TeamRole.MANAGER})
    comes(world, "sub-1", "", ["payments"], GRANTS)
    assert roles(world, user_id) == (Role.RESPONDER, {"Payments": TeamRole.RESPONDER})
    comes(world, "sub-1", "", [], GRANTS)
    assert roles(world, user_id) == (Role.RESPONDER, {})


def test_what_no_grant_names_is_left_alone(world: World, cast: Cast) -> None:
    search = world.team("Search")
    user_id = comes(world, "sub-1", "new@example.com")["user_id"]
    world.save(replace(world.config.users[user_id], role=Role.ADMIN), "role")
    world.save(Membership(team_id=search.id, user_id=user_id, role=TeamRole.MANAGER))
    only_teams = tuple(one for one in GRANTS if one.team)
    comes(world, "sub-1", "", ["payments"], only_teams)
    assert roles(world, user_id) == (Role.ADMIN, {"Search": TeamRole.MANAGER, "Payments": TeamRole.RESPONDER})


def test_who_is_still_called_may_only_look_and_it_is_said(world: World, cast: Cast) -> None:
    """Taken out, a policy of the team would call a stranger; left in, they would keep their rights."""
    value = comes(world, "sub-1", cast.alice.email, [], GRANTS)
    assert roles(world, cast.alice.id)[1] == {"Payments": TeamRole.OBSERVER}
    assert "still calls them" in value["notes"][0]


def test_owners_are_made_and_taken_only_where_a_group_of_owners_is_named(world: World, cast: Cast) -> None:
    second = world.person("oscar", role=Role.OWNER)
    comes(world, "sub-1", second.email, ["watchers"], GRANTS)
    assert world.config.users[second.id].role is Role.OWNER
    owners = (*GRANTS, Grant(group="owners", role=Role.OWNER))
    comes(world, "sub-1", "", ["watchers"], owners)
    assert world.config.users[second.id].role is Role.OBSERVER


def test_the_last_owner_stays(world: World, cast: Cast) -> None:
    owners = (*GRANTS, Grant(group="owners", role=Role.OWNER))
    value = comes(world, "sub-1", cast.olga.email, ["watchers"], owners)
    assert world.config.users[cast.olga.id].role is Role.OWNER
    assert value["notes"] == ["stays owner: there is no other"]


def test_a_team_that_is_not_there_keeps_nobody_out(world: World, cast: Cast) -> None:
    value = comes(world, "sub-1", cast.bob.email, ["x"], (Grant(group="x", team="Nowhere"),))
    assert value["notes"] == ["there is no team Nowhere"]


@pytest.mark.parametrize("name", ["mallory", "olga"])
def test_nobody_lets_somebody_in_by_hand(world: World, cast: Cast, name: str) -> None:
    person = as_user(getattr(cast, name))
    with pytest.raises(NotAllowed):
        world.run(person, admission(ISSUER, "sub-1", granted((), (), Role.OWNER)))
    with pytest.raises(NotAllowed):
        world.save(Identity(id="", user_id=cast.olga.id, issuer=ISSUER, subject="mine"), actor=person)


def test_a_sign_in_that_changes_nothing_leaves_nothing_on_record(world: World, cast: Cast) -> None:
    comes(world, "sub-1", cast.alice.email, ["payments"], GRANTS)
    version = world.config.version
    comes(world, "sub-1", cast.alice.email, ["payments"], GRANTS)
    assert world.config.version == version
