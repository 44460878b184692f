"""Starlette behind the RSGI server: requests and answers arrive as they were meant, streams end when they should."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.app.rsgi_door import Door, with_door
from tocsin.app.rsgi_body import Deadlines
from tocsin.app.rsgi_bridge import AsgiApp, Bridge, LifespanFailed, address
from tocsin.app.rsgi_server import run
from tocsin.dialects._kit.body import BodyRefused, BodyTooLarge


def app_of(*routes: Route, **options: Any) -> Starlette:
    return Starlette(routes=list(routes), **options)


def test_a_request_arrives_whole() -> None:
    async def echo(request: Request) -> Response:
        scope = {key: request.scope[key] for key in ("type", "http_version", "scheme", "method", "path", "root_path")}
        query, headers = request.query_params.multi_items(), request.headers.getlist("x-a")
        assert request.client is not None
        body = (await request.body()).decode()
        return JSONResponse(
            [scope, query, headers, request.client.host, request.client.port > 0, str(request.url), body]
        )

    async def story(door: Door) -> None:
        answer = await door.post("/e%20cho/%C3%BC?a=1&a=2&b=%2B", b"body", "X-A: 1", "X-A: 2")
        assert answer.status == 200
        scope = {
            "type": "http",
            "http_version": "1.1",
            "scheme": "http",
            "method": "POST",
            "path": "/e cho/ü",
            "root_path": "",
        }
        found = JSONResponse([scope, [["a", "1"], ["a", "2"], ["b", "+"]], ["1", "2"], "127.0.0.1", True])
        assert answer.body.startswith(found.body[:-1])
        assert answer.body.endswith(b'"http://door/e cho/\xc3\xbc?a=1&a=2&b=%2B","body"]')

    with_door(story, app_of(Route("/e cho/{name}", echo, methods=["POST"])))


def test_an_answer_arrives_whole() -> None:
    async def page(request: Request) -> Response:
        response = PlainTextResponse("hello", 201, {"X-Latin": "caf\xe9"})
        response.set_cookie("a", "1")
        response.set_cookie("b", "2")
        return response

    async def empty(request: Request) -> Response:
        return Response(status_code=204)

    async def story(door: Door) -> None:
        client = await door.client()
        answer = await client.send("GET /page HTTP/1.1")
        assert (answer.status, answer.body) == (201, b"hello")
        assert [value.partition(";")[0] for name, value in answer.headers if name == "set-cookie"] == ["a=1", "b=2"]
        assert (await client.send("GET /empty HTTP/1.1")).status == 204
        assert (await client.send("GET /nowhere HTTP/1.1")).status == 404
        assert (await client.send("DELETE /page HTTP/1.1")).status == 405

    with_door(story, app_of(Route("/page", page), Route("/empty", empty)))


def test_head_says_what_get_would_and_sends_no_body() -> None:
    async def page(request: Request) -> Response:
        return PlainTextResponse("hello")

    async def stream(request: Request) -> Response:
        return StreamingResponse(iter([b"a", b"b"]))

    async def story(door: Door) -> None:
        client = await door.client()
        answer = await client.send("HEAD /page HTTP/1.1")
        assert (answer.status, answer.header("content-length")) == (200, "5")
        assert (await client.send("HEAD /stream HTTP/1.1")).status == 200
        assert (await client.send("GET /page HTTP/1.1")).body == b"hello", "nothing of a body is left in the connection"

    with_door(story, app_of(Route("/page", page), Route("/stream", stream)))


def test_streams_flow_piece_by_piece_both_ways() -> None:
    arrived = asyncio.Queue[bytes]()

    async def upload(request: Request) -> Response:
        async for piece in request.stream():
            if piece:
                await arrived.put(piece)
        return StreamingResponse(download())

    async def download() -> AsyncIterator[bytes]:
        for number in range(3):
            yield b"piece %d" % number
            await asyncio.sleep(0)

    async def story(door: Door) -> None:
        client = await door.client()
        client.write("POST /stream HTTP/1.1\r\nTransfer-Encoding: chunked", b"3\r\none\r\n")
        assert await asyncio.wait_for(arrived.get(), 5) == b"one"
        client.writer.write(b"3\r\ntwo\r\n0\r\n\r\n")
        answer = await client.answer()
        assert await arrived.get() == b"two"
        assert answer.body == b"piece 0piece 1piece 2"
        assert (await client.send("GET /none HTTP/1.1")).status == 404

    with_door(story, app_of(Route("/stream", upload, methods=["POST"])))


def endless(ended: asyncio.Event, *, chatty: bool) -> Route:
    async def events(request: Request) -> Response:
        async def flow() -> AsyncIterator[bytes]:
            try:
                yield b"data: hello\n\n"
                while True:
                    await asyncio.sleep(0.01 if chatty else 3600)
                    yield b": still here\n\n"
            finally:
                ended.set()

        return StreamingResponse(flow(), media_type="text/event-stream")

    return Route("/events", events)


@pytest.mark.parametrize("chatty", [True, False])
def test_live_updates_end_when_the_client_goes(chatty: bool) -> None:
    ended = asyncio.Event()

    async def story(door: Door) -> None:
        client = await door.client()
        client.write("GET /events HTTP/1.1")
        head = await client.head()
        assert head.header("content-type") == "text/event-stream; charset=utf-8"
        assert await client.chunk() == b"data: hello\n\n"
        assert not ended.is_set()
        await client.close()
        await asyncio.wait_for(ended.wait(), 5)

    with_door(story, app_of(endless(ended, chatty=chatty)))


@pytest.mark.parametrize("chatty", [True, False])
def test_live_updates_end_when_the_server_drains(chatty: bool) -> None:
    ended = asyncio.Event()

    async def story(door: Door) -> None:
        client = await door.client()
        client.write("GET /events HTTP/1.1")
        await client.head()
        door.server.shut()
        door.edge.hang_up()
        await asyncio.wait_for(ended.wait(), 5)
        while await client.chunk():
            pass

    with_door(story, app_of(endless(ended, chatty=chatty)))


def test_a_body_that_is_too_large_is_refused_at_the_door_or_in_the_application() -> None:
    async def take(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    async def too_large(request: Request, error: Exception) -> Response:
        assert isinstance(error, BodyRefused)
        return PlainTextResponse(error.code, error.status)

    app = app_of(Route("/take", take, methods=["POST"]), exception_handlers={BodyTooLarge: too_large})

    async def story(door: Door) -> None:
        assert (await door.post("/take", b"x" * 1000)).body == b"1000"
        answer = await door.post("/take", b"x" * 1001)
        assert (answer.status, answer.header("connection")) == (413, "close")
        head = "POST /take HTTP/1.1\r\nTransfer-Encoding: chunked"
        answer = await door.send(head, b"3e9\r\n%b\r\n0\r\n\r\n" % (b"x" * 1001))
        assert (answer.status, answer.body) == (413, b"too_large")

    with_door(story, app, body_limit=1000)


async def refused(request: Request) -> Response:
    return PlainTextResponse("not here", 405)


def test_a_body_that_nobody_reads_is_waited_for_before_the_answer() -> None:
    """Over HTTP/2 an answer in the middle of a body resets the stream, and clients report that instead."""

    async def story(door: Door) -> None:
        client = await door.client()
        client.write("PATCH /here HTTP/1.1\r\nContent-Length: 6", b"abc")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.reader.readexactly(1), 0.2)
        client.writer.write(b"def")
        assert (await client.answer()).body == b"not here"
        assert (await client.send("PATCH /here HTTP/1.1\r\nContent-Length: 0")).status == 405
        client.write("PATCH /here HTTP/1.1\r\nContent-Length: 6", b"abc")
        assert (await client.answer()).status == 405, "one that never comes is not waited for any longer"

    with_door(story, app_of(Route("/here", refused, methods=["PATCH"])))


def test_an_empty_body_is_read_at_once() -> None:
    async def take(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    async def story(door: Door) -> None:
        assert (await door.send("POST /take HTTP/1.1\r\nContent-Length: 0")).body == b"0"

    with_door(story, app_of(Route("/take", take, methods=["POST"])))


def test_a_trickling_body_is_given_up() -> None:
    codes = []

    async def take(request: Request) -> Response:
        try:
            await request.body()
        except BodyRefused as error:
            codes.append(error.code)
            return PlainTextResponse("", error.status)
        return PlainTextResponse("")

    async def story(door: Door) -> None:
        answer = await door.send("POST /take HTTP/1.1\r\nContent-Length: 10", b"abc")
        assert (answer.status, codes) == (408, ["too_slow"])

    with_door(story, app_of(Route("/take", take, methods=["POST"])), body_seconds=0.2)


@pytest.mark.parametrize("head", ["Content-Length: 10", "Transfer-Encoding: chunked"])
def test_a_client_that_leaves_in_the_middle_of_its_body_is_noticed(head: str) -> None:
    left = asyncio.Event()

    async def take(request: Request) -> Response:
        try:
            await request.body()
        except ClientDisconnect:
            left.set()
        return PlainTextResponse("")

    async def story(door: Door) -> None:
        client = await door.client()
        client.write(f"POST /take HTTP/1.1\r\n{head}", b"3\r\nabc\r\n")
        await asyncio.sleep(0.1)
        await client.close()
        await asyncio.wait_for(left.wait(), 5)

    with_door(story, app_of(Route("/take", take, methods=["POST"])))


def test_a_defect_answers_500_and_the_server_goes_on() -> None:
    async def broken(request: Request) -> Response:
        raise ZeroDivisionError

    async def story(door: Door) -> None:
        assert (await door.send("GET /broken HTTP/1.1")).status == 500
        assert (await door.send("GET /none HTTP/1.1")).status == 404

    with_door(story, app_of(Route("/broken", broken)))


def test_work_after_the_answer_is_done() -> None:
    done = asyncio.Event()

    async def page(request: Request) -> Response:
        async def later() -> None:
            await asyncio.sleep(0.05)
            done.set()

        return PlainTextResponse("", background=BackgroundTask(later))

    async def story(door: Door) -> None:
        await door.send("GET /page HTTP/1.1")
        await asyncio.wait_for(done.wait(), 5)

    with_door(story, app_of(Route("/page", page)))


def test_the_lifespan_runs_around_the_requests() -> None:
    steps = []

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, str]]:
        steps.append("up")
        yield {"greeting": "hello"}
        steps.append("down")

    async def page(request: Request) -> Response:
        steps.append(request.state.greeting)
        return PlainTextResponse("")

    async def story(door: Door) -> None:
        await door.send("GET /page HTTP/1.1")

    with_door(story, app_of(Route("/page", page), lifespan=lifespan))
    assert steps == ["up", "hello", "down"]


def test_a_start_that_fails_stops_the_server_from_serving() -> None:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        raise ZeroDivisionError("no database")
        yield

    async def story() -> None:
        with pytest.raises(LifespanFailed, match="no database"):
            await Bridge(Starlette(lifespan=lifespan), Deadlines()).start()

    run(story())


def test_an_application_without_a_lifespan_just_runs() -> None:
    async def plain(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise AssertionError("only http")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"plain"})

    async def story(door: Door) -> None:
        assert (await door.send("GET / HTTP/1.1")).body == b"plain"

    app: AsgiApp = plain
    with_door(story, app)


@pytest.mark.parametrize(
    "messages",
    [
        [{"type": "http.response.body"}],
        [{"type": "http.response.start", "status": 200}] * 2,
        [{"type": "http.response.start", "status": 200}, {"type": "websocket.send"}],
    ],
)
def test_messages_out_of_order_are_defects_of_the_application(messages: list[dict[str, Any]]) -> None:
    async def plain(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            for message in messages:
                await send(message)

    async def story(door: Door) -> None:
        assert (await door.send("GET / HTTP/1.1")).status == 500

    with_door(story, plain)


def test_addresses_are_taken_apart() -> None:
    assert [address(text) for text in ("1.2.3.4:80", "[::1]:8080", "unix", "")] == [
        ("1.2.3.4", 80),
        ("::1", 8080),
        ("unix", 0),
        ("", 0),
    ]
