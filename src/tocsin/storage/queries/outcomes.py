"""How accepted events ended, newest first: the answer to "why was I not paged?" for what never became an alert."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Row, func, literal_column, select

from tocsin.events.model import Outcome
from tocsin.kernel.time import Moment
from tocsin.storage import tables
from tocsin.storage.queries.halving import LEEWAY, first_since
from tocsin.storage.queries.listing import Listing, cut

_T = tables.event_outcomes.c
COLUMNS = (_T.seq, _T.outcome, _T.reason, _T.alert_id, _T.integration_id, _T.received_at, _T.decided_at)
"""What an outcome is read from."""

KEPT_BACK = (Outcome.SUPPRESSED, Outcome.DROPPED, Outcome.QUARANTINED)
"""Outcomes that are rare and asked for; they have an index."""

_IS_KEPT_BACK = _T.outcome.in_([literal_column(f"'{outcome.value}'") for outcome in KEPT_BACK])
"""As the index has it, within the statement itself."""

LOOKED_THROUGH = 200_000
"""A filter that no index serves looks at so many of the newest events, and no further, unless it says otherwise."""


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
    """Which outcomes: empty = any. `before_seq` 0 = from the newest on; [since, until) is about `received_at`.

    `within`: among how many events before that a filter without an index is looked for.
    """

    outcomes: tuple[Outcome, ...] = ()
    integration_ids: tuple[str, ...] = ()
    alert_id: str = ""
    before_seq: int = 0
    since: Moment | None = None
    until: Moment | None = None
    within: int = LOOKED_THROUGH


def find(connection: Connection, wanted: OutcomeFilter, limit: int) -> Listing[EventOutcome]:
    """The newest outcomes wanted; the next page begins before the last one's `seq`."""
    return looked(connection, wanted, limit)[0]


def looked(connection: Connection, wanted: OutcomeFilter, limit: int) -> tuple[Listing[EventOutcome], int]:
    """The same, and before which number the search stopped with others beyond it (0 = all was looked through)."""
    statement = select(*COLUMNS).order_by(_T.seq.desc())
    low, high = 0, wanted.before_seq or int(connection.execute(select(func.max(_T.seq))).scalar() or 0) + 1
    if wanted.outcomes:
        statement = statement.where(_T.outcome.in_([outcome.value for outcome in wanted.outcomes]))
    if wanted.integration_ids:
        statement = statement.where(_T.integration_id.in_(wanted.integration_ids))
    if wanted.alert_id:
        statement = statement.where(_T.alert_id == wanted.alert_id)
    if wanted.since is not None:
        statement = statement.where(_T.received_at >= wanted.since)
        low = first_since(connection, _T.seq, _T.received_at, wanted.since - LEEWAY) - 1
    if wanted.until is not None:
        statement = statement.where(_T.received_at < wanted.until)
        high = min(high, first_since(connection, _T.seq, _T.received_at, wanted.until + LEEWAY))
    edge = 0
    if wanted.outcomes and set(wanted.outcomes) <= set(KEPT_BACK) and not (wanted.integration_ids or wanted.alert_id):
        statement = statement.where(_IS_KEPT_BACK)
    elif wanted.outcomes or wanted.integration_ids or wanted.alert_id:
        edge = max(low, high - 1 - wanted.within)
        low = edge
    rows = connection.execute(statement.where(_T.seq > low, _T.seq < high).limit(limit + 1)).all()
    stopped = edge + 1 if edge and len(rows) <= limit and edge >= oldest(connection) else 0
    return cut(rows, limit, outcome_of), stopped


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
