"""Readers behind a plain HTTP server, so that other people's programs can talk to them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from tocsin.dialects._kit.decode import Decoder
from tocsin.events.model import Event
from tocsin.runtime.ingest import Entry, HotPath, NewEntry, Posted

PATIENCE_SECONDS = 30.0


class Listener:
    """What was kept, and where to send."""

    def __init__(self, paths: Sequence[HotPath], decoders: Mapping[str, Decoder]) -> None:
        self._paths = paths
        self._decoders = decoders
        self.entries: list[NewEntry] = []
        self.statuses: list[int] = []
        self.url = ""
        self.page = b""
        """What every GET is answered: metrics, for a Prometheus that scrapes us."""

    def events(self) -> list[Event]:
        """The events so far, in order."""
        return [self._decoders[new.source](Entry(seq, *new)) for seq, new in enumerate(list(self.entries), 1)]

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Sequence[tuple[str, str]], bytes]:
        """As the hot path would: find the route, read, keep, answer."""
        lower: dict[str, str] = {name.lower(): value for name, value in headers.items()}
        for hot in self._paths:
            if path == hot.prefix or (hot.below and path.startswith(hot.prefix) and path.endswith(hot.suffix)):
                reading = hot.route.read(Posted(path, "", lower, body, time.time_ns() // 1000, ""))
                self.entries += reading.entries
                self.statuses.append(reading.status)
                return reading.status, reading.headers, reading.body
        return 404, (), b""


@contextmanager
def listening(paths: Sequence[HotPath], decoders: Mapping[str, Decoder]) -> Iterator[Listener]:
    """A listener on loopback for as long as the block runs."""
    listener = Listener(paths, decoders)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200, [("content-type", "text/plain")], listener.page)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            self._answer(*listener.take(self.path, dict(self.headers.items()), body))

        def _answer(self, status: int, headers: Sequence[tuple[str, str]], answer: bytes) -> None:
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def wait_for(condition: Callable[[], bool]) -> None:
    """Until it holds; fails the test if it does not within half a minute."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "nothing came"
        time.sleep(0.05)
