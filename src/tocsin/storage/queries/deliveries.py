"""Deliveries to look at: what a subscription was told, what came of it, when it is tried next."""

from __future__ import annotations

from sqlalchemy import Connection, func, literal_column, select

from tocsin.deliveries.model import Delivery, Lane
from tocsin.storage import tables
from tocsin.storage.codec import load
from tocsin.storage.queries.listing import Listing, counted, cut

COUNTED = 100_000
"""A look at how many wait is to stay cheap when very many do."""

_D = tables.deliveries.c
_L = tables.lanes.c


def of_subscription(
    connection: Connection, subscription_id: str, limit: int, offset: int, *, want_total: bool
) -> Listing[Delivery]:
    """One page of a subscription's deliveries, newest first."""
    statement = select(_D.data).where(_D.subscription_id == subscription_id)
    total = counted(connection, statement) if want_total else None
    rows = connection.execute(statement.order_by(_D.number.desc()).limit(limit + 1).offset(offset)).all()
    return cut(rows, limit, lambda row: load(Delivery, row[0]), total)


def waiting(connection: Connection) -> int:
    """How many deliveries have not ended, counted as far as `COUNTED`: from the index alone."""
    queued = select(literal_column("1")).where(_D.queued == literal_column("1")).limit(COUNTED).subquery()
    return int(connection.execute(select(func.count()).select_from(queued)).scalar_one())


def one(connection: Connection, delivery_id: str) -> Delivery | None:
    """One delivery."""
    data = connection.execute(select(_D.data).where(_D.id == delivery_id)).scalar()
    return None if data is None else load(Delivery, data)


def lane(connection: Connection, subscription_id: str) -> Lane:
    """How the deliveries of a subscription fare."""
    data = connection.execute(select(_L.data).where(_L.id == subscription_id)).scalar()
    return Lane(id=subscription_id) if data is None else load(Lane, data)
