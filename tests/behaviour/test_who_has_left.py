"""Who leaves is named before it happens, by everything that counts on them, and afterwards by what still does."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from tests.behaviour.cast import Cast
from tocsin.dialects._kit.auth import caller
from tocsin.directory.business import BusinessService, Subscriber
from tocsin.directory.handoffs import HANDOFF_RULE, wire_of
from tocsin.directory.kept import Kept
from tocsin.directory.model import ApiKey, Membership, Role, TeamRole
from tocsin.engine.named import NamedAs, lost_in, lost_names, names_of_person
from tocsin.engine.things import DeleteThing
from tocsin.kernel.actor import Via
from tocsin.kernel.errors import InUse, NotAllowed, NotSignedIn
from tocsin.kernel.time import DAY, HOUR
from tocsin.oncall import Override
from tocsin.testing.world import World, as_user


def workflow(name: str, **inputs: str) -> Kept:
    given = [{"name": key.replace("_", " "), "value": value} for key, value in inputs.items()]
    action = {"action_id": "pagerduty.com:incident-workflows:add-responders:1", "inputs": given}
    wire = {"steps": [{"id": "1", "name": "Ask", "action_configuration": action}]}
    return Kept(id="", resource="incident_workflow", name=name, wire=json.dumps(wire))


def everywhere(world: World, cast: Cast) -> dict[NamedAs, Any]:
    """Bob is named by one thing of every sort."""
    now = world.clock.now()
    rota = world.rotation("Payments days", cast.alice, cast.bob, teams=(cast.team.id,))
    world.save(Override("", rota.id, cast.bob.id, now + HOUR, now + 2 * HOUR, now))
    world.save(replace(cast.team, lead_id=cast.bob.id), "lead_id")
    world.save(Membership(team_id=cast.team.id, user_id=cast.bob.id, role=TeamRole.RESPONDER))
    shop = world.save(BusinessService(id="", name="Shop"))
    world.save(Subscriber(subscriber_id=cast.bob.id, subscribed_id=shop.id))
    contact = world.config.contacts_of[cast.bob.id][0]
    world.save(Kept(id="", resource=HANDOFF_RULE, parent_id=contact.id, wire=wire_of("both", 60)))
    flow = world.save(workflow("Major incident", responders=cast.bob.email))
    play = {"responders": [{"id": cast.bob.id, "type": "user_reference"}]}
    kept = world.save(Kept(id="", resource="response_play", name="All hands", wire=json.dumps(play)))
    key = ApiKey(id="", name="Bob's script", digest=digest("secret"), role=Role.RESPONDER, user_id=cast.bob.id)
    return {
        NamedAs.TURNS: rota.id,
        NamedAs.COVER: rota.id,
        NamedAs.LEVEL: cast.policy.id,
        NamedAs.LEAD: cast.team.id,
        NamedAs.MEMBER: cast.team.id,
        NamedAs.WORKFLOW: flow.id,
        NamedAs.RECORD: kept.id,
        NamedAs.HANDOFF: cast.bob.id,
        NamedAs.SUBSCRIBER: shop.id,
        NamedAs.KEY: world.save(key).id,
    }


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def test_everything_that_names_a_person_is_found(world: World, cast: Cast) -> None:
    named = everywhere(world, cast)
    found = names_of_person(world.config, cast.bob.id, world.clock.now())
    assert {one.how: one.thing_id for one in found} == named
    assert set(named) == set(NamedAs), "one of every sort"
    assert names_of_person(world.config, cast.mallory.id, world.clock.now()) == ()


def test_what_is_past_names_nobody(world: World, cast: Cast) -> None:
    rota = world.rotation("Payments days", cast.alice, cast.bob, teams=(cast.team.id,))
    now = world.clock.now()
    world.save(Override("", rota.id, cast.mallory.id, now + HOUR, now + 2 * HOUR, now))
    assert names_of_person(world.config, cast.mallory.id, now)
    assert names_of_person(world.config, cast.mallory.id, now + DAY) == ()


def test_deactivated_people_lose_their_keys_for_good_and_are_reported(world: World, cast: Cast) -> None:
    named = everywhere(world, cast)
    assert caller(world.config, "secret").user_id == cast.bob.id
    assert lost_names(world.config, world.clock.now()) == ()
    gone = world.save(replace(cast.bob, active=False), "active")
    with pytest.raises(NotSignedIn):
        caller(world.config, "secret")
    lost = lost_names(world.config, world.clock.now())
    assert {one.who for one in lost} == {cast.bob.name}
    waits = {NamedAs.MEMBER, NamedAs.KEY, NamedAs.HANDOFF}
    assert {one.naming.how: one.naming.thing_id for one in lost} == {
        how: thing_id for how, thing_id in named.items() if how not in waits
    }
    assert [one.naming.how for one in lost_in(world.config, "team", cast.team.id, world.clock.now())] == [NamedAs.LEAD]
    world.save(replace(gone, active=True), "active")
    assert lost_names(world.config, world.clock.now()) == ()
    with pytest.raises(NotSignedIn):
        caller(world.config, "secret")


def test_whoever_is_called_is_not_removed_and_what_stays_is_reported(world: World, cast: Cast) -> None:
    everywhere(world, cast)
    remove = DeleteThing(thing_kind="user", thing_id=cast.bob.id)
    namings = names_of_person(world.config, cast.bob.id, world.clock.now())
    for stopping in (one for one in namings if one.stops_removal):
        with pytest.raises(InUse):
            world.run(as_user(cast.olga), remove)
        if stopping.kind == "schedule":
            world.delete(world.config.schedules[stopping.thing_id])
        else:
            world.save(replace(cast.policy, rules=(cast.policy.rules[0],)), "rules")
    world.run(as_user(cast.olga), remove)
    left = {one.how for one in namings if not one.stops_removal and not one.goes_along}
    assert left == {NamedAs.WORKFLOW, NamedAs.RECORD}
    assert [(one.who, one.naming.name) for one in lost_names(world.config, world.clock.now())] == [
        (cast.bob.email, "Major incident")
    ], "the step still asks for a mail address that is nobody's"
    assert world.config.teams[cast.team.id].lead_id is None
    with pytest.raises(NotSignedIn):
        caller(world.config, "secret")


def test_people_make_and_end_keys_of_their_own_on_the_pages_only(world: World, cast: Cast) -> None:
    key = ApiKey(id="", name="Mine", digest=digest("mine"), role=Role.OWNER, user_id=cast.mallory.id)
    saved = world.save(key, actor=as_user(cast.mallory))
    assert saved.role is cast.mallory.role, "with the rights that the person has, and no others"
    with pytest.raises(NotAllowed):
        world.save(replace(key, digest=digest("more")), actor=as_user(cast.mallory, Via.API))
    for change in ({"user_id": cast.olga.id}, {"user_id": None}):
        with pytest.raises(NotAllowed):
            world.save(replace(saved, **change), *change, actor=as_user(cast.mallory))
    world.save(replace(saved, revoked_at=world.clock.now()), "revoked_at", actor=as_user(cast.mallory))
    with pytest.raises(NotSignedIn):
        caller(world.config, "mine")
