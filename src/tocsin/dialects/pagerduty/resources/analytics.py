"""/analytics: numbers about incidents that began within a year at most, from their timelines.

Decides the bounds: so many incidents are measured in one request; a filter that finds more is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, Routes, answer
from tocsin.dialects.pagerduty.errors import invalid
from tocsin.dialects.pagerduty.measures import KINDS, Measures, is_major, measured, responses
from tocsin.dialects.pagerduty.read.fields import Fields
from tocsin.dialects.pagerduty.read.times import read_moment
from tocsin.dialects.pagerduty.resources.incidents import incident_in
from tocsin.dialects.pagerduty.write import analytics as write
from tocsin.dialects.pagerduty.write.refs import Wire, instant
from tocsin.directory.model import Urgency
from tocsin.incidents.model import Incident
from tocsin.kernel.time import DAY, SECOND, Moment, to_datetime
from tocsin.oncall import zone_named, zone_names
from tocsin.runtime.reads import IncidentFilter
from tocsin.runtime.sight import sight_of

T = TypeVar("T")

YEAR = 366 * DAY
MONTH = 30 * DAY
MEASURED = 5000
"""So many incidents are measured in one request."""

PAGE = 100
LARGEST_PAGE = 1000
UNITS = ("day", "week", "month")
_LEAST: Mapping[str, Callable[[Measures], int]] = {
    "min_ackowledgements": lambda one: one.acknowledgements,
    "min_timeout_escalations": lambda one: one.timeout_escalations,
    "min_manual_escalations": lambda one: one.manual_escalations,
}
"""The first is spelt as clients spell it."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a body asks: which incidents, in which order, in which zone."""

    sent: Fields
    filters: Fields
    since: Moment
    until: Moment
    zone: str
    descending: bool


def rows(kind: str, call: Call, *, whole: bool = False) -> Response:
    """POST /analytics/metrics/incidents/...: one row for each service, team or policy, or one for all of them."""
    asked = question(call, "created_at_start", "created_at_end")
    unit = asked.sent.choice("aggregate_unit", UNITS)
    order_by = asked.sent.text("order_by") or ""
    found = measures_of(call, asked)
    groups: dict[tuple[str, str], list[Measures]] = {}
    for one in found:
        start = begin_of(one.incident.created_at, unit, zone_named(asked.zone)) if unit else ""
        for owner in [""] if whole else _owners(kind, one.incident):
            groups.setdefault((start, owner), []).append(one)
    if whole and not groups and not unit:
        groups["", ""] = []
    data = [_row(call, kind, owner, start, some, asked) for (start, owner), some in sorted(groups.items())]
    if kind == "all":
        data = [
            {**line, **write.percentiles(some)} for line, (_, some) in zip(data, sorted(groups.items()), strict=True)
        ]
    if order_by and all(order_by in line for line in data):
        data.sort(key=lambda line: (line[order_by] is not None, line[order_by] or 0), reverse=asked.descending)
    return answer({"data": data, **echo(asked), "aggregate_unit": unit, "order_by": order_by or None})


def raw(call: Call) -> Response:
    """POST /analytics/raw/incidents: a row for each incident, a page at a time."""
    asked = question(call, "created_at_start", "created_at_end")
    order_by = asked.sent.choice("order_by", ("created_at", "seconds_to_resolve", "updated_at")) or "created_at"
    limit = limit_in(asked.sent)
    found = measures_of(call, asked)
    found.sort(key=lambda one: (_order(one, order_by), one.incident.number), reverse=asked.descending)
    part, keys = page_of(asked.sent, found, limit, lambda one: one.incident.id)
    data = [write.raw(one, call.config) for one in part]
    return answer({"data": data, **echo(asked), **keys, "order_by": order_by})


def raw_one(call: Call) -> Response:
    """GET /analytics/raw/incidents/{id}."""
    incident = incident_in(call)
    entries = call.reads.histories([incident.id], KINDS)[incident.id]
    return answer(write.raw(measured(incident, entries, call.config, call.now), call.config))


def raw_responses(call: Call) -> Response:
    """GET /analytics/raw/incidents/{id}/responses: who was called or asked, and when they answered."""
    incident = incident_in(call)
    entries = call.reads.histories([incident.id], KINDS)[incident.id]
    lines = []
    for one in responses(measured(incident, entries, call.config, call.now), entries):
        user = call.config.users.get(str(one["user_id"]))
        at: Any = one["at"]
        answered: Any = one["answered"]
        line = {"responder_id": one["user_id"], "responder_name": user.name if user is not None else None}
        line |= {"response_status": one["status"], "responder_type": one["type"], "requested_at": instant(at)}
        line |= {"responded_at": instant(answered)}
        line["time_to_respond_seconds"] = None if answered is None else max(0, answered - at) // SECOND
        lines.append(line)
    keys = {"limit": len(lines), "order": "asc", "order_by": "requested_at", "time_zone": "Etc/UTC"}
    return answer({"incident_id": incident.id, **keys, "responses": lines})


def question(call: Call, start: str, end: str) -> Question:
    """What the body asks. Raises ApiError with every problem."""
    sent = Fields(call.body())
    filters = sent.object("filters") or Fields({}, sent.problems)
    zone = sent.text("time_zone") or "Etc/UTC"
    if zone not in zone_names():
        sent.wrong("Time zone is invalid")
        zone = "Etc/UTC"
    until = read_moment(filters, end, zone_named(zone)) or call.now + 1
    since = read_moment(filters, start, zone_named(zone))
    since = until - MONTH if since is None else since
    if not since <= until <= since + YEAR:
        sent.wrong("The range of dates must be one year at most")
    order = sent.choice("order", ("asc", "desc"))
    return Question(sent, filters, since, until, zone, order != "asc")


def measures_of(call: Call, asked: Question) -> list[Measures]:
    """The incidents that the question is about, measured. Raises ApiError for more than are measured at once."""
    filters = asked.filters
    urgency = filters.choice("urgency", [one.value for one in Urgency])
    names = set(ids_in(filters, "priority_names"))
    priorities = set(ids_in(filters, "priority_ids"))
    priorities |= {one.id for one in call.config.priorities.values() if one.name in names}
    major, after = filters.truth("major"), read_moment(filters, "updated_after")
    least = {name: filters.whole(name) or 0 for name in _LEAST}
    index, types = call.config.fields, ids_in(filters, "incident_type_ids")
    kinds = {one and one.id for one in (index.types.get(wanted) or index.type_named(wanted) for wanted in types)}
    wanted = IncidentFilter(
        urgencies=(Urgency(urgency),) if urgency else (),
        service_ids=ids_in(filters, "service_ids"),
        team_ids=ids_in(filters, "team_ids"),
        policy_ids=ids_in(filters, "escalation_policy_ids"),
        since=asked.since,
        until=asked.until,
        sight=sight_of(call.caller.standing, call.caller.actor),
    )
    filters.check()
    found = call.reads.incidents(wanted, limit=MEASURED)
    if found.more:
        raise invalid([f"More than {MEASURED} incidents fit; ask for a shorter time or fewer services"])
    fit = [
        one
        for one in found.items
        if (not (names or priorities) or one.priority_id in priorities)
        and (after is None or one.updated_at > after)
        and (not types or ((kind := index.type_named(one.type_name)) is not None and kind.id in kinds))
    ]
    histories = call.reads.histories([one.id for one in fit], KINDS)
    every = [measured(one, histories[one.id], call.config, call.now) for one in fit]
    return [
        one
        for one in every
        if (major is None or is_major(one, call.config) is major)
        and all(_LEAST[name](one) >= number for name, number in least.items())
    ]


def page_of(sent: Fields, found: Sequence[T], limit: int, mark: Callable[[T], str]) -> tuple[Sequence[T], Wire]:
    """The part of a list after or before the mark that the body names, and what the answer says about it."""
    after, before = sent.text("starting_after"), sent.text("ending_before")
    sent.check()
    places = {mark(one): number for number, one in enumerate(found)}
    begin = places.get(after, -1) + 1 if after else 0
    end = places.get(before, len(found)) if before else len(found)
    if before and not after:
        begin = max(begin, end - limit)
    part = found[begin : min(end, begin + limit)]
    marks = [mark(one) for one in part]
    more = begin > 0 if before and not after else begin + limit < end
    return part, {"first": marks[0] if marks else "", "last": marks[-1] if marks else "", "limit": limit, "more": more}


def _row(call: Call, kind: str, owner: str, start: str, some: Sequence[Measures], asked: Question) -> Wire:
    line = write.row(some, call.config, asked.since, min(asked.until, call.now))
    line["range_start"] = start or None
    named: Mapping[str, Any] = {
        "services": call.config.services,
        "teams": call.config.teams,
        "escalation_policies": call.config.policies,
    }.get(kind, {})
    if owner:
        thing, word = named.get(owner), {"escalation_policies": "escalation_policy"}.get(kind, kind[:-1])
        line |= {f"{word}_id": owner, f"{word}_name": thing.name if thing is not None else None}
    return line


def _owners(kind: str, incident: Incident) -> Sequence[str]:
    if kind == "teams":
        return incident.team_ids
    return [incident.service_id if kind == "services" else incident.policy_id]


def begin_of(at: Moment, unit: str, zone: ZoneInfo) -> str:
    """When the day, week or month began that the moment lies in."""
    local = to_datetime(at).astimezone(zone)
    day = datetime(local.year, local.month, local.day)  # noqa: DTZ001 - a wall clock's date
    if unit == "week":
        day -= timedelta(days=local.weekday())
    return (day.replace(day=1) if unit == "month" else day).isoformat(timespec="seconds")


def _order(one: Measures, order_by: str) -> int:
    if order_by == "seconds_to_resolve":
        return one.to_resolve if one.to_resolve is not None else -1
    return one.incident.updated_at if order_by == "updated_at" else one.incident.created_at


def limit_in(sent: Fields, default: int = PAGE) -> int:
    """How many rows are asked for, as many as are given at once at most."""
    limit = sent.whole("limit")
    if limit is None:
        return default
    if limit < 1:
        sent.wrong("Limit must be at least 1")
    return min(limit, LARGEST_PAGE)


def ids_in(filters: Fields, name: str) -> tuple[str, ...]:
    """The texts of an array, each once."""
    values = filters.array(name)
    if any(not isinstance(value, str) for value in values):
        filters.wrong(f"{name} must be an array of strings")
        return ()
    return tuple(dict.fromkeys(values))


def echo(asked: Question) -> Wire:
    """What the answer repeats of the question."""
    return {
        "filters": dict(asked.filters.values),
        "time_zone": asked.zone,
        "order": "desc" if asked.descending else "asc",
    }


_METRICS = "/analytics/metrics/incidents"
ROUTES: Routes = (
    (f"{_METRICS}/all", {"POST": partial(rows, "all", whole=True)}),
    *(
        route
        for kind in ("services", "teams", "escalation_policies")
        for route in (
            (f"{_METRICS}/{kind}/all", {"POST": partial(rows, kind, whole=True)}),
            (f"{_METRICS}/{kind}", {"POST": partial(rows, kind)}),
        )
    ),
    ("/analytics/raw/incidents", {"POST": raw}),
    ("/analytics/raw/incidents/{id}", {"GET": raw_one}),
    ("/analytics/raw/incidents/{id}/responses", {"GET": raw_responses}),
)
"""Path -> method -> handler."""
