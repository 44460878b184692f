"""People are told of hand-offs: where rules for it were kept already, every schedule is looked at."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0012_handoffs"
down_revision = "0011_workflow_runs"

_THINGS = sa.table("things", *(sa.column(name) for name in ("kind", "id", "data")))
_TIMERS = sa.table("timers", *(sa.column(name) for name in ("key", "due_at", "command")))


def upgrade() -> None:
    """Set the timer of each schedule, due at once; a schedule that nobody wants to hear of loses it then."""
    connection = op.get_bind()
    query = sa.select(_THINGS.c.kind, _THINGS.c.id, _THINGS.c.data)
    query = query.where(_THINGS.c.kind.in_(("kept", "schedule")), _THINGS.c.data.is_not(None))
    things = connection.execute(query).all()
    kept = (json.loads(data) for kind, _, data in things if kind == "kept")
    if not any(one.get("resource") == "oncall_handoff_notification_rule" for one in kept):
        return
    rows = [
        {
            "key": f"handoff:{thing_id}",
            "due_at": 0,
            "command": json.dumps({"kind": "paging.tell_handoffs", "data": {"schedule_id": thing_id}}),
        }
        for kind, thing_id, _ in things
        if kind == "schedule"
    ]
    if rows:
        connection.execute(sa.insert(_TIMERS), rows)
