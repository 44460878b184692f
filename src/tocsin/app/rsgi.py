"""The front door: answers the hot routes itself and hands everything else to Starlette.

Decides which requests are hot and in which order a hot request is handled: limits, key, body, reader, commit, answer.
Never parses a body (readers do) and never answers 2xx before the commit.

A hot request takes no detour through the event loop: its reader runs in the server's Python thread as soon as the body
is there, and the commit thread sends the answer. (Measured against a task per request on the loop: a quarter less
processor time and a fifth more events per second, because every change of thread is dear.) Bodies without a length, or
with too great a one, are read on the loop; they are rare.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from functools import partial
from typing import Final, Protocol

from tocsin.app.rsgi_body import (
    BodyFuture,
    Deadlines,
    HeaderList,
    HttpProtocol,
    HttpScope,
    announced_length,
    last_answer,
    read_whole,
)
from tocsin.app.rsgi_bridge import Bridge, address
from tocsin.dialects._kit.body import BodyRefused, admit
from tocsin.kernel.errors import TocsinError, TooMany, Unavailable
from tocsin.kernel.time import Moment
from tocsin.runtime.ingest import JSON_HEADERS, HotPath, HotRoute, Posted, Reading
from tocsin.runtime.ingest_queue import IngestQueue

Told = Callable[[Unavailable | None], None]
"""Called when something is done, or why it can't be."""


class Looks(Protocol):
    """The keys of this process, where they can be looked at anew."""

    @property
    def version(self) -> int:
        """Greater after a look that found something new."""

    def after_look(self, then: Told, /) -> None:
        """Call `then`, in any thread, once the keys are as new as this call. Raises Unavailable if too many wait."""


RETRY_AFTER_SECONDS: Final = 5
"""What a sender is told that comes at a bad time; monitors' own back-off is of this order."""

_JSON: Final = list(JSON_HEADERS)
_READING: Final = ("GET", "HEAD")

_log = logging.getLogger(__name__)


class HotTable:
    """Which route serves a POST path: a look-up by the whole path, then by its first segment."""

    def __init__(self, paths: Iterable[HotPath]) -> None:
        """Raises ValueError if two of them claim the same path."""
        self._exact: dict[str, HotRoute] = {}
        self._below: dict[str, HotPath] = {}
        for path in paths:
            if path.prefix in (self._below if path.below else self._exact):
                raise ValueError(f"two hot routes for {path.prefix}")
            if not path.below:
                self._exact[path.prefix] = path.route
                continue
            if path.prefix.count("/") != 2 or not path.prefix.endswith("/"):
                raise ValueError(f"{path.prefix} is not one path segment between slashes")
            self._below[path.prefix] = path

    def find(self, path: str) -> HotRoute | None:
        """The route that serves this path, if any."""
        route = self._exact.get(path)
        if route is not None or not self._below:
            return route
        found = self._below.get(path[: path.find("/", 1) + 1])
        return found.route if found is not None and path.endswith(found.suffix) else None


class HotRequest:
    """One hot request on its way: called when its body is there, settled when its entries are durable."""

    __slots__ = ("_edge", "_protocol", "_reading", "_route", "_scope")

    def __init__(self, edge: Edge, route: HotRoute, scope: HttpScope, protocol: HttpProtocol) -> None:
        self._edge = edge
        self._route = route
        self._scope = scope
        self._protocol = protocol
        self._reading: Reading | None = None

    def __call__(self, body: BodyFuture) -> None:
        """The body is complete, late, or lost. Never raises: the server would not tell anybody."""
        try:
            raw = self._edge.deadlines.collect(body)
            looks = self._edge.looks
            # Noted before the reading, which may then be of newer keys, never of older ones.
            version = looks.version if looks is not None else 0
            reading = self._edge.understand(self._route, self._scope, raw)
            if reading.key_unknown and looks is not None:
                looks.after_look(partial(self._look_again, raw, reading, looks, version))
            else:
                self._keep(reading)
        except Exception as error:
            self._fail(error)

    def _look_again(self, raw: bytes, reading: Reading, looks: Looks, version: int, lost: Unavailable | None) -> None:
        """The keys are as new as they can be, or could not be read. Of the same keys the reading is the same."""
        try:
            if lost is not None:
                raise lost
            if looks.version != version:
                reading = self._edge.understand(self._route, self._scope, raw)
            self._keep(reading)
        except Exception as error:
            self._fail(error)

    def _keep(self, reading: Reading) -> None:
        if not reading.entries:
            answer(self._protocol, reading)
            return
        self._reading = reading
        self._edge.ingest.hand_in(reading.entries, self.settle)

    def _fail(self, error: Exception) -> None:
        """The pump of the hot path: a defect in one reader must not leave a client without an answer."""
        if isinstance(error, TocsinError):
            answer(self._protocol, refusal(self._route, self._scope, error))
            return
        _log.error("a reader failed on %s", self._scope.path, exc_info=error)
        answer(self._protocol, Reading(500, b""))

    def settle(self, seq: int, error: Unavailable | None) -> None:
        """The commit is done, or has failed."""
        reading = self._reading if error is None else refusal(self._route, self._scope, error)
        assert reading is not None
        answer(self._protocol, reading)


class Edge:
    """All of the server's requests."""

    def __init__(
        self,
        paths: Iterable[HotPath],
        ingest: IngestQueue,
        clock: Callable[[], Moment],
        bridge: Bridge,
        deadlines: Deadlines,
        looks: Looks | None = None,
    ) -> None:
        """`looks` None: keys are what they are, and nobody has one that is not known."""
        self.ingest = ingest
        self.deadlines = deadlines
        self.looks = looks
        self._hot = HotTable(paths)
        self._clock = clock
        self._bridge = bridge
        self._reading = threading.Lock()

    async def start(self) -> None:
        """Opens all doors. Raises LifespanFailed."""
        self.deadlines.start()
        self.ingest.start()
        await self._bridge.start()

    def hang_up(self) -> None:
        """Ends live updates, which never end by themselves, so that a drain can."""
        self._bridge.hang_up()

    async def stop(self) -> None:
        """Commits what waits, then lets the application clean up."""
        await asyncio.to_thread(self.ingest.close)
        await self._bridge.stop()
        self.deadlines.stop()

    def take(self, scope: HttpScope, protocol: HttpProtocol) -> bool:
        """In the server's Python thread: takes the request if it is hot, with a length in its limits. Never raises."""
        try:
            return self._take(scope, protocol)
        except Exception:
            _log.exception("a hot request failed before its body: %s", scope.path)
            answer(protocol, Reading(500, b""))
            return True

    def _take(self, scope: HttpScope, protocol: HttpProtocol) -> bool:
        route = self._hot.find(scope.path) if scope.method == "POST" else None
        if route is None:
            return False
        length = announced_length(scope)
        if length is None or length > route.body_limit:
            return False
        self.deadlines.expect(protocol(), HotRequest(self, route, scope, protocol))
        return True

    async def __call__(self, scope: HttpScope, protocol: HttpProtocol) -> None:
        """On the event loop: every request that was not taken."""
        route = self._hot.find(scope.path) if scope.method not in _READING else None
        if route is None:
            await self._bridge(scope, protocol)
            return
        if scope.method != "POST":
            protocol.response_bytes(405, [("allow", "POST"), *last_answer(scope)], b"")
            return
        try:
            raw = await read_whole(scope, protocol, route.body_limit, self.deadlines)
            version = self.looks.version if self.looks is not None else 0
            reading = self.understand(route, scope, raw)
            if reading.key_unknown and self.looks is not None:
                await _told(self.looks.after_look)
                if self.looks.version != version:
                    reading = self.understand(route, scope, raw)
            if reading.entries:
                await self.ingest.append(reading.entries)
        except TocsinError as error:
            reading = refusal(route, scope, error)
        answer(protocol, reading)

    def understand(self, route: HotRoute, scope: HttpScope, raw: bytes) -> Reading:
        """The key, admission, then the reader. Raises what the route is to put into its vendor's words.

        The key comes first where it can: to unpack a body costs a hundred times what it costs to send one.
        """
        headers = scope.headers
        client = address(scope.client)[0]
        posted = Posted(scope.path, scope.query_string, headers, b"", self._clock(), client)
        with self._reading:
            refused = route.turn_away(posted)
        if refused is not None:
            return refused
        body = admit(headers.get("content-encoding"), raw, route.body_limit)
        with self._reading:
            return route.read(posted._replace(body=body))


async def _told(by: Callable[[Told], None]) -> None:
    """Wait, on the loop, for what is told in another thread. Raises what was told, and what `by` raises."""
    told: Future[None] = Future()

    def tell(lost: Unavailable | None) -> None:
        if not told.set_running_or_notify_cancel():  # the client has gone
            return
        if lost is None:
            told.set_result(None)
        else:
            told.set_exception(lost)

    by(tell)
    await asyncio.wrap_future(told)


def answer(protocol: HttpProtocol, reading: Reading) -> None:
    """Sends the answer; from any thread. A client that has gone is not an error."""
    headers: HeaderList = _JSON if reading.headers is JSON_HEADERS else list(reading.headers)
    protocol.response_bytes(reading.status, headers, reading.body)


def refusal(route: HotRoute, scope: HttpScope, error: TocsinError) -> Reading:
    """The route's own words, and what HTTP itself demands besides."""
    reading = route.refuse(error)
    extra: tuple[tuple[str, str], ...] = ()
    if isinstance(error, TooMany) or reading.status == 503:
        extra = (("retry-after", str(RETRY_AFTER_SECONDS)),)
    elif isinstance(error, BodyRefused) and error.status in {408, 413}:
        extra = tuple(last_answer(scope))
    return Reading(reading.status, reading.body, (), reading.headers + extra) if extra else reading
