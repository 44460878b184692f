"""A message carries some pages and counts the others: all of them share its fate, and one answer answers all."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.behaviour.cast import Cast, gather
from tocsin.directory.model import Channel, NotificationRule, Urgency, UrgencyRule
from tocsin.incidents.messages import Resolve
from tocsin.incidents.model import Status
from tocsin.kernel import limits
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.errors import Conflict
from tocsin.kernel.time import MINUTE
from tocsin.paging.messages import (
    AnswerByCode,
    AnswerMessage,
    PageAnswered,
    PageAttemptFailed,
    PageCounted,
    RecordReceipt,
    SendMessage,
)
from tocsin.paging.model import Answer, Haste, PageState, Result
from tocsin.testing.world import World

NAMED = 3
STORM = 11
"""Incidents: the first is paged at once, the others gather."""


@pytest.fixture(autouse=True)
def small_bundles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BUNDLE_PAGES", NAMED)


def storm(world: World, cast: Cast) -> None:
    for number in range(STORM):
        world.accept(world.alarm(cast.monitor, f"shard-{number}"))
    world.settle()


def bundle(world: World, cast: Cast) -> SendMessage:
    """What the storm's bundle says, once it has gone out."""
    storm(world, cast)
    world.advance(minutes=1)
    return world.pages_to(cast.alice)[-1].message


def states(world: World) -> Counter[PageState]:
    return Counter(page.state for page in world.records().pages)


def test_one_message_and_everybody_was_told(world: World, cast: Cast) -> None:
    message = bundle(world, cast)
    assert message.text.startswith(f"{STORM - 1} incidents: #2 Checkout: shard-1; ")
    assert message.text.endswith(f"and {STORM - 1 - NAMED} more")
    assert len(message.incident_ids) == NAMED
    assert states(world) == {PageState.SENT: STORM}
    assert {fact.incidents for fact in world.facts(PageCounted)} == {STORM - 1}
    world.advance(minutes=3)
    assert len(world.pages_to(cast.alice)) == 2, "nothing was left for another"


@pytest.mark.parametrize(("answer", "status"), [(Answer.ACKNOWLEDGE, "acknowledged"), (Answer.RESOLVE, "resolved")])
def test_one_answer_answers_all_of_it(world: World, cast: Cast, answer: Answer, status: str) -> None:
    message = bundle(world, cast)
    reply = AnswerByCode(channel=Channel.SMS, address=message.address, code=message.code, answer=answer)
    assert world.run(SYSTEM, reply) == STORM - 1
    assert [one.status for one in world.incidents()] == ["triggered", *[status] * (STORM - 1)]
    assert {one.status_changed_by.id for one in world.incidents()[1:]} == {cast.alice.id}
    assert len(world.facts(PageAnswered)) == STORM - 1, "each once"


def test_sent_on_all_of_it_goes_on_once(world: World, cast: Cast) -> None:
    message = bundle(world, cast)
    on = AnswerMessage(message_id=message.message_id, answer=Answer.ESCALATE)
    world.run(SYSTEM, on)
    assert {one.level for one in world.incidents()[1:]} == {2}
    with pytest.raises(Conflict, match="sent on already"):
        world.run(SYSTEM, on)
    assert {one.epoch for one in world.incidents()[1:]} == {2}


def test_an_answer_that_is_quicker_than_the_provider_holds_for_all(world: World, cast: Cast) -> None:
    storm(world, cast)
    world.carrier.slow = True
    world.advance(minutes=1)
    message = world.pages_to(cast.alice)[-1].message
    world.run(SYSTEM, AnswerMessage(message_id=message.message_id, answer=Answer.ACKNOWLEDGE))
    assert states(world)[PageState.BUNDLED] == STORM - 1 - NAMED
    world.carrier.answer()
    world.settle()
    assert {one.status for one in world.incidents()[1:]} == {Status.ACKNOWLEDGED}


def test_one_that_was_resolved_meanwhile_does_not_stop_the_answer(world: World, cast: Cast) -> None:
    message = bundle(world, cast)
    for number in range(2, 2 + NAMED + 2):
        world.does(cast.bob, Resolve, number)
    world.run(SYSTEM, AnswerMessage(message_id=message.message_id, answer=Answer.ACKNOWLEDGE))
    assert [one.status for one in world.incidents()[2 + NAMED + 1 :]] == ["acknowledged"] * (STORM - 3 - NAMED)


def test_without_a_code_the_whole_message_is_meant(world: World, cast: Cast) -> None:
    message = bundle(world, cast)
    reply = AnswerByCode(channel=Channel.SMS, address=message.address, code="", answer=Answer.ACKNOWLEDGE)
    assert world.run(SYSTEM, reply) == STORM - 1


def test_lost_afterwards_all_of_it_is_lost_and_the_next_way_is_used(world: World) -> None:
    cast = gather(world)
    contact = next(one for one in world.config.contacts_of[cast.alice.id] if one.channel is Channel.EMAIL)
    later = NotificationRule(
        id="", user_id=cast.alice.id, contact_method_id=contact.id, urgency=Urgency.HIGH, start_delay_minutes=4
    )
    world.save(later)
    begin = world.clock.now()
    message = bundle(world, cast)
    world.run(SYSTEM, RecordReceipt(message_id=message.message_id, status="failed", detail="unreachable"))
    assert len(world.facts(PageAttemptFailed)) == STORM - 1
    world.advance(minutes=1)
    mails = world.pages_to(cast.alice, Channel.EMAIL)
    assert mails[0].at == begin + MINUTE
    assert mails[-1].at < begin + 3 * MINUTE, "nobody waited for the rule's own delay"


def test_what_a_refused_message_only_counted_is_named_by_the_next(world: World, cast: Cast) -> None:
    storm(world, cast)
    world.carrier.script = [Result.REFUSED]
    world.advance(minutes=2)
    message = world.pages_to(cast.alice)[-1].message
    assert message.text.startswith(f"{STORM - 1 - NAMED} incidents: #{2 + NAMED} ")
    assert states(world) == {PageState.FAILED: NAMED, PageState.SENT: STORM - NAMED}


def test_after_a_crash_while_it_was_taken_in_the_rest_follows(world: World, cast: Cast) -> None:
    storm(world, cast)
    world.clock.moment += MINUTE
    while not world.facts(PageCounted):
        world.loop.turn()
    assert states(world)[PageState.BUNDLED]
    world.crash()
    world.settle()
    assert states(world) == {PageState.SENT: STORM}
    assert len(world.pages_to(cast.alice)) == 2


def test_what_came_later_is_not_taken_for_told(world: World, cast: Cast) -> None:
    storm(world, cast)
    world.carrier.slow = True
    world.advance(minutes=1)
    world.event(cast.monitor, "late")  # in the same moment, but the message is written
    world.carrier.answer()
    world.settle()
    assert states(world)[PageState.BUNDLED] == 1
    world.advance(minutes=1)
    assert "late" in world.pages_to(cast.alice)[-1].message.text


def test_the_loud_ones_are_named(world: World) -> None:
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


def test_a_phone_that_was_switched_off_leaves_nothing_waiting(world: World, cast: Cast) -> None:
    storm(world, cast)
    phone = next(one for one in world.config.contacts_of[cast.alice.id] if one.channel is Channel.SMS)
    world.delete(phone)
    world.advance(minutes=1)
    assert states(world)[PageState.BUNDLED] == 0
