"""Behind a reverse proxy everybody is counted for themselves, and nobody can pretend to be somebody else."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.app.rsgi_door import Door, with_door
from tests.web.place import PASSWORD, small
from tests.web.serving import session_of
from tocsin.app.proxies import client_of, origin_of

PROXIES = (ip_network("127.0.0.1"), ip_network("10.0.0.0/8"), ip_network("2001:db8:aa::/48"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", [""], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", ["198.51.100.1, 203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", ["198.51.100.1, 203.0.113.7, 10.2.3.4,10.9.9.9"], "203.0.113.7"),
        ("127.0.0.1", ["198.51.100.1", "203.0.113.7, 10.2.3.4"], "203.0.113.7"),
        ("127.0.0.1", ["203.0.113.7", "10.2.3.4"], "203.0.113.7"),
        ("127.0.0.1", ["10.7.7.7, 10.2.3.4"], "10.7.7.7"),
        ("127.0.0.1", ["203.0.113.7:4711"], "203.0.113.7"),
        ("127.0.0.1", ["[2001:db8::7]:4711"], "2001:db8::7"),
        ("127.0.0.1", ["2001:DB8:0::7, 2001:db8:aa::1"], "2001:db8::7"),
        ("::ffff:127.0.0.1", ["::ffff:203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", ["203.0.113.7, unknown"], "127.0.0.1"),
        ("127.0.0.1", ["unknown, 10.2.3.4"], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.7, "], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.7 198.51.100.1"], "127.0.0.1"),
        ("192.0.2.1", ["203.0.113.7"], "192.0.2.1"),
        ("", ["203.0.113.7"], ""),
    ],
)
def test_whom_a_request_counts_for(peer: str, forwarded: list[str], client: str) -> None:
    assert client_of(peer, forwarded, PROXIES) == client


@given(st.text(max_size=60), st.lists(st.text(max_size=60), max_size=3))
def test_without_a_proxy_of_ours_nothing_is_believed(peer: str, forwarded: list[str]) -> None:
    assert client_of(peer, forwarded, ()) == peer


@given(st.text(max_size=60), st.ip_addresses().filter(lambda one: not any(one in network for network in PROXIES)))
def test_what_a_client_sends_itself_changes_nothing(sent: str, client: object) -> None:
    """A proxy adds the address that it sees at the end, whatever stood there before."""
    forwarded = f"{sent}, {client}"
    expected = ip_address(str(client))
    mapped = getattr(expected, "ipv4_mapped", None)
    if mapped is None or not any(mapped in network for network in PROXIES):
        assert client_of("10.0.0.1", [forwarded], PROXIES) == str(mapped or expected)


def test_every_page_sees_the_client_and_not_the_proxy() -> None:
    async def who(request: Request) -> Response:
        assert request.client is not None
        return PlainTextResponse(f"{request.client.host} {request.client.port > 0}")

    async def story(door: Door) -> None:
        client = await door.client()
        assert (await client.send("GET /who HTTP/1.1")).body == b"127.0.0.1 True"
        several = "X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-For: 203.0.113.7"
        assert (await client.send(f"GET /who HTTP/1.1\r\n{several}")).body == seen

    app = Starlette(routes=[Route("/who", who)])
    seen = b"203.0.113.7 False"
    with_door(story, app, proxies=PROXIES)
    seen = b"127.0.0.1 True"
    with_door(story, app)


def test_wrong_passwords_of_one_visitor_do_not_keep_another_out(tmp_path: Path) -> None:
    place = small(tmp_path)

    async def sign_in(door: Door, address: str, password: str) -> int:
        client = await door.client()
        page = await client.send(f"GET /sign-in HTTP/1.1\r\nX-Forwarded-For: {address}")
        found = re.search(rb'name="csrf" value="([0-9a-f]+)"', page.body)
        assert found is not None
        csrf = found[1].decode()
        form = urlencode({"email": "alice@example.com", "password": password, "csrf": csrf}).encode()
        kind = "Content-Type: application/x-www-form-urlencoded"
        cookie = f"Cookie: tocsin-visit={csrf}"
        return (await door.post("/sign-in", form, f"X-Forwarded-For: {address}", cookie, kind)).status

    async def story(door: Door) -> None:
        for _ in range(10):
            assert await sign_in(door, "198.51.100.66", "a guess") == 401
        assert await sign_in(door, "198.51.100.66", PASSWORD) == 429
        assert await sign_in(door, "203.0.113.7", PASSWORD) == 303

    with_door(story, place.app(), proxies=PROXIES)
    (session,) = place.sessions.sessions_of(place.people["alice"].id)
    assert session.address == "203.0.113.7"
    place.close()


@pytest.mark.parametrize(
    ("peer", "headers", "origin"),
    [
        ("127.0.0.1", {"x-forwarded-proto": "https"}, "https://inside:8080"),
        ("127.0.0.1", {"x-forwarded-proto": "https", "x-forwarded-host": "tocsin.example"}, "https://tocsin.example"),
        ("127.0.0.1", {"x-forwarded-proto": "http, https", "x-forwarded-host": "evil, a.example"}, "https://a.example"),
        ("127.0.0.1", {}, "http://inside:8080"),
        ("127.0.0.1", {"x-forwarded-proto": "gopher"}, ""),
        ("203.0.113.7", {"x-forwarded-proto": "https", "x-forwarded-host": "evil.example"}, ""),
        ("unix", {"x-forwarded-proto": "https"}, ""),
    ],
)
def test_for_which_address_a_trusted_proxy_asks(peer: str, headers: dict[str, str], origin: str) -> None:
    assert origin_of(peer, "http", "inside:8080", headers, PROXIES) == origin


def test_an_owner_behind_a_proxy_that_ends_tls_reads_the_address_of_their_browser(tmp_path: Path) -> None:
    place = small(tmp_path)
    token = session_of(place, "erin")

    async def story(door: Door) -> None:
        client = await door.client()
        proxy = "X-Forwarded-Proto: https\r\nX-Forwarded-Host: tocsin.example\r\nX-Forwarded-For: 203.0.113.7"
        page = await client.send(f"GET / HTTP/1.1\r\nCookie: tocsin={token}\r\n{proxy}")
        assert page.status == 200
        assert (b"TOCSIN_PUBLIC_URL=https://tocsin.example" in page.body) is believed

    believed = True
    with_door(story, place.app(), proxies=PROXIES)
    believed = False
    with_door(story, place.app())
    place.close()
