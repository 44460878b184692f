"""The hot routes through the real server: what is answered, when, and what never reaches the log."""

from __future__ import annotations

import asyncio
import gzip
import json
from queue import Queue
from threading import Thread

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.app.rsgi_door import NOW, Door, EchoRoute, with_door
from tocsin.app.rsgi import HotTable, Told
from tocsin.dialects._kit.body import BodyTooLarge
from tocsin.kernel import limits
from tocsin.kernel.errors import Unavailable
from tocsin.runtime.ingest import HotPath, Posted, Reading
from tocsin.storage.log import LogFailed, LogRefused


def test_an_event_is_kept_and_then_answered_in_the_routes_words() -> None:
    async def story(door: Door) -> None:
        answer = await door.post("/echo?a=1&b=%20", b'{"x": 1}', "X-Key: one", "X-Key: two", "Content-Type: text/plain")
        assert (answer.status, answer.body) == (202, b'{"ok":true}')
        assert answer.header("x-route") == "echo"
        assert [entry.body for entry in door.log.entries] == [b'{"x": 1}']
        (posted,) = door.route.posted
        assert (posted.path, posted.query, posted.now, posted.client) == ("/echo", "a=1&b=%20", NOW, "127.0.0.1")
        assert posted.headers.get("x-key") == "one"
        assert posted.headers.get("absent") is None

    with_door(story)


def test_a_strangers_body_is_not_unpacked() -> None:
    async def story(door: Door) -> None:
        answer = await door.post("/echo", b"no gzip at all", "X-Key: nobody", "Content-Encoding: gzip")
        assert (answer.status, answer.body) == (401, b'{"sorry":"stranger"}')
        assert (door.route.posted, door.log.entries) == ([], [])

    with_door(story)


ONE_EVENT = {
    "with a length": ("Content-Length: 2", b"{}"),
    "in pieces": ("Transfer-Encoding: chunked", b"2\r\n{}\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize("form", ONE_EVENT)
def test_a_key_that_is_not_known_is_looked_for_before_it_is_called_wrong(form: str) -> None:
    head, body = ONE_EVENT[form]
    looks: list[int] = []

    def after_look(route: EchoRoute, told: Told) -> None:
        looks.append(1)
        if len(looks) == 2:
            route.keys.add("new")
        Thread(target=told, args=(None,)).start()

    async def story(door: Door) -> None:
        client = await door.client()
        answers = [await client.send(f"POST /echo HTTP/1.1\r\nX-Key: new\r\n{head}", body) for _ in range(3)]
        assert [answer.status for answer in answers] == [401, 202, 202]
        assert answers[0].body == b'{"sorry":"unknown"}'
        assert len(door.log.entries) == 2
        await client.send(f"POST /echo HTTP/1.1\r\nX-Key: nobody\r\n{head}", body)
        assert len(looks) == 2, "neither for what is known nor for what says that it is nobody's"

    with_door(story, after_look=after_look)


@pytest.mark.parametrize("form", ONE_EVENT)
@pytest.mark.parametrize("how", ["told", "raised"])
def test_where_nobody_can_look_for_a_key_it_is_not_called_wrong(form: str, how: str) -> None:
    head, body = ONE_EVENT[form]

    def after_look(_route: EchoRoute, told: Told) -> None:
        if how == "raised":
            raise Unavailable("too many wait")
        Thread(target=told, args=(Unavailable("no database"),)).start()

    async def story(door: Door) -> None:
        answer = await door.send(f"POST /echo HTTP/1.1\r\nX-Key: new\r\n{head}", body)
        assert (answer.status, answer.body) == (503, b'{"sorry":"unavailable"}')
        assert answer.header("retry-after") == "5"

    with_door(story, after_look=after_look)


@pytest.mark.parametrize("form", ONE_EVENT)
def test_who_has_gone_while_a_key_was_looked_for_is_nobodys_error(form: str) -> None:
    head, body = ONE_EVENT[form]
    waiting: Queue[Told] = Queue()

    async def story(door: Door) -> None:
        client = await door.client()
        client.write(f"POST /echo HTTP/1.1\r\nX-Key: new\r\n{head}", body)
        told = await asyncio.to_thread(waiting.get, True, 10)
        await client.close()
        await asyncio.sleep(0.1)
        told(None)
        assert (await door.post("/echo", b"{}")).status == 202

    with_door(story, after_look=lambda _route, told: waiting.put(told))


def test_a_defect_at_the_second_reading_is_answered_too() -> None:
    died: list[BaseException] = []

    def tell(told: Told) -> None:
        try:
            told(None)
        except BaseException as error:
            died.append(error)

    def after_look(route: EchoRoute, told: Told) -> None:
        route.keys.add("new")
        Thread(target=tell, args=(told,)).start()

    async def story(door: Door) -> None:
        assert (await door.post("/echo", b'"defect"', "X-Key: new")).status == 500

    with_door(story, after_look=after_look)
    assert died == [], "whoever looks goes on"


@pytest.mark.parametrize("form", ONE_EVENT)
def test_nothing_is_read_twice_where_a_look_found_nothing_new(form: str) -> None:
    head, body = ONE_EVENT[form]
    asked: list[int] = []

    async def story(door: Door) -> None:
        really = door.route.turn_away

        def turn_away(posted: Posted) -> Reading | None:
            asked.append(1)
            return really(posted)

        door.route.turn_away = turn_away  # type: ignore[method-assign]
        assert (await door.send(f"POST /echo HTTP/1.1\r\nX-Key: new\r\n{head}", body)).status == 401
        assert len(asked) == 1

    with_door(story, after_look=lambda _route, told: Thread(target=told, args=(None,)).start())


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_another_method_at_a_hot_address_is_refused(method: str) -> None:
    async def story(door: Door) -> None:
        client = await door.client()
        answer = await client.send(f"{method} /echo HTTP/1.1\r\nContent-Length: 2", b"{}")
        assert (answer.status, answer.header("allow")) == (405, "POST")
        assert (door.route.posted, door.log.entries) == ([], [])

    with_door(story)


def test_no_answer_is_sent_before_the_commit() -> None:
    async def story(door: Door) -> None:
        door.log.gate.clear()
        client = await door.client()
        sending = asyncio.create_task(client.send("POST /echo HTTP/1.1\r\nContent-Length: 2", b"{}"))
        await asyncio.sleep(0.2)
        assert not sending.done()
        door.log.gate.set()
        assert (await sending).status == 202

    with_door(story)


@pytest.mark.parametrize("fault", [LogRefused("disk full"), LogFailed("fsync"), RuntimeError("a defect")])
def test_when_the_commit_fails_nobody_is_told_that_it_worked(fault: Exception) -> None:
    async def story(door: Door) -> None:
        door.log.fault = fault
        answers = await asyncio.gather(*(door.post("/echo", b"{}") for _ in range(20)))
        assert {answer.status for answer in answers} == {503}
        assert {answer.body for answer in answers} == {b'{"sorry":"unavailable"}'}
        assert all(answer.header("retry-after") for answer in answers)
        assert door.log.entries == []
        door.log.fault = None
        expected = 503 if isinstance(fault, LogFailed) else 202
        assert (await door.post("/echo", b"{}")).status == expected

    with_door(story)


def test_bodies_without_a_length_take_the_same_way() -> None:
    async def story(door: Door) -> None:
        client = await door.client()
        head = "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked"
        answer = await client.send(head, b"3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n")
        assert (answer.status, door.log.entries[0].body) == (202, b"[1,2]")
        door.log.fault = LogRefused("full")
        answer = await client.send(head, b"2\r\n{}\r\n0\r\n\r\n")
        assert (answer.status, answer.header("retry-after")) == (503, "5")
        answer = await client.send("POST /echo HTTP/1.1")
        assert (answer.status, answer.body) == (400, b'{"sorry":"not json"}'), "no body at all"

    with_door(story)


def test_compressed_bodies_arrive_unpacked() -> None:
    async def story(door: Door) -> None:
        body = json.dumps(list(range(100))).encode()
        assert (await door.post("/echo", gzip.compress(body), "Content-Encoding: gzip")).status == 202
        assert door.route.posted[0].body == body

    with_door(story)


REFUSED = {
    "announced too large": (b"x" * (EchoRoute.body_limit + 1), None, 413, "too_large"),
    "bomb": (gzip.compress(b" " * 1_000_000), "gzip", 413, "too_large"),
    "cut": (gzip.compress(b"[1]")[:-2], "gzip", 400, "undecodable"),
    "unknown encoding": (b"{}", "br", 415, "encoding_unknown"),
    "deep": (b"[" * (limits.NESTING + 1) + b"]" * (limits.NESTING + 1), None, 400, "too_deep"),
    "nul": (b'"\0"', None, 400, "undecodable"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("chunked", [False, True])
def test_what_is_unfit_is_refused_before_the_reader_sees_it(name: str, chunked: bool) -> None:
    body, encoding, status, code = REFUSED[name]
    headers = [f"Content-Encoding: {encoding}"] if encoding else []

    async def story(door: Door) -> None:
        if chunked:
            head = "\r\n".join(["POST /echo HTTP/1.1", *headers, "Transfer-Encoding: chunked"])
            answer = await door.send(head, b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
        else:
            answer = await door.post("/echo", body, *headers)
        assert (answer.status, json.loads(answer.body)) == (status, {"sorry": code})
        assert door.route.posted == []
        assert door.log.entries == []

    with_door(story)


def test_a_huge_body_is_refused_by_its_announcement() -> None:
    async def story(door: Door) -> None:
        for length in (str(10**9), "9" * 18, "9" * 19):
            client = await door.client()
            answer = await client.send(f"POST /echo HTTP/1.1\r\nContent-Length: {length}")
            assert answer.status == 413
            assert answer.header("connection") == "close"
            assert await client.closed()

    with_door(story)


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("path", ["/echo", "/page"])
def test_a_sender_of_too_much_hears_the_answer_though_it_listens_only_at_the_end(path: str, chunked: bool) -> None:
    async def page(request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(len(await request.body())))

    app = Starlette(routes=[Route("/page", page, methods=["POST"])], exception_handlers={BodyTooLarge: sorry})

    async def story(door: Door) -> None:
        client = await door.client()
        piece, pieces = b"x" * 100_000, 40
        head = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(piece) * pieces}"
        client.write(f"POST {path} HTTP/1.1\r\n{head}")
        for _ in range(pieces):
            client.writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            await client.writer.drain()
        client.writer.write(b"0\r\n\r\n" if chunked else b"")
        assert (await client.answer()).status == 413

    with_door(story, app)


async def sorry(request: Request, error: Exception) -> PlainTextResponse:
    return PlainTextResponse("", 413)


@pytest.mark.parametrize("head", ["Content-Length: 100", "Transfer-Encoding: chunked"])
def test_a_trickling_body_is_given_up_at_its_deadline(head: str) -> None:
    async def story(door: Door) -> None:
        client = await door.client()
        client.write(f"POST /echo HTTP/1.1\r\n{head}", b"1\r\n[\r\n")
        answering = asyncio.create_task(client.answer())
        while not answering.done():  # each piece comes in time, the whole does not
            client.writer.write(b"1\r\n \r\n")
            await asyncio.wait([answering], timeout=0.1)
        answer = await answering
        assert (answer.status, answer.header("connection")) == (408, "close")
        assert json.loads(answer.body) == {"sorry": "too_slow"}
        assert await client.closed()
        assert (await door.post("/echo", b"{}")).status == 202

    with_door(story, body_seconds=0.4)


@pytest.mark.parametrize("head", ["Content-Length: 100", "Transfer-Encoding: chunked"])
def test_a_client_that_leaves_in_the_middle_leaves_no_trace(head: str) -> None:
    async def story(door: Door) -> None:
        for _ in range(3):
            client = await door.client()
            client.write(f"POST /echo HTTP/1.1\r\n{head}", b"2\r\n{}\r\n")
            await asyncio.sleep(0.05)
            await client.close()
        await asyncio.sleep(0.1)
        assert (await door.post("/echo", b"[]")).status == 202
        assert [entry.body for entry in door.log.entries] == [b"[]"]
        assert not door.edge.deadlines._bodies

    with_door(story)


def test_a_client_that_leaves_before_the_answer_does_no_harm() -> None:
    async def story(door: Door) -> None:
        door.log.gate.clear()
        client = await door.client()
        client.write("POST /echo HTTP/1.1\r\nContent-Length: 2", b"{}")
        await asyncio.sleep(0.1)
        await client.close()
        await asyncio.sleep(0.1)
        door.log.gate.set()
        assert (await door.post("/echo", b"[]")).status == 202
        assert [entry.body for entry in door.log.entries] == [b"{}", b"[]"]

    with_door(story)


def test_a_defect_in_a_reader_costs_one_answer_only(caplog: pytest.LogCaptureFixture) -> None:
    async def story(door: Door) -> None:
        client = await door.client()
        for head in ("POST /echo HTTP/1.1\r\nContent-Length: 8",):
            assert (await client.send(head, b'"defect"')).status == 500
        assert (await client.send("POST /echo HTTP/1.1\r\nContent-Length: 2", b"{}")).status == 202

    with_door(story)
    assert "a reader failed on /echo" in caplog.text


def test_an_answer_that_keeps_nothing_needs_no_commit() -> None:
    async def story(door: Door) -> None:
        door.log.gate.clear()
        assert (await door.post("/echo", b'"nothing"')).status == 202

    with_door(story)


def test_a_crowd_is_told_to_come_again() -> None:
    async def story(door: Door) -> None:
        door.log.gate.clear()
        waiting = [asyncio.create_task(door.post("/echo", b"{}")) for _ in range(30)]
        early = asyncio.as_completed(waiting)
        for _ in range(30 - 2 * 10):  # ten may be in the commit, ten waiting for the next
            await next(early)
        refused = [task.result() for task in waiting if task.done()]
        assert {(answer.status, answer.header("retry-after")) for answer in refused} == {(429, "5")}
        door.log.gate.set()
        statuses = [answer.status for answer in await asyncio.gather(*waiting)]  # on a busy machine some come later
        assert statuses.count(202) == len(door.log.entries) == 30 - statuses.count(429)

    with_door(story, max_entries=10)


def test_one_connection_serves_many_requests_in_order() -> None:
    async def story(door: Door) -> None:
        client = await door.client()
        for number in range(50):  # all at once, before the first answer
            body = str(number).encode()
            client.write(f"POST /echo HTTP/1.1\r\nContent-Length: {len(body)}", body)
        assert [(await client.answer()).status for _ in range(50)] == [202] * 50
        assert [entry.body for entry in door.log.entries] == [str(number).encode() for number in range(50)]

    with_door(story)


def test_a_client_that_asks_first_is_told_to_go_on() -> None:
    async def story(door: Door) -> None:
        client = await door.client()
        client.write("POST /echo HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue")
        assert (await client.head()).status == 100
        client.writer.write(b"{}")
        assert (await client.answer()).status == 202

    with_door(story)


def test_only_posts_are_hot_everything_else_goes_on() -> None:
    async def page(request: object) -> PlainTextResponse:
        return PlainTextResponse("page")

    app = Starlette(routes=[Route("/echo", page), Route("/a/x/c", page, methods=["POST"])])

    async def story(door: Door) -> None:
        assert (await door.send("GET /echo HTTP/1.1")).body == b"page"
        assert (await door.post("/a/x/c", b"{}")).body == b"page"
        assert (await door.post("/a/x/b", b"{}")).status == 202
        assert (await door.post("/hooks/any/thing", b"{}")).status == 202
        assert (await door.post("/hooks", b"{}")).status == 404
        assert (await door.post("/echo/more", b"{}")).status == 404

    with_door(story, app)


def test_two_routes_for_one_path_are_a_mistake() -> None:
    route = EchoRoute()
    for first, second in ((HotPath("/a", route), HotPath("/a", route)), (HotPath("/a/", route, True),) * 2):
        with pytest.raises(ValueError, match="two hot routes"):
            HotTable([first, second])
    for prefix in ("/a", "/a/b/", "a/"):
        with pytest.raises(ValueError, match="not one path segment"):
            HotTable([HotPath(prefix, route, below=True)])
