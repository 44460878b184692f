"""The pump under faults: what can't be read, decided or stored is left alone, and paging goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.behaviour.cast import Cast, gather, paged
from tocsin.deliveries.messages import RecordDelivery
from tocsin.deliveries.model import Delivery, DeliveryResult, DeliveryState
from tocsin.directory.subscriptions import WebhookSubscription
from tocsin.engine import dispatch, on_deliveries
from tocsin.incidents.messages import Acknowledge
from tocsin.runtime.couriers import WORKERS
from tocsin.runtime.reads import Reads
from tocsin.testing.world import World

EVENTS = ("incident.triggered", "incident.acknowledged")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def cast(world: World) -> Cast:
    return gather(world)


def subscribe(world: World, host: str = "hooks", **more: Any) -> WebhookSubscription:
    one: WebhookSubscription = world.save(
        WebhookSubscription(id="", url=f"https://{host}.example.com/", events=EVENTS, **more)
    )
    return one


def of(world: World, one: WebhookSubscription) -> list[Delivery]:
    return list(reversed(Reads(world.database).deliveries(one.id, limit=1000).items))


def test_a_row_that_can_not_be_read_stops_its_subscription_only(world: World, cast: Cast) -> None:
    broken = subscribe(world, "broken")
    world.couriers.judge = lambda _delivery: 500
    world.event(cast.monitor, "one")
    with world.database.engine.connect() as connection:
        connection.execute(text("UPDATE deliveries SET data = '{}'"))
    world.couriers.judge = lambda _delivery: 200
    healthy = subscribe(world, "healthy")
    world.event(cast.monitor, "two")
    world.advance(minutes=5)
    assert paged(world, cast)[:1] == ["alice"]
    assert [one.state for one in of(world, healthy)] == [DeliveryState.DELIVERED]
    assert world.config.webhook_subscriptions[broken.id].is_on(world.clock.now())


def test_a_report_that_raises_leaves_its_delivery_alone_and_no_other(
    world: World, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = subscribe(world)
    world.couriers.slow = True
    world.event(cast.monitor, "one")
    world.event(cast.monitor, "two")
    poison = world.couriers.unreported[0].delivery_id

    def record(world: Any, actor: Any, command: RecordDelivery, now: int) -> Any:
        if command.delivery_id == poison:
            raise RuntimeError("a defect")
        return on_deliveries.record(world, actor, command, now)

    monkeypatch.setitem(dispatch.HANDLERS, RecordDelivery, record)
    world.couriers.slow = False
    world.couriers.answer()
    world.accept(world.alarm(cast.monitor, "three"))
    world.settle()
    assert len(world.incidents()) == 3
    states = {delivery.id == poison: delivery.state for delivery in of(world, one)}
    assert states == {True: DeliveryState.DUE, False: DeliveryState.DELIVERED}
    world.advance(minutes=60)
    assert [delivery.id for _, delivery in world.couriers.brought].count(poison) == 1
    monkeypatch.undo()
    world.crash()
    world.settle()
    assert {delivery.state for delivery in of(world, one)} == {DeliveryState.DELIVERED}


def test_a_report_comes_twice_or_for_what_is_gone(world: World, cast: Cast) -> None:
    one = subscribe(world)
    world.couriers.judge = lambda _delivery: 503
    world.event(cast.monitor)
    (delivery,) = of(world, one)
    assert delivery.attempts == 1
    late = RecordDelivery(delivery_id=delivery.id, attempt=1, result=DeliveryResult.DELIVERED)
    for report in (late, replace(late, delivery_id="QNOTHING"), replace(late, attempt=7)):
        world.loop.report_delivery(report)
    world.settle()
    assert of(world, one) == [delivery]


def test_what_arrived_although_it_was_cancelled_counts_as_delivered(world: World, cast: Cast) -> None:
    one = subscribe(world)
    world.couriers.slow = True
    world.event(cast.monitor)
    world.does(cast.alice, Acknowledge)
    world.save(replace(one, active=False), "active")
    world.settle()
    assert {delivery.state for delivery in of(world, one)} == {DeliveryState.CANCELLED}
    world.couriers.slow = False
    world.couriers.answer()
    world.settle()
    assert [delivery.state for delivery in of(world, one)] == [DeliveryState.DELIVERED, DeliveryState.CANCELLED]


def test_receivers_that_fail_share_half_of_the_couriers(world: World, cast: Cast) -> None:
    for number in range(WORKERS * 2):
        subscribe(world, f"dead{number}")
    world.couriers.judge = lambda _delivery: None
    world.event(cast.monitor, "one")
    for _ in range(10):
        world.advance(seconds=1)
    world.couriers.brought.clear()
    world.couriers.slow = True
    world.event(cast.monitor, "two")
    world.advance(minutes=10)
    assert len(world.couriers.brought) == WORKERS // 2
    alive = subscribe(world, "alive")
    world.couriers.judge = lambda delivery: 200 if delivery.subscription_id == alive.id else None
    world.couriers.slow = False
    world.event(cast.monitor, "three")
    assert [delivery.state for delivery in of(world, alive)] == [DeliveryState.DELIVERED]


def test_forty_subscriptions_have_their_turn(world: World, cast: Cast) -> None:
    made = [subscribe(world, f"h{number}") for number in range(40)]
    world.event(cast.monitor)
    assert {delivery.subscription_id for _, delivery in world.couriers.brought} == {one.id for one in made}
