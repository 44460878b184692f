"""The pages on a real port, for a real browser: an HTTP server in a thread, on loopback, that ends with its `with`."""

from __future__ import annotations

import asyncio
import socket
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server
from playwright.sync_api import Browser, BrowserContext, Playwright
from starlette.applications import Starlette

from tests.web.place import PASSWORD, Place
from tocsin.runtime.sessions import Visitor

CHROMIUM = "/usr/bin/chromium"
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
    return playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)


@contextmanager
def served(app: Starlette) -> Iterator[str]:
    """The address at which the application answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    loop = asyncio.new_event_loop()
    server = Server(
        app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, http=HTTPModes.http1, log_enabled=False
    )
    thread = threading.Thread(target=_serve, args=(loop, server), daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address)
        yield address
    finally:
        loop.call_soon_threadsafe(server.stop)
        thread.join(10)
        with suppress(RuntimeError):
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
