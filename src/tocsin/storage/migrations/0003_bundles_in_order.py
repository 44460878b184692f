"""The oldest pages of a bundle are found without sorting all that gathered for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_bundles_in_order"
down_revision = "0002_less_to_write"


def upgrade() -> None:
    """Put the id into the index."""
    bundled = sa.text("state = 'bundled'")
    op.drop_index("ix_pages_bundled", "pages")
    op.create_index("ix_pages_bundled", "pages", ["contact_id", "id"], sqlite_where=bundled, postgresql_where=bundled)
