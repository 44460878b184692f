"""/incident_workflows, what starts them, and the actions that their steps can name. Kept for clients; none is ever run.

Decides that a trigger belongs to its workflow: it goes with it, and who may change that one may change it.
"""

from __future__ import annotations

from starlette.responses import Response

from tocsin.dialects.pagerduty import pages
from tocsin.dialects.pagerduty.call import Call, Routes, answer
from tocsin.dialects.pagerduty.errors import invalid
from tocsin.dialects.pagerduty.read.kept import values_in
from tocsin.dialects.pagerduty.read.workflows import ACTIONS, TRIGGER, WORKFLOW, Action, action_input
from tocsin.dialects.pagerduty.resources.keeping import Keeping
from tocsin.dialects.pagerduty.write.refs import Wire, instant

WORKFLOWS = Keeping(WORKFLOW, more=lambda _call, one, _body: {"created_at": instant(one.created_at)})
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
    found = call.found({one.id: one for one in ACTIONS}.get(call.path["id"]))
    return answer({"action": _action(call, found)})


def _action(call: Call, one: Action) -> Wire:
    return {
        **call.links.keys("action", one.id, one.name, f"incident_workflows/actions/{one.id}"),
        "html_url": None,
        "domain_name": "pagerduty.com",
        "package_name": "incident-workflows",
        "function_name": one.function,
        "version": 1,
        "name": one.name,
        "description": one.name,
        "action_type": "action",
        "tags": [],
        "inputs": [action_input(name, required=required) for name, required in one.inputs],
        "outputs": [],
    }


ROUTES: Routes = (
    ("/incident_workflows/actions", {"GET": actions}),
    ("/incident_workflows/actions/{id}", {"GET": action_shown}),
    *TRIGGERS.routes(),
    ("/incident_workflows/triggers/{id}/services", {"POST": service_added}),
    ("/incident_workflows/triggers/{trigger_id}/services/{service_id}", {"DELETE": service_removed}),
    *WORKFLOWS.routes(),
)
"""Path -> method -> handler."""
