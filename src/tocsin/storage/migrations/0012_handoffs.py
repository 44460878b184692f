"""People are told of hand-offs: where rules for it were kept already, every schedule is looked at.

One after the other, from now on by the database's clock: what calls people must not wait behind a thousand of them.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0012_handoffs"
down_revision = "0011_workflow_runs"

_THINGS = sa.table("things", *(sa.column(name) for name in ("kind", "id", "data")))
_APART = 100_000
"""Microseconds from one look to the next."""

_NOW = {"sqlite": "CAST(strftime('%s', 'now') AS INTEGER)", "postgresql": "CAST(extract(epoch FROM now()) AS bigint)"}
"""The second that it is."""

_TIMERS = sa.table("timers", *(sa.column(name) for name in ("key", "due_at", "command")))


def upgrade() -> None:
    """Set the timer of each schedule; a schedule of which nobody wants to hear loses it when it is due."""
    connection = op.get_bind()
    query = sa.select(_THINGS.c.kind, _THINGS.c.id, _THINGS.c.data)
    query = query.where(_THINGS.c.kind.in_(("kept", "schedule")), _THINGS.c.data.is_not(None))
    things = connection.execute(query).all()
    kept = (json.loads(data) for kind, _, data in things if kind == "kept")
    if not any(one.get("resource") == "oncall_handoff_notification_rule" for one in kept):
        return
    second = connection.execute(sa.text(f"SELECT {_NOW[connection.dialect.name]}")).scalar_one()
    schedules = [thing_id for kind, thing_id, _ in things if kind == "schedule"]
    rows = [
        {
            "key": f"handoff:{schedule_id}",
            "due_at": second * 1_000_000 + number * _APART,
            "command": json.dumps({"kind": "paging.tell_handoffs", "data": {"schedule_id": schedule_id}}),
        }
        for number, schedule_id in enumerate(schedules)
    ]
    if rows:
        connection.execute(sa.insert(_TIMERS), rows)
