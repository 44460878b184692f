"""A workflow is made, named, switched, given something that starts it, and removed. Its steps: `workflow_steps`.

Decides what a form asks for; who may have a workflow act where, the engine decides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from starlette.responses import Response

from tocsin.directory.kept import Kept
from tocsin.directory.permissions import Verb
from tocsin.engine.things import DeleteThing, SaveThing
from tocsin.events import pcl
from tocsin.kernel.errors import Invalid, NotAllowed, NotFound, TocsinError
from tocsin.kernel.limits import DESCRIPTION_CHARS
from tocsin.web import workflow_steps
from tocsin.web.language import gettext as _
from tocsin.web.visit import Visit
from tocsin.web.workflows import may_see, show, workflows_page
from tocsin.workflows.definition import TRIGGER, WORKFLOW, TriggerKind, altered

CONDITION_CHARS: Final = 4096


def act_on_workflow(visit: Visit) -> Response:
    """POST `/workflows/{id}/{action}`."""
    one = _found(visit)
    action = _ACTIONS.get(visit.request.path_params["action"])
    if action is None:
        raise NotFound(_("There is no such action."))
    try:
        word = action(visit, one)
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        return show(visit, error=error, changed_id=one.id)
    back = "/workflows" if word == "gone" else f"/workflows?change={one.id}#form"
    return visit.go(back, word)


def make(visit: Visit) -> Response:
    """POST `/workflows`: a new one, without steps, that nothing starts."""
    name, team_id = visit.text("name", 300).strip(), visit.text("team", 40)
    try:
        if not name:
            raise Invalid(_("Give it a name."))
        team = visit.config.teams.get(team_id)
        if team_id and (team is None or not visit.may_read(team)):
            raise Invalid(_("Choose a team."))
        blank = Kept(id="", resource=WORKFLOW, team_ids=(team_id,) if team_id else ())
        one = altered(blank, name=name, description=None, team=team_id or None, is_enabled=True, steps=[])
        made: Kept = visit.run(SaveThing(thing_kind="kept", thing=one))
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        return show(visit, error=error)
    return visit.go(f"/workflows?change={made.id}#form", "saved")


def _found(visit: Visit) -> Kept:
    """The workflow of the address. Raises NotFound, NotAllowed."""
    workflow = visit.config.workflows.workflows.get(visit.request.path_params["id"])
    if workflow is None or not may_see(visit, workflow):
        raise NotFound(_("There is no such workflow."))
    if not visit.may(Verb.EDIT, workflow.team_ids):
        raise NotAllowed(_("This workflow belongs to a team whose things you may not change."))
    return visit.config.kept[workflow.id]


def _save(visit: Visit, one: Kept) -> str:
    visit.run(SaveThing(thing_kind="kept", thing=one, fields=("name", "wire")))
    return "saved"


def _rename(visit: Visit, one: Kept) -> str:
    name, description = visit.text("name", 300).strip(), visit.text("description", DESCRIPTION_CHARS).strip()
    if not name:
        raise Invalid(_("Give it a name."))
    is_enabled = bool(visit.text("enabled", 2))
    return _save(visit, altered(one, name=name, description=description or None, is_enabled=is_enabled))


def _remove(visit: Visit, one: Kept) -> str:
    if visit.text("typed", 300).strip() != one.name:
        raise Invalid(_("Type the name exactly as it is."))
    visit.run(DeleteThing(thing_kind="kept", thing_id=one.id))
    return "gone"


def _add_trigger(visit: Visit, one: Kept) -> str:
    kind, service_id = visit.text("kind", 20), visit.text("service", 40)
    condition = visit.text("condition", CONDITION_CHARS + 1).strip() if kind == TriggerKind.CONDITIONAL else ""
    if kind not in (TriggerKind.MANUAL, TriggerKind.CONDITIONAL):
        raise Invalid(_("Choose what starts it."))
    service = visit.config.services.get(service_id)
    if service_id and (service is None or not visit.may_read(service)):
        raise Invalid(_("Choose a service."))
    _check(condition)
    only_team = visit.text("team", 40) if kind == TriggerKind.MANUAL else ""
    values: dict[str, Any] = {
        "trigger_type": kind,
        "workflow": one.id,
        "services": [service_id] if service_id else [],
        "is_subscribed_to_all_services": not service_id,
        "condition": condition or None,
        "permissions": {"restricted": bool(only_team), "team_id": only_team or None},
        "incident_types": [],
        "is_disabled": False,
    }
    made = altered(Kept(id="", resource=TRIGGER, parent_id=one.id), **values)
    visit.run(SaveThing(thing_kind="kept", thing=made))
    return "saved"


def _check(condition: str) -> None:
    if len(condition) > CONDITION_CHARS:
        raise Invalid(_("The condition is too long."))
    if not condition:
        return
    try:
        counts = pcl.compile(condition, pcl.INCIDENT_ROOTS).counters
    except pcl.PclError as error:
        text = _("The condition can’t be read: column %(column)s, %(why)s", column=error.column, why=error.message)
        raise Invalid(text) from None
    if counts:
        raise Invalid(_("The condition can’t count events."))


def _trigger(visit: Visit, one: Kept) -> Kept:
    found = visit.config.kept.get(visit.text("trigger", 40))
    if found is None or found.resource != TRIGGER or found.parent_id != one.id:
        raise NotFound(_("It was removed already."))
    return found


def _switch(visit: Visit, one: Kept) -> str:
    return _save(visit, altered(_trigger(visit, one), is_disabled=visit.text("to", 3) == "off"))


def _remove_trigger(visit: Visit, one: Kept) -> str:
    visit.run(DeleteThing(thing_kind="kept", thing_id=_trigger(visit, one).id))
    return "saved"


_ACTIONS: Final[dict[str, Callable[[Visit, Kept], str]]] = {
    "save": _rename,
    "remove": _remove,
    "trigger": _add_trigger,
    "switch": _switch,
    "trigger-remove": _remove_trigger,
    "step": workflow_steps.save,
    "step-move": workflow_steps.move,
    "step-remove": workflow_steps.remove,
}

ROUTES: Final[tuple[tuple[Any, ...], ...]] = (
    ("/workflows", workflows_page),
    ("/workflows", make, "POST"),
    ("/workflows/{id}/{action}", act_on_workflow, "POST"),
)
"""Path, page, and the method where it is not GET."""
