"""What an event's way through a global path of 200 rules costs the engine: no rule matches, or only the last one."""

from __future__ import annotations

from time import process_time

from bench.live import median, share
from bench.pcl_bench import EVENT, NOW, expressions
from bench.report import Figure, Report
from tocsin.events.evaluate import Marks, Program, compiled, run, scene_of
from tocsin.events.model import Action, Event, Severity
from tocsin.events.orchestration import START, Actions, OrchestrationPath, OrchestrationRule, PathKind, RuleSet
from tocsin.kernel.time import Moment, Span

RULES = 200
AT_ONCE = 100
LAST = "event.severity matches 'critical' and event.custom_details.labels.team matches 'payments'"


class Nothing:
    """Implements `events.evaluate.Counts` for rules that count nothing."""

    def add(self, key: str, span: Span, now: Moment) -> None:
        """Nothing is counted."""

    def within(self, key: str, span: Span, now: Moment) -> int:
        """None."""
        return 0

    def clear(self, key: str) -> None:
        """Nothing to clear."""

    def variable(self, name: str) -> object:
        """There are none."""
        return None


def event() -> Event:
    """The event of `pcl_bench`, as a monitor's event is after it was read."""
    return Event(
        action=Action.TRIGGER,
        integration_id="PINTEGR",
        dedup_key="checkout-api/latency",
        severity=Severity.CRITICAL,
        summary=str(EVENT["summary"]),
        source=str(EVENT["source"]),
        component=str(EVENT["component"]),
        group=str(EVENT["group"]),
        event_class=str(EVENT["class"]),
        details=dict(EVENT["custom_details"]),  # type: ignore[arg-type]
        received_at=NOW,
    )


def program(last: str = "") -> Program:
    """200 rules, the last of which is `last` if given."""
    texts = expressions(RULES)
    if last:
        texts[-1] = last
    rules = tuple(
        OrchestrationRule(
            id=f"{number:08x}", label=f"Rule {number}", conditions=(text,), actions=Actions(severity="warning")
        )
        for number, text in enumerate(texts)
    )
    path = OrchestrationPath(parent_id="PORCH", kind=PathKind.GLOBAL, sets=(RuleSet(id=START, rules=rules),))
    return compiled(path)


def taken_us(one: Program, claimed: str, batches: int) -> list[float]:
    """Microseconds of the processor per event, its scene included, in each of some batches of events."""
    given, counts = event(), Nothing()
    found = []
    for _ in range(batches):
        marks = Marks()
        began = process_time()
        for _ in range(AT_ONCE):
            marks = Marks()
            run(one, scene_of(given, counts), marks, counts)
        found.append(1e6 * (process_time() - began) / AT_ONCE)
        assert [claim.rule_id for claim in marks.claims] == [claimed], marks.claims
    return found


def measure(report: Report, batches: int) -> None:
    """(j) Events through 200 rules."""
    for name, last, claimed in (("none matches", "", ""), ("the last matches", LAST, f"{RULES - 1:08x}")):
        taken = taken_us(program(last), claimed, batches)
        half = median(taken)
        note = f"p95 {share(taken, 0.95):.0f}, best {min(taken):.0f} us"
        words = f"an event through {RULES} rules, {name}, p50"
        report.add(Figure("j", words, half, "us", "under 100", half < 100, note))
