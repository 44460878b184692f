"""A service's noise rules are gone: rules of its orchestration path do what they did. Only the demo ever made some."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009_rules_only"
down_revision = "0008_groups"


def upgrade() -> None:
    """Their kind of thing can't be read any more."""
    op.execute(sa.text("DELETE FROM things WHERE kind = 'noise_rule'"))
