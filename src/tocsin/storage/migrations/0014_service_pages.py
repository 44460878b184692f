"""What a service's page asks for is found by an index, and how many events came by each key is counted.

Days before this one are counted from the outcomes that are still there.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014_service_pages"
down_revision = "0013_audit_details"

_COUNT = """
INSERT INTO entrance_days (integration_id, day, events, last_seq, last_at, last_outcome)
SELECT last.integration_id, counted.day, counted.events, last.seq, last.received_at, last.outcome
FROM (
    SELECT integration_id, received_at / 86400000000 AS day, count(*) AS events, max(seq) AS seq
    FROM event_outcomes GROUP BY integration_id, received_at / 86400000000
) AS counted JOIN event_outcomes AS last ON last.seq = counted.seq
"""


def upgrade() -> None:
    """Make the indexes and the counts."""
    op.create_index("ix_alerts_service_id_is_open_created_at", "alerts", ["service_id", "is_open", "created_at"])
    op.create_index("ix_incidents_service_id_status_created_at", "incidents", ["service_id", "status", "created_at"])
    op.drop_index("ix_incidents_service_id_status", "incidents")
    recorded = sa.text("outcome = 'recorded'")
    op.create_index(
        "ix_event_outcomes_recorded",
        "event_outcomes",
        ["integration_id", "seq"],
        sqlite_where=recorded,
        postgresql_where=recorded,
    )
    op.create_table(
        "entrance_days",
        sa.Column("integration_id", sa.Text(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("day", "events", "last_seq", "last_at")),
        sa.Column("last_outcome", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("integration_id", "day", name="pk_entrance_days"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_entrance_days_day", "entrance_days", ["day"])
    op.execute(_COUNT)
