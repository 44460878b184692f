"""The working set against a naive model: whatever is put, kept, dropped, stored, lost or forgotten, reads agree.

The model holds three dictionaries and looks through everything for every question. After each commit every column of
every row is compared too: the store writes less than whole rows where it can.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tocsin.alerts.model import Alert, AlertStatus
from tocsin.deliveries.model import QUEUED, Delivery, DeliveryState, Lane
from tocsin.directory.model import Channel, Urgency
from tocsin.engine.world import Stateful
from tocsin.escalation.model import Policy, PolicySnapshot
from tocsin.incidents.model import Assignment, Incident, NoTimer, Status
from tocsin.kernel.actor import SYSTEM
from tocsin.paging.model import WAITING, Message, MessageState, Pace, Page, PageState
from tocsin.storage import tables, working_set
from tocsin.storage.database import MAIN_FILE, Database, open_database
from tocsin.storage.rows import MAPPED
from tocsin.storage.turns import Turn, TurnStore

few = st.sampled_from
SCOPES, KEYS, INCIDENTS = ["I1", "I2"], ["k1", "k2", "ключ"], ["", "Q1", "Q2", "Q3"]
WINDOWS = ("", "W1", "W2")
SERVICES, POLICIES, PEOPLE, TEAMS, CONTACTS = ["S1", "S2"], ["L1", "L2"], ["U1", "U2", "U3"], ["T1", "T2"], ["C1", "C2"]
MOMENTS = st.integers(1, 6)
SUBSCRIPTIONS = ["W1", "W2"]
RESOURCES = ["Q1", "Q2", "S1"]
STATUSES = [Status.TRIGGERED, Status.ACKNOWLEDGED, Status.RESOLVED]


class Model:
    """What is stored, what the turn has decided, and what the present unit has."""

    def __init__(self) -> None:
        self.stored: dict[tuple[type[Stateful], str], Any] = {}
        self.turn: dict[tuple[type[Stateful], str], Any] = {}
        self.unit: dict[tuple[type[Stateful], str], Any] = {}

    def all(self, kind: type[Any]) -> list[Any]:
        """Every entity of a kind in its newest value."""
        merged = {**self.stored, **self.turn, **self.unit}
        return [entity for (one, _), entity in merged.items() if one is kind]

    def get(self, kind: type[Any], entity_id: str) -> Any:
        return {**self.stored, **self.turn, **self.unit}.get((kind, entity_id))

    def latest(self, scope: str, key: str) -> Alert | None:
        mine = [one for one in self.all(Alert) if (one.scope, one.dedup_key) == (scope, key)]
        return max(mine, key=lambda one: (one.is_open, one.created_at, one.last_seq), default=None)


class Machine(RuleBasedStateMachine):
    """One run on an empty database."""

    fresh: Callable[[], Database]

    def __init__(self) -> None:
        super().__init__()
        self.database = type(self).fresh()
        self.model = Model()
        self.seq = 0
        self.given: set[int] = set()
        self._open()

    def _open(self) -> None:
        self.store = TurnStore(self.database, "E")
        self._begin()

    def _begin(self) -> None:
        if self.database.is_postgres:  # a busy machine may take its time between two steps
            self.store._connection.exec_driver_sql("SET idle_in_transaction_session_timeout = 0")
        self.store.begin()

    def teardown(self) -> None:
        self.store.rollback()
        self.store.close()
        self.database.close()

    def put(self, entity: Any) -> None:
        self.store.state.put(entity)
        self.model.unit[type(entity), entity.id] = entity

    def _known(self, incident_id: str) -> str:
        """The incident if there is one: nothing refers to an incident before it exists."""
        return incident_id if self.model.get(Incident, incident_id) is not None else ""

    # -- changes

    @rule(
        scope=few(SCOPES),
        key=few(KEYS),
        incident=few(INCIDENTS),
        now=MOMENTS,
        summary=few(["a", "b\0b"]),
        window=few(WINDOWS),
    )
    def event(self, scope: str, key: str, incident: str, now: int, summary: str, window: str) -> None:
        self.seq += 1
        incident = self._known(incident)
        latest = self.model.latest(scope, key)
        if latest is not None and latest.is_open:
            changed: dict[str, Any] = {"incident_id": incident, "summary": summary, "window_id": window}
            self.put(replace(latest, last_seq=self.seq, last_event_at=now, **changed))
            return
        self.put(
            Alert(
                id=f"A{self.seq}",
                scope=scope,
                dedup_key=key,
                service_id="S1",
                status=AlertStatus.TRIGGERED,
                created_at=now,
                last_event_at=now,
                first_seq=self.seq,
                last_seq=self.seq,
                incident_id=incident,
                suppressed="" if incident else "maintenance",
                window_id=window,
                summary=summary,
            )
        )

    @rule(data=st.data(), incident=few(INCIDENTS))
    def close_or_move_an_alert(self, data: st.DataObject, incident: str) -> None:
        alerts = self.model.all(Alert)
        if alerts:
            one = data.draw(few(sorted(alerts, key=lambda alert: str(alert.id))))
            incident = self._known(incident)
            closed = {"status": AlertStatus.RESOLVED, "resolved_at": 9} if one.is_open else {}
            self.put(replace(one, incident_id=incident, **closed))

    @rule(
        incident_id=few(INCIDENTS[1:]),
        status=few(STATUSES),
        service=few(SERVICES),
        policy=few(POLICIES),
        key=few(KEYS),
        people=st.lists(few(PEOPLE), max_size=3),
        teams=st.lists(few(TEAMS), max_size=2),
        title=few(["x", "y"]),
    )
    def incident(
        self,
        incident_id: str,
        status: Status,
        service: str,
        policy: str,
        key: str,
        people: list[str],
        teams: list[str],
        title: str,
    ) -> None:
        known = self.model.get(Incident, incident_id)
        if known is None:
            number = self.store.state.next_incident_number()
            assert number not in self.given
            self.given.add(number)
            known = Incident(
                id=incident_id,
                number=number,
                title="",
                service_id=service,
                status=status,
                urgency=Urgency.HIGH,
                created_at=1,
                updated_at=1,
            )
        is_open = status is not Status.RESOLVED
        self.put(
            replace(
                known,
                title=title,
                urgency=Urgency.LOW if title == "x" else Urgency.HIGH,
                status=status,
                service_id=service,
                policy_id=policy,
                incident_key=key,
                team_ids=tuple(teams),
                assignments=tuple(Assignment(user_id=user, at=1) for user in people),
                timer_reason=NoTimer.STARTING if is_open else None,
                resolved_at=None if is_open else 8,
            )
        )

    @rule(
        number=st.integers(1, 4),
        incident=few(INCIDENTS[1:]),
        user=few(PEOPLE),
        contact=few(CONTACTS),
        state=few(list(PageState)),
        now=MOMENTS,
    )
    def page(self, number: int, incident: str, user: str, contact: str, state: PageState, now: int) -> None:
        known = self.model.get(Page, f"P{number}")
        if known is None:
            if not self._known(incident):
                return
            known = Page(
                id=f"P{number}",
                incident_id=incident,
                epoch=1,
                level=1,
                pass_number=1,
                user_id=user,
                contact_id=contact,
                channel=Channel.SMS,
                state=state,
                created_at=now,
                due_at=now,
            )
        self.put(replace(known, state=state, changed_at=now))

    @rule(
        number=st.integers(1, 4),
        address=few(["+1", "+2"]),
        channel=few([Channel.SMS, Channel.VOICE]),
        code=few(["", "12", "34"]),
        state=few(list(MessageState)),
        now=MOMENTS,
    )
    def message(self, number: int, address: str, channel: Channel, code: str, state: MessageState, now: int) -> None:
        known = self.model.get(Message, f"M{number}")
        if known is None:
            known = Message(
                id=f"M{number}",
                user_id="U1",
                contact_id="C1",
                channel=channel,
                address=address,
                page_ids=(),
                incident_ids=() if number == 4 else ("Q1",),  # without one it is a test page
                code=code,
                state=state,
                created_at=now,
            )
        self.put(replace(known, state=state, changed_at=now))

    @rule(user=few(PEOPLE), code=st.integers(0, 99), policy=few(POLICIES), version=few([7, 10**15]))
    def pace_and_snapshot(self, user: str, code: int, policy: str, version: int) -> None:
        self.put(Pace(id=user, next_code=code))
        if self.model.get(PolicySnapshot, f"{policy}@{version}") is None:
            self.put(PolicySnapshot(id=f"{policy}@{version}", policy=Policy(id=policy, name=str(code), rules=())))

    @rule(
        number=st.integers(1, 6),
        subscription=few(SUBSCRIPTIONS),
        resource=few(RESOURCES),
        state=few(list(DeliveryState)),
        drops=st.integers(0, 2),
    )
    def delivery(self, number: int, subscription: str, resource: str, state: DeliveryState, drops: int) -> None:
        known = self.model.get(Delivery, f"D{number}")
        if known is None:
            if not (self._known(resource) or resource.startswith("S")):
                return
            known = Delivery(
                id=f"D{number}",
                number=self.store.state.next_delivery_number(),
                subscription_id=subscription,
                resource_id=resource,
                event="incident.triggered",
                event_id="E",
                at=1,
                actor=SYSTEM,
                state=state,
                queued_at=1,
            )
            assert known.number > max((one.number for one in self.model.all(Delivery)), default=0)
        due_at = 1 if state is DeliveryState.DUE else None
        self.put(replace(known, state=state, due_at=due_at, finished_at=None if state in QUEUED else 2))
        self.put(Lane(id=subscription, drops=drops))

    # -- the ends of units and turns

    @rule()
    def keep(self) -> None:
        self.store.state.keep_unit()
        self.model.turn.update(self.model.unit)
        self.model.unit.clear()

    @rule()
    def drop(self) -> None:
        self.store.state.drop_unit()
        self.model.unit.clear()

    @rule()
    def commit(self) -> None:
        self.keep()
        self.store.commit(Turn(1))
        self.model.stored.update(self.model.turn)
        self.model.turn.clear()
        self._compare_rows()
        self._begin()

    @rule()
    def roll_back(self) -> None:
        self.store.rollback()
        self._lose()
        self._begin()

    @rule()
    def crash(self) -> None:
        self.store.rollback()
        self.store.close()
        self._lose()
        self._open()

    @rule()
    def reconnect(self) -> None:
        self.store.rollback()
        self._lose()
        self.store.reconnect()
        self._begin()

    def _lose(self) -> None:
        """What was not stored is gone, and with it the numbers given since."""
        self.model.turn.clear()
        self.model.unit.clear()
        self.given = {one.number for one in self.model.all(Incident)}

    # -- looking

    @rule(window=few(WINDOWS[1:]), most=st.integers(1, 3), after=few(["", "A1", "A3"]))
    def held_alerts(self, window: str, most: int, after: str) -> None:
        held = [one for one in self.model.all(Alert) if one.is_open and one.window_id == window and one.id > after]
        assert self.store.state.held_alerts(window, most, after) == sorted(held, key=lambda one: str(one.id))[:most]

    @rule(service=few(SERVICES), most=st.integers(1, 3), after=st.integers(0, 3))
    def quiet_incidents(self, service: str, most: int, after: int) -> None:
        quiet = [
            one
            for one in self.model.all(Incident)
            if one.is_open and one.urgency is Urgency.LOW and one.service_id == service and one.number > after
        ]
        found = self.store.state.quiet_incidents_of(service, most, after)
        assert found == sorted(quiet, key=lambda one: int(one.number))[:most]

    @rule(scopes=st.lists(st.tuples(few(SCOPES), few(KEYS)), max_size=4))
    def latest_alerts(self, scopes: list[tuple[str, str]]) -> None:
        self.store.state.prefetch_alerts(scopes)
        for scope, key in scopes:
            assert self.store.state.latest_alert(scope, key) == self.model.latest(scope, key)

    @rule(incident=few(INCIDENTS[1:]), user=few(PEOPLE), contact=few(CONTACTS))
    def pages_and_alerts(self, incident: str, user: str, contact: str) -> None:
        state, pages = self.store.state, self.model.all(Page)
        same(state.alerts_of(incident), [one for one in self.model.all(Alert) if one.incident_id == incident])
        waiting = [one for one in pages if one.incident_id == incident and one.state in WAITING]
        same(state.waiting_pages(incident), waiting)
        same(state.pages_of(incident), [one for one in pages if one.incident_id == incident])
        planned = [one for one in pages if one.user_id == user and one.state is PageState.PLANNED]
        same(state.planned_pages(user, INCIDENTS[1:3]), [one for one in planned if one.incident_id in INCIDENTS[1:3]])

    @rule(contact=few(CONTACTS), most=st.integers(1, 5))
    def bundled_pages(self, contact: str, most: int) -> None:
        state = self.store.state
        bundled = [one for one in self.model.all(Page) if one.contact_id == contact]
        bundled = sorted((one for one in bundled if one.state is PageState.BUNDLED), key=lambda one: one.id)
        between = [one for one in bundled if "P1" < one.id < "P4"]
        assert list(state.bundled_pages(contact, most, "P1", "P4")) == between[:most]
        if any(kind is Incident for kind, _ in (*self.model.turn, *self.model.unit)):
            return  # by their urgency before this turn
        incidents = {one.id: one for one in self.model.all(Incident)}
        quiet = [one for one in bundled if incidents[one.incident_id].urgency is not Urgency.HIGH]
        loud = [one for one in bundled if one not in quiet]
        assert list(state.loudest_bundled_pages(contact, most)) == [*loud, *quiet][:most]

    @rule(service=few(SERVICES), policy=few(POLICIES), user=few(PEOPLE), key=few(KEYS))
    def incidents(self, service: str, policy: str, user: str, key: str) -> None:
        state = self.store.state
        opened = [one for one in self.model.all(Incident) if one.is_open]
        same(state.open_incidents_of(service), [one for one in opened if one.service_id == service])
        same(state.open_incidents_on_policy(policy), [one for one in opened if one.policy_id == policy])
        same(state.open_incidents_assigned_to(user), [one for one in opened if user in one.assignee_ids])
        keyed = [one for one in opened if (one.service_id, one.incident_key) == (service, key)]
        found = state.open_incident_by_key(service, key)
        assert (found in keyed) if keyed else found is None

    @rule(policy=few(POLICIES))
    def policies(self, policy: str) -> None:
        same(
            self.store.state.snapshots_of(policy),
            [one for one in self.model.all(PolicySnapshot) if one.policy.id == policy],
        )
        before = (*self.model.stored.values(), *self.model.turn.values())
        lately = {one.policy_id for one in before if isinstance(one, Incident) and one.is_open}
        opened = {one.policy_id for one in self.model.all(Incident) if one.is_open}
        assert opened <= set(self.store.state.open_policy_ids()) <= lately | opened

    @rule(
        channel=few([Channel.SMS, Channel.VOICE]), address=few(["+1", "+2"]), code=few(["", "12", "34"]), since=MOMENTS
    )
    def messages(self, channel: Channel, address: str, code: str, since: int) -> None:
        fitting = [
            one
            for one in self.model.all(Message)
            if (one.channel, one.address) == (channel, address) and one.created_at >= since
            if (one.code == code if code else one.incident_ids)
        ]
        reached = {MessageState.SENDING, MessageState.SENT, MessageState.DELIVERED}
        newest = max(fitting, key=lambda one: (one.state in reached, one.created_at, one.id), default=None)
        assert self.store.state.message_by_code(channel, address, code, since) == newest

    @rule(number=st.integers(1, 30))
    def one_by_one(self, number: int) -> None:
        state, get = self.store.state, self.model.get
        assert state.alert(f"A{number}") == get(Alert, f"A{number}")
        assert state.page(f"P{number % 5}") == get(Page, f"P{number % 5}")
        assert state.message(f"M{number % 5}") == get(Message, f"M{number % 5}")
        assert state.incident(f"Q{number % 4}") == get(Incident, f"Q{number % 4}")
        assert state.snapshot(f"L{number % 3}@7") == get(PolicySnapshot, f"L{number % 3}@7")
        assert state.pace(f"U{number % 4}") == (get(Pace, f"U{number % 4}") or Pace(id=f"U{number % 4}"))

    @rule(subscription=few(SUBSCRIPTIONS), resource=few(RESOURCES), after=st.integers(0, 4), most=st.integers(1, 4))
    def deliveries(self, subscription: str, resource: str, after: int, most: int) -> None:
        state = self.store.state
        mine = [one for one in self.model.all(Delivery) if one.is_queued and one.subscription_id == subscription]
        behind = [one for one in mine if one.resource_id == resource and one.number > after]
        first = min(behind, key=lambda one: one.number, default=None)
        assert state.first_queued(subscription, resource, after=after) == first
        last = sorted(mine, key=lambda one: (one.resource_id, one.number), reverse=True)[:most]
        assert list(state.last_queued(subscription, most)) == last
        assert state.lane(subscription) == (self.model.get(Lane, subscription) or Lane(id=subscription))
        assert state.delivery("D1") == self.model.get(Delivery, "D1")

    def _compare_rows(self) -> None:
        with self.database.engine.connect() as connection:
            for kind, mapped in MAPPED.items():
                stored = {row["id"]: dict(row) for row in connection.execute(mapped.table.select()).mappings()}
                assert stored == {one.id: mapped.row(one) for one in self.model.all(kind)}, kind
            people = set(map(tuple, connection.execute(tables.incident_people.select())))
            teams = set(map(tuple, connection.execute(tables.incident_teams.select())))
        incidents = self.model.all(Incident)
        assert people == {(one.id, user) for one in incidents for user in one.assignee_ids}
        assert teams == {(one.id, team) for one in incidents for team in one.team_ids}


def same(found: Iterable[Any], wanted: Iterable[Any]) -> None:
    """Equal, whatever the order among equals."""
    assert sorted(found, key=lambda one: str(one.id)) == sorted(wanted, key=lambda one: str(one.id))


@pytest.fixture
def fresh(url: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Database]:
    """Makes an empty database, quickly."""
    monkeypatch.setattr(working_set, "KNOWN_LIMIT", 4)  # so that entities are forgotten between turns
    template = tmp_path / MAIN_FILE

    def make() -> Database:
        if url is None:
            for path in tmp_path.glob("run/*"):
                path.unlink()
            (tmp_path / "run").mkdir(exist_ok=True)
            shutil.copy(template, tmp_path / "run" / MAIN_FILE)
            return open_database(tmp_path / "run", None)
        database = open_database(tmp_path, url)
        names = ", ".join(table.name for table in tables.metadata.sorted_tables)
        with database.engine.connect() as connection:
            connection.exec_driver_sql(f"TRUNCATE {names}")
        return database

    return make


def test_reads_see_what_was_written_and_nothing_else(fresh: Callable[[], Database], url: str | None) -> None:
    class Run(Machine):
        pass

    Run.fresh = staticmethod(fresh)
    examples = 60 if url is None else 20
    phases = [Phase.generate] if url else [Phase.generate, Phase.shrink]  # to shrink on PostgreSQL takes minutes
    run_state_machine_as_test(
        Run,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            phases=phases,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
