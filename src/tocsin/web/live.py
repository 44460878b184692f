"""Live updates: one stream of server-sent events per open page, which says only that something has changed.

The page then asks for itself again. A stream costs a sleeping task; many changes at once become one event; a stream
ends when its person is signed out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Final

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tocsin.kernel.errors import TooMany
from tocsin.runtime.live import NOW, Subscription, incident_topic
from tocsin.web import guard
from tocsin.web.demo import DEMO_TOPIC
from tocsin.web.site import Site

HEARTBEAT_SECONDS: Final = 15.0
"""An event goes out this often, so that the page notices a dead line."""

CHECK_SECONDS: Final = 5.0
"""The session is looked at this often, however much there is to tell: a person who is removed hears no more."""

GATHER_SECONDS: Final = 0.25
"""After an event, changes gather for this long: a storm must not have every page ask for itself all the time."""

RETRY_MILLISECONDS: Final = 3000
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


def live(site: Site) -> Callable[[Request], object]:
    """The endpoint `/live`."""

    async def endpoint(request: Request) -> Response:
        line = guard.line_of(request, site.public_url)
        token = request.cookies.get(line.session_cookie, "")
        if await anyio.to_thread.run_sync(site.sessions.peek, token) is None:
            return Response(status_code=401, headers=dict(guard.HEADERS))
        topics = topics_of(request)
        try:
            subscription = site.bus.subscribe(topics)
        except TooMany:
            return Response(status_code=503, headers={**guard.HEADERS, "retry-after": "30"})
        # Listening comes first: what is published from here on is heard, what was before is known.
        seen = request.query_params.get("seen")
        stale = seen is not None and site.bus.missed(seen, topics)
        headers = {**guard.HEADERS, "x-accel-buffering": "no"}
        return StreamingResponse(_events(site, subscription, token, stale=stale), 200, headers, "text/event-stream")

    return endpoint


async def _events(site: Site, subscription: Subscription, token: str, *, stale: bool) -> AsyncIterator[str]:
    """The stream: its first event says from when on changes are told; `stale`: the page has missed one before that."""
    try:
        yield f"retry: {RETRY_MILLISECONDS}\nevent: ready\ndata: 1\n\n"
        if stale:
            yield "event: changed\ndata: 1\n\n"
        checked_at = beat_at = anyio.current_time()
        while True:
            heard = await subscription.changed(min(CHECK_SECONDS, HEARTBEAT_SECONDS))
            now = anyio.current_time()
            if now - checked_at >= CHECK_SECONDS or not heard:
                if await anyio.to_thread.run_sync(site.sessions.peek, token) is None:
                    return
                checked_at = now
            if heard:
                await site.bus.pace.turn()
                subscription.catch_up()
                yield "event: changed\ndata: 1\n\n"
                await subscription.rest(GATHER_SECONDS)
            elif now - beat_at < HEARTBEAT_SECONDS:
                continue
            else:
                yield "event: still\ndata: 1\n\n"
            beat_at = now
    finally:
        subscription.close()
