"""The same request again, because its answer was lost, acts once and is answered the same."""

from __future__ import annotations

import pytest

from tests.behaviour.cast import Cast
from tocsin.escalation.messages import EscalateNow, EscalationRequested
from tocsin.incidents.messages import AddNote, CreateIncident, NoteAdded, Reopen, Resolve
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.errors import Conflict
from tocsin.runtime.orders import DECODERS, order_entry
from tocsin.runtime.turn_inputs import Request
from tocsin.testing.world import World, as_user


def test_one_after_the_other(world: World, cast: Cast) -> None:
    command = CreateIncident(title="Strange noises", service_id=cast.service.id)
    first = world.run(as_user(cast.alice), command, key="k1")
    assert world.run(as_user(cast.alice), command, key="k1") == first
    assert len(world.incidents()) == 1
    world.run(as_user(cast.alice), command, key="k2")
    assert len(world.incidents()) == 2


def test_over_a_crash(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    command = AddNote(incident_id=world.incident().id, text="restarting db-1")
    first = world.run(as_user(cast.alice), command, key="k1")
    world.crash()
    assert world.run(as_user(cast.alice), command, key="k1") == first
    assert len(world.facts(NoteAdded)) == 1


def test_both_in_one_turn(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    command = AddNote(incident_id=world.incident().id, text="restarting db-1")
    replies: list[str] = []
    for _ in range(3):
        world.loop.ask(Request("k1", as_user(cast.alice), command, replies.append))
    world.settle()
    assert len(world.facts(NoteAdded)) == 1
    assert replies[0] == replies[1] == replies[2]


def test_without_a_key_it_is_another_request(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    for _ in range(2):
        world.does(cast.alice, AddNote, text="again")
    assert len(world.facts(NoteAdded)) == 2


def test_a_refusal_is_judged_anew(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.does(cast.alice, Resolve)
    command = Resolve(incident_id=world.incident().id)
    with pytest.raises(Conflict):
        world.run(as_user(cast.alice), command, key="k1")
    world.does(cast.alice, Reopen)
    world.run(as_user(cast.alice), command, key="k1")
    assert not world.incident().is_open


def test_the_same_key_for_something_else_is_another_request(world: World, cast: Cast) -> None:
    """A provider that counts its calls from one again after a start must not have new answers swallowed."""
    world.event(cast.monitor)
    first, again = (AddNote(incident_id=world.incident().id, text=text) for text in ("one", "two"))
    world.run(as_user(cast.alice), first, key="call:CA01:1:4")
    world.run(as_user(cast.alice), again, key="call:CA01:1:4")
    world.run(as_user(cast.bob), again, key="call:CA01:1:4")
    assert [fact.text for fact in world.facts(NoteAdded)] == ["one", "two", "two"]


def test_by_the_log_after_no_answer_came(world: World, cast: Cast) -> None:
    world.decoders.update(DECODERS)
    world.event(cast.monitor)
    command = EscalateNow(incident_id=world.incident().id)
    world.loop.ask(Request("sms:1", SYSTEM, command, lambda _: None))
    for _ in range(2):
        world.log.append([order_entry(SYSTEM, command, world.clock.now(), "sms:1")])
    world.settle()
    assert len(world.facts(EscalationRequested)) == 1
    world.crash()
    world.run(SYSTEM, command, key="sms:1")
    assert len(world.facts(EscalationRequested)) == 1
