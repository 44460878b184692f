"""Incident workflows and what starts them: the forms in which they are kept, and the actions that clients can name.

Decides which ids their steps have, and that a condition can be read. What runs is the engine's affair.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from tocsin.dialects.pagerduty.read.fields import Fields
from tocsin.dialects.pagerduty.read.kept import (
    ARRAY,
    NAME,
    OBJECT,
    Paging,
    Sort,
    Values,
    choice,
    long_text,
    reference,
    references,
    text,
    truth,
)
from tocsin.events import pcl
from tocsin.kernel.wording import word
from tocsin.workflows.definition import input_key

STEPS = 100
CONDITION_CHARS = 4096


def check_steps(fields: Fields, values: Values) -> None:
    """Every step has a name and an action; one that comes with its id keeps it, others are given one."""
    steps = Fields({"steps": values["steps"]}, fields.problems).objects("steps", "Step {}")
    if len(steps) > STEPS:
        fields.wrong(f"Steps must not be more than {STEPS}")
    taken = {str(step.values["id"]) for step in steps if step.values.get("id")}
    done = []
    for place, step in enumerate(steps):
        step.required("name", "action_configuration")
        name, action = step.text("name") or "", step.object("action_configuration") or Fields({}, fields.problems)
        action_id = action.text("action_id")
        action.required("action_id")
        inputs = action.values.get("inputs") or []
        if not isinstance(inputs, list) or not all(isinstance(one, dict) for one in inputs):
            action.wrong("Inputs must be an array of objects")
        step_id = step.text("id") or _step_id(f"{place}:{name}:{action_id}", taken)
        taken.add(step_id)
        configuration = {**action.values, "inputs": settled(action_id or "", inputs)}
        done.append({**step.values, "id": step_id, "type": "step", "action_configuration": configuration})
    values["steps"] = done


def _step_id(seed: str, taken: Collection[str]) -> str:
    """An id that follows from what the step is, so that the same request makes the same steps."""
    while True:
        digest = hashlib.sha256(seed.encode("utf-8", "replace")).hexdigest()
        if (found := f"P{digest[:12].upper()}") not in taken:
            return found
        seed = digest


def check_trigger(fields: Fields, values: Values) -> None:
    """A client that names services leaves out that it is not for all, and the other way round."""
    every = "is_subscribed_to_all_services"
    if fields.given("services") and not fields.given(every):
        values[every] = False
    if fields.given(every) and values[every]:
        values["services"] = []
    values["permissions"] = values["permissions"] or {"restricted": False, "team_id": None}
    if isinstance(values["permissions"], dict):
        permissions = Fields(values["permissions"], fields.problems)
        permissions.truth("restricted")
        permissions.text("team_id")
    types = values["incident_types"]
    if isinstance(types, list) and not all(isinstance(one, str) for one in types):
        fields.wrong("Incident types must be an array of strings")
    if fields.given("condition"):
        _check_condition(fields, values)


def _check_condition(fields: Fields, values: Values) -> None:
    """Only a conditional trigger has one; without any it starts with every incident."""
    condition = values["condition"]
    if not isinstance(condition, str) or not condition.strip():
        return
    if values["trigger_type"] != "conditional":
        fields.wrong("Condition is allowed for conditional triggers only")
        return
    try:
        counts = pcl.compile(condition, pcl.INCIDENT_ROOTS).counters
    except pcl.PclError as error:
        fields.wrong(f"Condition is invalid: column {error.column}: {error.message}")
    else:
        if counts:
            fields.wrong("Condition is invalid: it can't count events")


WORKFLOW = Sort(
    resource="incident_workflow",
    wrapper="incident_workflow",
    plural="incident_workflows",
    path="/incident_workflows",
    type="incident_workflow",
    fields={
        "name": NAME,
        "description": long_text(),
        "team": reference("team"),
        "is_enabled": truth(default=True),
        "steps": ARRAY,
    },
    check=check_steps,
)

TRIGGER = Sort(
    resource="workflow_trigger",
    wrapper="trigger",
    plural="triggers",
    path="/incident_workflows/triggers",
    type="workflow_trigger",
    fields={
        "trigger_type": choice("conditional", "manual", "incident_type", fixed=True),
        "workflow": reference("incident_workflow", "workflow_reference", fixed=True),
        "services": references("service", "service"),
        "is_subscribed_to_all_services": truth(),
        "condition": text(most=CONDITION_CHARS),
        "permissions": OBJECT,
        "incident_types": ARRAY,
        "is_disabled": truth(),
    },
    required=("trigger_type", "workflow"),
    paging=Paging.CURSOR,
    filters={"workflow_id": "workflow", "service_id": "services", "trigger_type": "trigger_type"},
    constants={"trigger_url": None},
    summary="",
    check=check_trigger,
)


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a step can name. `inputs`: names, each with whether it must be given.

    `domain`: whose word it is. Steps may name any version of it: all do the same here.
    `defaults`: what an input says that a step leaves out, where PagerDuty's Terraform provider expects one.
    """

    name: str
    function: str
    inputs: tuple[tuple[str, bool], ...]
    description: str
    domain: str = "pagerduty.com"
    version: int = 1
    created_at: int = 0
    package: str = "incident-workflows"
    defaults: tuple[tuple[str, str], ...] = ()

    @property
    def id(self) -> str:
        """`pagerduty.com:incident-workflows:send-status-update:1`."""
        return f"{self.domain}:{self.package}:{self.function}:{self.version}"


def action_of(action_id: str) -> Action | None:
    """The action that an id names, in the version that it names."""
    domain, _, rest = action_id.partition(":")
    package, _, name = rest.partition(":")
    function, _, version = name.partition(":")
    if not (version.isascii() and version.isdigit() and 1 <= len(version) <= 4):
        return None
    named = (domain, package, function)
    found = next((one for one in ACTIONS if (one.domain, one.package, one.function) == named), None)
    return replace(found, version=int(version)) if found is not None else None


def settled(action_id: str, inputs: Any) -> Any:
    """A step's inputs with those that it left out; where there are any, in the order of the catalogue.

    What another action's default is and this one doesn't have goes: Terraform carries it from step to step when steps
    move. Source: the acceptance tests of PagerDuty's Terraform provider, which marks such inputs as generated and minds
    no order.
    """
    action = action_of(action_id)
    if action is None or not isinstance(inputs, list):
        return inputs
    if not all(isinstance(one, dict) and isinstance(one.get("name"), str) for one in inputs):
        return inputs
    places = {input_key(name): place for place, (name, _) in enumerate(action.inputs)}
    carried = {input_key(name) for one in ACTIONS for name, _ in one.defaults} - places.keys()
    kept = [one for one in inputs if input_key(one["name"]) not in carried]
    given = {input_key(one["name"]) for one in kept}
    added = [{"name": name, "value": text} for name, text in action.defaults if input_key(name) not in given]
    if not action.defaults:
        return kept
    return sorted([*kept, *added], key=lambda one: places.get(input_key(one["name"]), len(places)))


OURS = "tocsin"

ACTIONS = (
    Action(
        word("Send Status Update"),
        "send-status-update",
        ((word("Message"), True),),
        word("Tells whoever subscribed how it stands"),
    ),
    Action(
        word("Add Responders"),
        "add-responders",
        ((word("Responders"), True), (word("Message"), False)),
        word("Asks others to help"),
    ),
    Action(
        word("Add Stakeholders"),
        "add-stakeholders",
        ((word("Stakeholders"), True),),
        word("They hear of status updates"),
    ),
    Action(
        word("Add Conference Bridge"),
        "add-conference-bridge",
        (
            (word("Conference Number"), False),
            (word("Conference URL"), False),
            (word("Overwrite existing conference bridge"), False),
        ),
        word("Says where people talk about it"),
        defaults=(("Overwrite existing conference bridge", "No"),),
    ),
    Action(
        word("Add Notes to Incident"), "add-notes-to-incident", ((word("Note"), True),), word("Writes on the timeline")
    ),
    Action(
        word("Create a Slack Channel"),
        "create-slack-channel",
        ((word("Workspace"), True), (word("Channel Name"), True)),
        word("Kept only: it is not done here, and every run says so"),
    ),
    Action(
        word("Loop Until"),
        "incident-workflows-loop-until",
        ((word("Condition"), True), (word("Delay between loops"), True), (word("Maximum loops"), False)),
        word("Kept only: it is not done here, and every run says so"),
        version=2,
        package="logic",
        defaults=(("Maximum loops", "20"),),
    ),
    Action(
        word("Change Priority"), "change-priority", ((word("Priority"), True),), word("Says how much it matters"), OURS
    ),
    Action(
        word("Change Urgency"),
        "change-urgency",
        ((word("Urgency"), True),),
        word("Makes it ask louder or more softly"),
        OURS,
    ),
    Action(word("Change Title"), "change-title", ((word("Title"), True),), word("Says better what it is"), OURS),
    Action(
        word("Reassign"),
        "reassign",
        ((word("Assignees"), True),),
        word("Gives it to people, or to an escalation policy"),
        OURS,
    ),
    Action(word("Escalate"), "escalate", ((word("Level"), False),), word("Calls the next level now"), OURS),
    Action(
        word("Resolve Incident"), "resolve-incident", ((word("Resolution"), False),), word("Says that it is over"), OURS
    ),
    Action(
        word("Send Webhook"),
        "send-webhook",
        ((word("URL"), True), (word("Name"), False), (word("Headers"), False), (word("Parameters"), False)),
        word("Calls a web address"),
        OURS,
    ),
)
"""A fixed list of what clients know by name, and what is ours; steps may name others too, which are not done."""


def action_inputs(action: Action) -> list[dict[str, Any]]:
    """The inputs of an action, with what they say by themselves."""
    defaults = dict(action.defaults)
    return [
        {"name": name, "description": name, "type": "text", "is_required": required, "is_hidden": False}
        | ({"default_value": defaults[name]} if name in defaults else {})
        for name, required in action.inputs
    ]
