"""Who would be paged, how and when, if an alarm arrived at some moment: put to the real engine, which tells at once.

The configuration is copied into a database of its own in a temporary folder; there the same loop, stations and tables
as ever decide, by a clock that jumps from timer to timer. Never sends, never touches the installation, and finds no
words: whoever asked says it. What else happens at that moment is left out: other incidents, and how often somebody was
paged shortly before. Where targets take turns, those who come next are who come next now.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from tocsin.alerts.holding import judge_held
from tocsin.directory.model import (
    Channel,
    ContactMethod,
    Integration,
    Service,
    Settings,
    Urgency,
    UrgencyRule,
    User,
)
from tocsin.engine.config import Config
from tocsin.engine.kinds import KINDS
from tocsin.engine.on_escalation import turn_key
from tocsin.engine.support_hours import next_raise
from tocsin.engine.world import Recorded, ThingChange
from tocsin.escalation.messages import LevelReached
from tocsin.escalation.model import Policy, TargetKind
from tocsin.events.memory import Memory
from tocsin.events.model import Action, Event, Outcome, Severity
from tocsin.incidents.messages import IncidentTriggered
from tocsin.incidents.model import Incident
from tocsin.incidents.timers import raise_urgency
from tocsin.kernel.actor import SYSTEM, Actor
from tocsin.kernel.decision import Fact, SetTimer
from tocsin.kernel.errors import Invalid, NotFound
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import HOUR, SECOND, Moment, Span
from tocsin.paging.messages import AnswerMessage, PagePlanned, PageSent, RecordAttempt, SendMessage
from tocsin.paging.model import Answer, Result
from tocsin.runtime.clock import Clock
from tocsin.runtime.engine_loop import EngineLoop
from tocsin.runtime.reads import Reads
from tocsin.runtime.senders import Senders
from tocsin.runtime.turn_inputs import Request
from tocsin.storage.database import Database, open_database
from tocsin.storage.log import Entry, NewEntry
from tocsin.storage.log.sqlite import SqliteLogReader, SqliteLogWriter
from tocsin.storage.records import RecordsReader
from tocsin.storage.schema import create_schema
from tocsin.storage.turns import Turn, TurnStore

_SOURCE: Final = "simulation"
_NO_ZONE: Final = "Etc/UTC"

_TRIAL: Final = "trial"
"""The id of a service that is not stored. No stored one looks like it."""

_NOT_COPIED: Final = frozenset({"api_key", "calendar_feed", "cover_request", "mail_server", "phone_account"})
"""Kinds of things that no decision about a page looks at: secrets do not belong into one more file."""

_UNTOLD: Final = (IncidentTriggered, PagePlanned, PageSent)
"""Facts that repeat what the question says, or what the next fact about the same page says."""


Turns = tuple[tuple[str, int], ...]
"""Which target comes next where targets take turns: the id of the engine's memory of it, and the target's place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked. `urgency` None: as the service's rule makes of the severity.

    `service` may be one that is not stored: see `trial_service`. `policy`: taken in the place of the stored one with
    its id, or beside those that are stored. `answer_after`: so long after the alarm whoever was paged last answers;
    None = nobody ever does. `turns`: what `turns_of` found; without it the first of each level is next.
    """

    service: Service
    policy: Policy | None = None
    at: Moment
    span: Span = 2 * HOUR
    severity: Severity = Severity.CRITICAL
    urgency: Urgency | None = None
    answer_after: Span | None = None
    turns: Turns = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something that would happen; `level` and `pass_number` say where the incident stands then."""

    at: Moment
    actor: Actor
    fact: Fact
    level: int
    pass_number: int
    passes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What would happen. `incident` is as it stands at the end; None when the event makes none: `reason` says why.

    `config` is what was decided by. `until`: how far it was looked; `cut_short`: not as far as was asked for.
    """

    question: Question
    config: Config
    until: Moment
    cut_short: bool
    policy: Policy | None
    zone_name: str
    outcome: Outcome
    reason: str
    incident: Incident | None
    urgency: Urgency | None
    steps: tuple[Step, ...]
    sent: tuple[tuple[Moment, PageSent], ...]

    @property
    def paged(self) -> tuple[str, ...]:
        """Whom a page would reach, in the order of their first one."""
        return tuple(dict.fromkeys(fact.user_id for _, fact in self.sent))


def service_called(config: Config, name: str) -> Service:
    """The service with this id or, in any case, this name. Raises NotFound, and Invalid when several are called so."""
    found: Service = _called(config.services, name, "service", "services")
    return found


def policy_called(config: Config, name: str) -> Policy:
    """The escalation policy with this id or name, likewise."""
    found: Policy = _called(config.policies, name, "policy", "policies")
    return found


def _called(things: Mapping[str, Any], name: str, word: str, several: str) -> Any:
    if name in things:
        return things[name]
    found = [one for one in things.values() if one.name.casefold() == name.strip().casefold()]
    if not found:
        raise NotFound(f"There is no {word} {name}.")
    if len(found) > 1:
        raise Invalid(f"{len(found)} {several} are called {name}; take an id: {', '.join(one.id for one in found)}.")
    return found[0]


def turns_of(config: Config, memories: Callable[[Iterable[str]], Mapping[str, Memory]]) -> Turns:
    """Whose turn it is, at every level where somebody has had one. `memories`: what is stored under these ids."""
    ids = [turn_key(rule) for policy in config.policies.values() for rule in policy.rules if rule.in_turn]
    return tuple(sorted((memory_id, memory.total) for memory_id, memory in memories(ids).items())) if ids else ()


def trial_service(policy: Policy) -> Service:
    """A service that exists only to ask what this policy does: every alarm on it is urgent."""
    return Service(id=_TRIAL, name=policy.name, policy_id=policy.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long a simulation may take, in seconds by this clock; then it stops where it is, and says so."""

    clock: Clock
    seconds: float


def simulate(
    config: Config,
    ways: Collection[str],
    question: Question,
    *,
    ids: IdSource,
    settings: Mapping[Channel, str] | None = None,
    bounds: Bounds | None = None,
) -> Story:
    """Let the alarm happen. `ways`: the channels that are set up; others refuse, as they would.

    `settings`: for each channel the settings that it needs, for the words of that refusal. `ids`: entropy for the copy.
    """
    with _stage(config, _Outside(frozenset(ways), settings or {}, ids), question, bounds) as stage:
        seq = stage.alarm(question.severity)
        if question.answer_after is not None and question.answer_after <= question.span:
            stage.advance(question.at + question.answer_after)
            stage.answer()
        stage.advance(question.at + question.span)
        return _story(question, stage, seq)


@dataclass(slots=True)
class _Clock:
    """Stands still until it is moved."""

    moment: Moment

    def now(self) -> Moment:
        return self.moment

    def ticks(self) -> float:
        return self.moment / SECOND


@dataclass(frozen=True, slots=True)
class _Outside:
    """The world as it is set up: the channels, and the settings that the others would need."""

    ways: frozenset[str]
    settings: Mapping[Channel, str]
    ids: IdSource


@dataclass(slots=True)
class _Outlet:
    """Stands where the senders stand: takes every message of a channel that is set up, and hands it to nobody."""

    outside: _Outside
    report: Callable[[RecordAttempt], None]
    clock: _Clock
    taken: list[SendMessage] = field(default_factory=list)

    def submit(self, message: SendMessage) -> None:
        if message.channel not in self.outside.ways:
            # Without any carrier they refuse, in the words that they have.
            Senders({}, self.report, settings=self.outside.settings).submit(message)
            return
        self.taken.append(message)
        result = RecordAttempt(
            message_id=message.message_id,
            attempt=message.attempt,
            result=Result.SENT,
            finished_at=self.clock.now(),
        )
        self.report(result)

    def stop(self, message_id: str) -> None:
        """Nothing ever queues here."""


@dataclass(slots=True)
class _Stage:
    """The engine on its copy, and the ways to move it."""

    database: Database
    store: TurnStore
    log: SqliteLogWriter
    loop: EngineLoop
    outlet: _Outlet
    clock: _Clock
    integration_id: str
    bounds: Bounds | None = None
    ends_at: float = 0.0
    cut_short: bool = False

    def alarm(self, severity: Severity) -> int:
        """The monitor speaks; returns the event's number in the log."""
        entry = NewEntry(self.clock.now(), _SOURCE, self.integration_id, _SOURCE, severity.value.encode())
        return self.log.append([entry])

    def settle(self) -> None:
        """Take turns until there is nothing to do at this moment."""
        while self.loop.turn():
            pass

    def advance(self, until: Moment) -> None:
        """Let time pass, stopping at every timer on the way; no further than the bounds allow."""
        self.settle()
        while not self.cut_short and (due := self.store.next_due()) is not None and due <= until:
            self.clock.moment = max(self.clock.moment, due)
            self.settle()
            self.cut_short = self.bounds is not None and self.bounds.clock.ticks() > self.ends_at
        if not self.cut_short:
            self.clock.moment = until
            self.settle()

    def answer(self) -> None:
        """Whoever was paged last has it."""
        if self.outlet.taken:
            command = AnswerMessage(message_id=self.outlet.taken[-1].message_id, answer=Answer.ACKNOWLEDGE)
            self.loop.ask(Request("", SYSTEM, command, lambda _reply: None))


@contextmanager
def _stage(config: Config, outside: _Outside, question: Question, bounds: Bounds | None) -> Iterator[_Stage]:
    ends_at = bounds.clock.ticks() + bounds.seconds if bounds is not None else 0.0
    clock = _Clock(question.at)
    ids = outside.ids.by(clock.now)
    monitor = Integration(id=ids.short(), service_id=question.service.id, name="The simulation", key=ids.key())
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-simulate-")))
        database = stack.enter_context(closing(open_database(folder, None)))
        create_schema(database)
        store = stack.enter_context(closing(TurnStore(database, ids.long())))
        things = [*_copied(config, question), ThingChange("integration", monitor.id, None, monitor)]
        store.begin()
        changes = [(clock.now(), SYSTEM, thing) for thing in things]
        for memory_id, place in question.turns:
            store.state.put(Memory(id=memory_id, total=place, at=clock.now()))
        store.commit(Turn(clock.now(), changes=changes, timers={one.key: one for one in _timers(config, question.at)}))
        log = stack.enter_context(closing(SqliteLogWriter(folder / "log", ids.key)))
        reader = stack.enter_context(closing(SqliteLogReader(folder / "log")))
        loop = EngineLoop(store, reader, {_SOURCE: _read}, ids=ids, clock=clock)
        outlet = _Outlet(outside, loop.report, clock)
        loop.connect(outlet)
        yield _Stage(database, store, log, loop, outlet, clock, monitor.id, bounds, ends_at)


def _copied(config: Config, question: Question) -> Iterator[ThingChange]:
    """Every thing that decisions look at, without its secrets; not fenced off, and as urgent as was asked for."""
    for kind in KINDS:
        if kind in _NOT_COPIED:
            continue
        for thing_id, thing in (dict(config.of(kind)) | _asked_about(kind, question)).items():
            yield ThingChange(kind, thing_id, None, _as_asked(thing, question))


def _asked_about(kind: str, question: Question) -> dict[str, object]:
    """What the question brings along, stored or not."""
    if kind == "policy" and question.policy is not None:
        return {question.policy.id: question.policy}
    return {_TRIAL: question.service} if kind == "service" and question.service.id == _TRIAL else {}


def _timers(config: Config, at: Moment) -> Iterator[SetTimer]:
    """What the configuration has happen by itself: windows end, support hours begin or end."""
    for window in config.maintenance_windows.values():
        if window.end > at:
            yield judge_held(window.id, window.end)
    for service in config.services.values():
        due = next_raise(service, at)
        if due is not None:
            yield raise_urgency(service.id, due)


def _as_asked(thing: object, question: Question) -> object:
    match thing:
        case User():
            return replace(thing, password_hash="")
        case ContactMethod():
            return replace(thing, secret="")
        case Settings():
            return replace(thing, sending_fenced=False)
        case Service() if thing.id == question.service.id and question.urgency is not None:
            return replace(thing, urgency_rule=UrgencyRule(urgency=question.urgency.value))
    return thing


def _read(entry: Entry) -> Event:
    severity = Severity(entry.body.decode())
    return Event(
        action=Action.TRIGGER,
        integration_id=entry.integration_id,
        dedup_key=entry.dedup_key,
        received_at=entry.received_at,
        log_seq=entry.seq,
        summary="Simulated alarm",
        source=_SOURCE,
        severity=severity,
    )


def _story(question: Question, stage: _Stage, seq: int) -> Story:
    reads, records, config = Reads(stage.database), RecordsReader(stage.database), stage.loop.config
    ending = reads.outcome(seq)
    assert ending is not None, "the engine has decided everything in its log"
    recorded = [(at, one) for at, one in records.timeline() if one.fact.incident_id]
    policy = config.policies.get(question.service.policy_id)
    return Story(
        question=question,
        config=config,
        until=stage.clock.moment,
        cut_short=stage.cut_short,
        policy=policy,
        zone_name=_zone_name(config, policy),
        outcome=ending.outcome,
        reason=ending.reason,
        incident=next(iter(records.incidents()), None),
        urgency=next((one.fact.urgency for _, one in recorded if isinstance(one.fact, IncidentTriggered)), None),
        steps=tuple(_steps(recorded)),
        sent=tuple((at, one.fact) for at, one in recorded if isinstance(one.fact, PageSent)),
    )


def _steps(recorded: list[tuple[Moment, Recorded]]) -> Iterator[Step]:
    level = pass_number = passes = 0
    for at, one in recorded:
        fact = one.fact
        if isinstance(fact, LevelReached):
            level, pass_number, passes = fact.level, fact.pass_number, fact.passes
        if not isinstance(fact, _UNTOLD):
            yield Step(at=at, actor=one.actor, fact=fact, level=level, pass_number=pass_number, passes=passes)


def _zone_name(config: Config, policy: Policy | None) -> str:
    """The zone of the policy's first schedule: those whom it concerns live by it."""
    targets = (target for rule in policy.rules for target in rule.targets) if policy else ()
    named = (config.schedules.get(target.id) for target in targets if target.kind is TargetKind.SCHEDULE)
    return next((schedule.time_zone for schedule in named if schedule is not None), _NO_ZONE)
