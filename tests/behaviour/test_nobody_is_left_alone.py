"""An incident is never left with somebody who is gone or out of reach."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.behaviour.cast import Cast, paged
from tocsin.incidents.messages import Reassign
from tocsin.incidents.model import Status
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.errors import NotAllowed
from tocsin.paging.messages import AnswerMessage
from tocsin.paging.model import Answer
from tocsin.testing.world import World


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
    world.advance(minutes=5)
    assert paged(world, cast)[-1] == "bob"
