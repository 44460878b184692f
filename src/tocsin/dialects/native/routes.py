"""`/api/v1`: services and teams with what only Tocsin knows of them: links, owner, component; lead and chat group.

Decides what an answer looks like and which fields a change may hold. What is valid, and who may change it, the engine
says. A PATCH changes what it names and nothing else, so clients of other dialects never meet it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tocsin.dialects._kit.auth import Caller, caller, secret_in
from tocsin.dialects._kit.body import BodyRefused, admit, collected
from tocsin.dialects._kit.parse import NotJson, read_json
from tocsin.dialects.native.description import description
from tocsin.directory.model import Service, Team
from tocsin.engine.config import Config
from tocsin.engine.reading import may_read, readable
from tocsin.engine.things import SaveThing
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
from tocsin.kernel.limits import BODY_BYTES
from tocsin.kernel.wording import plain_text
from tocsin.runtime.desk import Desk

SCHEMES: Final = frozenset({"bearer", "token", "geniekey", "oauth"})
"""One API key works in every dialect's own header, and so in ours."""

OF_SERVICE: Final = ("runbook_url", "dashboard_url", "repository_url", "owner_team_id", "component")
OF_TEAM: Final = ("lead_id", "chat_group")
"""What may be set here: texts, or null for none."""

DEFAULT: Final = 100
MOST: Final = 500
"""Things on one page of a list."""

STATUS: Final[Mapping[type[TocsinError], int]] = {
    BodyRefused: 400,
    Invalid: 422,
    NotFound: 404,
    NotAllowed: 403,
    NotSignedIn: 401,
    Conflict: 409,
    TooMany: 429,
    Unavailable: 503,
}


@dataclass(frozen=True, slots=True)
class Call:
    """One request by somebody who is known."""

    desk: Desk
    config: Config
    caller: Caller
    path: Mapping[str, str]
    query: Mapping[str, str]
    encoding: str | None
    raw: bytes

    def may_read(self, thing: Service | Team) -> bool:
        """Whether the caller may look at it."""
        return may_read(self.config, self.caller.standing, thing, own_id=self.caller.user_id)

    def change(self, kind: str, thing: Any, allowed: tuple[str, ...]) -> Any:
        """The thing after the changes of the body. Raises Invalid, NotAllowed, Conflict."""
        changes = self._changes(allowed)
        if not changes:
            return thing
        command = SaveThing(thing_kind=kind, thing=replace(thing, **changes), fields=tuple(changes))
        return self.desk.run(self.caller.actor, command)

    def _changes(self, allowed: tuple[str, ...]) -> dict[str, str | None]:
        try:
            body = read_json(admit(self.encoding, self.raw))[1]
        except NotJson as error:
            raise Invalid(error.message) from None
        if not isinstance(body, dict):
            raise Invalid("The body must be a JSON object.")
        found = [f"{name[:80]} can't be set here" for name in body if name not in allowed]
        found += [
            f"{name} must be a text or null"
            for name in allowed
            if name in body and body[name] is not None and not isinstance(body[name], str)
        ]
        if found:
            raise Invalid("The body holds what can't be set.", details=found)
        return {name: (body[name] or "").strip() or None for name in allowed if name in body}

    def page(self, things: list[Any]) -> tuple[list[Any], str | None]:
        """One page of things that are in the order of their ids, and after which id the next one begins."""
        after, limit = self.query.get("after", ""), self.query.get("limit", "")
        if limit and not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:9]) <= MOST):
            raise Invalid(f"limit must be 1 to {MOST}")
        most = int(limit) if limit else DEFAULT
        rest = [one for one in things if one.id > after]
        return rest[:most], rest[most - 1].id if len(rest) > most else None


Handler: TypeAlias = Callable[[Call], Any]


def services(call: Call) -> Any:
    """GET /services: those that the caller may see, by id; `name` narrows to the one called so."""
    return _listed(call, "services", call.config.services.values(), _service)


def service(call: Call) -> Any:
    """GET /services/{id}."""
    return _service(_found(call, call.config.services, "service"))


def change_service(call: Call) -> Any:
    """PATCH /services/{id}."""
    return _service(call.change("service", _found(call, call.config.services, "service"), OF_SERVICE))


def teams(call: Call) -> Any:
    """GET /teams."""
    return _listed(call, "teams", call.config.teams.values(), _team)


def team(call: Call) -> Any:
    """GET /teams/{id}."""
    return _team(_found(call, call.config.teams, "team"))


def change_team(call: Call) -> Any:
    """PATCH /teams/{id}."""
    return _team(call.change("team", _found(call, call.config.teams, "team"), OF_TEAM))


def openapi(_call: Call) -> Any:
    """GET /openapi.json."""
    return description()


def _found(call: Call, things: Mapping[str, Any], word: str) -> Any:
    thing = things.get(call.path["id"])
    if thing is None or not call.may_read(thing):
        raise NotFound(f"There is no such {word}.")
    return thing


def _listed(call: Call, name: str, things: Any, write: Callable[[Any], Any]) -> Any:
    seen = readable(call.config, call.caller.standing, things, own_id=call.caller.user_id)
    wanted = call.query.get("name", "")
    seen = sorted((one for one in seen if not wanted or one.name == wanted), key=lambda one: one.id)
    page, following = call.page(seen)
    return {name: [write(one) for one in page], "next": following}


def _service(one: Service) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "runbook": one.runbook or None,
        **{name: getattr(one, name) for name in OF_SERVICE},
    }


def _team(one: Team) -> dict[str, Any]:
    return {"id": one.id, "name": one.name, **{name: getattr(one, name) for name in OF_TEAM}}


ROUTES: Final[tuple[tuple[str, Mapping[str, Handler]], ...]] = (
    ("/openapi.json", {"GET": openapi}),
    ("/services", {"GET": services}),
    ("/services/{id}", {"GET": service, "PATCH": change_service}),
    ("/teams", {"GET": teams}),
    ("/teams/{id}", {"GET": team, "PATCH": change_team}),
)
"""Path -> method -> handler."""


def create(desk: Desk) -> Starlette:
    """The application, to be mounted under `/api/v1`."""
    return Starlette(
        routes=[Route(path, _endpoint(desk, handlers), methods=list(handlers)) for path, handlers in ROUTES],
        exception_handlers={404: _nothing_here, 405: _nothing_here},
    )


def _endpoint(desk: Desk, handlers: Mapping[str, Handler]) -> Callable[..., object]:
    async def endpoint(request: Request) -> Response:
        try:
            raw = await collected(request.stream(), BODY_BYTES) if request.method == "PATCH" else b""
        except TocsinError as error:
            return _refusal(error)
        return await run_in_threadpool(_answer, desk, request, handlers, raw)

    return endpoint


def _answer(desk: Desk, request: Request, handlers: Mapping[str, Handler], raw: bytes) -> Response:
    try:
        config = desk.config()
        call = Call(
            desk=desk,
            config=config,
            caller=caller(config, secret_in(request.headers.get("authorization"), SCHEMES)),
            path=request.path_params,
            query=request.query_params,
            encoding=request.headers.get("content-encoding"),
            raw=raw,
        )
        return _json(handlers["GET" if request.method == "HEAD" else request.method](call))
    except TocsinError as error:
        return _refusal(error)


def _refusal(error: TocsinError) -> Response:
    status = getattr(error, "status", None) or next(
        (status for kind, status in STATUS.items() if isinstance(error, kind)), 500
    )
    if error.reason == "too_large":
        status = 413
    response = _json({"error": {"code": error.code, "message": error.message, "details": list(error.details)}}, status)
    if isinstance(error, Unavailable):
        response.headers["retry-after"] = "5"
    return response


async def _nothing_here(_request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    message = "This address does not take that method." if status == 405 else "There is nothing at this address."
    return _json({"error": {"code": "not_found", "message": message, "details": []}}, status)


def _json(value: Any, status: int = 200) -> Response:
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    return Response(msgspec.json.encode(value, enc_hook=plain_text), status, headers, "application/json")
