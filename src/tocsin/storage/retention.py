"""What is not kept for ever: how events ended, what subscriptions were told, answers to commands that might come again.

Drops a piece at a time, within the turn of whoever calls, so that nobody waits for a large one. Never drops what people
did or were told: incidents, timelines, pages and the audit trail stay. The log follows: an edge drops what lies before
the oldest outcome (`app/log_sweep.py`).
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, select, tuple_

from tocsin.kernel.time import DAY, Moment, Span
from tocsin.storage import tables

PIECE = 1_000
"""Rows of a table that are dropped at once, at most: some milliseconds."""

ANSWERS_KEPT: Span = DAY
"""Who asks again with the same key does so within seconds; a day is for programs that were stopped meanwhile."""

DELIVERIES_KEPT: Span = 7 * DAY
"""Deliveries that have ended can be looked at and sent again for so long. Longer than one may wait in its queue."""

DELIVERIES_PIECE = 200
"""They are large, and in four indexes."""


MEMORIES_KEPT: Span = 90 * DAY
"""What rules remember and has not changed for so long: of rules that are gone, of problems that do not come again."""

DAYS_KEPT = 90
"""Days of which is known how many events came by each key."""


def sweep(connection: Connection, now: Moment, events_kept: Span) -> bool:
    """Drop what is too old; whether there may be more of it. `events_kept` 0 = for ever."""
    more = _sweep_answers(connection, now - ANSWERS_KEPT)
    more = _sweep_deliveries(connection, now - DELIVERIES_KEPT) or more
    more = _sweep_memories(connection, now - MEMORIES_KEPT) or more
    more = _sweep_days(connection, now // DAY - DAYS_KEPT) or more
    return (bool(events_kept) and _sweep_outcomes(connection, now - events_kept)) or more


def _sweep_answers(connection: Connection, before: Moment) -> bool:
    answers = tables.answers
    old = select(answers.c.key).where(answers.c.at < before).order_by(answers.c.at).limit(PIECE)
    keys = connection.execute(old).scalars().all()
    if keys:
        connection.execute(delete(answers).where(answers.c.key.in_(keys)))
    return len(keys) == PIECE


def _sweep_deliveries(connection: Connection, before: Moment) -> bool:
    deliveries = tables.deliveries
    old = select(deliveries.c.id).where(deliveries.c.finished_at < before)
    ids = connection.execute(old.order_by(deliveries.c.finished_at).limit(DELIVERIES_PIECE)).scalars().all()
    if ids:
        connection.execute(delete(deliveries).where(deliveries.c.id.in_(ids)))
    return len(ids) == DELIVERIES_PIECE


def _sweep_memories(connection: Connection, before: Moment) -> bool:
    memories = tables.memories
    old = select(memories.c.id).where(memories.c.at < before).order_by(memories.c.at).limit(PIECE)
    ids = connection.execute(old).scalars().all()
    if ids:
        connection.execute(delete(memories).where(memories.c.id.in_(ids)))
    return len(ids) == PIECE


def _sweep_days(connection: Connection, before: int) -> bool:
    days = tables.entrance_days
    key = (days.c.integration_id, days.c.day)
    old = connection.execute(select(*key).where(days.c.day < before).order_by(days.c.day).limit(PIECE)).all()
    if old:
        connection.execute(delete(days).where(tuple_(*key).in_([tuple(one) for one in old])))
    return len(old) == PIECE


def _sweep_outcomes(connection: Connection, before: Moment) -> bool:
    """In the order of the log: the first one that is still to be kept ends it."""
    outcomes = tables.event_outcomes
    oldest = select(outcomes.c.seq, outcomes.c.received_at).order_by(outcomes.c.seq).limit(PIECE)
    last, dropped = 0, 0
    for seq, received_at in connection.execute(oldest):
        if received_at >= before:
            break
        last, dropped = seq, dropped + 1
    if dropped:
        connection.execute(delete(outcomes).where(outcomes.c.seq <= last))
    return dropped == PIECE
