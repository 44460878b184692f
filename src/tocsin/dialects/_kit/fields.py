"""Single values out of a monitor's body: texts clipped, addresses made safe, times read.

Decides what of a value is shown; never what the field means, and never refuses anything but a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from tocsin.kernel.limits import SUMMARY_CHARS
from tocsin.kernel.time import Moment, from_datetime

LATEST: Final[Moment] = from_datetime(datetime(9999, 12, 31, tzinfo=UTC))
"""Later instants can't be written down again in every time zone."""

LINKS: Final = 100
"""Links, and images, of one event; the ones after are left out."""


def clip(text: str, most: int = SUMMARY_CHARS) -> str:
    """The text, cut to `most` characters; a cut one ends with an ellipsis."""
    return text if len(text) <= most else text[: most - 1] + "…"


def one_line(text: str) -> str:
    """The text on one line, clipped, for titles."""
    return clip(text if text.isprintable() and text.strip() == text else " ".join(text.split()))


def web_address(value: Any) -> str:
    """The value if it is an http or https address, else empty: other schemes may run code in a browser."""
    if not isinstance(value, str):
        return ""
    text = value.strip()
    return text if text[:8].lower().startswith(("http://", "https://")) else ""


def runbook(values: Mapping[str, Any]) -> str:
    """The address under `runbook_url` or `runbook`, if there is a usable one."""
    return web_address(values.get("runbook_url")) or web_address(values.get("runbook"))


def read_moment(text: str) -> Moment:
    """The instant that an ISO 8601 text names; without offset it is UTC. Negative before 1970. Raises ValueError.

    Also takes an offset followed by `Z`, which a widely used Python client writes.
    """
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        value = datetime.fromisoformat(text.strip().removesuffix("Z"))
    moment = from_datetime(value if value.tzinfo is not None else value.replace(tzinfo=UTC))
    return min(moment, LATEST)  # a date that means "never" must not cost an alarm
