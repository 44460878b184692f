"""After an answer nobody is paged: neither by what was planned, nor by what waits in our own queue."""

from __future__ import annotations

import pytest

from tests.behaviour.cast import Cast, paged
from tocsin.events.model import Action
from tocsin.incidents.messages import Acknowledge, Resolve
from tocsin.incidents.model import Status
from tocsin.kernel.decision import Command
from tocsin.kernel.time import MINUTE
from tocsin.paging.messages import PageNotSent, PageSent
from tocsin.paging.model import MessageState, PageState
from tocsin.testing.world import World


@pytest.mark.parametrize("answer", [Acknowledge, Resolve])
def test_a_message_in_our_queue_is_taken_out(world: World, cast: Cast, answer: type[Command]) -> None:
    world.carrier.hold = True
    world.event(cast.monitor)
    world.does(cast.alice, answer)
    world.carrier.release()
    world.advance(minutes=30)
    assert paged(world, cast) == []
    assert [one.state for one in world.records().messages] == [MessageState.CANCELLED]
    assert [fact.reason.partition(": ")[0] for fact in world.facts(PageNotSent)] == [
        "stopped before the provider had it"
    ]


def test_what_the_provider_has_already_is_said_to_be_sent(world: World, cast: Cast) -> None:
    world.carrier.slow = True
    world.event(cast.monitor)
    world.does(cast.alice, Acknowledge)
    world.carrier.answer()
    world.settle()
    assert [page.state for page in world.records().pages] == [PageState.SENT]
    assert len(world.facts(PageSent)) == 1
    assert world.facts(PageNotSent) == []


def test_a_bundle_in_the_queue_is_stopped_when_the_last_of_it_is_answered(world: World, cast: Cast) -> None:
    for key in ("one", "two", "three"):
        world.event(cast.monitor, key)
    world.carrier.hold = True
    world.advance(minutes=1)
    world.does(cast.alice, Acknowledge, 3)
    world.does(cast.alice, Acknowledge, 2)
    world.carrier.release()
    world.advance(minutes=2)
    assert paged(world, cast) == ["alice"], "only the first alarm, before the bundle"


def test_a_bundle_with_something_unanswered_goes_out(world: World, cast: Cast) -> None:
    for key in ("one", "two", "three"):
        world.event(cast.monitor, key)
    world.carrier.hold = True
    world.advance(minutes=1)
    world.does(cast.alice, Acknowledge, 3)
    world.carrier.release()
    world.settle()
    assert len(world.pages_to(cast.alice)) == 2


def test_an_alarm_that_is_over_in_the_same_turn(world: World, cast: Cast) -> None:
    """What one transaction decides and takes back never leaves."""
    world.accept(world.alarm(cast.monitor))
    world.accept(world.alarm(cast.monitor, action=Action.RESOLVE))
    world.advance(minutes=30)
    assert paged(world, cast) == []
    assert world.incident().status is Status.RESOLVED
    assert len(world.facts(PageNotSent)) == 1


def test_an_answer_in_the_turn_in_which_the_next_level_is_due(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.sleep(5 * MINUTE)
    world.does(cast.alice, Acknowledge)
    world.advance(minutes=30)
    assert paged(world, cast) == ["alice"]


def test_the_level_before_is_not_paged_any_more(world: World, cast: Cast) -> None:
    world.carrier.hold = True
    world.event(cast.monitor)
    world.advance(minutes=5)
    world.carrier.release()
    world.settle()
    assert paged(world, cast) == ["bob"]


def test_after_a_crash_what_was_answered_is_not_sent_again(world: World, cast: Cast) -> None:
    world.carrier.slow = True
    world.event(cast.monitor)
    world.does(cast.alice, Acknowledge)
    world.crash()
    world.advance(minutes=30)
    assert paged(world, cast) == ["alice"]
    assert [fact.reason for fact in world.facts(PageNotSent)] == [
        "answered by Alice; whether it went out before the crash is not known"
    ]
