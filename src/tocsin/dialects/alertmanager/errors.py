"""Refusals in the two forms that clients expect: an object for webhooks, a JSON string for the API.

Decides wording and status; never what is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from tocsin.dialects._kit.body import BodyRefused
from tocsin.dialects.alertmanager.faults import MOST
from tocsin.kernel.errors import TocsinError, TooMany
from tocsin.kernel.wording import plain_text
from tocsin.runtime.ingest import JSON_HEADERS, NewEntry, Reading

NO_KEY: Final = "no valid integration key"
BUSY: Final = "too many alerts at present, try again later"

_CHALLENGE: Final = (*JSON_HEADERS, ("www-authenticate", 'Bearer realm="alerts"'))


def webhook(
    status: int,
    message: str,
    faults: Sequence[str] = (),
    *,
    entries: tuple[NewEntry, ...] = (),
    headers: tuple[tuple[str, str], ...] = JSON_HEADERS,
) -> Reading:
    """A refusal of a notification; `entries` are the alerts that are kept all the same."""
    answer = {"status": "error", "message": message, "errors": told(faults), "accepted": len(entries)}
    return Reading(status, msgspec.json.encode(answer, enc_hook=plain_text), entries, headers)


def api(
    status: int,
    message: str,
    *,
    entries: tuple[NewEntry, ...] = (),
    headers: tuple[tuple[str, str], ...] = JSON_HEADERS,
) -> Reading:
    """A refusal by the API; `entries` are the alerts that are kept all the same."""
    return Reading(status, msgspec.json.encode(message, enc_hook=plain_text), entries, headers)


def webhook_unauthorized() -> Reading:
    """No key, or nobody's."""
    return webhook(401, NO_KEY, headers=_CHALLENGE)


def api_unauthorized() -> Reading:
    """No key, or nobody's."""
    return api(401, NO_KEY, headers=_CHALLENGE)


def webhook_busy(seconds: int) -> Reading:
    """503, not 429: a webhook receiver's 429 is never retried (see parity.md)."""
    return webhook(503, BUSY, headers=(*JSON_HEADERS, ("retry-after", str(seconds))))


def api_busy(seconds: int) -> Reading:
    """429: those who post to the API do not retry, they repeat."""
    return api(429, BUSY, headers=(*JSON_HEADERS, ("retry-after", str(seconds))))


def webhook_refused(error: TocsinError) -> Reading:
    """A notification that got no further than the door."""
    return webhook(error.status if isinstance(error, BodyRefused) else 503, error.message or BUSY)


def api_refused(error: TocsinError) -> Reading:
    """A request to the API that got no further than the door."""
    if isinstance(error, BodyRefused):
        return api(error.status, error.message)
    return api(429 if isinstance(error, TooMany) else 503, error.message or BUSY)


def told(faults: Sequence[str]) -> list[str]:
    """All of them, as long as there is a person who may want to read on."""
    return [*faults[:MOST], *([f"and {len(faults) - MOST} more"] if len(faults) > MOST else ())]
