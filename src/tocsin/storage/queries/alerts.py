"""Alerts to look at: of an incident, by id, and those that are open or were kept from paging."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, select

from tocsin.alerts.model import Alert
from tocsin.kernel.time import Moment
from tocsin.storage import tables
from tocsin.storage.codec import load
from tocsin.storage.queries.listing import Listing, Sight, counted, cut, within

_T = tables.alerts.c


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFilter:
    """Which alerts: None or empty = any. [since, until) is about `created_at`. None of `sight` = all.

    `window_id`: those that a maintenance window holds.
    """

    is_open: bool | None = None
    suppressed: bool | None = None
    service_ids: tuple[str, ...] = ()
    integration_ids: tuple[str, ...] = ()
    incident_id: str = ""
    dedup_key: str = ""
    window_id: str = ""
    since: Moment | None = None
    until: Moment | None = None
    sight: Sight | None = None


def find(
    connection: Connection, wanted: AlertFilter, limit: int, offset: int, *, newest_first: bool, want_total: bool
) -> Listing[Alert]:
    """One page of the alerts wanted, by the time at which they were opened."""
    statement = _where(select(_T.id), wanted)
    total = counted(connection, statement) if want_total else None
    order = (_T.created_at.desc(), _T.id.desc()) if newest_first else (_T.created_at, _T.id)
    ids = connection.execute(statement.order_by(*order).limit(limit + 1).offset(offset)).scalars().all()
    found = by_ids(connection, ids[:limit])
    return cut(ids, limit, found.__getitem__, total)


def by_ids(connection: Connection, ids: Iterable[str]) -> dict[str, Alert]:
    """The alerts with these ids, those that exist."""
    found: dict[str, Alert] = {}
    wanted = list(dict.fromkeys(ids))
    for start in range(0, len(wanted), 500):
        for (data,) in connection.execute(select(_T.data).where(_T.id.in_(wanted[start : start + 500]))):
            alert = load(Alert, data)
            found[alert.id] = alert
    return found


def first_of(connection: Connection, incident_ids: Sequence[str]) -> Mapping[str, Alert]:
    """The oldest alert of each of these incidents that has one."""
    rows = connection.execute(
        select(_T.incident_id, _T.id, _T.created_at)
        .where(_T.incident_id.in_(incident_ids))
        .order_by(_T.created_at.desc(), _T.id.desc())
    )
    oldest = {incident_id: alert_id for incident_id, alert_id, _ in rows}
    alerts = by_ids(connection, oldest.values())
    return {incident_id: alerts[alert_id] for incident_id, alert_id in oldest.items()}


def open_and_suppressed(connection: Connection) -> tuple[int, int]:
    """How many alerts are open, and how many of those were kept from paging."""
    statement = select(_T.suppressed, func.count()).where(_T.is_open == 1).group_by(_T.suppressed)
    counts: dict[int, int] = {row[0]: row[1] for row in connection.execute(statement)}
    return sum(counts.values()), counts.get(1, 0)


def _where(statement: Select[Any], wanted: AlertFilter) -> Select[Any]:
    if wanted.is_open is not None:
        statement = statement.where(_T.is_open == int(wanted.is_open))
    if wanted.suppressed is not None:
        statement = statement.where(_T.suppressed == int(wanted.suppressed))
    if wanted.service_ids:
        statement = statement.where(_T.service_id.in_(wanted.service_ids))
    if wanted.integration_ids:
        statement = statement.where(_T.scope.in_(wanted.integration_ids))
    if wanted.incident_id:
        statement = statement.where(_T.incident_id == wanted.incident_id)
    if wanted.dedup_key:
        statement = statement.where(_T.dedup_key == wanted.dedup_key)
    if wanted.window_id:
        statement = statement.where(_T.window_id == wanted.window_id)
    if wanted.since is not None:
        statement = statement.where(_T.created_at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(_T.created_at < wanted.until)
    if wanted.sight is not None:
        statement = statement.where(within(wanted.sight, _T.incident_id))
    return statement
