"""/incident_workflows, what starts them, the actions that their steps can name, and starting one by hand.

Decides that a trigger belongs to its workflow: it goes with it, and who may change that one may change it.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from tocsin.dialects.pagerduty import pages
from tocsin.dialects.pagerduty.call import Call, Routes, answer
from tocsin.dialects.pagerduty.errors import invalid
from tocsin.dialects.pagerduty.read.fields import ID_CHARS
from tocsin.dialects.pagerduty.read.kept import values_in
from tocsin.dialects.pagerduty.read.subscriptions import REDACTED
from tocsin.dialects.pagerduty.read.workflows import (
    ACTIONS,
    TRIGGER,
    WORKFLOW,
    Action,
    action_inputs,
    action_of,
)
from tocsin.dialects.pagerduty.resources.incidents import check_may, seen_incident
from tocsin.dialects.pagerduty.resources.keeping import Keeping, may_edit
from tocsin.dialects.pagerduty.write.refs import Refs, Wire, instant
from tocsin.dialects.pagerduty.write.subscriptions import host_alone
from tocsin.directory.kept import Kept
from tocsin.engine.workflow_actions import function_of
from tocsin.workflows.messages import StartWorkflow


def _of_workflow(call: Call, one: Kept, body: Wire) -> Wire:
    """Who may not change it sees of the web calls of its steps no headers, and the host alone."""
    steps = body.get("steps")
    shown = steps if steps is None or may_edit(call, one) else [_without_secrets(step) for step in steps]
    return {"created_at": instant(one.created_at), **({} if shown is None else {"steps": shown})}


def _without_secrets(step: Wire) -> Wire:
    action = step["action_configuration"]
    if function_of(action["action_id"]) != "send-webhook":
        return step
    inputs = [{**one, "value": _shown_of(one)} for one in action["inputs"] if isinstance(one, dict)]
    return {**step, "action_configuration": {**action, "inputs": inputs}}


def _shown_of(one: Wire) -> Any:
    value, name = one.get("value"), str(one.get("name", "")).casefold()
    if name in ("name", "parameters", "body", "payload"):
        return value
    return host_alone(value) if isinstance(value, str) and value.startswith(("https://", "http://")) else REDACTED


WORKFLOWS = Keeping(WORKFLOW, more=_of_workflow)
TRIGGERS = Keeping(
    TRIGGER,
    belongs="workflow",
    more=lambda _call, _one, body: {"trigger_type_name": str(body["trigger_type"]).replace("_", " ").capitalize()},
)


def service_added(call: Call) -> Response:
    """POST /incident_workflows/triggers/{id}/services."""
    trigger = TRIGGERS.one(call)
    service_id = call.fields("service").id()
    service = call.config.services.get(service_id or "")
    if service is None or not call.may_read(service):
        raise invalid(["Service not found"])
    wanted = list(dict.fromkeys([*values_in(trigger)["services"], service.id]))
    return TRIGGERS.answered(call, TRIGGERS.set(call, trigger, services=wanted), 201)


def service_removed(call: Call) -> Response:
    """DELETE /incident_workflows/triggers/{trigger_id}/services/{service_id}: what is left is shown."""
    call.path = {**call.path, "id": call.path["trigger_id"]}
    trigger = TRIGGERS.one(call)
    held = values_in(trigger)["services"]
    call.found(trigger, seen=call.path["service_id"] in held)
    left = [one for one in held if one != call.path["service_id"]]
    return TRIGGERS.answered(call, TRIGGERS.set(call, trigger, services=left))


def actions(call: Call) -> Response:
    """GET /incident_workflows/actions; `keyword` narrows."""
    keyword = call.query.get("keyword", "").casefold()
    found = sorted((one for one in ACTIONS if keyword in one.name.casefold()), key=pages.mark_of)
    limit = pages.limit_in(call.query)
    part, following = pages.after(found, call.query.get("cursor", ""), limit, pages.mark_of)
    keys = {"limit": limit, "next_cursor": following, "more": following is not None}
    return answer({"actions": [_action(call, one) for one in part], **keys})


def action_shown(call: Call) -> Response:
    """GET /incident_workflows/actions/{id}."""
    return answer({"action": _action(call, call.found(action_of(call.path["id"])))})


def started(call: Call) -> Response:
    """POST /incident_workflows/{id}/instances: a run on an incident. A client may give it an id of its own."""
    workflow = WORKFLOWS.one(call)
    fields = call.fields("incident_workflow_instance")
    fields.required("incident")
    reference, own_id = fields.reference("incident"), fields.text("id", ID_CHARS)
    fields.check()
    incident = seen_incident(call, reference or "")
    check_may(call, call.caller.actor, incident)
    run_id = call.run(StartWorkflow(workflow_id=workflow.id, incident_id=incident.id))
    refs = Refs(call.config, call.links)
    told = refs.incident(incident.id, incident.number, incident.title)
    instance = {"id": own_id or run_id, "type": "incident_workflow_instance", "incident": told}
    return answer({"incident_workflow_instance": instance}, 201)


def _action(call: Call, one: Action) -> Wire:
    return {
        **call.links.keys("action", one.id, one.name, f"incident_workflows/actions/{one.id}"),
        "html_url": None,
        "domain_name": one.domain,
        "package_name": one.package,
        "function_name": one.function,
        "version": one.version,
        "name": one.name,
        "description": one.description,
        "action_type": "action",
        "tags": [],
        "inputs": action_inputs(one),
        "outputs": [],
    }


ROUTES: Routes = (
    ("/incident_workflows/actions", {"GET": actions}),
    ("/incident_workflows/actions/{id}", {"GET": action_shown}),
    *TRIGGERS.routes(),
    ("/incident_workflows/triggers/{id}/services", {"POST": service_added}),
    ("/incident_workflows/triggers/{trigger_id}/services/{service_id}", {"DELETE": service_removed}),
    ("/incident_workflows/{id}/instances", {"POST": started}),
    *WORKFLOWS.routes(),
)
"""Path -> method -> handler."""
