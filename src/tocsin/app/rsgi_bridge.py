"""RSGI to ASGI: lets a Starlette application run on the same server as the hot routes.

Decides how requests and answers are translated, no more: HTTP with streaming both ways, disconnects, and the lifespan.
Never handles websockets (Tocsin's live updates are server-sent events), and never sees a hot route.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol, TypeAlias

from granian._granian import RSGIProtocolClosed as ProtocolClosed

from tocsin.app.proxies import HEADER, HOST, SCHEME, Network, client_of, origin_of
from tocsin.app.rsgi_body import (
    BodyReader,
    Deadlines,
    HeaderList,
    HttpProtocol,
    HttpScope,
    StreamTransport,
    announced_length,
    last_answer,
)
from tocsin.dialects._kit.body import BodyTooLarge, too_large
from tocsin.kernel import limits
from tocsin.web.address import SEEN

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

DRAIN_SECONDS: Final = 1.0
"""How long an answer waits for a body that nobody read. How much of it is read, `BodyReader.discard` says."""

SPEC_VERSION: Final = "2.3"
"""Not 2.4: with 2.3 Starlette watches for the disconnect of a quiet stream instead of waiting for a failing send."""


LIVE: Final = "text/event-stream"
"""The type of answers that go on for as long as the client listens."""


class AsgiApp(Protocol):
    """An ASGI 3 application."""

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send, /) -> None:
        """Handles one connection scope."""


class LifespanFailed(Exception):
    """The application refused to start."""


class Bridge:
    """An ASGI application behind the RSGI server."""

    def __init__(
        self,
        app: AsgiApp,
        deadlines: Deadlines,
        body_limit: int = limits.BATCH_BYTES,
        *,
        trusted: Sequence[Network] = (),
    ) -> None:
        """`body_limit` in bytes: a larger announced body is answered 413 here.

        One without a length raises BodyTooLarge in the application's `receive`, as BodyTooSlow does after the deadline.
        `trusted`: where reverse proxies stand that are believed for whom they ask.
        """
        self._app = app
        self._deadlines = deadlines
        self._body_limit = body_limit
        self._trusted = trusted
        self._exchanges: set[Exchange] = set()
        self._lifespan = Lifespan(app)

    async def start(self) -> None:
        """Runs the application's start-up. Raises LifespanFailed."""
        await self._lifespan.start()

    async def stop(self) -> None:
        """Runs the application's shutdown."""
        await self._lifespan.stop()

    def hang_up(self) -> None:
        """Ends live updates, which never end by themselves; other answers under way are finished."""
        for exchange in list(self._exchanges):
            exchange.hang_up()

    async def __call__(self, scope: HttpScope, protocol: HttpProtocol) -> None:
        """Handles one request. What the application raises passes through: the server logs it and answers 500."""
        if scope.proto != "http":
            return
        body = BodyReader(scope, protocol, self._body_limit, self._deadlines)
        if (announced_length(scope) or 0) > self._body_limit:
            await body.discard()
            refused = too_large(self._body_limit)
            headers = [("content-type", "text/plain; charset=utf-8"), *last_answer(scope)]
            protocol.response_bytes(refused.status, headers, refused.message.encode())
            return
        exchange = Exchange(scope, protocol, body)
        self._exchanges.add(exchange)
        try:
            await self._app(asgi_scope(scope, self._lifespan.state, self._trusted), exchange.receive, exchange.send)
        finally:
            self._exchanges.discard(exchange)
            exchange.end()


class Exchange:
    """One request through the ASGI application."""

    def __init__(self, scope: HttpScope, protocol: HttpProtocol, body: BodyReader) -> None:
        self._protocol = protocol
        self._body = body
        self._body_done = False
        self._reading = asyncio.Lock()
        """Who reads the body: the application, or the answer that throws the rest away."""
        self._is_head = scope.method == "HEAD"
        self._status = 0
        self._headers: HeaderList = []
        self._stream: StreamTransport | None = None
        self._finished = False
        self._is_live = False
        self._hung_up = False
        self._over = asyncio.Event()
        """Set when `receive` is to report a disconnect."""

    def hang_up(self) -> None:
        """Ends the exchange if it is a live update, or as soon as it turns out to be one."""
        self._hung_up = True
        if self._is_live:
            self._over.set()

    def end(self) -> None:
        """Lets go of the server's side: it ends a stream when its last reference goes."""
        self._finished = True
        self._over.set()
        self._stream = None

    async def receive(self) -> Message:
        """ASGI's receive: the body piece by piece, then the disconnect. Raises BodyTooLarge, BodyTooSlow."""
        async with self._reading:
            if not self._body_done:
                return await self._piece()
        if not self._over.is_set():
            await self._wait_until_over()
        return {"type": "http.disconnect"}

    async def _piece(self) -> Message:
        try:
            piece = await self._body.piece()
        except BodyTooLarge:
            await self._body.discard()
            raise
        except ProtocolClosed:
            self._body_done = True
            self._over.set()
            return {"type": "http.disconnect"}
        self._body_done = piece is None
        return {"type": "http.request", "body": piece or b"", "more_body": not self._body_done}

    async def _drain(self) -> None:
        """Throw away what nobody read: a client that is answered while it sends may lose the answer."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS), self._reading:
                if not self._body_done:
                    await self._body.discard()
        self._body_done = True

    async def send(self, message: Message) -> None:
        """ASGI's send. Raises OSError when the client is gone, RuntimeError for messages out of order."""
        kind = message["type"]
        if self._finished:
            if self._is_head and kind == "http.response.body":
                return  # the answer was complete without it
            raise RuntimeError(f"{kind} after the answer was complete")
        if kind == "http.response.start":
            if self._status:
                raise RuntimeError("http.response.start was sent twice")
            self._status = message["status"]
            self._headers = [
                (bytes(name).decode("latin-1"), bytes(value).decode("latin-1"))
                for name, value in message.get("headers", ())
            ]
            self._is_live = any(name == "content-type" and value.startswith(LIVE) for name, value in self._headers)
            if self._hung_up:
                self.hang_up()
        elif kind == "http.response.body":
            if not self._status:
                raise RuntimeError("http.response.body before http.response.start")
            if not (self._body_done or self._body.is_empty):
                await self._drain()
            await self._send_body(bytes(message.get("body", b"")), more=bool(message.get("more_body", False)))
        else:
            raise RuntimeError(f"an ASGI message of type {kind} is not understood here")

    async def _send_body(self, body: bytes, *, more: bool) -> None:
        if self._stream is None and (self._is_head or not more):
            self._finished = True
            if body and not self._is_head:  # over HTTP/2 the engine would send it
                self._protocol.response_bytes(self._status, self._headers, body)
            else:
                self._protocol.response_empty(self._status, self._headers)
        else:
            await self._send_piece(body)
            self._finished = not more
        if self._finished:
            self.end()

    async def _send_piece(self, body: bytes) -> None:
        if self._stream is None:
            self._stream = self._protocol.response_stream(self._status, self._headers)
        if body:
            try:
                await self._stream.send_bytes(body)
            except ProtocolClosed:
                self._over.set()
                raise OSError("the client is gone") from None

    async def _wait_until_over(self) -> None:
        """Until the client is gone, the answer is complete, or the server shuts down."""
        gone = asyncio.ensure_future(self._protocol.client_disconnect())
        over = asyncio.ensure_future(self._over.wait())
        try:
            await asyncio.wait((gone, over), return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            over.cancel()
        self._over.set()


class Lifespan:
    """The application's start-up and shutdown. An application that knows no lifespan just runs."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._outbox: asyncio.Queue[Message] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self.state: dict[str, Any] = {}
        """What the application put there at start-up; each request gets a copy."""

    async def start(self) -> None:
        """Raises LifespanFailed if the application says so."""
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": SPEC_VERSION}, "state": self.state}
        self._task = asyncio.ensure_future(self._app(scope, self._inbox.get, self._outbox.put))
        answer = await self._ask("lifespan.startup")
        if answer["type"] == "lifespan.startup.failed":
            raise LifespanFailed(answer.get("message", ""))

    async def stop(self) -> None:
        """Returns when the application has cleaned up."""
        if self._task is not None and not self._task.done():
            await self._ask("lifespan.shutdown")
            await asyncio.wait((self._task,), timeout=5)

    async def _ask(self, kind: str) -> Message:
        """Sends one message and waits for the answer, or for the application to end without one."""
        assert self._task is not None
        await self._inbox.put({"type": kind})
        answer = asyncio.ensure_future(self._outbox.get())
        await asyncio.wait((answer, self._task), return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        answer.cancel()
        return {"type": f"{kind}.unsupported", "error": self._task.exception()}


def asgi_scope(scope: HttpScope, state: dict[str, Any], trusted: Sequence[Network]) -> dict[str, Any]:
    """The request's ASGI scope. `raw_path` is absent: the server has already decoded the path."""
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in scope.headers.items()]
    if scope.authority and scope.headers.get("host") is None:
        headers.insert(0, (b"host", scope.authority.encode("latin-1")))  # HTTP/2 names the host in the request line
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": SPEC_VERSION},
        "http_version": scope.http_version,
        "method": scope.method,
        "scheme": scope.scheme,
        "path": scope.path,
        "query_string": scope.query_string.encode("latin-1"),
        "root_path": "",
        "headers": headers,
        "client": _client(scope, trusted),
        "server": address(scope.server),
        "state": state.copy(),
        "extensions": {},
        SEEN: _origin(scope, trusted),
    }


def _client(scope: HttpScope, trusted: Sequence[Network]) -> tuple[str, int]:
    """Who asks; the port is known of the peer only."""
    peer, port = address(scope.client)
    if not trusted:
        return peer, port
    client = client_of(peer, (value for name, value in scope.headers.items() if name == HEADER), trusted)
    return client, port if client == peer else 0


def _origin(scope: HttpScope, trusted: Sequence[Network]) -> str:
    """The address that the browser asked for, where a trusted proxy says so."""
    if not trusted:
        return ""
    told = {name: value for name in (SCHEME, HOST) if (value := scope.headers.get(name))}
    host = scope.headers.get("host") or scope.authority or ""
    return origin_of(address(scope.client)[0], scope.scheme, host, told, trusted)


def address(text: str) -> tuple[str, int]:
    """Host and port of `host:port` or `[v6]:port`; port 0 if there is none."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal():
        return text, 0
    return host.removeprefix("[").removesuffix("]"), int(port)
