"""A load generator that leaves the processor to the server: keep-alive connections, one request in flight on each.

Raw sockets and epoll; requests are a fixed text around a counter, so that every request is distinct and every body
has the same length. Prints one JSON object: requests, errors, seconds, rate, latency percentiles in milliseconds.
It decides nothing about what is measured: `ingest_bench.py` does, and uses this same program for every server.
"""

from __future__ import annotations

import argparse
import json
import select
import socket
import sys
import time
from array import array

COUNTER = b"@@@@@@@@@@@@"
"""Stands in the body where each request gets its own 12 digits."""


class Connection:
    """One keep-alive connection: what it still expects of the answer in flight."""

    __slots__ = ("received", "sent_at", "sock")

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setblocking(False)
        self.received = b""
        self.sent_at = 0.0


def request_template(path: str, body: bytes, headers: list[str]) -> tuple[bytes, bytes]:
    """The request before and after the counter."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", *headers]
    head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode()
    before, _, after = body.partition(COUNTER)
    return head + before, after


def answer_complete(data: bytes) -> bool:
    """Whether `data` is one whole HTTP/1.1 answer with a Content-Length (or 204)."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = data[:end].lower()
    at = head.find(b"content-length:")
    if at < 0:
        return head.startswith(b"http/1.1 204")
    return len(data) >= end + 4 + int(head[at + 15 :].split(b"\r\n", 1)[0])


class Run:
    """One closed loop over all connections."""

    def __init__(self, port: int, template: tuple[bytes, bytes], connections: int, first: int) -> None:
        self._template = template
        self._number = first
        self._poll = select.epoll()
        self._open: dict[int, Connection] = {}
        for _ in range(connections):
            connection = Connection(port)
            self._open[connection.sock.fileno()] = connection
            self._poll.register(connection.sock.fileno(), select.EPOLLIN)
        self._known = 0
        self.errors = 0
        self.latencies = array("d")

    def go(self, seconds: float) -> float:
        """Sends until the time is up, waits for the answers in flight, and returns the seconds that took."""
        began = time.perf_counter()
        deadline = began + seconds
        for connection in self._open.values():
            self._send(connection)
        waiting = len(self._open)
        while waiting:
            events = self._poll.poll(10)
            if not events:
                raise SystemExit(f"no answer for 10 s on {waiting} connections")
            for fd, _ in events:
                connection = self._open[fd]
                if not self._answered(connection):
                    continue
                if time.perf_counter() < deadline:
                    self._send(connection)
                else:
                    waiting -= 1
        return time.perf_counter() - began

    def _send(self, connection: Connection) -> None:
        before, after = self._template
        connection.sent_at = time.perf_counter()
        connection.sock.send(b"%b%012d%b" % (before, self._number, after))
        self._number += 1

    def _answered(self, connection: Connection) -> bool:
        """Takes what has come; whether the answer is whole now."""
        data = connection.sock.recv(65536)
        if not data:
            raise SystemExit("the server closed a connection")
        if connection.received:
            data = connection.received + data
        if len(data) != self._known:  # the usual answer has a length seen before: looked at once
            if not answer_complete(data):
                connection.received = data
                return False
            self._known = len(data)
        connection.received = b""
        self.latencies.append(time.perf_counter() - connection.sent_at)
        if not data.startswith(b"HTTP/1.1 2"):
            self.errors += 1
            if self.errors == 1:
                print(data[:500], file=sys.stderr)
        return True


def report(latencies: array[float], errors: int, elapsed: float) -> dict[str, float]:
    """The figures of one run."""
    ordered = sorted(latencies)
    share = [round(1000 * ordered[min(len(ordered) - 1, int(len(ordered) * p))], 3) for p in (0.5, 0.99, 0.999)]
    return {
        "requests": len(ordered),
        "errors": errors,
        "seconds": round(elapsed, 3),
        "rate": round((len(ordered) - errors) / elapsed, 1),
        "p50_ms": share[0],
        "p99_ms": share[1],
        "p999_ms": share[2],
        "cpu_seconds": round(time.process_time(), 3),
    }


def main() -> None:
    """Command line; the body comes on standard input."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", required=True)
    parser.add_argument("--header", action="append", default=[])
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--first", type=int, default=0, help="the first request's number")
    args = parser.parse_args()
    template = request_template(args.path, sys.stdin.buffer.read(), args.header)
    run = Run(args.port, template, args.connections, args.first)
    elapsed = run.go(args.seconds)
    print(json.dumps(report(run.latencies, run.errors, elapsed)))


if __name__ == "__main__":
    main()
