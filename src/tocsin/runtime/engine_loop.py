"""The engine: the only decider. One loop; one turn is one transaction.

A turn takes, in this order: what people and programs ask, what senders report, timers that are due for about 10 ms,
then events from the log for as long, at last what became of deliveries. Everything decided is stored at once; only then
are askers answered, messages handed to senders and deliveries to couriers. An input that raises, or that makes the
write fail (found by halving), is set aside and never stops the rest.

After a start the events that came in meanwhile are decided first; timers and messages wait for that, 30 s at most.
After a stall of the whole machine timers wait in the same way: an alarm that is over by now must not page anybody.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias, TypeVar

import structlog

from tocsin.deliveries.messages import RecordDelivery
from tocsin.engine.config import Config
from tocsin.engine.world import World
from tocsin.events.model import Event
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import MILLISECOND, SECOND, Moment
from tocsin.paging.messages import RecordAttempt, SendMessage, StopMessage
from tocsin.paging.model import Result
from tocsin.runtime import answers
from tocsin.runtime.clock import Clock
from tocsin.runtime.clock_watch import ClockWatch, bring_forward
from tocsin.runtime.delivery_pump import DeliveryPump
from tocsin.runtime.delivery_pump import Outlet as DeliveryOutlet
from tocsin.runtime.senders import Outlet
from tocsin.runtime.turn_inputs import Inputs, Request, answers_first, halves, taken
from tocsin.runtime.turn_work import Order, TurnWork
from tocsin.runtime.upkeep import Upkeep
from tocsin.storage.log import Entry, LogReader
from tocsin.storage.turns import Cursor, LeaseLost, Turn, TurnStore, Waiting, is_outage

T = TypeVar("T")

log = structlog.get_logger("engine")

EVENTS_SPAN = 10 * MILLISECOND
"""Events are decided for about this long in one turn; then people and timers come first again."""

TIMERS_SPAN = 10 * MILLISECOND
"""As long for timers: after a storm very many are due at once."""

EVENTS_AT_ONCE = 32
EVENTS_WHILE_ASKED = 16
"""When somebody waits for an answer: a person's acknowledgement must not wait for a storm."""

TIMERS_AT_ONCE = 200
CATCH_UP_SECONDS = 30.0
STALL = 10 * SECOND
"""Without a look at the clock for so long, the process stood still."""

IDLE_SECONDS = 0.025
"""The longest pause between looks at the log, for writers that can't wake us."""

SOON_SECONDS = 0.003
"""The pause before the first look after a turn: a writer does not wake us for every commit (`ControlClient`)."""

OUTAGE_SECONDS = 0.5
"""The pause before another turn when the database is out of reach."""

Decoder: TypeAlias = Callable[[Entry], Event | Order]


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
        self._again: deque[Waiting] = deque()
        self._wake = threading.Event()
        self._stopping = False
        self._config: Config = store.config()
        self._cursor: Cursor = self._first_cursor()
        self._next_due: Moment | None = store.next_due()
        self._held: dict[str, SendMessage] | None = {}
        self._in_flight: set[str] = set()
        self._catch_up_to = 0
        self._catch_up_until = 0.0
        self._looked_at: Moment = clock.now()
        self._watch = ClockWatch(clock)
        self._catch_up()
        self._quarantined: set[int] = set()
        self._lost = False
        self._tells = True
        self._upkeep = Upkeep(store, clock)
        self.deliveries = DeliveryPump(store)

    @property
    def config(self) -> Config:
        """The configuration that decisions use."""
        return self._config

    @property
    def cursor(self) -> Cursor:
        """How far the log is decided."""
        return self._cursor

    def connect(self, outlet: Outlet, deliveries: DeliveryOutlet | None = None) -> None:
        """Where messages and deliveries go; to be called before the first turn."""
        self._outlet = outlet
        if deliveries is not None:
            self.deliveries.connect(deliveries)

    def ask(self, request: Request) -> None:
        """Queue a request; its `reply` is called after the turn that carried it out was stored."""
        self._requests.append(request)
        self._wake.set()

    def report(self, result: RecordAttempt) -> None:
        """Queue a sender's report."""
        self._results.append(result)
        self._wake.set()

    def report_delivery(self, result: RecordDelivery) -> None:
        """Queue a courier's report."""
        self.deliveries.report(result)
        self._wake.set()

    def wake(self) -> None:
        """There may be new entries in the log."""
        self._wake.set()

    def stop(self) -> None:
        """Leave `run` after the present turn."""
        self._stopping = True
        self._wake.set()

    def run(self, between: Callable[[bool], object] = lambda _idle: None) -> None:
        """Take turns until stopped. Raises LeaseLost when another engine is the active one.

        `between` is called after every turn, and told whether it and the one before found nothing to do.
        """
        worked = False
        while not self._stopping:
            self._wake.clear()
            try:
                idle = not self.turn()
            except LeaseLost:
                raise
            except Exception as error:
                if not is_outage(error):
                    raise
                log.error("database_out_of_reach", error=str(error)[:300])  # noqa: TRY400 - an outage is no defect of ours
                self._wake.wait(OUTAGE_SECONDS)
                continue
            if idle:
                self._wake.wait(min(SOON_SECONDS, self._pause()) if worked else self._pause())
            between(idle and not worked)
            worked = not idle

    def turn(self) -> bool:
        """Take one turn; False when there was nothing to do. After an error that `is_outage` it may be called again."""
        try:
            if self._lost:
                self._find_again()
            now = self._clock.now()
            if self._watch.fell_back(now):
                self._follow_clock(now)
            inputs = self._gather(now)
            if inputs or self._upkeep.is_due():
                self._settle(inputs, now)
            can_send = self._held is None and not self._config.settings.sending_fenced
            handed_out = can_send and self.deliveries.hand_out(self._config, now)
        except Exception as error:
            self._lost = is_outage(error)
            raise
        return bool(inputs) or handed_out

    def drain(self) -> None:
        """After the senders have closed: store what they reported. Nothing else is decided."""
        while self._results:
            self._settle(Inputs([], taken(self._results), [], [], []), self._clock.now())

    def _find_again(self) -> None:
        """The database was out of reach; whether the last commit arrived is not known, so everything is read afresh."""
        self._store.reconnect()
        self._config = self._store.config()
        self._cursor = self._first_cursor()
        self._next_due = self._store.next_due()
        self.deliveries.reset()
        if self._held is None:
            self._recover()
        self._lost = False

    def _follow_clock(self, now: Moment) -> None:
        """The wall clock was set back: what was to call people must not be late by that."""
        nothing, back = Inputs([], [], [], [], []), self._watch.back
        work = self._try(lambda: self._store_only(lambda work: bring_forward(work, back), now), nothing)
        log.error("clock_stepped", seconds=-back / SECOND, timers=len(work.turn.timers) if work else "not changed")
        if work is not None:
            self._stored(work, nothing)
        self._watch.back = 0
        self._next_due = self._store.next_due()

    # -- what a turn works on

    def _gather(self, now: Moment) -> Inputs:
        """Nothing is taken out of a queue before the last statement that may fail."""
        if now - self._looked_at > STALL:
            self._catch_up()
        self._looked_at = now
        if self._held is not None and self._caught_up():
            self._release()
        due = self._next_due is not None and self._next_due <= now and self._caught_up()
        timers = answers_first(self._store.due_timers(now, TIMERS_AT_ONCE)) if due else []
        if due and not timers:
            self._next_due = self._store.next_due()
        limit = EVENTS_WHILE_ASKED if self._requests else EVENTS_AT_ONCE
        entries = self._journal.read(self._cursor.seq, limit)
        return Inputs(
            requests=taken(self._requests),
            results=taken(self._results),
            again=taken(self._again),
            timers=timers,
            entries=entries,
            may_read_on=len(entries) == EVENTS_AT_ONCE,  # and nobody asked
            deliveries=self.deliveries.commands(),
        )

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
            work = self._try(lambda: self._decide(inputs, now), inputs)
        except Exception:
            self._put_back(inputs)
            raise
        if work is None:
            self._settle_parts(inputs, now)
        else:
            self._stored(work, inputs)

    def _try(self, decide: Callable[[], TurnWork], inputs: Inputs) -> TurnWork | None:
        """Decide and store; None when something among the inputs made that impossible. Raises what `is_outage`."""
        try:
            return decide()
        except Exception as error:
            if is_outage(error):
                raise
            self._store.rollback()  # before anything that takes time: a database gives up on idle transactions
            self._config = self._store.config()
            log.exception(
                "turn_failed",
                requests=len(inputs.requests),
                messages=len(inputs.results) + len(inputs.again),
                timers=len(inputs.timers),
                events=len(inputs.entries),
            )
            return None

    def _settle_parts(self, inputs: Inputs, now: Moment) -> None:
        """The turn could not be stored: find the input that is to blame, set it aside, and store the others."""
        parts = halves(inputs)
        for number, part in enumerate(parts):
            try:
                self._settle(part, now)
            except Exception:
                for untried in parts[number + 1 :]:
                    self._put_back(untried)
                raise
        if not parts and not self._settled_untold(inputs, now):
            self._set_aside(inputs, now)

    def _settled_untold(self, inputs: Inputs, now: Moment) -> bool:
        """If what subscribers are told of it is to blame: better that no program hears of it than no person."""
        if not self._config.listeners:
            return False
        self._tells = False
        try:
            work = self._try(lambda: self._decide(inputs, now), inputs)
        except Exception:
            self._put_back(inputs)
            raise
        finally:
            self._tells = True
        if work is not None:
            log.error("subscribers_not_told")
            self._stored(work, inputs)
        return work is not None

    def _set_aside(self, inputs: Inputs, now: Moment) -> None:
        """This one input can't be decided or can't be stored."""
        if inputs.requests:
            inputs.requests[0].reply(answers.failed())
        elif inputs.timers:
            self._stored(self._store_only(lambda work: work.postpone(inputs.timers[0]), now), inputs)
        elif inputs.entries:
            entry = inputs.entries[0]
            if entry.seq not in self._quarantined:
                self._quarantined.add(entry.seq)
                self._settle(inputs, now)
            else:
                self._stored(self._store_only(lambda work: work.give_up(entry, self._journal.epoch), now), inputs)
        elif inputs.deliveries:
            self.deliveries.set_aside(inputs.deliveries[0])
        elif inputs:  # else repeats that were held back: the next turn counts and writes them again
            self._lose(inputs, now)

    def _lose(self, inputs: Inputs, now: Moment) -> None:
        """A report or a waiting message that can't be processed ends here: told to people, or at least settled."""
        about = inputs.results[0] if inputs.results else inputs.again[0].effect
        assert isinstance(about, RecordAttempt | SendMessage)
        key = about.message_id, about.attempt
        log.error("message_lost", message=about.message_id, attempt=about.attempt)
        try:
            work = self._try(lambda: self._store_only(lambda work: work.lose(*key), now), inputs)
            work = work or self._store_only(lambda work: work.settle(*key), now)
        except Exception:
            self._put_back(inputs)
            raise
        self._stored(work, inputs)

    def _store_only(self, act: Callable[[TurnWork], None], now: Moment) -> TurnWork:
        self._store.begin()
        work = self._work(now)
        act(work)
        self._store.commit(work.turn)
        return work

    def _put_back(self, inputs: Inputs) -> None:
        """The database is out of reach: what came by memory waits for it; timers and events are still stored.

        What was to be sent again is not put back: it is read from the outbox when the database is found again.
        """
        self._requests.extendleft(reversed(inputs.requests))
        self._results.extendleft(reversed(inputs.results))
        self.deliveries.put_back(inputs.deliveries)

    def _work(self, now: Moment) -> TurnWork:
        world = World(self._config, self._store.state, self._ids)
        return TurnWork(self._store, world, Turn(now), self._decoders, self._quarantined, tells=self._tells)

    def _decide(self, inputs: Inputs, now: Moment) -> TurnWork:
        self._store.begin()
        work = self._work(now)
        for request in inputs.requests:
            work.answer(request.key, request.actor, request.command, request.reply)
        for result in inputs.results:
            work.run(SYSTEM, result)
        for waiting in inputs.again:
            work.again(waiting)
        self._fire(work, inputs)
        decided = self._decide_events(work, inputs)
        if decided:
            work.turn.cursor = Cursor(self._journal.epoch, decided)
        for command in inputs.deliveries:
            work.run(SYSTEM, command)
        self._upkeep.commit(work.turn, len(inputs.entries))
        return work

    def _fire(self, work: TurnWork, inputs: Inputs) -> None:
        """Run timers until the turn's time is up; the others are as due in the next turn."""
        limit = self._clock.ticks() + TIMERS_SPAN / 1_000_000
        for number, timer in enumerate(inputs.timers, 1):
            work.fire(timer)
            if self._clock.ticks() >= limit:
                del inputs.timers[number:]
                break

    def _decide_events(self, work: TurnWork, inputs: Inputs) -> int:
        """Decide entries until the turn's time is up or somebody asks; returns the last number decided (0 = none)."""
        limit = self._clock.ticks() + EVENTS_SPAN / 1_000_000
        entries: Sequence[Entry] = inputs.entries
        last = 0
        while entries:
            work.receive(entries)
            last = entries[-1].seq
            if not inputs.may_read_on or len(entries) < EVENTS_AT_ONCE:
                break
            if self._requests or self._clock.ticks() >= limit:
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
        self._in_flight.difference_update(work.turn.settled)
        self.deliveries.stored(inputs.deliveries, work.turn.now)
        for reply, text in work.replies:
            reply(text)
        self._hand_over(work.sends, work.stops)
        if was_fenced and not self._config.settings.sending_fenced and self._held is None:
            self._recover()
        if work.topics:
            self._publish(work.topics)
        if inputs.timers or work.earliest_timer is not None:
            self._note_timers(work, had_timers=bool(inputs.timers))

    def _note_timers(self, work: TurnWork, *, had_timers: bool) -> None:
        if had_timers:
            self._next_due = self._store.next_due()
        elif self._next_due is None or (work.earliest_timer or 0) < self._next_due:
            self._next_due = work.earliest_timer

    def _hand_over(self, sends: Iterable[SendMessage], stops: Iterable[StopMessage]) -> None:
        """Hand out what was decided, but nothing that the same turn also stopped: that never leaves."""
        stopped = {one.message_id for one in stops}
        for effect in sends:
            if effect.message_id in stopped:
                self._never_left(effect)
            elif self._held is not None:
                self._held[effect.key] = effect
            elif not self._config.settings.sending_fenced:
                self._submit(effect)
        for stop in stops:
            held = self._held.pop(f"{stop.message_id}:{stop.attempt}", None) if self._held is not None else None
            if held is not None:
                self._never_left(held)
            elif self._outlet is not None:
                self._outlet.stop(stop.message_id)

    def _submit(self, effect: SendMessage) -> None:
        if self._outlet is not None:
            self._in_flight.add(effect.key)
            self._outlet.submit(effect)

    def _never_left(self, effect: SendMessage) -> None:
        self.report(RecordAttempt(message_id=effect.message_id, attempt=effect.attempt, result=Result.CANCELLED))

    # -- after a start, a stall, an outage, or when an owner lifts the fence

    def _catch_up(self) -> None:
        """From here on timers wait until the log is decided as far as it is written now."""
        self._catch_up_to = self._journal.head()
        self._catch_up_until = self._clock.ticks() + CATCH_UP_SECONDS

    def _caught_up(self) -> bool:
        return self._cursor.seq >= self._catch_up_to or self._clock.ticks() >= self._catch_up_until

    def _release(self) -> None:
        """The log is decided: messages that were held back go out, and those of an earlier run are judged anew."""
        held, self._held = self._held or {}, None
        if not self._config.settings.sending_fenced:
            for effect in held.values():
                self._submit(effect)
        self._recover()

    def _recover(self) -> None:
        """Whatever waits in the outbox and is not with a sender of ours is judged anew."""
        if self._config.settings.sending_fenced:
            return
        self._again = deque(
            waiting
            for waiting in self._store.outbox()
            if isinstance(waiting.effect, SendMessage) and waiting.effect.key not in self._in_flight
        )
