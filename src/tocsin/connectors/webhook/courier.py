"""Brings what a subscription is told to its address. Decides what an answer means for the delivery, never its bytes.

Its rules are those that receivers of such events know: 5 s to answer 2xx; what may pass is tried again; what will not
is dropped. Redirects are never followed, and the guard of `_kit.egress` sees every address.
"""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from tocsin.connectors._kit.contract import Ticks
from tocsin.connectors._kit.egress import Target, parse_target
from tocsin.connectors._kit.failures import ExchangeFailed
from tocsin.connectors._kit.http import HttpAnswer, HttpClient
from tocsin.connectors._kit.resolve import Resolver
from tocsin.connectors._kit.text import detail, quote, retry_after
from tocsin.connectors.webhook.oauth import Login, Tokens
from tocsin.connectors.webhook.settings import WebhookSettings
from tocsin.deliveries.model import DeliveryResult
from tocsin.directory.urls import without_credentials
from tocsin.kernel.time import Moment

ANSWER_SECONDS = 5.0
"""A receiver answers within this time, and does its work afterwards."""

_UNAUTHORIZED = 401
_TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of one attempt. `detail` is fit to be shown; `status` is None when there was no answer."""

    result: DeliveryResult
    detail: str
    status: int | None = None
    retry_after_seconds: int | None = None


class WebhookCourier:
    """POSTs bodies that are signed already. May be used from any thread."""

    def __init__(
        self,
        settings: WebhookSettings,
        ticks: Ticks,
        *,
        resolver: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
        seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._http = HttpClient(ticks, policy=settings.egress, resolver=resolver, tls=tls, seconds=seconds)
        self._tokens = Tokens(self._http, ticks)

    def bring(
        self,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        now: Moment,
        *,
        secrets: Iterable[str] = (),
        login: Login | None = None,
    ) -> Brought:
        """One attempt. A user name and password in the URL become a header. `secrets` show in no detail.

        With a `login` it goes with an access token instead; one that is refused (401) is fetched anew, once.
        """
        plain_url, credentials = without_credentials(url)
        sent, hidden = dict(headers), [*secrets, *credentials.split(":", 1)]
        if credentials and not any(name.lower() == "authorization" for name in sent):
            sent["Authorization"] = f"Basic {base64.b64encode(unquote(credentials).encode()).decode()}"
        try:
            if login is None:
                answer = self._http.post(parse_target(plain_url), sent, body)
            else:
                answer = self._with_token(parse_target(plain_url), sent, body, login, hidden)
        except ExchangeFailed as failure:
            result = DeliveryResult.DROPPED if failure.hopeless else DeliveryResult.RETRY
            return Brought(result, detail(failure.detail, hidden))
        return _meaning(answer, now, hidden)

    def sign_in(self, login: Login) -> str:
        """Whether these credentials get a token: why they don't, without secrets; "" if they do."""
        try:
            self._tokens.take(login)
        except ExchangeFailed as failure:
            return failure.detail
        return ""

    def _with_token(
        self, target: Target, headers: Mapping[str, str], body: bytes, login: Login, hidden: list[str]
    ) -> HttpAnswer:
        plain = {name: value for name, value in headers.items() if name.lower() != "authorization"}
        token = self._tokens.take(login)
        hidden += [login.secret, token]
        answer = self._http.post(target, {**plain, "Authorization": f"Bearer {token}"}, body)
        if answer.status != _UNAUTHORIZED:
            return answer
        self._tokens.forget(login, token)
        token = self._tokens.take(login)
        hidden.append(token)
        return self._http.post(target, {**plain, "Authorization": f"Bearer {token}"}, body)

    def close(self) -> None:
        """Close kept connections."""
        self._http.close()


def _meaning(answer: HttpAnswer, now: Moment, secrets: list[str]) -> Brought:
    said = f"the receiver answered {answer.status}"
    if 200 <= answer.status <= 299:
        return Brought(DeliveryResult.DELIVERED, said, answer.status)
    if words := quote(answer.body):
        said = f"{said}: {words}"
    if answer.status >= 500 or answer.status == _TOO_MANY:
        wish = retry_after(answer.headers.get("retry-after"), now)
        return Brought(DeliveryResult.RETRY, detail(said, secrets), answer.status, wish)
    return Brought(DeliveryResult.DROPPED, detail(said, secrets), answer.status)
