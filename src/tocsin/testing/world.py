"""World: a whole installation in one process with a clock that tests move by hand.

Real engine, real storage, real log on disk; only time and the providers are the test's. Speaks the domain's words:
an event arrives, alice's phone gets an SMS, five minutes pass, bob's phone rings.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tocsin.deliveries.messages import RecordDelivery
from tocsin.deliveries.model import Delivery, DeliveryResult
from tocsin.directory.model import (
    Channel,
    ContactMethod,
    Integration,
    NotificationRule,
    Role,
    Service,
    Team,
    TeamRole,
    Urgency,
    User,
)
from tocsin.directory.model import Membership as TeamMembership
from tocsin.engine.config import Config
from tocsin.engine.invariants import Records
from tocsin.engine.kinds import KIND_OF
from tocsin.engine.things import DeleteThing, SaveThing
from tocsin.engine.world import Recorded
from tocsin.escalation.model import Policy, Rule, Target, TargetKind
from tocsin.events.model import Action, Event, Severity
from tocsin.events.orchestration import OrchestrationKey
from tocsin.incidents.model import Incident
from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.kernel.decision import Command, Fact
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import MINUTE, SECOND, Moment, Span, parse_iso
from tocsin.oncall import Layer, Schedule
from tocsin.paging.messages import RecordAttempt, SendMessage
from tocsin.paging.model import Result
from tocsin.runtime.answers import read_answer
from tocsin.runtime.couriers import Parcel
from tocsin.runtime.engine_loop import EngineLoop
from tocsin.runtime.turn_inputs import Request
from tocsin.storage.codec import dump, load, prepare
from tocsin.storage.database import open_database
from tocsin.storage.log import Entry, NewEntry
from tocsin.storage.log.sqlite import SqliteLogReader, SqliteLogWriter
from tocsin.storage.records import RecordsReader
from tocsin.storage.schema import create_schema
from tocsin.storage.turns import OUTAGES, TurnStore

START = parse_iso("2026-01-06T09:00:00+00:00")
"""A Tuesday: where every world begins."""

OWNER = Actor(ActorKind.SYSTEM, "", Via.CLI)

SOURCE = "world.event"
"""The log source of events that a test writes; their body is the event itself."""


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: Moment = START) -> None:
        self.moment = now
        self._stepped: Span = 0

    def now(self) -> Moment:
        """The moment it was moved to."""
        return self.moment

    def ticks(self) -> float:
        """The same, as a stop-watch in seconds."""
        return (self.moment - self._stepped) / SECOND

    def step(self, span: Span) -> None:
        """Somebody sets the clock: the stop-watch knows nothing of it."""
        self.moment += span
        self._stepped += span


@dataclass(frozen=True, slots=True)
class Received:
    """What a provider was handed, and when."""

    at: Moment
    message: SendMessage


def _always_sent(_message: SendMessage) -> Result:
    return Result.SENT


def _always_taken(_delivery: Delivery) -> int | None:
    return 202


def _watch_nothing(_message: SendMessage, _result: Result) -> None:
    pass


@dataclass(slots=True)
class FakeCarrier:
    """Stands where the senders stand: takes messages, and says what became of each at the next turn.

    `script` gives results in order; when it is empty `judge` says (SENT, unless set otherwise); `watch` sees each
    message that a provider is handed. `hold` keeps messages in our own queue, where they can be stopped; `slow` hands
    them to the provider and keeps the reports for `answer`.
    """

    clock: ManualClock
    report: Callable[[RecordAttempt], None]
    received: list[Received] = field(default_factory=list)
    script: list[Result] = field(default_factory=list)
    judge: Callable[[SendMessage], Result] = _always_sent
    watch: Callable[[SendMessage, Result], None] = _watch_nothing
    hold: bool = False
    slow: bool = False
    held: list[SendMessage] = field(default_factory=list)
    unreported: list[RecordAttempt] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)

    def submit(self, message: SendMessage) -> None:
        """Take a message."""
        if self.hold:
            self.held.append(message)
        else:
            self._hand_over(message)

    def _hand_over(self, message: SendMessage) -> None:
        result = self.script.pop(0) if self.script else self.judge(message)
        self.watch(message, result)
        if result in (Result.SENT, Result.UNKNOWN):
            self.received.append(Received(self.clock.now(), message))
        report = RecordAttempt(
            message_id=message.message_id,
            attempt=message.attempt,
            result=result,
            provider_id=f"FAKE{len(self.received)}" if result is Result.SENT else "",
            detail="" if result is Result.SENT else f"the provider says {result}",
            finished_at=self.clock.now(),
        )
        if self.slow:
            self.unreported.append(report)
        else:
            self.report(report)

    def answer(self) -> None:
        """The provider's answers come in."""
        self.slow = False
        unreported, self.unreported = self.unreported, []
        for report in unreported:
            self.report(report)

    def stop(self, message_id: str) -> None:
        """Take a held message out of the queue."""
        self.stopped.append(message_id)
        for message in [one for one in self.held if one.message_id == message_id]:
            self.held.remove(message)
            attempt = message.attempt
            self.report(RecordAttempt(message_id=message_id, attempt=attempt, result=Result.CANCELLED))

    def release(self) -> None:
        """Let held messages go on."""
        self.hold = False
        held, self.held = self.held, []
        for message in held:
            self.submit(message)


@dataclass(slots=True)
class FakeCouriers:
    """Stands where the couriers stand: takes deliveries, and says what became of each at the next turn.

    `judge` says what a receiver answers: a status, or None for no answer at all. `slow` keeps the reports for `answer`.
    """

    clock: ManualClock
    report: Callable[[RecordDelivery], None]
    brought: list[tuple[Moment, Delivery]] = field(default_factory=list)
    judge: Callable[[Delivery], int | None] = _always_taken
    retry_after_seconds: int | None = None
    slow: bool = False
    unreported: list[RecordDelivery] = field(default_factory=list)

    def submit(self, parcel: Parcel) -> None:
        """Bring one."""
        delivery = parcel.delivery
        self.brought.append((self.clock.now(), delivery))
        status = self.judge(delivery)
        result = DeliveryResult.DROPPED
        if status is None or status >= 500 or status == 429:
            result = DeliveryResult.RETRY
        elif 200 <= status < 300:
            result = DeliveryResult.DELIVERED
        report = RecordDelivery(
            delivery_id=delivery.id,
            attempt=delivery.attempts + 1,
            result=result,
            status=status,
            detail=f"the receiver says {status}",
            retry_after_seconds=self.retry_after_seconds if result is DeliveryResult.RETRY else None,
        )
        if self.slow:
            self.unreported.append(report)
        else:
            self.report(report)

    def answer(self) -> None:
        """The receivers' answers come in."""
        unreported, self.unreported = self.unreported, []
        for report in unreported:
            self.report(report)

    def events(self, resource_id: str | None = None) -> list[str]:
        """What was brought, in order, about one incident or service or about all of them."""
        return [one.event for _, one in self.brought if resource_id in (None, one.resource_id)]


class World:
    """One installation. `folder` holds its data; `database_url` puts the main database on PostgreSQL."""

    def __init__(self, folder: Path, *, seed: int = 1, database_url: str | None = None, now: Moment = START) -> None:
        self.folder = folder
        self.database_url = database_url
        self.clock = ManualClock(now)
        self.random = random.Random(seed)
        self.ids = IdSource(self.random, self.clock.now)
        self.database = open_database(folder, database_url)
        create_schema(self.database)
        self._records = RecordsReader(self.database)
        self.log = SqliteLogWriter(folder / "log", lambda: "world")
        self.event_seqs: set[int] = set()
        self.outages = 0
        self.decoders: dict[str, Callable[[Entry], Any]] = {SOURCE: _read_event}
        self.carrier: FakeCarrier
        self.couriers: FakeCouriers
        self.loop: EngineLoop
        self._start()

    def _start(self) -> None:
        self.store = TurnStore(self.database, self.ids.long())
        self.reader = SqliteLogReader(self.folder / "log")
        self.loop = EngineLoop(self.store, self.reader, self.decoders, ids=self.ids, clock=self.clock)
        previous = getattr(self, "carrier", None)
        self.carrier = FakeCarrier(self.clock, self.loop.report)
        if previous is not None:
            self.carrier.received = previous.received
            self.carrier.judge, self.carrier.watch = previous.judge, previous.watch
        tried = self.couriers.brought if previous is not None else []
        judge = self.couriers.judge if previous is not None else _always_taken
        self.couriers = FakeCouriers(self.clock, self.loop.report_delivery, tried, judge)
        self.loop.connect(self.carrier, self.couriers)

    def crash(self) -> None:
        """The engine dies without a word and starts again; what was in memory is gone."""
        self.store.close()
        self.reader.close()
        self._start()

    def close(self) -> None:
        """Close every file."""
        self.store.close()
        self.reader.close()
        self.log.close()
        self.database.close()

    # -- time

    def settle(self) -> None:
        """Take turns until there is nothing to do at this moment, going on after an outage as the engine does."""
        for _ in range(10_000):
            try:
                if not self.loop.turn():
                    return
            except OUTAGES:
                self.outages += 1
        raise AssertionError("the engine never comes to rest")

    def advance(self, *, minutes: float = 0, seconds: float = 0) -> None:
        """Let time pass, stopping at every timer on the way."""
        self.settle()
        target = self.clock.moment + round(minutes * MINUTE) + round(seconds * SECOND)
        while (due := self._next_due()) is not None and due <= target:
            self.clock.moment = max(self.clock.moment, due)
            self.settle()
        self.clock.moment = target
        self.settle()

    def _next_due(self) -> Moment | None:
        while True:
            try:
                due = [self.store.next_due(), self.loop.deliveries.next_at(self.clock.now())]
                return min((moment for moment in due if moment is not None), default=None)
            except OUTAGES:
                self.outages += 1

    def sleep(self, span: Span) -> None:
        """Move the clock without letting the engine run: a stall."""
        self.clock.moment += span

    # -- monitors

    def accept(self, event: Event) -> None:
        """Put an event into the log, as the edge does; nothing is decided yet."""
        event = replace(event, received_at=self.clock.now())
        self.accept_raw(SOURCE, event.integration_id, event.dedup_key, _write_event(event))

    def accept_raw(self, source: str, integration_id: str, dedup_key: str = "", body: bytes = b"") -> None:
        """Put an entry of any source into the log; `decoders` holds how each source is read."""
        entry = NewEntry(self.clock.now(), source, integration_id, dedup_key, body)
        self.event_seqs.add(self.log.append([entry]))

    def alarm(
        self,
        integration: Integration | OrchestrationKey,
        key: str = "disk-full",
        action: Action = Action.TRIGGER,
        *,
        summary: str = "",
        severity: Severity | None = Severity.CRITICAL,
        **more: Any,
    ) -> Event:
        """What a monitor says, critical unless told otherwise."""
        return Event(
            action=action,
            integration_id=integration.id,
            dedup_key=key,
            received_at=0,
            summary=summary or key,
            severity=severity,
            **{"source": "db-1", **more},
        )

    def event(
        self,
        integration: Integration | OrchestrationKey,
        key: str = "disk-full",
        action: Action = Action.TRIGGER,
        **more: Any,
    ) -> None:
        """An event arrives and is decided; see `alarm`."""
        self.accept(self.alarm(integration, key, action, **more))
        self.settle()

    # -- people and programs

    def run(self, actor: Actor, command: Command, *, key: str = "") -> Any:
        """Somebody asks the engine; returns the value, raises the refusal."""
        replies: list[str] = []
        self.loop.ask(Request(key, actor, command, replies.append))
        self.settle()
        value, _ = read_answer(command, replies[0])
        return value

    def does(self, user: User, command: type[Command], number: int | None = None, **details: Any) -> Any:
        """A person gives a command about an incident: the only one there is when no number is given."""
        ordered: Any = command
        return self.run(as_user(user), ordered(incident_id=self.incident(number).id, **details))

    def save(self, thing: Any, *fields: str, actor: Actor = OWNER) -> Any:
        """Create a thing, or change the named fields of one."""
        return self.run(actor, SaveThing(thing_kind=KIND_OF[type(thing)], thing=thing, fields=fields))

    def delete(self, thing: Any, actor: Actor = OWNER) -> None:
        """Remove a thing."""
        self.run(actor, DeleteThing(thing_kind=KIND_OF[type(thing)], thing_id=thing.id))

    def person(
        self,
        name: str,
        *,
        role: Role = Role.RESPONDER,
        sms: str = "",
        rules: Iterable[tuple[Channel, int]] = ((Channel.SMS, 0),),
    ) -> User:
        """A person, paged for high urgency by these rules (channel, delay in minutes) and by no others."""
        user: User = self.save(User(id="", name=name.title(), email=f"{name}@example.com", role=role))
        config = self.config
        for rule in config.rules_of[user.id]:
            if rule.urgency is Urgency.HIGH:
                self.delete(rule)
        contacts: dict[Channel, ContactMethod] = {Channel.EMAIL: config.contacts_of[user.id][0]}
        for channel, delay in rules:
            if channel not in contacts:
                number = sms or f"20255501{len(config.users):02d}"
                address = number if channel in (Channel.SMS, Channel.VOICE) else f"https://hooks.example.com/{name}"
                contacts[channel] = self.save(ContactMethod(id="", user_id=user.id, channel=channel, address=address))
            self.save(
                NotificationRule(
                    id="",
                    user_id=user.id,
                    contact_method_id=contacts[channel].id,
                    urgency=Urgency.HIGH,
                    start_delay_minutes=delay,
                )
            )
        return user

    def team(self, name: str, *members: tuple[User, TeamRole]) -> Team:
        """A team with members."""
        team: Team = self.save(Team(id="", name=name))
        for user, role in members:
            self.save(TeamMembership(team_id=team.id, user_id=user.id, role=role))
        return team

    def rotation(self, name: str, *users: User, time_zone: str = "Etc/UTC", teams: tuple[str, ...] = ()) -> Schedule:
        """A weekly rotation that began on the day the world did, at midnight."""
        midnight = parse_iso("2026-01-06T00:00:00+00:00")
        layer = Layer("", "Weekly", midnight, None, midnight, 7 * 86_400, tuple(user.id for user in users))
        schedule: Schedule = self.save(Schedule("", name, time_zone, (layer,), team_ids=teams))
        return schedule

    def policy(self, name: str, *levels: tuple[int, Any], loops: int = 0, teams: tuple[str, ...] = ()) -> Policy:
        """A policy; each level is (delay in minutes, user or schedule or a tuple of them)."""
        rules = []
        for delay, targets in levels:
            several = targets if isinstance(targets, tuple) else (targets,)
            rules.append(Rule(id="", delay_minutes=delay, targets=tuple(_target(one) for one in several)))
        policy: Policy = self.save(Policy(id="", name=name, rules=tuple(rules), num_loops=loops, team_ids=teams))
        return policy

    def service(self, name: str, policy: Policy, **settings: Any) -> tuple[Service, Integration]:
        """A service with one integration."""
        service: Service = self.save(Service(id="", name=name, policy_id=policy.id, **settings))
        integration: Integration = self.save(Integration(id="", service_id=service.id, name="Monitor", key=""))
        return service, integration

    # -- looking

    @property
    def config(self) -> Config:
        """The configuration that the engine uses."""
        return self.loop.config

    def incidents(self) -> list[Incident]:
        """Every incident as stored, by number."""
        return self._records.incidents()

    def incident(self, number: int | None = None) -> Incident:
        """One incident; the only one there is when no number is given."""
        found = [one for one in self.incidents() if number in (None, one.number)]
        assert len(found) == 1, f"{len(found)} incidents"
        return found[0]

    def timeline(self, incident_id: str | None = None) -> list[Recorded]:
        """The facts in their order, of one incident or of all."""
        return [one for _, one in self._records.timeline() if incident_id in (None, one.fact.incident_id)]

    def records(self) -> Records:
        """Everything stored, for `engine.invariants`."""
        return self._records.read(events=sorted(self.event_seqs), decided=self.loop.cursor.seq)

    def facts(self, kind: type[Fact]) -> list[Any]:
        """The facts of one kind."""
        return [recorded.fact for recorded in self.timeline() if isinstance(recorded.fact, kind)]

    def pages_to(self, user: User, channel: Channel | None = None) -> list[Received]:
        """What a person's phones got, in order."""
        return [
            one
            for one in self.carrier.received
            if one.message.user_id == user.id and channel in (None, one.message.channel)
        ]


def as_user(user: User, via: Via = Via.WEB) -> Actor:
    """The person, acting."""
    return Actor(ActorKind.USER, user.id, via)


def _target(one: User | Schedule) -> Target:
    return Target(kind=TargetKind.USER if isinstance(one, User) else TargetKind.SCHEDULE, id=one.id)


prepare(Event)


def _write_event(event: Event) -> bytes:
    return dump(event).encode()


def _read_event(entry: Entry) -> Event:
    return replace(load(Event, entry.body), log_seq=entry.seq)
