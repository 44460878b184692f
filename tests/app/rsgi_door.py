"""A front door for tests: the real server on a free port of the loopback, a small route, a client of raw HTTP."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette

from tocsin.app.proxies import Network
from tocsin.app.rsgi import Edge, Told
from tocsin.app.rsgi_body import Deadlines
from tocsin.app.rsgi_bridge import AsgiApp, Bridge
from tocsin.app.rsgi_server import Server, Tls, listen, run
from tocsin.dialects._kit.body import BodyRefused
from tocsin.kernel.errors import TocsinError, TooMany
from tocsin.runtime.ingest import HotPath, Posted, Reading
from tocsin.runtime.ingest_queue import IngestQueue
from tocsin.storage.log import NewEntry

NOW = 1_700_000_000_000_000


class FakeLog:
    """A log in memory whose commits can be held up and made to fail."""

    epoch = "fake"

    def __init__(self) -> None:
        self.entries: list[NewEntry] = []
        self.gate = threading.Event()
        self.gate.set()
        self.fault: Exception | None = None

    def head(self) -> int:
        return len(self.entries)

    def append(self, entries: Sequence[NewEntry]) -> int:
        assert self.gate.wait(10)
        if self.fault is not None:
            raise self.fault
        self.entries += entries
        return len(self.entries) - len(entries) + 1

    def drop_before(self, seq: int) -> int:
        return 0

    def close(self) -> None:
        pass


class EchoRoute:
    """Keeps any JSON; refuses what is not; fails on demand. Its envelope is {"sorry": code}.

    `X-Key: nobody` is turned away at once, `X-Key: new` unless it is among the keys, which grow by looking.
    """

    body_limit = 10_000

    def __init__(self) -> None:
        self.posted: list[Posted] = []
        self.keys: set[str] = set()

    def turn_away(self, posted: Posted) -> Reading | None:
        key = posted.headers.get("x-key")
        if key == "new" and key not in self.keys:
            return Reading(401, b'{"sorry":"unknown"}', key_unknown=True)
        return Reading(401, b'{"sorry":"stranger"}') if posted.headers.get("x-key") == "nobody" else None

    def read(self, posted: Posted) -> Reading:
        self.posted.append(posted)
        if posted.body == b'"defect"':
            raise ZeroDivisionError
        try:
            document = msgspec.json.decode(posted.body)
        except msgspec.DecodeError:
            return Reading(400, b'{"sorry":"not json"}')
        if document == "nothing":
            return Reading(202, b"{}")
        entry = NewEntry(posted.now, "echo", "PECHO", "k", posted.body)
        return Reading(202, b'{"ok":true}', (entry,), (("content-type", "application/json"), ("x-route", "echo")))

    def refuse(self, error: TocsinError) -> Reading:
        status = error.status if isinstance(error, BodyRefused) else 429 if isinstance(error, TooMany) else 503
        return Reading(status, msgspec.json.encode({"sorry": error.code}))


@dataclass
class _Looks:
    """The route's keys; each that came by looking makes them a newer version."""

    route: EchoRoute
    how: Callable[[EchoRoute, Told], None]

    @property
    def version(self) -> int:
        return len(self.route.keys)

    def after_look(self, then: Told, /) -> None:
        self.how(self.route, then)


@dataclass
class Answer:
    """One HTTP answer, taken apart."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)


@dataclass
class Door:
    """The server and what stands behind it."""

    port: int
    server: Server
    edge: Edge
    log: FakeLog
    route: EchoRoute
    queue: IngestQueue
    tls: ssl.SSLContext | None = None
    _clients: list[Client] = field(default_factory=list)

    async def client(self) -> Client:
        """A new connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=self.tls)
        client = Client(reader, writer)
        self._clients.append(client)
        return client

    async def send(self, head: str, body: bytes = b"") -> Answer:
        """One request on a connection of its own."""
        client = await self.client()
        return await client.send(head, body)

    async def post(self, path: str, body: bytes, *headers: str) -> Answer:
        return await self.send("\r\n".join([f"POST {path} HTTP/1.1", *headers, f"Content-Length: {len(body)}"]), body)

    async def close_clients(self) -> None:
        while self._clients:
            await self._clients.pop().close()


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, head: str, body: bytes = b"") -> Answer:
        self.write(head, body)
        return await self.answer(has_body=not head.startswith("HEAD"))

    async def close(self) -> None:
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()

    def write(self, head: str, body: bytes = b"") -> None:
        self.writer.write(f"{head}\r\nHost: door\r\n\r\n".encode("latin-1") + body)

    async def head(self) -> Answer:
        """The answer's head; its body is still to come."""
        raw = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 10)).decode("latin-1")
        first, *lines = raw.split("\r\n")[:-2]
        pairs = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        return Answer(int(first.split()[1]), pairs, b"")

    async def answer(self, *, has_body: bool = True) -> Answer:
        found = await self.head()
        length = found.header("content-length")
        if not has_body:
            return found
        if length is not None:
            found.body = await asyncio.wait_for(self.reader.readexactly(int(length)), 10)
        elif found.header("transfer-encoding") == "chunked":
            while piece := await self.chunk():
                found.body += piece
        return found

    async def chunk(self) -> bytes:
        """One piece of a chunked answer; b"" is the end."""
        size = int(await asyncio.wait_for(self.reader.readline(), 10), 16)
        return (await self.reader.readexactly(size + 2))[:-2]

    async def closed(self, seconds: float = 10) -> bool:
        """Whether the server closes the connection within the time, saying nothing more."""
        try:
            return await asyncio.wait_for(self.reader.read(1), seconds) == b""
        except (TimeoutError, ConnectionError) as error:
            return isinstance(error, ConnectionError)


def with_door(
    story: Callable[[Door], Awaitable[None]],
    app: AsgiApp | None = None,
    *,
    tls: Tls | None = None,
    trusted: Path | None = None,
    body_seconds: float = 30,
    header_seconds: float = 10,
    body_limit: int = 50_000,
    proxies: Sequence[Network] = (),
    after_look: Callable[[EchoRoute, Told], None] | None = None,
    **limits: Any,
) -> None:
    """Runs a story in front of a server, then takes it down; fails if it does not drain."""

    async def scene() -> None:
        log, route = FakeLog(), EchoRoute()
        queue = IngestQueue(log, **limits)
        deadlines = Deadlines(body_seconds, every=0.05)
        paths = [HotPath("/echo", route), HotPath("/hooks/", route, below=True), HotPath("/a/", route, True, "/b")]
        bridge = Bridge(app or Starlette(), deadlines, body_limit, trusted=proxies)
        edge = Edge(paths, queue, lambda: NOW, bridge, deadlines, after_look and _Looks(route, after_look))
        listener = listen("127.0.0.1", 0)
        port = listener.getsockname()[1]
        server = Server(edge, listener, tls, header_seconds=header_seconds)
        await edge.start()
        server.start()
        context = ssl.create_default_context(cafile=trusted) if trusted is not None else None
        door = Door(port, server, edge, log, route, queue, context)
        try:
            await asyncio.wait_for(asyncio.ensure_future(story(door)), 30)
        finally:
            log.gate.set()
            await door.close_clients()
            server.shut()
            edge.hang_up()
            drained = await server.drained(10)
            await edge.stop()
        assert drained

    run(scene())
