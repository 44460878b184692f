"""Joins paging and connectors: what a SendMessage becomes for each channel, and what a sender's result means.

Asks anew for each message by which provider it goes. Links and tokens are added here, so that no secret lies in the
outbox.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tocsin.app.providers import NEEDED, Providers
from tocsin.app.tokens import Tokens
from tocsin.connectors._kit.contract import OutboundMessage, Outcome, SendResult
from tocsin.directory.model import Channel
from tocsin.engine.config import Config
from tocsin.kernel.errors import TocsinError
from tocsin.paging.messages import RecordAttempt, SendMessage
from tocsin.paging.model import Haste, Result
from tocsin.runtime.clock import Clock
from tocsin.runtime.senders import Carry, not_set_up

_RESULTS: Mapping[Outcome, Result] = {
    Outcome.SENT: Result.SENT,
    Outcome.RETRY: Result.RETRY,
    Outcome.REFUSED: Result.REFUSED,
    Outcome.UNKNOWN: Result.UNKNOWN,
}

ANSWER_PURPOSE = "answer"
"""Tokens in links of mail: they let their holder answer one message."""

CALLBACK_PURPOSE = "callback"
"""Tokens in addresses that the phone provider calls."""


CHANNELS = (Channel.WEBHOOK, Channel.EMAIL, Channel.SMS, Channel.VOICE)
"""The channels that have a connector."""


def carriers(
    providers: Providers, config: Callable[[], Config], base_url: str, tokens: Tokens, clock: Clock
) -> dict[Channel, Carry]:
    """For each channel a function that hands over one message and reports. `config`: the configuration as it is."""

    def carry(message: SendMessage) -> RecordAttempt:
        try:
            sender = providers.sender(message.channel, config())
        except TocsinError as error:
            return _report(message, SendResult(Outcome.REFUSED, detail=error.message), clock)
        if sender is None:
            detail = not_set_up(message.channel, NEEDED.get(message.channel, ""))
            return _report(message, SendResult(Outcome.REFUSED, detail=detail), clock)
        result = sender.send(_outbound(message, base_url, tokens, clock), clock.now())
        return _report(message, result, clock)

    return dict.fromkeys(CHANNELS, carry)


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
