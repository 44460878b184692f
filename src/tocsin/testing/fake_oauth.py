"""A fake token server (RFC 6749, client credentials): knows its clients and which of its tokens are still good."""

from __future__ import annotations

import ssl
import threading
from dataclasses import dataclass, field

from tocsin.kernel.time import SECOND, Moment
from tocsin.testing.fake_http import Clock, FakeAnswer, FakeHttpServer, FakeRequest, FaultScript, json_answer
from tocsin.testing.fake_server import StartStop


@dataclass(frozen=True, slots=True)
class Issued:
    """A token that was given out."""

    token: str
    client_id: str
    scope: str
    until: Moment


@dataclass(slots=True)
class FakeClient:
    """A client that the server knows."""

    secret: str
    scopes: frozenset[str] = field(default_factory=frozenset)


class FakeTokenServer(StartStop):
    """Gives bearer tokens that live `lives_seconds`; `revoke` ends those that are out."""

    def __init__(self, clock: Clock, *, lives_seconds: int = 3600, tls: ssl.SSLContext | None = None) -> None:
        self.clients: dict[str, FakeClient] = {}
        self.issued: list[Issued] = []
        self.refused: list[str] = []  # why
        self.faults = FaultScript()
        self.lives_seconds = lives_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._revoked: set[str] = set()
        self._http = FakeHttpServer(lambda request: self.faults.around(lambda: self._give(request)), clock, tls=tls)

    @property
    def url(self) -> str:
        """Where tokens are asked for."""
        return f"{self._http.url}/oauth_token.do"

    def start(self) -> None:
        """Begin to serve."""
        self._http.start()

    def stop(self) -> None:
        """Stop serving."""
        self._http.stop()

    def revoke(self) -> None:
        """Every token that is out is good no more."""
        with self._lock:
            self._revoked |= {one.token for one in self.issued}

    def is_good(self, authorization: str) -> bool:
        """Whether a request with this header comes with a token that is still good."""
        kind, _, token = authorization.partition(" ")
        with self._lock:
            return kind == "Bearer" and any(
                one.token == token and self._clock() < one.until and token not in self._revoked for one in self.issued
            )

    def _give(self, request: FakeRequest) -> FakeAnswer:
        form = dict(request.form())
        with self._lock:
            why = self._objection(request, form)
            if why:
                self.refused.append(why)
                return json_answer({"error": why}, 401 if why == "invalid_client" else 400)
            until = self._clock() + self.lives_seconds * SECOND
            scope = form.get("scope", "")
            one = Issued(f"token-{len(self.issued) + 1}-of-{form['client_id']}", form["client_id"], scope, until)
            self.issued.append(one)
            return json_answer({"access_token": one.token, "token_type": "Bearer", "expires_in": self.lives_seconds})

    def _objection(self, request: FakeRequest, form: dict[str, str]) -> str:
        if request.method != "POST" or form.get("grant_type") != "client_credentials":
            return "unsupported_grant_type"
        client = self.clients.get(form.get("client_id", ""))
        if client is None or form.get("client_secret") != client.secret:
            return "invalid_client"
        return "" if set(form.get("scope", "").split()) <= client.scopes else "invalid_scope"
