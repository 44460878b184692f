"""Alerts find the open incident that they belong to by what they hold."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008_groups"
down_revision = "0007_memories"


def upgrade() -> None:
    """One table."""
    op.create_table(
        "incident_groups",
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", "key", name="pk_incident_groups"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_incident_groups_key", "incident_groups", ["key"])
