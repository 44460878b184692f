"""The work of one turn: runs inputs through the engine, each as a unit that counts whole or not at all.

Gathers what the turn decided for the store, and what is to be done once it is stored. Performs no network I/O.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import structlog

from tocsin.alerts.decide import Ending
from tocsin.engine.dispatch import Several, check_several, execute, execute_event
from tocsin.engine.subscribers import deliveries_of
from tocsin.engine.world import Step, World
from tocsin.events.model import Event, Outcome
from tocsin.incidents.messages import AddNote, CreateIncident
from tocsin.kernel.actor import SYSTEM, Actor
from tocsin.kernel.decision import CancelTimer, Command, SetTimer
from tocsin.kernel.errors import Conflict, TocsinError
from tocsin.kernel.time import MINUTE, Moment
from tocsin.paging.messages import RecordAttempt, SendAgain, SendMessage, StopMessage
from tocsin.paging.model import Result
from tocsin.runtime import answers
from tocsin.storage.codec import dump_command
from tocsin.storage.log import Entry
from tocsin.storage.turns import Cursor, DueTimer, Turn, TurnStore, Waiting, is_outage

log = structlog.get_logger("engine")

POSTPONED = MINUTE
"""A timer whose command raises is tried again after this, so that one bad row cannot stop the others."""

_LOST = "a defect of Tocsin hides what became of it"


class Order(NamedTuple):
    """A command that came by the log, because nobody waits for its answer: a receipt, a reply.

    With a `key` it was asked before, and whether the engine got that far is not known.
    """

    actor: Actor
    command: Command
    key: str = ""


@dataclass(slots=True)
class TurnWork:
    """One turn's work. `sends`, `stops`, `replies` and `topics` are acted upon after the commit.

    `tells`: whether subscribers are told of it.
    """

    store: TurnStore
    world: World
    turn: Turn
    decoders: Mapping[str, Callable[[Entry], Event | Order]]
    quarantined: set[int]
    tells: bool = True
    sends: list[SendMessage] = field(default_factory=list)
    stops: list[StopMessage] = field(default_factory=list)
    replies: list[tuple[Callable[[str], None], str]] = field(default_factory=list)
    topics: set[str] = field(default_factory=set)
    earliest_timer: Moment | None = None

    def answer(self, key: str, actor: Actor, command: Command, reply: Callable[[str], None]) -> None:
        """Run what somebody asks, once per key (also twice within this turn), and prepare the answer.

        A key stands for one command of one actor: with another it is another request. Who gives keys may begin to
        count anew (a phone provider's ids, say), and an answer that was never given must not be taken for given.
        """
        key = _one_request(key, actor, command) if key else ""
        known = (dict(self.turn.answers).get(key) or self.store.answer_to(key)) if key else None
        if known is not None:
            self.replies.append((reply, known))
            return
        try:
            value = self._each(actor, command) if isinstance(command, Several) else self._unit(actor, command).value
        except TocsinError as error:
            text = answers.refused(error)
        except Exception as error:
            if is_outage(error):
                raise
            log.exception("command_failed", command=command.kind)
            text = answers.failed()
        else:
            text = answers.granted(value, self._version())
            if key:
                self.turn.answers.append((key, text))
        self.replies.append((reply, text))

    def _each(self, actor: Actor, several: Several) -> dict[str, object]:
        """Every command is a unit of its own: one that is refused, or hits a defect of ours, undoes only itself."""
        check_several(several)
        refused: list[tuple[int, str, str]] = []
        for place, command in enumerate(several.commands):
            try:
                self._unit(actor, command)
            except TocsinError as error:
                refused.append((place, error.message, error.reason))
            except Exception as error:
                if is_outage(error):
                    raise
                log.exception("command_failed", command=command.kind)
                refused.append((place, "Something went wrong on our side. It was logged.", "defect"))
        return {"at": self.turn.now, "refused": refused}

    def run(self, actor: Actor, command: Command) -> None:
        """Run a command that nobody waits for. A refusal means that it no longer fits: nothing happens."""
        if isinstance(command, RecordAttempt):
            self.settle(command.message_id, command.attempt)
        try:
            self._unit(actor, command)
        except TocsinError as error:
            log.info("command_refused", command=command.kind, reason=error.reason or error.message)

    def fire(self, timer: DueTimer) -> None:
        """Run a timer's command; the timer is gone unless the command sets it again.

        A timer that was set anew or cancelled earlier in this turn is not what was due any more: it is left alone.
        """
        if timer.key in self.turn.timers:
            return
        self.turn.timers[timer.key] = CancelTimer(timer.key)
        try:
            self._unit(SYSTEM, timer.command)
        except Conflict as late:
            log.info("timer_too_late", key=timer.key, reason=late.reason)

    def again(self, waiting: Waiting) -> None:
        """A message of which no report will come (its engine died, or it was held back): judge it anew."""
        self.turn.settled.append(waiting.effect.key)
        assert isinstance(waiting.effect, SendMessage)
        crashed = waiting.engine != self.store.engine_id
        self.run(SYSTEM, SendAgain(message_id=waiting.effect.message_id, crashed=crashed))

    def postpone(self, timer: DueTimer) -> None:
        """A timer that can't be run: later again."""
        log.error("timer_postponed", key=timer.key, command=timer.command.kind)
        self.turn.timers[timer.key] = SetTimer(timer.key, self.turn.now + POSTPONED, timer.command)

    def lose(self, message_id: str, attempt: int) -> None:
        """What a sender reported, or what became of a message in a crash, can't be processed: it is given up.

        The person's next way is used, and the timeline says why; if that can't be decided either, a note says it.
        """
        self.settle(message_id, attempt)
        lost = RecordAttempt(message_id=message_id, attempt=attempt, result=Result.LOST, detail=_LOST)
        try:
            self._unit(SYSTEM, lost)
        except Exception as error:
            if is_outage(error):
                raise
            log.exception("message_lost", message=message_id)
            message = self.world.state.message(message_id)
            for incident_id in message.incident_ids if message else ():
                text = f"A page was sent or was not: {_LOST}."
                self.run(SYSTEM, AddNote(incident_id=incident_id, text=text))

    def settle(self, message_id: str, attempt: int) -> None:
        """No report of this attempt is waited for any more."""
        self.turn.settled.append(f"{message_id}:{attempt}")

    def receive(self, entries: Sequence[Entry]) -> None:
        """Decide entries of the log in their order."""
        self.store.state.prefetch_alerts(
            (entry.integration_id, entry.dedup_key) for entry in entries if entry.dedup_key
        )
        for entry in entries:
            try:
                if entry.seq in self.quarantined:
                    raise ValueError("the decision about this event could not be stored")
                self._entry(entry)
            except Exception as error:
                if is_outage(error):
                    raise
                log.exception("event_quarantined", seq=entry.seq, source=entry.source)
                self.store.state.drop_unit()
                self._quarantine(entry, error)

    def _entry(self, entry: Entry) -> None:
        decoded = self.decoders[entry.source](entry)
        if isinstance(decoded, Order):
            if decoded.key:
                self.answer(decoded.key, decoded.actor, decoded.command, _nobody_hears)
                return
            self.run(decoded.actor, decoded.command)
            return
        step = execute_event(self.world, decoded, self.turn.now)
        self._take(SYSTEM, step)
        ending = step.value
        assert isinstance(ending, Ending)
        self.turn.outcomes.append((entry.seq, entry.integration_id, entry.received_at, ending))

    def _quarantine(self, entry: Entry, error: Exception) -> None:
        """An event that can't be decided may have been the alarm: an incident says so, one per integration."""
        ending = Ending(Outcome.QUARANTINED, f"could not be decided ({type(error).__name__})")
        self.turn.outcomes.append((entry.seq, entry.integration_id, entry.received_at, ending))
        entrance = self.world.config.entrance(entry.integration_id)
        service_id = self.world.config.service_behind(entry.integration_id)
        if entrance is None or not service_id:
            return
        key = f"quarantine:{entrance.id}"
        known = self.world.state.open_incident_by_key(service_id, key)
        if known is not None:
            self.run(SYSTEM, AddNote(incident_id=known.id, text=f"Event {entry.seq} could not be processed either."))
            return
        title = f"An event from {entrance.name} could not be processed"
        details = f"Event {entry.seq} is kept in the log and can be replayed. It may have been an alarm."
        command = CreateIncident(title=title, service_id=service_id, details=details, incident_key=key)
        self.run(SYSTEM, command)

    def give_up(self, entry: Entry, epoch: str) -> None:
        """Not even the incident about a bad event can be stored: record its end and go on."""
        ending = Ending(Outcome.QUARANTINED, "could not be decided, nor could an incident about it be stored")
        self.turn.outcomes.append((entry.seq, entry.integration_id, entry.received_at, ending))
        self.turn.cursor = Cursor(epoch, entry.seq)

    def _unit(self, actor: Actor, command: Command) -> Step:
        try:
            step = execute(self.world, actor, command, self.turn.now)
        except BaseException:
            self.store.state.drop_unit()
            raise
        self._take(actor, step)
        return step

    def _take(self, actor: Actor, step: Step) -> None:
        self.store.state.keep_unit()
        for recorded in step.facts:
            self.turn.facts.append((self.turn.now, recorded))
            if recorded.fact.incident_id:
                self.topics.add(f"incident:{recorded.fact.incident_id}")
            else:
                self.topics.add("now")
        for effect in step.effects:
            if isinstance(effect, SendMessage):
                self.turn.effects.append(effect)
                self.sends.append(effect)
            elif isinstance(effect, StopMessage):
                self.stops.append(effect)
        for change in step.timers:
            self.turn.timers[change.key] = change
            if isinstance(change, SetTimer) and (self.earliest_timer is None or change.due_at < self.earliest_timer):
                self.earliest_timer = change.due_at
        if step.changes:
            self.turn.changes.extend((self.turn.now, actor, change) for change in step.changes)
            config = self.world.config.changed(
                [(change.kind, change.id, change.after) for change in step.changes], self._version(changing=True)
            )
            self.world = replace(self.world, config=config)
            self.topics.add("config")
        if self.tells and self.world.config.listeners:
            self._tell_subscribers(actor, step)

    def _tell_subscribers(self, actor: Actor, step: Step) -> None:
        """A defect in telling programs must not keep people from being paged: then they are not told of this."""
        try:
            for delivery in deliveries_of(self.world, actor, step, self.turn.now):
                self.world.state.put(delivery)
        except Exception as error:
            if is_outage(error):
                raise
            log.exception("subscribers_not_told", facts=[recorded.fact.kind for recorded in step.facts])
            self.store.state.drop_unit()
            return
        self.store.state.keep_unit()

    def _version(self, *, changing: bool = False) -> int:
        """The configuration's version once this turn is stored: one more than before, if the turn changes it."""
        return self.store.stored_config_version + bool(changing or self.turn.changes)


def _nobody_hears(_text: str) -> None:
    """The reply to an order: who gave it was told long ago that it would be carried out."""


def _one_request(key: str, actor: Actor, command: Command) -> str:
    content = f"{actor.kind}:{actor.id}:{dump_command(command)}"
    return f"{key}:{hashlib.sha256(content.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}"
