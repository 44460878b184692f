"""What the address of the list of incidents asks for: views, filters, order, and the place at which a page begins.

Decides how an address reads as a filter, and how a filter reads in words. Asks the database nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Final
from urllib.parse import urlencode

from tocsin.directory.model import Urgency
from tocsin.engine.config import Config
from tocsin.incidents.model import Incident, Status
from tocsin.kernel.errors import Invalid
from tocsin.runtime.reads import At, IncidentFilter, Order, rank_of
from tocsin.web.language import gettext as _
from tocsin.web.language import later
from tocsin.web.typed_times import moment_of
from tocsin.web.visit import Visit

OPEN: Final = (Status.TRIGGERED, Status.ACKNOWLEDGED)

STATES: Final[Mapping[str, tuple[tuple[Status, ...], str]]] = {
    "open": (OPEN, later("Open")),
    "triggered": ((Status.TRIGGERED,), later("Triggered")),
    "acknowledged": ((Status.ACKNOWLEDGED,), later("Acknowledged")),
    "resolved": ((Status.RESOLVED,), later("Resolved")),
    "any": ((), later("Any")),
}
"""States by their word in the address: what they mean and what they are called."""

URGENCIES: Final[Mapping[str, str]] = {"high": later("High"), "low": later("Low")}

ORDERS: Final[Mapping[str, str]] = {
    Order.NEWEST: later("Newest first"),
    Order.OLDEST: later("Oldest first"),
    Order.URGENT: later("High urgency first"),
    Order.PRIORITY: later("By priority"),
}

VIEWS: Final[Mapping[str, str]] = {
    "": later("Open"),
    "unanswered": later("Unanswered"),
    "mine": later("Mine"),
    "team": later("Team"),
    "all": later("All"),
}
"""The views that are always there."""

_NOBODY = "-"
"""An id that nothing has: a view of the reader's teams is empty, and not full, where they are in none."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the address asks for; "" = nothing. `since` and `until` are as typed, `after` and `before` are places.

    `select`: on a phone the rows are there to be ticked; no filter, and no part of a saved view.
    """

    view: str = ""
    state: str = ""
    urgency: str = ""
    priority: str = ""
    service: str = ""
    team: str = ""
    who: str = ""
    q: str = ""
    since: str = ""
    until: str = ""
    sort: str = ""
    after: str = ""
    before: str = ""
    select: str = ""

    @property
    def query(self) -> str:
        """The same behind the question mark of an address."""
        return urlencode({name: value for name in _NAMES if (value := getattr(self, name))})

    @property
    def path(self) -> str:
        """The address."""
        return f"/incidents?{self.query}" if self.query else "/incidents"

    def but(self, **changes: str) -> Chosen:
        """The beginning of the list with something else chosen."""
        return replace(self, **({"after": "", "before": ""} | changes))

    @property
    def plain(self) -> Chosen:
        """The view without filters."""
        return Chosen(view=self.view, sort=self.sort, select=self.select)

    @property
    def selecting(self) -> Chosen:
        """This page of the list, to tick rows of."""
        return replace(self, select="1")

    @property
    def looking(self) -> Chosen:
        """This page of the list, to look at."""
        return replace(self, select="")


_NAMES: Final = tuple(field.name for field in fields(Chosen))
FILTERS: Final = ("state", "urgency", "priority", "service", "team", "who", "q", "since", "until")
"""What can be chosen beside a view."""


def chosen_of(value: Callable[[str], str]) -> Chosen:
    """The choice from the parameters of an address; what means nothing is left out."""
    found = {name: value(name).strip() for name in _NAMES}
    found["sort"] = found["sort"] or value("order").strip()  # as older addresses had it
    for name, known in (("view", VIEWS), ("state", STATES), ("urgency", URGENCIES), ("sort", ORDERS)):
        if found[name] not in known or found[name] == Order.NEWEST:
            found[name] = ""
    for name in ("after", "before"):
        found[name] = found[name] if _place(found[name]) is not None else ""
    found["select"] = "1" if found["select"] else ""
    return Chosen(**found)


def _own(visit: Visit) -> str:
    """The reader's id; one of nobody for all who have no open incident, so that their lists are the same."""
    return visit.me.id if visit.is_among(visit.site.reads.open_by_person(sight=visit.sight)) else _NOBODY


def wanted(visit: Visit, chosen: Chosen) -> IncidentFilter:
    """The filter. Raises Invalid for a time that is none."""
    statuses = STATES[chosen.state][0] if chosen.state else (() if chosen.view == "all" else OPEN)
    if chosen.view == "unanswered":
        statuses = (Status.TRIGGERED,)
    teams: tuple[str, ...] = (chosen.team,) if chosen.team else ()
    if chosen.view == "team" and not teams:
        teams = visit.own_teams or (_NOBODY,)
    mine = chosen.view == "mine"
    people = tuple(filter(None, (_own(visit) if mine else "", chosen.who)))
    return IncidentFilter(
        statuses=statuses,
        urgencies=(Urgency(chosen.urgency),) if chosen.urgency else (),
        service_ids=(chosen.service,) if chosen.service else (),
        priority_ids=(chosen.priority,) if chosen.priority else (),
        team_ids=teams,
        user_ids=people[-1:],
        words=chosen.q,
        since=moment_of(visit.times, chosen.since, _("Since")) if chosen.since else None,
        until=moment_of(visit.times, chosen.until, _("Until")) if chosen.until else None,
        sight=visit.sight,
    )


def order_of(chosen: Chosen, asked: IncidentFilter) -> Order:
    """The order in force: by urgency or priority only what is open, of which there are never very many."""
    order = Order(chosen.sort or Order.NEWEST)
    return order if asked.is_open_only or order is Order.OLDEST else Order.NEWEST


def ranks_of(config: Config) -> dict[str, int]:
    """The ranks of priorities: what matters most has the highest."""
    return {one.id: -one.order for one in config.priorities.values()}


def place_of(incident: Incident, order: Order, ranks: Mapping[str, int]) -> str:
    """The place of an incident in the list, for an address."""
    return f"{rank_of(incident, order, ranks)}.{incident.created_at}.{incident.number}"


def at_of(text: str) -> At | None:
    """The place that stands in an address."""
    place = _place(text)
    return At(place[1], place[2], place[0]) if place else None


def _place(text: str) -> tuple[int, int, int] | None:
    parts = text.split(".")
    if len(parts) != 3 or len(text) > 60 or not text.isascii():
        return None
    try:
        rank, created_at, number = (int(part) for part in parts)
    except ValueError:
        return None
    return (rank, created_at, number) if all(abs(one) < 2**63 for one in (rank, created_at, number)) else None


@dataclass(frozen=True, slots=True)
class FilterWord:
    """A filter in force: in words, and the address of the list without it."""

    words: str
    without: str


def filter_words(visit: Visit, chosen: Chosen) -> list[FilterWord]:
    """The filters in force."""
    names = visit.names
    sentences = {
        "state": chosen.state and _("State: %(name)s", name=_(STATES[chosen.state or "any"][1])),
        "urgency": chosen.urgency and _("Urgency: %(name)s", name=_(URGENCIES.get(chosen.urgency, ""))),
        "priority": chosen.priority and _("Priority: %(name)s", name=names.priority(chosen.priority)),
        "service": chosen.service and _("Service: %(name)s", name=_service(visit, chosen.service)),
        "team": chosen.team and _("Team: %(name)s", name=_team(visit, chosen.team)),
        "who": chosen.who and _("Who has it: %(name)s", name=_person(visit, chosen.who)),
        "q": chosen.q and _("Text: %(text)s", text=chosen.q),
        "since": chosen.since and _("Since: %(time)s", time=chosen.since.replace("T", " ")),
        "until": chosen.until and _("Until: %(time)s", time=chosen.until.replace("T", " ")),
    }
    return [FilterWord(words, chosen.but(**{name: ""}).path) for name, words in sentences.items() if words]


def _service(visit: Visit, service_id: str) -> str:
    """Its name, for whoever may know of it."""
    found = visit.config.services.get(service_id)
    return visit.names.service(service_id) if found is None or visit.may_read(found) else _("a service of others")


def _team(visit: Visit, team_id: str) -> str:
    found = visit.config.teams.get(team_id)
    return visit.names.team(team_id) if found is None or visit.may_read(found) else _("a team of others")


def _person(visit: Visit, user_id: str) -> str:
    found = visit.config.users.get(user_id)
    return visit.names.person(user_id) if found is None or visit.may_read(found) else _("somebody")


def safely_wanted(visit: Visit, chosen: Chosen) -> tuple[IncidentFilter, Invalid | None]:
    """The filter, without the times where one of them is none; and what is wrong with it."""
    try:
        return wanted(visit, chosen), None
    except Invalid as error:
        return wanted(visit, replace(chosen, since="", until="")), error
