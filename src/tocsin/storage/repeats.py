"""Repeats that were counted in memory and not written to their alerts yet, found again after a crash.

While many events follow each other, an alert that was only heard of again is written a second after the first time,
not with every turn. Nothing is lost by that: each event's outcome is stored in its own turn, an alert's row says up to
which event it counts (`last_seq`), and so what is missing can be counted from the outcomes. Decides nothing about when.
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from tocsin.events.model import Outcome
from tocsin.kernel.values import replace
from tocsin.storage import tables
from tocsin.storage.working_set import WorkingSet

HELD_FROM = "repeats_held_from"
"""In `meta`: every event up to this number is counted in its alert's row. Absent or 0 = all are."""


def recount(connection: Connection, state: WorkingSet, held_from: int) -> None:
    """Count the repeats after `held_from` that their alerts' rows do not count; they are written with this turn."""
    outcomes, alerts = tables.event_outcomes.c, tables.alerts.c
    statement = (
        select(outcomes.alert_id, outcomes.seq, outcomes.received_at)
        .where(outcomes.seq > held_from, outcomes.outcome == Outcome.REPEATED.value)
        .where(alerts.id == outcomes.alert_id, outcomes.seq > alerts.last_seq)
        .order_by(outcomes.seq)
    )
    for alert_id, seq, received_at in connection.execute(statement).all():
        alert = state.alert(alert_id)
        if alert is not None:
            state.put(replace(alert, repeats=alert.repeats + 1, last_event_at=received_at, last_seq=seq))
            state.keep_unit()
