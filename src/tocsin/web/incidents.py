"""The list of incidents: saved views, filters that live in the address, counts, and the same action for many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from tocsin.directory.permissions import Verb
from tocsin.incidents.model import Incident, Status
from tocsin.kernel.errors import Invalid, TocsinError
from tocsin.kernel.time import Moment
from tocsin.runtime.reads import COUNTED, Count, IncidentFilter, Order, Slice
from tocsin.web.bulk import MANY, chosen_ids, command_for, run_many, summary
from tocsin.web.compose import people_to_call
from tocsin.web.incident import SNOOZES
from tocsin.web.incident_filter import (
    FILTERS,
    OPEN,
    ORDERS,
    STATES,
    URGENCIES,
    VIEWS,
    Chosen,
    at_of,
    chosen_of,
    filter_words,
    order_of,
    place_of,
    ranks_of,
    safely_wanted,
)
from tocsin.web.language import gettext as _
from tocsin.web.rows import lines_of
from tocsin.web.saved_views import views_for
from tocsin.web.visit import Visit, status_of

PER_PAGE: Final = 50
_NO_CHOICES: Final[dict[str, Any]] = {"can_select": False}
"""A page that is open already takes its rows only: what else it shows does not change, and costs as much again."""


@dataclass(frozen=True, slots=True)
class View:
    """A view that is always there: its name, address, how many it holds, and whether it is the one shown."""

    name: str
    path: str
    count: Count
    here: bool


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows are shown, and the addresses of the neighbouring pages ("" = none).

    `looked_to`: older ones were not looked through for the filter; `older` leads on from there.
    """

    shown: int
    total: Count | None
    newer: str
    older: str
    looked_to: Moment | None


def incidents_page(
    visit: Visit, *, error: TocsinError | None = None, code: int = 200, refused: dict[str, str] | None = None
) -> Response:
    """`/incidents`. `refused`: why something was not done to them, by their ids."""
    chosen = chosen_of(visit.query)
    asked, problem = safely_wanted(visit, chosen)
    order, ranks = order_of(chosen, asked), ranks_of(visit.config)
    back = bool(chosen.before)
    at = at_of(chosen.before or chosen.after)
    part = visit.site.reads.incidents_near(asked, order, at, ranks=ranks, limit=PER_PAGE, backwards=back)
    if back and not part.before and len(part.items) < PER_PAGE:
        # The beginning of the list has moved on meanwhile: a whole page of it.
        chosen = chosen.but()
        part = visit.site.reads.incidents_near(asked, order, ranks=ranks, limit=PER_PAGE)
    filters = filter_words(visit, chosen)
    hidden = Count(0)
    if not part.items and filters:
        hidden = _count(visit, safely_wanted(visit, chosen.plain)[0]) or hidden
    return visit.page(
        "incidents.html",
        code,
        rows=lines_of(visit, part.items),
        window=_window(visit, chosen, asked, order, part),
        chosen=chosen,
        order=order,
        views=_views(visit, chosen),
        saved=views_for(visit, chosen),
        hidden=hidden,
        filters=filters,
        refused=refused or {},
        others=_elsewhere(visit, part.items, refused or {}),
        error=error or problem,
        **(_NO_CHOICES if visit.is_refresh else _choices(visit, asked, part.items)),
    )


def act_on_many(visit: Visit) -> Response:
    """POST `/incidents`: the same for every one that was ticked, or for all that match; says how many it was."""
    chosen = chosen_of(visit.query)
    verb = visit.text("do", 20)
    try:
        asked, problem = safely_wanted(visit, chosen)
        if problem is not None:
            raise problem
        outcome = run_many(visit, chosen_ids(visit, asked), command_for(visit, verb))
    except TocsinError as error:
        return incidents_page(visit, error=error, code=status_of(error))
    if outcome.refused:
        visit.config = visit.site.desk.config()
        return incidents_page(visit, error=Invalid(summary(outcome)), code=409, refused=outcome.refused)
    span = f".{outcome.first}.{outcome.last}" if verb in ("acknowledge", "resolve", "snooze") else ""
    return visit.go(chosen.looking.path, f"many-{verb}.{outcome.done}{span}")


def _window(visit: Visit, chosen: Chosen, asked: IncidentFilter, order: Order, part: Slice[Incident]) -> Window:
    """Where the page stands in the list."""
    ranks, items = ranks_of(visit.config), part.items
    newer = older = ""
    if part.before:
        newer = chosen.but(before=place_of(items[0], order, ranks)).path if items else chosen.but().path
    if part.after and part.looked_to is not None and not chosen.before:
        older = chosen.but(after=f"0.{part.looked_to}.{0 if order is not Order.OLDEST else 2**62}").path
    elif part.after and items:
        older = chosen.but(after=place_of(items[-1], order, ranks)).path
    return Window(len(items), _count(visit, asked), newer, older, part.looked_to)


def _count(visit: Visit, asked: IncidentFilter) -> Count | None:
    """How many there are; None where counting would read the whole past."""
    plain = asked == IncidentFilter(statuses=asked.statuses, sight=visit.sight)
    if plain and asked.statuses in (OPEN, (Status.TRIGGERED,)):  # these are counted for every page
        counts = visit.open_counts
        return _at_most(counts.all if asked.statuses == OPEN else counts.triggered)
    if asked.is_open_only or (plain and not asked.statuses and asked.sight is None):
        return visit.site.reads.count_incidents(asked)
    return None


def _views(visit: Visit, chosen: Chosen) -> list[View]:
    views = []
    for key, name in VIEWS.items():
        choice = Chosen(view=key, select=chosen.select)
        count = _mine(visit) if key == "mine" else _count(visit, safely_wanted(visit, choice)[0])
        here = chosen.view == key and not any(getattr(chosen, one) for one in FILTERS)
        views.append(View(_(name), choice.path, count or Count(0, more=True), here))
    return views


def _mine(visit: Visit) -> Count:
    """How many the reader has, told by everybody's numbers: then all who have as many are shown one page."""
    return _at_most(visit.own_of(visit.site.reads.open_by_person(sight=visit.sight)))


def _at_most(number: int) -> Count:
    return Count(min(number, COUNTED), number > COUNTED)


def _elsewhere(visit: Visit, shown: tuple[Incident, ...], refused: dict[str, str]) -> list[tuple[int, str]]:
    """Numbers and reasons of those that were refused and do not stand on this page."""
    here = {incident.id for incident in shown}
    away = [one for one in refused if one not in here][:PER_PAGE]
    found = visit.site.reads.incidents_by_id(away)
    return [(found[one].number, refused[one]) for one in away if one in found]


def _choices(visit: Visit, asked: IncidentFilter, shown: tuple[Incident, ...]) -> dict[str, Any]:
    """What the filters and the actions for many offer."""
    config = visit.config
    may_act = visit.may(Verb.RESPOND) or any(visit.may(Verb.RESPOND, (team,)) for team in visit.standing.teams)
    people = people_to_call(visit)
    return {
        "states": STATES,
        "urgencies": URGENCIES,
        "orders": ORDERS,
        "services": sorted(filter(visit.may_read, config.services.values()), key=lambda one: one.name.casefold()),
        "teams": sorted(filter(visit.may_read, config.teams.values()), key=lambda one: one.name.casefold()),
        "people": people,
        "priorities": sorted(config.priorities.values(), key=lambda one: (one.order, one.name)),
        "snoozes": SNOOZES,
        "many": MANY,
        "can_select": may_act and any(incident.is_open for incident in shown),
        "all_can_be_chosen": asked.is_open_only,
        "can_rank": asked.is_open_only,
        "upto": visit.site.reads.newest_number(sight=visit.sight),
        "once": visit.site.ids.token(),
    }
