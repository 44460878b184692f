"""A message carries some pages and counts the others; they follow, and one answer answers all of them."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.behaviour.cast import Cast, gather, paged
from tocsin.directory.model import Channel, NotificationRule, Urgency, UrgencyRule
from tocsin.incidents.messages import Resolve
from tocsin.incidents.model import Status
from tocsin.kernel import limits
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.errors import Conflict
from tocsin.kernel.time import HOUR, MINUTE
from tocsin.paging.messages import AnswerByCode, AnswerMessage, PageAnswered, RecordReceipt, SendMessage
from tocsin.paging.model import Answer, Haste, PageState, Result
from tocsin.runtime.turn_inputs import Request
from tocsin.testing.world import World

CARRIED = 3
STORM = 11
"""Incidents: the first is paged at once, the others gather."""


@pytest.fixture(autouse=True)
def small_bundles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BUNDLE_PAGES", CARRIED)


def storm(world: World, cast: Cast) -> None:
    for number in range(STORM):
        world.accept(world.alarm(cast.monitor, f"shard-{number}"))
    world.settle()


def bundle(world: World, cast: Cast) -> SendMessage:
    """The storm's first bundle, once it has gone out."""
    storm(world, cast)
    world.advance(minutes=1)
    return world.pages_to(cast.alice)[-1].message


def acknowledged(message: SendMessage) -> AnswerMessage:
    return AnswerMessage(message_id=message.message_id, answer=Answer.ACKNOWLEDGE)


def states(world: World) -> Counter[PageState]:
    return Counter(page.state for page in world.records().pages)


def statuses(world: World) -> list[str]:
    return [one.status.value for one in world.incidents()]


ALL_BUT_THE_FIRST = ["triggered", *["acknowledged"] * (STORM - 1)]


def test_the_others_follow_a_minute_later(world: World, cast: Cast) -> None:
    begin = world.clock.now()
    message = bundle(world, cast)
    assert message.text.startswith(f"{STORM - 1} incidents: #2 Checkout: shard-1; ")
    assert message.text.endswith(f"and {STORM - 1 - CARRIED} more")
    world.advance(minutes=3)
    got = world.pages_to(cast.alice)
    assert [one.at - begin for one in got] == [0, MINUTE, 2 * MINUTE, 3 * MINUTE, 4 * MINUTE]
    assert [len(one.message.incident_ids) for one in got] == [1, 3, 3, 3, 1]
    assert states(world) == {PageState.SENT: STORM}


@pytest.mark.parametrize(("answer", "status"), [(Answer.ACKNOWLEDGE, "acknowledged"), (Answer.RESOLVE, "resolved")])
def test_one_answer_answers_all_of_it(world: World, cast: Cast, answer: Answer, status: str) -> None:
    message = bundle(world, cast)
    reply = AnswerByCode(channel=Channel.SMS, address=message.address, code=message.code, answer=answer)
    assert world.run(SYSTEM, reply) == STORM - 1
    assert statuses(world) == ["triggered", *[status] * (STORM - 1)]
    assert {one.status_changed_by.id for one in world.incidents()[1:]} == {cast.alice.id}
    assert len(world.facts(PageAnswered)) == STORM - 1, "each once"
    world.advance(minutes=3.9)
    assert paged(world, cast) == ["alice", "alice"], "nothing is left to tell"


def test_sent_on_all_of_it_goes_on_once(world: World, cast: Cast) -> None:
    message = bundle(world, cast)
    on = AnswerMessage(message_id=message.message_id, answer=Answer.ESCALATE)
    world.run(SYSTEM, on)
    assert {one.level for one in world.incidents()[1:]} == {2}
    with pytest.raises(Conflict, match="sent on already"):
        world.run(SYSTEM, on)
    assert {one.epoch for one in world.incidents()[1:]} == {2}


@pytest.mark.parametrize("how", ["not reported", "not known", "crashed"])
def test_an_answer_holds_for_all_whatever_is_known_of_the_message(world: World, cast: Cast, how: str) -> None:
    """An answer proves that it arrived."""
    storm(world, cast)
    world.carrier.slow = how != "not known"
    world.carrier.script = [Result.UNKNOWN] if how == "not known" else []
    world.advance(minutes=1)
    message = world.pages_to(cast.alice)[-1].message
    assert world.run(SYSTEM, acknowledged(message)) == STORM - 1
    if how == "crashed":
        world.crash()
    world.carrier.answer()
    world.advance(minutes=2)
    assert statuses(world) == ALL_BUT_THE_FIRST
    assert paged(world, cast) == ["alice", "alice"]


def test_each_of_two_messages_on_their_way_answers_what_it_says(world: World, cast: Cast) -> None:
    storm(world, cast)
    world.carrier.slow = True
    world.advance(minutes=2)
    first, second = (one.message for one in world.pages_to(cast.alice)[1:])
    world.run(SYSTEM, acknowledged(second))
    assert statuses(world) == [*["triggered"] * (1 + CARRIED), *["acknowledged"] * (STORM - 1 - CARRIED)]
    world.run(SYSTEM, acknowledged(first))
    assert statuses(world) == ALL_BUT_THE_FIRST


@pytest.mark.parametrize("minutes", [1, 2, 3])
def test_the_first_message_answers_what_later_ones_have_carried_too(world: World, cast: Cast, minutes: int) -> None:
    message = bundle(world, cast)
    world.advance(minutes=minutes)
    world.event(cast.monitor, "late")
    assert world.run(SYSTEM, acknowledged(message)) == STORM - 1
    assert statuses(world) == [*ALL_BUT_THE_FIRST, "triggered"]
    assert len(world.facts(PageAnswered)) == STORM - 1


def test_a_level_that_is_due_does_not_overtake_the_answer(
    world: World, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = bundle(world, cast)
    monkeypatch.setattr(limits, "BUNDLE_PAGES", 1)  # a long walk
    answers: list[str] = []
    world.loop.ask(Request("", SYSTEM, acknowledged(message), answers.append))
    world.loop.turn()
    waiting = [one for one in world.incidents() if one.status is Status.TRIGGERED]
    assert len(waiting) > CARRIED
    world.sleep(5 * MINUTE)
    world.settle()
    assert statuses(world)[1:] == ALL_BUT_THE_FIRST[1:]
    assert world.incident(1).level == 2


def test_one_that_was_resolved_meanwhile_does_not_stop_the_answer(world: World, cast: Cast) -> None:
    message = bundle(world, cast)
    for number in range(2, 2 + CARRIED + 2):
        world.does(cast.bob, Resolve, number)
    world.run(SYSTEM, acknowledged(message))
    assert statuses(world)[1 + CARRIED + 2 :] == ["acknowledged"] * (STORM - 3 - CARRIED)


def test_without_a_code_the_whole_message_is_meant(world: World, cast: Cast) -> None:
    message = bundle(world, cast)
    reply = AnswerByCode(channel=Channel.SMS, address=message.address, code="", answer=Answer.ACKNOWLEDGE)
    assert world.run(SYSTEM, reply) == STORM - 1
    assert statuses(world) == ALL_BUT_THE_FIRST


def test_the_answer_reaches_all_though_the_clock_is_set_back(world: World, cast: Cast) -> None:
    storm(world, cast)
    world.clock.step(-10 * MINUTE)
    world.settle()
    world.advance(minutes=1.5)
    message = world.pages_to(cast.alice)[1].message
    world.run(SYSTEM, acknowledged(message))
    assert statuses(world) == ALL_BUT_THE_FIRST


def test_what_came_later_is_not_answered(world: World, cast: Cast) -> None:
    message = bundle(world, cast)
    world.event(cast.monitor, "late")  # in the same moment, but the message is written
    world.run(SYSTEM, acknowledged(message))
    assert statuses(world) == [*ALL_BUT_THE_FIRST, "triggered"]
    world.advance(minutes=1)
    assert "late" in world.pages_to(cast.alice)[-1].message.text


def test_lost_afterwards_what_it_carried_goes_the_next_way(world: World) -> None:
    cast = gather(world)
    contact = next(one for one in world.config.contacts_of[cast.alice.id] if one.channel is Channel.EMAIL)
    later = NotificationRule(
        id="", user_id=cast.alice.id, contact_method_id=contact.id, urgency=Urgency.HIGH, start_delay_minutes=4
    )
    world.save(later)
    begin = world.clock.now()
    message = bundle(world, cast)
    world.run(SYSTEM, RecordReceipt(message_id=message.message_id, status="failed", detail="unreachable"))
    mails = world.pages_to(cast.alice, Channel.EMAIL)
    assert mails[0].at == begin + MINUTE, "nobody waited for the rule's own delay"


def test_a_refused_message_does_not_stop_the_next(world: World, cast: Cast) -> None:
    storm(world, cast)
    world.carrier.script = [Result.REFUSED]
    world.advance(minutes=2)
    message = world.pages_to(cast.alice)[-1].message
    assert message.text.startswith(f"{STORM - 1 - CARRIED} incidents: #{2 + CARRIED} ")


def test_the_loud_ones_come_first(world: World) -> None:
    cast = gather(world)
    _, quiet = world.service("Quiet", cast.policy, urgency_rule=UrgencyRule(urgency="low"))
    phone = next(one for one in world.config.contacts_of[cast.alice.id] if one.channel is Channel.SMS)
    world.save(NotificationRule(id="", user_id=cast.alice.id, contact_method_id=phone.id, urgency=Urgency.LOW))
    for number in range(STORM):
        world.event(quiet, f"quiet-{number}")
    world.event(cast.monitor, "loud")
    world.advance(minutes=1)
    message = world.pages_to(cast.alice, Channel.SMS)[-1].message
    assert message.haste is Haste.HIGH
    assert message.text.startswith(f"{STORM} incidents: #{STORM + 1} Checkout: loud; ")


def test_quiet_ones_keep_to_the_budget_of_the_hour(world: World) -> None:
    cast = gather(world)
    _, quiet = world.service("Quiet", cast.policy, urgency_rule=UrgencyRule(urgency="low"))
    phone = next(one for one in world.config.contacts_of[cast.alice.id] if one.channel is Channel.SMS)
    world.save(NotificationRule(id="", user_id=cast.alice.id, contact_method_id=phone.id, urgency=Urgency.LOW))
    begin = world.clock.now()
    for number in range(60):
        world.event(quiet, f"quiet-{number}")
    world.advance(minutes=90)
    texts = [one.at for one in world.pages_to(cast.alice, Channel.SMS)]
    assert len([at for at in texts if at < begin + HOUR]) <= 11
    assert len(texts) > 11


def test_incidents_are_counted_not_pages(world: World, cast: Cast) -> None:
    phone = next(one for one in world.config.contacts_of[cast.alice.id] if one.channel is Channel.SMS)
    again = NotificationRule(
        id="", user_id=cast.alice.id, contact_method_id=phone.id, urgency=Urgency.HIGH, start_delay_minutes=1
    )
    world.save(again)
    storm(world, cast)
    world.advance(minutes=4)
    assert max(int(one.message.text.split()[0]) for one in world.pages_to(cast.alice)[1:]) <= STORM


def test_a_phone_that_was_switched_off_leaves_nothing_waiting(world: World, cast: Cast) -> None:
    storm(world, cast)
    phone = next(one for one in world.config.contacts_of[cast.alice.id] if one.channel is Channel.SMS)
    world.delete(phone)
    world.advance(minutes=1)
    assert states(world)[PageState.BUNDLED] == 0
