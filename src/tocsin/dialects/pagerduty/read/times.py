"""Dates of requests: ISO 8601, without an offset in the zone asked for, and the text form of a widely used Go client.

Decides which texts are dates; never what "now" is.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from starlette.datastructures import QueryParams

from tocsin.dialects.pagerduty.errors import invalid
from tocsin.dialects.pagerduty.read.fields import Fields
from tocsin.kernel.time import Moment, from_datetime
from tocsin.oncall import zone_named, zone_names

FIRST: Moment = from_datetime(datetime(1900, 1, 1, tzinfo=UTC))
LAST: Moment = from_datetime(datetime(9990, 1, 1, tzinfo=UTC))

# A space before an offset is a plus sign that was not escaped in an address. `UTC` after it is the Go client's.
_DATE = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)"
    r"(?:[T ](?P<time>\d\d:\d\d(?::\d\d)?)(?:[.,]\d+)?)?"
    r"\s?(?P<offset>Z|[ +-]?\d\d:?\d\d)?"
    r"(?: [A-Z][A-Za-z0-9+-]*)?",
    re.ASCII,
)


def moment_of(text: str, zone: ZoneInfo | None = None) -> Moment:
    """The instant that the text names, whole seconds; without offset in `zone` (None = UTC). Raises ValueError."""
    match = _DATE.fullmatch(text.strip())
    if match is None:
        raise ValueError("not a date")
    value = datetime.fromisoformat(f"{match['day']}T{match['time'] or '00:00:00'}")
    offset = match["offset"]
    if offset is None:
        value = value.replace(tzinfo=zone or UTC)
    else:
        sign = offset if offset == "Z" else offset if offset[0] in "+-" else f"+{offset.strip()}"
        value = datetime.fromisoformat(value.isoformat() + sign)
    moment = from_datetime(value)
    if not FIRST <= moment < LAST:
        raise ValueError("outside the calendar")
    return moment


def read_moment(fields: Fields, name: str, zone: ZoneInfo | None = None) -> Moment | None:
    """A date in a body's field; a problem is noted."""
    text = fields.text(name)
    if text is None:
        return None
    try:
        return moment_of(text, zone)
    except (ValueError, OverflowError):
        fields.wrong(f"{name.replace('_', ' ').capitalize()} is not a valid date")
        return None


def zone_of(query: QueryParams) -> ZoneInfo | None:
    """The zone named by `time_zone`, None if there is none. Raises ApiError 2001 for an unknown one."""
    name = query.get("time_zone", "")
    if not name:
        return None
    if name not in zone_names():
        raise invalid(["Time zone is invalid"])
    return zone_named(name)


def moment_in(query: QueryParams, name: str, *, required: bool = False, code: int = 2004) -> Moment | None:
    """A date in the query, read in its `time_zone`. Raises ApiError."""
    text = query.get(name, "")
    if not text:
        if required:
            raise invalid([f"{name.capitalize()} cannot be empty"])
        return None
    try:
        return moment_of(text, zone_of(query))
    except (ValueError, OverflowError):
        raise invalid([f"{name.capitalize()} is not a valid date"], code, "Invalid since/until") from None
