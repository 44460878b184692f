"""Incidents to look at: by filter, by id or number, and how many are open. Decides the order of equal rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, func, or_, select, union_all

from tocsin.directory.model import Urgency
from tocsin.incidents.model import Incident, Status
from tocsin.kernel.time import Moment
from tocsin.storage import tables
from tocsin.storage.codec import load
from tocsin.storage.queries.listing import Listing, Sight, counted, cut, of_people, of_teams, within

_T = tables.incidents.c
_OPEN = (Status.TRIGGERED.value, Status.ACKNOWLEDGED.value)
_LARGEST_NUMBER = 2**63 - 1


class SortBy(StrEnum):
    """What incidents can be ordered by."""

    NUMBER = "number"
    CREATED_AT = "created_at"
    RESOLVED_AT = "resolved_at"  # those that are open come last
    URGENCY = "urgency"  # ascending: low first


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFilter:
    """Which incidents: empty = any. `user_ids` have it now; [since, until) is about `created_at`; no `sight` = all.

    `or_ids` belongs to `incident_key`: incidents that answer to the key for another reason.
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


def by_ids(connection: Connection, ids: Iterable[str]) -> dict[str, Incident]:
    """The incidents with these ids, those that exist."""
    found: dict[str, Incident] = {}
    wanted = list(dict.fromkeys(ids))
    for start in range(0, len(wanted), 500):
        statement = select(_T.data).where(_T.id.in_(wanted[start : start + 500]))
        for (data,) in connection.execute(statement):
            incident = load(Incident, data)
            found[incident.id] = incident
    return found


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
    statement = _where(select(_T.status, _T.urgency, func.count()), wanted).where(_T.status.in_(_OPEN))
    counts = {"triggered": 0, "acknowledged": 0, "high": 0, "low": 0}
    for status, urgency, number in connection.execute(statement.group_by(_T.status, _T.urgency)):
        counts[status] += number
        counts[urgency] += number
    return OpenCounts(**counts)


def open_by_service(connection: Connection, service_ids: Collection[str] | None) -> Mapping[str, OpenCounts]:
    """How many are open on each service that has any, of these services if some are named."""
    statement = select(_T.service_id, _T.status, _T.urgency, func.count()).where(_T.status.in_(_OPEN))
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
    newest = [
        select(func.max(_T.created_at).label("at")).where(_T.service_id == service_id, _T.status == status.value)
        for status in Status
    ]
    each = union_all(*newest).subquery()
    found: Moment | None = connection.execute(select(func.max(each.c.at))).scalar()
    return found


def _where(statement: Select[Any], wanted: IncidentFilter) -> Select[Any]:
    conditions: list[ColumnElement[bool]] = []
    for column, values in (
        (_T.status, [status.value for status in wanted.statuses]),
        (_T.urgency, [urgency.value for urgency in wanted.urgencies]),
        (_T.service_id, list(wanted.service_ids)),
        (_T.policy_id, list(wanted.policy_ids)),
        (_T.id, list(wanted.ids)),
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
    if wanted.sight is not None:
        conditions.append(within(wanted.sight, _T.id))
    return statement.where(*conditions)


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
