"""What the engine asks about deliveries that wait: which are due, and when the next one is. Never waits, never writes.

Each question is one look into a small index: of a subscription, only the first delivery of each queue has a due time.
"""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, func, literal_column, select

from tocsin.deliveries.model import Delivery
from tocsin.kernel.time import Moment
from tocsin.storage import tables
from tocsin.storage.codec import load
from tocsin.storage.prepared import Query

_D = tables.deliveries.c


class DeliveryQueue:
    """The questions, on the engine's connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        dialect = connection.dialect
        mine = _D.subscription_id == bindparam("subscription_id")
        due = select(_D.data).where(mine, _D.due_at <= bindparam("until")).order_by(_D.due_at).limit(bindparam("most"))
        self._due = Query(dialect, due)
        self._next = Query(dialect, select(func.min(_D.due_at)).where(mine, _D.due_at > bindparam("after")))
        queued = _D.queued == literal_column("1")
        self._any = Query(dialect, select(_D.id).where(mine, queued).limit(1))

    def due(self, subscription_id: str, until: Moment, most: int) -> list[Delivery]:
        """The first deliveries of the queues of a subscription that are due by then, the earliest ones."""
        values = {"subscription_id": subscription_id, "until": until, "most": most}
        return [load(Delivery, data) for (data,) in self._due.rows(self._connection, **values)]

    def next_due(self, subscription_id: str, after: Moment) -> Moment | None:
        """When the next one falls due, of those that are not due at `after`."""
        ((found,),) = self._next.rows(self._connection, subscription_id=subscription_id, after=after)
        return None if found is None else int(found)

    def has_queued(self, subscription_id: str) -> bool:
        """Whether any delivery of a subscription has not ended."""
        return bool(self._any.rows(self._connection, subscription_id=subscription_id))

    def subscriptions(self) -> list[str]:
        """The subscriptions with deliveries that have not ended. Reads all of those: for the start only."""
        statement = select(_D.subscription_id).distinct().where(_D.queued == literal_column("1"))
        return list(self._connection.execute(statement).scalars())
