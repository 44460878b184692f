"""One request by one person: who, in which zone, with which form; and the wrapper that every page runs in.

The wrapper finds the session, defends forms, runs the page in a worker thread, turns refusals into pages in words and
puts the headers on. Pages themselves are plain functions from a `Visit` to a response.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, TypeAlias
from urllib.parse import quote, urlencode

import anyio
import anyio.to_thread
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tocsin.directory.model import User
from tocsin.directory.permissions import Standing, Verb, may
from tocsin.engine.config import Config
from tocsin.engine.reading import Readable, may_read
from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.kernel.decision import Command
from tocsin.kernel.errors import (
    Conflict,
    Invalid,
    NotAllowed,
    NotFound,
    NotSignedIn,
    TocsinError,
    TooMany,
    Unavailable,
)
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import phrase
from tocsin.runtime.reads import OpenCounts, Sight
from tocsin.runtime.sessions import Session, Visitor
from tocsin.runtime.sight import sight_of
from tocsin.web import guard, language
from tocsin.web.address import Seen, other_origin
from tocsin.web.frame import frame_of
from tocsin.web.names import ConfigNames
from tocsin.web.render import render
from tocsin.web.sharing import Asked
from tocsin.web.site import Site
from tocsin.web.times import Times, zone_of, zone_word

ZONE_COOKIE: Final = "tocsin-zone"
"""The zone that this browser shows instead of the person's own."""

DENSITY_COOKIE: Final = "tocsin-density"
"""Whether rows stand close together in this browser."""

RETRY_AFTER: Final = "5"
"""Seconds after which whoever came at a bad time is asked to come again."""

_FIELDS_MAX: Final = 400
_FIELD_BYTES: Final = 64 * 1024
_AGENT: Final = "user-agent"


class FormTooLarge(Invalid):
    """A field, or the number of fields, is beyond what any of our forms can hold."""

    code = "too_large"


STATUS: Final[Mapping[type[TocsinError], int]] = {
    FormTooLarge: 413,  # before what it is a kind of
    Invalid: 422,
    NotFound: 404,
    NotAllowed: 403,
    NotSignedIn: 401,
    Conflict: 409,
    TooMany: 429,
    Unavailable: 503,
}


def status_of(error: TocsinError) -> int:
    """The HTTP status of a refusal."""
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)


@dataclass
class Visit:
    """One request. `session` and `user` are None where nobody is signed in.

    `seen`: the bus's mark before anything was read, so that an open page knows what it can't have missed.
    `reader`: for whom an open page is made anew without a session of theirs, `form_token`: what stands for that of each
    who shares it; `asked`: what it wanted to know of them.
    """

    site: Site
    request: Request
    now: Moment
    config: Config
    line: guard.Line
    token: str = ""
    session: Session | None = None
    form: FormData = field(default_factory=FormData)
    new_visit_token: str = ""
    seen: str = ""
    shown_at: str = ""
    reader: User | None = None
    form_token: str = ""
    asked: Asked = field(default_factory=Asked)

    @property
    def visitor(self) -> Visitor:
        """Where the request comes from."""
        client = self.request.client
        agent = self.request.headers.get(_AGENT, "")
        return Visitor(client.host if client is not None else "", agent, self.browser)

    @cached_property
    def browser(self) -> str:
        """By what we know this browser again; new for one that brings nothing, kept when somebody signs in."""
        held = self.request.cookies.get(self.line.browser_cookie, "")
        return held if len(held) == 40 and held.isalnum() else self.site.ids.token()

    @property
    def user(self) -> User | None:
        """The signed-in person. A page that says something of them is made for them alone; see `is_among`."""
        self.asked.everything = True
        return self._person

    @cached_property
    def _person(self) -> User | None:
        if self.reader is not None:
            return self.reader
        return self.config.users.get(self.session.user_id) if self.session is not None else None

    def is_among(self, ids: Iterable[str]) -> bool:
        """Whether the reader is one of these people: a page that asks only this serves all with the same answer."""
        return self.asked.is_among(self._person.id if self._person is not None else "", frozenset(ids))

    def own_of(self, numbers: Mapping[str, int]) -> int:
        """The reader's of these numbers by person, 0 for none: this page serves all who have the same number."""
        return self.asked.own_of(self._person.id if self._person is not None else "", numbers)

    @property
    def me(self) -> User:
        """The signed-in person, on pages that need one."""
        if self.user is None:
            raise NotSignedIn("Sign in first.")
        return self.user

    @property
    def actor(self) -> Actor:
        """The signed-in person, acting."""
        return Actor(ActorKind.USER, self.me.id, Via.WEB)

    @cached_property
    def standing(self) -> Standing:
        """The person's rights."""
        standing = self.config.standing(self._actor) if self._person is not None else None
        if standing is None:
            raise NotSignedIn("Sign in first.")
        return standing

    @property
    def _actor(self) -> Actor:
        return Actor(ActorKind.USER, self._person.id if self._person is not None else "", Via.WEB)

    @property
    def own_teams(self) -> tuple[str, ...]:
        """The teams that the person is in."""
        return tuple(self.standing.teams)

    @cached_property
    def open_counts(self) -> OpenCounts:
        """How many open incidents the person may see."""
        return self.site.reads.open_counts(sight=self.sight)

    @cached_property
    def sight(self) -> Sight | None:
        """What incidents the person may see, None = all."""
        return sight_of(self.standing, self._actor)

    def may(self, verb: Verb, team_ids: tuple[str, ...] = ()) -> bool:
        """Whether to offer something. The engine judges again when it is done."""
        return may(self.standing, verb, team_ids)

    def may_read(self, thing: Readable) -> bool:
        """Whether the person may know of this thing."""
        if may_read(self.config, self.standing, thing):
            return True
        return isinstance(thing, User) and self.is_among((thing.id,))

    @property
    def may_audit(self) -> bool:
        """Whether the person may look at who changed what."""
        return self._person is not None and self.may(Verb.ADMINISTER)

    @cached_property
    def other_address(self) -> str:
        """To an owner: the address of this request where it is not the one that is set; "" where all is well."""
        if self._person is None or not self.may(Verb.OWN):
            return ""
        found = other_origin(self.request, self.site.public_url)
        return "" if found == self.config.settings.address_accepted else found

    @property
    def addresses_of_others(self) -> list[Seen]:
        """To an owner: by what other addresses people came, apart from the one of this request."""
        if self._person is None or not self.may(Verb.OWN):
            return []
        known = (self.other_address, self.config.settings.address_accepted)
        return [one for one in self.site.addresses.others() if one.origin not in known]

    @cached_property
    def times(self) -> Times:
        """Moments as this reader sees them."""
        own = self._person.time_zone if self._person is not None else "Etc/UTC"
        name = "Etc/UTC" if self.request.cookies.get(ZONE_COOKIE) == "utc" else own
        return Times(self.now, zone_of(name), zone_word(name))

    @cached_property
    def names(self) -> ConfigNames:
        """What things are called, for this reader."""
        return ConfigNames(self.config, self.times.clock, self.site.reads.incidents_by_id)

    @property
    def path(self) -> str:
        """This page's address with its query, as it can be sent to somebody; a refused form is shown at its page's."""
        if self.shown_at:
            return self.shown_at
        query = self.request.url.query
        return self.request.url.path + (f"?{query}" if query else "")

    @property
    def is_dense(self) -> bool:
        """Whether rows stand close together."""
        return self.request.cookies.get(DENSITY_COOKIE) == "dense"

    @property
    def is_refresh(self) -> bool:
        """Whether a page that is open already asks for itself again."""
        return self.request.headers.get("tocsin-refresh") == "1"

    def text(self, name: str, limit: int = 10_000) -> str:
        """A field of the form as text, "" when absent. Line ends are single."""
        value = self.form.get(name)
        return value[:limit].replace("\r\n", "\n") if isinstance(value, str) else ""

    def texts(self, name: str) -> list[str]:
        """Every value of a field of the form."""
        return [value for value in self.form.getlist(name) if isinstance(value, str)]

    def query(self, name: str) -> str:
        """A parameter of the address, "" when absent."""
        return self.request.query_params.get(name, "")[:200]

    @contextmanager
    def at_one_moment(self) -> Iterator[None]:
        """Everything that is read within is from one snapshot: a page agrees with itself."""
        with self.site.reads.at_one_moment() as reads:
            self.site = replace(self.site, reads=reads)
            yield

    def run(self, command: Command, *, key: str = "") -> Any:
        """Have the engine run a command in this person's name. Raises the TocsinError that refused it."""
        return self.site.desk.run(self.actor, command, key=key)

    def page(self, template: str, status: int = 200, **context: Any) -> Response:
        """A page from a template, inside the frame."""
        person = self._person
        counts = self.open_counts if person is not None else OpenCounts()
        frame = frame_of(self.site, self.config, person, counts, self.times)
        here = self.request.url.path
        shared = {"visit": self, "t": self.times, "frame": frame, "here": here, "said": guard.said(self.request)}
        response = HTMLResponse(render(template, shared | context), status)
        if guard.said(self.request) and not self.is_refresh and self.request.method == "GET":
            guard.unsay(response, self.line)
        if self.new_visit_token:
            guard.set_cookie(response, self.line, self.line.visit_cookie, self.new_visit_token, 3600)
        return response

    def go(self, path: str, word: str = "", seconds: int = 10) -> Response:
        """After a form: on to a page, which says what was done."""
        response = RedirectResponse(path, 303)
        if word:
            guard.say(response, self.line, word, seconds)
        return response

    @property
    def csrf(self) -> str:
        """What forms of this page must carry: bound to the session, or to the browser where nobody is signed in."""
        if self.reader is not None:
            return self.form_token
        if self.session is not None:
            return self.session.csrf
        held = self.request.cookies.get(self.line.visit_cookie, "")
        if len(held) == 40:
            return held
        if not self.new_visit_token:
            self.new_visit_token = self.site.ids.token()
        return self.new_visit_token


Page: TypeAlias = Callable[[Visit], Response]
Endpoint: TypeAlias = Callable[[Request], Any]


@dataclass(frozen=True)
class Door:
    """Wraps pages into endpoints. Reading and acting wait in different queues: a slow engine blocks no page.

    `pages`: what answers the endpoints of people who are signed in.
    """

    site: Site
    reading: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(16))
    acting: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(24))
    pages: dict[Any, Page] = field(default_factory=dict)

    def members(self, page: Page) -> Endpoint:
        """A page for people who are signed in; others are sent to sign in and come back."""
        endpoint = self._endpoint(page, members_only=True, token_needed=True)
        self.pages[endpoint] = page
        return endpoint

    def anybody(self, page: Page, *, token_needed: bool = True) -> Endpoint:
        """A page for everybody. `token_needed` False: its address is a secret of its own."""
        return self._endpoint(page, members_only=False, token_needed=token_needed)

    def _endpoint(self, page: Page, *, members_only: bool, token_needed: bool) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            acts = request.method == "POST"
            form = await _form(request) if acts else FormData()
            limiter = self.acting if acts else self.reading

            def run() -> Response:
                with language.speaking(language_of(request)):
                    return self._run(page, request, form, members_only=members_only, token_needed=token_needed)

            response = await anyio.to_thread.run_sync(run, limiter=limiter)
            for name, value in guard.HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return endpoint

    def _run(
        self,
        page: Page,
        request: Request,
        form: FormData | FormTooLarge,
        *,
        members_only: bool,
        token_needed: bool,
    ) -> Response:
        seen = self.site.bus.mark
        try:
            config = self.site.desk.config()
        except Unavailable as error:
            return starting(error, posted=request.method == "POST")
        visit = Visit(
            site=self.site,
            request=request,
            now=self.site.clock.now(),
            config=config,
            line=guard.line_of(request, self.site.public_url),
            form=FormData() if isinstance(form, FormTooLarge) else form,
            seen=seen,
        )
        if request.method == "POST":  # what it does is to be seen by what it reads after
            return self._answered(page, visit, form, members_only=members_only, token_needed=token_needed)
        with visit.at_one_moment():
            return self._answered(page, visit, form, members_only=members_only, token_needed=token_needed)

    def _answered(
        self, page: Page, visit: Visit, form: FormData | FormTooLarge, *, members_only: bool, token_needed: bool
    ) -> Response:
        request = visit.request
        try:
            visit.token = request.cookies.get(visit.line.session_cookie, "")
            sessions = self.site.sessions
            visit.session = sessions.peek(visit.token) if visit.is_refresh else sessions.find(visit.token)
            if isinstance(form, FormTooLarge):
                raise form
            if members_only and visit.user is None:
                raise NotSignedIn("Sign in first.")
            self._note_address(visit)
            if request.method == "POST":
                guard.check_origin(request, self.site.public_url)
                if token_needed:
                    guard.check_token(visit.text("csrf"), visit.csrf)
            return page(visit)
        except TocsinError as error:
            return refusal(visit, error)

    def _note_address(self, visit: Visit) -> None:
        """Somebody who is signed in came by another address than the one that is set: owners hear of it."""
        if visit.user is None or visit.is_refresh:
            return
        origin = other_origin(visit.request, self.site.public_url)
        if origin:
            self.site.addresses.note(Seen(origin, self.site.public_url, visit.user.id, visit.now))


def language_of(request: Request) -> str:
    """In which language to answer: what was chosen in this browser, else what the browser asks for."""
    chosen = request.cookies.get(language.COOKIE, "")
    return language.wanted(chosen, request.headers.get("accept-language", ""))


def refusal(visit: Visit, error: TocsinError) -> Response:
    """The page that says what was refused, why, and what to do."""
    if isinstance(error, NotSignedIn) and visit.user is None and visit.request.url.path != "/sign-in":
        if visit.is_refresh:
            return Response(status_code=401)
        if visit.request.method == "POST" and not _is_form(visit.request):
            # A monitor with a wrong address: it would follow to the sign-in page and count its alarm as delivered.
            return Response("Sign in first.", 401, media_type="text/plain")
        back = visit.path if visit.request.method == "GET" else "/"
        return RedirectResponse("/sign-in?" + urlencode({"next": back}, quote_via=quote), 303)
    response = visit.page("refused.html", status_of(error), error=error, code=status_of(error))
    if isinstance(error, Unavailable):
        response.headers["retry-after"] = RETRY_AFTER
    return response


def starting(error: Unavailable, *, posted: bool = False) -> Response:
    """The answer while there is no configuration to make a page from: rests on nothing but the error's words.

    `posted`: a button was pressed. The page then stays, and says that nothing came of it: loaded again by itself it
    would ask for an address that only takes what is posted, or show the buttons as if nobody had pressed one.
    """
    html = render("starting.html", {"error": error, "seconds": RETRY_AFTER, "posted": posted})
    return HTMLResponse(html, 503, {**guard.HEADERS, "retry-after": RETRY_AFTER})


async def _form(request: Request) -> FormData | FormTooLarge:
    """The posted form; empty for what is not one. Files are not taken. One too large is for the page to refuse."""
    if not _is_form(request):
        return FormData()
    try:
        return await request.form(max_files=0, max_fields=_FIELDS_MAX, max_part_size=_FIELD_BYTES)
    except HTTPException:
        return FormTooLarge(
            phrase(
                "This form is too large: a field holds at most %(field_bytes)s KB. Shorten it.",
                field_bytes=_FIELD_BYTES // 1024,
            )
        )


def _is_form(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/x-www-form-urlencoded"
