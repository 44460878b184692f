"""What rules remember, to look at: how often each acted, and when last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from tocsin.events.memory import Memory
from tocsin.storage import tables
from tocsin.storage.codec import load
from tocsin.storage.queries import whole


def by_ids(connection: Connection, ids: Iterable[str]) -> Mapping[str, Memory]:
    """The memories with these ids, those that exist."""
    found = (load(Memory, data) for data in whole.by_ids(connection, tables.memories, ids))
    return {memory.id: memory for memory in found}
