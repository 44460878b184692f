"""Commands to the deliveries station. It tells no facts: what becomes of a delivery stands on the delivery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tocsin.deliveries.model import DeliveryResult
from tocsin.kernel.decision import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDelivery(Command):
    """What a courier reports of attempt `attempt` (from 1). `status`: what the receiver answered, if it did."""

    kind: ClassVar[str] = "delivery.record"
    delivery_id: str
    attempt: int
    result: DeliveryResult
    status: int | None = None
    detail: str = ""
    retry_after_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelQueue(Command):
    """The subscription is off: a piece of what waits for it is not sent any more."""

    kind: ClassVar[str] = "delivery.cancel_queue"
    subscription_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendPing(Command):
    """Somebody wants to see that a subscription's address takes what is sent. The value: the delivery's id."""

    kind: ClassVar[str] = "delivery.ping"
    subscription_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeliver(Command):
    """Somebody wants a delivery that has ended to be sent once more, behind what waits in its queue."""

    kind: ClassVar[str] = "delivery.again"
    delivery_id: str
