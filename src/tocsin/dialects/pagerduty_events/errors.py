"""PagerDuty's envelope for an event that was not taken: `status`, `message`, `errors`. Decides wording only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from tocsin.dialects._kit.body import BodyRefused, BodyTooLarge
from tocsin.kernel.errors import TocsinError, TooMany
from tocsin.kernel.wording import plain_text
from tocsin.runtime.ingest import JSON_HEADERS, Reading

BUSY_TEXT: Final = "Requests for this service are arriving too quickly. Please retry later."


def envelope(code: int, status: str, message: str, errors: Sequence[str]) -> Reading:
    """Any refusal."""
    body = {"status": status, "message": message, "errors": list(errors)}
    return Reading(code, msgspec.json.encode(body, enc_hook=plain_text))


def invalid(faults: Sequence[str]) -> Reading:
    """An event with faults, all of them."""
    return envelope(400, "invalid event", "Event object is invalid", faults)


def unrecognized() -> Reading:
    """Not JSON, or not an object."""
    return envelope(400, "Unrecognized object", "Event object format is unrecognized", ["JSON parse error"])


def busy(code: int, seconds: int) -> Reading:
    """Too many for now; `code` is 429, in v1 403. `seconds`: when to come again."""
    body = envelope(code, "throttle exceeded", BUSY_TEXT, ["Rate limit exceeded"]).body
    return Reading(code, body, (), (*JSON_HEADERS, ("retry-after", str(seconds))))


def refused(error: TocsinError, busy_code: int) -> Reading:
    """A request that got no further than the door."""
    if isinstance(error, TooMany):
        return envelope(busy_code, "throttle exceeded", BUSY_TEXT, ["Rate limit exceeded"])
    if isinstance(error, BodyTooLarge):
        return envelope(error.status, "invalid event", "Event object is too large", [error.message])
    if isinstance(error, BodyRefused):
        return envelope(error.status, "Unrecognized object", "Event object format is unrecognized", [error.message])
    return envelope(503, "unavailable", "The event was not accepted. Please retry later.", [error.message])
