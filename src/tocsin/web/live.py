"""Live updates: one stream of server-sent events per open page, which says what has become of the page's parts.

Where the page can't be told, it asks for itself again. A stream costs a sleeping task; many changes at once become one
event; a stream ends when its person is signed out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from tocsin.kernel.errors import TooMany, Unavailable
from tocsin.runtime.live import NOW, Subscription, incident_topic
from tocsin.runtime.sessions import Session
from tocsin.web import guard
from tocsin.web.demo import DEMO_TOPIC
from tocsin.web.open_pages import OpenPage, OpenPages
from tocsin.web.roll import Roll
from tocsin.web.site import Site

HEARTBEAT_SECONDS: Final = 15.0
"""An event goes out this often, so that the page notices a dead line."""

CHECK_SECONDS: Final = 5.0
"""The session is looked at this often, however much there is to tell: a person who is removed hears no more."""

GATHER_SECONDS: Final = 0.25
"""After an event, changes gather for this long: a storm must not have every page ask for itself all the time."""

RETRY_MILLISECONDS: Final = 3000
_ASK: Final = "event: changed\ndata: 1\n\n"
PAGES_OF_SESSION: Final = 1_000
"""Live pages that one session may have open; beyond it pages still work, without being live."""

_TOPICS_MAX: Final = 4
_NAME_CHARS: Final = 40


def topics_of(request: Request) -> frozenset[str]:
    """The topics that the address asks for; unknown ones are left out."""
    wanted = set()
    for topic in request.query_params.getlist("topic")[:_TOPICS_MAX]:
        kind, _, name = topic.partition(":")
        if topic in (NOW, DEMO_TOPIC):
            wanted.add(topic)
        elif kind == "incident" and name.isalnum() and len(name) <= _NAME_CHARS:
            wanted.add(incident_topic(name))
    return frozenset(wanted)


def live(site: Site, open_pages: OpenPages) -> Callable[[Request], object]:
    """The endpoint `/live`: `topic` what to listen to, `seen` what the page knows, `page` its own address.

    A page that says its address is told what has become of its parts; others are told to ask for themselves.
    """
    roll, open_by = Roll(site.sessions.peek_all), Counter[str]()

    async def endpoint(request: Request) -> Response:
        line = guard.line_of(request, site.public_url)
        token = request.cookies.get(line.session_cookie, "")
        session = await roll.session(token)
        if session is None:
            return Response(status_code=401, headers=dict(guard.HEADERS))
        topics = topics_of(request)
        try:
            if open_by[session.id] >= PAGES_OF_SESSION:
                raise TooMany("Too many live pages are open in this browser.", reason="live_pages")
            subscription = site.bus.subscribe(topics)
        except TooMany:
            return Response(status_code=503, headers={**guard.HEADERS, "retry-after": "30"})
        # Listening comes first: what is published from here on is heard, what was before is known.
        seen = request.query_params.get("seen")
        stale = seen is not None and site.bus.missed(seen, topics)
        stream = _Stream(site, open_pages, roll, subscription, token, session)
        stream.page = open_pages.find(request, request.query_params.get("page", ""))
        headers = {**guard.HEADERS, "x-accel-buffering": "no"}
        open_by[session.id] += 1

        def over() -> None:
            subscription.close()
            open_by.subtract([session.id])
            if not open_by[session.id]:
                del open_by[session.id]

        return _LiveResponse(stream.events(stale=stale), headers, over)

    return endpoint


class _LiveResponse(StreamingResponse):
    """A stream of events. `over` is called at its end, also when it never began: its reader may leave before that."""

    def __init__(self, events: AsyncIterator[str], headers: dict[str, str], over: Callable[[], None]) -> None:
        super().__init__(events, 200, headers, "text/event-stream")
        self._over = over

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""

        async def say(message: Message) -> None:
            try:
                await send(message)
            except OSError as error:
                raise ClientDisconnect from error

        try:
            with suppress(ClientDisconnect):  # whoever closes a page in the middle of a piece is no failure of ours
                await super().__call__(scope, receive, say)
        finally:
            self._over()


@dataclass
class _Stream:
    """One page's stream. `known`: a digest of each part that the page was told, by its id."""

    site: Site
    open_pages: OpenPages
    roll: Roll
    subscription: Subscription
    token: str
    session: Session
    page: OpenPage | None = None
    known: dict[str, int] = field(default_factory=dict)

    async def events(self, *, stale: bool) -> AsyncIterator[str]:
        """The first says from when on changes are told; `stale`: the page has missed one before that."""
        yield f"retry: {RETRY_MILLISECONDS}\nevent: ready\ndata: 1\n\n"
        if stale:
            yield await self._news() or _ASK
        checked_at = beat_at = anyio.current_time()
        while True:
            heard = await self.subscription.changed(min(CHECK_SECONDS, HEARTBEAT_SECONDS))
            now = anyio.current_time()
            if now - checked_at >= CHECK_SECONDS or not heard:
                if not await self._holds():
                    return
                checked_at = now
            if heard:
                news = await self._news()
                if anyio.current_time() - checked_at >= CHECK_SECONDS and not await self._holds():
                    return  # others had their turn first, and it has ended meanwhile
                if news:
                    yield news
                    beat_at = now
                await self.subscription.rest(GATHER_SECONDS)
            elif now - beat_at >= HEARTBEAT_SECONDS:
                yield "event: still\ndata: 1\n\n"
                beat_at = now

    async def _holds(self) -> bool:
        """Whether the session goes on."""
        session = await self.roll.session(self.token)
        self.session = session or self.session
        return session is not None

    async def _news(self) -> str:
        """What to say about a change: "" when nothing that the page shows has become another."""
        self.subscription.catch_up()
        made = None
        if self.page is not None:
            with suppress(Unavailable):
                made = await self.open_pages.made(self.page, self.session, self.site.bus.count)
        if made is None or not made.parts:
            await self.site.bus.pace.turn()
            self.subscription.catch_up()
            return _ASK
        news = made.news(self.known, self.session.csrf)
        return f"event: parts\ndata: {news}\n\n" if news else ""
