"""/analytics about people: what responders had to do with incidents, how long they were on call, who there is.

Decides which people are shown: who had to do with an incident, or is called by a policy, that the caller may see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, Routes, answer
from tocsin.dialects.pagerduty.measures import Measures
from tocsin.dialects.pagerduty.on_call_time import OnCallTime, on_call_times
from tocsin.dialects.pagerduty.read.fields import Fields
from tocsin.dialects.pagerduty.read.people import ROLES
from tocsin.dialects.pagerduty.read.times import read_moment
from tocsin.dialects.pagerduty.resources.analytics import (
    UNITS,
    Question,
    begin_of,
    echo,
    ids_in,
    limit_in,
    measures_of,
    page_of,
    question,
)
from tocsin.dialects.pagerduty.write import analytics as write
from tocsin.dialects.pagerduty.write.refs import Wire
from tocsin.directory.model import User
from tocsin.oncall import zone_named, zone_names


def responders(call: Call) -> Response:
    """POST /analytics/metrics/responders/all: a row for each person who was called or helped, or was on call."""
    asked = question(call, "date_range_start", "date_range_end")
    wanted = set(ids_in(asked.filters, "responder_ids"))
    team_ids = set(ids_in(asked.filters, "team_ids"))
    found = measures_of(call, asked)
    return _rows(asked, _lines(call, asked, found, wanted, team_ids))


def responders_of_teams(call: Call) -> Response:
    """POST /analytics/metrics/responders/teams: a row for each person of each team's incidents and policies."""
    asked = question(call, "date_range_start", "date_range_end")
    wanted, chosen = set(ids_in(asked.filters, "responder_ids")), set(ids_in(asked.filters, "team_ids"))
    found = measures_of(call, asked)
    team_ids = {one for each in found for one in each.incident.team_ids}
    team_ids |= {one for policy in call.readable(call.config.policies.values()) for one in policy.team_ids}
    data: list[Wire] = []
    for team_id in sorted(team_ids & chosen if chosen else team_ids):
        team = call.config.teams.get(team_id)
        if team is not None and call.may_read(team):
            some = [one for one in found if team_id in one.incident.team_ids]
            data += _lines(call, asked, some, wanted, {team_id}, team_id)
    return _rows(asked, data)


def responder_incidents(call: Call) -> Response:
    """POST /analytics/raw/responders/{responder_id}/incidents: a row for each incident that a person had to do with."""
    person = call.config.users.get(call.path["responder_id"])
    person = call.found(person, seen=person is not None and call.may_read(person))
    asked = question(call, "created_at_start", "created_at_end")
    order_by = asked.sent.choice("order_by", ("incident_created_at",)) or "incident_created_at"
    limit = limit_in(asked.sent)
    found = [one for one in measures_of(call, asked) if person.id in _people(one)]
    found.sort(key=lambda one: (one.incident.created_at, one.incident.number), reverse=asked.descending)
    part, keys = page_of(asked.sent, found, limit, lambda one: one.incident.id)
    data = [write.responder_incident(person.id, one, call.config) for one in part]
    return answer({"data": data, "responder_id": person.id, **echo(asked), **keys, "order_by": order_by})


def users(call: Call) -> Response:
    """POST /analytics/metrics/users/all: how many people there are, and how many could be called.

    With an `aggregate_unit` a row for each day, week or month in which some of them were added.
    """
    sent = Fields(call.body())
    unit, zone = sent.choice("aggregate_unit", UNITS), _zone(sent)
    sent.choice("order", ("asc", "desc"))
    filters, people = _wanted(call, sent)
    groups: dict[str, list[User]] = {} if unit else {"": people}
    for one in people if unit else ():
        groups.setdefault(begin_of(one.created_at, unit or "", zone_named(zone)), []).append(one)
    facts = write.PeopleFacts(call.config)
    data = [{**facts.count(some), **({"range_start": start} if unit else {})} for start, some in sorted(groups.items())]
    return answer({"data": data, "filters": dict(filters.values), "time_zone": zone, "aggregate_unit": unit})


def raw_users(call: Call) -> Response:
    """POST /analytics/raw/users: a row for each person, a page at a time."""
    sent = Fields(call.body())
    zone, limit = _zone(sent), limit_in(sent, 1000)
    order, order_by = sent.choice("order", ("asc", "desc")) or "asc", sent.choice("order_by", _ORDERS) or "name"
    filters, people = _wanted(call, sent)
    people.sort(key=lambda one: (_ORDERS[order_by](one), one.id), reverse=order == "desc")
    part, keys = page_of(sent, people, limit, lambda one: one.id)
    facts = write.PeopleFacts(call.config)
    said = {"order": order, "order_by": order_by, "filters": dict(filters.values), "time_zone": zone}
    return answer({"data": [facts.raw(one) for one in part], **keys, **said})


_ORDERS: Mapping[str, Callable[[User], str]] = {
    "name": lambda one: one.name.casefold(),
    "user_name": lambda one: one.name.casefold(),
    "email": lambda one: one.email.casefold(),
    "created_at": lambda one: f"{one.created_at:020}",
}


def _lines(
    call: Call,
    asked: Question,
    some: Sequence[Measures],
    wanted: set[str],
    team_ids: set[str],
    team_id: str = "",
) -> list[Wire]:
    """A row for each person, of these incidents and of the policies of these teams (none named: all)."""
    policies = [
        one
        for one in call.readable(call.config.policies.values())
        if not team_ids or team_ids.intersection(one.team_ids)
    ]
    times = on_call_times(call.config, policies, asked.since, min(asked.until, call.now))
    people = dict.fromkeys(user_id for one in some for user_id in _people(one))
    on_call = (one for one in times or () if one in call.config.users and call.may_read(call.config.users[one]))
    people |= dict.fromkeys(on_call)
    nothing = OnCallTime() if times is not None else None
    return [
        write.responder(one, some, call.config, (times or {}).get(one, nothing), team_id)
        for one in people
        if not wanted or one in wanted
    ]


def _people(one: Measures) -> Sequence[str]:
    return (*one.assigned, *one.engaged, *one.notified)


def _rows(asked: Question, data: list[Wire]) -> Response:
    order_by = asked.sent.text("order_by") or "total_incident_count"
    asked.sent.check()
    if all(order_by in line for line in data):
        # Numbers and names are never mixed within one column.
        data.sort(key=lambda line: (line[order_by] is not None, line[order_by] or 0), reverse=asked.descending)
    return answer({"data": data, **echo(asked), "order_by": order_by})


def _zone(sent: Fields) -> str:
    zone = sent.text("time_zone") or "Etc/UTC"
    if zone in zone_names():
        return zone
    sent.wrong("Time zone is invalid")
    return "Etc/UTC"


def _wanted(call: Call, sent: Fields) -> tuple[Fields, list[User]]:
    """The filters, and the people who fit and may be seen. Raises ApiError with every problem."""
    filters = sent.object("filters") or Fields({}, sent.problems)
    team_ids, user_ids = set(ids_in(filters, "team_ids")), set(ids_in(filters, "user_ids"))
    role_ids = set(ids_in(filters, "role_ids"))
    roles = {role for name, role in ROLES.items() if name in role_ids}
    since = read_moment(filters, "created_at_start", zone_named("Etc/UTC"))
    until = read_moment(filters, "created_at_end", zone_named("Etc/UTC"))
    sent.check()
    members = {one.user_id for team_id in team_ids for one in call.config.members_of.get(team_id, ())}
    found = [
        one
        for one in call.config.users.values()
        if call.may_read(one)
        and (not team_ids or one.id in members)
        and (not user_ids or one.id in user_ids)
        and (not role_ids or one.role in roles)
        and (since is None or one.created_at >= since)
        and (until is None or one.created_at < until)
    ]
    return filters, found


ROUTES: Routes = (
    ("/analytics/metrics/responders/all", {"POST": responders}),
    ("/analytics/metrics/responders/teams", {"POST": responders_of_teams}),
    ("/analytics/metrics/users/all", {"POST": users}),
    ("/analytics/raw/responders/{responder_id}/incidents", {"POST": responder_incidents}),
    ("/analytics/raw/users", {"POST": raw_users}),
)
"""Path -> method -> handler."""
