"""HTTP to providers: one request, one answer, inside one deadline. Decides whether a failed one can have had an effect.

Never follows a redirect, never decompresses, never reads more than `RESPONSE_BYTES`, never takes a proxy from
the environment. The address is vetted and pinned in `dial`, below TLS, so Host, SNI and
certificate keep the original name.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import httpcore2

from tocsin.connectors._kit.contract import RESPONSE_BYTES, TOTAL_SECONDS, Reason, Ticks
from tocsin.connectors._kit.deadline import Deadline
from tocsin.connectors._kit.dial import Guard, dial, operator_chosen
from tocsin.connectors._kit.egress import EgressPolicy, Target
from tocsin.connectors._kit.failures import ExchangeFailed, maybe_sent, not_sent, refused
from tocsin.connectors._kit.resolve import Resolver
from tocsin.connectors._kit.tls import trusted

_EXPIRED = 10
"""OpenSSL's number for a certificate that has run out."""

IDLE_SECONDS = 5.0
"""How long a kept connection may wait; a longer wait risks that the provider closes it while we write."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What the provider said. `headers` have lower-case names; `body` may be cut (`RESPONSE_BYTES`, deadline)."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient:
    """Asks within a deadline. Each thread has its own connections, so a slow provider holds up its own worker only.

    `policy` None: targets come from the installation's settings and may be anywhere. Otherwise every address that a
    target resolves to must be acceptable to the policy.
    """

    def __init__(
        self,
        ticks: Ticks,
        *,
        policy: EgressPolicy | None = None,
        resolver: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
        seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._ticks = ticks
        self._policy = policy
        self._seconds = seconds
        self._resolver = resolver or Resolver()
        self._tls = tls or trusted()
        self._of_thread = threading.local()
        self._lines: list[_Line] = []
        self._lock = threading.Lock()

    def post(self, target: Target, headers: Mapping[str, str], content: bytes) -> HttpAnswer:
        """Send one request. Raises ExchangeFailed, whose outcome says whether it may have had an effect."""
        return self._exchange("POST", target, {"Content-Length": str(len(content)), **headers}, content)

    def get(self, target: Target, headers: Mapping[str, str]) -> HttpAnswer:
        """Ask for something. Raises ExchangeFailed."""
        return self._exchange("GET", target, headers, None)

    def _exchange(self, method: str, target: Target, headers: Mapping[str, str], content: bytes | None) -> HttpAnswer:
        line = self._line()
        line.begin(Deadline(self._ticks, self._seconds), self._guard(target))
        sent = {"Host": target.authority, "Accept-Encoding": "identity", **headers}
        fields = [(name.encode("ascii"), value.encode("latin-1", "replace")) for name, value in sent.items()]
        url = httpcore2.URL(
            scheme=target.scheme.encode(), host=target.host.encode(), port=target.port, target=target.path.encode()
        )
        try:
            with line.pool.stream(method, url, headers=fields, content=content) as response:
                names = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
                return HttpAnswer(response.status, names, _read(response.iter_stream()))
        except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError) as error:
            raise line.explain(error) from error

    def close(self) -> None:
        """Close every kept connection of every thread."""
        with self._lock:
            lines, self._lines = self._lines, []
        self._of_thread = threading.local()
        for line in lines:
            line.pool.close()

    def _line(self) -> _Line:
        line: _Line | None = getattr(self._of_thread, "line", None)
        if line is None:
            line = _Line(self._resolver, self._tls)
            self._of_thread.line = line
            with self._lock:
                self._lines.append(line)
        return line

    def _guard(self, target: Target) -> Guard:
        policy = self._policy
        if policy is None:
            return operator_chosen
        return lambda address: policy.refusal(address, target.port, encrypted=target.encrypted)


def _read(parts: Iterable[bytes]) -> bytes:
    """The body up to the limit. A body that breaks off is what it is: the status has already told the outcome."""
    body = bytearray()
    try:
        for part in parts:
            body += part
            if len(body) >= RESPONSE_BYTES:
                break
    except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError):
        pass
    return bytes(body[:RESPONSE_BYTES])


class _Progress(Protocol):
    """What the network streams need to know of the exchange, and tell about it."""

    deadline: Deadline
    cut_off: bool


class _Line(httpcore2.NetworkBackend):
    """One thread's connections, and the exchange that is going on over them."""

    def __init__(self, resolver: Resolver, tls: ssl.SSLContext) -> None:
        self._resolver = resolver
        self._guard: Guard = operator_chosen
        self.deadline: Deadline
        self.cut_off = False  # a write failed: the provider can't have the whole request
        self.pool = httpcore2.ConnectionPool(
            ssl_context=tls,
            max_connections=8,
            max_keepalive_connections=2,
            keepalive_expiry=IDLE_SECONDS,
            network_backend=self,
        )

    def begin(self, deadline: Deadline, guard: Guard) -> None:
        """Start an exchange."""
        self.deadline, self._guard = deadline, guard
        self.cut_off = False

    def explain(self, error: Exception) -> ExchangeFailed:
        """What a failure of httpcore means for the message."""
        if isinstance(error, httpcore2.LocalProtocolError):
            return refused(Reason.CONFIGURATION, "the request can't be written as HTTP")
        if isinstance(error, (httpcore2.ConnectError, httpcore2.ConnectTimeout)):
            return not_sent(Reason.NETWORK, "no connection")
        if self.cut_off:
            return not_sent(Reason.NETWORK, "the connection broke while sending")
        if isinstance(error, httpcore2.TimeoutException):
            return maybe_sent("no answer in time")
        return maybe_sent("the connection broke before the answer came")

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Called by httpcore for each new connection: the guard sees every address, every time."""
        return _Stream(dial(host, port, resolver=self._resolver, guard=self._guard, deadline=self.deadline), self)


class _Stream(httpcore2.NetworkStream):
    """A socket whose every operation keeps the exchange's deadline."""

    def __init__(self, connection: socket.socket, progress: _Progress) -> None:
        self._socket = connection
        self._progress = progress

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Up to `max_bytes`, as soon as there are any; empty at the end."""
        try:
            self._socket.settimeout(self._progress.deadline.remaining())
            return self._socket.recv(max_bytes)
        except TimeoutError:
            raise httpcore2.ReadTimeout from None
        except OSError:
            raise httpcore2.ReadError from None

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """All of the buffer. A failure is noted: what was not written whole can't have been acted upon."""
        if not buffer:
            return
        try:
            self._socket.settimeout(self._progress.deadline.remaining())
            self._socket.sendall(buffer)
        except OSError as error:
            self._progress.cut_off = True
            raise (httpcore2.WriteTimeout if isinstance(error, TimeoutError) else httpcore2.WriteError) from None

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        """TLS with the original host name, whatever address was dialled."""
        try:
            self._socket.settimeout(self._progress.deadline.step().remaining())
            wrapped = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        except ssl.SSLCertVerificationError as error:
            self.close()
            renewed = error.verify_code == _EXPIRED  # it will be: people notice
            said = f"certificate not accepted: {error.verify_message}"
            raise not_sent(Reason.TLS, said, hopeless=not renewed) from None
        except OSError as error:
            self.close()
            slow = isinstance(error, TimeoutError)
            spoke = isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError)
            said = "TLS took too long" if slow else "TLS could not be agreed on"
            raise not_sent(Reason.TLS, said, hopeless=spoke and not slow) from None
        return _Stream(wrapped, self._progress)

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks: whether an idle connection has something to read, which means that it was closed."""
        if info == "is_readable":
            poll = select.poll()
            poll.register(self._socket, select.POLLIN)
            return bool(poll.poll(0))
        return None
