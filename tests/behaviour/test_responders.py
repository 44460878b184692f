"""Promise: who is asked to help is paged, whoever has the incident, answers from the phone, and never gets it so."""

from __future__ import annotations

from tests.behaviour.cast import Cast
from tests.behaviour.test_replies import last
from tests.behaviour.test_subscribers import subscribe, told
from tocsin.directory.model import Urgency
from tocsin.incidents.help_messages import RequestResponders
from tocsin.incidents.messages import Acknowledge, Resolve, SetUrgency
from tocsin.incidents.model import ResponderState, Status
from tocsin.kernel.actor import SYSTEM
from tocsin.paging.messages import AnswerMessage
from tocsin.paging.model import Answer
from tocsin.testing.world import World


def ask(world: World, cast: Cast) -> None:
    """Alice has it and asks Bob."""
    world.event(cast.monitor)
    world.does(cast.alice, Acknowledge)
    world.advance(minutes=2)
    world.does(cast.alice, RequestResponders, message="Join the call", user_ids=(cast.bob.id,))


def state(world: World) -> tuple[ResponderState, ...]:
    return tuple(one.state for one in world.incident().responders)


def test_who_is_asked_hears_why_and_joins_from_the_phone(world: World, cast: Cast) -> None:
    subscribe(world, "incident.responder.added", "incident.responder.replied")
    ask(world, cast)
    message = last(world, cast.bob)
    assert "Join the call" in message.text
    assert world.run(SYSTEM, AnswerMessage(message_id=message.message_id, answer=Answer.ACKNOWLEDGE)) == 1
    incident = world.incident()
    assert (incident.status, incident.assignee_ids) == (Status.ACKNOWLEDGED, (cast.alice.id,))
    assert state(world) == (ResponderState.JOINED,)
    assert told(world) == ["responder.added", "responder.replied"]


def test_escalating_a_call_for_help_declines_it(world: World, cast: Cast) -> None:
    ask(world, cast)
    message = last(world, cast.bob)
    world.run(SYSTEM, AnswerMessage(message_id=message.message_id, answer=Answer.ESCALATE))
    assert state(world) == (ResponderState.DECLINED,)
    assert world.incident().assignee_ids == (cast.alice.id,)


def test_what_happens_to_the_incident_does_not_stop_the_call_but_its_end(world: World, cast: Cast) -> None:
    ask(world, cast)
    before = len(world.pages_to(cast.bob))
    world.does(cast.alice, SetUrgency, urgency=Urgency.LOW)
    world.does(cast.alice, Acknowledge)
    world.advance(minutes=30)
    assert state(world) == (ResponderState.PENDING,)
    assert len(world.pages_to(cast.bob)) >= before
    world.does(cast.alice, Resolve)
    after = len(world.pages_to(cast.bob))
    world.advance(minutes=60)
    assert len(world.pages_to(cast.bob)) == after
