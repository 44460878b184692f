"""What an open page is told is what its reader would get by asking; made once for all to whom it is the same."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, closing
from functools import partial
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import anyio
import pytest
from starlette.requests import Request
from starlette.routing import Route

from tests.web.place import Place
from tests.web.serving import served, session_of
from tests.web.test_live import Stream
from tocsin.directory.model import Membership, Role, Team, TeamRole
from tocsin.incidents.messages import Reassign
from tocsin.kernel.time import MINUTE
from tocsin.kernel.values import replace
from tocsin.runtime.sessions import Session
from tocsin.web import now, sharing
from tocsin.web.frame import duties_at, duty_of
from tocsin.web.incidents import incidents_page
from tocsin.web.open_pages import OpenPages
from tocsin.web.sharing import Asked, Made, SharedPages, element
from tocsin.web.visit import Door

PAGES = (
    "/",
    "/incidents",
    "/incidents?view=mine",
    "/incidents?view=team",
    "/incidents/1",
    "/incidents/2",
    "/alerts",
    "/alerts?tab=events",
    "/on-call",
    "/services",
    "/services/{service}",
    "/policies",
    "/readiness",
    "/schedules",
)
PEOPLE = ("alice", "bob", "carol", "erin", "mallory", "rita")


@pytest.fixture
def busy(place: Place) -> Place:
    """Two incidents, one of a team; Rita may see only her team's."""
    place.person("rita", Role.RESTRICTED)
    team = place.desk.save(Team(id="", name="Ritas"))
    place.desk.save(Membership(team_id=team.id, user_id=place.people["rita"].id, role=TeamRole.OBSERVER))
    place.alarm("PaymentsService", "a", "Payments <b>fail</b>")
    place.alarm("PaymentsService", "b", "Köln ist 💥")
    return place


class Told(Stream):
    """A stream of a page that says its address."""

    def __init__(self, address: str, token: str, path: str) -> None:
        super().__init__(address, token, f"now&page={quote(path, safe='')}")
        assert self.answer.status == 200
        assert self.event() == "ready"

    def news(self) -> dict[str, Any]:
        """The next parts that the page is told."""
        name = self.event()
        assert name == "parts", name
        told: dict[str, Any] = json.loads(self.answer.readline().removeprefix(b"data: "))
        return told


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """For whom pages were made."""
    found: list[str] = []
    make = OpenPages._make

    def noted(self: OpenPages, page: Any, reader: Any, known: Any) -> Made | None:
        found.append(reader.name)
        return make(self, page, reader, known)

    monkeypatch.setattr(OpenPages, "_make", noted)
    return found


@pytest.fixture
def address(busy: Place) -> Iterator[str]:
    with served(busy.app()) as found:
        yield found


@pytest.mark.parametrize("path", PAGES)
def test_everybody_is_told_what_they_would_get_by_asking(busy: Place, address: str, path: str) -> None:
    """Also where others, who may see more or less, had the same page open."""
    path = path.replace("{service}", busy.services["PaymentsService"][0].id)
    browsers = {who: busy.client(who, base=address) for who in PEOPLE}
    with ExitStack() as stack:
        streams = {}
        for who, browser in browsers.items():
            token = browser.cookies["tocsin"]
            stream = Told(address, token, path)
            streams[who] = stack.enter_context(closing(stream))
        busy.site.bus.publish(["config"])
        told = {}
        for who, browser in browsers.items():
            asked = browser.get(path, headers={"tocsin-refresh": "1"})
            if asked.status_code != 200:
                assert streams[who].event() == "changed", "it asks, and hears why not"
                continue
            told[who] = streams[who].news()
            parts = told[who]["parts"]
            names = re.search(r'<template data-parts="([^"]*)">', asked.text)
            assert names is not None
            for selector in names[1].split(","):
                assert parts.get(selector[1:], "") == element(asked.text, selector[1:]), (who, selector)
            assert told[who]["seen"] == busy.site.bus.mark
        assert len(told) >= 5


def test_those_who_may_see_little_are_told_little(busy: Place, address: str) -> None:
    with (
        closing(Told(address, session_of(busy, "erin"), "/")) as owner,
        closing(Told(address, session_of(busy, "rita"), "/")) as rita,
    ):
        busy.site.bus.publish(["config"])
        assert "Payments" in owner.news()["parts"]["p-fires"]
        assert "Payments" not in json.dumps(rita.news())


def test_a_page_is_made_once_for_all_who_see_the_same(busy: Place, address: str, made: list[str]) -> None:
    """Bob and Alice are called by the policy; of three others who look on, one page serves all."""
    others = [busy.person(f"onlooker{one}") for one in range(3)]
    names = [name for name, user in busy.people.items() if user in others]
    for path in ("/", "/incidents", "/alerts", "/incidents/1", "/on-call", "/services", "/readiness", "/schedules"):
        made.clear()
        with ExitStack() as stack:
            streams = [stack.enter_context(closing(Told(address, session_of(busy, who), path))) for who in names]
            busy.site.bus.publish(["config"])
            parts = [stream.news()["parts"] for stream in streams]
        assert len(made) == 1, path
        forms = [re.sub(r'name=\\"csrf\\" value=\\"[^"]+"', "", json.dumps(one)) for one in parts]
        assert len(set(forms)) == 1
        tokens = [set(re.findall(r'name=\\"csrf\\" value=\\"([^"\\]+)', json.dumps(one))) for one in parts]
        assert all(len(one) == 1 for one in tokens) or not any(tokens), "each has a form token of their own"
        assert len(set.union(*tokens)) in (0, 3)


def test_those_who_have_as_many_incidents_are_shown_one_list(busy: Place, address: str, made: list[str]) -> None:
    """It says how many are the reader's own."""
    names = [f"onlooker{one}" for one in range(4)]
    for who in names:
        busy.person(who)
    both = tuple(busy.people[who].id for who in names[1:3])
    busy.desk.run(busy.as_("erin"), Reassign(incident_id=busy.incident(1).id, user_ids=both))
    with ExitStack() as stack:
        streams = [stack.enter_context(closing(Told(address, session_of(busy, who), "/incidents"))) for who in names]
        busy.site.bus.publish(["config"])
        told = [stream.news()["parts"]["p-views"] for stream in streams]
    assert [re.findall(r'>Mine <span class="count">(\d+)<', one) for one in told] == [["0"], ["1"], ["1"], ["0"]]
    assert len(made) == 2


def test_how_many_more_are_open_is_told(busy: Place, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(now, "SHOWN", 1)
    with closing(Told(address, session_of(busy, "alice"), "/")) as stream:
        busy.site.bus.publish(["config"])
        assert "1 more" in stream.news()["parts"]["p-rest"]
        busy.alarm("PaymentsService", "c")
        busy.site.bus.publish(["now"])
        assert "2 more" in stream.news()["parts"]["p-rest"]


def test_only_what_has_changed_is_told(busy: Place, address: str) -> None:
    with closing(Told(address, session_of(busy, "alice"), "/")) as stream:
        busy.site.bus.publish(["config"])
        first = stream.news()["parts"]
        assert {"p-fires", "p-watch", "p-count"} <= set(first)
        busy.site.bus.publish(["config"])
        third = busy.alarm("PaymentsService", "c", "A third")
        assert third is not None
        busy.site.bus.publish([f"incident:{third.id}"])
        parts = stream.news()["parts"]
        assert {"p-fires", "p-count", "p-headline"} <= set(parts)
        assert "p-watch" not in parts
        assert "A third" in parts["p-fires"]
        assert parts["p-fires"].count("data-same") == 1, "a row that the page has is only named"
        assert parts["p-fires"].count("Acknowledge</button>") == 2, (
            "the one that was first has the strong button no more"
        )
        assert "Payments &lt;b&gt;fail" not in parts["p-fires"]


def test_that_time_goes_on_is_no_news(busy: Place, address: str) -> None:
    with closing(Told(address, session_of(busy, "alice"), "/")) as stream:
        busy.site.bus.publish(["config"])
        stream.news()
        busy.desk.advance(MINUTE)
        busy.site.bus.publish(["config"])
        fourth = busy.alarm("PaymentsService", "d", "A fourth")
        assert fourth is not None
        busy.site.bus.publish([f"incident:{fourth.id}"])
        assert "A fourth" in stream.news()["parts"]["p-fires"]


@pytest.mark.parametrize(
    "path",
    ["", "//[x", "//elsewhere/", "https://elsewhere/", "/sign-in", "/live", "/nowhere", "/people", "/?" + "x" * 3000],
)
def test_a_page_that_can_not_be_told_asks(busy: Place, address: str, path: str) -> None:
    with closing(Told(address, session_of(busy, "alice"), path)) as stream:
        busy.site.bus.publish(["config"])
        assert stream.event() == "changed"


def test_who_was_removed_is_told_nothing(busy: Place, address: str) -> None:
    with closing(Told(address, session_of(busy, "bob"), "/")) as stream:
        busy.desk.save(replace(busy.people["bob"], active=False), "active")
        busy.site.bus.publish(["config"])
        assert stream.event() in ("changed", "")


def test_a_form_of_a_part_that_was_told_works(busy: Place, address: str) -> None:
    browser = busy.client("alice", base=address)
    with closing(Told(address, browser.cookies["tocsin"], "/")) as stream:
        busy.site.bus.publish(["config"])
        token = re.search(r'name="csrf" value="([^"]+)"', stream.news()["parts"]["p-fires"])
        assert token is not None
        assert browser.act("/incidents/1/acknowledge", csrf=token[1]).status_code == 303
        assert busy.incident(1).acknowledgements


def test_who_asks_is_noted() -> None:
    asked = Asked()
    assert asked.is_among("U1", frozenset({"U1", "U2"}))
    assert asked.same_for("U1")
    assert asked.same_for("U2")
    assert not asked.same_for("U3")
    other = Asked()
    assert not other.is_among("U3", frozenset({"U1", "U2"}))
    assert other.same_for("U4")
    assert not other.same_for("U1")
    other.everything = True
    assert not other.same_for("U4")
    counted = Asked()
    assert counted.own_of("U1", {"U1": 2, "U2": 2, "U3": 5}) == 2
    assert counted.same_for("U2")
    assert not counted.same_for("U3")
    assert not counted.same_for("U4")
    assert counted.own_of("U1", {"U2": 2}) == 0
    assert not counted.same_for("U2")


def test_pages_are_kept_for_a_moment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "KEPT_SECONDS", 0.05)

    async def scene() -> tuple[int, int]:
        shared = SharedPages(time.monotonic)

        async def make() -> Made:
            return Made("", "U1", Asked(among={frozenset({"U0"}): False}), "", 1, time.monotonic(), "-")

        for one in range(20):
            await shared.page(one, "U1", 1, make)
        held = len(shared)
        await asyncio.sleep(0.06)
        await shared.page("another", "U1", 1, make)
        return held, len(shared)

    held, left = asyncio.run(scene())
    assert held == 20
    assert left == 1


class Tree(HTMLParser):
    """Where the element with an id begins and ends, as a parser sees it."""

    VOID = ("input", "img", "br", "hr", "meta", "link", "use", "path", "circle", "rect", "line")

    def __init__(self, html: str, id: str) -> None:
        super().__init__()
        self.id, self.depth, self.texts, self.within = id, 0, list[str](), False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        """Goes in."""
        if ("id", self.id) in attrs:
            self.within = True
        if self.within and tag not in self.VOID:
            self.depth += 1

    def handle_endtag(self, tag: str) -> None:
        """Comes out."""
        if self.within and tag not in self.VOID:
            self.depth -= 1
            self.within = self.depth > 0

    def handle_data(self, data: str) -> None:
        """A text."""
        if self.within:
            self.texts.append(data)


def test_parts_are_found_as_a_parser_finds_them(busy: Place) -> None:
    browser = busy.client("erin")
    looked = 0
    for path in PAGES:
        html = browser.get(path.replace("{service}", busy.services["PaymentsService"][0].id)).text
        names = re.search(r'<template data-parts="([^"]*)">', html)
        assert names is not None, path
        for selector in names[1].split(","):
            part = element(html, selector[1:])
            within = Tree(html, selector[1:]).texts
            assert Tree(part, selector[1:]).texts == within, (path, selector)
            assert part or not within
            looked += bool(part)
    assert looked > 60


def test_a_page_that_differs_from_reader_to_reader_is_made_for_each_at_the_same_time() -> None:
    async def scene() -> int:
        shared, most, now = SharedPages(time.monotonic), 0, 0

        async def make() -> Made:
            nonlocal most, now
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.01)
            now -= 1
            return Made("", "U", Asked(everything=True), "", 1, time.monotonic(), "-")

        await shared.page("p", "U", 1, make)
        await asyncio.gather(*(shared.page("p", f"U{one}", 1, make) for one in range(5)))
        return most

    assert asyncio.run(scene()) == 5


def test_readers_of_a_page_that_differs_come_apart_by_reader_and_not_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three people with twenty pages each, in any order, while making all three takes longer than a page serves."""
    monkeypatch.setattr(sharing, "KEPT_SECONDS", 0.1)

    async def scene() -> int:
        shared, made = SharedPages(time.monotonic), 0

        async def make(who: str) -> Made:
            nonlocal made
            made += 1
            await asyncio.sleep(0.05)
            return Made("", who, Asked(everything=True), "", 1, time.monotonic(), "-")

        readers = [f"U{one % 3}" for one in range(60)]
        told = await asyncio.gather(*(shared.page("p", who, 1, partial(make, who)) for who in readers))
        assert [one.reader_id for one in told if one] == readers
        return made

    assert asyncio.run(scene()) < 10


def test_what_stands_for_a_form_token_can_not_be_guessed(busy: Place, address: str) -> None:
    """A text of a monitor that is the same would be given each reader's token."""
    stand_ins = {OpenPages(busy.site, {}, anyio.CapacityLimiter(1))._stand_in for _ in range(3)}
    assert len(stand_ins) == 3
    assert all(len(one) >= 32 for one in stand_ins)


def readers_of_incidents(busy: Place, *names: str) -> list[Callable[[], Coroutine[Any, Any, Made | None]]]:
    """For each of these people what their open list of incidents is told when it asks; one edge makes all of them."""
    door = Door(busy.site)
    route = Route("/incidents", door.members(incidents_page))
    pages = OpenPages(busy.site, door.pages, anyio.CapacityLimiter(1), [route])
    scope = {"type": "http", "method": "GET", "path": "/live", "query_string": b"", "scheme": "http", "headers": []}
    page = pages.find(Request({**scope, "server": ("127.0.0.1", 80), "root_path": ""}), "/incidents")
    assert page is not None

    async def told(session: Session) -> Made | None:
        return await pages.made(page, session, busy.site.bus.count)

    sessions = [busy.sessions.peek(session_of(busy, who)) for who in names]
    return [partial(told, session) for session in sessions if session is not None]


def reader_of_incidents(busy: Place, who: str) -> Callable[[], Coroutine[Any, Any, Made | None]]:
    """The same for one person."""
    return readers_of_incidents(busy, who)[0]


def test_rights_that_end_while_others_have_their_turn_are_heeded(busy: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose rights end sees what is left; who was alike and waited behind them sees as much as ever."""
    onlooker = busy.person("onlooker")
    busy.person("other")
    others = list[asyncio.Task[Made | None]]()
    before = asyncio.run(reader_of_incidents(busy, "onlooker")())
    assert before is not None
    assert "Payments" in before.html
    told, told_other = readers_of_incidents(busy, "onlooker", "other")

    async def turn() -> None:
        if not others:
            others.append(asyncio.create_task(told_other()))
            await asyncio.sleep(0.1)  # it waits behind the first
            busy.desk.save(replace(onlooker, role=Role.RESTRICTED), "role")
            busy.site.bus.publish(["config"])

    async def scene() -> tuple[Made | None, Made | None]:
        first = await told()
        return first, await others[0]

    busy.site.bus.publish(["now"])
    monkeypatch.setattr(busy.site.bus.pace, "turn", turn)
    after, other = asyncio.run(scene())
    assert after is not None
    assert "Payments" not in after.html
    assert other is not None
    assert "Payments" in other.html


def test_who_comes_while_a_page_waits_for_its_turn_is_served_by_it(
    busy: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else readers that have come apart in a storm stay apart: each takes a turn, and the last waits for minutes."""
    told, late = reader_of_incidents(busy, "rita"), list[asyncio.Task[Made | None]]()

    async def turn() -> None:
        busy.site.bus.publish(["now"])
        late.append(asyncio.create_task(told()))
        await asyncio.sleep(0.2)  # it has asked, and waits behind the first

    async def scene() -> tuple[Made | None, Made | None]:
        first = await told()
        return first, await late[0]

    monkeypatch.setattr(busy.site.bus.pace, "turn", turn)
    first, second = asyncio.run(scene())
    assert first is not None
    assert second is first
    assert len(late) == 1, "one turn"


def test_a_minute_that_begins_while_very_many_wait_costs_a_turn_and_not_one_for_each(
    busy: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is on call may be another by then: what they waited for can't be used, and each would take a turn for it."""
    told, turns = reader_of_incidents(busy, "rita"), 0

    async def turn() -> None:
        nonlocal turns
        turns += 1
        await asyncio.sleep(0.05)  # the others have come meanwhile
        if turns == 1:
            busy.desk.clock.moment += MINUTE

    async def scene() -> list[Made | None]:
        return await asyncio.gather(*(told() for _ in range(20)))

    monkeypatch.setattr(busy.site.bus.pace, "turn", turn)
    every = asyncio.run(scene())
    assert turns == 2
    assert every[0] is not None, "it was begun anew"
    assert all(one is every[0] for one in every)


def test_who_is_on_call_is_the_same_for_all_at_once_and_for_each(busy: Place) -> None:
    config = busy.desk.config()
    now = busy.site.clock.now()
    every = duties_at(config, now)
    assert every
    for user_id in config.users:
        assert every.get(user_id) == duty_of(config, user_id, now)
