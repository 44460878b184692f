"""Workflows: what each does and when, what came of its last runs; and what a responder may have run on an incident.

Decides what a reader is offered. Changing one stands in `workflow_edit` and `workflow_steps`.
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
from tocsin.kernel.errors import Invalid, TocsinError
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import listed, sentence_case
from tocsin.web.language import gettext as _
from tocsin.web.language import ngettext
from tocsin.web.looks import Look
from tocsin.web.visit import Visit, status_of
from tocsin.web.workflow_steps import form_of
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
    """One workflow. `when`: its triggers in words; `steps`: the name of each, and whether it does something here."""

    workflow: Workflow
    team: str
    when: tuple[tuple[Trigger, str], ...]
    steps: tuple[tuple[str, bool], ...]
    runs: tuple[RunLine, ...]
    may_change: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that can be run on an incident: the value of its button, its name, and what it is."""

    value: str
    name: str
    what: str


def workflows_page(visit: Visit) -> Response:
    """`/workflows`; with `?change=` the form holds that one."""
    return show(visit)


def show(visit: Visit, *, error: TocsinError | None = None, changed_id: str = "") -> Response:
    """The page, with what was refused if something was."""
    found = [one for one in visit.config.workflows.workflows.values() if may_see(visit, one)]
    lines = [_line(visit, one) for one in sorted(found, key=lambda one: (one.name.casefold(), one.id))]
    asked = changed_id or visit.query("change")
    services = [one for one in visit.config.services.values() if visit.may_read(one)]
    teams = [team for team in visit.config.teams.values() if visit.may_read(team)]
    changed = next((line for line in lines if line.workflow.id == asked and line.may_change), None)
    lost: dict[str, list[Lost]] = {}
    for one in lost_names(visit.config, visit.now):
        if one.naming.kind == "workflow":
            lost.setdefault(one.naming.thing_id, []).append(one)
    return visit.page(
        "workflows.html",
        status_of(error) if error is not None else 200,
        lines=lines,
        lost=lost,
        changed=changed,
        seen=visit.config.kept[changed.workflow.id].updated_at if changed is not None else 0,
        step_form=form_of(visit, changed.workflow.steps) if changed is not None else None,
        actions=visit.site.actions,
        own_teams=[team for team in teams if visit.may(Verb.EDIT, (team.id,))],
        for_all=visit.may(Verb.EDIT),
        services=sorted(services, key=lambda one: one.name.casefold()),
        teams=sorted(teams, key=lambda team: team.name.casefold()),
        typed={name: visit.text(name, 20_000) for name in ("name", "description", "condition", "kind", "service")},
        error=error,
    )


def may_see(visit: Visit, workflow: Workflow) -> bool:
    """Whether the reader may know of it."""
    return visit.may(Verb.READ, workflow.team_ids)


def _line(visit: Visit, one: Workflow) -> WorkflowLine:
    triggers = visit.config.workflows.triggers_of.get(one.id, ())
    return WorkflowLine(
        workflow=one,
        team=listed(map(visit.names.team, one.team_ids)) if one.team_ids else "",
        when=tuple((each, when(visit, each)) for each in triggers),
        steps=tuple((step.name, is_known(step.action)) for step in one.steps),
        runs=tuple(_runs(visit, visit.site.reads.latest_runs(one.id, RUNS_SHOWN))),
        may_change=visit.may(Verb.EDIT, one.team_ids),
    )


def when(visit: Visit, trigger: Trigger) -> str:
    """When a trigger starts its workflow, as a sentence."""
    where = _where(visit, trigger)
    if trigger.kind is TriggerKind.MANUAL and trigger.only_team_id:
        words = _("by hand, on incidents %(where)s, by %(team)s only", where=where, team=_team(visit, trigger))
    elif trigger.kind is TriggerKind.MANUAL:
        words = _("by hand, on incidents %(where)s", where=where)
    elif trigger.kind is TriggerKind.INCIDENT_TYPE:
        types = listed(sorted(trigger.types))
        words = _("when an incident %(where)s becomes one of the type %(types)s", where=where, types=types)
    elif trigger.condition:
        words = _("when %(condition)s, on incidents %(where)s", condition=_clause(trigger.condition), where=where)
    else:
        words = _("when an incident %(where)s is opened", where=where)
    words = sentence_case(words)
    return _("%(when)s (switched off)", when=words) if trigger.disabled else words


def _team(visit: Visit, trigger: Trigger) -> str:
    return visit.names.team(trigger.only_team_id)


def _clause(condition: str) -> str:
    try:
        return pcl.explain(pcl.compile(condition, pcl.INCIDENT_ROOTS))
    except pcl.PclError:
        return condition


def _where(visit: Visit, trigger: Trigger) -> str:
    """Of which services: those that the reader may see by name, the others by their number."""
    if trigger.everywhere:
        return _("of any service")
    services = [visit.config.services[one] for one in trigger.service_ids if one in visit.config.services]
    seen = sorted((one.name for one in services if visit.may_read(one)), key=str.casefold)
    names, rest = seen[:SERVICES_NAMED], len(services) - len(seen[:SERVICES_NAMED])
    if not services:
        return _("of no service")
    if rest:
        return (
            _("of %(services)s and %(count)s more", services=", ".join(names), count=rest)
            if names
            else _("of %(count)s services that you don’t see", count=rest)
        )
    return _("of %(services)s", services=listed(names))


def _runs(visit: Visit, runs: Sequence[Run]) -> Iterable[RunLine]:
    incidents = visit.site.reads.incidents_by_id([run.incident_id for run in runs])
    for run in runs:
        incident = incidents.get(run.incident_id)
        if incident is not None and (visit.sight is None or set(incident.team_ids) & visit.sight.team_ids):
            by = _("by itself") if run.trigger_id else _("by %(who)s", who=visit.names.actor(run.started_by))
            yield RunLine(incident.number, run.started_at, by, look_of(run))


def look_of(run: Run) -> Look:
    """How a run went, at a glance."""
    undone = sum(1 for one in run.results if one.outcome is not Outcome.DONE)
    if run.is_running:
        return Look("clock", _("%(done)s of %(all)s steps", done=len(run.results), all=len(run.steps)), "quiet")
    if undone:
        words = _("%(undone)s of %(all)s steps not done", undone=undone, all=len(run.steps))
        return Look("suppressed", words, "quiet")
    return Look("resolved", _("Done"), "resolved")


# -- on an incident


def runnable(visit: Visit, incident: Incident) -> list[Offer]:
    """The workflows that this reader may start on the incident by hand, by name."""
    book = visit.config.workflows
    found = []
    for workflow_id, triggers in book.by_hand.items():
        one = book.workflows[workflow_id]
        covering = (each for each in triggers if each.covers(incident.service_id))
        if may_see(visit, one) and any(lets(visit.standing, each) for each in covering):
            steps = ngettext("%(num)s step", "%(num)s steps", len(one.steps))
            found.append(Offer(one.id, one.name, one.description or steps))
    return sorted(found, key=lambda offer: offer.name.casefold())


def callable_now(alerts: Iterable[Alert]) -> list[Offer]:
    """The web addresses that rules offer to call for these alerts."""
    every = [
        Offer(
            f"{alert.id}:{place}",
            call.name,
            _("%(host)s, for %(alert)s", host=host_of(call.url), alert=alert.summary[:60]),
        )
        for alert in alerts
        for place, call in offered(alert)
    ]
    return sorted(every, key=lambda offer: offer.name.casefold())


def start(visit: Visit, incident: Incident) -> Command:
    """The form of an incident that starts a workflow."""
    workflow_id = visit.text("workflow", 40)
    one = visit.config.workflows.workflows.get(workflow_id)
    if one is None or not may_see(visit, one):
        raise Invalid(_("Choose a workflow."))
    return StartWorkflow(workflow_id=one.id, incident_id=incident.id)


def call(visit: Visit, incident: Incident) -> Command:
    """The form of an incident that has a web address called."""
    alert_id, _colon, place = visit.text("call", 60).partition(":")
    if not (place.isascii() and place.isdigit() and len(place) <= 3):
        raise Invalid(_("Choose a webhook."))
    return MakeCall(incident_id=incident.id, alert_id=alert_id, place=int(place))
