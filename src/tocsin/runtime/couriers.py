"""Couriers: worker threads that bring deliveries to receivers. Network only; apart from the senders of pages.

They hold no more than `WORKERS` deliveries, so a storm waits in the database and not in memory. What came of each goes
back to the engine as a command. One that is never reported (a crash, a lost lease) is still due in the database.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TypeAlias

import structlog

from tocsin.deliveries.messages import RecordDelivery
from tocsin.deliveries.model import Delivery, DeliveryResult
from tocsin.directory.subscriptions import WebhookSubscription
from tocsin.engine.config import Config

log = structlog.get_logger("couriers")

WORKERS = 8
"""Deliveries on their way at once, all subscriptions together."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A delivery, the subscription that it is for, and the configuration of that moment: things have names.

    A call is for no subscription: it says itself where it goes.
    """

    delivery: Delivery
    subscription: WebhookSubscription | None
    config: Config


Bring: TypeAlias = Callable[[Parcel], RecordDelivery]
"""Hands one delivery to its receiver within 5 s and reports; given by the composition root."""


class Couriers:
    """The pool; its threads begin with the first parcel. `report` is called from them with every result."""

    def __init__(
        self, bring: Bring, report: Callable[[RecordDelivery], None], *, may_send: Callable[[], bool] = lambda: True
    ) -> None:
        """`may_send` is asked before each leaves. False: it is another engine's now."""
        self._bring = bring
        self._report = report
        self._may_send = may_send
        self._waiting: SimpleQueue[Parcel | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._closing = False
        self._home = 0
        self._lock = threading.Lock()
        self._all_home = threading.Event()

    def submit(self, parcel: Parcel) -> None:
        """Bring this as soon as a worker is free."""
        if not self._threads:
            self._threads = [
                threading.Thread(target=self._work, name=f"courier-{number}", daemon=True) for number in range(WORKERS)
            ]
            for thread in self._threads:
                thread.start()
        self._waiting.put(parcel)

    def close(self, seconds: float) -> None:
        """Finish what is on its way within `seconds`, begin nothing new: it stays due."""
        self._closing = True
        for _ in self._threads:
            self._waiting.put(None)
        if self._threads:
            self._all_home.wait(seconds)

    def _work(self) -> None:
        while (parcel := self._waiting.get()) is not None:
            if not self._closing and self._may_send():
                self._report(self._brought(parcel))
        with self._lock:
            self._home += 1
            if self._home == len(self._threads):
                self._all_home.set()

    def _brought(self, parcel: Parcel) -> RecordDelivery:
        try:
            return self._bring(parcel)
        except Exception:
            log.exception("courier_failed", delivery=parcel.delivery.id, subscription=parcel.delivery.subscription_id)
            attempt = parcel.delivery.attempts + 1
            detail = "the courier failed; see the log"
            return RecordDelivery(
                delivery_id=parcel.delivery.id, attempt=attempt, result=DeliveryResult.RETRY, detail=detail
            )
