"""Repeats that are held back are never lost: not by a crash, a failed turn, or a memory that is too small for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from sqlalchemy import select

from tocsin.alerts.decide import Ending
from tocsin.alerts.model import Alert, AlertStatus
from tocsin.events.model import Outcome
from tocsin.storage import tables, turns, working_set
from tocsin.storage.codec import load
from tocsin.storage.database import Database
from tocsin.storage.repeats import HELD_FROM
from tocsin.storage.turns import Cursor, Turn, TurnStore


@pytest.fixture
def store(database: Database) -> Iterator[TurnStore]:
    made = TurnStore(database, "E1")
    yield made
    made.rollback()
    made.close()


def alert(name: str) -> Alert:
    return Alert(
        id=name,
        scope="I1",
        dedup_key=name,
        service_id="S1",
        status=AlertStatus.TRIGGERED,
        created_at=1,
        last_event_at=1,
        first_seq=1,
        last_seq=1,
    )


def opened(store: TurnStore, *names: str) -> None:
    """A turn that opens alerts, each by the event with number 1."""
    store.begin()
    for name in names:
        store.state.put(alert(name))
    store.state.keep_unit()
    store.commit(Turn(1))


def hear(store: TurnStore, events: Sequence[tuple[int, str]], *, hold_seconds: float = 1.0, at: float = 0.0) -> None:
    """A turn of repeats: (number in the log, alert)."""
    store.begin()
    turn = Turn(100)
    for seq, name in events:
        known = store.state.alert(name)
        assert known is not None
        store.state.put(replace(known, repeats=known.repeats + 1, last_event_at=1000 + seq, last_seq=seq))
        store.state.keep_unit()
        turn.outcomes.append((seq, "I1", 1000 + seq, Ending(Outcome.REPEATED, "the alert is open already", name)))
        turn.cursor = Cursor("epoch", seq)
    store.commit(turn, hold_seconds=hold_seconds, at=at)


def row(database: Database, name: str) -> Alert:
    """The alert as stored."""
    with database.engine.connect() as connection:
        return load(
            Alert, connection.execute(select(tables.alerts.c.data).where(tables.alerts.c.id == name)).scalar_one()
        )


def held_from(database: Database) -> str | None:
    with database.engine.connect() as connection:
        found: str | None = connection.execute(
            select(tables.meta.c.value).where(tables.meta.c.key == HELD_FROM)
        ).scalar()
        return found


def test_what_is_held_back_is_known_at_once_and_written_with_the_next_turn_that_may_not_hold(
    store: TurnStore, database: Database
) -> None:
    opened(store, "A")
    hear(store, [(1, "A")], hold_seconds=0)
    assert row(database, "A").repeats == 1
    assert not store.holds_back
    hear(store, [(2, "A"), (3, "A")])
    hear(store, [(4, "A")])
    assert store.holds_back
    assert row(database, "A").repeats == 1
    assert store.state.alert("A") == replace(alert("A"), repeats=4, last_event_at=1004, last_seq=4)
    assert held_from(database) == "1"
    store.begin()
    store.commit(Turn(101))
    assert row(database, "A") == store.state.alert("A")
    assert not store.holds_back
    assert held_from(database) == "0"


def test_a_crash_loses_none_and_counts_none_twice(store: TurnStore, database: Database) -> None:
    opened(store, "A", "B", "C")
    hear(store, [(1, "A")], hold_seconds=0)
    hear(store, [(2, "A"), (3, "B")])
    hear(store, [(4, "B"), (5, "A"), (6, "A")])
    known = {name: store.state.alert(name) for name in "ABC"}
    store.close()
    later = TurnStore(database, "E2")
    later.begin()
    assert {name: later.state.alert(name) for name in "ABC"} == known
    later.commit(Turn(102), hold_seconds=1.0)
    assert {name: row(database, name) for name in "ABC"} == known
    assert held_from(database) == "0"
    later.close()
    last = TurnStore(database, "E3")
    last.begin()
    assert {name: last.state.alert(name) for name in "ABC"} == known
    last.rollback()
    last.close()


def test_a_change_of_another_kind_is_written_at_once_with_all_repeats_before_it(
    store: TurnStore, database: Database
) -> None:
    opened(store, "A", "B")
    hear(store, [(1, "A")], hold_seconds=0)
    hear(store, [(2, "A"), (3, "B")])
    store.begin()
    known = store.state.alert("A")
    assert known is not None
    store.state.put(replace(known, incident_id="Q1"))
    store.state.keep_unit()
    store.commit(Turn(103), hold_seconds=1.0)
    assert row(database, "A") == replace(known, incident_id="Q1")
    assert row(database, "B").repeats == 0
    hear(store, [(4, "A")])
    store.close()
    later = TurnStore(database, "E2")
    later.begin()
    found = later.state.alert("A")
    assert found is not None
    assert (found.repeats, found.incident_id) == (3, "Q1")
    later.rollback()
    later.close()


def test_a_failed_turn_forgets_nothing_that_was_stored(store: TurnStore, database: Database) -> None:
    opened(store, "A")
    hear(store, [(1, "A")], hold_seconds=0)
    hear(store, [(2, "A"), (3, "A")])
    store.begin()
    known = store.state.alert("A")
    assert known is not None
    store.state.put(replace(known, repeats=99))
    store.state.keep_unit()
    store.rollback()
    hear(store, [(4, "A")])
    assert store.state.alert("A") == replace(alert("A"), repeats=4, last_event_at=1004, last_seq=4)
    assert row(database, "A").repeats == 4, "the first turn after a failure writes what it found"


def test_a_small_memory_keeps_what_is_nowhere_else(
    store: TurnStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working_set, "KNOWN_LIMIT", 3)
    opened(store, "A")
    hear(store, [(1, "A")], hold_seconds=0)
    hear(store, [(2, "A")])
    opened_later = [f"N{number}" for number in range(6)]
    store.begin()
    for name in opened_later:
        store.state.put(alert(name))
    store.state.keep_unit()
    store.commit(Turn(104), hold_seconds=1.0)
    hear(store, [(3, "A")])
    store.begin()
    store.commit(Turn(105))
    assert row(database, "A").repeats == 3


def test_each_is_written_when_its_time_is_up_and_the_record_says_from_where_to_count(
    store: TurnStore, database: Database
) -> None:
    opened(store, "A", "B", "C")
    hear(store, [(2, "A"), (3, "A")], at=0.0)
    hear(store, [(4, "B")], at=0.6)
    hear(store, [(5, "A")], at=0.9)
    assert held_from(database) == "1"
    hear(store, [(6, "C")], at=1.1)
    assert (row(database, "A").repeats, row(database, "B").repeats) == (3, 0)
    assert held_from(database) == "3"
    hear(store, [(7, "A")], at=1.2)
    store.close()
    later = TurnStore(database, "E2")
    later.begin()
    assert [later.state.alert(name).repeats for name in "ABC"] == [4, 1, 1]  # type: ignore[union-attr]
    later.rollback()
    later.close()


def test_very_many_are_written_with_several_turns(
    store: TurnStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "RELEASED_AT_ONCE", 2)
    names = "ABCDE"
    opened(store, *names)
    hear(store, [(number, name) for number, name in enumerate(names, 2)])
    written = []
    while store.holds_back:
        store.begin()
        store.commit(Turn(101))
        written.append(sum(row(database, name).repeats for name in names))
    assert written == [2, 4, 5]
    assert held_from(database) == "0"
