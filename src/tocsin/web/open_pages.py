"""An open page is made anew for its stream: found by its address, made for its reader, shared with who sees the same.

What a page may depend on is either part of what it is shared by, or noted when it asks who is reading. The request that
it is made from holds neither a session nor anything else of one reader.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
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
from tocsin.runtime.sessions import Session
from tocsin.runtime.sight import sight_of
from tocsin.web import guard, language
from tocsin.web.frame import Duty, duties_at
from tocsin.web.incident import ORDER_COOKIE
from tocsin.web.sharing import Made, SharedPages
from tocsin.web.site import Site
from tocsin.web.visit import DENSITY_COOKIE, ZONE_COOKIE, Page, Visit, language_of

PATH_MAX: Final = 2_000
_SETTINGS: Final = (ZONE_COOKIE, DENSITY_COOKIE, ORDER_COOKIE, language.COOKIE)
"""The cookies that a page may depend on: what people chose in a browser."""

_TRIES: Final = 3
"""So often a page is begun anew because the configuration, or the minute, is another when its turn comes."""

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
    duties: Mapping[str, Duty]
    _traits: dict[str, Hashable] = field(default_factory=dict)

    def traits(self, user_id: str) -> Hashable | None:
        """What a page may depend on without asking who is reading: rights, teams, zone, and until when on call."""
        if user_id not in self._traits:
            self._traits[user_id] = self._traits_of(user_id)
        return self._traits[user_id]

    def agrees_with(self, other: _Known) -> bool:
        """Whether everybody's rights, and who is on call, are the same by both."""
        return self.config is other.config and self.minute == other.minute

    def _traits_of(self, user_id: str) -> Hashable | None:
        actor, user = Actor(ActorKind.USER, user_id, Via.WEB), self.config.users.get(user_id)
        standing = self.config.standing(actor)
        if user is None or standing is None:
            return None
        rights = (standing.role, frozenset(standing.teams.items()), standing.limited_to)
        return (rights, sight_of(standing, actor), user.time_zone, self.duties.get(user_id))


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
    _stand_in: str = ""

    def __post_init__(self) -> None:
        self.shared = SharedPages(self.site.clock.ticks)
        self._stand_in = self.site.ids.token()

    def find(self, stream: Request, path: str) -> OpenPage | None:
        """The page at this address, as the browser of this stream would ask for it; None for none that can be told."""
        try:
            address = urlsplit(path)
        except ValueError:
            return None
        if len(path) > PATH_MAX or address.scheme or address.netloc or not path.startswith("/"):
            return None
        held = cookie_parser(stream.headers.get("cookie", ""))
        cookies = [(name, held[name]) for name in _SETTINGS if name in held]
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
        for _ in range(_TRIES):
            known = await self._known_at(need)
            traits = known.traits(session.user_id)
            reader = known.config.users.get(session.user_id)
            if reader is None or traits is None:
                return None
            make = partial(self._made, open_page, reader, known)
            made = await self.shared.page((open_page.kind, traits), reader.id, need, make)
            if made is not None or (await self._known_at(need)).agrees_with(known):
                return made
        return None

    async def _made(self, open_page: OpenPage, reader: User, known: _Known) -> Made | None:
        """The page, in its turn; None when rights, or who is on call, may have changed while others had theirs."""
        if not (await self._known_at(known.count)).agrees_with(known):
            return None  # no turn for what can't be used: very many may have waited since before the change
        await self.site.bus.pace.turn()
        now = await self._known_at(self.site.bus.count)
        if not now.agrees_with(known):
            return None
        # As of now, not of when it was asked for: it serves all who have come to wait for it meanwhile.
        return await anyio.to_thread.run_sync(self._make, open_page, reader, now, limiter=self.limiter)

    def _know(self, last: _Known | None, minute: int) -> _Known:
        count, mark = self.site.bus.count, self.site.bus.mark
        config = self.site.desk.config()
        if last is not None and last.config is config and last.minute == minute:
            return replace(last, count=count, mark=mark)
        return _Known(config, mark, count, minute, duties_at(config, minute * MINUTE))

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
                form_token=self._stand_in,
            )
            with language.speaking(open_page.language), visit.at_one_moment():
                response = open_page.page(visit)
        except TocsinError:
            return None
        if response.status_code != 200:
            return None
        return Made(bytes(response.body).decode(), reader.id, visit.asked, known.mark, known.count, at, self._stand_in)

    async def _known_at(self, need: int) -> _Known:
        """The configuration after `need` publications, read once for all who ask. Raises Unavailable."""
        minute = self.site.clock.now() // MINUTE
        async with self._reading:
            found = self._known
            if found is None or found.count < need or found.minute != minute:
                found = self._known = await anyio.to_thread.run_sync(self._know, found, minute, limiter=self.limiter)
        return found
