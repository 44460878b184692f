"""The lease's rows: one holder by the database's clock, a fence that rises, and a turn that fails once it is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.databases import fresh
from tocsin.kernel.time import MILLISECOND, SECOND
from tocsin.storage.database import Database, OutOfReach, open_database
from tocsin.storage.lease import LeaseTable
from tocsin.storage.turns import LeaseLost, Turn, TurnStore

pytestmark = pytest.mark.postgres

LONG, SHORT = 60 * SECOND, 50 * MILLISECOND


@pytest.fixture
def database(postgres_server: str, template: str) -> Iterator[Database]:
    with fresh(postgres_server, template=template) as url:
        found = open_database(Path(), url)
        yield found
        found.close()


def table(database: Database, place: str, run: str = "1") -> LeaseTable:
    return LeaseTable(database, place=place, run=run)


def test_one_holds_it_and_renews_it(database: Database) -> None:
    a, b = table(database, "a"), table(database, "b")
    assert a.look() is None
    assert a.take(LONG) == 1
    lease = b.look()
    assert lease is not None
    assert (lease.holder, lease.fence, lease.is_held) == ("a/1", 1, True)
    assert b.take(LONG) is None
    assert a.renew(1, LONG) is not None
    assert b.renew(2, LONG) is None


def test_it_is_taken_over_when_it_ends_or_is_given_back(database: Database) -> None:
    a, b = table(database, "a"), table(database, "b")
    a.take(SHORT)
    time.sleep(0.06)
    assert b.take(LONG) == 2
    assert a.renew(1, LONG) is None
    a.release(1)  # too late: it is not its own any more
    assert a.take(LONG) is None
    b.release(2)
    assert a.take(LONG) == 3


def test_it_is_renewed_late_while_nobody_else_wanted_it(database: Database) -> None:
    a = table(database, "a")
    a.take(SHORT)
    time.sleep(0.06)
    assert a.renew(1, LONG) is not None
    assert table(database, "b").take(LONG) is None


def test_a_later_run_of_the_same_place_need_not_wait(database: Database) -> None:
    table(database, "a").take(LONG)
    assert table(database, "", "2").take(LONG) is None
    assert table(database, "b", "2").take(LONG) is None
    assert table(database, "a", "2").take(LONG) == 2


def test_of_many_who_want_it_one_gets_it(database: Database) -> None:
    given: list[int | None] = []
    barrier = threading.Barrier(6)

    def want(name: str) -> None:
        barrier.wait()
        given.append(table(database, name).take(LONG))

    threads = [threading.Thread(target=want, args=(f"p{one}",)) for one in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given, key=str) == [1, None, None, None, None, None]


def test_a_turn_after_the_lease_was_lost_is_not_begun(database: Database) -> None:
    a, b = table(database, "a"), table(database, "b")
    store = TurnStore(database, "E1")
    store.fence = a.take(LONG)
    store.begin()
    store.commit(Turn(1))
    a.release(1)
    store.begin()  # nobody took it: what it decides still counts
    store.commit(Turn(2))
    b.take(LONG)
    with pytest.raises(LeaseLost):
        store.begin()
    store.close()


def test_a_take_over_waits_for_the_turn_that_is_under_way_and_a_renewal_does_not(database: Database) -> None:
    a, b = table(database, "a"), table(database, "b")
    store = TurnStore(database, "E1")
    store.fence = a.take(SHORT)
    store.begin()
    assert a.renew(1, SHORT) is not None
    time.sleep(0.06)
    taken: list[int | None] = []
    taker = threading.Thread(target=lambda: taken.append(b.take(LONG)))
    taker.start()
    taker.join(0.3)
    assert taken == [], "it waits"
    store.commit(Turn(1))
    taker.join(5)
    assert taken == [2]
    store.close()


def test_a_turn_that_stands_still_is_ended_by_the_server(database: Database) -> None:
    """A frozen engine: its transaction must not hold up the next one for longer than a lease."""
    a, b = table(database, "a"), table(database, "b")
    store = TurnStore(database, "E1")
    store.fence = a.take(SHORT)
    store.begin()
    time.sleep(0.06)
    began = time.monotonic()
    assert wait_to_take(b) == 2
    assert time.monotonic() - began < 8
    with pytest.raises(Exception, match="idle"):
        store.commit(Turn(1))
    store.reconnect()
    with pytest.raises(LeaseLost):
        store.begin()
    store.close()


def test_an_engine_frozen_amid_many_statements_is_ended_too(database: Database) -> None:
    """Of these the server thinks that they are busy, not idle; no timeout of the server ends such a session."""
    a, b = table(database, "a"), table(database, "b")
    fence = a.take(SHORT)
    reading = database.engine.raw_connection()
    bystander: Any = reading.driver_connection  # somebody who saves all tables: slow, and none of our business
    for words in ("SET idle_in_transaction_session_timeout = 0", "BEGIN", "SELECT * FROM leases"):
        bystander.execute(words)
    checked_out = database.engine.raw_connection()
    frozen: Any = checked_out.driver_connection
    frozen.pgconn.enter_pipeline_mode()
    for statement in (b"BEGIN", b"SELECT fence FROM leases FOR KEY SHARE"):  # a batch whose end never comes
        frozen.pgconn.send_query_params(statement, None)
    frozen.pgconn.send_flush_request()
    frozen.pgconn.flush()
    began = time.monotonic()
    assert wait_to_take(b) == (fence or 0) + 1
    assert time.monotonic() - began < 8
    assert bystander.execute("SELECT 1").fetchone() == (1,)
    reading.invalidate()
    checked_out.invalidate()


def wait_to_take(wanting: LeaseTable) -> int | None:
    end = time.monotonic() + 20
    while (found := wanting.take(LONG)) is None and time.monotonic() < end:
        time.sleep(0.1)
    return found


def test_a_database_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    database = open_database(tmp_path, f"postgresql://nobody@/nothing?host={tmp_path}")
    with pytest.raises(OutOfReach):
        table(database, "a").take(LONG)
    assert not database.answers()
    database.close()
