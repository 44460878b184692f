"""An answer from the phone: by the code in the text, without it, by a key, too late."""

from __future__ import annotations

import pytest

from tests.behaviour.cast import Cast, paged
from tocsin.directory.model import Channel, ContactMethod, User
from tocsin.incidents.messages import IncidentAcknowledged, Resolve
from tocsin.incidents.model import Status
from tocsin.kernel.actor import SYSTEM, Via
from tocsin.kernel.errors import Conflict, NotFound
from tocsin.paging.messages import TEST_ANSWERED, AnswerByCode, AnswerMessage, PageAnswered, SendMessage, SendTestPage
from tocsin.paging.model import Answer, Result
from tocsin.testing.world import World, as_user


def reply(world: World, person: User, code: str = "", answer: Answer = Answer.ACKNOWLEDGE) -> object:
    """A text from the person's phone."""
    phone = next(one for one in world.config.contacts_of[person.id] if one.channel is Channel.SMS)
    command = AnswerByCode(channel=Channel.SMS, address=phone.dial, code=code, answer=answer)
    return world.run(SYSTEM, command)


def last(world: World, person: User) -> SendMessage:
    return world.pages_to(person)[-1].message


def test_by_code(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    assert reply(world, cast.alice, last(world, cast.alice).code) == 1
    incident = world.incident()
    assert incident.status is Status.ACKNOWLEDGED
    assert (incident.status_changed_by.id, incident.status_changed_by.via) == (cast.alice.id, Via.SMS)
    assert [fact.answer for fact in world.facts(PageAnswered)] == [Answer.ACKNOWLEDGE]


def test_each_message_has_its_own_code(world: World, cast: Cast) -> None:
    world.event(cast.monitor, "one")
    first = last(world, cast.alice).code
    world.advance(minutes=2)
    world.event(cast.monitor, "two")
    assert last(world, cast.alice).code != first
    reply(world, cast.alice, first)
    assert [one.status for one in world.incidents()] == [Status.ACKNOWLEDGED, Status.TRIGGERED]


def test_without_a_code_the_newest_message_is_meant(world: World, cast: Cast) -> None:
    world.event(cast.monitor, "one")
    world.advance(minutes=2)
    world.event(cast.monitor, "two")
    reply(world, cast.alice)
    assert [one.status for one in world.incidents()] == [Status.TRIGGERED, Status.ACKNOWLEDGED]


def test_without_a_code_the_newest_message_that_arrived_is_meant(world: World, cast: Cast) -> None:
    world.event(cast.monitor, "one")
    world.advance(minutes=2)
    world.carrier.script = [Result.REFUSED]
    world.event(cast.monitor, "two")
    reply(world, cast.alice)
    assert [one.status for one in world.incidents()] == [Status.ACKNOWLEDGED, Status.TRIGGERED]


def test_resolve_and_send_on(world: World, cast: Cast) -> None:
    world.event(cast.monitor, "one")
    reply(world, cast.alice, answer=Answer.RESOLVE)
    assert world.incident().status is Status.RESOLVED
    world.advance(minutes=2)
    world.event(cast.monitor, "two")
    reply(world, cast.alice, answer=Answer.ESCALATE)
    assert paged(world, cast) == ["alice", "alice", "bob"]


def test_by_a_key_during_the_call(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.advance(minutes=5)
    world.run(SYSTEM, AnswerMessage(message_id=last(world, cast.bob).message_id, answer=Answer.ACKNOWLEDGE))
    assert world.incident().status_changed_by.via is Via.VOICE
    assert world.incident().assignee_ids == (cast.bob.id,)


def test_a_late_answer_is_told_so(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    code = last(world, cast.alice).code
    world.does(cast.bob, Resolve)
    with pytest.raises(Conflict, match="resolved already"):
        reply(world, cast.alice, code)


@pytest.mark.parametrize(("code", "hours"), [("99", 0), ("", 5), ("10", 5)])
def test_a_wrong_code_or_hours_later(world: World, cast: Cast, code: str, hours: int) -> None:
    world.event(cast.monitor)
    world.does(cast.olga, Resolve)
    world.advance(minutes=hours * 60)
    with pytest.raises(NotFound):
        reply(world, cast.alice, code)


def test_a_stranger_answers_nothing(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    with pytest.raises(NotFound):
        reply(world, cast.mallory, last(world, cast.alice).code)
    assert world.incident().status is Status.TRIGGERED


def test_the_same_answer_twice(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    for _ in range(2):
        reply(world, cast.alice)
    assert len(world.facts(IncidentAcknowledged)) == 1


def test_one_who_was_paged_before_joins_who_has_it(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    code = last(world, cast.alice).code
    world.advance(minutes=5)
    world.run(SYSTEM, AnswerMessage(message_id=last(world, cast.bob).message_id, answer=Answer.ACKNOWLEDGE))
    reply(world, cast.alice, code)
    assert world.incident().assignee_ids == (cast.bob.id, cast.alice.id)


def test_without_a_code_a_test_page_is_never_meant(world: World, cast: Cast) -> None:
    """Neither one's own, nor that of somebody else who entered the same number."""
    phone = next(one for one in world.config.contacts_of[cast.alice.id] if one.channel is Channel.SMS)
    same = ContactMethod(id="", user_id=cast.mallory.id, channel=Channel.SMS, address=phone.address, country_code=1)
    theirs = world.save(same, actor=as_user(cast.mallory))
    world.event(cast.monitor)
    world.advance(seconds=5)
    world.run(as_user(cast.alice), SendTestPage(contact_id=phone.id))
    world.run(as_user(cast.mallory), SendTestPage(contact_id=theirs.id))
    assert reply(world, cast.alice) == 1
    assert world.incident().assignee_ids == (cast.alice.id,)


def test_a_test_page_is_answered_by_its_own_message_and_about_nothing_else(world: World, cast: Cast) -> None:
    phone = next(one for one in world.config.contacts_of[cast.alice.id] if one.channel is Channel.SMS)
    message_id = world.run(as_user(cast.alice), SendTestPage(contact_id=phone.id))
    with pytest.raises(NotFound):
        reply(world, cast.alice)
    assert world.run(SYSTEM, AnswerMessage(message_id=message_id, answer=Answer.ACKNOWLEDGE)) == TEST_ANSWERED


def test_sent_on_twice_by_one_message_it_goes_on_once(world: World, cast: Cast) -> None:
    dora, eve = world.person("dora"), world.person("eve")
    policy = world.policy("Four", (30, cast.alice), (30, cast.bob), (30, dora), (30, eve))
    _, monitor = world.service("Four", policy)
    world.event(monitor)
    on = AnswerMessage(message_id=last(world, cast.alice).message_id, answer=Answer.ESCALATE)
    assert world.run(SYSTEM, on) == 1
    with pytest.raises(Conflict, match="sent on already"):
        world.run(SYSTEM, on)
    assert world.incident().level == 2
    world.run(SYSTEM, AnswerMessage(message_id=last(world, cast.bob).message_id, answer=Answer.ESCALATE))
    assert world.incident().level == 3, "who is called next may send it on too"
