"""What every fake HTTP service is made of: a loopback server with scripted faults. Decides no service's behaviour.

A handler answers a request; the answer can be told to come late, in drips, or not at all.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from tocsin.kernel.time import Moment
from tocsin.testing.fake_server import LoopbackServer, StartStop

Clock: TypeAlias = Callable[[], Moment]


@dataclass(frozen=True, slots=True)
class FakeRequest:
    """A request as it came. `headers` have lower-case names; `received_at` is when its headers were read."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    received_at: Moment

    def form(self) -> list[tuple[str, str]]:
        """The fields of a form, in order."""
        return parse_qsl(self.body.decode(), keep_blank_values=True)


@dataclass(frozen=True, slots=True)
class FakeAnswer:
    """An answer and how it comes: after `delay` seconds, a byte every `drip` seconds, or (`cut`) never."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drip: float = 0.0
    cut: bool = False


Handler: TypeAlias = Callable[[FakeRequest], FakeAnswer]


def json_answer(value: Any, status: int = 200, **headers: str) -> FakeAnswer:
    """An answer with a JSON body; `retry_after="2"` becomes the header `retry-after`."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return FakeAnswer(status, json.dumps(value).encode(), headers=named)


@dataclass(frozen=True, slots=True)
class Fault:
    """One misbehaviour. `acts`: the service does what was asked, and misbehaves only in answering."""

    acts: bool
    answer: FakeAnswer | None = None  # instead of the real one
    delay: float = 0.0
    drip: float = 0.0
    cut: bool = False

    def spoil(self, answer: FakeAnswer) -> FakeAnswer:
        """The answer as it goes out."""
        return replace(self.answer or answer, delay=self.delay, drip=self.drip, cut=self.cut)


def says(status: int, body: Any = None, *, retry_after: str = "") -> Fault:
    """Answers this status and does nothing."""
    headers = {"retry-after": retry_after} if retry_after else {}
    return Fault(
        acts=False, answer=FakeAnswer(status, b"" if body is None else json.dumps(body).encode(), headers=headers)
    )


def hangs(seconds: float) -> Fault:
    """Does nothing and says nothing for so long, then closes."""
    return Fault(acts=False, answer=FakeAnswer(500), delay=seconds, cut=True)


def closes() -> Fault:
    """Does nothing and closes the connection."""
    return Fault(acts=False, answer=FakeAnswer(500), cut=True)


def acts_then_hangs(seconds: float) -> Fault:
    """Does what was asked and says nothing for so long, then closes."""
    return Fault(acts=True, delay=seconds, cut=True)


def acts_then_closes() -> Fault:
    """Does what was asked and closes the connection without a word."""
    return Fault(acts=True, cut=True)


def is_slow(seconds: float) -> Fault:
    """Does what was asked and answers late."""
    return Fault(acts=True, delay=seconds)


def drips(seconds: float) -> Fault:
    """Does what was asked and answers a byte every so many seconds."""
    return Fault(acts=True, drip=seconds)


class FaultScript:
    """Which request meets which fault: one each from the queue (None = no fault), then the standing one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queue: deque[Fault | None] = deque()
        self._standing: Fault | None = None

    def next(self, *faults: Fault | None) -> None:
        """The coming requests meet these, in order."""
        with self._lock:
            self._queue.extend(faults)

    def always(self, fault: Fault | None) -> None:
        """Every request after the queued ones meets this; None heals."""
        with self._lock:
            self._standing = fault

    def clear(self) -> None:
        """No faults any more."""
        with self._lock:
            self._queue.clear()
            self._standing = None

    @property
    def waiting(self) -> int:
        """Queued faults that no request has met yet."""
        with self._lock:
            return len(self._queue)

    def take(self) -> Fault | None:
        """The fault for one request."""
        with self._lock:
            return self._queue.popleft() if self._queue else self._standing

    def around(self, act: Callable[[], FakeAnswer]) -> FakeAnswer:
        """Act or not, and answer, as the script says."""
        fault = self.take()
        if fault is None:
            return act()
        if not fault.acts:
            return fault.spoil(FakeAnswer(500))
        return fault.spoil(act())


class FakeHttpServer(StartStop):
    """Serves a handler on a loopback port, a thread for each connection, until it is stopped."""

    def __init__(self, handler: Handler, clock: Clock, *, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._server = _Server(port, _RequestHandler)
        self._server.answer = handler
        self._server.clock = clock
        self._tls = tls
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.port

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Begin to serve."""
        self._server.start()

    def stop(self) -> None:
        """Stop serving, and break every connection that is still open."""
        self._server.stop()


class _Server(LoopbackServer):
    answer: Handler
    clock: Clock


class _RequestHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:
        """Tests and the demo have their own words."""

    def _serve(self) -> None:
        received_at = self.server.clock()
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = FakeRequest(self.command, parts.path, parts.query, headers, body, received_at)
        answer = self.server.answer(request)
        if answer.delay:
            self.server.stopping.wait(answer.delay)
        if answer.cut:
            self.close_connection = True
            return
        self._write(answer)

    def _write(self, answer: FakeAnswer) -> None:
        lines = [f"HTTP/1.1 {answer.status} Status"]
        fields = {"content-type": answer.content_type, "content-length": str(len(answer.body)), **answer.headers}
        lines += [f"{name}: {value}" for name, value in fields.items()]
        raw = "\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body
        if not answer.drip:
            self.wfile.write(raw)
            return
        for position in range(len(raw)):
            if self.server.stopping.wait(answer.drip):
                break
            self.wfile.write(raw[position : position + 1])
