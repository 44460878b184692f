"""The audit trail to look at: who changed which thing, newest first. Secrets were blanked when it was written."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, and_, or_, select

from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.kernel.time import Moment
from tocsin.storage import tables
from tocsin.storage.codec import load_actor, load_plain
from tocsin.storage.queries.listing import Listing, cut

_T = tables.audit.c


class Change(StrEnum):
    """What became of a thing."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One change of configuration. `before` None = created, `after` None = removed; both are plain values.

    `detail`: what it led to that its values don't say: `opened_gaps` of a schedule as pairs of moments, `gaps` = how
    many in all.
    """

    seq: int
    at: Moment
    actor: Actor
    kind: str
    thing_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    detail: dict[str, Any] | None = None

    @property
    def change(self) -> Change:
        """What became of the thing."""
        if self.before is None:
            return Change.CREATE
        return Change.DELETE if self.after is None else Change.UPDATE


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which changes: empty = any. `before_seq` 0 = from the newest on; [since, until) is about `at`.

    `parts`: of the thing `thing_id` also what belongs to it, as pairs of a kind and the field that holds its id.
    """

    kinds: tuple[str, ...] = ()
    thing_id: str = ""
    parts: tuple[tuple[str, str], ...] = ()
    changes: tuple[Change, ...] = ()
    actor_kind: ActorKind | None = None
    actor_id: str = ""
    actor_ids: tuple[str, ...] = ()
    vias: tuple[Via, ...] = ()
    before_seq: int = 0
    since: Moment | None = None
    until: Moment | None = None


def find(connection: Connection, wanted: AuditFilter, limit: int) -> Listing[AuditRecord]:
    """The newest changes wanted; the next page begins before the last one's `seq`."""
    columns = (_T.seq, _T.at, _T.actor, _T.kind, _T.thing_id, _T.before, _T.after, _T.detail)
    statement = select(*columns).order_by(_T.seq.desc())
    if wanted.kinds and not wanted.parts:
        statement = statement.where(_T.kind.in_(wanted.kinds))
    if wanted.thing_id:
        statement = statement.where(_about(wanted))
    if wanted.changes:
        statement = statement.where(or_(*(_CHANGES[one] for one in wanted.changes)))
    if wanted.actor_kind is not None:
        statement = statement.where(_holds(_T.actor, "kind", wanted.actor_kind))
    if wanted.actor_id:
        statement = statement.where(_holds(_T.actor, "id", wanted.actor_id))
    if wanted.actor_ids:
        statement = statement.where(or_(*(_holds(_T.actor, "id", one) for one in wanted.actor_ids)))
    if wanted.vias:
        statement = statement.where(or_(*(_holds(_T.actor, "via", one) for one in wanted.vias)))
    if wanted.before_seq:
        statement = statement.where(_T.seq < wanted.before_seq)
    if wanted.since is not None:
        statement = statement.where(_T.at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(_T.at < wanted.until)
    return cut(connection.execute(statement.limit(limit + 1)).all(), limit, _record)


_CHANGES = {
    Change.CREATE: _T.before.is_(None),
    Change.UPDATE: and_(_T.before.is_not(None), _T.after.is_not(None)),
    Change.DELETE: _T.after.is_(None),
}


def _about(wanted: AuditFilter) -> ColumnElement[bool]:
    """The thing itself, or a part of it before or after the change."""
    itself = _T.thing_id == wanted.thing_id
    if not wanted.parts:
        return itself
    parts = (
        and_(_T.kind == kind, or_(_holds(_T.before, name, wanted.thing_id), _holds(_T.after, name, wanted.thing_id)))
        for kind, name in wanted.parts
    )
    return or_(and_(itself, _T.kind.in_(wanted.kinds)), *parts)


def _holds(column: Column[str], name: str, value: str) -> ColumnElement[bool]:
    """Whether the JSON in this column has the field with this value, as `dump` writes it."""
    return column.contains(f'"{name}":"{value}"', autoescape=True)


def _record(row: Row[int, Moment, str, str, str, str | None, str | None, str | None]) -> AuditRecord:
    seq, at, actor, kind, thing_id, before, after, detail = row
    return AuditRecord(seq, at, load_actor(actor), kind, thing_id, _values(before), _values(after), _values(detail))


def _values(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    values: dict[str, Any] = load_plain(text)
    return values
