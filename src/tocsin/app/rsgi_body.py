"""The RSGI server's objects as we use them, and the receipt of request bodies: whole or in pieces, bounded and on time.

Decides when a body is too large or too slow to go on reading. Never decompresses or parses; see dialects/_kit/body.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from typing import Any, Final, Protocol, TypeVar

from granian._granian import RSGIProtocolClosed as ProtocolClosed

from tocsin.dialects._kit.body import BodyTooSlow, too_large

BODY_SECONDS: Final = 30
"""From the end of the headers to the end of the body; absolute, so that a trickle does not prolong it."""

T = TypeVar("T")
HeaderList = list[tuple[str, str]]


class HttpHeaders(Protocol):
    """The server's view of the request's headers; names are lower case."""

    def get(self, key: str, default: None = None) -> str | None:
        """The first value of a header."""

    def items(self) -> HeaderList:
        """All headers in order, repeated ones too."""


class HttpScope(Protocol):
    """What the server knows about a request."""

    proto: str
    http_version: str
    server: str
    client: str
    scheme: str
    method: str
    path: str
    query_string: str
    authority: str | None

    @property
    def headers(self) -> HttpHeaders:
        """The request's headers."""


class StreamTransport(Protocol):
    """An answer under way."""

    def send_bytes(self, data: bytes) -> Awaitable[None]:
        """Raises granian's ProtocolClosed if the client is gone."""


class BodyFuture(Protocol):
    """The server's promise of a body. Awaitable on the event loop; elsewhere it calls back."""

    def __await__(self) -> Generator[Any, None, bytes]:
        """Waits for the body."""

    def add_done_callback(self, callback: Callable[[BodyFuture], None], /) -> None:
        """Called once with this future: see `rsgi_server.Loop` for the thread."""

    def cancel(self) -> bool:
        """Gives up waiting; False if it was done already."""

    def cancelled(self) -> bool:
        """Whether it was given up."""

    def result(self) -> bytes:
        """The body. Raises granian's ProtocolClosed if the client went away before it was whole."""


class HttpProtocol(Protocol):
    """The server's side of one request: its body, and the one answer. May be used from any thread."""

    def __call__(self) -> BodyFuture:
        """The whole body, of any size."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The body in pieces."""

    def client_disconnect(self) -> Awaitable[None]:
        """Returns when the client has gone."""

    def response_empty(self, status: int, headers: HeaderList) -> None:
        """An answer without a body."""

    def response_bytes(self, status: int, headers: HeaderList, body: bytes) -> None:
        """An answer in one piece."""

    def response_stream(self, status: int, headers: HeaderList) -> StreamTransport:
        """Begins an answer in pieces."""


class Deadlines:
    """Cancels reads that take too long. One sweep a second instead of a timer per request; so up to 1 s late."""

    def __init__(self, seconds: int = BODY_SECONDS) -> None:
        self._seconds = seconds
        self._waiting: dict[asyncio.Task[object], int] = {}
        self._expired: set[asyncio.Task[object]] = set()
        self._bodies: dict[BodyFuture, int] = {}
        self._handle: asyncio.TimerHandle | None = None
        self.now = 0
        """Seconds since `start`, the time from which a wait is counted."""

    def start(self) -> None:
        """Begins to sweep, on the running loop."""
        self._handle = asyncio.get_running_loop().call_later(1.0, self._sweep)

    def stop(self) -> None:
        """Ends the sweeps."""
        if self._handle is not None:
            self._handle.cancel()

    async def wait(self, since: int, awaitable: Awaitable[T]) -> T:
        """The awaitable's result. Raises BodyTooSlow when more than the allowed seconds have passed since `since`."""
        task = asyncio.current_task()
        assert task is not None
        self._waiting[task] = since
        try:
            return await awaitable
        except asyncio.CancelledError:
            if task not in self._expired:
                raise
            task.uncancel()
            raise self._too_slow() from None
        finally:
            del self._waiting[task]
            if self._expired:
                self._expired.discard(task)

    def expect(self, body: BodyFuture, then: Callable[[BodyFuture], None]) -> None:
        """From any thread: calls `then(body)` when the body is done, at the latest after the allowed seconds."""
        self._bodies[body] = self.now
        body.add_done_callback(then)

    def collect(self, body: BodyFuture) -> bytes | None:
        """In `then`: the body, None if the client went away. Raises BodyTooSlow."""
        del self._bodies[body]
        if body.cancelled():
            raise self._too_slow()
        try:
            return body.result()
        except ProtocolClosed:
            return None

    def _too_slow(self) -> BodyTooSlow:
        return BodyTooSlow(f"The body did not arrive within {self._seconds} seconds.")

    def _sweep(self) -> None:
        self.now += 1
        for body, since in list(self._bodies.items()):
            if self.now - since > self._seconds:
                body.cancel()
        for task, since in self._waiting.items():
            if self.now - since > self._seconds and task not in self._expired:
                self._expired.add(task)
                task.cancel()
        self.start()


def announced(headers: HttpHeaders, limit: int) -> int | None:
    """The Content-Length, None if the body comes without one. Raises BodyTooLarge if it is above `limit`."""
    length = headers.get("content-length")
    if length is None:
        return None
    # More than 18 digits, or none: the server has refused those already; what passes here is a number.
    size = int(length) if length.isdecimal() and len(length) <= 18 else limit + 1
    if size > limit:
        raise too_large(limit)
    return size


async def read_whole(headers: HttpHeaders, protocol: HttpProtocol, limit: int, deadlines: Deadlines) -> bytes:
    """The whole body as sent. Raises BodyTooLarge, BodyTooSlow."""
    if announced(headers, limit) is not None:
        return await deadlines.wait(deadlines.now, protocol())
    reader = BodyReader(headers, protocol, limit, deadlines)
    pieces = []
    while (piece := await reader.piece()) is not None:
        pieces.append(piece)
    return b"".join(pieces)


class BodyReader:
    """A body in pieces, for answers that are begun before it is whole, and for bodies without a length."""

    def __init__(self, headers: HttpHeaders, protocol: HttpProtocol, limit: int, deadlines: Deadlines) -> None:
        """Raises BodyTooLarge at once if the headers announce too much."""
        self._length = announced(headers, limit)
        self._protocol = protocol
        self._limit = limit
        self._deadlines = deadlines
        self._since: int | None = None
        self._size = 0
        self._pieces: AsyncIterator[bytes] | None = None

    async def piece(self) -> bytes | None:
        """The next piece, None after the last. Raises BodyTooLarge, BodyTooSlow."""
        if self._length == 0:
            return None
        if self._since is None or self._pieces is None:
            self._since = self._deadlines.now
            self._pieces = aiter(self._protocol)
        try:
            piece = await self._deadlines.wait(self._since, anext(self._pieces))
        except StopAsyncIteration:
            self._length = 0
            return None
        self._size += len(piece)
        if self._size > self._limit:
            raise too_large(self._limit)
        return piece
