"""Every table of the main database. Entities are kept whole as JSON in `data`; columns beside it exist to be searched.

Moments are whole microseconds. The invariants that a database can hold stand here as constraints: one open alert per
key, one next step per open incident, one number per incident.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Moment = BigInteger
_IN_KEY: dict[str, Any] = {"sqlite_with_rowid": False}
"""Rows lie in the tree of their key: for small ones."""

_Counter = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows only in a column typed INTEGER

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    **_IN_KEY,
)
"""Single values: the cursor into the log, the configuration's version, the last incident number."""

things = Table(
    "things",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("version", _Moment, nullable=False),
    Column("data", Text),
    Index("ix_things_version", "version"),
)
"""The configuration; `data` NULL = removed. `version` is the configuration's version that wrote the row."""

audit = Table(
    "audit",
    metadata,
    Column("seq", _Counter, primary_key=True, autoincrement=True),
    Column("at", _Moment, nullable=False),
    Column("actor", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("thing_id", Text, nullable=False),
    Column("before", Text),
    Column("after", Text),
    Column("detail", Text),
    Index("ix_audit_kind_thing_id", "kind", "thing_id"),
    sqlite_autoincrement=True,
)
"""Every change of configuration: who, when, before, after; secrets are blanked. Never updated, never deleted.

`detail`: what it led to that its values don't say, NULL for most.
"""

alerts = Table(
    "alerts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("scope", Text, nullable=False),
    Column("dedup_key", Text, nullable=False),
    Column("is_open", SmallInteger, nullable=False),
    Column("service_id", Text, nullable=False),
    Column("incident_id", Text, nullable=False),
    Column("suppressed", SmallInteger, nullable=False),
    Column("created_at", _Moment, nullable=False),
    Column("last_seq", _Moment, nullable=False),
    Column("data", Text, nullable=False),
    Column("window_id", Text),
    Column("suspended_by", Text),
    Column("severity", Text),
    Column("words", Text, nullable=False, server_default=""),
    Index("ix_alerts_scope_dedup_key", "scope", "dedup_key", "created_at"),
    Index(
        "uq_alerts_open_key",
        "scope",
        "dedup_key",
        unique=True,
        sqlite_where=text("is_open = 1"),
        postgresql_where=text("is_open = 1"),
    ),
    Index("ix_alerts_incident_id", "incident_id"),
    Index("ix_alerts_created_at", "created_at"),
    Index("ix_alerts_service_id_created_at", "service_id", "created_at"),
    Index(
        "ix_alerts_open",
        "created_at",
        "id",
        "suppressed",
        "service_id",
        "severity",
        sqlite_where=text("is_open = 1"),
        postgresql_where=text("is_open = 1"),
    ),
    Index(
        "ix_alerts_held",
        "window_id",
        "id",
        sqlite_where=text("window_id IS NOT NULL"),
        postgresql_where=text("window_id IS NOT NULL"),
    ),
    Index(
        "ix_alerts_suspended",
        "created_at",
        sqlite_where=text("suspended_by IS NOT NULL"),
        postgresql_where=text("suspended_by IS NOT NULL"),
    ),
)
"""`window_id`: of open alerts that a maintenance window holds. `suspended_by`: of those that were ever suspended.

`words`: what a search by text looks at, case folded.
"""

incidents = Table(
    "incidents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", _Moment, nullable=False),
    Column("status", Text, nullable=False),
    Column("urgency", Text, nullable=False),
    Column("service_id", Text, nullable=False),
    Column("policy_id", Text, nullable=False),
    Column("incident_key", Text, nullable=False),
    Column("created_at", _Moment, nullable=False),
    Column("resolved_at", _Moment),
    Column("timer_at", _Moment),
    Column("timer_reason", Text),
    Column("data", Text, nullable=False),
    Column("priority_id", Text),
    Column("words", Text, nullable=False, server_default=""),
    UniqueConstraint("number"),
    CheckConstraint(
        "CASE WHEN status = 'resolved' THEN timer_at IS NULL AND timer_reason IS NULL "
        "ELSE (timer_at IS NULL) <> (timer_reason IS NULL) END",
        name="next_step",
    ),
    Index("ix_incidents_status_created_at", "status", "created_at"),
    Index("ix_incidents_created_at", "created_at"),
    Index("ix_incidents_service_id_created_at", "service_id", "created_at"),
    Index(
        "ix_incidents_open",
        "created_at",
        "number",
        "status",
        "urgency",
        "service_id",
        "priority_id",
        sqlite_where=text("status <> 'resolved'"),
        postgresql_where=text("status <> 'resolved'"),
    ),
    Index("ix_incidents_incident_key", "incident_key", "service_id"),
    Index(
        "ix_incidents_open_service_id",
        "service_id",
        "urgency",
        "number",
        sqlite_where=text("status <> 'resolved'"),
        postgresql_where=text("status <> 'resolved'"),
    ),
    Index(
        "ix_incidents_open_policy_id",
        "policy_id",
        sqlite_where=text("status <> 'resolved'"),
        postgresql_where=text("status <> 'resolved'"),
    ),
)
"""`words`: what a search by text looks at, case folded."""

incident_people = Table(
    "incident_people",
    metadata,
    Column("incident_id", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Index("ix_incident_people_user_id", "user_id"),
    **_IN_KEY,
)
"""Who has an open incident now."""

incident_groups = Table(
    "incident_groups",
    metadata,
    Column("incident_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Index("ix_incident_groups_key", "key"),
    **_IN_KEY,
)
"""By which keys alerts find an incident that they belong to."""

incident_teams = Table(
    "incident_teams",
    metadata,
    Column("incident_id", Text, primary_key=True),
    Column("team_id", Text, primary_key=True),
    Index("ix_incident_teams_team_id", "team_id"),
    **_IN_KEY,
)

policy_snapshots = Table(
    "policy_snapshots",
    metadata,
    Column("id", Text, primary_key=True),
    Column("data", Text, nullable=False),
)

pages = Table(
    "pages",
    metadata,
    Column("id", Text, primary_key=True),
    Column("incident_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("contact_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", _Moment, nullable=False),
    Column("data", Text, nullable=False),
    Index("ix_pages_incident_id", "incident_id"),
    Index(
        "ix_pages_bundled",
        "contact_id",
        "id",
        sqlite_where=text("state = 'bundled'"),
        postgresql_where=text("state = 'bundled'"),
    ),
    Index(
        "ix_pages_planned",
        "user_id",
        sqlite_where=text("state = 'planned'"),
        postgresql_where=text("state = 'planned'"),
    ),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Text, primary_key=True),
    Column("address", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", _Moment, nullable=False),
    Column("data", Text, nullable=False),
    Index("ix_messages_address_created_at", "address", "created_at"),
    Index("ix_messages_created_at", "created_at"),
)

paces = Table(
    "paces",
    metadata,
    Column("id", Text, primary_key=True),
    Column("data", Text, nullable=False),
    **_IN_KEY,
)

memories = Table(
    "memories",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", _Moment, nullable=False),
    Column("data", Text, nullable=False),
    Index("ix_memories_at", "at"),
    **_IN_KEY,
)
"""What rules and cache variables remember from event to event; `at`: when it changed last."""

timeline = Table(
    "timeline",
    metadata,
    Column("seq", _Counter, primary_key=True, autoincrement=True),
    Column("at", _Moment, nullable=False),
    Column("incident_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("data", Text, nullable=False),
    Index("ix_timeline_incident_id_seq", "incident_id", "seq"),
    sqlite_autoincrement=True,
)
"""Every fact, in the order in which they happened."""

timers = Table(
    "timers",
    metadata,
    Column("key", Text, primary_key=True),
    Column("due_at", _Moment, nullable=False),
    Column("command", Text, nullable=False),
    Index("ix_timers_due_at", "due_at"),
    **_IN_KEY,
)

outbox = Table(
    "outbox",
    metadata,
    Column("key", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("engine", Text, nullable=False),
    Column("created_at", _Moment, nullable=False),
    Column("data", Text, nullable=False),
    Index("ix_outbox_created_at", "created_at"),
    **_IN_KEY,
)
"""Effects whose result is not known. `engine` claimed it with the decision; a later engine finds it after a crash."""

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", _Moment, nullable=False),
    Column("subscription_id", Text, nullable=False),
    Column("resource_id", Text, nullable=False),
    Column("queued", SmallInteger, nullable=False),
    Column("due_at", _Moment),
    Column("finished_at", _Moment),
    Column("data", Text, nullable=False),
    CheckConstraint("CASE WHEN queued = 1 THEN finished_at IS NULL ELSE due_at IS NULL END", name="ended"),
    Index("ix_deliveries_subscription_id_number", "subscription_id", "number"),
    Index(
        "ix_deliveries_due",
        "subscription_id",
        "due_at",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
    Index(
        "ix_deliveries_queued",
        "subscription_id",
        "resource_id",
        "number",
        sqlite_where=text("queued = 1"),
        postgresql_where=text("queued = 1"),
    ),
    Index(
        "ix_deliveries_finished_at",
        "finished_at",
        sqlite_where=text("finished_at IS NOT NULL"),
        postgresql_where=text("finished_at IS NOT NULL"),
    ),
)
"""What subscriptions are told. Only the first of each queue (subscription, resource) has a `due_at`."""

lanes = Table(
    "lanes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("data", Text, nullable=False),
    **_IN_KEY,
)
"""How the deliveries of each subscription fare."""

workflow_runs = Table(
    "workflow_runs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("incident_id", Text, nullable=False),
    Column("workflow_id", Text, nullable=False),
    Column("started_at", _Moment, nullable=False),
    Column("data", Text, nullable=False),
    Index("ix_workflow_runs_incident_id", "incident_id"),
    Index("ix_workflow_runs_workflow_id_started_at", "workflow_id", "started_at"),
)
"""Every time that a workflow was carried out on an incident."""

event_outcomes = Table(
    "event_outcomes",
    metadata,
    Column("seq", _Counter, primary_key=True, autoincrement=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("alert_id", Text, nullable=False),
    Column("integration_id", Text, nullable=False),
    Column("received_at", _Moment, nullable=False),
    Column("decided_at", _Moment, nullable=False),
    Index(
        "ix_event_outcomes_kept_back",
        "seq",
        sqlite_where=text("outcome IN ('suppressed', 'dropped', 'quarantined')"),
        postgresql_where=text("outcome IN ('suppressed', 'dropped', 'quarantined')"),
    ),
    Index(
        "ix_event_outcomes_recorded",
        "integration_id",
        "seq",
        sqlite_where=text("outcome = 'recorded'"),
        postgresql_where=text("outcome = 'recorded'"),
    ),
)
"""How every accepted event ended, by its number in the log."""

entrance_days = Table(
    "entrance_days",
    metadata,
    Column("integration_id", Text, primary_key=True),
    Column("day", _Moment, primary_key=True),
    Column("events", _Moment, nullable=False),
    Column("last_seq", _Moment, nullable=False),
    Column("last_at", _Moment, nullable=False),
    Column("last_outcome", Text, nullable=False),
    Index("ix_entrance_days_day", "day"),
    **_IN_KEY,
)
"""How many events came by each key on each day (UTC, days since 1970), and how the last of them ended.

Written once a turn for each key, so that no event pays for an index by which it could be found.
"""

answers = Table(
    "answers",
    metadata,
    Column("key", Text, primary_key=True),
    Column("at", _Moment, nullable=False),
    Column("answer", Text, nullable=False),
    Index("ix_answers_at", "at"),
    **_IN_KEY,
)
"""What a command with this idempotency key was answered, so that a retry acts once."""

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("fence", _Moment, nullable=False),
    Column("until", _Moment, nullable=False),
)
"""Which engine is the active one. Its fence is checked inside every transaction that decides."""

commands = Table(
    "commands",
    metadata,
    Column("seq", _Counter, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),
    Column("request", LargeBinary, nullable=False),
    Column("answer", LargeBinary),
    Column("at", _Moment, nullable=False),
    sqlite_autoincrement=True,
)
"""PostgreSQL only: commands on their way from an edge to the active engine, and their answers."""
