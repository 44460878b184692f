"""The three layers through which open work is looked at: this unit's, this turn's, what the database is known to hold.

Decides in which order they are asked; never what is asked for.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias, TypeVar, cast

from sqlalchemy import Connection

from tocsin.deliveries.model import Delivery
from tocsin.engine.world import Stateful
from tocsin.storage.codec import load
from tocsin.storage.prepared import Query
from tocsin.storage.rows import MAPPED
from tocsin.storage.work_queries import WorkQueries

E = TypeVar("E", bound=Stateful)

NOT_KNOWN = frozenset({Delivery})
"""Kinds that are not kept in memory between turns: many, and each looked at a few times only."""


Key: TypeAlias = tuple[type[Any], str]
Layer: TypeAlias = dict[type[Any], dict[str, Any]]


class Layers:
    """The layers, and reading through them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._queries = WorkQueries(connection.dialect)
        self._known: OrderedDict[Key, Any] = OrderedDict()
        self._turn: Layer = {kind: {} for kind in MAPPED}
        self._unit: Layer = {kind: {} for kind in MAPPED}

    def _get(self, kind: type[E], entity_id: str) -> E | None:
        for layer in (self._unit, self._turn):
            if entity_id in layer[kind]:
                return cast("E", layer[kind][entity_id])
        known = self._known.get((kind, entity_id))
        if known is not None:
            return cast("E", known)
        rows = self._queries.one[cast("type[Stateful]", kind)].rows(self._connection, id=entity_id)
        return next(self._entities(kind, rows), None)

    def _find(
        self, kind: type[E], query: Query, values: Mapping[str, Any], wanted: Callable[[E], bool], *, skip: bool = False
    ) -> Iterator[E]:
        """What the query finds and what was changed, each in its newest value, if it is `wanted` by that value.

        `skip`: the database is known to hold nothing that the query would find.
        """
        newest: dict[str, E] = {}
        if not skip:
            rows = query.rows(self._connection, **values)
            newest.update((entity.id, entity) for entity in self._entities(kind, rows))
        newest.update(self._turn[kind])
        newest.update(self._unit[kind])
        return filter(wanted, newest.values())

    def _entities(self, kind: type[E], rows: Iterable[Any]) -> Iterator[E]:
        """Rows of ids and JSON as entities; what is known already is not read again."""
        for entity_id, data in rows:
            key = (kind, entity_id)
            found = self._known.get(key)
            if found is None:
                found = load(kind, data)
                if kind not in NOT_KNOWN:
                    self._known[key] = found
            yield found
