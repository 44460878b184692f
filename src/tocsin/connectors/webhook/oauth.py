"""Access tokens for receivers that want OAuth: fetched with a client's credentials, kept until they run out.

Decides when a token is asked for anew, never who is sent what with it. Tokens live in memory only. The token's address
passes the same guard as every other (`_kit.egress`).
Rules: RFC 6749, sections 2.3.1 (the credentials stand in the form, as the vendor sends them), 4.4 and 5.1.
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from urllib.parse import urlencode

from tocsin.connectors._kit.contract import Reason, Ticks
from tocsin.connectors._kit.egress import parse_target
from tocsin.connectors._kit.failures import ExchangeFailed, not_sent
from tocsin.connectors._kit.http import HttpAnswer, HttpClient
from tocsin.connectors._kit.text import detail, quote

LEEWAY_SECONDS = 30.0
"""A token that runs out within this time is not used any more: the receiver's clock may be ahead."""

UNSAID_SECONDS = 300.0
"""How long a token is used whose answer does not say how long it lives."""

LONGEST_SECONDS = 86_400.0

_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")


@dataclass(frozen=True, slots=True)
class Login:
    """Credentials, and where they get a token."""

    token_url: str
    client_id: str
    secret: str = field(repr=False)
    scope: str = ""


@dataclass(frozen=True, slots=True)
class _Held:
    token: str
    until: float


class Tokens:
    """The tokens of every login. May be used from any thread."""

    def __init__(self, http: HttpClient, ticks: Ticks) -> None:
        self._http = http
        self._ticks = ticks
        self._lock = threading.Lock()
        self._held: dict[Login, _Held] = {}

    def take(self, login: Login) -> str:
        """A token that is good for now. Raises ExchangeFailed, its detail without secrets."""
        with self._lock:
            held = self._held.get(login)
        if held is not None and self._ticks() < held.until:
            return held.token
        fresh = self._fetch(login)
        with self._lock:
            now = self._ticks()
            self._held = {one: kept for one, kept in self._held.items() if now < kept.until}
            self._held[login] = fresh
        return fresh.token

    def forget(self, login: Login, token: str) -> None:
        """The receiver refused this token: the next one is a new one."""
        with self._lock:
            held = self._held.get(login)
            if held is not None and held.token == token:
                del self._held[login]

    def _fetch(self, login: Login) -> _Held:
        form = {"grant_type": "client_credentials", "client_id": login.client_id, "client_secret": login.secret}
        if login.scope:
            form["scope"] = login.scope
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        asked = self._ticks()
        try:
            answer = self._http.post(parse_target(login.token_url), headers, urlencode(form).encode())
        except ExchangeFailed as failure:
            # Nothing was asked for but a token: to ask again is always safe.
            said = detail(f"no access token: {failure.detail}", (login.secret,))
            raise not_sent(failure.reason, said, hopeless=failure.hopeless) from failure
        return _read(answer, asked, login)


def _read(answer: HttpAnswer, asked: float, login: Login) -> _Held:
    if not 200 <= answer.status <= 299:
        said = f"no access token: the token server answered {answer.status}"
        if words := quote(answer.body):
            said = f"{said}: {words}"
        raise not_sent(Reason.CREDENTIALS, detail(said, (login.secret,)))
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        body = None
    token = body.get("access_token") if isinstance(body, dict) else None
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise not_sent(Reason.CREDENTIALS, "no access token: the token server's answer holds none")
    if str(body.get("token_type", "bearer")).lower() != "bearer":
        raise not_sent(Reason.CREDENTIALS, "no access token: the token server gives another type than bearer")
    lives = body.get("expires_in")
    known = isinstance(lives, int | float) and not isinstance(lives, bool) and lives > 0
    seconds = float(min(lives, LONGEST_SECONDS)) if known else UNSAID_SECONDS
    return _Held(token, asked + seconds - LEEWAY_SECONDS)
