"""Texts and calls through Twilio's two endpoints, or a service of the same shape. Decides the forms, never the words.

There is no idempotency key at the provider: when an answer is lost the outcome is UNKNOWN, and a receipt that comes
for the message's token later shows that it did go out.
"""

from __future__ import annotations

import base64
import json
import re
import ssl
from typing import Any
from urllib.parse import urlencode

from tocsin.connectors._kit.contract import TOTAL_SECONDS, OutboundMessage, Outcome, Reason, SendResult, Ticks
from tocsin.connectors._kit.egress import EgressPolicy, Target
from tocsin.connectors._kit.failures import ExchangeFailed, refused
from tocsin.connectors._kit.http import HttpAnswer, HttpClient
from tocsin.connectors._kit.resolve import Resolver
from tocsin.connectors._kit.text import detail, quote, retry_after
from tocsin.connectors.sms_voice import gsm7
from tocsin.connectors.sms_voice.errors import meaning
from tocsin.connectors.sms_voice.settings import PhoneSettings
from tocsin.connectors.sms_voice.urls import status_url, voice_url
from tocsin.connectors.sms_voice.voice import one_way
from tocsin.directory.model import Channel
from tocsin.kernel.time import Moment

SEGMENTS = 2
"""A text costs by the segment, and a storm through one number goes out at one segment a second."""

_NUMBER = re.compile(r"\+[1-9]\d{1,14}")
_CALL_EVENTS = ("initiated", "ringing", "answered", "completed")


class PhoneSender:
    """Sends texts and places calls."""

    channels = frozenset({Channel.SMS, Channel.VOICE})

    def __init__(
        self,
        settings: PhoneSettings,
        ticks: Ticks,
        *,
        policy: EgressPolicy | None = None,
        resolver: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
        seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._settings = settings
        self._http = HttpClient(ticks, policy=policy, resolver=resolver, tls=tls, seconds=seconds)
        self._basic = base64.b64encode(f"{settings.account_sid}:{settings.auth_token}".encode()).decode()

    def send(self, message: OutboundMessage, now: Moment) -> SendResult:
        """Hand it to the provider. UNKNOWN when the connection broke after it had the whole request."""
        secrets = (self._settings.auth_token, self._basic, message.callback_token, message.ack_url)
        try:
            resource, fields = request(message, self._settings)
            answer = self._http.post(self._target(resource), self._headers(), urlencode(fields).encode())
        except ExchangeFailed as failure:
            return SendResult(failure.outcome, detail=detail(failure.detail, secrets), reason=failure.reason)
        return _result(answer, now, secrets)

    def close(self) -> None:
        """Close kept connections."""
        self._http.close()

    def _target(self, resource: str) -> Target:
        base = self._settings.base
        return Target(base.scheme, base.host, base.port, f"{self._settings.account_path}/{resource}.json")

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Basic {self._basic}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
            "User-Agent": "Tocsin/1",
        }


def request(message: OutboundMessage, settings: PhoneSettings) -> tuple[str, list[tuple[str, str]]]:
    """The provider's resource and the form for it. Raises ExchangeFailed (REFUSED) if it can't work."""
    if not _NUMBER.fullmatch(message.address):
        raise refused(Reason.ADDRESS, "not a number in international form (+12025550101)")
    if message.channel is Channel.VOICE:
        return "Calls", _call(message, settings)
    return "Messages", _text(message, settings)


def text_body(message: OutboundMessage, *, answerable: bool) -> str:
    """What the text says: the alarm, cut to fit, and whole after it how to answer."""
    if answerable and message.reply_code:
        tail = f"\nReply {message.reply_code} to acknowledge, {message.reply_code}r to resolve."
    else:
        tail = f"\nAnswer: {message.ack_url}" if message.ack_url else ""
    return gsm7.fit(message.text, tail, SEGMENTS)


def _text(message: OutboundMessage, settings: PhoneSettings) -> list[tuple[str, str]]:
    by_service = settings.from_number.startswith("MG")
    fields = [
        ("To", message.address),
        ("MessagingServiceSid" if by_service else "From", settings.from_number),
        ("Body", text_body(message, answerable=bool(settings.public_url))),
        ("ValidityPeriod", str(settings.validity_seconds)),
    ]
    if settings.public_url and message.callback_token:
        fields.append(("StatusCallback", status_url(settings.public_url, message.callback_token)))
    return fields


def _call(message: OutboundMessage, settings: PhoneSettings) -> list[tuple[str, str]]:
    if not _NUMBER.fullmatch(settings.from_number):
        raise refused(Reason.CONFIGURATION, "calls need a sender's number of the form +12025550100")
    fields = [("To", message.address), ("From", settings.from_number), ("Timeout", str(settings.ring_seconds))]
    if settings.public_url and message.callback_token:
        fields += [
            ("Url", voice_url(settings.public_url, message.callback_token)),
            ("Method", "POST"),
            ("StatusCallback", status_url(settings.public_url, message.callback_token)),
            *(("StatusCallbackEvent", event) for event in _CALL_EVENTS),
        ]
    else:
        fields.append(("Twiml", one_way(settings, message.spoken or message.text)))
    if settings.detect_machines:
        fields.append(("MachineDetection", "Enable"))
    return fields


def _result(answer: HttpAnswer, now: Moment, secrets: tuple[str, ...]) -> SendResult:
    said = _json(answer.body)
    code = said.get("code")
    found = meaning(answer.status, code if isinstance(code, int) else None)
    if found.outcome is Outcome.SENT:
        return SendResult(Outcome.SENT, provider_id=quote(str(said.get("sid", ""))), detail="the provider took it")
    number = f"{answer.status}, error {code}" if isinstance(code, int) else str(answer.status)
    words = found.sentence or quote(str(said.get("message", "")))
    wait = retry_after(answer.headers.get("retry-after"), now) if found.outcome is Outcome.RETRY else None
    sentence = f"the provider answered {number}: {words}" if words else f"the provider answered {number}"
    return SendResult(found.outcome, detail=detail(sentence, secrets), retry_after_seconds=wait, reason=found.reason)


def _json(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
