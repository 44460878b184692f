"""Sends a page as a signed webhook. Decides the bytes on the wire; never what they say, and never where else to go."""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass

from tocsin.connectors._kit.contract import TOTAL_SECONDS, OutboundMessage, Outcome, Reason, SendResult, Ticks
from tocsin.connectors._kit.egress import parse_target
from tocsin.connectors._kit.failures import ExchangeFailed, refused
from tocsin.connectors._kit.http import HttpAnswer, HttpClient
from tocsin.connectors._kit.resolve import Resolver
from tocsin.connectors._kit.text import detail, quote, retry_after
from tocsin.connectors.webhook.settings import WebhookSettings
from tocsin.connectors.webhook.signing import secret_keys, sign
from tocsin.connectors.webhook.statuses import meaning
from tocsin.directory.model import Channel
from tocsin.kernel.time import SECOND, Moment


class WebhookSender:
    """POSTs the message's payload as JSON, with the headers of Standard Webhooks."""

    channels = frozenset({Channel.WEBHOOK})

    def __init__(
        self,
        settings: WebhookSettings,
        ticks: Ticks,
        *,
        resolver: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
        seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._settings = settings
        self._http = HttpClient(ticks, policy=settings.egress, resolver=resolver, tls=tls, seconds=seconds)

    def send(self, message: OutboundMessage, now: Moment) -> SendResult:
        """Deliver once. A lost answer is RETRY, not UNKNOWN: the receiver knows a repeat by its webhook-id."""
        try:
            request = build(message, now, self._settings)
            answer = self._http.post(parse_target(message.address), request.headers, request.body)
        except ExchangeFailed as failure:
            outcome = Outcome.RETRY if failure.outcome is Outcome.UNKNOWN else failure.outcome
            said = detail(failure.detail, _secrets(message))
            return SendResult(outcome, detail=said, reason=failure.reason)
        return _result(answer, message, now)

    def close(self) -> None:
        """Close kept connections."""
        self._http.close()


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """Headers and body as they are signed and sent."""

    headers: dict[str, str]
    body: bytes


def build(message: OutboundMessage, now: Moment, settings: WebhookSettings) -> WebhookRequest:
    """The request for this attempt. Raises ExchangeFailed when the secret or the payload can't be used."""
    try:
        keys = secret_keys(message.secret)
        body = json.dumps(dict(message.payload), separators=(",", ":"), allow_nan=False).encode()
    except (ValueError, TypeError) as error:
        raise refused(Reason.CONFIGURATION, f"not sent: {error}") from None
    seconds = now // SECOND
    headers = {
        "Content-Type": "application/json",
        "User-Agent": settings.user_agent,
        "webhook-id": message.id,
        "webhook-timestamp": str(seconds),
    }
    if keys:
        headers["webhook-signature"] = sign(keys, message.id, seconds, body)
    return WebhookRequest(headers, body)


def _result(answer: HttpAnswer, message: OutboundMessage, now: Moment) -> SendResult:
    outcome, reason = meaning(answer.status)
    said = f"the receiver answered {answer.status}"
    if outcome is not Outcome.SENT and (words := quote(answer.body)):
        said += f": {words}"
    wait = retry_after(answer.headers.get("retry-after"), now) if outcome is Outcome.RETRY else None
    return SendResult(outcome, detail=detail(said, _secrets(message)), retry_after_seconds=wait, reason=reason)


def _secrets(message: OutboundMessage) -> list[str]:
    secrets = message.secret.split()
    return [*secrets, *(secret.removeprefix("whsec_") for secret in secrets), message.callback_token, message.ack_url]
