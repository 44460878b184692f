"""Serving: one process, one listening socket, granian's HTTP engine in it, and an orderly end.

Decides how the port is taken (alone or not at all), which limits the HTTP engine enforces, and how a shutdown drains.
Drives granian's worker directly: its own server classes fork a worker that outlives a kill of its parent, and open the
port in a way that a second server joins silently. What is used of granian is pinned by tests/app/test_rsgi_server.py.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Coroutine
from contextvars import Context
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar, TypeVarTuple, Unpack, cast

import granian._futures
import granian._granian
import uvloop
from granian.http import HTTP1Settings, HTTP2Settings

from tocsin.app.rsgi import Edge, HotRequest
from tocsin.kernel.errors import Invalid

BACKLOG: Final = 1024
"""Connections that the kernel holds until we take them."""

CONNECTIONS: Final = 8192
"""Connections served at once; idle ones count."""

HEADER_SECONDS: Final = 13
"""From the first moment of waiting to the end of the headers; so also how long an idle connection is kept.

No round number: a client that sends something every 10 s (a heartbeat, Terraform's next try) would send it just when an
idle connection is closed, and what it posts may not be sent again by itself.
"""

HEADER_BYTES: Final = 64 * 1024

DRAIN_SECONDS: Final = 10.0
"""How long requests under way may take after a SIGTERM."""

# granian's own type stubs describe an older shape of its engine.
_engine: Any = granian._granian  # noqa: SLF001
_glue: Any = granian._futures  # noqa: SLF001

SWITCH_SECONDS: Final = 0.0005
"""How long a thread may keep the interpreter while another waits. The default of 5 ms is long for a commit thread that
needs it for some 50 microseconds at a time (measured: p99 of an accepted event 15 ms, with 0.5 ms 12 ms)."""

_NO_HANDLE: Final = cast("asyncio.Handle", None)
"""The engine does not look at what it is given back."""

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_log = logging.getLogger(__name__)


class PortInUse(OSError):
    """Another program listens there already."""


@dataclass(frozen=True, slots=True)
class Tls:
    """Certificate chain and private key, PEM files."""

    certificate: Path
    key: Path

    def check(self) -> None:
        """Raises Invalid for files that can't be used: the engine would panic over them, start after start."""
        for name, file in (("TOCSIN_TLS_CERT", self.certificate), ("TOCSIN_TLS_KEY", self.key)):
            try:
                file.read_bytes()
            except OSError as error:
                raise Invalid(f"{name}: {file} can't be read: {error.strerror}", reason="tls") from None
        try:
            # A key with a password is refused: nobody is there to type it.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.certificate, self.key, lambda: "")
        except (ssl.SSLError, ValueError):
            raise Invalid(
                f"TOCSIN_TLS_CERT and TOCSIN_TLS_KEY must be a certificate chain and its private key, as PEM files "
                f"without a password: {self.certificate} and {self.key} are not",
                reason="tls",
            ) from None


def listen(host: str, port: int) -> socket.socket:
    """A listening socket that nobody shares. Raises PortInUse; port 0 lets the kernel choose."""
    family, kind, protocol, _, where = socket.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # only past TIME_WAIT; never SO_REUSEPORT
        listener.bind(where)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(errno.EADDRINUSE, f"another program already listens on {host}:{port}") from None
        raise OSError(error.errno, f"can't listen on {host}:{port}: {error.strerror}") from None
    listener.setblocking(False)
    return listener


class EdgeLoop(uvloop.Loop):
    """The event loop, with a short way for hot requests: their bodies call back at once, in the engine's Python thread.

    On any other loop they call back on the loop, one change of thread later; nothing else differs.
    """

    def call_soon_threadsafe(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Runs a hot request's callback, hands others to the loop."""
        if isinstance(callback, HotRequest):
            callback(*args)
            return _NO_HANDLE
        return super().call_soon_threadsafe(callback, *args, context=context)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Runs the edge on the loop that is made for it."""
    with asyncio.Runner(loop_factory=EdgeLoop) as runner:
        return runner.run(main)


class Scheduler(_engine.CallbackScheduler):  # type: ignore[misc] # an untyped base
    """Called by the engine for each request, in its Python thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, edge: Edge, *unused: None) -> None:
        """The base class takes the same arguments in `__new__`; the last three are for another mode of its own."""
        super().__init__()
        watched = _glue._future_watcher_wrapper(edge)  # noqa: SLF001
        context = self._ctx

        def start(watcher: Any) -> None:
            watcher.taskref(loop.create_task(watched(watcher)))

        def schedule(watcher: Any) -> None:
            if edge.take(watcher.scope, watcher.proto):
                return
            try:
                loop.call_soon_threadsafe(start, watcher, context=context)
            except RuntimeError as closed:  # the loop has ended; what is raised here would surface in the engine
                watcher.err(closed)

        self._schedule_fn = schedule


class Server:
    """granian's engine on our socket and our event loop."""

    def __init__(
        self, edge: Edge, listener: socket.socket, tls: Tls | None = None, *, header_seconds: float = HEADER_SECONDS
    ) -> None:
        """Takes the socket over."""
        self._edge = edge
        self._listener = listener
        self._tls = tls
        self._header_seconds = header_seconds
        self._signal = _engine.WorkerSignal()
        self._stopped = asyncio.Event()

    def start(self) -> None:
        """Begins to serve, on the running loop."""
        loop = asyncio.get_running_loop()
        self._signal.add_cb(lambda: loop.call_soon_threadsafe(self._stopped.set))
        tls = self._tls
        certificate, key = (str(tls.certificate), str(tls.key)) if tls is not None else (None, None)
        http1 = HTTP1Settings(header_read_timeout=int(self._header_seconds * 1000), max_buffer_size=HEADER_BYTES)
        worker = _engine.RSGIWorker(
            1,  # worker id
            (None, _engine.SocketHolder(self._listener.detach(), False, BACKLOG)),
            None,  # no channel to a parent
            1,  # runtime threads
            16,  # runtime's blocking threads, at most
            1,  # Python threads: one, so that requests of one connection keep their order
            30,  # ... and how long they stay idle, seconds
            CONNECTIONS,
            "auto" if tls is not None else "1",  # browsers speak HTTP/2 over TLS only
            http1,
            HTTP2Settings(max_headers_size=HEADER_BYTES),
            False,  # no websockets
            None,  # no static files
            tls is not None,
            certificate,
            key,
            None,  # the key's password
            "tls1.2",  # at least
            None,  # no client certificates: neither their authority
            [],  # nor revocations
            False,
            (None, None),  # no metrics of granian's
        )
        worker.serve_str(Scheduler(loop, self._edge, None, None, None), loop, self._signal)

    def shut(self) -> None:
        """Takes no more connections; idle ones are closed, busy ones after their answer."""
        self._signal.set()

    async def drained(self, seconds: float) -> bool:
        """Waits until the last answer is sent; False if some were left after `seconds`."""
        try:
            await asyncio.wait_for(self._stopped.wait(), seconds)
        except TimeoutError:
            return False
        return True


async def serve(
    edge: Edge, listener: socket.socket, *, tls: Tls | None = None, ready: Callable[[], None] = lambda: None
) -> None:
    """Serves until SIGTERM or SIGINT, or until the log breaks, then drains. Raises LifespanFailed, LogFailed.

    Draining: no new connections, requests under way are answered, what waits for a commit is committed. `ready()` is
    called when the first request could come. After LogFailed the process must end: only a new one may trust the disk.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    edge.ingest.on_failure(lambda: loop.call_soon_threadsafe(over.set))
    await edge.start()
    gc.collect()
    gc.freeze()  # what is there now stays: looking through it again and again would stop everything for a while
    server = Server(edge, listener, tls)
    server.start()
    ready()
    await over.wait()
    _log.info("draining")
    server.shut()
    edge.hang_up()
    if not await server.drained(DRAIN_SECONDS):
        _log.warning("requests were still under way %s s after the signal", DRAIN_SECONDS)
    await edge.stop()
    if edge.ingest.failure is not None:
        raise edge.ingest.failure
