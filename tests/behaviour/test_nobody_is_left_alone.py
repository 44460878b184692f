"""An incident is never left with somebody who is gone or out of reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.behaviour.cast import Cast, gather, paged
from tocsin.directory.model import Channel, Urgency, User
from tocsin.escalation.messages import EscalationStopped, LastResortReached, LevelReached, LevelSkipped
from tocsin.incidents.messages import Acknowledge, CreateIncident, Reassign, SetUrgency, Unacknowledge
from tocsin.incidents.model import NextStep, NoTimer, Status
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.errors import NotAllowed
from tocsin.kernel.time import SECOND
from tocsin.paging.messages import AnswerMessage, RecordReceipt, SendMessage
from tocsin.paging.model import Answer, Result
from tocsin.paging.retry import DELAYS
from tocsin.testing.world import World, as_user

IN_VAIN = "no page reached anybody who had it"


def refuses(*people: User, result: Result = Result.REFUSED) -> Callable[[SendMessage], Result]:
    """Providers that take nothing for these people."""
    gone = {person.id for person in people}
    return lambda message: result if message.user_id in gone else Result.SENT


def given_up(world: World) -> list[str]:
    """Why those who had it gave way to the policy."""
    return [fact.reason for fact in world.facts(LevelSkipped) if fact.level == 0]


def test_who_has_left_answers_no_page(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    old = world.pages_to(cast.alice)[0].message
    world.advance(minutes=5)
    world.save(replace(cast.alice, active=False), "active")
    with pytest.raises(NotAllowed):
        world.run(SYSTEM, AnswerMessage(message_id=old.message_id, answer=Answer.ACKNOWLEDGE))
    assert world.incident().status is Status.TRIGGERED
    assert world.incident().assignee_ids == (cast.bob.id,)


def test_given_to_somebody_out_of_reach_the_policy_is_called(world: World, cast: Cast) -> None:
    for contact in world.config.contacts_of[cast.carol.id]:
        world.delete(contact)
    world.event(cast.monitor)
    world.does(cast.alice, Reassign, user_ids=(cast.carol.id,))
    assert world.incident().timer_at is not None
    assert given_up(world) == ["nobody who has it can be reached"]
    world.advance(minutes=5)
    assert paged(world, cast)[-1] == "bob"


def test_given_to_somebody_whose_page_is_refused_the_policy_is_called(world: World, cast: Cast) -> None:
    world.carrier.judge = refuses(cast.carol)
    world.event(cast.monitor)
    world.advance(minutes=5)
    world.does(cast.alice, Reassign, user_ids=(cast.carol.id,))
    assert given_up(world) == [IN_VAIN]
    assert paged(world, cast) == ["alice", "bob", "alice"], "from its start"
    world.advance(minutes=5)
    assert paged(world, cast)[3:] == ["bob"]


def test_raised_for_people_who_can_t_be_paged_the_policy_is_called(world: World, cast: Cast) -> None:
    world.carrier.judge = refuses(cast.carol, cast.bob)
    order = CreateIncident(title="Noises", service_id=cast.service.id, assignee_ids=(cast.bob.id, cast.carol.id))
    world.run(as_user(cast.alice), order)
    assert (given_up(world), paged(world, cast)) == ([IN_VAIN], ["alice"])


def test_one_of_them_was_reached_and_nothing_follows(world: World, cast: Cast) -> None:
    world.carrier.judge = refuses(cast.carol)
    world.event(cast.monitor)
    world.does(cast.alice, Reassign, user_ids=(cast.bob.id, cast.carol.id))
    world.advance(minutes=60)
    assert (given_up(world), world.incident().timer_reason) == ([], NoTimer.ASSIGNED)
    assert paged(world, cast) == ["alice", "bob"]


def test_who_was_reached_leaves_the_others_to_whom_no_page_got_through(world: World, cast: Cast) -> None:
    world.carrier.judge = refuses(cast.carol)
    world.event(cast.monitor)
    world.does(cast.alice, Reassign, user_ids=(cast.bob.id, cast.carol.id))
    world.save(replace(cast.bob, active=False), "active")
    world.advance(minutes=1)  # carol is tried again first
    assert (given_up(world), paged(world, cast)) == ([IN_VAIN], ["alice", "bob", "alice"])


def test_every_way_is_tried_first(world: World, cast: Cast) -> None:
    dora = world.person("dora", rules=[(Channel.SMS, 0), (Channel.VOICE, 10)])
    world.carrier.script = [Result.SENT, Result.REFUSED]
    world.event(cast.monitor)
    world.does(cast.alice, Reassign, user_ids=(dora.id,))
    assert [one.message.channel for one in world.pages_to(dora)] == [Channel.VOICE]
    world.advance(minutes=30)
    assert given_up(world) == []
    message = world.pages_to(dora)[0].message
    world.run(SYSTEM, RecordReceipt(message_id=message.message_id, status="failed", detail="unreachable"))
    assert (given_up(world), world.incident().level) == ([IN_VAIN], 1)


def test_a_way_that_is_removed_before_its_time_leads_on_too(world: World, cast: Cast) -> None:
    dora = world.person("dora", rules=[(Channel.VOICE, 10)])
    world.event(cast.monitor)
    world.does(cast.alice, Reassign, user_ids=(dora.id,))
    world.delete(next(one for one in world.config.contacts_of[dora.id] if one.channel is Channel.VOICE))
    world.advance(minutes=9)
    assert given_up(world) == []
    world.advance(minutes=1)
    assert (given_up(world), paged(world, cast)) == ([IN_VAIN], ["alice", "alice"])


def test_while_it_is_still_tried_nothing_follows(world: World, cast: Cast) -> None:
    world.carrier.judge = refuses(cast.carol, result=Result.RETRY)
    world.event(cast.monitor)
    world.does(cast.alice, Reassign, user_ids=(cast.carol.id,))
    world.advance(seconds=sum(DELAYS) // SECOND - 1)
    assert given_up(world) == []
    world.advance(seconds=2)
    assert (given_up(world), paged(world, cast)) == ([IN_VAIN], ["alice", "alice"])


def test_a_policy_without_anybody_leads_to_the_last_resort(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    for person in (cast.alice, cast.bob):
        world.save(replace(person, active=False), "active")
    assert world.incident().assignee_ids == (cast.carol.id,)
    world.carrier.judge = refuses(cast.mallory)
    world.does(cast.olga, Reassign, user_ids=(cast.mallory.id,))
    assert given_up(world)[-1:] == [IN_VAIN]
    assert world.incident().next_step is NextStep.LAST_RESORT
    assert paged(world, cast)[-1] == "carol"


def test_where_the_policy_and_the_last_resort_have_nobody_it_says_so(world: World) -> None:
    cast = gather(world, last_resort=False)
    for person in (cast.alice, cast.bob):
        world.save(replace(person, active=False), "active")
    world.carrier.judge = refuses(cast.carol)
    order = CreateIncident(title="Noises", service_id=cast.service.id, assignee_ids=(cast.carol.id,))
    world.run(as_user(cast.olga), order)
    assert (given_up(world), world.incident().timer_reason) == ([IN_VAIN], NoTimer.EXHAUSTED)
    assert len(world.facts(EscalationStopped)) == 1


def test_answered_meanwhile_nothing_follows(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.does(cast.alice, Reassign, user_ids=(cast.carol.id,))
    message = world.pages_to(cast.carol)[0].message
    world.does(cast.bob, Acknowledge)
    world.run(SYSTEM, RecordReceipt(message_id=message.message_id, status="failed", detail="unreachable"))
    world.advance(minutes=60)
    assert (given_up(world), world.incident().status) == ([], Status.ACKNOWLEDGED)
    world.carrier.judge = refuses(cast.bob)
    world.does(cast.bob, Unacknowledge)
    assert given_up(world) == [IN_VAIN], "it was still given by name, and now nobody hears of it"


def test_low_urgency_calls_nobody_else_until_it_is_raised(world: World, cast: Cast) -> None:
    low = CreateIncident(title="Noises", service_id=cast.service.id, assignee_ids=(cast.carol.id,), urgency=Urgency.LOW)
    world.run(as_user(cast.alice), low)
    world.advance(minutes=60)
    assert (given_up(world), paged(world, cast)) == ([], ["carol"])
    world.carrier.judge = refuses(cast.carol)
    world.does(cast.alice, SetUrgency, urgency=Urgency.HIGH)
    assert (given_up(world), paged(world, cast)) == ([IN_VAIN], ["carol", "alice"])


def test_refused_at_a_level_the_next_comes_at_its_time(world: World, cast: Cast) -> None:
    world.carrier.judge = refuses(cast.alice)
    world.event(cast.monitor)
    world.advance(minutes=4.9)
    assert paged(world, cast) == []
    world.advance(minutes=0.1)
    assert (given_up(world), paged(world, cast)) == ([], ["bob"])
    assert [fact.level for fact in world.facts(LevelReached)] == [1, 2]


def test_refused_at_the_last_resort_it_comes_again_at_its_time(world: World, cast: Cast) -> None:
    world.carrier.judge = refuses(cast.alice, cast.bob, cast.carol, cast.olga)
    world.event(cast.monitor)
    world.advance(minutes=75)
    assert [fact.round_number for fact in world.facts(LastResortReached)] == [1, 2, 3]
    assert given_up(world) == []
