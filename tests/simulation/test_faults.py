"""Every statement, every commit and every send fails once, or for a while, at every place: nothing is lost or doubled.

One small story is told again and again; each time another of its statements fails. Afterwards the faults are over,
hours pass, and the ending must be the one that the story has without faults.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from tests.behaviour.cast import Cast, gather
from tests.databases import statements_of
from tests.simulation.conftest import Worlds
from tocsin.directory.model import Channel
from tocsin.engine.invariants import violations
from tocsin.events.model import Action, Outcome
from tocsin.incidents.messages import Acknowledge, AddNote, Merge, NoteAdded, Resolve
from tocsin.incidents.model import Status
from tocsin.kernel.actor import SYSTEM, Actor
from tocsin.kernel.decision import Command
from tocsin.paging.messages import AnswerByCode, PageAttemptFailed, PageSent
from tocsin.paging.model import Answer, MessageState, Page, Result
from tocsin.runtime.turn_inputs import Request
from tocsin.storage import tables
from tocsin.storage.codec import dump
from tocsin.testing.world import World, as_user

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
STRIDE = 1 if NIGHTLY else 17
COMMITS = range(1, 45, 1 if NIGHTLY else 4)
"""By day some of the statements and commits fail, other ones for each kind of fault; by night all of them."""


def stage(world: World) -> Cast:
    """A service whose incidents nobody answers for a while."""
    return gather(world, acknowledgement_timeout=900)


def tell(world: World, cast: Cast) -> list[str]:
    """The story: alarms, repeats, answers by hand and by text, a merge, ends. Returns what was answered.

    Who asks and gets no answer (the engine died) asks again with the same key, as our clients do.
    """
    answers: list[str] = []

    def ask(key: str, actor: Actor, command: Command) -> None:
        before = len(answers)
        for _ in range(3):
            world.loop.ask(Request(key, actor, command, answers.append))
            world.settle()
            if len(answers) > before:
                return

    for key in ("one", "two", "three"):
        world.accept(world.alarm(cast.monitor, key))
    world.accept(world.alarm(cast.monitor, "one"))
    world.settle()
    world.advance(minutes=2)
    first, second, third = (incident.id for incident in world.incidents()[:3])
    note = AddNote(incident_id=first, text="looking into it")
    ask("a", as_user(cast.alice), Acknowledge(incident_id=first))
    ask("b", as_user(cast.alice), note)
    ask("b", as_user(cast.alice), note)
    ask("c", as_user(cast.bob), Merge(incident_id=second, source_ids=(third,)))
    world.advance(minutes=4)
    phone = next(one for one in world.config.contacts_of[cast.alice.id] if one.channel is Channel.SMS)
    reply = AnswerByCode(channel=Channel.SMS, address=phone.dial, code="", answer=Answer.ACKNOWLEDGE)
    world.accept(world.alarm(cast.monitor, "three", Action.RESOLVE))
    world.accept(world.alarm(cast.monitor, "four"))
    ask("d", SYSTEM, reply)
    world.advance(minutes=20)
    world.accept(world.alarm(cast.monitor, "two", Action.RESOLVE))
    ask("e", as_user(cast.bob), Resolve(incident_id=first))
    return answers


def ended_well(world: World, answers: list[str], *, at_most: int = 1) -> None:
    """The ending that the story must have; a message may have reached its phone so many times."""
    world.advance(minutes=120)
    records = world.records()
    assert violations(records) == []
    assert [one.status for one in records.incidents[:3]] == [Status.RESOLVED] * 3
    assert records.incidents[3].status is Status.TRIGGERED
    assert list((records.outcomes or {}).values()) == [
        *[Outcome.OPENED] * 3,
        Outcome.REPEATED,
        Outcome.RESOLVED,
        Outcome.OPENED,
        Outcome.RESOLVED,
    ]
    assert len(world.facts(NoteAdded)) == 1
    assert len(answers) == 6
    assert [one.state for one in records.messages if one.state in (MessageState.SENDING, MessageState.RETRYING)] == []
    told = {incident.id for incident in records.incidents}
    assert {fact.incident_id for fact in world.facts(PageSent)} == told, "somebody heard of each"
    assert max(Counter(one.message.message_id for one in world.carrier.received).values()) <= at_most


class Killed(BaseException):
    """The process is gone: nothing in it can catch this."""

    def __init__(self, *_about: object) -> None:
        super().__init__("killed")


class Faults:
    """Counts the statements of the engine's turns and makes some of them fail, before or after they are carried out."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._settle = world.settle
        self._in_turn = False
        self.count = 0
        self.fail = range(0)
        self.only = ""
        self.error: type[BaseException] = OperationalError
        self.after = False
        self._watched = ExitStack()
        self._watched.enter_context(statements_of(world.database, self._before, self._after))
        setattr(world, "settle", self.settle)  # noqa: B010 - mypy does not let methods be replaced otherwise

    def stop(self) -> None:
        """The faults are over."""
        self.fail = range(0)
        self._watched.close()

    def settle(self) -> None:
        """Let the engine work; killed, it is started again."""
        self._in_turn = True
        try:
            self._settle()
        except Killed:
            self._world.crash()
            self._settle()
        finally:
            self._in_turn = False

    def _before(self, statement: str) -> None:
        if self._in_turn and self.only in statement:
            self.count += 1
            if self.count in self.fail and not self.after:
                raise self._made(statement)

    def _after(self, statement: str) -> None:
        if self._in_turn and self.only in statement and self.count in self.fail and self.after:
            raise self._made(statement)

    def _made(self, statement: str) -> BaseException:
        return self.error(statement, None, Exception("made to fail"))


@contextmanager
def told_with(worlds: Worlds, **faults: Any) -> Iterator[tuple[World, list[str], Faults]]:
    """The story, told while statements fail."""
    world, cast = worlds.staged(stage)
    made = Faults(world)
    for name, value in faults.items():
        setattr(made, name, value)
    answers = tell(world, cast)
    made.stop()
    yield world, answers, made
    worlds.close()


@pytest.fixture(scope="module")
def statements(worlds_of_session: Worlds) -> int:
    """How many statements the story has without faults, and that it ends well."""
    with told_with(worlds_of_session) as (world, answers, faults):
        count = faults.count
        ended_well(world, answers)
        assert world.outages == 0
        return count


@pytest.mark.slow
@pytest.mark.parametrize("width", [1, 3, 25])
def test_a_statement_fails_and_so_do_those_after_it(worlds_of_session: Worlds, statements: int, width: int) -> None:
    for number in range(1 + width % STRIDE, statements, STRIDE):
        with told_with(worlds_of_session, fail=range(number, number + width)) as (world, answers, _):
            ended_well(world, answers)
            assert world.outages


@pytest.mark.slow
def test_a_commit_fails(worlds_of_session: Worlds) -> None:
    for number in COMMITS:
        with told_with(worlds_of_session, fail=range(number, number + 1), only="COMMIT") as (world, answers, _):
            ended_well(world, answers)


@pytest.mark.slow
def test_a_commit_arrives_and_its_answer_does_not(worlds_of_session: Worlds) -> None:
    for number in COMMITS:
        faults = {"fail": range(number + 1, number + 2), "only": "COMMIT", "after": True}
        with told_with(worlds_of_session, **faults) as (world, answers, _):
            ended_well(world, answers)


@pytest.mark.slow
def test_a_statement_is_refused_for_what_is_in_it(worlds_of_session: Worlds, statements: int) -> None:
    """Once, for whatever reason: that input is set aside or tried again, and all others are unaffected."""
    for number in range(1, statements // 3, STRIDE // 4 + 1):
        faults = {"fail": range(number, number + 1), "error": IntegrityError, "only": "INSERT"}
        with told_with(worlds_of_session, **faults) as (world, answers, _):
            world.advance(minutes=120)
            assert violations(world.records()) == []
            assert len(answers) == 6


@pytest.mark.slow
@pytest.mark.parametrize("result", [Result.RETRY, Result.REFUSED, Result.UNKNOWN])
def test_a_send_fails(worlds_of_session: Worlds, result: Result) -> None:
    for number in range(8):
        world, cast = worlds_of_session.staged(stage)
        world.carrier.script = [*[Result.SENT] * number, result]
        answers = tell(world, cast)
        world.advance(minutes=120)
        assert violations(world.records()) == []
        assert len(answers) == 6
        stuck = (MessageState.SENDING, MessageState.RETRYING)
        assert not any(message.state in stuck for message in world.records().messages)
        worlds_of_session.close()


def reported_with(world: World, cast: Cast, **poison: Any) -> None:
    """A page goes out, and the report about it can't be processed."""
    world.carrier.slow = True
    world.event(cast.monitor)
    world.carrier.unreported = [replace(one, **poison) for one in world.carrier.unreported]
    world.carrier.answer()


def ended_untold(world: World, cast: Cast) -> None:
    """Nothing waits for that report any more, and the next level is called as if it had never been sent."""
    assert (world.records().outbox, world.loop._in_flight) == (frozenset(), set())
    assert [one.state for one in world.records().messages] == [MessageState.SENDING]
    assert world.facts(PageAttemptFailed) == []
    world.advance(minutes=5)
    assert [one.message.user_id for one in world.carrier.received] == [cast.alice.id, cast.bob.id]


def test_a_report_is_lost_and_the_words_about_it_can_t_be_stored(worlds: Worlds) -> None:
    world, cast = worlds.staged(stage)
    faults = Faults(world)
    reported_with(world, cast, provider_id="\udcff")
    faults.only, faults.error, faults.fail = "INSERT INTO timeline", IntegrityError, range(1, 10_000)
    faults.count = 0
    world.settle()
    faults.stop()
    assert 0 < faults.count < 5, "it does not try for ever"
    ended_untold(world, cast)


def test_a_report_is_lost_while_the_database_is_out_of_reach(worlds: Worlds) -> None:
    world, cast = worlds.staged(stage)
    faults = Faults(world)
    reported_with(world, cast, provider_id="\udcff")
    faults.only, faults.fail, faults.count = "INSERT INTO timeline", range(1, 3), 0
    world.settle()
    assert world.outages == 2
    assert (world.records().outbox, world.loop._in_flight) == (frozenset(), set())
    assert [one.state for one in world.records().messages] == [MessageState.FAILED]
    assert len(world.facts(PageAttemptFailed)) == 1


def test_a_report_is_lost_and_nothing_can_be_decided_about_its_page(worlds: Worlds) -> None:
    world, cast = worlds.staged(stage)
    reported_with(world, cast)
    page = world.records().pages[0]
    with damaged(world, page):
        world.settle()
    ended_untold(world, cast)
    notes = [fact.text for fact in world.facts(NoteAdded)]
    assert notes == ["A page was sent or was not: a defect of Tocsin hides what became of it."]


def test_a_message_can_t_be_judged_after_a_crash(worlds: Worlds) -> None:
    world, cast = worlds.staged(stage)
    reported_with(world, cast)
    page = world.records().pages[0]
    with damaged(world, page):
        world.crash()
        world.settle()
    ended_untold(world, cast)
    assert len(world.facts(NoteAdded)) == 1


@contextmanager
def damaged(world: World, page: Page) -> Iterator[None]:
    """The row of a page can't be read for a while."""
    rows = tables.pages.update().where(tables.pages.c.id == page.id)
    for text in ("{}", dump(page)):
        world.store.rollback()
        with world.database.engine.begin() as connection:
            connection.execute(rows.values(data=text))
        if text == "{}":
            yield


@pytest.mark.slow
def test_the_engine_is_killed_at_a_statement(worlds_of_session: Worlds, statements: int) -> None:
    """What it had begun is gone; it starts again and goes on. A message that was on its way may arrive twice."""
    for number in range(5, statements, STRIDE):
        with told_with(worlds_of_session, fail=range(number, number + 1), error=Killed) as (world, answers, _):
            ended_well(world, answers, at_most=2)


@pytest.mark.slow
def test_the_engine_is_killed_after_a_commit(worlds_of_session: Worlds) -> None:
    """What it had decided is stored, and nobody was told: neither who asked nor a sender."""
    for number in COMMITS:
        faults = {"fail": range(number + 2, number + 3), "error": Killed, "only": "COMMIT", "after": True}
        with told_with(worlds_of_session, **faults) as (world, answers, _):
            ended_well(world, answers, at_most=2)


def test_repeats_that_were_held_back_can_t_be_stored_for_a_while(worlds: Worlds) -> None:
    world, cast = worlds.staged(stage)
    world.event(cast.monitor, "disk")
    for _ in range(10):
        world.accept(world.alarm(cast.monitor, "disk"))
    assert world.loop.turn()
    assert world.store.holds_back, "the turn held nothing back"
    faults = Faults(world)
    faults.only, faults.error, faults.fail = "UPDATE alerts", IntegrityError, range(1, 3)
    for _ in range(2):
        world.settle()
    assert faults.count == 2
    world.settle()
    assert [alert.repeats for alert in world.records().alerts] == [10]


def test_repeats_of_a_burst_are_counted_once_each_whenever_the_engine_dies(worlds: Worlds) -> None:
    """Counts are written a few times a second only; the engine dies after every second turn of the burst, or third."""
    for every in (2, 3):
        world = worlds.new()
        cast = gather(world)
        world.event(cast.monitor, "disk")
        held = 0
        for number in range(21):
            for _ in range(10):
                world.accept(world.alarm(cast.monitor, "disk"))
            assert world.loop.turn()
            held += world.store.holds_back
            if number % every == 0:
                world.crash()
        world.settle()
        assert held > 6, "the turns held nothing back"
        assert [alert.repeats for alert in world.records().alerts] == [210]
        assert violations(world.records()) == []
