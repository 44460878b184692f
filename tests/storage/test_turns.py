"""A turn is stored whole or not at all, on both databases; what must never be is refused by the database itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from tests.databases import statements_of
from tocsin.alerts.decide import Ending
from tocsin.alerts.model import Alert, AlertStatus
from tocsin.directory.model import Channel, Team, Urgency, User
from tocsin.engine.world import Recorded, ThingChange
from tocsin.events.model import Outcome
from tocsin.incidents.messages import AddNote, IncidentTriggered
from tocsin.incidents.model import Assignment, Incident, NoTimer, Status
from tocsin.kernel.actor import SYSTEM, Actor, ActorKind, Via
from tocsin.kernel.decision import CancelTimer, SetTimer
from tocsin.paging.messages import SendMessage
from tocsin.runtime.reads import AuditFilter, OutcomeFilter, Reads, TimelineFilter
from tocsin.storage import tables
from tocsin.storage.config_reader import ConfigReader
from tocsin.storage.database import Database, DatabaseError, open_database
from tocsin.storage.turns import Cursor, Turn, TurnStore, is_outage

ALICE = Actor(ActorKind.USER, "PALICE", Via.WEB)


@pytest.fixture
def store(database: Database) -> Iterator[TurnStore]:
    made = TurnStore(database, "E1")
    yield made
    made.rollback()
    made.close()


def again(database: Database, engine: str = "E2") -> TurnStore:
    """The store as a later engine opens it."""
    return TurnStore(database, engine)


def incident(number: int, **changes: Any) -> Incident:
    made = Incident(
        id=f"Q{number}",
        number=number,
        title=f"incident {number}",
        service_id="S1",
        status=Status.TRIGGERED,
        urgency=Urgency.HIGH,
        created_at=1,
        updated_at=1,
    )
    return replace(made, **changes)


def alert(name: str, key: str = "disk", **changes: Any) -> Alert:
    made = Alert(
        id=name,
        scope="I1",
        dedup_key=key,
        service_id="S1",
        status=AlertStatus.TRIGGERED,
        created_at=1,
        last_event_at=1,
        first_seq=1,
        last_seq=1,
    )
    return replace(made, **changes)


def put(store: TurnStore, *entities: Any) -> None:
    for entity in entities:
        store.state.put(entity)
    store.state.keep_unit()


def note(text: str) -> AddNote:
    return AddNote(incident_id="Q1", text=text)


def message(name: str, attempt: int = 1) -> SendMessage:
    return SendMessage(
        key=f"{name}:{attempt}",
        message_id=name,
        attempt=attempt,
        channel=Channel.SMS,
        address="+12025550101",
        user_id="PALICE",
        subject="",
        text="disk is full\0",
        spoken="",
        code="12",
        incident_ids=("Q1",),
        incident_number=1,
    )


def everything(now: int) -> Turn:
    """A turn that writes into every table."""
    triggered = IncidentTriggered(
        incident_id="Q1", number=1, service_id="S1", title="disk\0full", urgency=Urgency.HIGH, assignee_ids=("PALICE",)
    )
    team = Team(id="PTEAM", name="Pay\0ments")
    return Turn(
        now,
        facts=[(now, Recorded(SYSTEM, triggered)), (now, Recorded(ALICE, triggered))],
        effects=[message("M1"), message("M2")],
        timers={"t1": SetTimer("t1", 50, note("later")), "t2": SetTimer("t2", 40, note("sooner"))},
        changes=[(now, ALICE, ThingChange("team", team.id, None, team))],
        outcomes=[(7, "I1", 5, Ending(Outcome.OPENED, "new\0", "A1"))],
        answers=[("key-1", "{}")],
        cursor=Cursor("epoch", 7),
    )


def stored(database: Database) -> dict[str, Any]:
    """What the tables hold, in short."""
    with database.engine.connect() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar()
            for table in tables.metadata.sorted_tables
        }


NOTHING = {table.name: 0 for table in tables.metadata.sorted_tables}


def store_everything(store: TurnStore) -> None:
    store.begin()
    number = store.state.next_incident_number()
    put(store, incident(number, team_ids=("T1",)), alert("A1", incident_id=f"Q{number}"))
    store.commit(everything(10))


# -- whole or not at all


def test_what_was_stored_is_found_by_the_next_engine(store: TurnStore, database: Database) -> None:
    store_everything(store)
    store.close()
    later = again(database)
    try:
        assert later.cursor() == Cursor("epoch", 7)
        assert later.config().teams["PTEAM"].name == "Pay\0ments"
        assert later.config().version == later.stored_config_version == 1
        assert later.state.incident("Q1") == incident(1, team_ids=("T1",))
        assert later.state.latest_alert("I1", "disk") == alert("A1", incident_id="Q1")
        assert [(one.effect, one.engine, one.created_at) for one in later.outbox()] == [
            (message("M1"), "E1", 10),
            (message("M2"), "E1", 10),
        ]
        assert later.answer_to("key-1") == "{}"
        assert later.answer_to("key-2") is None
        assert later.state.next_incident_number() == 2
        reads = Reads(database)
        assert [entry.fact.title for entry in reads.timeline(TimelineFilter()).items] == ["disk\0full"] * 2  # type: ignore[attr-defined]
        assert [one.thing_id for one in reads.audit(AuditFilter()).items] == ["PTEAM"]
        (ended,) = reads.outcomes(OutcomeFilter()).items
        assert (ended.seq, ended.reason) == (7, "new\u2400" if database.is_postgres else "new\0")
    finally:
        later.close()


def test_a_turn_that_was_given_up_left_nothing(store: TurnStore, database: Database) -> None:
    store.begin()
    put(store, incident(store.state.next_incident_number()))
    store.rollback()
    assert stored(database) == NOTHING
    assert store.state.incident("Q1") is None
    assert store.state.next_incident_number() == 1
    store.state.forget()
    store_everything(store)
    assert stored(database)["incidents"] == 1


class Broken(Exception):
    """The statement fails."""


def test_whatever_statement_fails_nothing_is_stored_and_the_turn_can_be_taken_again(
    store: TurnStore, database: Database
) -> None:
    """The n-th statement of the transaction raises, for every n, COMMIT included."""
    left = [0]

    def fail(_statement: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Broken

    number = 0
    with statements_of(database, fail):
        while True:
            number += 1
            left[0] = number
            try:
                store_everything(store)
                break
            except Broken:
                left[0] = 0
                store.rollback()
                assert stored(database) == NOTHING, number
                assert store.state.incident("Q1") is None
    assert number > 12, "every table's statement was tried"
    assert stored(database)["timeline"] == 2
    assert again_is_possible(store)


def again_is_possible(store: TurnStore) -> bool:
    store.begin()
    put(store, incident(store.state.next_incident_number()))
    store.commit(Turn(11))
    return True


def test_a_connection_that_is_lost_in_the_middle_left_nothing(store: TurnStore, database: Database) -> None:
    store.begin()
    put(store, incident(store.state.next_incident_number()))
    store._connection.connection.driver_connection.close()  # type: ignore[union-attr]
    with pytest.raises(DatabaseError) as failure:
        store.commit(everything(10))
    assert is_outage(failure.value) or not database.is_postgres
    store.reconnect()
    assert stored(database) == NOTHING
    store_everything(store)


# -- timers, outbox, answers


def test_timers_come_in_their_order_and_are_moved_and_cancelled(store: TurnStore) -> None:
    store_everything(store)
    assert store.next_due() == 40
    assert store.due_timers(39, 10) == []
    assert [(one.key, one.due_at, one.command) for one in store.due_timers(50, 10)] == [
        ("t2", 40, note("sooner")),
        ("t1", 50, note("later")),
    ]
    assert [one.key for one in store.due_timers(50, 1)] == ["t2"]
    store.begin()
    store.commit(Turn(11, timers={"t2": SetTimer("t2", 60, note("moved")), "t1": CancelTimer("t1")}))
    assert [(one.key, one.due_at) for one in store.due_timers(100, 10)] == [("t2", 60)]
    store.begin()
    store.commit(Turn(12, timers={"t2": CancelTimer("t2"), "never": CancelTimer("never")}))
    assert (store.next_due(), store.due_timers(100, 10)) == (None, [])


def test_an_effect_leaves_the_outbox_with_its_result(store: TurnStore) -> None:
    store_everything(store)
    store.begin()
    store.commit(Turn(11, effects=[message("M1", 2)], settled=["M1:1", "never:1"]))
    assert [one.effect.key for one in store.outbox()] == ["M2:1", "M1:2"]


def test_the_first_answer_to_a_key_stays(store: TurnStore) -> None:
    store_everything(store)
    store.begin()
    store.commit(Turn(11, answers=[("key-1", "another"), ("key-2", "second")]))
    assert (store.answer_to("key-1"), store.answer_to("key-2")) == ("{}", "second")


def test_many_of_everything_in_one_turn(store: TurnStore, database: Database) -> None:
    store.begin()
    people = tuple(Assignment(user_id=f"U{one}", at=1) for one in range(3))
    for _ in range(1_200):
        number = store.state.next_incident_number()
        put(store, incident(number, assignments=people), alert(f"A{number}", f"k{number}", incident_id=f"Q{number}"))
    timers: dict[str, SetTimer | CancelTimer] = {f"t{one}": SetTimer(f"t{one}", one, note("x")) for one in range(1_200)}
    store.commit(Turn(1, timers=timers, effects=[message(f"M{one}") for one in range(1_200)]))
    store.begin()
    for number in range(1, 1_201):
        put(store, incident(number, title="changed", assignments=people[:1]))
    store.commit(
        Turn(2, timers=dict.fromkeys(timers, CancelTimer("t1")), settled=[f"M{one}:1" for one in range(1_200)])
    )
    found = stored(database)
    assert {name: found[name] for name in ("incidents", "alerts", "incident_people", "outbox")} == {
        "incidents": 1_200,
        "alerts": 1_200,
        "incident_people": 1_200,
        "outbox": 0,
    }


# -- what the database refuses


@pytest.mark.parametrize(
    "bad",
    [
        (alert("A1"), alert("A2")),
        (incident(1), incident(1, id="Q2")),
        (incident(1, timer_reason=None),),
        (incident(1, timer_at=5, timer_reason=NoTimer.STARTING),),
        (incident(1, status=Status.RESOLVED),),
        (incident(1, status=Status.RESOLVED, timer_at=5, timer_reason=None),),
    ],
    ids=["two open alerts of a key", "a number twice", "no next step", "two next steps", "reason", "timer"],
)
def test_what_must_never_be_is_refused(store: TurnStore, database: Database, bad: tuple[Any, ...]) -> None:
    store.begin()
    put(store, *bad)
    with pytest.raises(IntegrityError) as failure:
        store.commit(Turn(1))
    assert not is_outage(failure.value)
    store.rollback()
    assert stored(database) == NOTHING
    store_everything(store)


@pytest.mark.parametrize(
    "good",
    [
        (alert("A1", status=AlertStatus.RESOLVED), alert("A2", status=AlertStatus.RESOLVED), alert("A3")),
        (alert("A1", "one"), alert("A2", "two"), alert("A3", "one", scope="I2")),
        (incident(1, timer_at=5, timer_reason=None),),
        (incident(1, status=Status.RESOLVED, timer_reason=None),),
    ],
    ids=["closed alerts of a key", "other keys", "a timer", "resolved"],
)
def test_what_may_be_is_taken(store: TurnStore, good: tuple[Any, ...]) -> None:
    store.begin()
    put(store, *good)
    store.commit(Turn(1))


def test_an_alert_is_replaced_by_a_new_one_within_a_turn(store: TurnStore, database: Database) -> None:
    """The old one is closed and the new one opened by two statements of one transaction, in whatever order."""
    store.begin()
    put(store, alert("A9"))
    store.commit(Turn(1))
    store.begin()
    put(store, alert("A9", status=AlertStatus.RESOLVED), alert("A1", created_at=2))
    store.commit(Turn(2))
    latest = again(database)
    assert latest.state.latest_alert("I1", "disk") == alert("A1", created_at=2)
    latest.close()


def test_a_text_with_nul_is_kept_and_found(store: TurnStore, database: Database) -> None:
    """PostgreSQL's columns cannot hold it: something else stands there, the entity has it all the same."""
    store.begin()
    made = incident(store.state.next_incident_number(), incident_key="a\0b", title="\0")
    put(store, made)
    store.commit(Turn(1))
    later = again(database)
    assert later.state.open_incident_by_key("S1", "a\0b") == made
    assert later.state.open_incident_by_key("S1", "ab") is None
    later.close()


def test_a_text_that_no_database_can_hold_spoils_its_turn_only(store: TurnStore, database: Database) -> None:
    store.begin()
    put(store, incident(store.state.next_incident_number(), incident_key="lone \ud800 surrogate"))
    with pytest.raises(UnicodeEncodeError) as failure:
        store.commit(Turn(1))
    assert not is_outage(failure.value)
    store.rollback()
    assert stored(database) == NOTHING
    store_everything(store)


# -- the configuration


def test_a_reader_follows_every_change(store: TurnStore, database: Database, url: str | None, tmp_path: Path) -> None:
    reading = open_database(tmp_path, url, read_only=True)
    reader = ConfigReader(reading)
    assert (reader.current().version, dict(reader.current().teams)) == (0, {})
    before: dict[str, Team] = {}
    for number in range(1, 30):
        team = Team(id=f"T{number % 4}", name=f"name {number}")
        after = None if number % 5 == 0 else team
        store.begin()
        change = ThingChange("team", team.id, before.get(team.id), after)
        store.commit(Turn(number, changes=[(number, ALICE, change)]))
        before = {name: one for name, one in before.items() if name != team.id} | ({team.id: team} if after else {})
        if number % 3:
            assert dict(reader.current().teams) == before
            assert reader.current().version == number
    assert reader.held() is reader.current()
    assert dict(ConfigReader(reading).current().teams) == before == dict(store.config().teams)
    reader.at_least(29)
    reading.close()


def test_the_last_of_several_changes_of_a_thing_counts(store: TurnStore) -> None:
    first, last = Team(id="T1", name="first"), Team(id="T1", name="last")
    store.begin()
    changes = [(1, ALICE, ThingChange("team", "T1", None, first)), (1, ALICE, ThingChange("team", "T1", first, last))]
    store.commit(Turn(1, changes=changes))
    assert store.config().teams == {"T1": last}
    assert store.stored_config_version == 1


def test_secrets_are_not_in_the_audit_trail(store: TurnStore, database: Database) -> None:
    user = User(id="PALICE", name="Alice", email="alice@example.com", password_hash="$argon2id$secret")
    store.begin()
    store.commit(Turn(1, changes=[(1, ALICE, ThingChange("user", user.id, None, user))]))
    with database.engine.connect() as connection:
        (after,) = connection.execute(select(tables.audit.c.after)).scalars().all()
    assert "argon2" not in str(after)
    assert "alice@example.com" in str(after)


def test_a_reader_can_not_write(url: str | None, database: Database, tmp_path: Path) -> None:
    reading = open_database(tmp_path, url, read_only=True)
    try:
        with pytest.raises(DatabaseError), reading.engine.connect() as connection:
            connection.execute(tables.meta.insert(), {"key": "x", "value": "y"})
    finally:
        reading.close()
    assert stored(database) == NOTHING


def test_an_old_alert_that_is_moved_is_not_the_newest_of_its_key(store: TurnStore) -> None:
    store.begin()
    old = replace(alert("A1", "k"), status=AlertStatus.RESOLVED, resolved_at=9)
    for one in (old, alert("A2", "k")):
        store.state.put(one)
        store.state.keep_unit()
    store.commit(Turn(1))
    store.begin()
    store.state.put(replace(old, incident_id="Q2"))
    found = store.state.latest_alert("I1", "k")
    assert found is not None
    assert found.id == "A2"
