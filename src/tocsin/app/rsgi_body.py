"""The RSGI server's objects as we use them, and the receipt of request bodies: whole or in pieces, bounded and on time.

Decides when a body is too large or too slow to go on reading. Never decompresses or parses; see dialects/_kit/body.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import suppress
from typing import Any, Final, Protocol, TypeVar

from granian._granian import RSGIProtocolClosed as ProtocolClosed

from tocsin.dialects._kit.body import BodyTooLarge, BodyTooSlow, BodyUndecodable, too_large

BODY_SECONDS: Final = 30
"""From the end of the headers to the end of the body; absolute, so that a trickle does not prolong it."""

DISCARDED_BYTES: Final = 8 * 1024 * 1024
"""How much of a body that is too large is read and forgotten, so that its sender hears the answer."""

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
        """Called once with this future; for the thread see `rsgi_server.EdgeLoop`."""

    def cancel(self) -> bool:
        """Gives up waiting; False if it was done already."""

    def cancelled(self) -> bool:
        """Whether it was given up."""

    def exception(self) -> Exception | None:
        """Set if the client went away before the body was whole."""

    def result(self) -> bytes:
        """The body."""


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
    """Gives up reads that take too long. One sweep a second instead of a timer per request; so up to 1 s late."""

    def __init__(self, seconds: float = BODY_SECONDS, every: float = 1.0) -> None:
        """`every`: seconds from sweep to sweep."""
        self._seconds = seconds
        self._every = every
        self._waiting: dict[asyncio.Task[object], float] = {}
        self._expired: set[asyncio.Task[object]] = set()
        self._bodies: dict[BodyFuture, float] = {}
        self._handle: asyncio.TimerHandle | None = None
        self.now = 0.0
        """Seconds since `start`, counted in sweeps."""

    def start(self) -> None:
        """Begins to sweep, on the running loop."""
        self._handle = asyncio.get_running_loop().call_later(self._every, self._sweep)

    def stop(self) -> None:
        """Ends the sweeps."""
        if self._handle is not None:
            self._handle.cancel()

    async def wait(self, since: float, awaitable: Awaitable[T]) -> T:
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

    def collect(self, body: BodyFuture) -> bytes:
        """In `then`: the body. Raises BodyTooSlow, or BodyUndecodable if it broke off."""
        del self._bodies[body]
        if body.cancelled():
            raise self._too_slow()
        # Not `try: result()`: what it raises would be bound to this frame and the frame to the body, for ever.
        if body.exception() is not None:
            raise cut_short()
        return body.result()

    def _too_slow(self) -> BodyTooSlow:
        return BodyTooSlow(f"The body did not arrive within {self._seconds:g} seconds.")

    def _sweep(self) -> None:
        self.now += self._every
        for body, since in list(self._bodies.items()):
            if self.now - since > self._seconds:
                body.cancel()
        for task, since in self._waiting.items():
            if self.now - since > self._seconds and task not in self._expired:
                self._expired.add(task)
                task.cancel()
        self.start()


def announced_length(scope: HttpScope) -> int | None:
    """The length of the body in bytes; None if it comes without one."""
    headers = scope.headers
    length = headers.get("content-length")
    if length is None:
        chunked = headers.get("transfer-encoding") is not None or not scope.http_version.startswith("1")
        return None if chunked else 0
    # The server has refused what is not a number; a number of more than 18 digits is too large for anybody.
    return int(length) if length.isdecimal() and len(length) <= 18 else 10**18


async def read_whole(scope: HttpScope, protocol: HttpProtocol, limit: int, deadlines: Deadlines) -> bytes:
    """The whole body as sent. Raises BodyTooLarge, BodyTooSlow, or BodyUndecodable if it broke off."""
    reader = BodyReader(scope, protocol, limit, deadlines)
    pieces = []
    try:
        while (piece := await reader.piece()) is not None:
            pieces.append(piece)
    except BodyTooLarge:
        await reader.discard()
        raise
    except ProtocolClosed:
        raise cut_short() from None
    return b"".join(pieces)


def last_answer(scope: HttpScope) -> HeaderList:
    """The headers of an answer that comes before the body was read; HTTP/2 needs none to leave the rest unread."""
    return [("connection", "close")] if scope.http_version.startswith("1") else []


def cut_short() -> BodyUndecodable:
    """The refusal of a body that broke off. Mostly nobody is there to hear it, but a sender of broken chunks is."""
    return BodyUndecodable("The body is cut short.")


class BodyReader:
    """A body in pieces."""

    def __init__(self, scope: HttpScope, protocol: HttpProtocol, limit: int, deadlines: Deadlines) -> None:
        """`limit` in bytes."""
        self._length = announced_length(scope)
        self._asks_first = scope.headers.get("expect") is not None
        self._protocol = protocol
        self._limit = limit
        self._deadlines = deadlines
        self._since = 0.0
        self._size = 0
        self._pieces: AsyncIterator[bytes] | None = None
        self._done = self._length == 0

    @property
    def is_empty(self) -> bool:
        """Whether it is known that there is no body."""
        return self._length == 0

    async def piece(self) -> bytes | None:
        """The next piece, None after the last. Raises BodyTooLarge, BodyTooSlow; ProtocolClosed if it was cut short."""
        if self._done:
            return None
        if self._length is not None and self._length > self._limit:
            raise too_large(self._limit)
        return await self._next()

    async def discard(self) -> None:
        """Reads on and forgets, up to a bound.

        A sender that is answered while it still sends sees a broken connection, and never the answer.
        """
        self._limit = DISCARDED_BYTES
        if self._asks_first or (self._length is not None and self._length > DISCARDED_BYTES):
            return
        with suppress(BodyTooLarge, BodyTooSlow, ProtocolClosed):
            while not self._done:
                await self._next()

    async def _next(self) -> bytes | None:
        if self._pieces is None:
            self._since = self._deadlines.now
            self._pieces = aiter(self._protocol)
        empty = 0
        while True:
            try:
                piece = await self._deadlines.wait(self._since, anext(self._pieces))
            except StopAsyncIteration:
                break
            if piece:
                return self._counted(piece)
            empty += 1
        self._done = True
        # The server says "" once at the end, and "" also for a piece that never came whole.
        if empty > 1 or (self._length is not None and self._size < self._length):
            raise ProtocolClosed("the body was cut short")
        return None

    def _counted(self, piece: bytes) -> bytes:
        self._size += len(piece)
        if self._size > self._limit:
            raise too_large(self._limit)
        return piece
