"""Seeded simulations: an installation lives through hours of faults in virtual time and is checked after every step.

One seed is one life: acts are drawn from `simulation_actors`, after each the stored state must keep every invariant,
and at the end the faults stop and everybody who should have been reached must have been. A seed always gives one life.
`python -m tocsin.testing.simulation --seeds 200` runs many and prints what broke and how often rare states were met.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from tocsin.directory.model import Urgency
from tocsin.engine.invariants import Records, violations
from tocsin.escalation.messages import EscalationStopped, NobodyToPage
from tocsin.events.model import Outcome
from tocsin.incidents.model import Incident, NoTimer, Status
from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import Command
from tocsin.kernel.errors import TocsinError
from tocsin.kernel.time import HOUR, MINUTE, SECOND, Moment, Span
from tocsin.paging.messages import PageDelivered, PageNotSent, PageSent, SendMessage
from tocsin.paging.model import MessageState, PageState, Result
from tocsin.runtime.answers import read_answer
from tocsin.runtime.turn_inputs import Request
from tocsin.storage.log import Entry
from tocsin.testing import simulation_actors as actors
from tocsin.testing import simulation_rules as rules
from tocsin.testing import simulation_windows as windows
from tocsin.testing.simulation_rare import RareStates
from tocsin.testing.simulation_stage import build
from tocsin.testing.world import OWNER, World

STEPS = 120
HEAL: Span = 4 * HOUR


class Broken(AssertionError):
    """A life in which something was not as it must be; says the seed, the step and what led there."""


class Simulation:
    """One life."""

    def __init__(self, folder: Path, seed: int, *, database_url: str | None = None) -> None:
        """`folder` receives the data; on PostgreSQL the database must be empty."""
        self.seed = seed
        self.rng = random.Random(seed)
        self.world = World(folder, seed=seed, database_url=database_url)
        self.world.decoders[actors.POISON] = _unreadable
        self.world.carrier.watch = self._handed_over
        self.rare = RareStates()
        self.history: list[str] = []
        self.problems: list[str] = []
        self.poisoned: set[int] = set()
        self._last_call: dict[str, tuple[Result, int]] = {}
        self._crashes = 0
        self.stage = build(self.world, self.rng)

    # -- what actors do

    def note(self, what: str) -> None:
        """Write down what happened, for whoever reads a failure."""
        self.history.append(what)
        self.rare.met(what)

    def ask(self, actor: Actor, command: Command, key: str = "") -> None:
        """Queue a command. Refusals are part of life, an answer that admits a defect is not."""
        self.note(f"{actor.id or actor.kind}: {command}" if command.kind != "thing.save" else f"save {command}")

        def reply(text: str) -> None:
            try:
                read_answer(command, text)
            except TocsinError as refusal:
                self.rare.met(f"refused: {refusal.code} {refusal.reason}")
                if refusal.reason == "defect":
                    self.problems.append(f"a defect answered {command}")

        self.world.loop.ask(Request(key, actor, command, reply))

    def settle(self) -> None:
        """Let the engine work until it rests."""
        self.world.settle()

    def pass_time(self, span: Span) -> None:
        """Let time pass as it does: every timer when it is due."""
        self.note(f"{span / SECOND:g} s pass")
        self.world.advance(seconds=span / SECOND)

    def crash(self) -> None:
        """The engine dies and starts again."""
        records = self.world.records()
        self.rare.crashed(records, undecided=self.world.log.head() - self.world.loop.cursor.seq)
        self._crashes += 1
        self.note("crash")
        self.world.crash()

    # -- one life

    def live(self, steps: int = STEPS) -> None:
        """Take so many steps, then heal. Raises Broken."""
        acts = [act for _, act in (*actors.ACTS, *windows.ACTS, *rules.ACTS)]
        weights = [weight for weight, _ in (*actors.ACTS, *windows.ACTS, *rules.ACTS)]
        for _ in range(steps):
            act = self.rng.choices(acts, weights)[0]
            self.history.append(f"-- {act.__name__} at {self.world.clock.now() / SECOND:.6f}")
            act(self)
            if self.rng.random() < 0.7:
                self.settle()
                self._check()
        self._heal()

    def _check(self) -> Records:
        records = self.world.records()
        self.rare.look(records)
        broken = [*self.problems, *violations(records), *self._quarantined(records)]
        if broken:
            raise Broken(self.story(broken))
        return records

    def _quarantined(self, records: Records) -> Iterable[str]:
        for seq, outcome in (records.outcomes or {}).items():
            if outcome == Outcome.QUARANTINED and seq not in self.poisoned:
                yield f"event {seq} was a good one and was quarantined"

    def story(self, broken: Iterable[str]) -> str:
        """What broke and what led there."""
        return "\n".join((f"seed {self.seed} broke:", *broken, "after", *self.history[-60:]))

    # -- at the end

    def _heal(self) -> None:
        """Faults stop; hours pass; everybody who should be reached has been, and nothing is stuck."""
        self.history.append("-- heal")
        carrier = self.world.carrier
        carrier.judge = lambda _message: Result.SENT
        carrier.answer()
        carrier.release()
        self.world.save(replace(self.world.config.settings, sending_fenced=False), "sending_fenced", actor=OWNER)
        self.settle()
        begin = self.world.clock.now()
        records = self._check()
        for _ in range(HEAL // (30 * MINUTE)):
            self.pass_time(30 * MINUTE)
            records = self._check()
        now = self.world.clock.now()
        stuck = [*_stuck(records, now), *_unheard(records, begin), *windows.forgotten(records, self.world.config, now)]
        if stuck:
            raise Broken(self.story(stuck))

    # -- what providers are handed

    def _handed_over(self, message: SendMessage, result: Result) -> None:
        """I30, I31: somebody still asks for it, and it is not the second time without a reason."""
        called, crashes = self._last_call.get(message.message_id, (None, self._crashes))
        if called is Result.SENT and crashes == self._crashes:
            self.problems.append(f"message {message.message_id} was sent twice without a crash")
        self._last_call[message.message_id] = (result, self._crashes)
        if not message.incident_ids:
            return
        wanted = [
            incident
            for incident in self.world.incidents()
            if incident.id in message.incident_ids
            and incident.status is Status.TRIGGERED
            and message.user_id in incident.assignee_ids
        ]
        if not wanted and not self._is_news(message):
            self.problems.append(f"message {message.key} to {message.address} went out, and nothing in it was wanted")
        self.rare.handed_over(message, wanted, result)

    def _is_news(self, message: SendMessage) -> bool:
        """Whether it tells somebody who has an incident that it got worse."""
        records = self.world.records()
        pages = [page for page in records.pages if page.message_id == message.message_id and page.news]
        return any(records.incident_by_id[page.incident_id].is_open for page in pages)

    def close(self) -> None:
        """Close every file."""
        self.world.close()


def _stuck(records: Records, now: Moment) -> Iterable[str]:
    for message in records.messages:
        if message.state in (MessageState.SENDING, MessageState.RETRYING):
            yield f"message {message.id} is {message.state} after the faults have stopped"
    for page in records.pages:
        late = now - page.due_at > HOUR + MINUTE
        if page.state in (PageState.PLANNED, PageState.BUNDLED, PageState.SENDING) and late:
            yield f"page {page.id} is {page.state} after the faults have stopped"
    for seq in records.entries:
        if seq not in (records.outcomes or {}):
            yield f"event {seq} was never decided"
    for key, due in records.timers.items():
        if due <= now:
            yield f"timer {key} was due at {due} and did not fire"


def _unheard(records: Records, since: Moment) -> Iterable[str]:
    """Open high-urgency incidents about which nobody was reached, nor does the timeline say why not."""
    reached: dict[str, Moment] = {}
    explained: dict[str, Moment] = {}
    for at, recorded in records.timeline:
        if isinstance(recorded.fact, PageSent | PageDelivered):
            reached[recorded.fact.incident_id] = at
        elif isinstance(recorded.fact, NobodyToPage | PageNotSent | EscalationStopped):
            explained[recorded.fact.incident_id] = at
    for incident in records.incidents:
        if incident.status is not Status.TRIGGERED or incident.urgency is not Urgency.HIGH:
            continue
        heard = max(reached.get(incident.id, 0), explained.get(incident.id, 0))
        if heard < (since if _goes_on(incident) else 1):
            yield f"incident {incident.number} is open, and nobody was reached since {heard}"


def _goes_on(incident: Incident) -> bool:
    """Whether people are called again and again, so that somebody must have been called lately."""
    return incident.timer_reason not in (NoTimer.ASSIGNED, NoTimer.EXHAUSTED)


def _unreadable(entry: Entry) -> object:
    raise ValueError(f"what is {entry.dedup_key}?")


def live(seed: int, *, steps: int = STEPS, folder: Path | None = None) -> RareStates:
    """Live one life in a folder of its own; the rare states that were met. Raises Broken."""
    shared = Path("/dev/shm")  # noqa: S108 - lives are short, and a disk is slow
    place = folder or (shared if shared.is_dir() else None)
    with tempfile.TemporaryDirectory(dir=place, prefix="tocsin-simulation-") as data:
        simulation = Simulation(Path(data), seed)
        try:
            simulation.live(steps)
        except Broken:
            raise
        except Exception as error:
            raise Broken(simulation.story([repr(error)])) from error
        finally:
            simulation.close()
    return simulation.rare


def main() -> None:
    """Run many seeds from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="how many lives")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--steps", type=int, default=STEPS, help="steps of a life before it heals")
    options = parser.parse_args()
    met: Counter[str] = Counter()
    failed = []
    for seed in range(options.first, options.first + options.seeds):
        try:
            met.update(live(seed, steps=options.steps).counts)
        except Broken as broken:
            failed.append(seed)
            print(broken)  # noqa: T201 - it talks to a terminal
    for name, count in sorted(met.items()):
        print(f"{count:8} {name}")  # noqa: T201
    print(f"{options.seeds - len(failed)} lives held, broken seeds: {failed or 'none'}")  # noqa: T201


if __name__ == "__main__":
    main()
