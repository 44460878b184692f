"""Calendar feeds as they are fetched: whose an address is, how often one may ask, since when a feed is as it is.

The secret of an address is never kept, only its SHA-256. Decides that an address without a good secret learns nothing,
and that the marks of a change never go backwards. Never decides what a feed shows.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tocsin.directory.feeds import CalendarFeed
from tocsin.kernel.errors import NotFound, TooMany
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import DAY, MINUTE, SECOND, Moment, Span
from tocsin.runtime.attempts import Limit, Visitor
from tocsin.runtime.clock import Clock
from tocsin.runtime.desk import Desk
from tocsin.storage.edge import EdgeStore, FeedRow

WRONG: Final = Limit("feed-wrong", 30, 15 * MINUTE)
"""Addresses without a good secret, from one network: where somebody guesses."""
FETCHES: Final = Limit("feed", 60, 15 * MINUTE)
"""One feed: calendar programs ask a few times an hour, and several may share an address."""

UNFETCHED: Final[Span] = 400 * DAY
"""What is known of a feed is dropped when nobody has asked for it for so long."""

SHELF_BYTES: Final = 16 * 1024 * 1024
"""Of calendars that are kept written out, in one process."""

_NOTE_EVERY: Final[Span] = MINUTE
_TOKEN_CHARS: Final = 100
_AGENT_CHARS: Final = 120


@dataclass(frozen=True, slots=True)
class Fetched:
    """When a feed was fetched last, and what the program that did calls itself."""

    at: Moment
    agent: str


@dataclass(frozen=True, slots=True)
class Made:
    """A calendar as it was written out: of which version of the configuration, on which day, and what it says."""

    version: int
    day: Moment
    content: str
    changed_at: Moment
    body: bytes


class Shelf:
    """Calendars that were written out lately: programs ask much more often than anything changes.

    Safe to use from many threads.
    """

    def __init__(self, most: int = SHELF_BYTES) -> None:
        self._most = most
        self._held: OrderedDict[str, Made] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def find(self, feed: CalendarFeed, version: int, day: Moment) -> Made | None:
        """What the feed says, if nothing can have changed since it was written out."""
        with self._lock:
            held = self._held.get(feed.id)
            if held is None or (held.version, held.day) != (version, day):
                return None
            self._held.move_to_end(feed.id)
            return held

    def put(self, feed: CalendarFeed, made: Made) -> None:
        """Keep it, in place of the one before it and of those that nobody has asked for."""
        with self._lock:
            old = self._held.pop(feed.id, None)
            self._bytes += len(made.body) - (len(old.body) if old is not None else 0)
            self._held[feed.id] = made
            while self._bytes > self._most:
                _, dropped = self._held.popitem(last=False)
                self._bytes -= len(dropped.body)


class Feeds:
    """Finds feeds by their secret and remembers that they were fetched. Safe to use from many threads."""

    def __init__(self, store: EdgeStore, desk: Desk, clock: Clock, ids: IdSource) -> None:
        self._store = store
        self._desk = desk
        self._clock = clock
        self._ids = ids
        self._swept_at: Moment = 0
        self.shelf = Shelf()

    def new_secret(self) -> tuple[str, str, str]:
        """A secret for an address; its digest and its last characters, which are all that is kept of it."""
        secret = self._ids.token()
        return secret, digest_of(secret), secret[-4:]

    def find(self, secret: str, visitor: Visitor) -> CalendarFeed:
        """The feed of this secret. Raises NotFound when there is none (any more), TooMany."""
        now = self._clock.now()
        feed = self._desk.config().feed_by_digest.get(digest_of(secret[:_TOKEN_CHARS]))
        if feed is None:
            self._count(WRONG, visitor.network, now)
            raise NotFound("There is no calendar at this address (any more).")
        self._count(FETCHES, feed.id, now)
        return feed

    def note(self, feed: CalendarFeed, content: str, visitor: Visitor) -> Moment:
        """It was fetched and shows what `content` is a digest of. Since when it does; later with every change."""
        now = self._clock.now()
        known = self._store.feed_rows([feed.id]).get(feed.id)
        agent = visitor.agent[:_AGENT_CHARS]
        if known is None:
            changed_at = now
        elif known.content != content:
            changed_at = max(now, known.changed_at + SECOND)
        elif now - known.fetched_at < _NOTE_EVERY and known.agent == agent:
            return known.changed_at
        else:
            changed_at = known.changed_at
        self._store.keep_feed(FeedRow(id=feed.id, content=content, changed_at=changed_at, fetched_at=now, agent=agent))
        self._sweep(now)
        return changed_at

    def fetched(self, ids: Sequence[str]) -> Mapping[str, Fetched]:
        """When each of these feeds was fetched last, and by what; those that never were are missing."""
        return {one.id: Fetched(one.fetched_at, one.agent) for one in self._store.feed_rows(ids).values()}

    def _count(self, limit: Limit, key: str, now: Moment) -> None:
        name = f"{limit.name}:{key}"
        count, oldest = self._store.attempts(name, now - limit.window)
        if count >= limit.most:
            minutes = max(1, -(-(oldest + limit.window - now) // MINUTE))
            raise TooMany(f"This calendar was fetched too often. Try again in {minutes} min.", reason="attempts")
        self._store.add_attempts([name], now)

    def _sweep(self, now: Moment) -> None:
        if now - self._swept_at >= DAY:
            self._swept_at = now
            self._store.forget_feeds(now - UNFETCHED)


def digest_of(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
