"""How each fact of the workflows station reads on a timeline. Decides wording only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import Fact
from tocsin.kernel.wording import Names, door, nphrase, phrase
from tocsin.workflows.messages import StepEnded, WorkflowCompleted, WorkflowHeldBack, WorkflowStarted
from tocsin.workflows.model import Outcome

Sentence: TypeAlias = Callable[[Actor, Any, Names], str]


def _started(actor: Actor, fact: WorkflowStarted, names: Names) -> str:
    if fact.why:
        return phrase("The workflow “%(name)s” starts: %(why)s", name=fact.name, why=phrase(fact.why))
    return phrase(
        "%(who)s started the workflow “%(name)s”%(door)s",
        who=names.actor(actor),
        name=fact.name,
        door=door(actor),
    )


def _step(_actor: Actor, fact: StepEnded, _names: Names) -> str:
    detail = phrase(": %(detail)s", detail=phrase(fact.detail)) if fact.detail else ""
    if fact.outcome is Outcome.DONE:
        return phrase("Step “%(step)s” of “%(name)s”%(detail)s", step=fact.step, name=fact.workflow, detail=detail)
    return phrase(
        "Step “%(step)s” of “%(name)s” was not done%(detail)s", step=fact.step, name=fact.workflow, detail=detail
    )


def _completed(_actor: Actor, fact: WorkflowCompleted, _names: Names) -> str:
    return nphrase(
        "The workflow “%(name)s” is over: %(num)s step done%(rest)s",
        "The workflow “%(name)s” is over: %(num)s steps done%(rest)s",
        fact.done,
        name=fact.name,
        rest=phrase(", %(count)s not", count=fact.not_done) if fact.not_done else "",
    )


def _held_back(_actor: Actor, fact: WorkflowHeldBack, _names: Names) -> str:
    return phrase("The workflow “%(name)s” did not start: %(reason)s", name=fact.name, reason=phrase(fact.reason))


SENTENCES: Mapping[type[Fact], Sentence] = {
    WorkflowStarted: _started,
    StepEnded: _step,
    WorkflowCompleted: _completed,
    WorkflowHeldBack: _held_back,
}
"""Every fact of this station."""
