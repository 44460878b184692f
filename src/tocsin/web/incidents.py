"""The list of incidents: saved views, filters that live in the address, counts, and the same action for many."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from tocsin.directory.model import Urgency
from tocsin.incidents.messages import Acknowledge, Resolve
from tocsin.incidents.model import Status
from tocsin.kernel.decision import Command
from tocsin.kernel.errors import Invalid, TocsinError
from tocsin.runtime.reads import NEWEST_FIRST, IncidentFilter, SortBy
from tocsin.web.rows import rows_of
from tocsin.web.visit import Visit

PER_PAGE: Final = 50
MANY: Final = 100
"""Incidents that one form acts on at most."""

_OPEN = (Status.TRIGGERED, Status.ACKNOWLEDGED)
_STATES: Final[dict[str, tuple[Status, ...]]] = {
    "open": _OPEN,
    "triggered": (Status.TRIGGERED,),
    "acknowledged": (Status.ACKNOWLEDGED,),
    "resolved": (Status.RESOLVED,),
    "any": (),
}


@dataclass(frozen=True, slots=True)
class View:
    """A saved view: its name, address, how many it holds, and whether it is the one shown."""

    name: str
    path: str
    count: int
    here: bool


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the address asks for."""

    view: str
    state: str
    urgency: str
    service: str
    team: str
    oldest: bool
    page: int

    def path(self, page: int) -> str:
        """The address of a page of the same list."""
        values = {
            "view": self.view,
            "state": self.state,
            "urgency": self.urgency,
            "service": self.service,
            "team": self.team,
            "order": "oldest" if self.oldest else "",
            "page": str(page) if page > 1 else "",
        }
        query = urlencode({name: value for name, value in values.items() if value})
        return f"/incidents?{query}" if query else "/incidents"


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows are shown, and the addresses of the neighbouring pages ("" = none)."""

    first: int
    last: int
    total: int
    newer: str
    older: str


def incidents_page(visit: Visit, *, error: TocsinError | None = None, code: int = 200) -> Response:
    """`/incidents`."""
    chosen = _chosen(visit)
    wanted = _wanted(visit, chosen)
    order = ((SortBy.CREATED_AT, False),) if chosen.oldest else NEWEST_FIRST
    offset = (chosen.page - 1) * PER_PAGE
    listing = visit.site.reads.incidents(wanted, order=order, limit=PER_PAGE, offset=offset, want_total=True)
    total = listing.total or 0
    window = Window(
        offset + 1 if listing.items else 0,
        offset + len(listing.items),
        total,
        chosen.path(chosen.page - 1) if chosen.page > 1 else "",
        chosen.path(chosen.page + 1) if listing.more else "",
    )
    unfiltered = 0
    if not total:
        plain = replace(chosen, state="", urgency="", service="", team="")
        unfiltered = _total(visit, _wanted(visit, plain))
    return visit.page(
        "incidents.html",
        code,
        rows=rows_of(visit, listing.items),
        window=window,
        chosen=chosen,
        views=_views(visit, chosen),
        unfiltered=unfiltered,
        filters=_filter_words(visit, chosen),
        services=sorted(filter(visit.may_read, visit.config.services.values()), key=lambda one: one.name.casefold()),
        teams=sorted(filter(visit.may_read, visit.config.teams.values()), key=lambda one: one.name.casefold()),
        error=error,
    )


def act_on_many(visit: Visit) -> Response:
    """POST `/incidents`: acknowledge or resolve every one that was selected; says how many worked."""
    ids = visit.texts("id")[:MANY]
    back = visit.path
    verb = visit.text("do")
    if not ids:
        return incidents_page(visit, error=Invalid("Select at least one incident."), code=422)
    if verb not in ("acknowledge", "resolve"):
        raise Invalid("There is no such action.")
    done = 0
    refused: list[str] = []
    for incident_id in ids:
        command: Command = Acknowledge(incident_id=incident_id)
        if verb == "resolve":
            command = Resolve(incident_id=incident_id)
        try:
            visit.run(command)
            done += 1
        except TocsinError as error:
            refused.append(error.message)
    if refused:
        words = "acknowledged" if verb == "acknowledge" else "resolved"
        message = f"{done} {words}, {len(refused)} not."
        visit.config = visit.site.desk.config()
        return incidents_page(visit, error=Invalid(message, details=(message, *dict.fromkeys(refused))), code=409)
    return visit.go(back, f"many-{verb}.{done}")


def _chosen(visit: Visit) -> Chosen:
    number = visit.query("page")
    view = visit.query("view")
    state = visit.query("state")
    return Chosen(
        view=view if view in ("mine", "team", "unanswered", "all") else "",
        state=state if state in _STATES else "",
        urgency=visit.query("urgency") if visit.query("urgency") in ("high", "low") else "",
        service=visit.query("service"),
        team=visit.query("team"),
        oldest=visit.query("order") == "oldest",
        page=min(max(int(number), 1), 10_000) if number.isascii() and number.isdigit() and len(number) < 7 else 1,
    )


def _wanted(visit: Visit, chosen: Chosen) -> IncidentFilter:
    statuses = _STATES[chosen.state] if chosen.state else (() if chosen.view == "all" else _OPEN)
    if chosen.view == "unanswered":
        statuses = (Status.TRIGGERED,)
    teams: tuple[str, ...] = (chosen.team,) if chosen.team else ()
    if chosen.view == "team" and not teams:
        teams = _my_teams(visit)
    return IncidentFilter(
        statuses=statuses,
        urgencies=(Urgency(chosen.urgency),) if chosen.urgency else (),
        service_ids=(chosen.service,) if chosen.service else (),
        team_ids=teams,
        user_ids=(visit.me.id,) if chosen.view == "mine" else (),
        sight=visit.sight,
    )


def _my_teams(visit: Visit) -> tuple[str, ...]:
    """The reader's teams; a name that no team has when there are none, so that the view is empty and not full."""
    return tuple(member.team_id for member in visit.config.teams_of.get(visit.me.id, ())) or ("-",)


def _views(visit: Visit, chosen: Chosen) -> list[View]:
    empty = Chosen("", "", "", "", "", oldest=False, page=1)
    views = []
    for key, name in (("", "Open"), ("unanswered", "Unanswered"), ("mine", "Mine"), ("team", "Team"), ("all", "All")):
        choice = replace(empty, view=key)
        views.append(View(name, choice.path(1), _total(visit, _wanted(visit, choice)), chosen.view == key))
    return views


def _total(visit: Visit, wanted: IncidentFilter) -> int:
    return visit.site.reads.incidents(wanted, limit=1, want_total=True).total or 0


def _filter_words(visit: Visit, chosen: Chosen) -> list[str]:
    """The filters in force, as words."""
    words = []
    if chosen.state:
        words.append(f"State: {chosen.state}")
    if chosen.urgency:
        words.append(f"Urgency: {chosen.urgency}")
    if chosen.service:
        words.append(f"Service: {visit.names.service(chosen.service)}")
    if chosen.team:
        words.append(f"Team: {visit.names.team(chosen.team)}")
    return words
