"""Alerts that were ever suspended: how many there were, and which of them paged or were over in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from tocsin.alerts.model import Alert
from tocsin.kernel.time import Moment
from tocsin.storage import tables
from tocsin.storage.queries.alerts import by_ids

_T = tables.alerts.c

_PAGED = _T.incident_id > ""
_OVER = and_(_T.incident_id == "", _T.is_open == 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspendedFilter:
    """Which of them: opened in [since, until), of these services (None = all), suspended by this ("" = anything)."""

    since: Moment
    until: Moment
    service_ids: tuple[str, ...] | None = None
    suspended_by: str = ""


@dataclass(frozen=True, slots=True)
class SuspendedCounts:
    """How many were suspended, how many of them made an incident in the end, how many were over without one."""

    suspended: int
    paged: int
    over: int


def counts(connection: Connection, wanted: SuspendedFilter) -> SuspendedCounts:
    """How many there were of each sort."""
    columns = (func.count(case((_PAGED, 1))), func.count(case((_OVER, 1))))
    row = connection.execute(select(func.count(), *columns).where(*_conditions(wanted))).one()
    return SuspendedCounts(*(int(number) for number in row))


def latest(connection: Connection, wanted: SuspendedFilter, most: int) -> tuple[Sequence[Alert], Sequence[Alert]]:
    """The newest that made an incident, and the newest that were over without one."""
    order = (_T.created_at.desc(), _T.id.desc())
    found = []
    for condition in (_PAGED, _OVER):
        statement = select(_T.id).where(condition, *_conditions(wanted)).order_by(*order).limit(most)
        ids = connection.execute(statement).scalars().all()
        alerts = by_ids(connection, ids)
        found.append([alerts[one] for one in ids])
    return found[0], found[1]


def _conditions(wanted: SuspendedFilter) -> list[ColumnElement[bool]]:
    found = [_T.suspended_by.is_not(None), _T.created_at >= wanted.since, _T.created_at < wanted.until]
    if wanted.suspended_by:
        found.append(_T.suspended_by == wanted.suspended_by)
    if wanted.service_ids is not None:
        found.append(_T.service_id.in_(wanted.service_ids))
    return found
