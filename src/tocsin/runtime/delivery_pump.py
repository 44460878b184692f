"""Which deliveries go out now: the engine loop's part of telling programs. Used by the loop's thread but for `report`.

Decides fairness, never order: only the first of a queue is due. A receiver that fails has one delivery on its way at a
time, and all that fail at most half of the couriers, so that nobody waits for a dead one. In memory are the
subscriptions that something waits for, and what is on its way; everything else stays in the database.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import structlog

from tocsin.deliveries.messages import CancelQueue, RecordDelivery
from tocsin.deliveries.model import Delivery, DeliveryResult, is_call_lane
from tocsin.engine.config import Config
from tocsin.kernel.decision import Command
from tocsin.kernel.time import MILLISECOND, MINUTE, SECOND, Moment, Span
from tocsin.runtime.couriers import WORKERS, Parcel
from tocsin.storage.turns import TurnStore, is_outage

log = structlog.get_logger("deliveries")

AT_ONCE = 4
"""Deliveries of one subscription on their way at once; each is of another queue."""

FAILING_AT_ONCE = WORKERS // 2
"""Couriers that may be busy with receivers that fail."""

RESULTS_AT_ONCE = 20
"""Results that one turn stores: pages come first."""

REST: Span = 200 * MILLISECOND
LONGEST_REST: Span = 2 * SECOND
"""How long a receiver is left alone after each failure in a row: a dead one must not keep the engine busy."""

DOWN = 3
"""After so many failures in a row a receiver counts as down, and not a delivery as one that it can't take."""

STUCK: Span = MINUTE
"""What can't even be read is left alone for so long: nothing about deliveries may end the engine's loop."""

_ALL: Moment = 2**62


class Outlet(Protocol):
    """Where deliveries go (`runtime.couriers.Couriers`)."""

    def submit(self, parcel: Parcel) -> None:
        """Bring it."""


@dataclass(slots=True)
class _Lane:
    """A subscription that something waits for. `next_due`: when to look for it (None = nothing falls due).

    `failures`: attempts in a row that failed. `hurries`: its receiver is back, what waits for a later try goes now.
    """

    id: str
    next_due: Moment | None = 0
    rests_until: Moment = 0
    failures: int = 0
    is_off: bool = False
    hurries: bool = False


class DeliveryPump:
    """Hands out what is due, and keeps what couriers report until a turn stores it."""

    def __init__(self, store: TurnStore) -> None:
        self._store = store
        self._outlet: Outlet | None = None
        self._results: deque[RecordDelivery] = deque()
        self._lanes: dict[str, _Lane] = {}
        self._in_flight: dict[str, str] = {}
        """What is on its way, by its subscription."""
        self._broken: set[str] = set()
        """What a turn could not store: left alone until the engine starts again."""
        self.reset()

    def connect(self, outlet: Outlet) -> None:
        """Where deliveries go."""
        self._outlet = outlet

    def reset(self) -> None:
        """Everything is read afresh: at the start, and when the database was out of reach."""
        known = self._lanes
        self._lanes = {one: known.get(one) or _Lane(one) for one in self._store.deliveries.subscriptions()}
        for lane in self._lanes.values():
            lane.next_due = 0

    # -- what a turn stores

    def report(self, result: RecordDelivery) -> None:
        """Queue what came of a delivery. May be called from any thread."""
        self._results.append(result)

    def commands(self) -> list[Command]:
        """What the next turn is to carry out: reports, and pieces of queues to cancel."""
        found: list[Command] = []
        while self._results and len(found) < RESULTS_AT_ONCE:
            found.append(self._results.popleft())
        found.extend(CancelQueue(subscription_id=lane.id) for lane in self._lanes.values() if lane.is_off)
        return found

    def put_back(self, commands: Iterable[Command]) -> None:
        """The database is out of reach: reports wait for it."""
        self._results.extendleft(one for one in reversed(list(commands)) if isinstance(one, RecordDelivery))

    def set_aside(self, command: Command) -> None:
        """This can't be stored: its delivery is left alone, and so is what is behind it."""
        log.error("delivery_set_aside", command=command.kind)
        if isinstance(command, RecordDelivery):
            self._in_flight.pop(command.delivery_id, None)
            self._broken.add(command.delivery_id)
        elif isinstance(command, CancelQueue):
            self._lanes.pop(command.subscription_id, None)

    def stored(self, commands: Iterable[Command], now: Moment) -> None:
        """A turn has carried these out. Reads nothing: pages are handed out after this."""
        for command in commands:
            if isinstance(command, RecordDelivery):
                lane = self._lanes.get(self._in_flight.pop(command.delivery_id, ""))
                if lane is not None:
                    _note(lane, command, now)

    # -- handing out

    def hand_out(self, config: Config, now: Moment) -> bool:
        """Give couriers what is due, as far as they are free; whether there was anything."""
        before = len(self._in_flight)
        for told in self._store.state.told():
            self._lanes.setdefault(told, _Lane(told)).next_due = 0
        if self._outlet is None:
            return False
        for lane in list(self._lanes.values()):
            try:
                self._look(lane, self._outlet, config, now)
            except Exception as error:
                if is_outage(error):
                    raise
                log.exception("deliveries_stuck", subscription=lane.id)
                lane.rests_until = now + STUCK
        return len(self._in_flight) > before

    def _look(self, lane: _Lane, outlet: Outlet, config: Config, now: Moment) -> None:
        one = config.webhook_subscriptions.get(lane.id)
        calls = is_call_lane(lane.id)
        lane.is_off = not calls and (one is None or not one.is_on(now))
        if lane.is_off or (calls and lane.next_due is None):
            if not self._store.deliveries.has_queued(lane.id):
                del self._lanes[lane.id]
        elif _is_due(lane, now) and (room := self._room(lane)):
            for delivery in self._take(lane, room, now):
                self._in_flight[delivery.id] = lane.id
                outlet.submit(Parcel(delivery, one, config))
            self._lanes[lane.id] = self._lanes.pop(lane.id)  # the others are asked first next time

    def next_at(self, now: Moment) -> Moment | None:
        """When something is to be handed out that can't be now (None = nothing): for clocks that are moved by hand."""
        moments = [
            max(lane.next_due, lane.rests_until)
            for lane in self._lanes.values()
            if lane.next_due is not None and not lane.is_off and self._room(lane)
        ]
        return min((moment for moment in moments if moment > now), default=None)

    def _room(self, lane: _Lane) -> int:
        mine = sum(1 for other in self._in_flight.values() if other == lane.id)
        room = min(WORKERS - len(self._in_flight), (1 if lane.failures else AT_ONCE) - mine)
        if lane.failures:
            failing = sum(
                1 for other in self._in_flight.values() if other in self._lanes and self._lanes[other].failures
            )
            room = min(room, FAILING_AT_ONCE - failing)
        return max(0, room)

    def _take(self, lane: _Lane, most: int, now: Moment) -> list[Delivery]:
        """What is due and not on its way yet; and when to look again."""
        passed = {delivery_id for delivery_id, other in self._in_flight.items() if other == lane.id} | self._broken
        until = _ALL if lane.hurries else now
        found = self._store.deliveries.due(lane.id, until, most + len(passed))
        fresh = [delivery for delivery in found if delivery.id not in passed]
        if len(fresh) < most or not fresh:
            lane.hurries = False
            lane.next_due = self._store.deliveries.next_due(lane.id, now)
        return fresh[:most]


def _is_due(lane: _Lane, now: Moment) -> bool:
    return lane.next_due is not None and lane.next_due <= now and lane.rests_until <= now


def _note(lane: _Lane, report: RecordDelivery, now: Moment) -> None:
    """What a report says of the receiver."""
    if report.result is not DeliveryResult.RETRY:
        lane.hurries = lane.hurries or lane.failures >= DOWN
        lane.failures = 0
        return
    lane.hurries = False
    lane.failures += 1
    rest = min(LONGEST_REST, REST * lane.failures)
    lane.rests_until = now + max(rest, (report.retry_after_seconds or 0) * SECOND)
