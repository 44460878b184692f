"""Times as people type them into fields, in the zone in which the page shows them. Decides how a field writes one."""

from __future__ import annotations

from datetime import datetime

from tocsin.kernel.errors import Invalid
from tocsin.kernel.time import Moment, from_datetime
from tocsin.kernel.wording import phrase
from tocsin.web.times import Times


def field_of(times: Times, moment: Moment) -> str:
    """What the field of a stored moment holds: the reader's wall clock to the minute."""
    return f"{times.local(moment):%Y-%m-%dT%H:%M}"


def moment_of(times: Times, typed: str, what: str) -> Moment:
    """The moment that a field means. Raises Invalid; `what` begins its sentence."""
    try:
        return from_datetime(datetime.fromisoformat(typed.strip()).replace(tzinfo=times.zone))
    except (ValueError, OverflowError):
        raise Invalid(phrase("%(what)s is a time like 2026-03-01 14:30.", what=phrase(what))) from None
