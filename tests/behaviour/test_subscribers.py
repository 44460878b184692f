"""Promise: programs that subscribed hear of everything they asked for, in order, and nobody's page waits for them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from tests.behaviour.cast import Cast, paged
from tocsin.deliveries.messages import Redeliver, SendPing
from tocsin.deliveries.model import Delivery, DeliveryState
from tocsin.directory.model import Channel
from tocsin.directory.subscriptions import EVENTS, FilterKind, WebhookSubscription
from tocsin.engine import subscribers
from tocsin.escalation.messages import EscalateNow
from tocsin.events.model import Action
from tocsin.incidents.messages import (
    Acknowledge,
    AddNote,
    Merge,
    MoveToService,
    Reassign,
    Reopen,
    Resolve,
    SetPriority,
    SetTitle,
    Snooze,
    Unacknowledge,
)
from tocsin.kernel.errors import Conflict, NotAllowed
from tocsin.kernel.time import DAY, HOUR, MINUTE, SECOND
from tocsin.runtime.reads import Reads
from tocsin.testing.world import World, as_user


def subscribe(world: World, *events: str, **more: Any) -> WebhookSubscription:
    """Somebody wants these events, all of them when none is named."""
    wanted = events or tuple(sorted(EVENTS))
    made: WebhookSubscription = world.save(
        WebhookSubscription(id="", url="https://hooks.example.com/in", events=wanted, **more)
    )
    world.couriers.brought.clear()  # of services that the cast made before there is nothing
    return made


def told(world: World, incident: int | None = None) -> list[str]:
    return [event.removeprefix("incident.") for event in world.couriers.events(world.incident(incident).id)]


def states(world: World, one: WebhookSubscription) -> list[DeliveryState]:
    return [delivery.state for delivery in Reads(world.database).deliveries(one.id, limit=100).items]


def test_the_life_of_an_incident_is_told_in_order(world: World, cast: Cast) -> None:
    subscribe(world)
    world.event(cast.monitor)
    world.advance(minutes=5)
    world.does(cast.alice, Acknowledge)
    world.does(cast.alice, AddNote, text="Looking")
    world.does(cast.alice, SetTitle, title="Disk full on db-1")  # nothing that anybody can ask for
    world.does(cast.alice, SetPriority, priority_id=None)
    world.does(cast.alice, Unacknowledge)
    world.does(cast.alice, Reassign, user_ids=(cast.carol.id,))
    world.does(cast.carol, Resolve)
    world.does(cast.carol, Reopen)
    assert told(world) == [
        "triggered",
        "escalated",
        "acknowledged",
        "annotated",
        "unacknowledged",
        "reassigned",
        "resolved",
        "reopened",
    ]


def test_an_event_tells_the_incident_as_it_was_then(world: World, cast: Cast) -> None:
    subscribe(world)
    world.couriers.slow = True
    world.event(cast.monitor)
    world.does(cast.alice, Acknowledge)
    world.event(cast.monitor, action=Action.RESOLVE)
    world.couriers.slow = False
    world.couriers.answer()
    world.settle()
    seen = [
        (one.event, one.incident.status, one.incident.assignee_ids) for _, one in world.couriers.brought if one.incident
    ]
    assert seen == [
        ("incident.triggered", "triggered", (cast.alice.id,)),
        ("incident.acknowledged", "acknowledged", (cast.alice.id,)),
        ("incident.resolved", "resolved", ()),
    ]
    assert [one.actor.id for _, one in world.couriers.brought] == [cast.monitor.id, cast.alice.id, cast.monitor.id]


def test_what_is_sent_on_by_hand_is_escalated_or_delegated(world: World, cast: Cast) -> None:
    subscribe(world)
    other = world.policy("Second", (5, cast.carol), teams=(cast.team.id,))
    world.event(cast.monitor)
    world.does(cast.carol, EscalateNow)
    world.does(cast.carol, EscalateNow, policy_id=other.id)
    assert told(world) == ["triggered", "escalated", "delegated"]


def test_snoozing_what_nobody_had_is_an_acknowledgement(world: World, cast: Cast) -> None:
    subscribe(world)
    world.event(cast.monitor)
    world.does(cast.alice, Snooze, seconds=600)
    world.advance(minutes=1)
    world.does(cast.alice, Snooze, seconds=900)
    world.advance(minutes=16)
    assert told(world) == ["triggered", "acknowledged", "unacknowledged"]


def test_a_merge_resolves_what_went_elsewhere_and_says_where(world: World, cast: Cast) -> None:
    subscribe(world, "incident.resolved")
    world.event(cast.monitor, "one")
    world.event(cast.monitor, "two")
    target = world.incident(1)
    world.does(cast.alice, Merge, 1, source_ids=(world.incident(2).id,))
    ((_, delivery),) = world.couriers.brought
    assert delivery.mention is not None
    assert (delivery.mention.id, delivery.mention.number) == (target.id, 1)


def test_services_are_told_too(world: World, cast: Cast) -> None:
    subscribe(world)
    service, _ = world.service("Search", cast.policy)
    world.save(replace(service, name="Find"), "name")
    world.delete(world.config.services[service.id])
    assert world.couriers.events(service.id) == ["service.created", "service.updated", "service.deleted"]
    assert [one.service.name for _, one in world.couriers.brought if one.service] == ["Search", "Find", "Find"]


def test_a_filter_lets_only_its_service_or_team_through(world: World, cast: Cast) -> None:
    alone = world.policy("Alone", (5, cast.carol))
    elsewhere, monitor = world.service("Search", alone)
    by_service = subscribe(world, filter_kind=FilterKind.SERVICE, filter_id=cast.service.id)
    by_team = subscribe(world, filter_kind=FilterKind.TEAM, filter_id=cast.team.id)
    world.event(monitor)
    assert world.couriers.brought == []
    world.event(cast.monitor)
    assert {one.subscription_id for _, one in world.couriers.brought} == {by_service.id, by_team.id}
    assert len({one.event_id for _, one in world.couriers.brought}) == 1, "it is one event"
    assert len({one.id for _, one in world.couriers.brought}) == 2
    world.couriers.brought.clear()
    world.run(as_user(cast.olga), MoveToService(incident_id=world.incident(2).id, service_id=elsewhere.id))
    assert told(world, 2)[0] == "service_updated", "the old service's followers hear that it left them"


def test_what_was_not_asked_for_is_not_kept(world: World, cast: Cast) -> None:
    one = subscribe(world, "incident.acknowledged", active=False)
    other = subscribe(world, "incident.acknowledged")
    world.event(cast.monitor)
    world.does(cast.alice, Acknowledge)
    assert states(world, one) == []
    assert states(world, other) == [DeliveryState.DELIVERED]


def test_a_later_event_waits_for_an_earlier_one_and_others_do_not(world: World, cast: Cast) -> None:
    subscribe(world)
    world.event(cast.monitor, "first")
    first = world.incident(1).id
    world.couriers.judge = lambda delivery: 500 if delivery.resource_id == first else 200
    world.does(cast.alice, Acknowledge, 1)
    world.does(cast.alice, AddNote, 1, text="Looking")
    world.event(cast.monitor, "second")
    world.does(cast.alice, Resolve, 2)
    world.advance(minutes=10)
    assert told(world, 2) == ["triggered", "resolved"]
    assert set(told(world, 1)[1:]) == {"acknowledged"}
    tries = [(at, one.id) for at, one in world.couriers.brought if one.event == "incident.acknowledged"]
    waits = [(late[0] - early[0]) // SECOND for early, late in pairwise(tries)]
    assert waits[:6] == [5, 15, 30, 60, 120, 300]
    assert len({delivery_id for _, delivery_id in tries}) == 1, "each attempt has the same id"
    world.couriers.judge = lambda _delivery: 200
    world.advance(minutes=30)
    assert told(world, 1)[-2:] == ["acknowledged", "annotated"]


def test_a_receiver_may_say_when_to_come_again(world: World, cast: Cast) -> None:
    subscribe(world)
    world.couriers.judge, world.couriers.retry_after_seconds = (lambda _delivery: 429), 120
    world.event(cast.monitor)
    world.couriers.judge = lambda _delivery: 200
    world.advance(seconds=119)
    assert len(world.couriers.brought) == 1
    world.advance(seconds=1)
    assert told(world) == ["triggered", "triggered"]


def test_what_fails_for_two_days_is_given_up(world: World, cast: Cast) -> None:
    one = subscribe(world, "incident.triggered")
    world.couriers.judge = lambda _delivery: None
    world.event(cast.monitor)
    world.advance(minutes=49 * 60)
    assert states(world, one) == [DeliveryState.DROPPED]
    last = world.couriers.brought[-1][0] - world.couriers.brought[0][0]
    assert 46 * HOUR < last <= 48 * HOUR
    (delivery,) = Reads(world.database).deliveries(one.id).items
    assert "48 hours" in delivery.detail


def test_three_drops_in_a_row_leave_a_receiver_alone_for_a_day(world: World, cast: Cast) -> None:
    one = subscribe(world)
    answers = iter([400, 404, 200, 410, 302])
    world.couriers.judge = lambda _delivery: next(answers, 403)
    for key in "abcde":
        world.event(cast.monitor, key)
    assert not world.config.webhook_subscriptions[one.id].is_disabled(world.clock.now()), "a success in between"
    world.couriers.slow = True
    world.event(cast.monitor, "f")
    world.does(cast.alice, Acknowledge, 6)
    world.couriers.slow = False
    world.couriers.answer()
    world.settle()
    assert world.config.webhook_subscriptions[one.id].disabled_until == world.clock.now() + DAY
    waiting = Reads(world.database).deliveries(one.id).items[0]
    assert (waiting.state, waiting.detail) == (DeliveryState.CANCELLED, "not sent: the subscription is disabled")
    world.does(cast.alice, Resolve, 6)
    assert len(states(world, one)) == 7, "meanwhile nothing is kept"
    world.couriers.judge = lambda _delivery: 200
    world.save(replace(one, disabled_until=None), "disabled_until")
    world.event(cast.monitor, "g")
    assert states(world, one)[0] is DeliveryState.DELIVERED


def test_after_a_day_it_is_tried_again(world: World, cast: Cast) -> None:
    one = subscribe(world, "incident.triggered")
    world.couriers.judge = lambda _delivery: 400
    for key in "abc":
        world.event(cast.monitor, key)
    world.couriers.judge = lambda _delivery: 200
    world.advance(minutes=24 * 60)
    world.event(cast.monitor, "d")
    assert states(world, one)[0] is DeliveryState.DELIVERED


@pytest.mark.parametrize("gone", ["removed", "switched off"])
def test_a_queue_ends_with_its_subscription(world: World, cast: Cast, gone: str) -> None:
    one = subscribe(world)
    world.couriers.judge = lambda _delivery: 503
    world.event(cast.monitor)
    for number in range(150):
        world.does(cast.alice, AddNote, text=str(number))
    if gone == "removed":
        world.delete(one)
    else:
        world.save(replace(one, active=False), "active")
    world.settle()
    found = Reads(world.database).deliveries(one.id, limit=1000).items
    assert len(found) == 151
    assert {delivery.state for delivery in found} == {DeliveryState.CANCELLED}
    assert {delivery.detail for delivery in found} == {
        f"not sent: the subscription is {gone}".replace("is rem", "was rem")
    }
    world.advance(minutes=60)
    assert len(world.couriers.brought) == 1


def test_a_crash_at_any_moment_loses_nothing(world: World, cast: Cast) -> None:
    subscribe(world)
    world.couriers.slow = True
    world.event(cast.monitor)
    world.does(cast.alice, Acknowledge)
    world.crash()  # the first one is on its way
    assert told(world) == ["triggered"]
    world.couriers.judge = lambda _delivery: 500
    world.settle()
    world.does(cast.alice, Resolve)
    world.crash()  # it waits for its next try
    world.couriers.judge = lambda _delivery: 200
    world.advance(minutes=1)
    assert told(world) == ["triggered", "triggered", "triggered", "acknowledged", "resolved"]
    assert len({one.id for _, one in world.couriers.brought}) == 3


def test_pings_and_redeliveries_are_for_who_may_change_the_subscription(world: World, cast: Cast) -> None:
    one = subscribe(world, "incident.triggered", filter_kind=FilterKind.TEAM, filter_id=cast.team.id)
    world.couriers.judge = lambda _delivery: 400
    world.event(cast.monitor)
    world.couriers.judge = lambda _delivery: 200
    (delivery,) = Reads(world.database).deliveries(one.id).items
    for command in (SendPing(subscription_id=one.id), Redeliver(delivery_id=delivery.id)):
        with pytest.raises(NotAllowed):
            world.run(as_user(cast.alice), command)
        world.run(as_user(cast.carol), command)
    assert world.couriers.events() == ["incident.triggered", "ping", "incident.triggered"]
    again = Reads(world.database).delivery(delivery.id)
    assert again is not None
    assert (again.state, again.attempts) == (DeliveryState.DELIVERED, 1)
    world.save(replace(one, active=False), "active")
    with pytest.raises(Conflict):
        world.run(as_user(cast.carol), SendPing(subscription_id=one.id))


def test_a_ping_waits_for_nothing(world: World, cast: Cast) -> None:
    one = subscribe(world)
    world.couriers.judge = lambda delivery: 200 if delivery.event == "ping" else 500
    world.event(cast.monitor)
    world.advance(minutes=3)
    world.run(as_user(cast.olga), SendPing(subscription_id=one.id))
    world.advance(seconds=3)
    assert states(world, one)[0] is DeliveryState.DELIVERED


def test_when_its_receiver_is_back_nothing_waits_for_its_next_try(world: World, cast: Cast) -> None:
    subscribe(world, "incident.triggered")
    world.couriers.judge = lambda _delivery: None
    for number in range(30):
        world.event(cast.monitor, f"k{number}")
    world.advance(minutes=300)
    world.couriers.judge = lambda _delivery: 200
    back = world.clock.now()
    world.advance(minutes=61)
    taken = [at for at, one in world.couriers.brought if at > back]
    assert len(taken) == 30
    assert max(taken) - min(taken) < MINUTE


def test_a_dead_receiver_leaves_the_others_theirs(world: World, cast: Cast) -> None:
    dead = subscribe(world, "incident.triggered", description="dead")
    for number in range(20):
        world.event(cast.monitor, f"k{number}")
    world.couriers.brought.clear()
    world.couriers.slow = True  # it never answers
    for number in range(20, 40):
        world.event(cast.monitor, f"k{number}")
    assert len(world.couriers.brought) == 4
    alive = subscribe(world, "incident.acknowledged")
    world.couriers.slow = False
    world.does(cast.alice, Acknowledge, 1)
    assert states(world, alive) == [DeliveryState.DELIVERED]
    assert states(world, dead).count(DeliveryState.DUE) == 20


def test_a_defect_in_telling_keeps_nobody_from_being_paged(
    world: World, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = subscribe(world)

    def broken(*_args: object) -> Delivery:
        raise RuntimeError("a defect")

    monkeypatch.setattr(subscribers, "enqueued", broken)
    world.event(cast.monitor)
    assert paged(world, cast) == ["alice"]
    assert world.incident().is_open
    assert states(world, one) == []
    assert world.pages_to(cast.alice, Channel.SMS)


def test_while_sending_is_fenced_off_nothing_leaves(world: World, cast: Cast) -> None:
    one = subscribe(world)
    world.save(replace(world.config.settings, sending_fenced=True), "sending_fenced")
    world.event(cast.monitor)
    assert world.couriers.brought == []
    assert states(world, one) == [DeliveryState.DUE]
    world.save(replace(world.config.settings, sending_fenced=False), "sending_fenced")
    assert told(world) == ["triggered"]
