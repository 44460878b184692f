"""Deliveries in the database: what is due is looked up, what is looked at is paged, what is old goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tocsin.deliveries.model import Delivery, DeliveryState, Lane
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.time import DAY, Moment
from tocsin.runtime.reads import Reads
from tocsin.storage.database import Database, open_database
from tocsin.storage.delivery_queue import DeliveryQueue
from tocsin.storage.queries import deliveries
from tocsin.storage.retention import DELIVERIES_KEPT
from tocsin.storage.schema import create_schema
from tocsin.storage.turns import Turn, TurnStore

NOW: Moment = 100 * DAY


@pytest.fixture
def store(database: Database) -> Iterator[TurnStore]:
    made = TurnStore(database, "E1")
    yield made
    made.rollback()
    made.close()


def delivery(number: int, due_at: Moment | None, subscription_id: str = "W1", **more: object) -> Delivery:
    one = Delivery(
        id=f"D{number:03}",
        number=number,
        subscription_id=subscription_id,
        resource_id=f"Q{number}",
        event="incident.triggered",
        event_id="E",
        at=NOW,
        actor=SYSTEM,
        state=DeliveryState.WAITING if due_at is None else DeliveryState.DUE,
        queued_at=NOW,
        due_at=due_at,
    )
    return replace(one, **more)  # type: ignore[arg-type]


def ended(number: int, at: Moment) -> Delivery:
    return delivery(number, None, state=DeliveryState.DELIVERED, finished_at=at)


def put(store: TurnStore, *deliveries: Delivery | Lane) -> None:
    store.begin()
    for one in deliveries:
        store.state.put(one)
    store.state.keep_unit()
    store.commit(Turn(NOW))


def numbers(found: list[Delivery]) -> list[int]:
    return [one.number for one in found]


def test_what_is_due_is_found_earliest_first(store: TurnStore) -> None:
    others = delivery(9, NOW - 5, "W2")
    put(store, delivery(1, NOW), delivery(2, NOW - 1), delivery(3, NOW + 5), delivery(4, None), ended(5, NOW), others)
    queue = store.deliveries
    assert numbers(queue.due("W1", NOW, 10)) == [2, 1]
    assert numbers(queue.due("W1", NOW, 1)) == [2]
    assert queue.next_due("W1", NOW) == NOW + 5
    assert queue.next_due("W2", NOW) is None
    assert sorted(queue.subscriptions()) == ["W1", "W2"]
    assert (queue.has_queued("W1"), queue.has_queued("W3")) == (True, False)


def test_the_queue_is_that_of_the_new_connection(store: TurnStore) -> None:
    put(store, delivery(1, NOW))
    store.reconnect()
    assert numbers(store.deliveries.due("W1", NOW, 10)) == [1]
    assert store.state.next_delivery_number() == 1, "numbers come from the state, and it gave none"


def test_who_was_told_is_known_once_it_is_stored(store: TurnStore) -> None:
    assert store.state.told() == set()
    put(store, delivery(1, NOW), delivery(2, NOW, "W2"))
    assert store.state.told() == {"W1", "W2"}
    assert store.state.told() == set()
    store.begin()
    store.state.put(delivery(3, NOW, "W3"))
    store.state.keep_unit()
    store.rollback()
    assert store.state.told() == set()


def test_a_subscription_can_be_looked_at_newest_first(store: TurnStore, database: Database) -> None:
    put(store, *(delivery(number, NOW) for number in range(1, 8)), delivery(9, NOW, "W2"), Lane(id="W1", drops=2))
    reads = Reads(database)
    first = reads.deliveries("W1", limit=3, want_total=True)
    assert (numbers(list(first.items)), first.more, first.total) == ([7, 6, 5], True, 7)
    last = reads.deliveries("W1", limit=3, offset=6)
    assert (numbers(list(last.items)), last.more) == ([1], False)
    assert reads.delivery("D003") == delivery(3, NOW)
    assert reads.delivery("D999") is None
    assert (reads.lane("W1").drops, reads.lane("W9")) == (2, Lane(id="W9"))


def test_what_waits_is_counted_as_far_as_it_is_worth_it(
    store: TurnStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = Reads(database)
    assert reads.waiting_deliveries() == 0
    put(store, delivery(1, NOW), delivery(2, None), ended(3, NOW), delivery(4, NOW, "W2"))
    assert reads.waiting_deliveries() == 3
    monkeypatch.setattr(deliveries, "COUNTED", 2)
    assert reads.waiting_deliveries() == 2


def test_what_ended_long_ago_is_dropped_and_what_waits_never(store: TurnStore, database: Database) -> None:
    old = NOW - DELIVERIES_KEPT
    put(store, ended(1, old - 1), ended(2, old), delivery(3, 1), delivery(4, None, queued_at=1))
    store.begin()
    assert not store.sweep(NOW)
    store.commit(Turn(NOW))
    assert numbers(list(Reads(database).deliveries("W1").items)) == [4, 3, 2]


def test_no_question_reads_the_table_through(tmp_path: Path) -> None:
    database = open_database(tmp_path, None)
    create_schema(database)
    with database.engine.connect() as connection:
        queue = DeliveryQueue(connection)
        for query in (queue._due, queue._next, queue._any):
            given = tuple("" for _ in range(query.text.count("?")))
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query.text}", given)]
            assert all(step.startswith("SEARCH deliveries USING ") for step in plan), plan
    database.close()
