"""/incidents/{id}/status_updates: tell whoever subscribed how it stands."""

from __future__ import annotations

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, Routes, answer
from tocsin.dialects.pagerduty.read.fields import Fields
from tocsin.dialects.pagerduty.resources.incidents import check_may, incident_in
from tocsin.dialects.pagerduty.write.refs import Refs, instant
from tocsin.incidents.messages import PublishStatus
from tocsin.kernel.actor import ActorKind
from tocsin.kernel.limits import DESCRIPTION_CHARS, NAME_CHARS

HTML_CHARS = 65_536


def published(call: Call) -> Response:
    """POST /incidents/{id}/status_updates; answers 200."""
    actor = call.requester()
    incident = incident_in(call)
    fields = Fields(call.body())
    fields.required("message")
    message = (fields.text("message", DESCRIPTION_CHARS) or "").strip()
    if not message and not fields.problems:
        fields.wrong("Message cannot be empty")
    subject, html = fields.text("subject", NAME_CHARS) or "", fields.text("html_message", HTML_CHARS) or ""
    fields.check()
    check_may(call, actor, incident)
    wanted = PublishStatus(incident_id=incident.id, message=message, subject=subject, html=html)
    update_id = str(call.run(wanted, actor))
    body = {
        "id": update_id,
        "message": message,
        "created_at": instant(incident_in(call).updated_at),
        "sender": Refs(call.config, call.links).user(actor.id) if actor.kind is ActorKind.USER else None,
        "subject": subject or None,
        "html_message": html or None,
    }
    return answer({"status_update": body})


ROUTES: Routes = (("/incidents/{id}/status_updates", {"POST": published}),)
"""Path -> method -> handler."""
