"""The pages on a real port, for a real browser: an HTTP server in a thread, on loopback, that ends with its `with`."""

from __future__ import annotations

import asyncio
import shutil
import socket
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server
from playwright.sync_api import Browser, BrowserContext, Playwright
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from tests.web.place import PASSWORD, Place
from tocsin.runtime.sessions import Visitor

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
"""By what names the program goes."""

CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]


def chromium(playwright: Playwright) -> Browser:
    """The system's Chromium, without a window and without the network."""
    program = next(filter(None, map(shutil.which, CHROMIUM)))
    return playwright.chromium.launch(executable_path=program, args=CHROMIUM_ARGS)


class Ending:
    """An application whose streams end when told to, so that its server can stop."""

    def __init__(self, app: Starlette) -> None:
        self._app = app
        self._tasks: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            return
        finally:
            self._tasks.discard(task)

    def end(self) -> None:
        """End whatever runs. Call it on the loop."""
        for task in self._tasks:
            task.cancel()


@contextmanager
def served(app: Starlette, *, port: int = 0) -> Iterator[str]:
    """The address at which the application answers; port 0 is a free one."""
    if not port:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
    loop = asyncio.new_event_loop()
    ending = Ending(app)
    server = Server(
        ending,
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        log_enabled=False,
        backlog=1024,
        backpressure=4096,
    )
    thread = threading.Thread(target=_serve, args=(loop, server), daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address)
        yield address
    finally:
        loop.call_soon_threadsafe(server.stop)
        loop.call_soon_threadsafe(ending.end)
        thread.join(10)
        assert not thread.is_alive(), "the server does not stop"
        loop.close()


def _serve(loop: asyncio.AbstractEventLoop, server: Server) -> None:
    asyncio.set_event_loop(loop)
    loop.run_until_complete(server.serve())


def _wait(address: str) -> None:
    pause = threading.Event()
    for _ in range(200):
        with suppress(OSError):
            urllib.request.urlopen(f"{address}/sign-in", timeout=2).close()  # noqa: S310 - our own loopback address
            return
        pause.wait(0.02)
    raise AssertionError("the pages do not come up")


def session_of(place: Place, who: str) -> str:
    """A new session's token."""
    return place.sessions.sign_in(place.people[who].email, PASSWORD, Visitor("127.0.0.1", "Chromium")).token


def sign_in(context: BrowserContext, place: Place, who: str, address: str) -> None:
    """Put somebody's session into the browser."""
    context.add_cookies([{"name": "tocsin", "value": session_of(place, who), "url": address}])
