"""Workflows: what each does and when, what came of its last runs; and what a responder may have run on an incident.

Decides what a reader is offered. They are made and changed by programs, so there are no forms for that here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from tocsin.alerts.model import Alert
from tocsin.deliveries.messages import MakeCall
from tocsin.directory.permissions import Verb
from tocsin.engine.named import Lost, lost_names
from tocsin.engine.on_calls import host_of, offered
from tocsin.engine.on_workflows import lets
from tocsin.engine.workflow_actions import is_known
from tocsin.events import pcl
from tocsin.incidents.model import Incident
from tocsin.kernel.decision import Command
from tocsin.kernel.errors import Invalid
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import listed, sentence_case
from tocsin.web.looks import Look
from tocsin.web.visit import Visit
from tocsin.workflows.definition import Trigger, TriggerKind, Workflow
from tocsin.workflows.messages import StartWorkflow
from tocsin.workflows.model import Outcome, Run

RUNS_SHOWN: Final = 5
SERVICES_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run, on an incident that the reader may see."""

    number: int
    at: Moment
    words: str
    look: Look


@dataclass(frozen=True, slots=True)
class WorkflowLine:
    """One workflow. `steps`: the name of each, and whether it does something here."""

    workflow: Workflow
    team: str
    when: tuple[str, ...]
    steps: tuple[tuple[str, bool], ...]
    runs: tuple[RunLine, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that can be run on an incident: the value of its button, its name, and what it is."""

    value: str
    name: str
    what: str


def workflows_page(visit: Visit) -> Response:
    """`/workflows`."""
    found = [one for one in visit.config.workflows.workflows.values() if _may_see(visit, one)]
    lines = [_line(visit, flow) for flow in sorted(found, key=lambda one: (one.name.casefold(), one.id))]
    lost: dict[str, list[Lost]] = {}
    for one in lost_names(visit.config, visit.now):
        if one.naming.kind == "workflow":
            lost.setdefault(one.naming.thing_id, []).append(one)
    return visit.page("workflows.html", lines=lines, lost=lost)


def _may_see(visit: Visit, workflow: Workflow) -> bool:
    return visit.may(Verb.READ, workflow.team_ids)


def _line(visit: Visit, one: Workflow) -> WorkflowLine:
    triggers = visit.config.workflows.triggers_of.get(one.id, ())
    return WorkflowLine(
        workflow=one,
        team=listed(map(visit.names.team, one.team_ids)) if one.team_ids else "",
        when=tuple(when(visit, each) for each in triggers),
        steps=tuple((step.name, is_known(step.action)) for step in one.steps),
        runs=tuple(_runs(visit, visit.site.reads.latest_runs(one.id, RUNS_SHOWN))),
    )


def when(visit: Visit, trigger: Trigger) -> str:
    """When a trigger starts its workflow, as a sentence."""
    where = _where(visit, trigger)
    if trigger.kind is TriggerKind.MANUAL:
        only = f", by {visit.names.team(trigger.only_team_id)} only" if trigger.only_team_id else ""
        words = f"by hand, on incidents {where}{only}"
    elif trigger.kind is TriggerKind.INCIDENT_TYPE:
        words = f"when an incident {where} becomes one of the type {listed(sorted(trigger.types))}"
    elif trigger.condition:
        words = f"when {_clause(trigger.condition)}, on incidents {where}"
    else:
        words = f"when an incident {where} is opened"
    return sentence_case(words) + (" (switched off)" if trigger.disabled else "")


def _clause(condition: str) -> str:
    try:
        return pcl.explain(pcl.compile(condition, pcl.INCIDENT_ROOTS))
    except pcl.PclError:
        return condition


def _where(visit: Visit, trigger: Trigger) -> str:
    """Of which services: those that the reader may see by name, the others by their number."""
    if trigger.everywhere:
        return "of any service"
    services = [visit.config.services[one] for one in trigger.service_ids if one in visit.config.services]
    seen = sorted((one.name for one in services if visit.may_read(one)), key=str.casefold)
    names, rest = seen[:SERVICES_NAMED], len(services) - len(seen[:SERVICES_NAMED])
    return f"of {listed([*names, f'{rest} more'] if rest else names)}" if services else "of no service"


def _runs(visit: Visit, runs: Sequence[Run]) -> Iterable[RunLine]:
    incidents = visit.site.reads.incidents_by_id([run.incident_id for run in runs])
    for run in runs:
        incident = incidents.get(run.incident_id)
        if incident is not None and (visit.sight is None or set(incident.team_ids) & visit.sight.team_ids):
            by = f"by {visit.names.actor(run.started_by)}" if not run.trigger_id else "by itself"
            yield RunLine(incident.number, run.started_at, by, look_of(run))


def look_of(run: Run) -> Look:
    """How a run went, at a glance."""
    undone = sum(1 for one in run.results if one.outcome is not Outcome.DONE)
    if run.is_running:
        return Look("clock", f"{len(run.results)} of {len(run.steps)} steps", "quiet")
    if undone:
        return Look("suppressed", f"{undone} of {len(run.steps)} steps not done", "quiet")
    return Look("resolved", "Done", "resolved")


# -- on an incident


def runnable(visit: Visit, incident: Incident) -> list[Offer]:
    """The workflows that this reader may start on the incident by hand, by name."""
    book = visit.config.workflows
    found = []
    for workflow_id, triggers in book.by_hand.items():
        one = book.workflows[workflow_id]
        covering = (each for each in triggers if each.covers(incident.service_id))
        if _may_see(visit, one) and any(lets(visit.standing, each) for each in covering):
            steps = f"{len(one.steps)} {'step' if len(one.steps) == 1 else 'steps'}"
            found.append(Offer(one.id, one.name, one.description or steps))
    return sorted(found, key=lambda offer: offer.name.casefold())


def callable_now(alerts: Iterable[Alert]) -> list[Offer]:
    """The web addresses that rules offer to call for these alerts."""
    every = [
        Offer(f"{alert.id}:{place}", call.name, f"{host_of(call.url)}, for {alert.summary[:60]}")
        for alert in alerts
        for place, call in offered(alert)
    ]
    return sorted(every, key=lambda offer: offer.name.casefold())


def start(visit: Visit, incident: Incident) -> Command:
    """The form of an incident that starts a workflow."""
    workflow_id = visit.text("workflow", 40)
    one = visit.config.workflows.workflows.get(workflow_id)
    if one is None or not _may_see(visit, one):
        raise Invalid("Choose a workflow.")
    return StartWorkflow(workflow_id=one.id, incident_id=incident.id)


def call(visit: Visit, incident: Incident) -> Command:
    """The form of an incident that has a web address called."""
    alert_id, _, place = visit.text("call", 60).partition(":")
    if not (place.isascii() and place.isdigit() and len(place) <= 3):
        raise Invalid("Choose a webhook.")
    return MakeCall(incident_id=incident.id, alert_id=alert_id, place=int(place))
