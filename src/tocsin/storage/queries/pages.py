"""Pages and messages to look at: who was reached about what, how, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from tocsin.directory.model import Channel
from tocsin.kernel.time import Moment
from tocsin.paging.model import Message, Page
from tocsin.storage import tables
from tocsin.storage.codec import load
from tocsin.storage.queries.listing import Listing, counted, cut

_P = tables.pages.c
_M = tables.messages.c


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFilter:
    """Which messages: empty = any. [since, until) is about the moment at which they were begun."""

    since: Moment | None = None
    until: Moment | None = None
    channels: tuple[Channel, ...] = ()
    user_ids: tuple[str, ...] = ()


def of_incident(connection: Connection, incident_id: str) -> tuple[Page, ...]:
    """Every page about an incident, oldest first."""
    statement = select(_P.data).where(_P.incident_id == incident_id).order_by(_P.created_at, _P.id)
    return tuple(load(Page, data) for (data,) in connection.execute(statement))


def one(connection: Connection, page_id: str) -> Page | None:
    """One page."""
    data = connection.execute(select(_P.data).where(_P.id == page_id)).scalar()
    return None if data is None else load(Page, data)


def message(connection: Connection, message_id: str) -> Message | None:
    """One message."""
    data = connection.execute(select(_M.data).where(_M.id == message_id)).scalar()
    return None if data is None else load(Message, data)


def messages(
    connection: Connection, wanted: MessageFilter, limit: int, offset: int, *, newest_first: bool, want_total: bool
) -> Listing[Message]:
    """One page of the messages wanted, by the moment at which they were begun."""
    statement = select(_M.data)
    if wanted.since is not None:
        statement = statement.where(_M.created_at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(_M.created_at < wanted.until)
    if wanted.channels:
        statement = statement.where(_M.channel.in_([channel.value for channel in wanted.channels]))
    if wanted.user_ids:
        statement = statement.where(_M.user_id.in_(wanted.user_ids))
    total = counted(connection, statement) if want_total else None
    order: tuple[Any, ...] = (_M.created_at.desc(), _M.id.desc()) if newest_first else (_M.created_at, _M.id)
    rows = connection.execute(statement.order_by(*order).limit(limit + 1).offset(offset)).all()
    return cut(rows, limit, lambda row: load(Message, row[0]), total)
