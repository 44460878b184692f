"""What webhook subscriptions are told, and how that goes."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006_deliveries"
down_revision = "0005_quiet_incidents"


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "deliveries",
        _text("id"),
        sa.Column("number", sa.BigInteger(), nullable=False),
        _text("subscription_id"),
        _text("resource_id"),
        sa.Column("queued", sa.SmallInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger()),
        sa.Column("finished_at", sa.BigInteger()),
        _text("data"),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.CheckConstraint(
            "CASE WHEN queued = 1 THEN finished_at IS NULL ELSE due_at IS NULL END", name="ck_deliveries_ended"
        ),
    )
    _index("subscription_id_number", ["subscription_id", "number"])
    _index("due", ["subscription_id", "due_at"], "due_at IS NOT NULL")
    _index("queued", ["subscription_id", "resource_id", "number"], "queued = 1")
    _index("finished_at", ["finished_at"], "finished_at IS NOT NULL")
    op.create_table(
        "lanes", _text("id"), _text("data"), sa.PrimaryKeyConstraint("id", name="pk_lanes"), sqlite_with_rowid=False
    )


def _index(name: str, columns: list[str], of: str = "") -> None:
    only: dict[str, Any] = {"sqlite_where": sa.text(of), "postgresql_where": sa.text(of)} if of else {}
    op.create_index(f"ix_deliveries_{name}", "deliveries", columns, **only)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False)
