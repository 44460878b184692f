"""An open page is made anew for its stream: found by its address, made for its reader, shared with who sees the same.

What a page may depend on is either part of what it is shared by, or noted when it asks who is reading. The request that
it is made from holds neither a session nor anything else of one reader.
"""

from __future__ import annotations

import asyncio
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
from tocsin.kernel.time import MINUTE, Moment
from tocsin.runtime.reads import sight_of
from tocsin.runtime.sessions import Session
from tocsin.web import guard, language
from tocsin.web.frame import duty_of
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
class _Known:
    """The configuration after so many publications, and how readers differ by it."""

    config: Config
    mark: str
    count: int
    minute: int
    now: Moment
    _traits: dict[str, Hashable] = field(default_factory=dict)

    def traits(self, user_id: str) -> Hashable | None:
        """What a page may depend on without asking who is reading: rights, teams, zone, and until when on call."""
        if user_id not in self._traits:
            self._traits[user_id] = self._traits_of(user_id)
        return self._traits[user_id]

    def _traits_of(self, user_id: str) -> Hashable | None:
        actor, user = Actor(ActorKind.USER, user_id, Via.WEB), self.config.users.get(user_id)
        standing = self.config.standing(actor)
        if user is None or standing is None:
            return None
        rights = (standing.role, frozenset(standing.teams.items()), standing.limited_to)
        return (rights, sight_of(standing, actor), user.time_zone, duty_of(self.config, user_id, self.now))


@dataclass
class OpenPages:
    """Makes them. `pages`: what answers each endpoint of `routes`. One for all streams of a process."""

    site: Site
    pages: Mapping[Any, Page]
    limiter: anyio.CapacityLimiter
    routes: Sequence[BaseRoute] = ()
    shared: SharedPages = field(init=False)
    _known: _Known | None = None
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.shared = SharedPages(self.site.clock.ticks)

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
        known = await self._known_at(need)
        traits = known.traits(session.user_id)
        reader = known.config.users.get(session.user_id)
        if reader is None or traits is None:
            return None

        async def make() -> Made | None:
            await self.site.bus.pace.turn()
            return await anyio.to_thread.run_sync(self._make, open_page, reader, known, limiter=self.limiter)

        return await self.shared.page((open_page.kind, traits), reader.id, need, make)

    def _make(self, open_page: OpenPage, reader: User, known: _Known) -> Made | None:
        """Made with the configuration that the key was made with: whoever shares it has the rights that it shows."""
        request, at = open_page.request, self.site.clock.ticks()
        try:
            visit = Visit(
                site=self.site,
                request=request,
                now=self.site.clock.now(),
                config=known.config,
                line=guard.line_of(request, self.site.public_url),
                seen=known.mark,
                reader=reader,
            )
            with language.speaking(open_page.language):
                response = open_page.page(visit)
        except TocsinError:
            return None
        if response.status_code != 200:
            return None
        return Made(bytes(response.body).decode(), reader.id, visit.asked, known.mark, known.count, at)

    async def _known_at(self, need: int) -> _Known:
        """The configuration after `need` publications, read once for all who ask. Raises Unavailable."""
        minute = self.site.clock.now() // MINUTE
        async with self._reading:
            found = self._known
            if found is None or found.count < need or found.minute != minute:
                count, mark = self.site.bus.count, self.site.bus.mark
                config = await anyio.to_thread.run_sync(self.site.desk.config, limiter=self.limiter)
                found = self._known = _Known(config, mark, count, minute, self.site.clock.now())
        return found

    def _cookies(self, stream: Request) -> list[tuple[str, str]]:
        """The browser's settings: every cookie that is neither the session's nor another of one browser alone."""
        line = guard.line_of(stream, self.site.public_url)
        own = {line.session_cookie, line.visit_cookie, line.begun_cookie, line.browser_cookie}
        held = cookie_parser(stream.headers.get("cookie", ""))
        return sorted((name, value) for name, value in held.items() if name not in own)
