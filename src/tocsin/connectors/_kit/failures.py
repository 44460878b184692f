"""How an exchange with a provider can fail, told apart by what matters: whether the provider can have acted."""

from __future__ import annotations

from tocsin.connectors._kit.contract import Outcome, Reason


class ExchangeFailed(Exception):
    """No usable answer. `detail` is one sentence without secrets.

    `hopeless`: whoever operates the other side would have to change something before it can work.
    """

    def __init__(self, outcome: Outcome, reason: Reason, detail: str, *, hopeless: bool = False) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.reason = reason
        self.detail = detail
        self.hopeless = hopeless


def not_sent(reason: Reason, detail: str, *, hopeless: bool = False) -> ExchangeFailed:
    """The provider never had the whole request: trying again is safe."""
    return ExchangeFailed(Outcome.RETRY, reason, detail, hopeless=hopeless)


def maybe_sent(detail: str) -> ExchangeFailed:
    """The provider had the whole request, and we have no answer."""
    return ExchangeFailed(Outcome.UNKNOWN, Reason.NETWORK, detail)


def refused(reason: Reason, detail: str) -> ExchangeFailed:
    """We did not try, and trying again unchanged will not work."""
    return ExchangeFailed(Outcome.REFUSED, reason, detail, hopeless=True)
