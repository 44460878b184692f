"""Escalation policies as they were when an incident was assigned."""

from __future__ import annotations

from sqlalchemy import Connection, select

from tocsin.escalation.model import Policy, PolicySnapshot
from tocsin.storage import tables
from tocsin.storage.codec import load


def as_it_was(connection: Connection, snapshot_id: str) -> Policy | None:
    """The policy of this snapshot."""
    snapshots = tables.policy_snapshots.c
    data = connection.execute(select(snapshots.data).where(snapshots.id == snapshot_id)).scalar()
    return None if data is None else load(PolicySnapshot, data).policy
