"""Two engines on one PostgreSQL: one is active, the other takes over when it dies, freezes or is told to stop."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.cluster import Cluster, cluster
from tocsin.directory.model import Integration
from tocsin.testing.fake_http import is_slow

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

BOUND = 25.0
"""Seconds. The promise is 10, for a machine with nothing else to do; what is measured is printed."""


class Alarms:
    """A person and a service for each alarm: nobody is called twice within a minute, which would bundle pages."""

    def __init__(self, made: Cluster, count: int) -> None:
        self._made = made
        self._numbers = [f"20255501{one:02d}" for one in range(count)]
        people = [made.person(f"p{one}", number) for one, number in enumerate(self._numbers)]
        self._services: list[Integration] = [made.service(f"s{one}", person) for one, person in enumerate(people)]
        made.wait_for_key(self._services[-1])

    def raise_one(self, number: int) -> None:
        """An event is accepted, sooner or later."""
        key, made = f"alarm-{number}", self._made
        made.wait_until(lambda: made.event(self._services[number], key)[0] == 202, f"{key} is accepted")

    def key(self, number: int) -> str:
        """Its integration's key."""
        return self._services[number].key

    def pages(self, number: int) -> int:
        """How often its person was paged about it."""
        return len(self._made.texts(self._numbers[number]))

    def wait_for_page(self, number: int, seconds: float = 60.0) -> None:
        self._made.wait_until(lambda: self.pages(number) > 0, f"somebody is paged about alarm {number}", seconds)


@pytest.fixture
def pair(tmp_path: Path, postgres_url: str) -> Iterator[Cluster]:
    with cluster(tmp_path / "c", postgres_url, "a", "b") as made:
        yield made


def test_a_killed_engine_is_replaced_within_ten_seconds(pair: Cluster) -> None:
    alarms = Alarms(pair, 2)
    alarms.raise_one(0)
    alarms.wait_for_page(0)
    pair.signal("a", signal.SIGKILL)
    died = time.monotonic()
    alarms.raise_one(1)
    alarms.wait_for_page(1)
    took = time.monotonic() - died
    print(f"killed: paging again after {took:.1f} s")
    assert took < BOUND
    assert alarms.pages(0) == 1


def test_an_engine_that_starts_in_the_same_place_need_not_wait(pair: Cluster) -> None:
    """The supervisor's restart: nobody else can be the active engine's process, because we hold its lock."""
    alarms = Alarms(pair, 1)
    pair.signal("b", signal.SIGKILL)
    pair.signal("a", signal.SIGKILL)
    died = time.monotonic()
    pair.engines["a"].wait()
    pair.engine("a")
    alarms.raise_one(0)
    alarms.wait_for_page(0)
    took = time.monotonic() - died
    print(f"killed and restarted: paging again after {took:.1f} s")
    assert took < BOUND


def test_an_engine_that_is_told_to_stop_hands_over_at_once(pair: Cluster) -> None:
    alarms = Alarms(pair, 1)
    pair.signal("a", signal.SIGTERM)
    told = time.monotonic()
    assert pair.engines["a"].wait(10) == 0
    alarms.raise_one(0)
    alarms.wait_for_page(0)
    took = time.monotonic() - told
    print(f"told to stop: paging again after {took:.1f} s")
    assert took < BOUND


def test_an_engine_frozen_past_its_lease_commits_nothing_and_sends_nothing(pair: Cluster) -> None:
    alarms = Alarms(pair, 3)
    pair.phones.faults.always(is_slow(0.3))  # so that a page is likely on its way when the engine freezes
    alarms.raise_one(0)
    pair.signal("a", signal.SIGSTOP)
    frozen = time.monotonic()
    alarms.raise_one(1)
    alarms.wait_for_page(1)
    print(f"frozen: another engine pages after {time.monotonic() - frozen:.1f} s")
    assert time.monotonic() - frozen < BOUND
    alarms.wait_for_page(0)
    lease = pair.lease()
    assert lease is not None
    assert (lease.fence, lease.is_held) == (2, True)
    pair.wait_until(lambda: pair.reads.pulse().outbox == 0, "every page has its result")
    pages, facts = [alarms.pages(one) for one in range(2)], timeline_length(pair)

    pair.signal("a", signal.SIGCONT)
    assert pair.engines["a"].wait(10) == 75, "it ends by itself"
    assert [alarms.pages(one) for one in range(2)] == pages
    assert timeline_length(pair) == facts
    assert pages[1] == 1
    assert pages[0] <= 2, "once more at most, when the page was with the provider already"
    alarms.raise_one(2)
    alarms.wait_for_page(2)


def test_an_engine_frozen_within_a_transaction_does_not_hold_up_the_next_one(pair: Cluster) -> None:
    """Frozen at many moments under load, it is bound to hold the lease's row at some of them."""
    alarms = Alarms(pair, 8)
    stop = threading.Event()
    load = threading.Thread(target=_load, args=(pair, alarms, stop))
    load.start()
    try:
        pair.wait_until(lambda: pair.reads.cursor().seq > 200, "the engine is busy")
        pair.signal("a", signal.SIGSTOP)
        frozen = time.monotonic()
        pair.wait_for_active(2)
        took = time.monotonic() - frozen
    finally:
        stop.set()
        load.join()
    print(f"frozen under load: another engine is active after {took:.1f} s")
    assert took < BOUND
    pair.signal("a", signal.SIGCONT)
    assert pair.engines["a"].wait(10) == 75


def test_any_number_of_edges_share_an_engine(tmp_path: Path, postgres_url: str) -> None:
    """Each accepts events, each gets its commands through, and each knows at once what another one changed."""
    with cluster(tmp_path / "c", postgres_url, "a") as made:
        port = made.another_edge()
        alarms = Alarms(made, 2)
        body = {"routing_key": alarms.key(1), "event_action": "trigger", "dedup_key": "alarm-1"}
        body |= {"payload": {"summary": "x", "source": "x", "severity": "critical"}}  # type: ignore[dict-item]
        made.wait_until(lambda: made.post_to(port, "/v2/enqueue", body) == 202, "the other edge accepts")
        for number in range(2, 12):
            new = made.service(f"New {number}", made.person(f"new{number}", f"20255502{number:02}"))
            event = {**body, "routing_key": new.key}
            assert made.post_to(port, "/v2/enqueue", event) == 202, "a key that it was told of by nobody yet"
        alarms.raise_one(0)
        for number in range(2):
            alarms.wait_for_page(number)
        made.person("late", "2025550190")
        made.wait_until(lambda: made.get("/healthz")[0] == 200, "all is well")
        assert made.post_to(port, "/v2/enqueue", {}) == 400
    assert "lease_lost" not in made.read_log()


def _load(made: Cluster, alarms: Alarms, stop: threading.Event) -> None:
    while not stop.is_set():
        made.event(alarms._services[0], "noise")


def timeline_length(made: Cluster) -> int:
    with made.main.reading() as connection:
        return int(connection.exec_driver_sql("SELECT coalesce(max(seq), 0) FROM timeline").scalar() or 0)
