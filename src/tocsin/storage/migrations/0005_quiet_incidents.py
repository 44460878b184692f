"""A service's open incidents of low urgency are found in their order without reading the loud and the closed ones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005_quiet_incidents"
down_revision = "0004_held_alerts"


def upgrade() -> None:
    """One index."""
    quiet = sa.text("status <> 'resolved' AND urgency = 'low'")
    columns = ["service_id", "number"]
    op.create_index("ix_incidents_quiet", "incidents", columns, sqlite_where=quiet, postgresql_where=quiet)
