"""The server as a process: its port, its limits, TLS, and an orderly end. Also pins what we use of granian's inside."""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import ipaddress
import resource
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.app.rsgi_door import Answer, Client, Door, with_door
from tocsin.app.rsgi_server import BACKLOG, HEADER_SECONDS, PortInUse, Tls, listen
from tocsin.kernel.errors import Invalid
from tocsin.storage.log.sqlite import SqliteLogReader


def test_a_port_in_use_is_refused_loudly() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        for host in ("127.0.0.1", "0.0.0.0"):
            with pytest.raises(PortInUse, match=str(port)):
                listen(host, port)
    listen("127.0.0.1", port).close()


def test_nobody_else_can_join_our_port_either() -> None:
    with listen("127.0.0.1", 0) as ours, socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        with pytest.raises(OSError, match="in use"):
            other.bind(ours.getsockname())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", ""])
def test_hosts_may_be_names_addresses_or_everything(host: str) -> None:
    with listen(host, 0) as listener:
        assert listener.getsockname()[1] > 0
        assert BACKLOG >= 1024


def test_slow_headers_are_cut_off_while_others_are_served() -> None:
    async def story(door: Door) -> None:
        slow = [await door.client() for _ in range(200)]
        loop = asyncio.get_running_loop()
        began = loop.time()
        pending = [asyncio.create_task(client.closed()) for client in slow]
        for number in range(6):
            for client in slow:
                if not client.writer.is_closing():
                    client.writer.write(b"POST /echo HTTP/1.1\r\nX: "[number * 4 : number * 4 + 4])
            assert (await door.post("/echo", b"{}")).status == 202
            await asyncio.sleep(0.1)
        assert all(await asyncio.gather(*pending))
        assert loop.time() - began < 5, "each had half a second, whatever it sent meanwhile"

    with_door(story, header_seconds=0.5)


def test_an_idle_connection_is_kept_and_then_closed() -> None:
    async def story(door: Door) -> None:
        client = await door.client()
        for _ in range(3):
            assert (await client.send("POST /echo HTTP/1.1\r\nContent-Length: 2", b"{}")).status == 202
            await asyncio.sleep(0.3)
        assert await client.closed(5)

    with_door(story, header_seconds=0.6)


@pytest.mark.parametrize("period", [5, 10, 15, 20, 30, 60])
def test_no_idle_connection_is_closed_just_when_a_regular_client_sends(period: int) -> None:
    assert abs(HEADER_SECONDS - period) >= 2


def test_headers_have_a_limit() -> None:
    async def story(door: Door) -> None:
        answer = await door.send("GET / HTTP/1.1\r\nX: " + "x" * 200_000)
        assert answer.status == 431
        assert (await door.post("/echo", b"{}")).status == 202

    with_door(story)


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00rubbish\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -2\r\n\r\n{}",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2x\r\n\r\n{}",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n{}",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
        b"POST /echo HTTP/1.1\r\nHost : a\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
def test_what_is_not_http_is_refused_and_never_an_event(raw: bytes) -> None:
    async def story(door: Door) -> None:
        client = await door.client()
        client.writer.write(raw)
        client.writer.write_eof()
        heard = await asyncio.wait_for(client.reader.read(), 5)
        assert heard == b"" or heard.startswith(b"HTTP/1.1 4")
        assert door.log.entries == []
        assert (await door.post("/echo", b"{}")).status == 202

    with_door(story)


def test_a_length_and_chunks_together_can_not_smuggle_a_second_request() -> None:
    async def story(door: Door) -> None:
        client = await door.client()
        smuggled = b"0\r\n\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n[]"
        head = f"POST /echo HTTP/1.1\r\nContent-Length: {len(smuggled)}\r\nTransfer-Encoding: chunked"
        client.write(head, smuggled)
        await client.closed(1)
        assert b"[]" not in [entry.body for entry in door.log.entries] or len(door.route.posted) <= 1

    with_door(story)


def test_requests_leave_nothing_behind() -> None:
    """What the server's own objects hold is invisible to the garbage collector: a cycle there would be for ever."""

    async def story(door: Door) -> None:
        async def round_() -> None:
            client = await door.client()
            for _ in range(50):
                await client.send("POST /echo HTTP/1.1\r\nContent-Length: 2", b"{}")
                await client.send("GET /none HTTP/1.1")
                await client.send("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked", b"1\r\n1\r\n0\r\n\r\n")
            for _ in range(5):
                broken = await door.client()
                broken.write("POST /echo HTTP/1.1\r\nContent-Length: 9", b"{}")
                await asyncio.sleep(0.01)
                await broken.close()
            await door.close_clients()
            door.route.posted.clear()
            door.log.entries.clear()
            await asyncio.sleep(0.1)

        await round_()
        before = await alive()
        for _ in range(3):
            await round_()
        assert await alive() - before < 100, "600 requests later"

    async def alive() -> int:
        await asyncio.sleep(0.05)
        gc.collect()
        return len(gc.get_objects())

    with_door(story)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    """A self-signed certificate for 127.0.0.1."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "door")])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + dt.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(built.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(private)
    return Tls(folder / "cert.pem", folder / "key.pem")


def test_tls_is_spoken_when_there_is_a_certificate(certificate: Tls) -> None:
    async def story(door: Door) -> None:
        client = await door.client()
        for _ in range(3):
            assert (await client.send("POST /echo HTTP/1.1\r\nContent-Length: 2", b"{}")).status == 202
        assert (await client.send("GET / HTTP/1.1")).status == 404
        plain = await asyncio.open_connection("127.0.0.1", door.port)
        plain[1].write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert not (await asyncio.wait_for(plain[0].read(), 5)).startswith(b"HTTP/1.1 2")
        plain[1].close()

    with_door(story, tls=certificate, trusted=certificate.certificate)


def test_files_that_are_no_certificate_and_key_are_refused_in_words(certificate: Tls, tmp_path: Path) -> None:
    certificate.check()
    locked = tmp_path / "locked.pem"
    key = serialization.load_pem_private_key(certificate.key.read_bytes(), None)
    encrypted = serialization.BestAvailableEncryption(b"secret")
    locked.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encrypted))
    with pytest.raises(Invalid, match=r"TOCSIN_TLS_CERT: /nope can't be read: No such file"):
        Tls(Path("/nope"), certificate.key).check()
    for wrong in (
        Tls(certificate.key, certificate.certificate),
        Tls(certificate.certificate, certificate.certificate),
        Tls(certificate.certificate, locked),
    ):
        with pytest.raises(Invalid, match="must be a certificate chain and its private key"):
            wrong.check()


PROGRAM = """
    import asyncio, signal, sys
    from pathlib import Path
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse, StreamingResponse
    from starlette.routing import Route
    from tests.app.rsgi_door import NOW, EchoRoute
    from tocsin.app.rsgi import Edge
    from tocsin.app.rsgi_body import Deadlines
    from tocsin.app.rsgi_bridge import Bridge
    from tocsin.app.rsgi_server import PortInUse, listen, run, serve
    from tocsin.runtime.ingest import HotPath
    from tocsin.runtime.ingest_queue import IngestQueue
    from tocsin.storage.log.sqlite import SqliteLogWriter

    async def slow(request):
        await asyncio.sleep(0.5)
        return PlainTextResponse("slow but sure")

    async def events(request):
        async def flow():
            while True:
                yield b"data: 1\\n\\n"
                await asyncio.sleep(3600)
        return StreamingResponse(flow(), media_type="text/event-stream")

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        listener = listen("127.0.0.1", int(sys.argv[1]))
    except PortInUse as error:
        sys.exit(str(error))
    writer = SqliteLogWriter(Path(sys.argv[2]), lambda: "epoch")
    deadlines = Deadlines()
    app = Starlette(routes=[Route("/slow", slow), Route("/events", events)])
    edge = Edge([HotPath("/echo", EchoRoute())], IngestQueue(writer), lambda: NOW, Bridge(app, deadlines), deadlines)
    port = listener.getsockname()[1]
    run(serve(edge, listener, ready=lambda: print(port, flush=True)))
    writer.close()
    print("bye", flush=True)
"""


def started(folder: Path, port: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(PROGRAM), str(port), str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    with started(folder) as process:
        assert process.stdout is not None
        try:
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


async def connected(port: int) -> Client:
    return Client(*await asyncio.open_connection("127.0.0.1", port))


def test_a_second_server_does_not_start_and_does_not_disturb(tmp_path: Path) -> None:
    with serving(tmp_path / "a") as (_, port):
        with started(tmp_path / "b", port) as second:
            _, complaint = second.communicate(timeout=20)
        assert second.returncode == 1
        assert "already listens" in complaint

        async def story() -> None:
            for _ in range(20):
                client = await connected(port)
                assert (await client.send("POST /echo HTTP/1.1\r\nContent-Length: 2", b"{}")).status == 202
                await client.close()

        asyncio.run(story())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains(tmp_path: Path, number: signal.Signals) -> None:
    """What is under way is answered, streams end, what was accepted is on the disk, nobody new is let in."""

    async def story(process: subprocess.Popen[str], port: int) -> int:
        slow, live, idle = await connected(port), await connected(port), await connected(port)
        live.write("GET /events HTTP/1.1")
        assert (await live.head()).status == 200
        assert await live.chunk() == b"data: 1\n\n"
        accepted = 0
        slow.write("GET /slow HTTP/1.1")
        await asyncio.sleep(0.1)
        for _ in range(100):
            accepted += (await idle.send("POST /echo HTTP/1.1\r\nContent-Length: 2", b"{}")).status == 202
        process.send_signal(number)
        answer: Answer = await slow.answer()
        assert (answer.status, answer.body) == (200, b"slow but sure")
        assert await live.chunk() == b""
        assert await slow.closed()
        assert await idle.closed()
        with pytest.raises(OSError, match="Connect call failed"):
            await connected(port)
        for client in (slow, live, idle):
            await client.close()
        return accepted

    with serving(tmp_path / "log") as (process, port):
        accepted = asyncio.run(story(process, port))
        out, complaints = process.communicate(timeout=20)
        assert (process.returncode, out, complaints) == (0, "bye\n", "")
    reader = SqliteLogReader(tmp_path / "log")
    assert reader.head() == accepted == 100
    reader.close()


def test_when_the_disk_fails_nobody_is_told_yes_and_the_process_ends(tmp_path: Path) -> None:
    """The kernel lets no file grow: the commit fails half-way, in a state that only a new process may look at."""

    async def story(process: subprocess.Popen[str], port: int) -> tuple[int, list[int]]:
        client = await connected(port)
        body = b'"%b"' % (b"x" * 8_000)
        head = f"POST /echo HTTP/1.1\r\nContent-Length: {len(body)}"
        accepted, statuses = 0, []
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
        with suppress(OSError, EOFError):
            for _ in range(100):
                statuses.append((await client.send(head, body)).status)
                accepted += statuses[-1] == 202
        await client.close()
        return accepted, statuses

    with serving(tmp_path / "log") as (process, port):
        accepted, statuses = asyncio.run(story(process, port))
        _, complaint = process.communicate(timeout=20)
        assert process.returncode == 1
        assert "LogFailed" in complaint
    assert 0 < accepted < 100
    assert set(statuses[accepted:]) == {503}
    reader = SqliteLogReader(tmp_path / "log")
    assert reader.head() == accepted
    reader.close()


def test_killed_under_load_nothing_that_was_answered_is_lost(tmp_path: Path) -> None:
    async def story(process: subprocess.Popen[str], port: int) -> set[bytes]:
        answered: set[bytes] = set()
        under_load = asyncio.Event()

        async def send(worker: int) -> None:
            client = await connected(port)
            for number in range(10_000):
                body = b"%d" % (worker * 10_000 + number)
                try:
                    found = await client.send(f"POST /echo HTTP/1.1\r\nContent-Length: {len(body)}", body)
                except (OSError, EOFError):
                    break
                if found.status == 202:
                    answered.add(body)
                if len(answered) > 50:
                    under_load.set()
            await client.close()

        workers = [asyncio.create_task(send(worker)) for worker in range(1, 17)]
        await asyncio.wait_for(under_load.wait(), 20)
        process.kill()
        await asyncio.gather(*workers)
        return answered

    answered: set[bytes] = set()
    for round_ in range(3):
        with serving(tmp_path / "log") as (process, port):
            found = asyncio.run(story(process, port))
            assert len(found) > 50
            answered |= {b"%d/%b" % (round_, body) for body in found}
    reader, stored, at = SqliteLogReader(tmp_path / "log"), list[bytes](), 0
    while batch := reader.read(at, 10_000):
        stored += [entry.body for entry in batch]
        at = batch[-1].seq
    reader.close()
    assert {body.partition(b"/")[2] for body in answered} <= set(stored)
    assert len(stored) >= len(answered)
