"""One POST inside one deadline: what a broken exchange leaves open, and what a hostile server can't do."""

from __future__ import annotations

import contextlib
import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from ipaddress import ip_network

import pytest

from tests.connectors.certificates import Certificates
from tests.connectors.conftest import wall_clock
from tocsin.connectors._kit.contract import CONNECT_SECONDS, RESPONSE_BYTES, TOTAL_SECONDS, Outcome, Reason
from tocsin.connectors._kit.egress import EgressPolicy, Target, parse_target
from tocsin.connectors._kit.failures import ExchangeFailed
from tocsin.connectors._kit.http import HttpAnswer, HttpClient
from tocsin.connectors._kit.resolve import Resolver
from tocsin.testing.fake_http import (
    FakeAnswer,
    FakeHttpServer,
    FakeRequest,
    FaultScript,
    acts_then_closes,
    acts_then_hangs,
    closes,
    drips,
    hangs,
)

HERE = EgressPolicy(allow=(ip_network("127.0.0.0/8"),))


class Service:
    """Counts what it did, and fails by script."""

    def __init__(self) -> None:
        self.requests: list[FakeRequest] = []
        self.faults = FaultScript()
        self.answer = FakeAnswer(200, b'{"ok":true}')

    def __call__(self, request: FakeRequest) -> FakeAnswer:
        def act() -> FakeAnswer:
            self.requests.append(request)
            return self.answer

        return self.faults.around(act)


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def server(service: Service) -> Iterator[FakeHttpServer]:
    with FakeHttpServer(service, wall_clock) as running:
        yield running


@pytest.fixture
def client() -> Iterator[HttpClient]:
    one = HttpClient(time.monotonic, seconds=0.5)
    yield one
    one.close()


def post(client: HttpClient, url: str, body: bytes = b"{}") -> HttpAnswer:
    return client.post(parse_target(url), {"Content-Type": "application/json"}, body)


def failure(client: HttpClient, url: str) -> tuple[Outcome, Reason, str]:
    before = time.monotonic()
    with pytest.raises(ExchangeFailed) as caught:
        post(client, url)
    assert time.monotonic() - before < 2
    return caught.value.outcome, caught.value.reason, caught.value.detail


def waits(done: threading.Event) -> None:
    """Neither read nor answer."""
    done.wait(5)


@contextmanager
def raw_server(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that speaks whatever it likes to its first connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            # OSError: the client gave up.
            with listening.accept()[0] as connection, contextlib.suppress(OSError):
                talk(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            thread.join(5)


def test_the_limits_are_those_that_are_promised() -> None:
    assert (CONNECT_SECONDS, TOTAL_SECONDS, RESPONSE_BYTES) == (3.0, 10.0, 65536)


def test_a_post_arrives_whole_and_its_answer_comes_back(
    client: HttpClient, service: Service, server: FakeHttpServer
) -> None:
    answer = post(client, f"{server.url}/hook?a=b", b'{"x":1}')
    request = service.requests[0]
    assert (answer.status, answer.body) == (200, b'{"ok":true}')
    assert (request.method, request.path, request.query, request.body) == ("POST", "/hook", "a=b", b'{"x":1}')
    assert request.headers["host"] == f"127.0.0.1:{server.port}"
    assert "cookie" not in request.headers


def test_the_next_post_uses_the_same_connection(client: HttpClient) -> None:
    ports: list[int] = []

    def talk(connection: socket.socket) -> None:
        for _ in range(2):
            received = b""
            while b"\r\n\r\n{}" not in received:
                received += connection.recv(4096)
            ports.append(connection.getpeername()[1])
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with raw_server(talk) as url:
        assert [post(client, url).status for _ in range(2)] == [204, 204]
    assert len(ports) == 2


def test_a_connection_that_was_closed_in_between_is_not_used_again(
    client: HttpClient, service: Service, server: FakeHttpServer
) -> None:
    service.answer = FakeAnswer(200, headers={"connection": "close"})
    for _ in range(3):
        assert post(client, server.url).status == 200


def test_an_idle_connection_that_the_server_dropped_costs_nothing(client: HttpClient) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for _ in range(2):
                with listening.accept()[0] as connection:
                    connection.recv(4096)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        assert post(client, url).status == 200
        time.sleep(0.05)  # the server closes its side
        assert post(client, url).status == 200
        thread.join(5)


@pytest.mark.parametrize("fault", [hangs(5), acts_then_hangs(5), closes(), acts_then_closes()])
def test_silence_after_the_request_leaves_the_outcome_open(
    client: HttpClient, service: Service, server: FakeHttpServer, fault: object
) -> None:
    service.faults.next(fault)  # type: ignore[arg-type]
    assert failure(client, server.url)[:2] == (Outcome.UNKNOWN, Reason.NETWORK)
    assert post(client, server.url).status == 200  # and the next exchange is not disturbed


def test_a_header_byte_now_and_then_does_not_stretch_the_deadline(
    client: HttpClient, service: Service, server: FakeHttpServer
) -> None:
    service.faults.next(drips(0.1))
    assert failure(client, server.url)[0] is Outcome.UNKNOWN


def test_a_body_that_never_ends_does_not_hide_the_status(client: HttpClient) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 201 Created\r\n\r\n{")
        while True:
            time.sleep(0.02)
            connection.sendall(b" ")

    with raw_server(talk) as url:
        before = time.monotonic()
        assert post(client, url).status == 201
        assert time.monotonic() - before < 2


def test_a_huge_body_is_cut(client: HttpClient, service: Service, server: FakeHttpServer) -> None:
    service.answer = FakeAnswer(200, b"x" * 5_000_000)
    assert len(post(client, server.url).body) == RESPONSE_BYTES


def test_endless_headers_end(client: HttpClient) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"x: " + b"y" * 5000 + b"\r\n")

    with raw_server(talk) as url:
        assert failure(client, url)[0] is Outcome.UNKNOWN


def test_something_that_is_not_http_leaves_the_outcome_open(client: HttpClient) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"SSH-2.0-OpenSSH_9.9\r\n")

    with raw_server(talk) as url:
        assert failure(client, url)[0] is Outcome.UNKNOWN


def test_a_compressed_answer_is_not_unpacked(client: HttpClient, service: Service, server: FakeHttpServer) -> None:
    packed = gzip.compress(b"0" * 10_000_000)
    service.answer = FakeAnswer(200, packed, headers={"content-encoding": "gzip"})
    assert post(client, server.url).body == packed[:RESPONSE_BYTES]
    assert service.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_not_followed(
    client: HttpClient, service: Service, server: FakeHttpServer, status: int
) -> None:
    service.answer = FakeAnswer(status, headers={"location": f"{server.url}/elsewhere"})
    assert post(client, f"{server.url}/hook").status == status
    assert [request.path for request in service.requests] == ["/hook"]


def test_nobody_listening_means_not_sent(client: HttpClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert failure(client, f"http://127.0.0.1:{port}/")[:2] == (Outcome.RETRY, Reason.NETWORK)


def test_a_connection_that_breaks_while_we_write_means_not_sent(client: HttpClient) -> None:
    def talk(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # reset on close

    with raw_server(talk) as url, pytest.raises(ExchangeFailed) as caught:
        post(client, url, b"x" * 20_000_000)
    assert caught.value.outcome is Outcome.RETRY


def test_a_server_that_does_not_read_means_not_sent(client: HttpClient) -> None:
    done = threading.Event()
    with raw_server(lambda _: waits(done)) as url:
        with pytest.raises(ExchangeFailed) as caught:
            post(client, url, b"x" * 20_000_000)
        done.set()
    assert caught.value.outcome is Outcome.RETRY


def test_a_name_that_leads_inside_is_refused_at_the_door(service: Service, server: FakeHttpServer) -> None:
    client = HttpClient(
        time.monotonic, policy=EgressPolicy(plain_http=True), resolver=Resolver(lambda _: ["127.0.0.1"])
    )
    assert failure(client, f"http://hooks.example:{server.port}/")[:2] == (Outcome.REFUSED, Reason.EGRESS)
    assert service.requests == []


def test_a_name_that_changes_its_mind_is_vetted_at_every_connection(service: Service, server: FakeHttpServer) -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"], ["127.0.0.1"]])
    asked: list[str] = []

    def lookup(host: str) -> Sequence[str]:
        asked.append(host)
        return next(answers)

    service.answer = FakeAnswer(200, headers={"connection": "close"})
    client = HttpClient(time.monotonic, policy=HERE, resolver=Resolver(lookup))
    url = f"http://hooks.example:{server.port}/"
    assert post(client, url).status == 200
    assert failure(client, url)[:2] == (Outcome.REFUSED, Reason.EGRESS)
    assert post(client, url).status == 200
    assert len(asked) == len(service.requests) + 1
    client.close()


@pytest.fixture
def tls_server(service: Service, certificates: Certificates) -> Iterator[FakeHttpServer]:
    with FakeHttpServer(service, wall_clock, tls=certificates.good) as running:
        yield running


def test_tls_is_to_the_name_although_the_address_is_pinned(
    service: Service, tls_server: FakeHttpServer, certificates: Certificates
) -> None:
    names: list[str | None] = []
    certificates.good.sni_callback = lambda _line, name, _context: names.append(name)
    client = HttpClient(
        time.monotonic, policy=HERE, resolver=Resolver(lambda _: ["127.0.0.1"]), tls=certificates.client
    )
    assert post(client, f"https://hooks.example:{tls_server.port}/x").status == 200
    assert service.requests[0].headers["host"] == f"hooks.example:{tls_server.port}"
    assert names == ["hooks.example"]
    certificates.good.sni_callback = None
    client.close()


@pytest.mark.parametrize("kind", ["expired", "wrong_name", "self_signed"])
def test_a_certificate_that_is_wrong_means_not_sent(service: Service, certificates: Certificates, kind: str) -> None:
    context: ssl.SSLContext = getattr(certificates, kind)
    client = HttpClient(time.monotonic, tls=certificates.client)
    with FakeHttpServer(service, wall_clock, tls=context) as running:
        outcome, reason, detail = failure(client, running.url)
    assert (outcome, reason) == (Outcome.RETRY, Reason.TLS)
    assert "certificate" in detail
    assert service.requests == []


def test_a_server_without_tls_means_not_sent(server: FakeHttpServer, certificates: Certificates) -> None:
    client = HttpClient(time.monotonic, tls=certificates.client, seconds=1)
    target = Target("https", "127.0.0.1", server.port, "/")
    with pytest.raises(ExchangeFailed) as caught:
        client.post(target, {}, b"")
    assert (caught.value.outcome, caught.value.reason) == (Outcome.RETRY, Reason.TLS)


def test_a_tls_handshake_that_stalls_means_not_sent(certificates: Certificates) -> None:
    done = threading.Event()
    client = HttpClient(time.monotonic, tls=certificates.client, seconds=0.3)
    with raw_server(lambda _: waits(done)) as url:
        assert failure(client, url.replace("http:", "https:"))[:2] == (Outcome.RETRY, Reason.TLS)
        done.set()


def test_threads_do_not_wait_for_each_other(service: Service, server: FakeHttpServer) -> None:
    client = HttpClient(time.monotonic, seconds=5)
    service.faults.next(hangs(0.6))

    def wait_in_vain() -> None:
        with pytest.raises(ExchangeFailed):
            post(client, server.url)

    slow = threading.Thread(target=wait_in_vain)
    slow.start()
    time.sleep(0.05)
    before = time.monotonic()
    assert post(client, server.url).status == 200
    assert time.monotonic() - before < 0.3
    slow.join()
    client.close()


def test_it_sends_again_after_it_was_closed(client: HttpClient, server: FakeHttpServer) -> None:
    for _ in range(2):
        assert post(client, server.url).status == 200
        client.close()
