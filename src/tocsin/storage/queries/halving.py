"""Where a moment lies in a table whose rows are numbered in the order in which they came: found by halving.

Their moments rise with their numbers, so no index on them is needed, which every row would have to pay for.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, select

from tocsin.kernel.time import SECOND, Moment, Span

LEEWAY: Final[Span] = 60 * SECOND
"""How far the clock may have been set back between two rows without hiding one from a window of time."""


def first_since(
    connection: Connection, seq: ColumnElement[int], at: ColumnElement[Any], moment: Moment, *, lowest: int = 1
) -> int:
    """The smallest number such that what stands before it is of before `moment`; one past the end if all is."""
    low, high = lowest, int(connection.execute(select(func.max(seq))).scalar() or 0) + 1
    while low < high:
        middle = (low + high) // 2
        row = connection.execute(select(seq, at).where(seq >= middle).order_by(seq).limit(1)).first()
        if row is None or row[1] >= moment:
            high = middle
        else:
            low = row[0] + 1
    return low
