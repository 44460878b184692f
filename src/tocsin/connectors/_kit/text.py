"""Words from outside that go into a result: cut, cleaned and without secrets. Decides nothing about outcomes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC
from email.utils import parsedate_to_datetime

from tocsin.kernel.time import SECOND, Moment, from_datetime

DETAIL_CHARS = 300
QUOTE_CHARS = 160
RETRY_AFTER_SECONDS = 3600
"""A provider that asks for more is asked again after an hour."""

_SHORTEST_SECRET = 4
"""Hiding anything shorter would tear holes into ordinary words and hide nothing."""


def quote(raw: bytes | str) -> str:
    """What a stranger said, as one line of printable text, at most `QUOTE_CHARS` long."""
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    text = "".join(char if char.isprintable() else " " for char in text[: QUOTE_CHARS * 4])
    text = " ".join(text.split())
    return text if len(text) <= QUOTE_CHARS else text[: QUOTE_CHARS - 1] + "…"


def detail(sentence: str, secrets: Iterable[str] = ()) -> str:
    """The sentence as it may be stored and shown: every secret hidden, at most `DETAIL_CHARS` long."""
    for secret in sorted((secret for secret in secrets if len(secret) >= _SHORTEST_SECRET), key=len, reverse=True):
        sentence = re.sub(re.escape(secret), "***", sentence, flags=re.IGNORECASE)
    return sentence[:DETAIL_CHARS]


def retry_after(value: str | None, now: Moment) -> int | None:
    """Seconds that a Retry-After header asks for (number or date), 0 to an hour; None if absent or unreadable."""
    if not value:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(int(value[:9]), RETRY_AFTER_SECONDS)
    try:
        then = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)  # HTTP dates are GMT by definition; "-0000" reads as naive
    seconds = (from_datetime(then) - now) // SECOND
    return max(0, min(seconds, RETRY_AFTER_SECONDS))
