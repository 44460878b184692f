"""When nobody is on call, or nobody answered, somebody is called all the same: managers, then owners."""

from __future__ import annotations

from dataclasses import replace

from tests.behaviour.cast import Cast, gather, paged
from tocsin.directory.model import Role, Urgency, User
from tocsin.escalation.messages import EscalateNow, EscalationStopped, LastResortReached, NobodyToPage, PolicyExhausted
from tocsin.incidents.messages import Acknowledge, CreateIncident, Reassign, SetUrgency, Unacknowledge
from tocsin.incidents.model import NoTimer
from tocsin.kernel.time import MINUTE
from tocsin.testing.world import World, as_user


def leave(world: World, *people: User) -> None:
    for person in people:
        world.save(replace(person, active=False), "active")


def test_nobody_at_any_level_calls_the_manager_at_once(world: World, cast: Cast) -> None:
    leave(world, cast.alice, cast.bob)
    world.event(cast.monitor)
    assert paged(world, cast) == ["carol"]
    assert [fact.reason for fact in world.facts(PolicyExhausted)] == ["nobody is on call at any level"]


def test_then_the_owners_too_every_half_hour(world: World, cast: Cast) -> None:
    begin = world.clock.now()
    world.event(cast.monitor)
    world.advance(minutes=80)
    calls = [(cast.name_of[one.message.user_id], (one.at - begin) // MINUTE) for one in world.carrier.received]
    assert calls == [("alice", 0), ("bob", 5), ("carol", 10), ("carol", 40), ("olga", 40), ("carol", 70), ("olga", 70)]
    assert [fact.who for fact in world.facts(LastResortReached)] == ["team managers", *["team managers and owners"] * 2]


def test_an_answer_ends_it(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.advance(minutes=11)
    world.does(cast.carol, Acknowledge)
    world.advance(minutes=120)
    assert paged(world, cast) == ["alice", "bob", "carol"]


def test_given_back_it_starts_where_the_policy_stood(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.advance(minutes=11)
    world.does(cast.carol, Acknowledge)
    world.advance(minutes=1)
    world.does(cast.carol, Unacknowledge)
    assert sorted(paged(world, cast)[3:]) == ["bob", "carol"]
    world.advance(minutes=5)
    rounds = [fact.round_number for fact in world.facts(LastResortReached)]
    assert rounds == [1, 1], "a new last resort begins with its first round"


def test_when_whoever_it_called_leaves_the_policy_goes_on_and_may_end_anew(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.advance(minutes=11)
    leave(world, cast.carol)
    assert paged(world, cast) == ["alice", "bob", "carol", "bob"]
    assert world.incident().last_resort_round == 0, "a level is called again, not the last resort"
    world.advance(minutes=6)
    assert [fact.round_number for fact in world.facts(LastResortReached)] == [1, 1]


def test_no_manager_means_the_owners_at_once(world: World, cast: Cast) -> None:
    leave(world, cast.alice, cast.bob, cast.carol)
    world.event(cast.monitor)
    assert paged(world, cast) == ["olga"]


def test_not_even_an_owner(world: World) -> None:
    alone = world.person("alice")
    _, monitor = world.service("Alone", world.policy("Alone", (5, alone)))
    leave(world, alone)
    world.event(monitor)
    world.advance(minutes=61)
    assert len(world.facts(NobodyToPage)) == 3, "said each time, and tried again"
    world.person("olga", role=Role.OWNER)
    world.advance(minutes=30)
    assert len(world.carrier.received) == 1


def test_switched_off_for_a_service(world: World) -> None:
    cast = gather(world, last_resort=False)
    world.event(cast.monitor)
    world.advance(minutes=120)
    assert paged(world, cast) == ["alice", "bob"]
    assert world.incident().timer_reason is NoTimer.EXHAUSTED
    assert [fact.reason for fact in world.facts(EscalationStopped)] == ["last resort is switched off for this service"]


def test_switched_off_for_everybody_and_its_rhythm(world: World, cast: Cast) -> None:
    settings = world.save(replace(world.config.settings, last_resort_every_minutes=10), "last_resort_every_minutes")
    world.event(cast.monitor)
    world.advance(minutes=25)
    assert paged(world, cast)[2:] == ["carol", "carol", "olga"]
    world.save(replace(settings, last_resort=False), "last_resort")
    world.event(cast.monitor, "another")
    world.advance(minutes=11)
    assert world.incident(2).timer_reason is NoTimer.EXHAUSTED


def test_taken_from_the_last_resort_it_goes_on_though_it_was_given_by_name_before(world: World) -> None:
    """Carol was called by the last resort, so nobody chose her: when she falls asleep others must hear of it."""
    cast = gather(world, acknowledgement_timeout=1800)
    world.event(cast.monitor)
    world.advance(minutes=6)
    world.does(cast.alice, Reassign, user_ids=(cast.bob.id,))
    world.does(cast.bob, EscalateNow)
    world.does(cast.carol, Acknowledge)
    told = len(world.carrier.received)
    world.advance(minutes=120)
    assert {"bob", "carol", "olga"} <= set(paged(world, cast)[told:])


def test_given_by_name_to_nobody_who_can_be_reached_and_made_urgent_again(world: World, cast: Cast) -> None:
    for person in (cast.alice, cast.bob):
        for contact in world.config.contacts_of[person.id]:
            world.save(replace(contact, enabled=False), "enabled")
    named = CreateIncident(title="by name", service_id=cast.service.id, assignee_ids=(cast.alice.id,))
    world.run(as_user(cast.carol), named)
    world.does(cast.carol, SetUrgency, urgency=Urgency.LOW)
    world.does(cast.carol, SetUrgency, urgency=Urgency.HIGH)
    told = len(world.carrier.received)
    world.advance(minutes=120)
    assert {"carol", "olga"} <= set(paged(world, cast)[told:])
