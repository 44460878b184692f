"""What each SMTP reply means for the message, by the phase in which it came. When to retry, `paging` decides."""

from __future__ import annotations

from enum import StrEnum

from tocsin.connectors._kit.contract import Outcome, Reason


class Phase(StrEnum):
    """Where in the conversation we are."""

    GREETING = "greeting"
    HELLO = "EHLO"
    TLS = "STARTTLS"
    LOGIN = "AUTH"
    SENDER = "MAIL FROM"
    RECIPIENT = "RCPT TO"
    DATA = "DATA"
    DOT = "end of data"  # the server has the whole message from here on


_REFUSED: dict[Phase, Reason] = {
    Phase.GREETING: Reason.CONFIGURATION,
    Phase.HELLO: Reason.CONFIGURATION,
    Phase.TLS: Reason.TLS,
    Phase.LOGIN: Reason.CREDENTIALS,
    Phase.SENDER: Reason.CONFIGURATION,
    Phase.RECIPIENT: Reason.ADDRESS,
    Phase.DATA: Reason.CONTENT,
    Phase.DOT: Reason.CONTENT,
}
_ACCESS_CODES = frozenset({530, 534, 535, 538})
"""Authentication required, too weak, failed, or needs encryption: said in any phase, it is about our credentials."""


def meaning(code: int, phase: Phase) -> tuple[Outcome, Reason]:
    """The outcome of a reply that ends the conversation. SENT only for a 2xx to the whole message.

    4xx is "try later" and 5xx "no" wherever they come. Anything that is no SMTP reply leaves the outcome open
    after the final dot, and has done nothing before it.
    """
    if phase is Phase.DOT and 200 <= code <= 299:
        return Outcome.SENT, Reason.NONE
    if 400 <= code <= 499:
        return Outcome.RETRY, Reason.TLS if phase is Phase.TLS else Reason.PROVIDER
    if code in _ACCESS_CODES:
        return Outcome.REFUSED, Reason.CREDENTIALS
    if 500 <= code <= 599:
        return Outcome.REFUSED, _REFUSED[phase]
    return (Outcome.UNKNOWN if phase is Phase.DOT else Outcome.RETRY), Reason.PROVIDER
