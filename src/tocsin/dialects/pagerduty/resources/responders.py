"""/incidents/{id}/responder_requests: ask others to help, take it back, and answer.

Decides in whose name it is asked: `requester_id` names the person where the key stands for none.
"""

from __future__ import annotations

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, Routes, answer
from tocsin.dialects.pagerduty.errors import ApiError, invalid
from tocsin.dialects.pagerduty.read.fields import Fields, bare_type
from tocsin.dialects.pagerduty.resources.incidents import check_may, incident_in
from tocsin.dialects.pagerduty.write import responders as write
from tocsin.dialects.pagerduty.write.refs import Refs
from tocsin.incidents.help_messages import AnswerRequest, CancelRequests, RequestResponders
from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.kernel.limits import NOTE_CHARS

AT_ONCE = 100
"""People and policies in one request."""


def requested(call: Call) -> Response:
    """POST /incidents/{id}/responder_requests; answers 200."""
    incident = incident_in(call)
    check_may(call, call.requester(), incident)
    fields = Fields(call.body())
    fields.required("requester_id", "message", "responder_request_targets")
    message = fields.text("message", NOTE_CHARS) or ""
    user_ids, policy_ids = _targets(fields)
    fields.check()
    actor = _requester(call, fields)
    check_may(call, actor, incident)
    wanted = RequestResponders(incident_id=incident.id, message=message, user_ids=user_ids, policy_ids=policy_ids)
    request_id = str(call.run(wanted, actor))
    found = incident_in(call)
    request = next(one for one in found.requests if one.id == request_id)
    return answer({"responder_request": write.request(request, found, Refs(call.config, call.links))})


def cancelled(call: Call) -> Response:
    """PUT /incidents/{id}/responder_requests/cancel: what nobody has answered yet, with the result of each target."""
    incident = incident_in(call)
    check_may(call, call.requester(), incident)
    fields = Fields(call.body())
    fields.required("requester_id", "responder_request_targets")
    user_ids, policy_ids = _targets(fields)
    fields.check()
    actor = _requester(call, fields)
    check_may(call, actor, incident)
    results = call.run(CancelRequests(incident_id=incident.id, user_ids=user_ids, policy_ids=policy_ids), actor)
    lines = [
        {"type": f"{kind}_reference", "id": one, "result": results.get(one, "not_found")}
        for kind, ids in (("user", user_ids), ("escalation_policy", policy_ids))
        for one in ids
    ]
    return answer({"responder_request_targets": lines})


def replied(call: Call) -> Response:
    """PUT /incidents/{id}/responder_requests/reply: whoever was asked joins or declines."""
    actor = call.requester()
    incident = incident_in(call)
    fields = Fields(call.body())
    fields.required("state")
    state = fields.choice("state", ("joined", "declined"))
    fields.check()
    if actor != call.caller.actor:
        check_may(call, actor, incident)
    call.run(AnswerRequest(incident_id=incident.id, joins=state == "joined"), actor)
    found = incident_in(call)
    return answer({"incidents_responders": write.responders(found, Refs(call.config, call.links))})


def _targets(fields: Fields) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The people and the policies of a request; clients send each bare or in a wrapper of its own."""
    found: dict[str, list[str]] = {"user": [], "escalation_policy": []}
    items = fields.objects("responder_request_targets", "Target {}")
    if len(items) > AT_ONCE:
        raise ApiError(413, 2001, "Invalid Input Provided", [f"At most {AT_ONCE} targets can be named at once"])
    for item in items:
        target = item.object("responder_request_target") or item
        target_id, kind = target.id(of="responder_request_target"), bare_type(target.text("type"))
        if kind not in found:
            target.wrong("Type must be user_reference or escalation_policy_reference")
        elif target_id is not None:
            found[kind].append(target_id)
    return tuple(dict.fromkeys(found["user"])), tuple(dict.fromkeys(found["escalation_policy"]))


def _requester(call: Call, fields: Fields) -> Actor:
    """Whom it is asked as. Raises ApiError for an id that is nobody's, or not the caller's own."""
    user_id = fields.text("requester_id") or ""
    user = call.config.users.get(user_id)
    own = call.caller.key.user_id
    if fields.problems:
        raise invalid(fields.problems)
    if user is None or not user.active or own not in (None, user_id):
        raise ApiError(400, 2011, "Requester Invalid", ["Requester id must be that of the person who asks"])
    return call.caller.actor if own is not None else Actor(ActorKind.USER, user_id, Via.API)


ROUTES: Routes = (
    ("/incidents/{id}/responder_requests", {"POST": requested}),
    ("/incidents/{id}/responder_requests/cancel", {"PUT": cancelled}),
    ("/incidents/{id}/responder_requests/reply", {"PUT": replied}),
)
"""Path -> method -> handler."""
