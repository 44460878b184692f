"""How each fact of the workflows station reads on a timeline. Decides wording only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import Fact
from tocsin.kernel.wording import Names, door
from tocsin.workflows.messages import StepEnded, WorkflowCompleted, WorkflowHeldBack, WorkflowStarted
from tocsin.workflows.model import Outcome

Sentence: TypeAlias = Callable[[Actor, Any, Names], str]


def _started(actor: Actor, fact: WorkflowStarted, names: Names) -> str:
    if fact.why:
        return f"The workflow \u201c{fact.name}\u201d starts: {fact.why}"
    return f"{names.actor(actor)} started the workflow \u201c{fact.name}\u201d{door(actor)}"


def _step(_actor: Actor, fact: StepEnded, _names: Names) -> str:
    what = f"Step \u201c{fact.step}\u201d of \u201c{fact.workflow}\u201d"
    detail = f": {fact.detail}" if fact.detail else ""
    return f"{what}{detail}" if fact.outcome is Outcome.DONE else f"{what} was not done{detail}"


def _completed(_actor: Actor, fact: WorkflowCompleted, _names: Names) -> str:
    steps = f"{fact.done} {'step' if fact.done == 1 else 'steps'} done"
    return f"The workflow \u201c{fact.name}\u201d is over: {steps}" + (
        f", {fact.not_done} not" if fact.not_done else ""
    )


def _held_back(_actor: Actor, fact: WorkflowHeldBack, _names: Names) -> str:
    return f"The workflow \u201c{fact.name}\u201d did not start: {fact.reason}"


SENTENCES: Mapping[type[Fact], Sentence] = {
    WorkflowStarted: _started,
    StepEnded: _step,
    WorkflowCompleted: _completed,
    WorkflowHeldBack: _held_back,
}
"""Every fact of this station."""
