"""Brings the deliveries station what it decides about: the delivery, its queue, its subscription.

Changes of the subscription itself are ordinary changes of configuration, on the audit trail.
"""

from __future__ import annotations

from tocsin.deliveries import decide
from tocsin.deliveries.messages import CancelQueue, RecordDelivery, Redeliver, SendPing
from tocsin.deliveries.model import PING, Delivery, DeliveryResult, DeliveryState, is_call_lane
from tocsin.directory.subscriptions import WebhookSubscription
from tocsin.engine.on_calls import ended
from tocsin.engine.subscribers import enqueued
from tocsin.engine.world import ThingChange, World
from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import NOTHING, Decision
from tocsin.kernel.errors import Conflict, NotFound
from tocsin.kernel.time import Moment
from tocsin.kernel.values import replace
from tocsin.kernel.wording import phrase

CANCELLED_AT_ONCE = 100
"""Deliveries of a queue that one command cancels: a turn must stay short."""


def record(world: World, _actor: Actor, command: RecordDelivery, now: Moment) -> Decision:
    """What came of an attempt; then the next one of the queue is due."""
    delivery = world.state.delivery(command.delivery_id)
    if delivery is None or command.attempt != delivery.attempts + 1:
        return NOTHING
    if not delivery.is_queued and command.result is not DeliveryResult.DELIVERED:
        return NOTHING  # cancelled while it was on its way, and it did not arrive
    lane = world.state.lane(delivery.subscription_id)
    outcome = decide.record(delivery, lane, command, now)
    decision = Decision(state=(outcome.delivery,) if outcome.lane == lane else (outcome.delivery, outcome.lane))
    if not outcome.delivery.is_queued and delivery.is_queued:
        following = world.state.first_queued(delivery.subscription_id, delivery.resource_id, after=delivery.number)
        decision += Decision(state=(decide.promoted(following, now),) if following is not None else ())
        decision += ended(outcome.delivery, delivered=outcome.delivery.state is DeliveryState.DELIVERED)
    one = world.config.webhook_subscriptions.get(delivery.subscription_id)
    if outcome.disabled_until is not None and one is not None:
        disabled = replace(one, disabled_until=outcome.disabled_until)
        decision += Decision(state=(ThingChange("webhook_subscription", one.id, one, disabled),))
    return decision


def cancel_queue(world: World, _actor: Actor, command: CancelQueue, now: Moment) -> Decision:
    """A piece of the queues, from their ends: what is first stays first until nothing is behind it."""
    one = world.config.webhook_subscriptions.get(command.subscription_id)
    if is_call_lane(command.subscription_id) or (one is not None and one.is_on(now)):
        return NOTHING
    waiting = world.state.last_queued(command.subscription_id, CANCELLED_AT_ONCE)
    return Decision(state=decide.cancelled(waiting, f"not sent: {_why_off(one)}", now))


def send_ping(world: World, actor: Actor, command: SendPing, now: Moment) -> Decision:
    """A delivery that waits for nothing and that nothing waits for."""
    one = _on(world, command.subscription_id, now)
    delivery_id = world.ids.long()
    ping = Delivery(
        id="",
        number=0,
        subscription_id="",
        resource_id=delivery_id,
        event=PING,
        event_id=world.ids.long(),
        at=now,
        actor=actor,
        state=DeliveryState.DUE,
        queued_at=now,
    )
    return Decision(state=(enqueued(world, ping, now, subscription_id=one.id, id=delivery_id),), value=delivery_id)


def redeliver(world: World, _actor: Actor, command: Redeliver, now: Moment) -> Decision:
    """Once more, behind what waits."""
    delivery = delivery_of(world, command.delivery_id)
    _on(world, delivery.subscription_id, now)
    if delivery.is_queued:
        raise Conflict("The delivery is still on its way.", reason="delivery_queued")
    fresh = decide.once_more(delivery)
    again = enqueued(world, fresh, now, subscription_id=delivery.subscription_id, id=delivery.id)
    return Decision(state=(again,), value=delivery.id)


def delivery_of(world: World, delivery_id: str) -> Delivery:
    """The delivery. Raises NotFound."""
    delivery = world.state.delivery(delivery_id)
    if delivery is None:
        raise NotFound(phrase("There is no delivery %(delivery_id)s.", delivery_id=delivery_id))
    return delivery


def subscription_of(world: World, subscription_id: str) -> WebhookSubscription:
    """The subscription. Raises NotFound."""
    one = world.config.webhook_subscriptions.get(subscription_id)
    if one is None:
        raise NotFound(phrase("There is no webhook_subscription %(subscription_id)s.", subscription_id=subscription_id))
    return one


def _on(world: World, subscription_id: str, now: Moment) -> WebhookSubscription:
    one = subscription_of(world, subscription_id)
    if not one.is_on(now):
        raise Conflict(phrase("Nothing is sent: %(why_off)s.", why_off=_why_off(one)), reason="subscription_off")
    return one


def _why_off(one: WebhookSubscription | None) -> str:
    if one is None:
        return phrase("the subscription was removed")
    return phrase("the subscription is disabled") if one.active else phrase("the subscription is switched off")
