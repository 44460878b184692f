"""The edge's own tables. Nothing here refers to the main database: a person's id is just a text."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, MetaData, Table, Text

metadata = MetaData()

sessions = Table(
    "edge_sessions",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("user_id", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("address", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Column("how", Text, nullable=False),
    Index("ix_edge_sessions_user_id", "user_id"),
    Index("ix_edge_sessions_ends_at", "ends_at"),
)
"""Signed-in browsers, by the SHA-256 of their token. `standing`: what the person was when it was opened."""

links = Table(
    "edge_links",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Index("ix_edge_links_ends_at", "ends_at"),
)
"""One-time sign-in links, by the SHA-256 of their token. Used ones stay until they would have ended."""

attempts = Table(
    "edge_attempts",
    metadata,
    Column("key", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("ix_edge_attempts_key_at", "key", "at"),
    Index("ix_edge_attempts_at", "at"),
)
"""Attempts that are counted, one row each: a sliding window is a count over an index."""

uses = Table(
    "edge_uses",
    metadata,
    Column("who", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
)
"""When somebody was last here: people as `user:ID`, API keys as `key:ID`. To the minute, and kept for ever."""

feeds = Table(
    "edge_feeds",
    metadata,
    Column("id", Text, primary_key=True),
    Column("content", Text, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("fetched_at", BigInteger, nullable=False),
    Column("agent", Text, nullable=False),
)
"""Calendar feeds that were fetched: a digest of what they showed last and since when, and who fetched them last."""
