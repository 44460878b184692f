"""What rules and cache variables remember from event to event."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007_memories"
down_revision = "0006_deliveries"


def upgrade() -> None:
    """Make the table and its index."""
    op.create_table(
        "memories",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_memories"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_memories_at", "memories", ["at"])
