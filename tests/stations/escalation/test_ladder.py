"""The ladder, for every policy and whoever is there: levels in order, passes as it says, then the last resort."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from tocsin.directory.model import Urgency
from tocsin.escalation.decide import LastResort, Reach, next_level, start
from tocsin.escalation.messages import LastResortReached, LevelReached, LevelSkipped, PassRepeated, PolicyExhausted
from tocsin.escalation.model import Policy, Rule
from tocsin.incidents.model import Incident, NextStep, NoTimer, Status
from tocsin.kernel.decision import Decision, Fact, SetTimer
from tocsin.kernel.time import MINUTE

RESORT = LastResort(enabled=True, managers=("UCAROL",), owners=("UOLGA",))


@dataclass(frozen=True)
class Ladder:
    """Delays of the levels, and on which of them somebody is there."""

    delays: tuple[int, ...]
    there: tuple[bool, ...]
    loops: int

    @property
    def policy(self) -> Policy:
        rules = tuple(Rule(id=str(at), delay_minutes=delay, targets=()) for at, delay in enumerate(self.delays))
        return Policy(id="P", name="P", rules=rules, num_loops=self.loops)

    def people(self, rule: Rule) -> Reach:
        return Reach((f"U{rule.id}",) if self.there[int(rule.id)] else (), "" if self.there[int(rule.id)] else "gone")


@st.composite
def ladders(draw: st.DrawFn) -> Ladder:
    size = draw(st.integers(1, 6))
    delays = tuple(draw(st.lists(st.integers(1, 60), min_size=size, max_size=size)))
    there = tuple(draw(st.lists(st.booleans(), min_size=size, max_size=size)))
    return Ladder(delays, there, draw(st.integers(0, 9)))


def alarm(urgency: Urgency = Urgency.HIGH) -> Incident:
    return Incident(
        id="I",
        number=1,
        title="t",
        service_id="S",
        status=Status.TRIGGERED,
        urgency=urgency,
        created_at=0,
        updated_at=0,
    )


def incident_of(decision: Decision) -> Incident:
    found = [entity for entity in decision.state if isinstance(entity, Incident)]
    assert len(found) == 1
    return found[0]


def climb(ladder: Ladder, resort: LastResort = RESORT) -> tuple[list[Fact], list[Decision]]:
    """Call every level when its time has come, until the policy is used up."""
    decisions = [start(alarm(), ladder.policy, ladder.people, resort, 0)]
    while (incident := incident_of(decisions[-1])).next_step is NextStep.ESCALATE:
        assert incident.timer_at is not None
        decisions.append(next_level(incident, ladder.policy, ladder.people, resort, incident.timer_at))
        assert len(decisions) <= 6 * 10 + 1, "it never ends"
    return [fact for decision in decisions for fact in decision.facts], decisions


def reached(facts: Sequence[Fact]) -> list[tuple[int, int]]:
    return [(fact.pass_number, fact.level) for fact in facts if isinstance(fact, LevelReached)]


@given(ladder=ladders())
def test_every_level_with_somebody_in_every_pass_in_order(ladder: Ladder) -> None:
    facts, _ = climb(ladder)
    levels = [level for level, there in enumerate(ladder.there, 1) if there]
    assert reached(facts) == [(turn, level) for turn in range(1, ladder.policy.passes + 1) for level in levels]


@given(ladder=ladders())
def test_the_last_resort_comes_exactly_once_and_last(ladder: Ladder) -> None:
    facts, decisions = climb(ladder)
    assert [type(fact) for fact in facts[-2:]] == [PolicyExhausted, LastResortReached]
    assert sum(isinstance(fact, PolicyExhausted) for fact in facts) == 1
    assert incident_of(decisions[-1]).next_step is NextStep.LAST_RESORT


@given(ladder=ladders())
def test_each_call_waits_for_its_whole_delay_from_when_it_was_made(ladder: Ladder) -> None:
    _, decisions = climb(ladder)
    now = 0
    for decision in decisions[:-1]:
        incident = incident_of(decision)
        assert incident.timer_at == now + ladder.delays[incident.level - 1] * MINUTE
        timers = [timer for timer in decision.timers if isinstance(timer, SetTimer)]
        assert [timer.due_at for timer in timers] == [incident.timer_at]
        now = incident.timer_at


@given(ladder=ladders())
def test_a_level_with_nobody_is_on_record_and_costs_no_time(ladder: Ladder) -> None:
    facts, decisions = climb(ladder)
    skipped = [fact for fact in facts if isinstance(fact, LevelSkipped)]
    assert all(not ladder.there[fact.level - 1] and fact.reason == "gone" for fact in skipped)
    if any(ladder.there):
        assert len(decisions) == sum(ladder.there) * ladder.policy.passes + 1
    else:
        assert [fact.level for fact in skipped] == list(range(1, len(ladder.delays) + 1)), "one look at each is enough"


@given(ladder=ladders())
def test_passes_are_announced(ladder: Ladder) -> None:
    facts, _ = climb(ladder)
    turns = [fact.pass_number for fact in facts if isinstance(fact, PassRepeated)]
    assert turns == (list(range(2, ladder.policy.passes + 1)) if any(ladder.there) else [])


@given(ladder=ladders())
def test_without_a_last_resort_it_ends_with_a_reason(ladder: Ladder) -> None:
    _, decisions = climb(ladder, LastResort(enabled=False, managers=(), owners=()))
    ended = incident_of(decisions[-1])
    assert (ended.timer_at, ended.timer_reason) == (None, NoTimer.EXHAUSTED)


@given(ladder=ladders())
def test_low_urgency_calls_one_level_and_waits_for_nothing(ladder: Ladder) -> None:
    decision = start(alarm(Urgency.LOW), ladder.policy, ladder.people, RESORT, 0)
    if any(ladder.there):
        assert incident_of(decision).timer_reason is NoTimer.LOW_URGENCY
        assert not any(isinstance(timer, SetTimer) for timer in decision.timers)
