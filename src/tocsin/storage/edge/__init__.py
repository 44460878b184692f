"""What the edge itself must remember: sessions, sign-ins under way, counted attempts, security events, fetched feeds.

Apart from the main database.

On SQLite it is a file of its own with one writing connection (the edge's; the engine owns the main file), on
PostgreSQL tables beside the main ones. Decides how rows are kept and found; never what a session is worth, and never
sees a secret: tokens arrive here as digests.
"""

from tocsin.storage.edge.store import (
    EDGE_FILE,
    ONCE,
    EdgeStore,
    EventFilter,
    EventRow,
    FeedRow,
    LinkRow,
    ProviderRow,
    SessionRow,
    open_edge_store,
)

__all__ = [
    "EDGE_FILE",
    "ONCE",
    "EdgeStore",
    "EventFilter",
    "EventRow",
    "FeedRow",
    "LinkRow",
    "ProviderRow",
    "SessionRow",
    "open_edge_store",
]
