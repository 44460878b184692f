"""A workflow's run: one time that its steps are carried out on one incident."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tocsin.kernel.actor import Actor
from tocsin.kernel.time import Moment


class Outcome(StrEnum):
    """What came of a step. None of them ends the run: the steps after it are still worth doing."""

    DONE = "done"  # it was carried out
    REFUSED = "refused"  # it could not be done to this incident, or what it names is not there
    IMPOSSIBLE = "impossible"  # there is no such action here


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step. `action` names what it does; `inputs`: names and texts, with places for the incident's fields."""

    id: str
    name: str
    action: str
    inputs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one step, and why if it was not done."""

    outcome: Outcome
    at: Moment
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run. Its steps are those that the workflow had when it began; a later change does not touch it.

    `results` has one for each step that is over: the next one is at its length. `trigger_id` "" = started by name.
    `depth`: 0 for one that nothing of a workflow caused, else one more than the run whose step did.
    """

    id: str
    workflow_id: str
    name: str
    incident_id: str
    started_by: Actor
    started_at: Moment
    trigger_id: str = ""
    why: str = ""
    depth: int = 0
    steps: tuple[Step, ...] = ()
    results: tuple[Result, ...] = ()
    finished_at: Moment | None = None

    @property
    def is_running(self) -> bool:
        """Whether a step is still to come."""
        return self.finished_at is None
