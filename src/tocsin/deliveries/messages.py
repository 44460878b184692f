"""Commands to and facts from the deliveries station.

What becomes of a delivery stands on the delivery; only of calls, which belong to an incident, it is told there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tocsin.deliveries.model import DeliveryResult
from tocsin.kernel.decision import Command, Fact


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


@dataclass(frozen=True, slots=True, kw_only=True)
class SendCalls(Command):
    """An alert is held back: the addresses that rules want called for that (`occasion`) are called now."""

    kind: ClassVar[str] = "delivery.send_calls"
    alert_id: str
    occasion: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeCall(Command):
    """Somebody has an address called that a rule offers for an alert of an incident: the one at `place`."""

    kind: ClassVar[str] = "delivery.make_call"
    incident_id: str
    alert_id: str
    place: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMade(Fact):
    """A web address is to be called. `host`: whose it is; the rest of it may be a secret."""

    kind: ClassVar[str] = "delivery.call_made"
    delivery_id: str
    name: str
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(Fact):
    """A call has arrived, or was given up; `detail` says what the receiver answered."""

    kind: ClassVar[str] = "delivery.call_ended"
    delivery_id: str
    name: str
    host: str
    delivered: bool
    detail: str
