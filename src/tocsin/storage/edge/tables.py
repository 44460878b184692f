"""The edge's own tables. Nothing here refers to the main database: a person's id is just a text.

A column that came later has a default on the server's side: it is added to tables that are there already.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, PrimaryKeyConstraint, Table, Text

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
    Column("confirmed_at", BigInteger, nullable=False, server_default="0"),
    Index("ix_edge_sessions_user_id", "user_id"),
    Index("ix_edge_sessions_ends_at", "ends_at"),
)
"""Signed-in browsers, by the SHA-256 of their token. `standing`: what the person was when it was opened.

`confirmed_at`: when the person last proved again who they are.
"""

links = Table(
    "edge_links",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Column("printed", Integer, nullable=False, server_default="0"),
    Index("ix_edge_links_ends_at", "ends_at"),
)
"""One-time sign-in links, by the SHA-256 of their token. Used ones stay until they would have ended.

`printed`: the command line made it, on the server itself.
"""

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

begun = Table(
    "edge_begun",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Index("ix_edge_begun_ends_at", "ends_at"),
)
"""What a browser has begun and not ended: the step between password and code, a challenge, a way to the provider."""

marks = Table(
    "edge_marks",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("ix_edge_marks_at", "at"),
)
"""Numbers that only rise: the last code that was used, how often a passkey was."""

browsers = Table(
    "edge_browsers",
    metadata,
    Column("digest", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("digest", "user_id"),
    Index("ix_edge_browsers_user_id", "user_id"),
    Index("ix_edge_browsers_seen_at", "seen_at"),
)
"""Browsers in which a person has signed in before, by the SHA-256 of what they hold."""

events = Table(
    "edge_security_events",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Index("ix_edge_security_events_user_id_at", "user_id", "at"),
    Index("ix_edge_security_events_at", "at"),
)
"""What happened around people's ways to sign in, to be looked at by them and by administrators."""

provider_sessions = Table(
    "edge_provider_sessions",
    metadata,
    Column("session_digest", Text, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("sid", Text, nullable=False),
    Column("id_token", Text, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Index("ix_edge_provider_sessions_subject", "subject"),
    Index("ix_edge_provider_sessions_ends_at", "ends_at"),
)
"""Which sessions came from the identity provider: it may end them, and is told when they end."""
