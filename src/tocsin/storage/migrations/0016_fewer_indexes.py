"""One index of a service's alerts, one of its incidents, instead of two that every change of state had to write."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016_fewer_indexes"
down_revision = "0015_lists"


def upgrade() -> None:
    """Three indexes fall, one comes, of the few incidents that are open."""
    op.drop_index("ix_alerts_service_id_is_open_created_at", "alerts")
    op.drop_index("ix_incidents_service_id_status_created_at", "incidents")
    op.drop_index("ix_incidents_quiet", "incidents")
    is_open = sa.text("status <> 'resolved'")
    columns = ["service_id", "urgency", "number"]
    op.create_index(
        "ix_incidents_open_service_id", "incidents", columns, sqlite_where=is_open, postgresql_where=is_open
    )
