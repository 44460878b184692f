"""/incidents/{id}/notes: what people write. Decides the order: the newest first."""

from __future__ import annotations

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, Routes, answer, nothing
from tocsin.dialects.pagerduty.errors import not_found
from tocsin.dialects.pagerduty.resources.incidents import check_may, incident_in
from tocsin.dialects.pagerduty.write import incidents as write
from tocsin.dialects.pagerduty.write.refs import Refs
from tocsin.incidents.messages import AddNote, EditNote, RemoveNote
from tocsin.incidents.model import Incident
from tocsin.kernel.limits import NOTE_CHARS


def listed(call: Call) -> Response:
    """GET /incidents/{id}/notes."""
    refs = Refs(call.config, call.links)
    found = call.reads.notes(incident_in(call).id)
    return answer({"notes": [write.note(note, refs) for note in reversed(found)]})


def added(call: Call) -> Response:
    """POST /incidents/{id}/notes; answers 200."""
    actor = call.requester()
    incident = incident_in(call)
    content = _content(call)
    check_may(call, actor, incident)
    note_id = str(call.run(AddNote(incident_id=incident.id, text=content), actor))
    return _answer(call, incident, note_id)


def changed(call: Call) -> Response:
    """PUT /incidents/{id}/notes/{note_id}."""
    actor = call.requester()
    incident = incident_in(call)
    content, note_id = _content(call), call.path["note_id"]
    check_may(call, actor, incident)
    call.run(EditNote(incident_id=incident.id, note_id=note_id, text=content), actor)
    return _answer(call, incident, note_id)


def removed(call: Call) -> Response:
    """DELETE /incidents/{id}/notes/{note_id}."""
    actor = call.requester()
    incident = incident_in(call)
    check_may(call, actor, incident)
    call.run(RemoveNote(incident_id=incident.id, note_id=call.path["note_id"]), actor)
    return nothing()


def _content(call: Call) -> str:
    fields = call.fields("note")
    fields.required("content")
    content = fields.text("content", NOTE_CHARS) or ""
    fields.check()
    return content


def _answer(call: Call, incident: Incident, note_id: str) -> Response:
    for note in call.reads.notes(incident.id):
        if note.id == note_id:
            return answer({"note": write.note(note, Refs(call.config, call.links))})
    raise not_found()


ROUTES: Routes = (
    ("/incidents/{id}/notes", {"GET": listed, "POST": added}),
    ("/incidents/{id}/notes/{note_id}", {"PUT": changed, "DELETE": removed}),
)
"""Path -> method -> handler."""
