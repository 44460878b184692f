"""Starts workflows and carries out their steps: by hand, and when an incident begins to be what a trigger waits for.

Decides who may start one by hand, and what "begins" means: that it is so after a command and all that followed from
it, and was not before. So a trigger fires once for each time that it becomes true, and nothing has to be remembered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from tocsin.directory.permissions import Standing, Verb, may
from tocsin.engine.config import Config
from tocsin.engine.incident_fields import DEFAULT_TYPE, scene_of
from tocsin.engine.on_incidents import incident_of
from tocsin.engine.workflow_actions import carry_out
from tocsin.engine.world import World
from tocsin.events import pcl
from tocsin.incidents.model import Incident
from tocsin.kernel.actor import SYSTEM, Actor
from tocsin.kernel.decision import Command, Decision
from tocsin.kernel.errors import Conflict, NotAllowed, NotFound
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import phrase, stored
from tocsin.workflows import decide
from tocsin.workflows.definition import Trigger, TriggerKind, Workflow
from tocsin.workflows.messages import RunStep, StartWorkflow


def start(world: World, actor: Actor, command: StartWorkflow, now: Moment) -> Decision:
    """Begin a run. Raises NotFound, Conflict past a limit, NotAllowed for those whom its triggers do not let."""
    workflow = workflow_of(world, command.workflow_id)
    incident = incident_of(world, command.incident_id)
    if not command.trigger_id:
        _check_may_start(world, actor, workflow, incident)
    runs = world.state.count_runs(incident.id)
    return decide.start(workflow, command, runs, run_id=world.ids.long(), actor=actor, now=now)


def run_step(world: World, _actor: Actor, command: RunStep, now: Moment) -> Decision:
    """Carry out one step. One that is over already is not done again."""
    run = world.state.run(command.run_id)
    if run is None or not run.is_running or command.number != len(run.results):
        return Decision()
    incident = world.state.incident(run.incident_id)
    if incident is None:
        return Decision()
    done = carry_out(world, incident, run.steps[command.number], now)
    return done.decision + decide.stepped(run, done.outcome, done.detail, now)


def workflow_of(world: World, workflow_id: str) -> Workflow:
    """The workflow. Raises NotFound."""
    found = world.config.workflows.workflows.get(workflow_id)
    if found is None:
        raise NotFound(phrase("There is no workflow %(workflow_id)s.", workflow_id=workflow_id))
    return found


def _check_may_start(world: World, actor: Actor, workflow: Workflow, incident: Incident) -> None:
    """A workflow that has triggers for people is started where, and by whom, one of them says.

    One without any is started by name, by whoever may respond to the incident and knows it.
    """
    triggers = world.config.workflows.by_hand.get(workflow.id, ())
    if not triggers:
        return
    covering = [one for one in triggers if one.covers(incident.service_id)]
    if not covering:
        raise Conflict(
            phrase("the workflow %(name)s is not for incidents of this service", name=workflow.name),
            reason="other_service",
        )
    standing = world.config.standing(actor)
    if standing is None or not any(lets(standing, one) for one in covering):
        raise NotAllowed("This workflow is started by members of its team only.", reason="not_of_team")


def lets(standing: Standing, trigger: Trigger) -> bool:
    """Whether a manual trigger lets somebody start it: one for a team only those who respond for that team."""
    return not trigger.only_team_id or may(standing, Verb.RESPOND, (trigger.only_team_id,))


def began(
    world: World, before: Mapping[str, Incident | None], depth: int, now: Moment
) -> Iterator[tuple[Actor, Command]]:
    """What starts because of how these incidents were before and are now."""
    for incident_id, was in before.items():
        incident = world.state.incident(incident_id)
        if incident is None:
            continue
        change = _Change(world.config, was, incident, now)
        for trigger in world.config.workflows.by_itself:
            why = _why(change, trigger) if trigger.covers(incident.service_id) else ""
            if why:
                yield (
                    SYSTEM,
                    StartWorkflow(
                        workflow_id=trigger.workflow_id,
                        incident_id=incident.id,
                        trigger_id=trigger.id,
                        why=why,
                        depth=depth,
                    ),
                )


def depth_below(world: World, command: Command) -> int:
    """How deep a workflow stands that this command leads to."""
    run = world.state.run(command.run_id) if isinstance(command, RunStep) else None
    return run.depth + 1 if run is not None else 0


@dataclass
class _Change:
    """An incident as it was (None: it is new) and as it is; looked at only as far as some trigger asks."""

    config: Config
    was: Incident | None
    incident: Incident
    now: Moment

    @cached_property
    def scene(self) -> pcl.Scene:
        """What conditions see of it now."""
        return scene_of(self.config, self.incident, self.now)

    @cached_property
    def scene_before(self) -> pcl.Scene:
        """What they would have seen before."""
        return scene_of(self.config, self.was or self.incident, self.now)


def _why(change: _Change, trigger: Trigger) -> str:
    """Why the trigger fires, in words; "" when it does not. One that covered nothing before begins when it does."""
    incident, was = change.incident, change.was
    if was is not None and not trigger.covers(was.service_id):
        was = None
    if trigger.kind is TriggerKind.INCIDENT_TYPE:
        began_now = _type(incident) in trigger.types and (was is None or _type(was) not in trigger.types)
        return stored("it is of the type %(type)s", type=_type(incident)) if began_now else ""
    if not trigger.condition:
        return stored("an incident was opened") if was is None else ""
    try:
        condition = pcl.compile(trigger.condition, pcl.INCIDENT_ROOTS)
    except pcl.PclError:
        return ""  # it could be read when it was saved
    if not condition.holds(change.scene) or (was is not None and condition.holds(change.scene_before)):
        return ""
    return pcl.explain(condition)


def _type(incident: Incident) -> str:
    return incident.type_name or DEFAULT_TYPE
