"""Alerts to look at: of an incident, by id, and those that are open or were kept from paging."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, literal_column, select

from tocsin.alerts.model import Alert
from tocsin.kernel.time import Moment
from tocsin.storage import tables
from tocsin.storage.codec import load
from tocsin.storage.queries import whole
from tocsin.storage.queries.listing import Listing, Sight, counted, cut, has_words, within
from tocsin.storage.queries.slices import Slice, Walk, taken

_T = tables.alerts.c
_IS_OPEN = _T.is_open == literal_column("1")
"""Within the statement itself: the index of what is open only serves one that names its condition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFilter:
    """Which alerts: None or empty = any. [since, until) is about `created_at`. None of `sight` = all.

    `window_id`: those that a maintenance window holds. `severities`: as stored, "" for those without one. `words`:
    all of these stand in what it is called, where it comes from or its key.
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
    severities: tuple[str, ...] = ()
    words: str = ""


@dataclass(frozen=True, slots=True)
class At:
    """A place in a list of alerts: that of the alert with this id."""

    created_at: Moment
    id: str = ""


def near(
    connection: Connection, wanted: AlertFilter, at: At | None, limit: int, *, newest_first: bool, backwards: bool
) -> Slice[Alert]:
    """At most `limit` of the alerts wanted, beyond a place."""
    place = None if at is None else (at.created_at, at.id)
    walk = Walk(columns=(_T.created_at, _T.id), descending=newest_first, at=place, backwards=backwards)

    def decode(ids: Sequence[str]) -> tuple[Alert, ...]:
        found = by_ids(connection, ids)
        return tuple(found[one] for one in ids)

    bound_by = _T.created_at if _has_no_index(wanted) else None
    return taken(connection, _where(select(_T.id), wanted), walk, limit, decode, bound_by=bound_by)


def _has_no_index(wanted: AlertFilter) -> bool:
    """Whether it may have to read very many alerts to find a few."""
    if wanted.is_open or wanted.incident_id or wanted.window_id:
        return False
    sparse = (wanted.severities, wanted.words, wanted.integration_ids, wanted.is_open is not None)
    return any(sparse) or wanted.suppressed is not None or wanted.sight is not None


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
    found = (load(Alert, data) for data in whole.by_ids(connection, tables.alerts, ids))
    return {alert.id: alert for alert in found}


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


def _where(statement: Select[Any], wanted: AlertFilter) -> Select[Any]:
    if wanted.is_open is not None:
        statement = statement.where(_IS_OPEN if wanted.is_open else _T.is_open == 0)
    if wanted.suppressed is not None:
        statement = statement.where(_T.suppressed == int(wanted.suppressed))
    for column, values in (
        (_T.service_id, wanted.service_ids),
        (_T.scope, wanted.integration_ids),
        (func.coalesce(_T.severity, ""), wanted.severities),
    ):
        if values:
            statement = statement.where(column.in_(values))
    for column, value in (
        (_T.incident_id, wanted.incident_id),
        (_T.dedup_key, wanted.dedup_key),
        (_T.window_id, wanted.window_id),
    ):
        if value:
            statement = statement.where(column == value)
    if wanted.words:
        statement = statement.where(has_words(_T.words, wanted.words))
    if wanted.since is not None:
        statement = statement.where(_T.created_at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(_T.created_at < wanted.until)
    if wanted.sight is not None:
        statement = statement.where(within(wanted.sight, _T.incident_id))
    return statement
