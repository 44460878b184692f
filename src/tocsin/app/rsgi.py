"""The front door: one RSGI application that answers the hot routes itself and hands everything else to Starlette.

Decides which requests are hot and in which order a hot request is handled: limits, body, reader, commit, answer. Never
parses a body (readers do) and never answers 2xx before the commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from tocsin.app.rsgi_body import Deadlines, HttpProtocol, HttpScope, read_whole
from tocsin.app.rsgi_bridge import Bridge, address
from tocsin.dialects._kit.body import BodyRefused, admit
from tocsin.kernel.errors import TocsinError, TooMany
from tocsin.kernel.time import Moment
from tocsin.runtime.ingest import JSON_HEADERS, HotPath, HotRoute, Posted, Reading
from tocsin.runtime.ingest_queue import IngestQueue

RETRY_AFTER_SECONDS: Final = 5
"""What a sender is told that comes at a bad time; monitors' own back-off is of this order."""

_JSON: Final = list(JSON_HEADERS)


class HotTable:
    """Which route serves a POST path: a look-up by the whole path, then by its first segment."""

    def __init__(self, paths: Iterable[HotPath]) -> None:
        """Raises ValueError if two of them claim the same path."""
        self._exact: dict[str, HotRoute] = {}
        self._below: dict[str, HotPath] = {}
        for path in paths:
            taken = self._below if path.below else self._exact
            if path.prefix in taken:
                raise ValueError(f"two hot routes for {path.prefix}")
            if path.below:
                if path.prefix.count("/") != 2 or not path.prefix.endswith("/"):
                    raise ValueError(f"{path.prefix} is not one path segment between slashes")
                self._below[path.prefix] = path
            else:
                self._exact[path.prefix] = path.route

    def find(self, path: str) -> HotRoute | None:
        """The route that serves this path, if any."""
        route = self._exact.get(path)
        if route is not None or not self._below:
            return route
        found = self._below.get(path[: path.find("/", 1) + 1])
        return found.route if found is not None and path.endswith(found.suffix) else None


class Edge:
    """The RSGI application."""

    def __init__(
        self,
        paths: Iterable[HotPath],
        ingest: IngestQueue,
        clock: Callable[[], Moment],
        bridge: Bridge,
        deadlines: Deadlines,
    ) -> None:
        self._hot = HotTable(paths)
        self._ingest = ingest
        self._clock = clock
        self._bridge = bridge
        self._deadlines = deadlines

    async def start(self) -> None:
        """Opens all doors. Raises LifespanFailed."""
        self._deadlines.start()
        self._ingest.start()
        await self._bridge.start()

    def hang_up(self) -> None:
        """Ends the endless answers (live updates), so that a drain can end."""
        self._bridge.hang_up()

    async def stop(self) -> None:
        """Commits what waits, then lets the application clean up."""
        await asyncio.to_thread(self._ingest.close)
        await self._bridge.stop()
        self._deadlines.stop()

    async def __call__(self, scope: HttpScope, protocol: HttpProtocol) -> None:
        """Handles one request."""
        route = self._hot.find(scope.path) if scope.method == "POST" else None
        if route is None:
            await self._bridge(scope, protocol)
            return
        try:
            reading = await self._read(route, scope, protocol)
        except TocsinError as error:
            reading = _refusal(route, error)
        headers = _JSON if reading.headers is JSON_HEADERS else list(reading.headers)
        protocol.response_bytes(reading.status, headers, reading.body)

    async def _read(self, route: HotRoute, scope: HttpScope, protocol: HttpProtocol) -> Reading:
        """Body, admission, reader, commit. Raises what the route is to put into its vendor's words."""
        headers = scope.headers
        limit = route.body_limit
        raw = await read_whole(headers, protocol, limit, self._deadlines)
        body = admit(headers.get("content-encoding"), raw, limit)
        client = address(scope.client)[0]
        reading = route.read(Posted(scope.path, scope.query_string, headers, body, self._clock(), client))
        if reading.entries:
            await self._ingest.submit(reading.entries)
        return reading


def _refusal(route: HotRoute, error: TocsinError) -> Reading:
    """The route's own words, and what HTTP itself demands besides."""
    reading = route.refuse(error)
    extra: tuple[tuple[str, str], ...] = ()
    if isinstance(error, TooMany) or reading.status == 503:
        extra = (("retry-after", str(RETRY_AFTER_SECONDS)),)
    elif isinstance(error, BodyRefused) and error.status in {408, 413}:
        extra = (("connection", "close"),)  # the rest of the body is not read
    return Reading(reading.status, reading.body, (), reading.headers + extra) if extra else reading
