"""What a maintenance window holds, and what was ever suspended, is found without reading every alert."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_held_alerts"
down_revision = "0003_bundles_in_order"


def upgrade() -> None:
    """Two columns with an index each; of the alerts that are there none was held."""
    for column in ("window_id", "suspended_by"):
        op.add_column("alerts", sa.Column(column, sa.Text(), nullable=True))
    _index("ix_alerts_held", ["window_id", "id"], "window_id IS NOT NULL")
    _index("ix_alerts_suspended", ["created_at"], "suspended_by IS NOT NULL")


def _index(name: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "alerts", columns, sqlite_where=where, postgresql_where=where)
