"""Part of a list on either side of a place in it, so that a page of a long list costs as much at its end as at its top.

A filter that no index serves is looked for among the nearest rows only, and the answer says where the search stopped.
Decides how far; never in which order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, func, literal_column, select, tuple_

from tocsin.kernel.time import Moment

T = TypeVar("T")

LOOKED_THROUGH: Final = 10_000
"""Rows among which a filter without an index is looked for, from the place on."""

COUNTED: Final = 10_000
"""Nothing is counted further: whoever reads a list wants to know whether there are few or many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice(Generic[T]):
    """Some rows in the list's order. `before`, `after`: whether others stand on that side.

    `looked_to`: the search stopped at this moment, and more may stand beyond (None = all was looked at).
    """

    items: tuple[T, ...]
    before: bool
    after: bool
    looked_to: Moment | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are: `number`, or more than that where `more` is True."""

    number: int
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """How a list is walked: by these columns, all descending or all ascending, the first of them a moment.

    `at`: the values of the columns at the place (None = where the list begins). `backwards`: towards its beginning.
    """

    columns: tuple[ColumnElement[Any], ...]
    descending: bool
    at: tuple[Any, ...] | None = None
    backwards: bool = False

    @property
    def falls(self) -> bool:
        """Whether the walk goes from later to earlier."""
        return self.descending != self.backwards

    def beyond(self, statement: Select[Any]) -> Select[Any]:
        """Only what stands beyond the place, in the order of the walk."""
        if self.at is not None:
            here, there = tuple_(*self.columns), tuple_(*self.at)
            first, moment = self.columns[0], self.at[0]
            statement = statement.where(here < there if self.falls else here > there)
            # The first column alone as well: that much every index can be entered by.
            statement = statement.where(first <= moment if self.falls else first >= moment)
        order = (column.desc() if self.falls else column.asc() for column in self.columns)
        return statement.order_by(*order)

    def within(self, moment: Moment) -> ColumnElement[bool]:
        """Whether a row stands no further than this moment."""
        return self.columns[0] >= moment if self.falls else self.columns[0] <= moment


def taken(
    connection: Connection,
    statement: Select[Any],
    walk: Walk,
    limit: int,
    decode: Callable[[Sequence[Any]], tuple[T, ...]],
    *,
    bound_by: ColumnElement[Any] | None = None,
) -> Slice[T]:
    """At most `limit` rows beyond the walk's place. `statement` selects one column, which `decode` makes rows of.

    `bound_by`: the moments of all rows of the table, where the filter has no index.
    """
    found = walk.beyond(statement)
    edge = None if bound_by is None else _edge(connection, walk, bound_by)
    if edge is not None:
        found = found.where(walk.within(edge))
    rows = list(connection.execute(found.limit(limit + 1)).scalars())
    more = len(rows) > limit or edge is not None
    looked_to = edge if len(rows) <= limit else None
    rows = rows[:limit]
    if walk.backwards:
        return Slice(items=decode(rows[::-1]), before=more, after=True, looked_to=looked_to)
    return Slice(items=decode(rows), before=walk.at is not None, after=more, looked_to=looked_to)


def _edge(connection: Connection, walk: Walk, moments: ColumnElement[Any]) -> Moment | None:
    """Where the search stops; None when fewer rows lie beyond the place than it looks at."""
    plain = Walk(columns=(moments,), descending=walk.descending, backwards=walk.backwards)
    statement = plain.beyond(select(moments))
    if walk.at is not None:
        statement = statement.where(moments <= walk.at[0] if plain.falls else moments >= walk.at[0])
    found: Moment | None = connection.execute(statement.limit(1).offset(LOOKED_THROUGH)).scalar()
    return found


def counted_to(connection: Connection, statement: Select[Any], most: int = COUNTED) -> Count:
    """How many rows the statement has, as far as it is counted."""
    some = (
        statement.with_only_columns(literal_column("1"), maintain_column_froms=True)
        .order_by(None)
        .limit(most + 1)
        .subquery()
    )
    number = int(connection.execute(select(func.count()).select_from(some)).scalar() or 0)
    return Count(min(number, most), number > most)
