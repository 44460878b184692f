"""Commands to and facts from the workflows station."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tocsin.kernel.decision import Command, Fact
from tocsin.workflows.model import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class StartWorkflow(Command):
    """Carry out a workflow's steps on an incident. The value: the run's id.

    By a trigger: which, why in words, and how deep below others it stands.
    """

    kind: ClassVar[str] = "workflow.start"
    workflow_id: str
    incident_id: str
    trigger_id: str = ""
    why: str = ""
    depth: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStep(Command):
    """The step at place `number` (from 0) of a run is next."""

    kind: ClassVar[str] = "workflow.run_step"
    run_id: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowStarted(Fact):
    """A run has begun. `why`: what started it by itself, "" = whoever acts did."""

    kind: ClassVar[str] = "workflow.started"
    run_id: str
    workflow_id: str
    name: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEnded(Fact):
    """A step of a run is over, done or not; `detail` says what was done, or why it was not."""

    kind: ClassVar[str] = "workflow.step_ended"
    run_id: str
    workflow: str
    step: str
    outcome: Outcome
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowCompleted(Fact):
    """Every step of a run is over; so many were done, so many were not."""

    kind: ClassVar[str] = "workflow.completed"
    run_id: str
    workflow_id: str
    name: str
    done: int
    not_done: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowHeldBack(Fact):
    """A trigger's time had come and its workflow was not started, because of a limit; `reason` in words."""

    kind: ClassVar[str] = "workflow.held_back"
    workflow_id: str
    name: str
    reason: str
