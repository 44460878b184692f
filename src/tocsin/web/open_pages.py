"""An open page is made anew for its stream: found by its address, made for its reader, shared with who sees the same.

What a page may depend on is either part of what it is shared by, or noted when it asks who is reading. The request that
it is made from holds neither a session nor anything else of one reader.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
from starlette.datastructures import URL
from starlette.requests import Request, cookie_parser
from starlette.routing import BaseRoute, Match

from tocsin.directory.model import User
from tocsin.engine.config import Config
from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.kernel.errors import TocsinError
from tocsin.kernel.time import MINUTE
from tocsin.runtime.reads import sight_of
from tocsin.runtime.sessions import Session
from tocsin.web import guard, language
from tocsin.web.frame import Duty, duty_of
from tocsin.web.sharing import Made, SharedPages
from tocsin.web.site import Site
from tocsin.web.visit import Page, Visit, language_of

PATH_MAX: Final = 2_000
_PASSED_ON: Final = (b"host", b"accept-language")


@dataclass(frozen=True)
class OpenPage:
    """A page that somebody has open: what makes it, from which request, and how it differs from others of its kind."""

    page: Page
    request: Request
    language: str
    kind: Hashable


@dataclass
class OpenPages:
    """Makes them. `pages`: what answers each endpoint of `routes`. One for all streams of a process."""

    site: Site
    pages: Mapping[Any, Page]
    limiter: anyio.CapacityLimiter
    routes: Sequence[BaseRoute] = ()
    shared: SharedPages = field(default_factory=SharedPages)
    _duties: dict[str, Duty | None] = field(default_factory=dict)
    _duties_of: tuple[int, int] = (-1, -1)

    def find(self, stream: Request, path: str) -> OpenPage | None:
        """The page at this address, as the browser of this stream would ask for it; None for none that can be told."""
        address = urlsplit(path)
        if len(path) > PATH_MAX or address.scheme or address.netloc or not path.startswith("/"):
            return None
        cookies = self._cookies(stream)
        scope = dict(stream.scope)
        headers = [(name, value) for name, value in scope["headers"] if name in _PASSED_ON]
        headers += [
            (b"tocsin-refresh", b"1"),
            (b"cookie", "; ".join(map("=".join, cookies)).encode("latin-1", "replace")),
        ]
        scope |= {"path": address.path, "raw_path": address.path.encode(), "query_string": address.query.encode()}
        scope |= {"headers": headers, "client": None, "method": "GET"}
        for route in self.routes:
            match, more = route.matches(scope)
            page = self.pages.get(more.get("endpoint"))
            if match is not Match.FULL or page is None:
                continue
            request = Request({**scope, **more})
            kind = (path, tuple(headers), str(URL(scope=scope).scheme))
            return OpenPage(page, request, language_of(request), (kind, language_of(request)))
        return None

    async def made(self, open_page: OpenPage, session: Session, need: int) -> Made | None:
        """The page as this session's person would get it now, knowing at least `need` publications; None: it asks."""
        config = self.site.desk.config()
        reader = config.users.get(session.user_id)
        standing = config.standing(Actor(ActorKind.USER, session.user_id, Via.WEB)) if reader is not None else None
        if reader is None or standing is None:
            return None
        rights = (standing.role, frozenset(standing.teams.items()), standing.limited_to)
        sight = sight_of(standing, Actor(ActorKind.USER, reader.id, Via.WEB))
        key = (open_page.kind, rights, sight, reader.time_zone, self._duty(config, reader.id))

        async def make() -> Made | None:
            await self.site.bus.pace.turn()
            at = anyio.current_time()
            return await anyio.to_thread.run_sync(self._make, open_page, reader, at, limiter=self.limiter)

        return await self.shared.page(key, reader.id, need, make)

    def _make(self, open_page: OpenPage, reader: User, at: float) -> Made | None:
        bus, request = self.site.bus, open_page.request
        count, mark = bus.count, bus.mark
        try:
            visit = Visit(
                site=self.site,
                request=request,
                now=self.site.clock.now(),
                config=self.site.desk.config(),
                line=guard.line_of(request, self.site.public_url),
                seen=mark,
                reader=reader,
            )
            with language.speaking(open_page.language):
                response = open_page.page(visit)
        except TocsinError:
            return None
        if response.status_code != 200:
            return None
        return Made(bytes(response.body).decode(), reader.id, visit.asked, mark, count, at)

    def _duty(self, config: Config, user_id: str) -> Duty | None:
        """Whether and until when the person is on call, asked once a minute."""
        now = self.site.clock.now()
        of = (config.version, now // MINUTE)
        if of != self._duties_of:
            self._duties, self._duties_of = {}, of
        if user_id not in self._duties:
            self._duties[user_id] = duty_of(config, user_id, now)
        return self._duties[user_id]

    def _cookies(self, stream: Request) -> list[tuple[str, str]]:
        """The browser's settings: every cookie that is neither the session's nor another of one browser alone."""
        line = guard.line_of(stream, self.site.public_url)
        own = {line.session_cookie, line.visit_cookie, line.begun_cookie, line.browser_cookie}
        held = cookie_parser(stream.headers.get("cookie", ""))
        return sorted((name, value) for name, value in held.items() if name not in own)
