"""The engine: the only decider. One loop; one turn is one transaction.

A turn takes, in this order: what people and programs ask, what senders report, timers that are due, then events from
the log for about 10 ms. Everything decided is stored at once; only then are askers answered and messages handed to
senders. An input that raises, or that makes the write fail (found by halving), is set aside and never stops the rest.

After a start the events that came in meanwhile are decided first; timers and messages wait for that, 30 s at most.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import structlog

from tocsin.engine.config import Config
from tocsin.engine.world import World
from tocsin.events.model import Event
from tocsin.kernel.actor import SYSTEM, Actor
from tocsin.kernel.decision import Command
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import MILLISECOND, Moment
from tocsin.paging.messages import RecordAttempt, SendAgain, SendMessage
from tocsin.paging.model import Result
from tocsin.runtime import answers
from tocsin.runtime.clock import Clock
from tocsin.runtime.turn_work import Order, TurnWork
from tocsin.storage.log import Entry, LogReader
from tocsin.storage.turns import Cursor, DueTimer, LeaseLost, Turn, TurnStore, is_outage

log = structlog.get_logger("engine")

EVENTS_SPAN = 10 * MILLISECOND
"""Events are decided for about this long in one turn; then people and timers come first again."""

EVENTS_AT_ONCE = 64
TIMERS_AT_ONCE = 200
REQUESTS_AT_ONCE = 100
CATCH_UP_SECONDS = 30.0
IDLE_SECONDS = 0.025
"""The longest pause between looks at the log, for writers that can't wake us."""

OUTAGE_SECONDS = 0.5
"""The pause before another turn when the database is out of reach."""

Decoder: TypeAlias = Callable[[Entry], Event | Order]


class Outlet(Protocol):
    """Where messages go (`runtime.senders.Senders`)."""

    def submit(self, message: SendMessage) -> None:
        """Send it."""

    def stop(self, message_id: str) -> None:
        """Do not send it if it still waits."""


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks of the engine, and where the answer goes. `key`: asked again, it acts once."""

    key: str
    actor: Actor
    command: Command
    reply: Callable[[str], None]


@dataclass(slots=True)
class Inputs:
    """What one turn works on."""

    requests: list[Request]
    results: list[RecordAttempt]
    timers: list[DueTimer]
    entries: list[Entry]
    may_read_on: bool = False

    def __bool__(self) -> bool:
        return bool(self.requests or self.results or self.timers or self.entries)


class EngineLoop:
    """Run `run` in a thread of its own, or call `turn` by hand (tests do). The rest may be called from any thread."""

    def __init__(
        self,
        store: TurnStore,
        journal: LogReader,
        decoders: Mapping[str, Decoder],
        *,
        ids: IdSource,
        clock: Clock,
        publish: Callable[[Iterable[str]], None] = lambda _topics: None,
    ) -> None:
        """`decoders`: how an entry of each source is read. `publish` is told what changed after every turn."""
        self._store = store
        self._journal = journal
        self._decoders = decoders
        self._ids = ids
        self._clock = clock
        self._publish = publish
        self._outlet: Outlet | None = None
        self._requests: deque[Request] = deque()
        self._results: deque[RecordAttempt] = deque()
        self._wake = threading.Event()
        self._stopping = False
        self._config: Config = store.config()
        self._cursor: Cursor = self._first_cursor()
        self._next_due: Moment | None = store.next_due()
        self._held: dict[str, SendMessage] | None = {}
        self._catch_up_to = journal.head()
        self._catch_up_until = clock.ticks() + CATCH_UP_SECONDS
        self._quarantined: set[int] = set()
        self._lost = False

    @property
    def config(self) -> Config:
        """The configuration that decisions use."""
        return self._config

    @property
    def cursor(self) -> Cursor:
        """How far the log is decided."""
        return self._cursor

    def connect(self, outlet: Outlet) -> None:
        """Where messages go; to be called before the first turn."""
        self._outlet = outlet

    def ask(self, request: Request) -> None:
        """Queue a request; its `reply` is called after the turn that carried it out was stored."""
        self._requests.append(request)
        self._wake.set()

    def report(self, result: RecordAttempt) -> None:
        """Queue a sender's report."""
        self._results.append(result)
        self._wake.set()

    def wake(self) -> None:
        """There may be new entries in the log."""
        self._wake.set()

    def stop(self) -> None:
        """Leave `run` after the present turn."""
        self._stopping = True
        self._wake.set()

    def run(self) -> None:
        """Take turns until stopped. Raises LeaseLost when another engine is the active one."""
        while not self._stopping:
            self._wake.clear()
            try:
                idle = not self.turn()
            except LeaseLost:
                raise
            except Exception as error:
                if not is_outage(error):
                    raise
                log.error("database_out_of_reach", error=str(error)[:300])
                self._lost = True
                self._wake.wait(OUTAGE_SECONDS)
                continue
            if idle:
                self._wake.wait(self._pause())

    def turn(self) -> bool:
        """Take one turn; False when there was nothing to do."""
        if self._lost:
            self._find_again()
        now = self._clock.now()
        inputs = self._gather(now)
        if not inputs:
            return False
        self._settle(inputs, now)
        return True

    def _find_again(self) -> None:
        """The database was out of reach; whether the last commit arrived is not known, so everything is read afresh."""
        self._store.reconnect()
        self._config = self._store.config()
        self._cursor = self._first_cursor()
        self._next_due = self._store.next_due()
        self._lost = False

    # -- what a turn works on

    def _gather(self, now: Moment) -> Inputs:
        self._end_catch_up()
        requests = [self._requests.popleft() for _ in range(min(len(self._requests), REQUESTS_AT_ONCE))]
        results = [self._results.popleft() for _ in range(min(len(self._results), REQUESTS_AT_ONCE))]
        due = self._next_due is not None and self._next_due <= now and self._held is None
        timers = self._store.due_timers(now, TIMERS_AT_ONCE) if due else []
        if due and not timers:
            self._next_due = self._store.next_due()
        entries = self._journal.read(self._cursor.seq, EVENTS_AT_ONCE)
        return Inputs(requests, results, timers, entries, may_read_on=len(entries) == EVENTS_AT_ONCE)

    def _pause(self) -> float:
        if self._next_due is None or self._held is not None:
            return IDLE_SECONDS
        return min(IDLE_SECONDS, max(0.0, (self._next_due - self._clock.now()) / 1_000_000))

    def _first_cursor(self) -> Cursor:
        stored = self._store.cursor()
        if not stored.epoch:
            return Cursor(self._journal.epoch, 0)
        self._journal.check(stored.epoch, stored.seq)
        return stored

    # -- one transaction, halved until what can be stored is stored

    def _settle(self, inputs: Inputs, now: Moment) -> None:
        try:
            work = self._decide(inputs, now)
        except Exception as error:
            if is_outage(error):
                self._put_back(inputs)
                raise
            self._store.rollback()
            self._config = self._store.config()
            log.exception(
                "turn_failed", requests=len(inputs.requests), timers=len(inputs.timers), events=len(inputs.entries)
            )
            self._settle_parts(inputs, now)
            return
        self._stored(work, inputs)

    def _settle_parts(self, inputs: Inputs, now: Moment) -> None:
        """The turn could not be stored: find the input that is to blame, set it aside, and store the others."""
        parts = _halves(inputs)
        if parts:
            for part in parts:
                self._settle(part, now)
        elif inputs.requests:
            inputs.requests[0].reply(answers.failed())
        elif inputs.timers:
            self._store_only(lambda work: work.postpone(inputs.timers[0]), inputs, now)
        elif inputs.entries:
            entry = inputs.entries[0]
            if entry.seq not in self._quarantined:
                self._quarantined.add(entry.seq)
                self._settle(inputs, now)
            else:
                self._store_only(lambda work: work.give_up(entry, self._journal.epoch), inputs, now)

    def _store_only(self, act: Callable[[TurnWork], None], inputs: Inputs, now: Moment) -> None:
        self._store.begin()
        work = self._work(now)
        act(work)
        self._store.commit(work.turn)
        self._stored(work, inputs)

    def _put_back(self, inputs: Inputs) -> None:
        """The database is out of reach: what came by memory waits for it; timers and events are still stored."""
        self._requests.extendleft(reversed(inputs.requests))
        self._results.extendleft(reversed(inputs.results))

    def _work(self, now: Moment) -> TurnWork:
        world = World(self._config, self._store.state, self._ids)
        return TurnWork(self._store, world, Turn(now), self._decoders, self._quarantined)

    def _decide(self, inputs: Inputs, now: Moment) -> TurnWork:
        self._store.begin()
        work = self._work(now)
        for request in inputs.requests:
            work.answer(request.key, request.actor, request.command, request.reply)
        for result in inputs.results:
            work.run(SYSTEM, result)
        for timer in inputs.timers:
            work.fire(timer)
        decided = self._decide_events(work, inputs)
        if decided:
            work.turn.cursor = Cursor(self._journal.epoch, decided)
        self._store.commit(work.turn)
        return work

    def _decide_events(self, work: TurnWork, inputs: Inputs) -> int:
        """Decide entries until the turn's time is up; returns the last number decided (0 = none)."""
        limit = self._clock.ticks() + EVENTS_SPAN / 1_000_000
        entries: Sequence[Entry] = inputs.entries
        last = 0
        while entries:
            work.receive(entries)
            last = entries[-1].seq
            if not inputs.may_read_on or len(entries) < EVENTS_AT_ONCE or self._clock.ticks() >= limit:
                break
            entries = self._journal.read(last, EVENTS_AT_ONCE)
            inputs.entries.extend(entries)
        return last

    # -- after the commit

    def _stored(self, work: TurnWork, inputs: Inputs) -> None:
        was_fenced = self._config.settings.sending_fenced
        self._config = work.world.config
        if work.turn.cursor is not None:
            self._cursor = work.turn.cursor
            self._quarantined.clear()
        for reply, text in work.replies:
            reply(text)
        if self._held is None and not self._config.settings.sending_fenced:
            for effect in work.sends:
                self._submit(effect)
        elif self._held is not None:
            self._held.update((effect.message_id, effect) for effect in work.sends)
        for message_id in work.stops:
            self._stop(message_id)
        if was_fenced and not self._config.settings.sending_fenced and self._held is None:
            self._recover(held=())
        if inputs.timers or work.earliest_timer is not None:
            self._note_timers(work, had_timers=bool(inputs.timers))
        if work.topics:
            self._publish(work.topics)

    def _note_timers(self, work: TurnWork, *, had_timers: bool) -> None:
        if had_timers:
            self._next_due = self._store.next_due()
        elif self._next_due is None or (work.earliest_timer or 0) < self._next_due:
            self._next_due = work.earliest_timer

    def _submit(self, effect: SendMessage) -> None:
        if self._outlet is not None:
            self._outlet.submit(effect)

    def _stop(self, message_id: str) -> None:
        held = self._held.pop(message_id, None) if self._held is not None else None
        if held is not None:
            self.report(RecordAttempt(message_id=message_id, attempt=held.attempt, result=Result.CANCELLED))
        elif self._outlet is not None:
            self._outlet.stop(message_id)

    # -- after a start, or when an owner lifts the fence

    def _end_catch_up(self) -> None:
        if self._held is None:
            return
        if self._cursor.seq < self._catch_up_to and self._clock.ticks() < self._catch_up_until:
            return
        held, self._held = self._held, None
        self._recover(held.values())

    def _recover(self, held: Iterable[SendMessage]) -> None:
        """Send what waits in the outbox: held back messages as they are; those of an earlier run are judged again."""
        if self._config.settings.sending_fenced:
            return
        known = {effect.key for effect in held}
        for effect in held:
            self._submit(effect)
        for waiting in self._store.outbox():
            if waiting.effect.key not in known and isinstance(waiting.effect, SendMessage):
                self._recover_one(waiting.effect)

    def _recover_one(self, effect: SendMessage) -> None:
        def send_again(work: TurnWork) -> None:
            work.turn.settled.append(effect.key)
            work.run(SYSTEM, SendAgain(message_id=effect.message_id, crashed=True))

        now = self._clock.now()
        self._store.begin()
        work = self._work(now)
        send_again(work)
        self._store.commit(work.turn)
        self._stored(work, Inputs([], [], [], []))


def _halves(inputs: Inputs) -> list[Inputs]:
    """The inputs in two parts that are each smaller; [] when there is only one."""
    kinds = [
        [Inputs([one], [], [], []) for one in inputs.requests],
        [Inputs([], [one], [], []) for one in inputs.results],
        [Inputs([], [], [one], []) for one in inputs.timers],
    ]
    singles = [part for kind in kinds for part in kind]
    entries = inputs.entries
    if not entries:
        return singles if len(singles) > 1 else []
    if singles:
        return [*singles, Inputs([], [], [], entries)]
    middle = len(entries) // 2
    return [Inputs([], [], [], entries[:middle]), Inputs([], [], [], entries[middle:])] if middle else []
