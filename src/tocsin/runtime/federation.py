"""Signing in by the company's identity provider (OpenID Connect): the way there, the way back, who comes in.

Decides what an account at the provider leads to, by the engine's command `Admit`. How the provider is talked to and
its tokens are checked is the connector's (`connectors.oidc`). Never opens a session.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from tocsin.directory.groups import Grant, granted
from tocsin.directory.model import Role, User
from tocsin.engine.admission import admission
from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.kernel.errors import Conflict, Invalid, NotSignedIn, TocsinError, Unavailable
from tocsin.kernel.time import DAY, MINUTE, Span
from tocsin.runtime.attempts import PROVIDER_HERE, STARTS_HERE, Visitor
from tocsin.runtime.sign_in_ground import Ground, SecurityEvent, digest_of
from tocsin.storage.edge import ONCE

WAY_LIFE: Final[Span] = 15 * MINUTE
"""How long one may take at the provider."""

_WAY: Final = "provider"
_ENDED: Final = f"{ONCE}provider-ended"
_BY_PROVIDER: Final = Actor(ActorKind.SYSTEM, "", Via.WEB)
_AGAIN: Final = "This sign-in was not begun in this browser, was ended, or took too long. Start again."


@dataclass(frozen=True, slots=True)
class Arrival:
    """Whom the provider vouches for. `email`: only one that it answers for. `groups` as it names them.

    `id_token` is what it is shown when it shall end its own session, `sid` how it calls that ("" = it does not say).
    """

    issuer: str
    subject: str
    email: str = ""
    name: str = ""
    groups: tuple[str, ...] = ()
    sid: str = ""
    id_token: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """What the provider says has ended: its session `sid`, or with "" all of `subject`. `id` names the notice."""

    subject: str
    sid: str
    id: str


class Provider(Protocol):
    """The identity provider. Every call is bounded in time and size and raises Unavailable when it does not answer."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def issuer(self) -> str:
        """Its identifier."""

    def way_there(self, *, state: str, nonce: str, challenge: str, again: bool) -> str:
        """Where the browser goes. `again`: the person is to prove who they are even if they are signed in there."""

    def arrive(self, *, code: str, verifier: str, nonce: str, issuer: str, again: bool) -> Arrival:
        """Whom the code stands for. `issuer`: what the way back said of it; `again`: see `way_there`.

        Raises NotSignedIn for what is wrong.
        """

    def way_out(self, id_token: str) -> str:
        """Where the browser ends the provider's own session; "" when it offers nothing."""

    def ended(self, token: str) -> Ended:
        """What a notice of the provider says. Raises Invalid for one that is not right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What an account at the provider leads to. `links`: to somebody here with its mail address; `makes`: a person."""

    links: bool = True
    makes: bool = False
    role: Role = Role.RESPONDER
    grants: tuple[Grant, ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    """A way to the provider: where the browser goes, and the secret that binds the way back to it."""

    url: str
    token: str


@dataclass(frozen=True, slots=True)
class Came:
    """Who came back, as whom they come in, and where they wanted to go."""

    user: User
    arrival: Arrival
    next_path: str


class Federation:
    """The one provider of this installation. Safe to use from many threads."""

    def __init__(self, ground: Ground, provider: Provider, rules: Rules) -> None:
        self._ground = ground
        self.provider = provider
        self.rules = rules

    def begin(self, next_path: str, visitor: Visitor, *, again: bool = False) -> Way:
        """Begin a way to the provider. Raises Unavailable when it is out of reach, TooMany."""
        ground, now = self._ground, self._ground.clock.now()
        ground.attempts.count([(STARTS_HERE, visitor.network)], now)
        token, state, nonce = ground.ids.token(), ground.ids.token(), ground.ids.token()
        verifier = ground.ids.token() + ground.ids.token()
        digest = hashlib.sha256(verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        url = self.provider.way_there(state=state, nonce=nonce, challenge=challenge, again=again)
        kept = {"state": state, "nonce": nonce, "verifier": verifier, "next": next_path, "again": "1" if again else ""}
        ground.store.begin(digest_of(token), _WAY, json.dumps(kept), now + WAY_LIFE)
        return Way(url, token)

    def come(self, token: str, answer: Mapping[str, str], visitor: Visitor) -> Came:
        """Who came back with this answer in the address. Each way is good for one coming back.

        Raises NotSignedIn in words for the person, Unavailable when the provider is out of reach, TooMany.
        """
        now = self._ground.clock.now()
        self._ground.attempts.check(PROVIDER_HERE, visitor.network, now)
        try:
            return self._come(token, answer, visitor)
        except NotSignedIn:
            self._ground.attempts.add(PROVIDER_HERE, visitor.network, now)
            raise

    def _come(self, token: str, answer: Mapping[str, str], visitor: Visitor) -> Came:
        way = self._taken(token, answer.get("state", ""))
        if answer.get("error"):
            raise NotSignedIn(_refused(self.provider.name, answer["error"]), reason="provider")
        code = answer.get("code", "")
        if not code:
            raise NotSignedIn(_AGAIN, reason="way")
        arrival = self.provider.arrive(
            code=code,
            verifier=way["verifier"],
            nonce=way["nonce"],
            issuer=answer.get("iss", ""),
            again=bool(way["again"]),
        )
        return Came(self._admitted(arrival, visitor), arrival, way["next"])

    def _taken(self, token: str, state: str) -> dict[str, str]:
        kept = self._ground.store.end_begun(digest_of(token), _WAY, self._ground.clock.now()) if token else None
        way: dict[str, str] = json.loads(kept) if kept is not None else {}
        if not way or not hmac.compare_digest(way["state"].encode(), state.encode("utf-8", "replace")):
            raise NotSignedIn(_AGAIN, reason="way")
        return way

    def _admitted(self, arrival: Arrival, visitor: Visitor) -> User:
        """The person, with what the provider's groups give them.

        While the engine is away, somebody who is known already comes in as they were.
        """
        rules, ground = self.rules, self._ground
        given = granted(rules.grants, arrival.groups, rules.role)
        command = replace(
            admission(arrival.issuer, arrival.subject, given),
            email=arrival.email,
            name=arrival.name,
            may_link=rules.links,
            may_make=rules.makes,
            first_role=rules.role,
        )
        try:
            value: dict[str, Any] = ground.desk.run(_BY_PROVIDER, command)
        except Unavailable:
            known = ground.config.identity_by_subject.get((arrival.issuer, arrival.subject))
            user = ground.config.users.get(known.user_id) if known is not None else None
            if user is None or not user.active:
                raise
            return user
        except NotSignedIn:
            raise
        except (Conflict, Invalid) as error:
            raise NotSignedIn(_not_let_in(error), reason="admission") from error
        user = ground.config.users[value["user_id"]]
        for note in value["notes"]:
            ground.note(user, SecurityEvent.PROVIDER, visitor, note)
        return user

    def end_by_notice(self, token: str) -> int:
        """End the sessions that the provider says have ended. Returns how many. Raises Invalid, Unavailable."""
        ended, now = self.provider.ended(token), self._ground.clock.now()
        if not self._ground.store.raise_mark(f"{_ENDED}:{digest_of(ended.id)}", 1, now + DAY):
            raise Invalid("This notice came before.", reason="replayed")
        return self._ground.store.end_provider_sessions(ended.subject, ended.sid)


def _refused(name: str, error: str) -> str:
    if error == "access_denied":
        return f"{name} did not let you in, or you cancelled there."
    word = "".join(letter for letter in error[:60] if letter.isascii() and (letter.isalnum() or letter in "_-"))
    return f"{name} answered: {word or 'an error'}. Try again, or sign in another way."


def _not_let_in(error: TocsinError) -> str:
    said = "; ".join(error.details) or error.message
    return f"Your account could not be set up here: {said}. Ask an owner."
