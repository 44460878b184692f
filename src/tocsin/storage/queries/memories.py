"""What rules remember, to look at: how often each acted, and when last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select

from tocsin.events.memory import Memory
from tocsin.storage import tables
from tocsin.storage.codec import load

_T = tables.memories.c
_AT_ONCE = 500
"""Ids in one statement: a path may have a thousand rules, and databases limit the parameters."""


def by_ids(connection: Connection, ids: Iterable[str]) -> Mapping[str, Memory]:
    """The memories with these ids, those that exist."""
    found: dict[str, Memory] = {}
    every = list(dict.fromkeys(ids))
    for at in range(0, len(every), _AT_ONCE):
        rows = connection.execute(select(_T.id, _T.data).where(_T.id.in_(every[at : at + _AT_ONCE])))
        found |= {row[0]: load(Memory, row[1]) for row in rows}
    return found
