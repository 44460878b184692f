"""Beside what a thing was and is, the audit trail says what a change led to: the gaps that it opened in a schedule."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013_audit_details"
down_revision = "0012_handoffs"


def upgrade() -> None:
    """One column, empty for all that is on record."""
    op.add_column("audit", sa.Column("detail", sa.Text))
