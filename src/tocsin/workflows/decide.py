"""A run's life: begun, a step at a time, completed. Pure.

Decides that nothing runs for ever: how many runs an incident may have, and how many workflows may start each other in
a row. A step's outcome and the step itself are stored in one transaction, so each is done once, whatever dies.
"""

from __future__ import annotations

from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import Decision, SetTimer
from tocsin.kernel.errors import Conflict
from tocsin.kernel.limits import WORKFLOW_DEPTH, WORKFLOW_RUNS
from tocsin.kernel.time import Moment
from tocsin.kernel.values import replace
from tocsin.kernel.wording import phrase, stored
from tocsin.workflows.definition import Workflow
from tocsin.workflows.messages import (
    RunStep,
    StartWorkflow,
    StepEnded,
    WorkflowCompleted,
    WorkflowHeldBack,
    WorkflowStarted,
)
from tocsin.workflows.model import Outcome, Result, Run


def step_key(run_id: str) -> str:
    """The key of the timer for a run's next step."""
    return f"workflow:{run_id}"


def start(workflow: Workflow, command: StartWorkflow, runs: int, *, run_id: str, actor: Actor, now: Moment) -> Decision:
    """Begin a run; its first step is due at once. `runs`: how many the incident has had. The value is the run's id.

    Raises Conflict for a workflow that is disabled, and past a limit; a trigger's start is held back then, on record.
    """
    if not workflow.enabled:
        raise Conflict(phrase("the workflow %(name)s is disabled", name=workflow.name), reason="workflow_disabled")
    if problem := _limit(command, runs):
        if not command.trigger_id:
            raise Conflict(problem, reason="too_many_runs")
        return _held_back(workflow, command, problem)
    run = Run(
        id=run_id,
        workflow_id=workflow.id,
        name=workflow.name,
        incident_id=command.incident_id,
        started_by=actor,
        started_at=now,
        trigger_id=command.trigger_id,
        why=command.why,
        depth=command.depth,
        steps=workflow.steps,
    )
    fact = WorkflowStarted(
        incident_id=run.incident_id, run_id=run.id, workflow_id=workflow.id, name=workflow.name, why=command.why
    )
    begun = Decision(facts=(fact,), value=run.id)
    return begun + (_next(run, now) if run.steps else _completed(run, now))


def _limit(command: StartWorkflow, runs: int) -> str:
    if command.depth > WORKFLOW_DEPTH:
        return stored("more than %(count)s workflows in a row started each other", count=WORKFLOW_DEPTH)
    if runs >= WORKFLOW_RUNS:
        return stored("an incident has %(count)s runs of workflows at most", count=WORKFLOW_RUNS)
    return ""


def _held_back(workflow: Workflow, command: StartWorkflow, reason: str) -> Decision:
    fact = WorkflowHeldBack(incident_id=command.incident_id, workflow_id=workflow.id, name=workflow.name, reason=reason)
    return Decision(facts=(fact,))


def stepped(run: Run, outcome: Outcome, detail: str, now: Moment) -> Decision:
    """The next step of the run is over: then the one after it is due, or the run is completed."""
    step = run.steps[len(run.results)]
    result = Result(outcome=outcome, at=now, detail=detail)
    further = replace(run, results=(*run.results, result))
    fact = StepEnded(
        incident_id=run.incident_id,
        run_id=run.id,
        workflow=run.name,
        step=step.name,
        outcome=outcome,
        detail=detail,
    )
    over = len(further.results) == len(further.steps)
    return Decision(facts=(fact,)) + (_completed(further, now) if over else _next(further, now))


def _next(run: Run, now: Moment) -> Decision:
    command = RunStep(run_id=run.id, number=len(run.results))
    return Decision(state=(run,), timers=(SetTimer(step_key(run.id), now, command),))


def _completed(run: Run, now: Moment) -> Decision:
    done = sum(1 for one in run.results if one.outcome is Outcome.DONE)
    fact = WorkflowCompleted(
        incident_id=run.incident_id,
        run_id=run.id,
        workflow_id=run.workflow_id,
        name=run.name,
        done=done,
        not_done=len(run.results) - done,
    )
    return Decision(state=(replace(run, finished_at=now),), facts=(fact,))
