"""Deliveries and what is known of how they fare. Decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tocsin.directory.model import Service
from tocsin.events.orchestration import Call
from tocsin.incidents.model import Incident, Responder
from tocsin.kernel.actor import Actor
from tocsin.kernel.time import Moment

PING = "ping"
"""The event of a delivery that somebody asked for, to see that the address takes it. Not one to subscribe to."""


CALL = "call"
"""The event of a delivery that is no news for a subscription: a web address that a rule or workflow has called."""

_CALLS = "call:"


def call_lane(host: str) -> str:
    """What stands in a subscription's place for calls of this host: those to one receiver wait for each other only."""
    return _CALLS + host


def is_call_lane(subscription_id: str) -> bool:
    """Whether it is such a place, and no subscription."""
    return subscription_id.startswith(_CALLS)


class DeliveryState(StrEnum):
    """Where one delivery stands."""

    WAITING = "waiting"  # an earlier one of its queue has not ended
    DUE = "due"  # the first of its queue: it is sent when `due_at` comes
    DELIVERED = "delivered"  # the receiver has taken it
    DROPPED = "dropped"  # given up: the receiver does not want it, or it is too old
    CANCELLED = "cancelled"  # not sent: its subscription was switched off, disabled or removed


QUEUED = frozenset({DeliveryState.WAITING, DeliveryState.DUE})
"""Deliveries that have not ended."""


class DeliveryResult(StrEnum):
    """What came of one attempt."""

    DELIVERED = "delivered"  # the receiver took it
    RETRY = "retry"  # not now; later may work
    DROPPED = "dropped"  # never: the receiver refuses it, or it can't be sent at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """What else an event speaks of, as it was called then: another incident, or a workflow, which has no number."""

    id: str
    number: int
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event for one subscription, or a `call`. Deliveries with one subscription and one `resource_id` are a queue.

    `number` is the place in it. The `id` is the same on every attempt; `event_id` is the same for every subscription.
    What it tells is kept as it was then: the `incident` or the `service`; a note, what a `responder` was asked for, or
    which custom fields changed (`field_ids`). Of a call, `incident_id` names whose it is.
    `queued_at`: since when it is tried.
    """

    id: str
    number: int
    subscription_id: str
    resource_id: str
    event: str
    event_id: str
    at: Moment
    actor: Actor
    state: DeliveryState
    queued_at: Moment
    due_at: Moment | None = None
    incident: Incident | None = None
    service: Service | None = None
    note_id: str = ""
    note: str = ""
    responder: Responder | None = None
    field_ids: tuple[str, ...] = ()
    mention: Mention | None = None
    call: Call | None = None
    incident_id: str = ""
    attempts: int = 0
    status: int | None = None
    detail: str = ""
    finished_at: Moment | None = None

    @property
    def is_queued(self) -> bool:
        """It has not ended."""
        return self.state in QUEUED


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """How the deliveries of one subscription fare. `id` is the subscription's; `drops`: how many in a row were dropped.

    `failing_since`: when the first attempt failed after which none worked.
    """

    id: str
    drops: int = 0
    failing_since: Moment | None = None
