"""What each HTTP status of a webhook receiver means for the message. When to retry is for `paging` to decide."""

from __future__ import annotations

from typing import TypeAlias

from tocsin.connectors._kit.contract import Outcome, Reason

Meaning: TypeAlias = tuple[Outcome, Reason]

_EXACT: dict[int, Meaning] = {
    401: (Outcome.REFUSED, Reason.CREDENTIALS),
    403: (Outcome.REFUSED, Reason.CREDENTIALS),
    407: (Outcome.REFUSED, Reason.CONFIGURATION),
    408: (Outcome.RETRY, Reason.NETWORK),
    409: (Outcome.RETRY, Reason.PROVIDER),
    410: (Outcome.REFUSED, Reason.GONE),
    421: (Outcome.RETRY, Reason.PROVIDER),
    423: (Outcome.RETRY, Reason.PROVIDER),
    425: (Outcome.RETRY, Reason.PROVIDER),
    429: (Outcome.RETRY, Reason.RATE),
    501: (Outcome.REFUSED, Reason.CONFIGURATION),
    505: (Outcome.REFUSED, Reason.CONFIGURATION),
}


def meaning(status: int) -> Meaning:
    """The outcome of a status. Repeats carry the same webhook-id, so whatever may pass is tried again."""
    if status in _EXACT:
        return _EXACT[status]
    if 200 <= status <= 299:
        return Outcome.SENT, Reason.NONE
    if 300 <= status <= 399:  # redirects are not followed: they could lead anywhere
        return Outcome.REFUSED, Reason.CONFIGURATION
    if 400 <= status <= 499:
        return Outcome.REFUSED, Reason.CONTENT
    return Outcome.RETRY, Reason.PROVIDER
