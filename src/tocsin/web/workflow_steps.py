"""The steps of a workflow: added, changed, moved and removed by forms.

Decides what a form of a step holds: its name, and each input of its action. What else a program put into a step stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from tocsin.directory.kept import Kept
from tocsin.engine.things import SaveThing
from tocsin.kernel.errors import Invalid, NotFound
from tocsin.web.language import gettext as _
from tocsin.web.site import ActionInput, StepAction
from tocsin.web.visit import Visit
from tocsin.workflows.definition import altered, input_key, steps_in
from tocsin.workflows.model import Step

STEPS: Final = 100
INPUT_CHARS: Final = 20_000


@dataclass(frozen=True, slots=True)
class InputLine:
    """One input of the form: `field` is its name there."""

    input: ActionInput
    field: str
    value: str


@dataclass(frozen=True, slots=True)
class StepForm:
    """The form of one step: a new one (`step_id` ""), or one that is there."""

    step_id: str
    action: StepAction
    name: str
    inputs: tuple[InputLine, ...]


def form_of(visit: Visit, steps: Iterable[Step]) -> StepForm | None:
    """The form that the address asks for: `?step=` for one that is there, `?action=` for a new one."""
    asked = visit.text("step", 80) or visit.query("step")
    step = next((one for one in steps if asked and one.id == asked), None)
    action_id = step.action if step is not None else visit.text("action", 200) or visit.query("action")
    action = _action(visit, action_id)
    if action is None:
        return None
    held = {input_key(name): value for name, value in step.inputs} if step is not None else {}
    inputs = tuple(
        InputLine(one, field, visit.text(field, INPUT_CHARS) or held.get(input_key(one.name), one.default))
        for place, one in enumerate(action.inputs)
        for field in [f"input-{place}"]
    )
    name = visit.text("name", 300) or (step.name if step is not None else action.name)
    return StepForm(step.id if step is not None else "", action, name, inputs)


def _action(visit: Visit, action_id: str) -> StepAction | None:
    """The action, in whatever version a step names it."""
    wanted = action_id.rpartition(":")[0]
    return next((one for one in visit.site.actions if wanted and one.id.rpartition(":")[0] == wanted), None)


def save(visit: Visit, one: Kept) -> str:
    """A new step at the end, or one as the form has it. Raises Invalid, NotFound."""
    steps, step_id = steps_in(one), visit.text("step", 80)
    action = _action(visit, visit.text("action", 200))
    if action is None:
        raise Invalid(_("Choose what the step does."))
    name = visit.text("name", 300).strip()
    if not name:
        raise Invalid(_("Give the step a name."))
    inputs = [
        {"name": each.name, "value": text}
        for place, each in enumerate(action.inputs)
        if (text := visit.text(f"input-{place}", INPUT_CHARS).strip())
    ]
    missing = [
        each.name for each in action.inputs if each.required and each.name not in {one["name"] for one in inputs}
    ]
    if missing:
        raise Invalid(_("Fill in: %(names)s", names=", ".join(missing)))
    if step_id:
        place = _place(steps, step_id)
        configuration = {**steps[place].get("action_configuration", {}), "inputs": inputs}
        steps[place] |= {"name": name, "action_configuration": configuration}
    elif len(steps) >= STEPS:
        raise Invalid(_("A workflow has at most %(count)s steps.", count=STEPS))
    else:
        configuration = {"action_id": action.id, "inputs": inputs}
        steps.append(
            {"id": visit.site.ids.short(), "type": "step", "name": name, "action_configuration": configuration}
        )
    return _store(visit, one, steps)


def move(visit: Visit, one: Kept) -> str:
    """One place up or down."""
    steps = steps_in(one)
    place = _place(steps, visit.text("step", 80))
    to = place + (1 if visit.text("to", 5) == "down" else -1)
    if 0 <= to < len(steps):
        steps[place], steps[to] = steps[to], steps[place]
    return _store(visit, one, steps)


def remove(visit: Visit, one: Kept) -> str:
    """It is no longer done."""
    steps = steps_in(one)
    del steps[_place(steps, visit.text("step", 80))]
    return _store(visit, one, steps)


def _place(steps: list[dict[str, Any]], step_id: str) -> int:
    place = next((place for place, step in enumerate(steps) if step_id and step.get("id") == step_id), None)
    if place is None:
        raise NotFound(_("It was removed already."))
    return place


def _store(visit: Visit, one: Kept, steps: list[dict[str, Any]]) -> str:
    """Raises Conflict when somebody has changed the workflow since the form was made."""
    seen = visit.text("seen", 20)
    seen_at = int(seen) if seen.isascii() and seen.isdigit() else None
    visit.run(SaveThing(thing_kind="kept", thing=altered(one, steps=steps), fields=("wire",), seen_at=seen_at))
    return "saved"
