"""Incidents to look at: by filter, by id or number, and how many are open. Decides the order of equal rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, func, literal_column, or_, select

from tocsin.directory.model import Urgency
from tocsin.incidents.model import Incident, Status
from tocsin.kernel.time import Moment
from tocsin.storage import tables
from tocsin.storage.codec import load
from tocsin.storage.queries import whole
from tocsin.storage.queries.listing import Listing, Sight, counted, cut, has_words, of_people, of_teams, within
from tocsin.storage.queries.slices import Count, Slice, Walk, counted_to, taken

_T = tables.incidents.c
_IS_OPEN = _T.status != literal_column(f"'{Status.RESOLVED.value}'")
"""Within the statement itself: the index of what is open only serves one that names its condition."""

_LARGEST_NUMBER = 2**63 - 1


class SortBy(StrEnum):
    """What incidents can be ordered by."""

    NUMBER = "number"
    CREATED_AT = "created_at"
    RESOLVED_AT = "resolved_at"  # those that are open come last
    URGENCY = "urgency"  # ascending: low first


class Order(StrEnum):
    """How a list of incidents is walked. The last two look at every row: for incidents that are open."""

    NEWEST = "newest"
    OLDEST = "oldest"
    URGENT = "urgent"  # high first, the newest of each first
    PRIORITY = "priority"  # what matters most first


@dataclass(frozen=True, slots=True)
class At:
    """A place in a list of incidents: that of the incident with this number. `rank`: of its urgency or priority."""

    created_at: Moment
    number: int
    rank: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFilter:
    """Which incidents: empty = any. `user_ids` have it now; [since, until) is about `created_at`; no `sight` = all.

    `or_ids` belongs to `incident_key`: incidents that answer to the key for another reason. `words`: all of these stand
    in its title, or it is its number. `upto`: none that came later than the incident with this number.
    """

    statuses: tuple[Status, ...] = ()
    urgencies: tuple[Urgency, ...] = ()
    service_ids: tuple[str, ...] = ()
    team_ids: tuple[str, ...] = ()
    user_ids: tuple[str, ...] = ()
    policy_ids: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    incident_key: str = ""
    or_ids: tuple[str, ...] = ()
    since: Moment | None = None
    until: Moment | None = None
    sight: Sight | None = None
    priority_ids: tuple[str, ...] = ()
    words: str = ""
    upto: int = 0

    @property
    def is_open_only(self) -> bool:
        """Whether it asks for nothing that is over: then it is served by the index of what is open."""
        return bool(self.statuses) and Status.RESOLVED not in self.statuses


EVERY = IncidentFilter()
"""No filter at all."""

NEWEST_FIRST = ((SortBy.CREATED_AT, True),)
OLDEST_FIRST = ((SortBy.CREATED_AT, False),)


@dataclass(frozen=True, slots=True)
class OpenCounts:
    """How many incidents are open, by state and by urgency."""

    triggered: int = 0
    acknowledged: int = 0
    high: int = 0
    low: int = 0

    @property
    def all(self) -> int:
        """Every open incident."""
        return self.triggered + self.acknowledged


def find(
    connection: Connection,
    wanted: IncidentFilter,
    order: Sequence[tuple[SortBy, bool]],
    limit: int,
    offset: int,
    *,
    want_total: bool,
) -> Listing[Incident]:
    """One page of the incidents wanted. `order`: what by, and whether descending.

    The window is found on narrow columns first; only its rows are read whole.
    """
    statement = _where(select(_T.id), wanted)
    total = counted(connection, statement) if want_total else None
    window = statement.order_by(*_ordering(order)).limit(limit + 1).offset(offset)
    ids = connection.execute(window).scalars().all()
    by_id = by_ids(connection, ids[:limit])
    return cut(ids, limit, by_id.__getitem__, total)


def near(
    connection: Connection,
    wanted: IncidentFilter,
    order: Order,
    ranks: Mapping[str, int],
    at: At | None,
    limit: int,
    *,
    backwards: bool,
) -> Slice[Incident]:
    """At most `limit` of the incidents wanted, beyond a place. `ranks`: of priorities, the highest comes first."""
    place: tuple[int, ...] | None = None if at is None else (at.created_at, at.number)
    columns: tuple[ColumnElement[Any], ...] = (_T.created_at, _T.number)
    if order in (Order.URGENT, Order.PRIORITY):
        columns = (_rank(order, ranks), *columns)
        place = None if at is None else (at.rank, at.created_at, at.number)
    walk = Walk(columns=columns, descending=order is not Order.OLDEST, at=place, backwards=backwards)

    def decode(ids: Sequence[str]) -> tuple[Incident, ...]:
        found = by_ids(connection, ids)
        return tuple(found[one] for one in ids)

    bound_by = _T.created_at if _has_no_index(wanted) else None
    return taken(connection, _where(select(_T.id), wanted), walk, limit, decode, bound_by=bound_by)


def rank_of(incident: Incident, order: Order, ranks: Mapping[str, int]) -> int:
    """The rank by which an incident stands in a list of this order."""
    if order is Order.URGENT:
        return int(incident.urgency is Urgency.HIGH)
    return ranks.get(incident.priority_id or "", -1) if order is Order.PRIORITY else 0


def _rank(order: Order, ranks: Mapping[str, int]) -> ColumnElement[Any]:
    if order is Order.URGENT:
        return case((_T.urgency == Urgency.HIGH.value, 1), else_=0)
    return case(dict(ranks), value=_T.priority_id, else_=-1) if ranks else literal_column("-1")


def _has_no_index(wanted: IncidentFilter) -> bool:
    """Whether it may have to read very many incidents to find a few."""
    if wanted.is_open_only or wanted.ids or wanted.incident_key:
        return False
    sparse = (wanted.urgencies, wanted.team_ids, wanted.user_ids, wanted.policy_ids, wanted.priority_ids, wanted.words)
    return any(sparse) or wanted.sight is not None or wanted.upto > 0 or len(wanted.statuses) > 0


def count(connection: Connection, wanted: IncidentFilter, most: int) -> Count:
    """How many there are of the incidents wanted, counted as far as `most`."""
    return counted_to(connection, _where(select(_T.id), wanted), most)


def ids(connection: Connection, wanted: IncidentFilter, most: int) -> tuple[str, ...]:
    """The ids of the newest so many incidents wanted."""
    statement = _where(select(_T.id), wanted).order_by(_T.created_at.desc(), _T.number.desc()).limit(most)
    return tuple(connection.execute(statement).scalars())


def by_ids(connection: Connection, ids: Iterable[str]) -> dict[str, Incident]:
    """The incidents with these ids, those that exist."""
    found = (load(Incident, data) for data in whole.by_ids(connection, tables.incidents, ids))
    return {incident.id: incident for incident in found}


def one(connection: Connection, reference: str) -> Incident | None:
    """The incident with this id or, when the reference consists of digits, this number."""
    if reference.isascii() and reference.isdigit():
        number = int(reference[:20])
        if number > _LARGEST_NUMBER:
            return None
        statement = select(_T.data).where(_T.number == number)
    else:
        statement = select(_T.data).where(_T.id == reference)
    data = connection.execute(statement).scalar()
    return None if data is None else load(Incident, data)


def open_counts(connection: Connection, sight: Sight | None, team_ids: Sequence[str]) -> OpenCounts:
    """How many are open, of some teams if any are named."""
    wanted = IncidentFilter(team_ids=tuple(team_ids), sight=sight)
    statement = _where(select(_T.status, _T.urgency, func.count()), wanted).where(_IS_OPEN)
    counts = {"triggered": 0, "acknowledged": 0, "high": 0, "low": 0}
    for status, urgency, number in connection.execute(statement.group_by(_T.status, _T.urgency)):
        counts[status] += number
        counts[urgency] += number
    return OpenCounts(**counts)


def newest_number(connection: Connection, sight: Sight | None) -> int:
    """The number of the newest incident, 0 while there is none."""
    statement = _where(select(_T.number), IncidentFilter(sight=sight)).order_by(_T.number.desc()).limit(1)
    return int(connection.execute(statement).scalar() or 0)


def open_by_person(connection: Connection, sight: Sight | None) -> Mapping[str, int]:
    """How many open incidents each person has now who has any."""
    people = tables.incident_people.c
    statement = select(people.user_id, func.count()).group_by(people.user_id)
    if sight is not None:
        statement = statement.where(within(sight, people.incident_id))
    return {row[0]: row[1] for row in connection.execute(statement)}


def open_by_service(connection: Connection, service_ids: Collection[str] | None) -> Mapping[str, OpenCounts]:
    """How many are open on each service that has any, of these services if some are named."""
    statement = select(_T.service_id, _T.status, _T.urgency, func.count()).where(_IS_OPEN)
    if service_ids is not None:
        statement = statement.where(_T.service_id.in_(service_ids))
    found: dict[str, dict[str, int]] = {}
    for service_id, status, urgency, number in connection.execute(
        statement.group_by(_T.service_id, _T.status, _T.urgency)
    ):
        counts = found.setdefault(service_id, {"triggered": 0, "acknowledged": 0, "high": 0, "low": 0})
        counts[status] += number
        counts[urgency] += number
    return {service_id: OpenCounts(**counts) for service_id, counts in found.items()}


def last_created(connection: Connection, service_id: str) -> Moment | None:
    """When the service's newest incident began."""
    found: Moment | None = connection.execute(
        select(func.max(_T.created_at)).where(_T.service_id == service_id)
    ).scalar()
    return found


def _where(statement: Select[Any], wanted: IncidentFilter) -> Select[Any]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.is_open_only:
        conditions.append(_IS_OPEN)
    for column, values in (
        (_T.status, [status.value for status in wanted.statuses]),
        (_T.urgency, [urgency.value for urgency in wanted.urgencies]),
        (_T.service_id, list(wanted.service_ids)),
        (_T.policy_id, list(wanted.policy_ids)),
        (_T.id, list(wanted.ids)),
        (_T.priority_id, list(wanted.priority_ids)),
    ):
        if values:
            conditions.append(column.in_(values))
    if wanted.team_ids:
        conditions.append(of_teams(_T.id, wanted.team_ids))
    if wanted.user_ids:
        conditions.append(of_people(_T.id, wanted.user_ids))
    if wanted.incident_key:
        conditions.append(or_(_T.incident_key == wanted.incident_key, _T.id.in_(wanted.or_ids)))
    if wanted.since is not None:
        conditions.append(_T.created_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(_T.created_at < wanted.until)
    if wanted.words:
        conditions.append(_says(wanted.words))
    if wanted.upto:
        conditions.append(_T.number <= wanted.upto)
    if wanted.sight is not None:
        conditions.append(within(wanted.sight, _T.id))
    return statement.where(*conditions)


def _says(text: str) -> ColumnElement[bool]:
    """Whether its title holds the words, or they are its number."""
    number = text.strip().removeprefix("#")
    said = has_words(_T.words, text)
    is_number = number.isascii() and number.isdigit() and len(number) < 19
    return or_(said, _T.number == int(number)) if is_number else said


def _ordering(order: Sequence[tuple[SortBy, bool]]) -> list[ColumnElement[Any]]:
    columns: list[ColumnElement[Any]] = []
    for sort_by, descending in order:
        if sort_by is SortBy.RESOLVED_AT:
            columns.append(case((_T.resolved_at.is_(None), 1), else_=0))
        column: ColumnElement[Any] = {
            SortBy.NUMBER: _T.number,
            SortBy.CREATED_AT: _T.created_at,
            SortBy.RESOLVED_AT: _T.resolved_at,
            SortBy.URGENCY: case((_T.urgency == Urgency.LOW.value, 0), else_=1),
        }[sort_by]
        columns.append(column.desc() if descending else column.asc())
    last_descends = bool(order) and order[-1][1]
    columns.append(_T.number.desc() if last_descends else _T.number.asc())
    return columns
