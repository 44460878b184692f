"""The first shape of the main database. Frozen: what changes afterwards stands in a migration of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001_first"
down_revision = None

_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite numbers rows only in a column typed INTEGER


def upgrade() -> None:
    """Create every table."""
    _configuration()
    _alerts()
    _incidents()
    _paging()
    _work()
    _several_processes()


def _configuration() -> None:
    _table("meta", _text("key"), _text("value"), key=["key"])
    _table("things", _text("kind"), _text("id"), _moment("version"), _text("data", null=True), key=["kind", "id"])
    _index("ix_things_version", "things", ["version"])
    before, after = _text("before", null=True), _text("after", null=True)
    _numbered("audit", _moment("at"), _text("actor"), _text("kind"), _text("thing_id"), before, after)
    _index("ix_audit_kind_thing_id", "audit", ["kind", "thing_id"])


def _alerts() -> None:
    _table(
        "alerts",
        *(_text("id"), _text("scope"), _text("dedup_key"), _flag("is_open"), _text("service_id")),
        *(_text("incident_id"), _flag("suppressed"), _moment("created_at"), _moment("last_seq"), _text("data")),
    )
    _index("ix_alerts_scope_dedup_key", "alerts", ["scope", "dedup_key", "created_at"])
    _index("uq_alerts_open_key", "alerts", ["scope", "dedup_key"], unique=True, where="is_open = 1")
    _index("ix_alerts_incident_id", "alerts", ["incident_id"])
    _index("ix_alerts_created_at", "alerts", ["created_at"])


def _incidents() -> None:
    next_step = (
        "CASE WHEN status = 'resolved' THEN timer_at IS NULL AND timer_reason IS NULL "
        "ELSE (timer_at IS NULL) <> (timer_reason IS NULL) END"
    )
    _table(
        "incidents",
        *(_text("id"), _moment("number"), _text("status"), _text("urgency"), _text("service_id"), _text("policy_id")),
        *(_text("incident_key"), _moment("created_at"), _moment("resolved_at", null=True)),
        *(_moment("timer_at", null=True), _text("timer_reason", null=True), _text("data")),
        sa.UniqueConstraint("number", name="uq_incidents_number"),
        sa.CheckConstraint(next_step, name="ck_incidents_next_step"),
    )
    _index("ix_incidents_status_created_at", "incidents", ["status", "created_at"])
    _index("ix_incidents_service_id_status", "incidents", ["service_id", "status"])
    _index("ix_incidents_created_at", "incidents", ["created_at"])
    _index("ix_incidents_incident_key", "incidents", ["incident_key", "service_id"])
    _index("ix_incidents_open_policy_id", "incidents", ["policy_id"], where="status <> 'resolved'")
    for name, column in (("incident_people", "user_id"), ("incident_teams", "team_id")):
        _table(name, _text("incident_id"), _text(column), key=["incident_id", column])
        _index(f"ix_{name}_{column}", name, [column])
    _table("policy_snapshots", _text("id"), _text("data"))


def _paging() -> None:
    _table(
        "pages",
        *(_text("id"), _text("incident_id"), _text("user_id"), _text("contact_id")),
        *(_text("state"), _moment("created_at"), _text("data")),
    )
    _index("ix_pages_incident_id", "pages", ["incident_id"])
    _index("ix_pages_bundled", "pages", ["contact_id"], where="state = 'bundled'")
    _index("ix_pages_planned", "pages", ["user_id"], where="state = 'planned'")
    _table(
        "messages",
        *(_text("id"), _text("address"), _text("channel"), _text("code"), _text("user_id")),
        *(_text("state"), _moment("created_at"), _text("data")),
    )
    _index("ix_messages_address_created_at", "messages", ["address", "created_at"])
    _index("ix_messages_created_at", "messages", ["created_at"])
    _table("paces", _text("id"), _text("data"))


def _work() -> None:
    _numbered("timeline", _moment("at"), _text("incident_id"), _text("kind"), _text("actor"), _text("data"))
    _index("ix_timeline_incident_id_seq", "timeline", ["incident_id", "seq"])
    _table("timers", _text("key"), _moment("due_at"), _text("command"), key=["key"])
    _index("ix_timers_due_at", "timers", ["due_at"])
    columns = [_text("key"), _text("kind"), _text("engine"), _moment("created_at"), _text("data")]
    _table("outbox", *columns, key=["key"])
    _index("ix_outbox_created_at", "outbox", ["created_at"])
    seq = sa.Column("seq", sa.BigInteger(), nullable=False, autoincrement=False)
    _table(
        "event_outcomes",
        *(seq, _text("outcome"), _text("reason"), _text("alert_id"), _text("integration_id")),
        *(_moment("received_at"), _moment("decided_at")),
        key=["seq"],
    )
    kept_back = "outcome IN ('suppressed', 'dropped', 'quarantined')"
    _index("ix_event_outcomes_kept_back", "event_outcomes", ["seq"], where=kept_back)
    _table("answers", _text("key"), _moment("at"), _text("answer"), key=["key"])
    _index("ix_answers_at", "answers", ["at"])


def _several_processes() -> None:
    _table("leases", _text("name"), _text("holder"), _moment("fence"), _moment("until"), key=["name"])
    request = sa.Column("request", sa.LargeBinary(), nullable=False)
    answer = sa.Column("answer", sa.LargeBinary(), nullable=True)
    unique = sa.UniqueConstraint("key", name="uq_commands_key")
    _numbered("commands", _text("key"), request, answer, _moment("at"), unique)


def _text(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=null)


def _moment(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=null)


def _flag(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.SmallInteger(), nullable=False)


def _table(name: str, *parts: Any, key: Sequence[str] = ("id",)) -> None:
    op.create_table(name, *parts, sa.PrimaryKeyConstraint(*key, name=f"pk_{name}"))


def _numbered(name: str, *parts: Any) -> None:
    seq = sa.Column("seq", _COUNTER, nullable=False, autoincrement=True)
    op.create_table(name, seq, *parts, sa.PrimaryKeyConstraint("seq", name=f"pk_{name}"), sqlite_autoincrement=True)


def _index(name: str, table: str, columns: list[str], *, unique: bool = False, where: str = "") -> None:
    condition = sa.text(where) if where else None
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
