"""The audit trail to look at: who changed which thing, newest first. Secrets were blanked when it was written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from tocsin.kernel.actor import Actor
from tocsin.kernel.time import Moment
from tocsin.storage import tables
from tocsin.storage.codec import load_actor, load_plain
from tocsin.storage.queries.listing import Listing, cut

_T = tables.audit.c


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One change of configuration. `before` None = created, `after` None = removed; both are plain values."""

    seq: int
    at: Moment
    actor: Actor
    kind: str
    thing_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which changes: empty = any. `before_seq` 0 = from the newest on; [since, until) is about `at`."""

    kinds: tuple[str, ...] = ()
    thing_id: str = ""
    before_seq: int = 0
    since: Moment | None = None
    until: Moment | None = None


def find(connection: Connection, wanted: AuditFilter, limit: int) -> Listing[AuditRecord]:
    """The newest changes wanted; the next page begins before the last one's `seq`."""
    statement = select(_T.seq, _T.at, _T.actor, _T.kind, _T.thing_id, _T.before, _T.after).order_by(_T.seq.desc())
    if wanted.kinds:
        statement = statement.where(_T.kind.in_(wanted.kinds))
    if wanted.thing_id:
        statement = statement.where(_T.thing_id == wanted.thing_id)
    if wanted.before_seq:
        statement = statement.where(_T.seq < wanted.before_seq)
    if wanted.since is not None:
        statement = statement.where(_T.at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(_T.at < wanted.until)
    return cut(connection.execute(statement.limit(limit + 1)).all(), limit, _record)


def _record(row: Row[int, Moment, str, str, str, str | None, str | None]) -> AuditRecord:
    seq, at, actor, kind, thing_id, before, after = row
    return AuditRecord(seq, at, load_actor(actor), kind, thing_id, _values(before), _values(after))


def _values(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    values: dict[str, Any] = load_plain(text)
    return values
