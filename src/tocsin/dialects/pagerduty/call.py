"""One request on its way through: who asks, what with, and what it is answered with.

Decides the order of checks that all paths share: credential first, then rate, then body. Never what a path means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import msgspec
from starlette.datastructures import Headers, QueryParams
from starlette.responses import Response

from tocsin.dialects._kit.auth import Caller
from tocsin.dialects._kit.body import admit
from tocsin.dialects._kit.parse import read_json
from tocsin.dialects.pagerduty import pages
from tocsin.dialects.pagerduty.auth import requester
from tocsin.dialects.pagerduty.errors import ApiError, invalid, not_found
from tocsin.dialects.pagerduty.read.fields import Fields
from tocsin.dialects.pagerduty.write.refs import Links
from tocsin.directory.business import BusinessService
from tocsin.directory.model import Service, Team, User
from tocsin.directory.permissions import Verb, may
from tocsin.directory.subscriptions import OAuthClient
from tocsin.engine.config import Config
from tocsin.engine.reading import Readable, may_read, readable
from tocsin.engine.things import DeleteThing, SaveThing
from tocsin.escalation.model import Policy
from tocsin.events.orchestration import Orchestration
from tocsin.kernel.actor import Actor, ActorKind
from tocsin.kernel.decision import Command
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import plain_text
from tocsin.oncall import Schedule
from tocsin.runtime.desk import Desk
from tocsin.runtime.reads import Reads
from tocsin.runtime.sessions import Sessions

T = TypeVar("T")
R = TypeVar("R", User, Team, Service, Schedule, Policy, Orchestration, BusinessService)

_ENCODER = msgspec.json.Encoder(enc_hook=plain_text)

RETRY_AFTER = "5"
"""Seconds after which a client that can't be answered now is asked to come again."""


SignIn: TypeAlias = Callable[[OAuthClient], str]
"""Tries whether a client gets an access token, within 5 s: why it does not, or ""."""


@dataclass(slots=True)
class Call:
    """A request whose sender is known. `config` is the configuration as of its beginning, or of its last write."""

    desk: Desk
    reads: Reads
    config: Config
    caller: Caller
    now: Moment
    links: Links
    method: str
    path: Mapping[str, str]
    query: QueryParams
    headers: Headers
    raw: bytes
    sign_in: SignIn = lambda _client: ""
    sessions: Sessions | None = None
    included: frozenset[str] = field(default_factory=frozenset)

    # -- the body

    def fields(self, name: str) -> Fields:
        """The object of the body, wrapped as `{name: {...}}` or bare. Raises ApiError for anything else."""
        body = self.body()
        inner = body.get(name)
        if inner is None:
            if name in body:
                raise invalid([f"{name} must be an object"])
            return Fields(body)
        if not isinstance(inner, dict):
            raise invalid([f"{name} must be an object"])
        return Fields(inner)

    def body(self) -> dict[str, Any]:
        """The whole body, an object. An empty one is refused: clients that repeat a write may have lost theirs."""
        if not self.raw.strip():
            raise invalid(["The request has no body"])
        content = admit(self.headers.get("content-encoding"), self.raw)
        value = read_json(content)[1]
        if not isinstance(value, dict):
            raise invalid(["The body must be a JSON object"])
        return value

    # -- the query

    def many(self, name: str) -> tuple[str, ...]:
        """The values of `name[]`, also when sent as `name` or with a number in the brackets."""
        values = [value for key, value in self.query.multi_items() if key in (f"{name}[]", name)]
        values += [value for key, value in self.query.multi_items() if key.startswith(f"{name}[") and key[-2:] != "[]"]
        return tuple(dict.fromkeys(values))

    def flag(self, name: str) -> bool:
        """A boolean parameter."""
        return self.query.get(name, "").lower() in ("true", "1")

    def window(self, default: int = pages.DEFAULT) -> pages.Window:
        """The part of a list that was asked for."""
        return pages.window(self.query, default)

    # -- what may be seen and done

    def may(self, verb: Verb, team_ids: Iterable[str] = ()) -> bool:
        """Whether the caller may do `verb` to things of these teams."""
        return may(self.caller.standing, verb, team_ids)

    def sees(self, team_ids: Iterable[str]) -> bool:
        """Whether the caller may look at a thing of these teams."""
        return may(self.caller.standing, Verb.READ, team_ids)

    def may_read(self, thing: Readable) -> bool:
        """Whether the caller may look at this thing."""
        return may_read(self.config, self.caller.standing, thing, own_id=self._own_id())

    def readable(self, things: Iterable[R]) -> list[R]:
        """Those of the things that the caller may look at: for long lists quicker than to ask for each."""
        return readable(self.config, self.caller.standing, things, own_id=self._own_id())

    def _own_id(self) -> str:
        actor = self.caller.actor
        return self.caller.user_id or (actor.id if actor.kind is ActorKind.USER else "")

    def found(self, thing: T | None, *, seen: bool = True) -> T:
        """The thing, if it is there and may be seen. Raises ApiError 404."""
        if thing is None or not seen:
            raise not_found()
        return thing

    def requester(self) -> Actor:
        """Whom a write to an incident is given as. Raises ApiError 1008."""
        return requester(self.caller, self.config, self.headers.get("from", ""))

    # -- writing

    def run(self, command: Command, actor: Actor | None = None) -> Any:
        """Have the engine run a command; afterwards `config` is as new as its result."""
        value = self.desk.run(actor or self.caller.actor, command)
        self.config = self.desk.config()
        return value

    def save(self, kind: str, thing: Any, fields: Iterable[str] = (), *, seen_at: Moment | None = None) -> Any:
        """Create a thing, or set these fields of one; returns it as stored.

        `seen_at`: the `updated_at` of what the values were made from. If it has changed since, the handler is called
        again, with the configuration as it is then: until this save it must have written nothing that counts twice.
        """
        return self.run(SaveThing(thing_kind=kind, thing=thing, fields=tuple(fields), seen_at=seen_at))

    def delete(self, kind: str, thing_id: str) -> Response:
        """Remove a thing; answers 204."""
        self.run(DeleteThing(thing_kind=kind, thing_id=thing_id))
        return nothing()

    # -- answering

    def listed(self, name: str, items: Sequence[T], render: Any, default: int = pages.DEFAULT) -> Response:
        """One page of a list that is in memory."""
        part, keys = self.window(default).cut(items)
        return answer({name: [render(item) for item in part], **keys})


Handler: TypeAlias = Callable[[Call], Response]
"""What serves one method of a path."""

Routes: TypeAlias = tuple[tuple[str, Mapping[str, Handler]], ...]
"""Path -> method -> handler. Longer paths stand before those that would swallow them."""


def answer(value: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(_ENCODER.encode(value), status, media_type="application/json; charset=utf-8")


def nothing() -> Response:
    """204."""
    return Response(status_code=204)


def refusal(error: ApiError) -> Response:
    """The answer of an error; one that may be gone in a moment says when to come again."""
    response = answer(error.body(), error.status)
    if error.status == 503:
        response.headers["retry-after"] = RETRY_AFTER
    return response


def named(items: Iterable[T], query: str) -> list[T]:
    """Things whose name holds the query, letters of either case; equal names first, then by name.

    Some clients read the first page only: what they look for has to be on it.
    """
    wanted = query.strip().casefold()
    found = sorted(items, key=lambda item: item.id)  # type: ignore[attr-defined]
    # Texts as keys, not tuples: ten thousand of those have the whole memory searched for garbage.
    found.sort(key=lambda item: item.name.casefold())  # type: ignore[attr-defined]
    if not wanted:
        return found
    found = [item for item in found if wanted in item.name.casefold()]  # type: ignore[attr-defined]
    return sorted(found, key=lambda item: item.name.casefold() != wanted)  # type: ignore[attr-defined]
