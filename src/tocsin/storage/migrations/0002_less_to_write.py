"""SQLite: rows that lie in the tree of their key, so that a new one is written once and not twice.

A key of texts, or one typed BIGINT, is an index beside the rows. Small rows with such keys move into the index (WITHOUT
ROWID), and outcomes are numbered by an INTEGER, which is SQLite's own number of a row. PostgreSQL has no such choice.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002_less_to_write"
down_revision = "0001_first"


def upgrade() -> None:
    """Make each table anew and move its rows."""
    if op.get_bind().dialect.name != "sqlite":
        return
    _again("meta", ["key"], _text("key"), _text("value"))
    for name, column in (("incident_people", "user_id"), ("incident_teams", "team_id")):
        index = {f"ix_{name}_{column}": [column]}
        _again(name, ["incident_id", column], _text("incident_id"), _text(column), indexes=index)
    _again("paces", ["id"], _text("id"), _text("data"))
    due = {"ix_timers_due_at": ["due_at"]}
    _again("timers", ["key"], _text("key"), _moment("due_at"), _text("command"), indexes=due)
    columns = [_text("key"), _text("kind"), _text("engine"), _moment("created_at"), _text("data")]
    _again("outbox", ["key"], *columns, indexes={"ix_outbox_created_at": ["created_at"]})
    _again("answers", ["key"], _text("key"), _moment("at"), _text("answer"), indexes={"ix_answers_at": ["at"]})
    _outcomes()


def _outcomes() -> None:
    op.drop_index("ix_event_outcomes_kept_back", "event_outcomes")
    columns = [_text("outcome"), _text("reason"), _text("alert_id"), _text("integration_id")]
    columns += [_moment("received_at"), _moment("decided_at")]
    seq = sa.Column("seq", sa.Integer(), nullable=False, autoincrement=False)
    _moved("event_outcomes", ["seq"], seq, *columns)
    kept_back = sa.text("outcome IN ('suppressed', 'dropped', 'quarantined')")
    op.create_index("ix_event_outcomes_kept_back", "event_outcomes", ["seq"], sqlite_where=kept_back)


def _again(name: str, key: list[str], *columns: Any, indexes: dict[str, list[str]] | None = None) -> None:
    for index in indexes or {}:
        op.drop_index(index, name)
    _moved(name, key, *columns, sqlite_with_rowid=False)
    for index, indexed in (indexes or {}).items():
        op.create_index(index, name, indexed)


def _moved(name: str, key: list[str], *columns: Any, **options: Any) -> None:
    op.rename_table(name, f"old_{name}")
    op.create_table(name, *columns, sa.PrimaryKeyConstraint(*key, name=f"pk_{name}"), **options)
    names = ", ".join(f'"{column.name}"' for column in columns)
    op.execute(f"INSERT INTO {name} ({names}) SELECT {names} FROM old_{name}")  # noqa: S608 - names of this file
    op.drop_table(f"old_{name}")


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False)


def _moment(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=False)
