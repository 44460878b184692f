"""Serving: one process, one listening socket, granian's HTTP engine in it, and an orderly end.

Decides how the port is taken (alone or not at all), which limits the HTTP engine enforces, and how a shutdown drains.
Drives granian's worker directly: its own server classes fork a worker that outlives a kill of its parent, and open the
port in a way that a second server joins silently. What is used of granian is pinned by tests/app/test_rsgi_server.py.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import signal
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import granian._futures
import granian._granian
from granian.http import HTTP1Settings, HTTP2Settings

from tocsin.app.rsgi import Edge
from tocsin.app.rsgi_body import HttpProtocol, HttpScope

BACKLOG: Final = 1024
"""Connections that the kernel holds until we take them."""

CONNECTIONS: Final = 8192
"""Connections served at once; idle ones count."""

HEADER_SECONDS: Final = 10
"""From the first moment of waiting to the end of the headers; so also how long an idle connection is kept."""

HEADER_BYTES: Final = 64 * 1024

DRAIN_SECONDS: Final = 10.0
"""How long requests under way may take after a SIGTERM."""

# granian's own type stubs describe an older shape of its engine.
_engine: Any = granian._granian  # noqa: SLF001
_glue: Any = granian._futures  # noqa: SLF001

_log = logging.getLogger(__name__)


class PortInUse(OSError):
    """Another program listens there already."""


@dataclass(frozen=True, slots=True)
class Tls:
    """Certificate chain and private key, PEM files."""

    certificate: Path
    key: Path


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
        raise
    listener.setblocking(False)
    return listener


class Server:
    """granian's engine on our socket and our event loop."""

    def __init__(
        self,
        application: Callable[[HttpScope, HttpProtocol], Awaitable[None]],
        listener: socket.socket,
        tls: Tls | None = None,
        *,
        header_seconds: float = HEADER_SECONDS,
    ) -> None:
        """Takes the socket over."""
        self._application = application
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
            1,  # Python threads for blocking calls
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
        watched = _glue._future_watcher_wrapper(self._application)  # noqa: SLF001
        scheduler = _glue._new_cbscheduler(loop, watched, impl_asyncio=True)  # noqa: SLF001
        worker.serve_str(scheduler, loop, self._signal)

    async def stop(self, seconds: float) -> bool:
        """Takes no more connections and waits for requests under way; False if some were left after `seconds`."""
        self._signal.set()
        try:
            await asyncio.wait_for(self._stopped.wait(), seconds)
        except TimeoutError:
            return False
        return True


async def until_signalled() -> None:
    """Returns at the first SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    signalled = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, signalled.set)
    await signalled.wait()


async def serve(
    edge: Edge, listener: socket.socket, *, tls: Tls | None = None, ready: Callable[[], None] = lambda: None
) -> None:
    """Serves until SIGTERM or SIGINT, then drains. Raises LifespanFailed.

    Draining: no new connections, requests under way are answered, what waits for a commit is committed. `ready()` is
    called when the first request could come.
    """
    signalled = asyncio.create_task(until_signalled())
    await edge.start()
    server = Server(edge, listener, tls)
    server.start()
    ready()
    await signalled
    _log.info("draining")
    stopping = asyncio.create_task(server.stop(DRAIN_SECONDS))
    await asyncio.sleep(0)
    edge.hang_up()
    if not await stopping:
        _log.warning("requests were still under way %s s after the signal", DRAIN_SECONDS)
    await edge.stop()
