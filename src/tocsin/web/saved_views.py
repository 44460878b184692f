"""Saved views: a person's own filters of the list of incidents, and those that their teams share.

Decides which are offered. What makes one valid, and whose it is to change, the engine says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

from starlette.responses import Response

from tocsin.directory.permissions import Verb
from tocsin.directory.views import SavedView
from tocsin.engine.things import DeleteThing, SaveThing
from tocsin.kernel.errors import Invalid, NotFound
from tocsin.web.incident_filter import Chosen, chosen_of
from tocsin.web.language import gettext as _
from tocsin.web.visit import Visit


@dataclass(frozen=True, slots=True)
class ViewLine:
    """A saved view as it is offered. `mine`: the reader may rename and remove it; `team`: who else finds it."""

    view: SavedView
    path: str
    here: bool
    mine: bool
    team: str


@dataclass(frozen=True, slots=True)
class Saved:
    """The saved views of a reader; whether what is shown could be one; the teams that it could be shared with."""

    views: tuple[ViewLine, ...]
    can_save: bool
    teams: tuple[tuple[str, str], ...]


def views_for(visit: Visit, chosen: Chosen) -> Saved:
    """What stands above the list."""
    config = visit.config
    teams = visit.own_teams
    query = chosen.but(select="").query
    own = {one.id for one in config.saved_views.values() if visit.is_among((one.user_id,))}
    found = [one for one in config.saved_views.values() if one.id in own or one.team_id in teams]
    lines = tuple(
        ViewLine(
            view=one,
            path=f"/incidents?{one.query}{'&select=1' if chosen.select else ''}",
            here=one.query == query,
            mine=one.id in own,
            team=visit.names.team(one.team_id) if one.team_id else "",
        )
        for one in sorted(found, key=lambda one: (one.id not in own, one.name.casefold()))
    )
    shared = tuple((one, visit.names.team(one)) for one in teams if visit.may(Verb.RESPOND, (one,)))
    is_new = bool(query) and query not in _STANDING and not any(line.here for line in lines)
    return Saved(lines, is_new, shared)


_STANDING: Final = frozenset(Chosen(view=one).query for one in ("unanswered", "mine", "team", "all"))
"""What is always there under a name."""


def save_view(visit: Visit) -> Response:
    """POST `/incidents/views`: keep the filter of the page under a name."""
    parts = {name: values[0] for name, values in parse_qs(visit.text("query", 1000)).items()}
    query = chosen_of(lambda name: parts.get(name, "")).but(select="").query
    if not query:
        raise Invalid(_("Choose a filter first: a view keeps one under a name."))
    name = " ".join(visit.text("name", 200).split())
    view = SavedView(id="", name=name, user_id=visit.me.id, query=query, team_id=visit.text("team", 40))
    visit.run(SaveThing(thing_kind="saved_view", thing=view))
    return visit.go(f"/incidents?{query}", "view-saved")


def remove_view(visit: Visit) -> Response:
    """POST `/incidents/views/{id}/remove`. A view that is not the reader's to remove does not exist for them."""
    view_id = visit.request.path_params["id"]
    view = visit.config.saved_views.get(view_id)
    if view is None or view.user_id != visit.me.id:
        raise NotFound(_("There is no such view of yours."))
    visit.run(DeleteThing(thing_kind="saved_view", thing_id=view_id))
    return visit.go("/incidents", "view-gone")
