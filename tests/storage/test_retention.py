"""What is too old is dropped a piece at a time; what people did and were told stays."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from tocsin.alerts.decide import Ending
from tocsin.events.model import Outcome
from tocsin.kernel.time import DAY, HOUR, Moment
from tocsin.runtime.reads import Reads
from tocsin.storage import retention, tables
from tocsin.storage.database import Database
from tocsin.storage.turns import Cursor, Turn, TurnStore

NOW: Moment = 100 * DAY


@pytest.fixture
def store(database: Database) -> Iterator[TurnStore]:
    made = TurnStore(database, "E1")
    yield made
    made.rollback()
    made.close()


def decided(store: TurnStore, first: int, received: list[Moment], at: Moment = NOW) -> None:
    """Events that were received at these moments, numbered from `first`."""
    store.begin()
    ending = Ending(Outcome.DROPPED, "no open alert has this key")
    outcomes = [(first + place, "I1", moment, ending) for place, moment in enumerate(received)]
    store.commit(Turn(at, outcomes=outcomes, cursor=Cursor("epoch", first + len(received) - 1)))


def swept(store: TurnStore, now: Moment = NOW) -> bool:
    store.begin()
    more = store.sweep(now)
    store.commit(Turn(now))
    return more


def kept(database: Database) -> list[int]:
    with database.engine.connect() as connection:
        return list(
            connection.execute(select(tables.event_outcomes.c.seq).order_by(tables.event_outcomes.c.seq)).scalars()
        )


def test_events_are_kept_for_ever_unless_told_otherwise(store: TurnStore, database: Database) -> None:
    decided(store, 1, [DAY, 2 * DAY])
    assert not swept(store)
    assert kept(database) == [1, 2]


def test_old_outcomes_go_in_the_order_of_the_log(store: TurnStore, database: Database) -> None:
    store.events_kept = 30 * DAY
    decided(store, 1, [60 * DAY, 69 * DAY, 70 * DAY, 10 * DAY, 99 * DAY])
    assert not swept(store)
    assert kept(database) == [3, 4, 5], "what lies behind one that is kept is kept too: the log has no gaps"
    assert Reads(database).oldest_kept_event() == 3


def test_a_large_past_goes_piece_by_piece(
    store: TurnStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "PIECE", 10)
    store.events_kept = DAY
    decided(store, 1, [DAY] * 25 + [NOW] * 3)
    assert [swept(store) for _ in range(3)] == [True, True, False]
    assert kept(database) == [26, 27, 28]


def test_where_nothing_is_kept_only_what_is_undecided_counts(store: TurnStore, database: Database) -> None:
    assert Reads(database).oldest_kept_event() == 1
    store.events_kept = DAY
    decided(store, 1, [DAY] * 4)
    swept(store)
    assert kept(database) == []
    assert Reads(database).oldest_kept_event() == 5


def test_answers_are_kept_for_a_day(store: TurnStore) -> None:
    for key, at in (("old", NOW - 25 * HOUR), ("new", NOW - 23 * HOUR)):
        store.begin()
        store.commit(Turn(at, answers=[(key, "{}")]))
    swept(store)
    assert store.answer_to("old") is None
    assert store.answer_to("new") == "{}"


def test_a_sweep_that_is_rolled_back_dropped_nothing(store: TurnStore, database: Database) -> None:
    store.events_kept = DAY
    decided(store, 1, [DAY, NOW])
    store.begin()
    store.sweep(NOW)
    store.rollback()
    assert kept(database) == [1, 2]
