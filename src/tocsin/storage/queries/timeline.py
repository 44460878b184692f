"""The timeline to look at: what happened to an incident, or everywhere, in the order in which it happened.

Facts carry the moment of their decision, so `at` rises with `seq`; a window of time is found by halving, without an
index that every fact would have to pay for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, func, select

from tocsin.incidents.notes import FACTS, Note, notes_of
from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import Fact
from tocsin.kernel.time import Moment
from tocsin.storage import tables
from tocsin.storage.codec import load_actor, load_fact
from tocsin.storage.queries.halving import LEEWAY, first_since
from tocsin.storage.queries.listing import Listing, Sight, counted, cut, of_teams, within

_T = tables.timeline.c
_COLUMNS = (_T.seq, _T.at, _T.incident_id, _T.kind, _T.actor, _T.data)


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One fact as it stands on the timeline. `seq` never changes and rises with every fact."""

    seq: int
    at: Moment
    incident_id: str
    actor: Actor
    fact: Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineFilter:
    """Which facts: empty = any. `kinds` are stored names of facts; [since, until) is about `at`."""

    kinds: tuple[str, ...] = ()
    incident_id: str = ""
    team_ids: tuple[str, ...] = ()
    since: Moment | None = None
    until: Moment | None = None
    sight: Sight | None = None


def find(
    connection: Connection,
    wanted: TimelineFilter,
    limit: int,
    offset: int,
    *,
    newest_first: bool,
    want_total: bool,
) -> Listing[TimelineEntry]:
    """One page of the facts wanted. Without an incident only facts that stand on some incident's timeline."""
    statement = select(*_COLUMNS)
    if wanted.incident_id:
        statement = statement.where(_T.incident_id == wanted.incident_id)
    else:
        statement = statement.where(_T.incident_id != "")
    if wanted.kinds:
        statement = statement.where(_T.kind.in_(wanted.kinds))
    if wanted.team_ids:
        statement = statement.where(of_teams(_T.incident_id, wanted.team_ids))
    if wanted.sight is not None:
        statement = statement.where(within(wanted.sight, _T.incident_id))
    if wanted.since is not None:
        statement = statement.where(_T.at >= wanted.since)
        if not wanted.incident_id:
            statement = statement.where(_T.seq >= first_seq_since(connection, wanted.since - LEEWAY))
    if wanted.until is not None:
        statement = statement.where(_T.at < wanted.until)
        if not wanted.incident_id:
            statement = statement.where(_T.seq < first_seq_since(connection, wanted.until + LEEWAY))
    total = counted(connection, statement) if want_total else None
    order = _T.seq.desc() if newest_first else _T.seq
    return cut(
        connection.execute(statement.order_by(order).limit(limit + 1).offset(offset)).all(), limit, _entry, total
    )


def after(connection: Connection, incident_id: str, after_seq: int, limit: int) -> Listing[TimelineEntry]:
    """What came after `after_seq` on an incident's timeline ("" = on any), oldest first."""
    statement = select(*_COLUMNS).where(_T.seq > after_seq)
    if incident_id:
        statement = statement.where(_T.incident_id == incident_id)
    return cut(connection.execute(statement.order_by(_T.seq).limit(limit + 1)).all(), limit, _entry)


def of_incidents(
    connection: Connection, incident_ids: Sequence[str], kinds: Sequence[str]
) -> Mapping[str, list[TimelineEntry]]:
    """The facts of these kinds about each of these incidents, oldest first."""
    found: dict[str, list[TimelineEntry]] = {incident_id: [] for incident_id in incident_ids}
    for start in range(0, len(incident_ids), 500):
        part = incident_ids[start : start + 500]
        statement = select(*_COLUMNS).where(_T.incident_id.in_(part), _T.kind.in_(kinds))
        for row in connection.execute(statement.order_by(_T.incident_id, _T.seq)):
            found[row.incident_id].append(_entry(row))
    return found


def one(connection: Connection, seq: int) -> TimelineEntry | None:
    """One entry by its number."""
    row = connection.execute(select(*_COLUMNS).where(_T.seq == seq)).first()
    return None if row is None else _entry(row)


def notes(connection: Connection, incident_id: str) -> list[Note]:
    """What people wrote on an incident, as it stands; oldest first."""
    kinds = [fact.kind for fact in FACTS]
    statement = select(*_COLUMNS).where(_T.incident_id == incident_id, _T.kind.in_(kinds))
    entries = (_entry(row) for row in connection.execute(statement.order_by(_T.seq)))
    return notes_of((entry.at, entry.actor, entry.fact) for entry in entries)


def last_notes(connection: Connection, incident_ids: Sequence[str]) -> Mapping[str, Note]:
    """The newest note of each of these incidents that has one, as it stands."""
    histories = of_incidents(connection, incident_ids, [fact.kind for fact in FACTS])
    notes = {one: notes_of((entry.at, entry.actor, entry.fact) for entry in found) for one, found in histories.items()}
    return {one: found[-1] for one, found in notes.items() if found}


def first_seqs(connection: Connection, incident_ids: Iterable[str]) -> Mapping[str, int]:
    """The number of the first entry of each of these incidents."""
    statement = (
        select(_T.incident_id, func.min(_T.seq)).where(_T.incident_id.in_(list(incident_ids))).group_by(_T.incident_id)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


def first_seq_since(connection: Connection, moment: Moment) -> int:
    """The smallest `seq` such that what stands before it happened before `moment`; one past the end if all did."""
    return first_since(connection, _T.seq, _T.at, moment)


def _entry(row: Row[int, Moment, str, str, str, str]) -> TimelineEntry:
    seq, at, incident_id, kind, actor, data = row
    return TimelineEntry(seq, at, incident_id, load_actor(actor), load_fact(kind, data))
