"""The ASGI application of this dialect: authentication, envelopes and limits around the paths of `routes`.

Decides what every answer has in common. Handlers wait for the engine, so they run in threads, never on the event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tocsin.dialects._kit.auth import Caller
from tocsin.dialects._kit.body import BodyTooLarge, collected
from tocsin.dialects.pagerduty.auth import authenticate
from tocsin.dialects.pagerduty.call import Call, Handler, SignIn, refusal
from tocsin.dialects.pagerduty.errors import ApiError, missing_route, translated
from tocsin.dialects.pagerduty.rate import Rate
from tocsin.dialects.pagerduty.routes import ROUTES
from tocsin.dialects.pagerduty.write.refs import Links
from tocsin.engine.config import Config
from tocsin.engine.things import CHANGED_MEANWHILE
from tocsin.kernel.errors import Conflict, TocsinError
from tocsin.kernel.limits import BODY_BYTES
from tocsin.kernel.time import Moment
from tocsin.runtime.desk import Desk
from tocsin.runtime.reads import Reads
from tocsin.runtime.sessions import Sessions

log = structlog.get_logger("pagerduty")

ATTEMPTS = 10
"""How often a request begins anew because somebody else was quicker."""

Authenticate = Callable[[Request, Config], Caller]


def create(
    desk: Desk,
    reads: Reads,
    now: Callable[[], Moment],
    *,
    public_url: str = "",
    requests_per_minute: int = 0,
    authenticate: Authenticate = authenticate,
    sign_in: SignIn = lambda _client: "",
    sessions: Sessions | None = None,
) -> ASGIApp:
    """The application, to be mounted under `/pagerduty`.

    `public_url`: how the installation is known outside; its scheme counts where a proxy ends TLS. Addresses in answers
    keep the host that the client used. `requests_per_minute` per key; 0 = no limit. `sign_in` tries the credentials of
    an OAuth client; without it they are taken as they come. `sessions`: who is signed in, where there are pages.
    """
    door = Door(desk, reads, now, public_url.rstrip("/"), Rate(requests_per_minute), authenticate, sign_in, sessions)
    application = Starlette(
        routes=[Route(path, door.endpoint(handlers), methods=list(handlers)) for path, handlers in ROUTES],
        exception_handlers={
            HTTPException: _http_error,
            Exception: lambda _request, _error: refusal(ApiError(500, 2000, "Internal Error")),
        },
    )
    return WithoutTrailingSlash(application)


class WithoutTrailingSlash:
    """Some clients end some paths with a slash; they mean the same path."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on without it."""
        path = scope.get("path", "")
        if scope["type"] == "http" and path.endswith("/") and path.rstrip("/") != scope.get("root_path", ""):
            scope = {**scope, "path": path.rstrip("/")}
        await self._application(scope, receive, send)


class Door:
    """What happens to every request before its handler and after it."""

    def __init__(
        self,
        desk: Desk,
        reads: Reads,
        now: Callable[[], Moment],
        public_url: str,
        rate: Rate,
        authenticate: Authenticate,
        sign_in: SignIn,
        sessions: Sessions | None,
    ) -> None:
        self._desk = desk
        self._reads = reads
        self._now = now
        self._public_url = public_url
        self._rate = rate
        self._authenticate = authenticate
        self._sign_in = sign_in
        self._sessions = sessions

    def endpoint(self, handlers: Mapping[str, Handler]) -> Callable[..., object]:
        """An endpoint for Starlette that hands each method to its handler."""

        async def endpoint(request: Request) -> Response:
            try:
                raw = await _body(request) if request.method in ("POST", "PUT", "PATCH") else b""
                return await run_in_threadpool(self._answer, request, handlers, raw)
            except ApiError as error:
                return refusal(error)

        return endpoint

    def _answer(self, request: Request, handlers: Mapping[str, Handler], raw: bytes) -> Response:
        try:
            config = self._desk.config()
            caller = self._authenticate(request, config)
        except TocsinError as error:
            return refusal(translated(error))
        now = self._now()
        allowed, headers = self._rate.take(caller.key.id, now)
        if allowed:
            response = self._handled(request, handlers, raw, config, caller)
        else:
            response = refusal(ApiError(429, 2020, "Rate Limit Exceeded"))
        response.headers.update(headers)
        return response

    def _handled(
        self, request: Request, handlers: Mapping[str, Handler], raw: bytes, config: Config, caller: Caller
    ) -> Response:
        call = Call(
            desk=self._desk,
            reads=self._reads,
            config=config,
            caller=caller,
            now=self._now(),
            links=self._links(request),
            method=request.method,
            path=request.path_params,
            query=request.query_params,
            headers=request.headers,
            raw=raw,
            sign_in=self._sign_in,
            sessions=self._sessions,
        )
        call.included = frozenset(call.many("include"))
        handler = handlers["GET" if request.method == "HEAD" else request.method]
        try:
            return _handled_anew(handler, call)
        except ApiError as error:
            return refusal(error)
        except TocsinError as error:
            return refusal(translated(error))

    def _links(self, request: Request) -> Links:
        """Addresses under the host that the client used; the public address when it is the same host."""
        site = str(request.base_url).rstrip("/")
        if self._public_url and _host(site) == _host(self._public_url):
            site = self._public_url
        mounted = request.scope.get("root_path", "").removeprefix(request.scope.get("app_root_path", ""))
        return Links(site + mounted.rstrip("/"), site)


def _handled_anew(handler: Handler, call: Call) -> Response:
    """The handler's answer; it begins anew when what it wanted to change was changed by somebody else meanwhile."""
    for _ in range(ATTEMPTS - 1):
        try:
            return handler(call)
        except Conflict as refused:
            if refused.reason != CHANGED_MEANWHILE:
                raise
            call.config = call.desk.config()
    return handler(call)


async def _body(request: Request) -> bytes:
    """The body, read no further than it may be long. Raises ApiError 413."""
    try:
        return await collected(request.stream(), BODY_BYTES)
    except BodyTooLarge as error:
        raise ApiError(413, 2001, "Invalid Input Provided", [error.message.removesuffix(".")]) from None


async def _http_error(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 405:
        return refusal(ApiError(405, 2100, "Method Not Allowed", ["This address does not take that method."]))
    return refusal(missing_route())


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].lower()
