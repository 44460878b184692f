"""Promise: a workflow's steps are done in order, each once, whatever dies; what starts it, starts it once each time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.behaviour.cast import Cast
from tocsin.directory.custom_fields import BASE_TYPE, CustomField, DataType, IncidentType
from tocsin.directory.kept import Kept
from tocsin.directory.model import Priority, Role, TeamRole, Urgency
from tocsin.directory.subscriptions import WebhookSubscription
from tocsin.events.model import Action
from tocsin.incidents.field_messages import SetFields
from tocsin.incidents.help_messages import ResponderAdded
from tocsin.incidents.messages import (
    Acknowledge,
    NoteAdded,
    PriorityChanged,
    Resolve,
    SetPriority,
    SetType,
    SetUrgency,
    StatusPublished,
    UrgencyChanged,
)
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.errors import Conflict, NotAllowed, NotFound
from tocsin.kernel.limits import WORKFLOW_DEPTH, WORKFLOW_RUNS
from tocsin.runtime.reads import Reads
from tocsin.runtime.turn_inputs import Request
from tocsin.testing.world import World, as_user
from tocsin.workflows.messages import (
    StartWorkflow,
    StepEnded,
    WorkflowCompleted,
    WorkflowHeldBack,
    WorkflowStarted,
)
from tocsin.workflows.model import Outcome, Run


def step(action: str, name: str = "", **inputs: str) -> dict[str, Any]:
    """A step, as clients send it."""
    given = [{"name": key.replace("_", " ").title(), "value": value} for key, value in inputs.items()]
    configuration = {"action_id": f"pagerduty.com:incident-workflows:{action}:1", "inputs": given}
    return {"id": f"S-{name or action}", "name": name or action, "action_configuration": configuration}


def workflow(world: World, name: str, *steps: dict[str, Any], teams: tuple[str, ...] = (), **more: Any) -> Kept:
    wire = json.dumps({"steps": steps, **more})
    made: Kept = world.save(Kept(id="", resource="incident_workflow", name=name, wire=wire, team_ids=teams))
    return made


def starts(world: World, flow: Kept, kind: str = "conditional", **more: Any) -> Kept:
    """What starts the workflow, on every service unless told otherwise."""
    wire = {"trigger_type": kind, "workflow": flow.id, "is_subscribed_to_all_services": "services" not in more, **more}
    made: Kept = world.save(Kept(id="", resource="workflow_trigger", parent_id=flow.id, wire=json.dumps(wire)))
    return made


def priority(world: World, name: str) -> Priority:
    made: Priority = world.save(Priority(id="", name=name, order=len(world.config.priorities)))
    return made


def ended(world: World) -> list[tuple[str, Outcome]]:
    return [(fact.step, fact.outcome) for fact in world.facts(StepEnded)]


def runs(world: World) -> Sequence[Run]:
    return Reads(world.database).runs_of(world.incident().id)


def test_the_steps_are_done_in_order_and_told_on_the_timeline(world: World, cast: Cast) -> None:
    p1 = priority(world, "P1")
    flow = workflow(
        world,
        "Major incident",
        step("add-conference-bridge", conference_url="https://meet.example.com/1", conference_number="+1 555 0100"),
        step("change-priority", priority="p1"),
        step("add-note", note="Priority is {{incident.priority.summary}} on {{incident.service}}: {{incident.title}}"),
        step("send-status-update", message="We look into {{incident.title}}"),
        step("add-responders", responders=json.dumps([json.dumps({"id": cast.carol.id, "type": "user_reference"})])),
    )
    world.event(cast.monitor, summary="Disk full")
    run_id = world.does(cast.alice, StartWorkflow, workflow_id=flow.id)
    names = [one["name"] for one in json.loads(flow.wire)["steps"]]
    assert ended(world) == [(name, Outcome.DONE) for name in names]
    incident = world.incident()
    assert (incident.priority_id, incident.bridge.url if incident.bridge else "") == (
        p1.id,
        "https://meet.example.com/1",
    )
    assert [fact.text for fact in world.facts(NoteAdded)] == ["Priority is P1 on Checkout: Disk full"]
    assert [fact.message for fact in world.facts(StatusPublished)] == ["We look into Disk full"]
    assert [fact.user_id for fact in world.facts(ResponderAdded)] == [cast.carol.id]
    assert len(world.pages_to(cast.carol)) == 1
    (run,) = runs(world)
    assert (run.id, run.is_running, run.started_by.id) == (run_id, False, cast.alice.id)
    done: WorkflowCompleted = world.facts(WorkflowCompleted)[0]
    assert (done.name, done.done, done.not_done) == ("Major incident", 5, 0)
    by = {type(one.fact): one.actor for one in world.timeline(incident.id)}
    assert (by[WorkflowStarted].id, by[PriorityChanged], by[StepEnded]) == (cast.alice.id, SYSTEM, SYSTEM)


def test_a_crash_between_two_steps_neither_loses_nor_repeats_one(world: World, cast: Cast) -> None:
    flow = workflow(world, "Notes", *(step("add-note", f"n{number}", note=f"note {number}") for number in range(5)))
    world.event(cast.monitor)
    command = StartWorkflow(workflow_id=flow.id, incident_id=world.incident().id)
    world.loop.ask(Request("", as_user(cast.alice), command, lambda _text: None))
    for turns in range(1, 4):
        world.loop.turn()
        world.crash()
        assert len(world.facts(NoteAdded)) < 5, turns
    world.settle()
    assert [fact.text for fact in world.facts(NoteAdded)] == [f"note {number}" for number in range(5)]
    assert len(world.facts(WorkflowCompleted)) == 1


def test_what_can_not_be_done_is_said_and_the_next_step_is_done(world: World, cast: Cast) -> None:
    flow = workflow(
        world,
        "Half",
        step("create-slack-channel", workspace="W", channel_name="inc"),
        step("change-priority", priority="P9"),
        step("add-responders", responders="nobody@example.com"),
        step("add-note"),
        step("escalate", level="two"),
        step("add-note", "last", note="still here"),
        {**step("add-note", "elsewhere"), "action_configuration": {"action_id": "pagerduty.com:slack:add-note:1"}},
    )
    world.event(cast.monitor)
    world.does(cast.alice, StartWorkflow, workflow_id=flow.id)
    assert [outcome for _, outcome in ended(world)] == [
        Outcome.IMPOSSIBLE,
        Outcome.REFUSED,
        Outcome.REFUSED,
        Outcome.REFUSED,
        Outcome.REFUSED,
        Outcome.DONE,
        Outcome.IMPOSSIBLE,
    ]
    assert [fact.detail for fact in world.facts(StepEnded)][:5] == [
        "there is no such action here",
        "there is no priority P9",
        "there is no user or escalation policy nobody@example.com",
        "it has no note",
        "the level must be a number, not two",
    ]
    assert (world.facts(WorkflowCompleted)[0].done, world.facts(WorkflowCompleted)[0].not_done) == (1, 6)


def test_a_condition_starts_it_whenever_it_becomes_true(world: World, cast: Cast) -> None:
    p1, p2 = priority(world, "P1"), priority(world, "P2")
    starts(world, workflow(world, "Major", step("add-note", note="major")), condition="incident.priority matches 'P1'")
    world.event(cast.monitor)
    assert world.facts(WorkflowStarted) == []
    for wanted, count in ((p1, 1), (p1, 1), (p2, 1), (p1, 2), (None, 2)):
        world.does(cast.alice, SetPriority, priority_id=wanted.id if wanted else None)
        world.does(cast.alice, Acknowledge)
        assert len(world.facts(WorkflowStarted)) == count, wanted
    first: WorkflowStarted = world.facts(WorkflowStarted)[0]
    assert first.why == 'priority is "P1"'
    assert {run.started_by for run in runs(world)} == {SYSTEM}


def test_without_a_condition_it_starts_with_the_incident(world: World, cast: Cast) -> None:
    world.event(cast.monitor, "before")
    starts(world, workflow(world, "Always", step("add-note", note="opened")), condition=None)
    world.does(cast.alice, Acknowledge)
    world.event(cast.monitor, "after")
    world.does(cast.alice, Acknowledge, 2)
    assert [fact.incident_id for fact in world.facts(WorkflowStarted)] == [world.incident(2).id]


def test_an_incident_that_was_so_before_the_trigger_was_is_left_alone(world: World, cast: Cast) -> None:
    p1 = priority(world, "P1")
    world.event(cast.monitor)
    world.does(cast.alice, SetPriority, priority_id=p1.id)
    starts(world, workflow(world, "Late", step("add-note", note="x")), condition="incident.priority matches 'P1'")
    world.does(cast.alice, Acknowledge)
    assert world.facts(WorkflowStarted) == []


def test_a_type_starts_it_when_the_incident_becomes_one_of_it(world: World, cast: Cast) -> None:
    flow = workflow(world, "Security", step("add-note", note="locked"))
    starts(world, flow, "incident_type", incident_types=["security"])
    world.save(IncidentType(id="", name="security", display_name="Security", parent_id=BASE_TYPE.id))
    world.event(cast.monitor)
    world.does(cast.alice, SetType, type_name="security")
    world.does(cast.alice, Acknowledge)
    assert len(world.facts(WorkflowStarted)) == 1


def test_a_custom_field_starts_it_when_it_holds_what_is_asked_for(world: World, cast: Cast) -> None:
    region = world.save(CustomField(id="", name="region", display_name="Region", data_type=DataType.STRING))
    flow = workflow(world, "East", step("add-note", note="in {{incident.custom_fields.region}}"))
    starts(world, flow, condition="incident.custom_fields.region matches 'east'")
    world.event(cast.monitor)
    for value in ("west", "east", "east"):
        world.does(cast.alice, SetFields, values={region.id: value})
    assert len(world.facts(WorkflowStarted)) == 1
    world.advance(minutes=1)
    assert [fact.text for fact in world.facts(NoteAdded)] == ["in east"]


def test_it_concerns_the_services_of_its_trigger_only(world: World, cast: Cast) -> None:
    other, _ = world.service("Other", cast.policy)
    flow = workflow(world, "Elsewhere", step("add-note", note="x"))
    starts(world, flow, services=[other.id])
    starts(world, flow, "manual", services=[other.id])
    world.event(cast.monitor)
    assert world.facts(WorkflowStarted) == []
    with pytest.raises(Conflict):
        world.does(cast.alice, StartWorkflow, workflow_id=flow.id)


@pytest.mark.parametrize("switched", ["workflow", "trigger"])
def test_what_is_switched_off_starts_nothing(world: World, cast: Cast, switched: str) -> None:
    flow = workflow(world, "Off", step("add-note", note="x"), is_enabled=switched != "workflow")
    starts(world, flow, is_disabled=switched == "trigger")
    world.event(cast.monitor)
    assert world.facts(WorkflowStarted) == []
    if switched == "workflow":
        with pytest.raises(Conflict):
            world.does(cast.alice, StartWorkflow, workflow_id=flow.id)


def test_two_that_start_each_other_come_to_an_end(world: World, cast: Cast) -> None:
    priority(world, "P1")
    priority(world, "P2")
    up = workflow(world, "Up", step("change-priority", priority="P1"))
    down = workflow(world, "Down", step("change-priority", priority="P2"))
    starts(world, up, condition="incident.priority matches 'P2'")
    starts(world, down, condition="incident.priority matches 'P1'")
    world.event(cast.monitor)
    world.does(cast.alice, StartWorkflow, workflow_id=up.id)
    assert len(runs(world)) == WORKFLOW_DEPTH + 1
    held: WorkflowHeldBack = world.facts(WorkflowHeldBack)[0]
    assert "in a row" in held.reason
    world.does(cast.alice, Resolve)


def test_an_incident_has_only_so_many_runs(world: World, cast: Cast) -> None:
    flow = workflow(world, "Often")
    world.event(cast.monitor)
    for _ in range(WORKFLOW_RUNS):
        world.does(cast.alice, StartWorkflow, workflow_id=flow.id)
    with pytest.raises(Conflict, match="at most"):
        world.does(cast.alice, StartWorkflow, workflow_id=flow.id)


def test_who_may_start_one_by_hand(world: World, cast: Cast) -> None:
    admin = world.person("adam", role=Role.ADMIN)
    own = workflow(world, "Of the team", teams=(cast.team.id,))
    open_to_all = workflow(world, "Of nobody")
    others = world.team("Others", (cast.bob, TeamRole.RESPONDER))
    restricted = workflow(world, "Restricted")
    starts(world, restricted, "manual", permissions={"restricted": True, "team_id": others.id})
    world.event(cast.monitor)
    for person, flow in ((cast.alice, own), (cast.alice, open_to_all), (cast.bob, restricted), (admin, restricted)):
        world.does(person, StartWorkflow, workflow_id=flow.id)
    for person, flow in ((cast.mallory, open_to_all), (cast.alice, restricted)):
        with pytest.raises(NotAllowed):
            world.does(person, StartWorkflow, workflow_id=flow.id)
    with pytest.raises(NotFound):
        world.does(cast.alice, StartWorkflow, workflow_id="PNOBODY")
    assert len(world.facts(WorkflowStarted)) == 4


def test_nobody_has_a_workflow_run_on_services_of_others(world: World, cast: Cast) -> None:
    manager = world.person("mia", role=Role.MANAGER)
    team = world.team("Search", (manager, TeamRole.MANAGER))
    flow = workflow(world, "Ours", step("add-note", note="x"), teams=(team.id,))
    trigger = {"trigger_type": "conditional", "workflow": flow.id}
    for more in ({"services": [cast.service.id]}, {"is_subscribed_to_all_services": True}):
        made = Kept(id="", resource="workflow_trigger", parent_id=flow.id, wire=json.dumps({**trigger, **more}))
        with pytest.raises(NotAllowed):
            world.save(made, actor=as_user(manager))
    quiet: Kept = world.save(
        Kept(id="", resource="workflow_trigger", parent_id=flow.id, wire=json.dumps(trigger)), actor=as_user(manager)
    )
    wider = Kept(
        id=quiet.id,
        resource="workflow_trigger",
        parent_id=flow.id,
        wire=json.dumps({**trigger, "services": [cast.service.id]}),
    )
    with pytest.raises(NotAllowed):
        world.save(wider, "wire", actor=as_user(manager))


@pytest.mark.parametrize("reach", ["services", "is_subscribed_to_all_services"])
def test_what_an_admin_has_run_on_services_of_others_is_not_made_something_else(
    world: World, cast: Cast, reach: str
) -> None:
    manager = world.person("mia", role=Role.MANAGER)
    team = world.team("Search", (manager, TeamRole.MANAGER))
    flow = workflow(world, "Ours", step("add-note", note="x"), teams=(team.id,))
    where: dict[str, Any] = {reach: [cast.service.id] if reach == "services" else True}
    trigger = starts(world, flow, condition="incident.urgency matches 'high'", **where)
    wire = json.loads(trigger.wire)
    other_steps = replace(flow, wire=json.dumps({"steps": [step("resolve-incident")]}))
    other_condition = replace(trigger, wire=json.dumps({**wire, "condition": ""}))
    for changed in (other_steps, other_condition):
        with pytest.raises(NotAllowed):
            world.save(changed, "wire", actor=as_user(manager))
    world.save(replace(flow, name="Renamed"), "name", actor=as_user(manager))
    world.save(replace(trigger, wire=json.dumps({**wire, "is_disabled": True})), "wire", actor=as_user(manager))
    with pytest.raises(NotAllowed):
        world.save(trigger, "wire", actor=as_user(manager))
    world.save(other_steps, "wire", actor=as_user(manager))  # while nothing starts it


def test_a_workflow_that_is_off_is_not_set_going_on_services_of_others(world: World, cast: Cast) -> None:
    manager = world.person("mia", role=Role.MANAGER)
    team = world.team("Search", (manager, TeamRole.MANAGER))
    flow = workflow(world, "Ours", step("add-note", note="x"), teams=(team.id,), is_enabled=False)
    starts(world, flow, services=[cast.service.id])
    on = replace(flow, wire=json.dumps({**json.loads(flow.wire), "is_enabled": True}))
    with pytest.raises(NotAllowed):
        world.save(on, "wire", actor=as_user(manager))


def test_a_change_of_the_workflow_does_not_touch_a_run_that_began(world: World, cast: Cast) -> None:
    flow = workflow(world, "Changing", step("add-note", note="as it was"))
    world.event(cast.monitor)
    command = StartWorkflow(workflow_id=flow.id, incident_id=world.incident().id)
    world.loop.ask(Request("", as_user(cast.alice), command, lambda _text: None))
    world.loop.turn()
    world.delete(flow)
    assert [fact.text for fact in world.facts(NoteAdded)] == ["as it was"]


def test_a_step_that_raises_the_urgency_calls_people(world: World, cast: Cast) -> None:
    starts(
        world,
        workflow(world, "Loud", step("change-urgency", urgency="high")),
        condition="incident.urgency matches 'low'",
    )
    world.event(cast.monitor)
    world.does(cast.alice, SetUrgency, urgency=Urgency.LOW)
    assert [fact.urgency for fact in world.facts(UrgencyChanged)] == [Urgency.LOW, Urgency.HIGH]
    world.advance(minutes=6)
    assert len(world.pages_to(cast.bob)) == 1, "escalation goes on"


def test_subscribers_hear_of_its_beginning_and_its_end(world: World, cast: Cast) -> None:
    events = ("incident.workflow.started", "incident.workflow.completed")
    world.save(WebhookSubscription(id="", url="https://hooks.example.com/in", events=events))
    flow = workflow(world, "Told", step("add-note", note="x"))
    world.event(cast.monitor)
    world.does(cast.alice, StartWorkflow, workflow_id=flow.id)
    assert world.couriers.events() == list(events)
    told = [one for _, one in world.couriers.brought]
    assert {one.mention.title for one in told if one.mention} == {"Told"}


def test_what_stakeholders_are_added_hear_of_the_updates(world: World, cast: Cast) -> None:
    flow = workflow(
        world,
        "Tell",
        step("add-stakeholders", stakeholders=json.dumps([{"id": cast.team.id, "type": "team"}])),
        step("add-stakeholders", "again", stakeholders=json.dumps([{"id": cast.team.id, "type": "team"}])),
        step("send-status-update", message="news"),
    )
    world.event(cast.monitor)
    world.does(cast.alice, StartWorkflow, workflow_id=flow.id)
    assert [outcome for _, outcome in ended(world)] == [Outcome.DONE] * 3
    assert [(one.subscriber_id, one.is_team) for one in world.config.subscribers.values()] == [(cast.team.id, True)]


def test_it_can_give_the_incident_to_others_and_close_it(world: World, cast: Cast) -> None:
    other = world.policy("Second line", (5, cast.carol))
    flow = workflow(
        world,
        "Hand over",
        step("reassign", assignees=cast.bob.email),
        step("reassign", "policy", escalation_policy="second line"),
        step("resolve-incident", resolution="by itself"),
        step("add-responders", responders=cast.carol.name),
    )
    world.event(cast.monitor)
    world.does(cast.alice, StartWorkflow, workflow_id=flow.id)
    assert [outcome for _, outcome in ended(world)] == [Outcome.DONE] * 3 + [Outcome.REFUSED]
    incident = world.incident()
    assert (incident.policy_id, incident.is_open) == (other.id, False)
    assert "resolved" in world.facts(StepEnded)[-1].detail


@pytest.mark.parametrize(
    ("overwrite", "stays"),
    [
        ({}, True),
        ({"overwrite_existing_conference_bridge": "No"}, True),
        ({"overwrite_existing_conference_bridge": "Yes"}, False),
    ],
)
def test_a_bridge_that_is_there_stays_unless_a_step_says_otherwise(
    world: World, cast: Cast, overwrite: dict[str, str], stays: bool
) -> None:
    first = step("add-conference-bridge", "first", conference_number="+1 555 0100")
    flow = workflow(
        world,
        "Bridges",
        first,
        step("add-conference-bridge", "second", conference_number="+1 555 0101", **overwrite),
        step("add-conference-bridge", "third", conference_url="javascript:alert(1)"),
        step("add-conference-bridge", "fourth"),
    )
    world.event(cast.monitor)
    world.does(cast.alice, StartWorkflow, workflow_id=flow.id)
    assert [outcome for _, outcome in ended(world)] == [Outcome.DONE] * 2 + [Outcome.REFUSED] * 2
    bridge = world.incident().bridge
    assert (bridge.number if bridge else "") == ("+1 555 0100" if stays else "+1 555 0101")


def test_what_a_template_fills_in_is_never_looked_at_again(world: World, cast: Cast) -> None:
    flow = workflow(
        world, "Sly", step("add-note", note="{{incident.title}} {{incident.nothing}}{{7*7}}{{event.summary}}")
    )
    world.event(cast.monitor, summary="{{incident.id}} {% x %}")
    world.does(cast.alice, StartWorkflow, workflow_id=flow.id)
    assert [fact.text for fact in world.facts(NoteAdded)] == ["{{incident.id}} {% x %}"]


def test_an_incident_that_a_monitor_closes_meets_its_condition(world: World, cast: Cast) -> None:
    starts(
        world, workflow(world, "Over", step("add-note", note="over")), condition="incident.status matches 'resolved'"
    )
    world.event(cast.monitor)
    world.event(cast.monitor, action=Action.RESOLVE)
    assert [fact.text for fact in world.facts(NoteAdded)] == ["over"]
