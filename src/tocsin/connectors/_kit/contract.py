"""The contract between the outbox pump and every connector. Decides the words for outcomes; never sends anything.

The pump calls `Sender.send` from worker threads, several at a time, and stores the `SendResult`. What a result leads to
(retry when, next method, escalate) is decided in `paging`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

from tocsin.directory.model import Channel
from tocsin.kernel.time import Moment

Ticks: TypeAlias = Callable[[], float]
"""A monotonic stop-watch in seconds, for deadlines only; given by the composition root, never read here."""

CONNECT_SECONDS = 3.0
"""Name look-up, TCP and TLS each get at most this long."""

TOTAL_SECONDS = 10.0
"""One call of `send`, everything included. A page in flight may land this long after an acknowledgement, no longer."""

RESPONSE_BYTES = 64 * 1024
"""We stop reading a provider's answer here."""


class Outcome(StrEnum):
    """What became of one attempt."""

    SENT = "sent"  # the provider has taken it; delivery, where the provider tells, comes as a callback
    RETRY = "retry"  # not taken, and the same message may work later
    REFUSED = "refused"  # not taken, and sending it again unchanged will not work
    UNKNOWN = "unknown"  # the provider may have taken it: the connection broke after it had everything


class Reason(StrEnum):
    """Why an attempt was not SENT, as a stable word for tables, filters and metrics."""

    NONE = ""
    NETWORK = "network"  # no connection, name not found, broken, too slow
    TLS = "tls"  # no trustworthy encryption
    PROVIDER = "provider"  # the provider answers that it has trouble
    RATE = "rate"  # too many messages; see `retry_after_seconds`
    CREDENTIALS = "credentials"  # ours are wrong: every message of this connector will fail
    CONFIGURATION = "configuration"  # a setting is wrong or missing: every message of this connector will fail
    ADDRESS = "address"  # this address can't receive this channel
    OPTED_OUT = "opted_out"  # the person told the provider to stop; only they can undo it
    CONTENT = "content"  # the provider rejects this message for what it holds
    EGRESS = "egress"  # our own guard: the address is not one that we may connect to
    GONE = "gone"  # the receiver says that it wants nothing any more (webhooks, 410)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundMessage:
    """One message to one address. The `id` is the same on every attempt: e-mail and webhooks carry it, against repeats.

    `text` says what happened, without how to answer: each connector adds that in the way of its channel, from
    `reply_code`, `ack_url` or `callback_token`. Secrets and tokens do not show in `repr`.
    """

    id: str
    channel: Channel
    address: str  # e-mail address; E.164 number (+ and up to 15 digits); http(s) URL
    subject: str = ""  # e-mail; one line. Keep it the same for one incident: mail programs thread by it
    text: str = ""  # plain text; SMS keeps its beginning
    html: str = ""  # e-mail only, trusted markup of ours; "" = made from `text`
    spoken: str = ""  # voice only; "" = `text`
    incident_ids: tuple[str, ...] = ()  # the first one names the mail thread
    incident_number: int = 0  # 0 = none or several
    reply_code: str = ""  # digits (2 to 8) by which an SMS reply names this page; "" = no reply possible
    ack_url: str = field(default="", repr=False)  # page with a button (a GET never acknowledges)
    callback_token: str = field(default="", repr=False)  # signed, names this message in provider callback URLs
    secret: str = field(default="", repr=False)  # webhook signing secret(s), separated by spaces; "" = unsigned
    payload: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))  # webhook body, JSON-able
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class SendResult:
    """What one attempt came to. `detail` is one sentence fit for the timeline: no secret, at most 300 characters.

    `retry_after_seconds` is the provider's own wish (429, 503), capped at an hour; None = it said nothing.
    """

    outcome: Outcome
    provider_id: str = ""
    detail: str = ""
    retry_after_seconds: int | None = None
    reason: Reason = Reason.NONE


class Sender(Protocol):
    """One connector. Safe to call from several threads at once."""

    @property
    def channels(self) -> frozenset[Channel]:
        """The channels that this sender serves."""

    def send(self, message: OutboundMessage, now: Moment) -> SendResult:
        """Hand the message to the provider, within `TOTAL_SECONDS`. Never raises for trouble of provider or network."""

    def close(self) -> None:
        """Close kept connections. Sending afterwards opens new ones."""
