"""What a service's page tells of the past: by which keys something came, how often, and what that led to.

Decides how far each question looks. None reads more than `MOST` rows of an index, whatever a service has had.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, literal_column, select

from tocsin.events.model import Outcome
from tocsin.kernel.time import DAY, Moment, Span
from tocsin.paging.model import PageState
from tocsin.storage import tables
from tocsin.storage.queries.outcomes import COLUMNS, EventOutcome, outcome_of

MOST = 10_000
"""Rows that a count looks at; it says so when there are more."""

INCIDENTS = 300
"""Incidents of each state of which the pages are counted, the newest."""

_ALERTS = tables.alerts.c
_DAYS = tables.entrance_days.c
_INCIDENTS = tables.incidents.c
_OUTCOMES = tables.event_outcomes.c
_CALLED = (PageState.SENT.value, PageState.DELIVERED.value)


@dataclass(frozen=True, slots=True)
class Heard:
    """What came by a key last: its number in the log, when, and how it ended."""

    seq: int
    at: Moment
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Noise:
    """What came in since a moment and what it led to. `more`: there was more than was counted, so "at least"."""

    events: int
    alerts: int
    incidents: int
    pages: int
    more: bool


def open_alerts(connection: Connection, service_ids: Collection[str]) -> Mapping[str, int]:
    """How many alerts are open on each of these services that has any: out of the index of what is open alone."""
    wanted = frozenset(service_ids)
    # Said so that SQLite enters that index: asked for the state alone it goes through every service's past in order.
    is_open = (_ALERTS.is_open == literal_column("1"), _ALERTS.created_at >= 0)
    service = _ALERTS.service_id.concat("")
    statement = select(service, func.count()).where(*is_open).group_by(service)
    counted = connection.execute(statement) if wanted else ()
    return {service_id: number for service_id, number in counted if service_id in wanted}


def last_heard(connection: Connection, integration_ids: Collection[str]) -> Mapping[str, Heard]:
    """What came last by each of these keys, if anything came in the days that are kept."""
    newest = (
        select(_DAYS.integration_id, func.max(_DAYS.day).label("day"))
        .where(_DAYS.integration_id.in_(integration_ids))
        .group_by(_DAYS.integration_id)
        .subquery()
    )
    statement = select(_DAYS.integration_id, _DAYS.last_seq, _DAYS.last_at, _DAYS.last_outcome).join(
        newest, (_DAYS.integration_id == newest.c.integration_id) & (_DAYS.day == newest.c.day)
    )
    return {
        integration_id: Heard(seq, at, Outcome(outcome))
        for integration_id, seq, at, outcome in connection.execute(statement)
    }


def changes(
    connection: Connection, integration_ids: Collection[str], since: Moment, most: int, until: Moment | None = None
) -> list[EventOutcome]:
    """The newest changes that came by these keys since then, and before `until`."""
    statement = select(*COLUMNS).where(
        _OUTCOMES.outcome == Outcome.RECORDED.value,
        _OUTCOMES.integration_id.in_(integration_ids),
        _OUTCOMES.received_at >= since,
    )
    if until is not None:
        statement = statement.where(_OUTCOMES.received_at < until)
    return [outcome_of(row) for row in connection.execute(statement.order_by(_OUTCOMES.seq.desc()).limit(most))]


def alerts_by_slot(
    connection: Connection, service_id: str, since: Moment, width: Span
) -> tuple[Mapping[int, int], bool]:
    """How many alerts were opened in each slot of this width since then, by its number from 0; and whether more were.

    Where a service has had more than can be counted, the newest are.
    """
    newest = (
        select(((_ALERTS.created_at - since) // width).label("slot"))
        .where(_of_service(service_id, since))
        .order_by(_ALERTS.created_at.desc())
        .limit(MOST)
        .subquery()
    )
    statement = select(newest.c.slot, func.count()).group_by(newest.c.slot)
    found = {int(slot): number for slot, number in connection.execute(statement)}
    return found, sum(found.values()) == MOST


def noise(connection: Connection, service_id: str, integration_ids: Sequence[str], since: Moment) -> Noise:
    """What came in since then, and what it led to. Events: of the service's own keys, by whole days."""
    events = select(func.sum(_DAYS.events)).where(_DAYS.integration_id.in_(integration_ids), _DAYS.day >= since // DAY)
    alerts = _count(connection, _of_service(service_id, since))
    begun = (_INCIDENTS.service_id == service_id) & (_INCIDENTS.created_at >= since)
    incidents = _count(connection, begun)
    newest = select(_INCIDENTS.id).where(begun).order_by(_INCIDENTS.created_at.desc()).limit(INCIDENTS).subquery()
    ids = select(newest.c.id).scalar_subquery()
    pages = select(func.count()).where(tables.pages.c.incident_id.in_(ids), tables.pages.c.state.in_(_CALLED))
    return Noise(
        events=int(connection.execute(events).scalar() or 0),
        alerts=alerts,
        incidents=incidents,
        pages=int(connection.execute(pages).scalar() or 0),
        more=MOST in (alerts, incidents) or incidents > INCIDENTS,
    )


def _of_service(service_id: str, since: Moment) -> ColumnElement[bool]:
    return (_ALERTS.service_id == service_id) & (_ALERTS.created_at >= since)


def _count(connection: Connection, condition: ColumnElement[bool]) -> int:
    """How many rows there are, `MOST` at most. Asks for nothing that is not in the index."""
    some = select(literal_column("1")).where(condition).limit(MOST).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar() or 0)
