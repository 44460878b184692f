"""Joins paging and connectors: what a SendMessage becomes for each channel, and what a sender's result means.

Decides which connectors are set up. Links and tokens are added here, so that no secret lies in the outbox.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tocsin.app.deliveries import egress
from tocsin.app.settings import AppSettings
from tocsin.app.tokens import Tokens
from tocsin.connectors._kit.contract import OutboundMessage, Outcome, Sender, SendResult
from tocsin.connectors.email.sender import EmailSender
from tocsin.connectors.email.settings import smtp_settings
from tocsin.connectors.sms_voice.sender import PhoneSender
from tocsin.connectors.sms_voice.settings import PhoneSettings, phone_settings
from tocsin.connectors.webhook.sender import WebhookSender
from tocsin.connectors.webhook.settings import WebhookSettings
from tocsin.directory.model import Channel
from tocsin.paging.messages import RecordAttempt, SendMessage
from tocsin.paging.model import Haste, Result
from tocsin.runtime.clock import Clock
from tocsin.runtime.senders import Carry

_RESULTS: Mapping[Outcome, Result] = {
    Outcome.SENT: Result.SENT,
    Outcome.RETRY: Result.RETRY,
    Outcome.REFUSED: Result.REFUSED,
    Outcome.UNKNOWN: Result.UNKNOWN,
}

NEEDED = {
    Channel.EMAIL: "TOCSIN_SMTP_URL",
    Channel.SMS: "TOCSIN_TWILIO_...",
    Channel.VOICE: "TOCSIN_TWILIO_...",
}
"""The settings without which a channel is not set up."""

ANSWER_PURPOSE = "answer"
"""Tokens in links of mail: they let their holder answer one message."""

CALLBACK_PURPOSE = "callback"
"""Tokens in addresses that the phone provider calls."""


def phone(settings: AppSettings) -> PhoneSettings | None:
    """The phone provider's settings, None when it is not set up. Raises Invalid when they are wrong."""
    twilio = settings.twilio
    if not twilio.account_sid:
        return None
    return phone_settings(
        twilio.account_sid,
        twilio.auth_token,
        twilio.from_number,
        base_url=twilio.base_url,
        public_url=settings.public_url or settings.base_url,
    )


def senders(settings: AppSettings, clock: Clock) -> dict[Channel, Sender]:
    """The connectors that are set up, by channel. Webhooks always are. Raises Invalid for wrong settings."""
    found: dict[Channel, Sender] = {Channel.WEBHOOK: WebhookSender(WebhookSettings(egress(settings)), clock.ticks)}
    if settings.smtp_url:
        found[Channel.EMAIL] = EmailSender(smtp_settings(settings.smtp_url, settings.mail_from), clock.ticks)
    phones = phone(settings)
    if phones is not None:
        found[Channel.SMS] = found[Channel.VOICE] = PhoneSender(phones, clock.ticks)
    return found


def carriers(settings: AppSettings, tokens: Tokens, clock: Clock) -> dict[Channel, Carry]:
    """For each channel a function that hands over one message and reports."""
    return {
        channel: _carry(sender, settings.base_url, tokens, clock)
        for channel, sender in senders(settings, clock).items()
    }


def _carry(sender: Sender, base_url: str, tokens: Tokens, clock: Clock) -> Callable[[SendMessage], RecordAttempt]:
    def carry(message: SendMessage) -> RecordAttempt:
        result = sender.send(_outbound(message, base_url, tokens, clock), clock.now())
        return _report(message, result, clock)

    return carry


def _outbound(message: SendMessage, base_url: str, tokens: Tokens, clock: Clock) -> OutboundMessage:
    now = clock.now()
    answerable = bool(message.incident_ids) or message.haste is Haste.TEST
    return OutboundMessage(
        id=message.message_id,
        channel=message.channel,
        address=message.address,
        subject=message.subject,
        text=message.text,
        spoken=message.spoken,
        incident_ids=message.incident_ids,
        incident_number=message.incident_number,
        reply_code=message.code if answerable else "",
        ack_url=f"{base_url}/a/{tokens.make(ANSWER_PURPOSE, message.message_id, now)}" if answerable else "",
        callback_token=tokens.make(CALLBACK_PURPOSE, message.message_id, now),
        secret=message.secret,
        payload=_payload(message, base_url) if message.channel is Channel.WEBHOOK else {},
        attempt=message.attempt,
    )


def _payload(message: SendMessage, base_url: str) -> dict[str, object]:
    return {
        "type": "page",
        "message_id": message.message_id,
        "attempt": message.attempt,
        "text": message.text,
        "incidents": [{"id": one, "url": f"{base_url}/incidents/{one}"} for one in message.incident_ids],
    }


def _report(message: SendMessage, result: SendResult, clock: Clock) -> RecordAttempt:
    return RecordAttempt(
        message_id=message.message_id,
        attempt=message.attempt,
        result=_RESULTS[result.outcome],
        provider_id=result.provider_id,
        detail=result.detail,
        retry_after_seconds=result.retry_after_seconds,
        finished_at=clock.now(),
    )
