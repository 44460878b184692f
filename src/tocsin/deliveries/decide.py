"""What becomes of a delivery: tried again, ended, cancelled, sent once more; and of the one behind it in its queue.

Decides when a receiver is to be left alone for a day. Whether an event is worth a delivery is decided by the engine,
which knows the facts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tocsin.deliveries.messages import RecordDelivery
from tocsin.deliveries.model import Delivery, DeliveryResult, DeliveryState, Lane
from tocsin.deliveries.retry import DISABLED_FOR, DROPS_IN_A_ROW, next_try
from tocsin.kernel.time import Moment
from tocsin.kernel.values import replace
from tocsin.kernel.wording import word

TOO_OLD = word("given up after 48 hours")


class Recorded(NamedTuple):
    """The outcome of an attempt. `disabled_until`: nothing is sent to the subscription before that."""

    delivery: Delivery
    lane: Lane
    disabled_until: Moment | None = None


def queued(delivery: Delivery, id: str, subscription_id: str, number: int, *, is_first: bool, now: Moment) -> Delivery:
    """The delivery as it enters its queue: due at once if nothing is before it."""
    return replace(
        delivery,
        id=id,
        subscription_id=subscription_id,
        number=number,
        state=DeliveryState.DUE if is_first else DeliveryState.WAITING,
        queued_at=now,
        due_at=now if is_first else None,
    )


def record(delivery: Delivery, lane: Lane, report: RecordDelivery, now: Moment) -> Recorded:
    """What an attempt's result means for the delivery and for its subscription's lane."""
    tried = replace(delivery, attempts=report.attempt, status=report.status, detail=report.detail)
    if report.result is DeliveryResult.DELIVERED:
        return Recorded(_ended(tried, DeliveryState.DELIVERED, now), Lane(id=lane.id))
    failing = replace(lane, failing_since=now if lane.failing_since is None else lane.failing_since)
    if report.result is DeliveryResult.RETRY:
        again_at = next_try(report.attempt, delivery.queued_at, now, report.retry_after_seconds)
        if again_at is not None:
            return Recorded(replace(tried, due_at=again_at), failing)
        tried = replace(tried, detail=f"{TOO_OLD}: {report.detail}")
    dropped = _ended(tried, DeliveryState.DROPPED, now)
    if failing.drops + 1 < DROPS_IN_A_ROW:
        return Recorded(dropped, replace(failing, drops=failing.drops + 1))
    return Recorded(dropped, replace(failing, drops=0), now + DISABLED_FOR)


def promoted(delivery: Delivery, now: Moment) -> Delivery:
    """What was before it has ended: it is the first of its queue now. Its age counts from when it came."""
    return replace(delivery, state=DeliveryState.DUE, due_at=now)


def cancelled(deliveries: Iterable[Delivery], why: str, now: Moment) -> tuple[Delivery, ...]:
    """These are not sent."""
    return tuple(replace(_ended(one, DeliveryState.CANCELLED, now), detail=why) for one in deliveries)


def once_more(delivery: Delivery) -> Delivery:
    """A delivery that has ended, as new. It keeps its id: it is the same event."""
    return replace(delivery, attempts=0, status=None, detail="", finished_at=None)


def _ended(delivery: Delivery, state: DeliveryState, now: Moment) -> Delivery:
    return replace(delivery, state=state, due_at=None, finished_at=now)
