"""The list of priorities, the one that matters most first; administrators change it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from starlette.responses import Response

from tocsin.directory.model import Priority
from tocsin.directory.permissions import Verb
from tocsin.engine.things import DeleteThing, SaveThing
from tocsin.kernel.errors import Invalid, NotFound, TocsinError
from tocsin.web.language import gettext as _
from tocsin.web.visit import Visit, status_of

_COLOR: Final = re.compile(r"#?([0-9A-Fa-f]{6})")


def priorities_page(visit: Visit, *, error: TocsinError | None = None, code: int = 200) -> Response:
    """`/priorities`; with `?change=` the form holds that one."""
    changed = visit.config.priorities.get(visit.text("id", 40) or visit.query("change"))
    typed = {name: visit.text(name, 2000) for name in ("name", "description", "color")}
    if changed is not None and error is None:
        typed = {"name": changed.name, "description": changed.description, "color": f"#{changed.color}"}
    return visit.page(
        "priorities.html",
        code,
        priorities=_in_order(visit),
        editable=visit.may(Verb.ADMINISTER),
        changed=changed,
        typed=typed,
        error=error,
    )


def _in_order(visit: Visit) -> list[Priority]:
    return sorted(visit.config.priorities.values(), key=lambda one: (one.order, one.name))


def save_priority(visit: Visit) -> Response:
    """POST `/priorities`: a new one at the end, or with `id` a change."""
    priority_id = visit.text("id", 40)
    try:
        color = _COLOR.fullmatch(visit.text("color", 20).strip() or "5F6A76")
        if color is None:
            raise Invalid(_("The colour is six digits and letters, like #C4271B."))
        last = max((one.order for one in visit.config.priorities.values()), default=-1)
        one = Priority(
            id=priority_id,
            name=visit.text("name", 300).strip(),
            description=visit.text("description", 2000).strip(),
            color=color[1].upper(),
            order=last + 1,
        )
        fields = ("name", "description", "color") if priority_id else ()
        visit.run(SaveThing(thing_kind="priority", thing=one, fields=fields))
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        return priorities_page(visit, error=error, code=status_of(error))
    return visit.go("/priorities", "saved")


def act_on_priority(visit: Visit) -> Response:
    """POST `/priorities/{id}/{up|down|remove}`."""
    every, action = _in_order(visit), visit.request.path_params["action"]
    place = next((at for at, one in enumerate(every) if one.id == visit.request.path_params["id"]), -1)
    if place < 0:
        raise NotFound(_("It was removed already."))
    if action == "remove":
        visit.run(DeleteThing(thing_kind="priority", thing_id=every[place].id))
        return visit.go("/priorities", "gone")
    if action not in ("up", "down"):
        raise NotFound(_("There is no such action."))
    to = place + (1 if action == "down" else -1)
    if 0 <= to < len(every):
        every[place], every[to] = every[to], every[place]
        for order, one in enumerate(every):
            if one.order != order:
                visit.run(SaveThing(thing_kind="priority", thing=replace(one, order=order), fields=("order",)))
    return visit.go("/priorities", "rule-moved")
