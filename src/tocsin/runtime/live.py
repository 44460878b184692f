"""The live-update bus on the edge's side: who is told that something changed. Carries names of topics, never content.

A page subscribes to a few topics and is woken when one was published; what it then shows it asks for like any other
page, so nothing can leak here. Publishing is safe from every thread and costs one wake-up however many pages are open.
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict, deque
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from tocsin.kernel.errors import TooMany

NOW: Final = "now"
"""Some incident or the configuration has changed: implied by every topic about one of them."""

RECONNECTED: Final = "reconnected"
"""What was published meanwhile is not known: everybody looks again."""

_MARK_DIGITS: Final = 18

PAGES_A_SECOND: Final = 50
"""Pages that are made for open ones, one after the other."""

PAGES_FOR_LONG: Final = 6
"""The same while changes do not end: a tenth of a core, or two, for whatever is open."""

PAGES_IN_A_BURST: Final = 100
"""Pages that are made before that begins."""

REMEMBERED: Final = 1_024
"""So many publications are known: a page that was made before them is told that it may be stale."""

PAGES_AT_ONCE: Final = 5_000
"""Open live pages on one edge; beyond it pages still work, without being live."""


def incident_topic(incident_id: str) -> str:
    """Something about this incident has changed."""
    return f"incident:{incident_id}"


class Pace:
    """How soon pages are made for open ones: at once while few are, and never so many for long that others suffer.

    A page costs some ten milliseconds; five hundred that are all different would take the whole edge at every change.
    `burst` pages are made as fast as `fast` a second; in a storm that goes on `slow` a second, and each page then hears
    of all that has changed meanwhile at once.
    """

    def __init__(self, fast: float, slow: float, burst: float) -> None:
        self._gaps = (1 / fast, 1 / slow)
        self._saved = (0.0, burst / slow)
        self._due = [float("-inf"), float("-inf")]
        self._waiting: deque[asyncio.Event] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def wait(self, now: float) -> float:
        """How many seconds from `now` (a stop-watch) the next page may be told."""
        return max(0.0, *(due - saved - now for due, saved in zip(self._due, self._saved, strict=True)))

    def take(self, now: float) -> None:
        """A page is told."""
        self._due = [max(due, now) + gap for due, gap in zip(self._due, self._gaps, strict=True)]

    async def turn(self) -> None:
        """Wait for a turn, in the order in which pages came. Who leaves meanwhile takes none. On one event loop."""
        clock, first = asyncio.get_running_loop().time, asyncio.Event()
        self._waiting.append(first)
        try:
            if self._waiting[0] is not first:
                await first.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(self.wait(clock())):
                    await asyncio.Event().wait()
            self.take(clock())
        finally:
            self._waiting.remove(first)
            if self._waiting:
                self._waiting[0].set()


class Subscription:
    """One page's ear. Used on one event loop."""

    def __init__(self, bus: Bus, topics: frozenset[str]) -> None:
        self.topics = topics
        self._bus = bus
        self._loop = asyncio.get_running_loop()
        self._heard: set[str] = set()
        self._woken = asyncio.Event()
        self._closed = asyncio.Event()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that waits here."""
        return self._loop

    async def changed(self, seconds: float) -> frozenset[str]:
        """The topics published since the last call, as soon as there is one; empty when `seconds` pass first."""
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return frozenset()
        self._woken.clear()
        heard, self._heard = frozenset(self._heard), set()
        return heard

    async def rest(self, seconds: float) -> None:
        """Wait for so long, less when `close` comes: what is published meanwhile is heard together."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closed.wait()

    def catch_up(self) -> None:
        """What was published until now is known: whoever asks now sees it."""
        self._woken.clear()
        self._heard = set()

    def hear(self, topics: frozenset[str]) -> None:
        """Note what was published. Called on the loop."""
        self._heard |= topics & self.topics
        self._woken.set()

    def close(self) -> None:
        """Listen no longer. Safe to call twice."""
        self._closed.set()
        self._bus.forget(self)


class Bus:
    """Who listens to what. `epoch` tells this bus from those of other edges and of earlier runs."""

    def __init__(self, epoch: str = "") -> None:
        self._epoch = epoch
        self._count = 0
        self._published: deque[frozenset[str]] = deque(maxlen=REMEMBERED)
        self._lock = threading.Lock()
        self._listeners: dict[str, set[Subscription]] = defaultdict(set)
        self._open: set[Subscription] = set()
        self.pace = Pace(PAGES_A_SECOND, PAGES_FOR_LONG, PAGES_IN_A_BURST)

    def __len__(self) -> int:
        return len(self._open)

    @property
    def count(self) -> int:
        """How often something was published."""
        return self._count

    @property
    def mark(self) -> str:
        """Where the bus is: what is read after this holds everything that was published before it."""
        return f"{self._epoch}.{self._count}"

    def missed(self, mark: str, topics: frozenset[str]) -> bool:
        """Whether one of these topics may have been published since `mark`; True also when that can't be known."""
        epoch, _, number = mark.rpartition(".")
        if epoch != self._epoch or not (number.isascii() and number.isdigit()) or len(number) > _MARK_DIGITS:
            return True
        with self._lock:
            since = self._count - int(number)
            if not 0 <= since <= len(self._published):
                return True
            wanted = topics | {RECONNECTED}
            return any(wanted & self._published[-back] for back in range(1, since + 1))

    def listeners(self, topics: Iterable[str]) -> int:
        """How many listen to the most popular of these topics."""
        with self._lock:
            return max((len(self._listeners.get(topic, ())) for topic in topics), default=0)

    def subscribe(self, topics: Iterable[str]) -> Subscription:
        """Listen to these topics until `close`. Call it on the event loop. Raises TooMany when the edge is full."""
        with self._lock:
            if len(self._open) >= PAGES_AT_ONCE:
                raise TooMany("Too many live pages are open.", reason="live_pages")
            subscription = Subscription(self, frozenset(topics))
            self._open.add(subscription)  # also when it listens to nothing: the page is open all the same
            for topic in subscription.topics:
                self._listeners[topic].add(subscription)
        return subscription

    def forget(self, subscription: Subscription) -> None:
        """See `Subscription.close`."""
        with self._lock:
            self._open.discard(subscription)
            for topic in subscription.topics:
                listeners = self._listeners.get(topic, set())
                listeners.discard(subscription)
                if not listeners:
                    self._listeners.pop(topic, None)

    def publish(self, topics: Iterable[str]) -> None:
        """Tell everybody who listens to one of these topics that it changed. From any thread; never waits."""
        published = frozenset(topics)
        if any(topic == "config" or topic.startswith("incident:") for topic in published):
            published |= {NOW}
        by_loop: dict[asyncio.AbstractEventLoop, set[Subscription]] = defaultdict(set)
        with self._lock:
            if RECONNECTED in published:
                published |= self._listeners.keys()
            self._count += 1
            self._published.append(published)
            for topic in published:
                for subscription in self._listeners.get(topic, ()):
                    by_loop[subscription.loop].add(subscription)
        for loop, subscriptions in by_loop.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(_wake, subscriptions, published)


def _wake(subscriptions: Iterable[Subscription], topics: frozenset[str]) -> None:
    for subscription in subscriptions:
        subscription.hear(topics)
