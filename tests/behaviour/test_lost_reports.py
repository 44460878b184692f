"""What became of a message can't be processed: it ends all the same, people read why, and whoever is next is called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest
from sqlalchemy.exc import IntegrityError

from tests.behaviour.cast import Cast, paged
from tests.databases import statements_of
from tocsin.directory.model import Channel
from tocsin.escalation.messages import LevelSkipped
from tocsin.incidents.messages import Acknowledge, Reassign
from tocsin.paging.messages import PageAttemptFailed, PageNotSent, RecordAttempt
from tocsin.paging.model import MessageState, Result
from tocsin.testing.world import World

LOST = "a defect of Tocsin hides what became of it"


@pytest.fixture(params=["undecidable", "unstorable"])
def poison(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What makes a report one that can't be processed, in one of two ways."""
    return {"finished_at": cast("int", "soon")} if request.param == "undecidable" else {"provider_id": "\udcff"}


def answer(world: World, at: int, poison: dict[str, Any]) -> None:
    """The providers' answers come in at once, one of them as poison."""
    reports = world.carrier.unreported
    reports[at] = replace(reports[at], **poison)
    world.carrier.answer()
    world.settle()


@pytest.fixture
def no_room_in_the_outbox(world: World) -> Iterator[None]:
    """Nothing that a turn wants to send can be stored."""

    def refuse(statement: str) -> None:
        if statement.startswith("INSERT INTO outbox"):
            raise IntegrityError(statement, None, Exception("made to fail"))

    with statements_of(world.database, refuse):
        yield


def settled(world: World) -> bool:
    """Nobody waits for a report any more, in memory or in the database."""
    return not (world.records().outbox or world.loop._in_flight)


def test_the_message_is_given_up_and_the_next_way_is_used(world: World, poison: dict[str, Any]) -> None:
    dora = world.person("dora", rules=[(Channel.SMS, 0), (Channel.VOICE, 10)])
    _, monitor = world.service("Dora's", world.policy("Dora", (30, dora)))
    world.carrier.slow = True
    world.event(monitor)
    answer(world, 0, poison)
    assert settled(world)
    assert [(fact.detail, fact.next_at) for fact in world.facts(PageAttemptFailed)] == [(LOST, None)]
    assert [one.message.channel for one in world.pages_to(dora)] == [Channel.SMS, Channel.VOICE]
    states = {one.channel: one.state for one in world.records().messages}
    assert states == {Channel.SMS: MessageState.FAILED, Channel.VOICE: MessageState.SENT}


def test_the_other_reports_of_that_turn_count(world: World, cast: Cast, poison: dict[str, Any]) -> None:
    _, other = world.service("Other", world.policy("Other", (5, cast.bob)))
    _, third = world.service("Third", world.policy("Third", (5, cast.carol)))
    world.carrier.slow = True
    for monitor in (cast.monitor, other, third):
        world.accept(world.alarm(monitor))
    world.settle()
    answer(world, 1, poison)
    assert settled(world)
    states = {cast.name_of[one.user_id]: one.state for one in world.records().messages}
    assert states == {"alice": MessageState.SENT, "bob": MessageState.FAILED, "carol": MessageState.SENT}


def test_given_by_name_the_policy_is_called(world: World, cast: Cast, poison: dict[str, Any]) -> None:
    world.event(cast.monitor)
    world.advance(minutes=1)
    world.carrier.slow = True
    world.does(cast.alice, Reassign, user_ids=(cast.carol.id,))
    answer(world, 0, poison)
    assert [fact.level for fact in world.facts(LevelSkipped)] == [0]
    assert settled(world)
    assert paged(world, cast) == ["alice", "carol", "alice"]


def test_answered_meanwhile_it_only_says_so(world: World, cast: Cast, poison: dict[str, Any]) -> None:
    world.carrier.slow = True
    world.event(cast.monitor)
    world.does(cast.alice, Acknowledge)
    answer(world, 0, poison)
    world.advance(minutes=30)
    assert settled(world)
    reasons = [fact.reason for fact in world.facts(PageNotSent)]
    assert reasons == ["answered by Alice; whether the provider took it is not known"]


def test_a_report_that_nobody_waits_for_is_nothing(world: World, cast: Cast, poison: dict[str, Any]) -> None:
    world.event(cast.monitor)
    message = world.records().messages[0]
    old = RecordAttempt(message_id=message.id, attempt=1, result=Result.SENT)
    world.loop.report(replace(old, **poison))
    world.loop.report(replace(old, message_id="gone", **poison))
    world.settle()
    assert settled(world)
    assert world.records().messages == [message]


def test_a_message_that_can_t_be_judged_after_a_crash_is_given_up(
    world: World, cast: Cast, request: pytest.FixtureRequest
) -> None:
    world.carrier.slow = True
    world.event(cast.monitor)
    request.getfixturevalue("no_room_in_the_outbox")
    world.crash()
    world.settle()
    assert settled(world)
    assert [fact.detail for fact in world.facts(PageAttemptFailed)] == [LOST]
    assert [one.state for one in world.records().messages] == [MessageState.FAILED]
