"""Couriers: a few at a time, every result reported, nothing begun by who is closing or is not the active engine."""

from __future__ import annotations

import queue
import threading

import pytest

from tocsin.deliveries.messages import RecordDelivery
from tocsin.deliveries.model import Delivery, DeliveryResult, DeliveryState
from tocsin.directory.subscriptions import WebhookSubscription
from tocsin.engine.config import Config
from tocsin.kernel.actor import SYSTEM
from tocsin.runtime.couriers import WORKERS, Couriers, Parcel

CONFIG = Config({}, 0)
SUBSCRIPTION = WebhookSubscription(id="W1", url="https://hooks.example.com/", events=("incident.triggered",))


def parcel(name: str) -> Parcel:
    delivery = Delivery(
        id=name,
        number=1,
        subscription_id="W1",
        resource_id="Q1",
        event="incident.triggered",
        event_id="E",
        at=0,
        actor=SYSTEM,
        state=DeliveryState.DUE,
        queued_at=0,
        due_at=0,
    )
    return Parcel(delivery, SUBSCRIPTION, CONFIG)


class Receiver:
    """Takes deliveries; each stays with it until it is let go."""

    def __init__(self) -> None:
        self.taken: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.reports: queue.SimpleQueue[RecordDelivery] = queue.SimpleQueue()
        self.permits = threading.Semaphore(0)

    def bring(self, one: Parcel) -> RecordDelivery:
        self.taken.put(one.delivery.id)
        assert self.permits.acquire(timeout=10)
        if one.delivery.id == "explodes":
            raise ValueError("nobody expects this of a receiver")
        return RecordDelivery(delivery_id=one.delivery.id, attempt=1, result=DeliveryResult.DELIVERED)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


def test_so_many_are_on_their_way_and_no_more(receiver: Receiver) -> None:
    couriers = Couriers(receiver.bring, receiver.reports.put)
    for number in range(WORKERS + 2):
        couriers.submit(parcel(str(number)))
    for _ in range(WORKERS):
        receiver.taken.get(timeout=10)
    with pytest.raises(queue.Empty):
        receiver.taken.get(timeout=0.05)
    receiver.permits.release(WORKERS + 2)
    assert {receiver.reports.get(timeout=10).delivery_id for _ in range(WORKERS + 2)} == set(
        map(str, range(WORKERS + 2))
    )
    couriers.close(10)


def test_a_defect_is_reported_as_to_be_tried_again(receiver: Receiver) -> None:
    couriers = Couriers(receiver.bring, receiver.reports.put)
    couriers.submit(parcel("explodes"))
    receiver.permits.release()
    report = receiver.reports.get(timeout=10)
    assert (report.delivery_id, report.attempt, report.result) == ("explodes", 1, DeliveryResult.RETRY)
    couriers.close(10)


def test_an_engine_that_lost_its_lease_brings_nothing(receiver: Receiver) -> None:
    couriers = Couriers(receiver.bring, receiver.reports.put, may_send=lambda: False)
    couriers.submit(parcel("one"))
    couriers.close(10)
    assert receiver.taken.empty()
    assert receiver.reports.empty()


def test_who_is_closing_begins_nothing_and_waits_for_what_is_on_its_way(receiver: Receiver) -> None:
    couriers = Couriers(receiver.bring, receiver.reports.put)
    for number in range(WORKERS):
        couriers.submit(parcel(str(number)))
    for _ in range(WORKERS):
        receiver.taken.get(timeout=10)
    couriers.submit(parcel("late"))
    closing = threading.Thread(target=couriers.close, args=(10,))
    closing.start()
    receiver.permits.release(WORKERS + 1)
    closing.join(10)
    assert not closing.is_alive()
    assert receiver.reports.qsize() == WORKERS
    assert receiver.taken.empty()


def test_without_deliveries_there_are_no_threads(receiver: Receiver) -> None:
    before = threading.active_count()
    Couriers(receiver.bring, receiver.reports.put).close(10)
    assert threading.active_count() == before
