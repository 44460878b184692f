"""How accepted events ended, newest first: the answer to "why was I not paged?" for what never became an alert."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Row, func, select

from tocsin.events.model import Outcome
from tocsin.kernel.time import Moment
from tocsin.storage import tables
from tocsin.storage.queries.listing import Listing, cut

_T = tables.event_outcomes.c
COLUMNS = (_T.seq, _T.outcome, _T.reason, _T.alert_id, _T.integration_id, _T.received_at, _T.decided_at)
"""What an outcome is read from."""

KEPT_BACK = (Outcome.SUPPRESSED, Outcome.DROPPED, Outcome.QUARANTINED)
"""Outcomes that are rare and asked for; they have an index."""

LOOKED_THROUGH = 200_000
"""A filter that no index serves looks at so many of the newest events, and no further."""


@dataclass(frozen=True, slots=True)
class EventOutcome:
    """How the event with number `seq` in the log ended, and why."""

    seq: int
    outcome: Outcome
    reason: str
    alert_id: str
    integration_id: str
    received_at: Moment
    decided_at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeFilter:
    """Which outcomes: empty = any. `before_seq` 0 = from the newest on; [since, until) is about `received_at`."""

    outcomes: tuple[Outcome, ...] = ()
    integration_ids: tuple[str, ...] = ()
    alert_id: str = ""
    before_seq: int = 0
    since: Moment | None = None
    until: Moment | None = None


def find(connection: Connection, wanted: OutcomeFilter, limit: int) -> Listing[EventOutcome]:
    """The newest outcomes wanted; the next page begins before the last one's `seq`."""
    statement = select(*COLUMNS).order_by(_T.seq.desc())
    if wanted.before_seq:
        statement = statement.where(_T.seq < wanted.before_seq)
    if wanted.outcomes:
        statement = statement.where(_T.outcome.in_([outcome.value for outcome in wanted.outcomes]))
    if wanted.integration_ids:
        statement = statement.where(_T.integration_id.in_(wanted.integration_ids))
    if wanted.alert_id:
        statement = statement.where(_T.alert_id == wanted.alert_id)
    if wanted.since is not None:
        statement = statement.where(_T.received_at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(_T.received_at < wanted.until)
    indexed = bool(wanted.outcomes) and set(wanted.outcomes) <= set(KEPT_BACK)
    if not indexed and (wanted.outcomes or wanted.integration_ids or wanted.alert_id):
        newest = wanted.before_seq or int(connection.execute(select(func.max(_T.seq))).scalar() or 0)
        statement = statement.where(_T.seq > newest - LOOKED_THROUGH)
    return cut(connection.execute(statement.limit(limit + 1)).all(), limit, outcome_of)


def one(connection: Connection, seq: int) -> EventOutcome | None:
    """How one event ended; None while it is undecided."""
    row = connection.execute(select(*COLUMNS).where(_T.seq == seq)).first()
    return None if row is None else outcome_of(row)


def oldest(connection: Connection) -> int:
    """The number of the oldest event whose outcome is kept, 0 when none is."""
    return int(connection.execute(select(func.min(_T.seq))).scalar() or 0)


def counts(connection: Connection, newest: int) -> Mapping[Outcome, int]:
    """How many of the newest so many events ended in which way."""
    head = int(connection.execute(select(func.max(_T.seq))).scalar() or 0)
    statement = select(_T.outcome, func.count()).where(_T.seq > head - newest).group_by(_T.outcome)
    return {Outcome(outcome): number for outcome, number in connection.execute(statement)}


def outcome_of(row: Row[int, str, str, str, str, Moment, Moment]) -> EventOutcome:
    """The outcome in a row of `COLUMNS`."""
    seq, outcome, reason, alert_id, integration_id, received_at, decided_at = row
    return EventOutcome(seq, Outcome(outcome), reason, alert_id, integration_id, received_at, decided_at)
