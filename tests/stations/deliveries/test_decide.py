"""What becomes of a delivery: tried for two days and no longer, and three refusals in a row are enough."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tocsin.deliveries.decide import cancelled, once_more, promoted, queued, record
from tocsin.deliveries.messages import RecordDelivery
from tocsin.deliveries.model import Delivery, DeliveryResult, DeliveryState, Lane
from tocsin.deliveries.retry import DELAYS, DISABLED_FOR, DROPS_IN_A_ROW, GIVEN_UP_AFTER, next_try
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.time import HOUR, SECOND

NOW = 1_000 * HOUR
LANE = Lane(id="W")
TOLD = Delivery(
    id="",
    number=0,
    subscription_id="",
    resource_id="Q",
    event="incident.triggered",
    event_id="E",
    at=NOW,
    actor=SYSTEM,
    state=DeliveryState.WAITING,
    queued_at=0,
)
FIRST = queued(TOLD, "D", "W", 7, is_first=True, now=NOW)
RESULTS = st.sampled_from(DeliveryResult)


def report(result: DeliveryResult, attempt: int = 1, **more: int) -> RecordDelivery:
    wish = more.get("retry_after_seconds")
    return RecordDelivery(
        delivery_id="D", attempt=attempt, result=result, status=500, detail="why", retry_after_seconds=wish
    )


def test_only_the_first_of_a_queue_is_due() -> None:
    second = queued(TOLD, "D2", "W", 8, is_first=False, now=NOW)
    assert (FIRST.state, FIRST.due_at, FIRST.number) == (DeliveryState.DUE, NOW, 7)
    assert (second.state, second.due_at) == (DeliveryState.WAITING, None)
    assert promoted(second, NOW + 1) == replace(second, state=DeliveryState.DUE, due_at=NOW + 1)


def test_waits_grow() -> None:
    assert list(DELAYS) == sorted(DELAYS)
    waits = [(next_try(attempt, NOW, NOW, None) or 0) - NOW for attempt in range(1, 20)]
    assert waits == sorted(waits)
    assert waits[-1] == DELAYS[-1]


@given(wishes=st.lists(st.none() | st.integers(0, 3600), min_size=1, max_size=4))
def test_it_is_tried_for_two_days_and_no_longer(wishes: list[int | None]) -> None:
    delivery, lane, now, attempt = FIRST, LANE, NOW, 0
    while delivery.is_queued:
        attempt += 1
        wish = wishes[attempt % len(wishes)]
        given_wish = {} if wish is None else {"retry_after_seconds": wish}
        found = record(delivery, lane, report(DeliveryResult.RETRY, attempt, **given_wish), now)
        delivery, lane = found.delivery, found.lane
        if delivery.due_at is not None:
            assert delivery.due_at - now >= (wish or 0) * SECOND
            now = delivery.due_at
    assert delivery.state is DeliveryState.DROPPED
    assert GIVEN_UP_AFTER - HOUR <= now - NOW <= GIVEN_UP_AFTER
    assert delivery.detail.startswith("given up after 48 hours")
    assert (delivery.attempts, lane.failing_since) == (attempt, NOW)


@given(results=st.lists(RESULTS, max_size=30))
def test_so_many_drops_in_a_row_disable_and_nothing_else_does(results: list[DeliveryResult]) -> None:
    lane, row = LANE, 0
    for result in results:
        found = record(FIRST, lane, report(result), NOW)
        lane = found.lane
        row = {DeliveryResult.DELIVERED: 0, DeliveryResult.DROPPED: row + 1}.get(result, row)
        disabled = row == DROPS_IN_A_ROW
        row = 0 if disabled else row
        assert found.disabled_until == (NOW + DISABLED_FOR if disabled else None)
        assert lane.drops == row
        assert (lane.failing_since is None) == (result is DeliveryResult.DELIVERED or found.lane == LANE)


@given(result=RESULTS)
def test_what_has_ended_is_over(result: DeliveryResult) -> None:
    found = record(FIRST, LANE, report(result), NOW).delivery
    assert found.is_queued == (found.finished_at is None) == (found.due_at is not None)
    assert (found.attempts, found.status, found.detail) == (1, 500, "why")


def test_what_is_sent_once_more_is_the_same_event_as_new() -> None:
    (off,) = cancelled([FIRST], "not sent: off", NOW)
    assert (off.state, off.detail, off.due_at, off.finished_at) == (DeliveryState.CANCELLED, "not sent: off", None, NOW)
    again = queued(once_more(off), off.id, off.subscription_id, 9, is_first=True, now=NOW + 5)
    assert (again.id, again.number, again.attempts, again.detail, again.finished_at) == ("D", 9, 0, "", None)
    assert (again.state, again.queued_at, again.due_at) == (DeliveryState.DUE, NOW + 5, NOW + 5)
