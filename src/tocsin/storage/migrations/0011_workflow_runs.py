"""What workflows did on incidents."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011_workflow_runs"
down_revision = "0010_custom_fields"


def upgrade() -> None:
    """Make the table and its indexes."""
    op.create_table(
        "workflow_runs",
        _text("id"),
        _text("incident_id"),
        _text("workflow_id"),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        _text("data"),
        sa.PrimaryKeyConstraint("id", name="pk_workflow_runs"),
    )
    op.create_index("ix_workflow_runs_incident_id", "workflow_runs", ["incident_id"])
    op.create_index("ix_workflow_runs_workflow_id_started_at", "workflow_runs", ["workflow_id", "started_at"])


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False)
