"""Removing a schedule: its name is typed for it, and no policy may call it any more."""

from __future__ import annotations

from starlette.responses import Response

from tocsin.engine.things import DeleteThing
from tocsin.kernel.errors import Invalid, TocsinError
from tocsin.web.language import gettext as _
from tocsin.web.schedules.edit import edit_form
from tocsin.web.schedules.ground import editable
from tocsin.web.schedules.sheet import stored_sheet
from tocsin.web.visit import Visit, status_of


def remove(visit: Visit) -> Response:
    """POST `/schedules/{id}/delete` with the name typed."""
    schedule = editable(visit)
    try:
        if " ".join(visit.text("typed").split()) != " ".join(schedule.name.split()):
            raise Invalid(_("That is not its name. Nothing was removed."))
        visit.run(DeleteThing(thing_kind="schedule", thing_id=schedule.id))
    except TocsinError as error:
        return edit_form(visit, schedule, stored_sheet(visit, schedule), {}, error=error, code=status_of(error))
    return visit.go("/schedules", "schedule-gone")
