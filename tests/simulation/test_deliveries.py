"""Subscribers under faults: whatever fails and at whatever place, a receiver has every event once or more, in order.

And what is told to programs never costs a person a page: where it can't be stored, it is not told.
"""

from __future__ import annotations

from collections import defaultdict

import pytest
from sqlalchemy.exc import IntegrityError

from tests.behaviour.cast import Cast
from tests.simulation.conftest import Worlds
from tests.simulation.test_faults import NIGHTLY, Faults, ended_well, stage, tell
from tocsin.deliveries.model import DeliveryState
from tocsin.directory.subscriptions import EVENTS, WebhookSubscription
from tocsin.engine.invariants import violations
from tocsin.events.model import Outcome
from tocsin.testing.world import World

STRIDE = 1 if NIGHTLY else 23


def followed(world: World) -> Cast:
    """The stage of the other faults, and a program that follows all of it."""
    cast = stage(world)
    world.save(WebhookSubscription(id="", url="https://hooks.example.com/", events=tuple(sorted(EVENTS))))
    return cast


def told(world: World) -> dict[int, list[str]]:
    """The events of each incident as its receiver knows them: each the first time that it came."""
    found: dict[int, list[str]] = defaultdict(list)
    seen = set()
    for _, delivery in world.couriers.brought:
        if delivery.id not in seen and delivery.incident is not None:
            seen.add(delivery.id)
            found[delivery.incident.number].append(delivery.event.removeprefix("incident."))
    return found


def everything_was_delivered(world: World) -> None:
    assert violations(world.records()) == []
    assert {one.state for one in world.records().deliveries} == {DeliveryState.DELIVERED}


@pytest.fixture(scope="module")
def without_faults(worlds_of_session: Worlds) -> tuple[int, dict[int, list[str]]]:
    """How many statements the story has, and what is told of it."""
    world, cast = worlds_of_session.staged(followed)
    faults = Faults(world)
    answers = tell(world, cast)
    faults.stop()
    ended_well(world, answers)
    everything_was_delivered(world)
    found = faults.count, told(world)
    worlds_of_session.close()
    assert found[1][1][:3] == ["triggered", "acknowledged", "annotated"]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("width", [1, 25])
def test_a_statement_fails_and_so_do_those_after_it(
    worlds_of_session: Worlds, without_faults: tuple[int, dict[int, list[str]]], width: int
) -> None:
    statements, wanted = without_faults
    for number in range(1 + width % STRIDE, statements, STRIDE):
        world, cast = worlds_of_session.staged(followed)
        world.couriers.judge = lambda delivery: 200 if delivery.attempts else 503  # each is tried twice
        faults = Faults(world)
        faults.fail = range(number, number + width)
        answers = tell(world, cast)
        faults.stop()
        ended_well(world, answers)
        everything_was_delivered(world)
        found = told(world)
        for incident, events in wanted.items():
            first = [event for event in events if event != "escalated"]
            assert [event for event in found[incident] if event != "escalated"] == first
        worlds_of_session.close()


@pytest.mark.slow
def test_a_delivery_that_can_not_be_stored_keeps_nobody_from_being_paged(worlds_of_session: Worlds) -> None:
    for number in range(1, 6):
        world, cast = worlds_of_session.staged(followed)
        faults = Faults(world)
        faults.only, faults.error, faults.fail = "INSERT INTO deliveries", IntegrityError, range(number, 10_000)
        answers = tell(world, cast)
        faults.stop()
        assert faults.count > number
        ended_well(world, answers)
        assert Outcome.QUARANTINED not in (world.records().outcomes or {}).values()
        worlds_of_session.close()
