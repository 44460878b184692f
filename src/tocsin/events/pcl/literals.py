"""Reads the literals that are more than one piece: numbers, durations, dates and times, weekly schedules.

Decides which of them there can be: 64 bits, real dates, known zones. Zones are recognised whatever their case.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from tocsin.events.pcl.errors import PclError
from tocsin.events.pcl.reading import Reading
from tocsin.events.pcl.scan import Piece, Token
from tocsin.events.pcl.tree import DAYS, UNITS, Instant, Number, Within
from tocsin.kernel.time import DAY, Span, from_datetime
from tocsin.kernel.wording import phrase
from tocsin.oncall import zone_named, zone_names
from tocsin.oncall.wallclock import first

LITERAL_BYTES: Final = 1024
"""A text literal, in UTF-8."""

LONGEST_COUNT: Final[Span] = 366 * DAY
"""How far back a count may reach."""

_NO_SPACES: Final = phrase("no spaces stand around the commas between days: `Mon,Tue`")
_MAX_INT: Final = 2**63 - 1


def number(token: Token) -> Number:
    """A whole number of 64 bits, or a finite float."""
    if token.piece is Piece.FLOAT:
        value = float(token.text)
        if not math.isfinite(value):
            raise PclError(phrase("%(token)s is too large for a number", token=token), token.column)
        return Number(value)
    whole = int(token.text)
    if not -_MAX_INT - 1 <= whole <= _MAX_INT:
        raise PclError(
            phrase("%(token)s is too large for a whole number: they have 64 bits", token=token), token.column
        )
    return Number(whole)


def duration(reading: Reading, after: Token) -> Span:
    """`over 1 hour 30 minutes`, each unit once, in any order."""
    if not reading.take_word("over"):
        found = reading.peek
        raise PclError(
            phrase(
                "after `%(text)s` comes `over` and a time: `over 5 minutes`; found %(found)s",
                text=after.text,
                found=found,
            ),
            found.column,
        )
    lengths: dict[str, Span] = {}
    while not lengths or reading.peek.piece is Piece.INT:
        count, unit = reading.skip(), reading.skip()
        if count.piece is not Piece.INT or unit.piece is not Piece.WORD:
            bad = count if count.piece is not Piece.INT else unit
            raise PclError(phrase("expected a length of time such as `5 minutes`, found %(bad)s", bad=bad), bad.column)
        name = unit.text.removesuffix("s")
        if name not in UNITS:
            raise PclError(
                phrase("expected second(s), minute(s), hour(s) or day(s), found %(unit)s", unit=unit), unit.column
            )
        if name in lengths:
            raise PclError(phrase("%(unit)s: each unit may stand there once", unit=unit), unit.column)
        lengths[name] = int(count.text) * UNITS[name]
        if not 0 < lengths[name] <= LONGEST_COUNT:
            raise PclError(phrase("a count looks back at least 1 second and at most 366 days"), count.column)
    total = sum(lengths.values())
    if total > LONGEST_COUNT:
        raise PclError(phrase("a count looks back at least 1 second and at most 366 days"), after.column)
    return total


def instant(reading: Reading) -> Instant:
    """`2024-01-01 08:00:00 Etc/UTC`. A time that the clock skips is the moment after; one shown twice, the first."""
    date, time = reading.skip(), reading.peek
    if time.piece is not Piece.TIME:
        message = phrase(
            "a time is written `2024-01-01 08:00:00 Etc/UTC`; expected hours, minutes and seconds, found %(time)s",
            time=time,
        )
        raise PclError(message, time.column)
    reading.skip()
    wall = f"{date.text} {time.text}"
    try:
        shown = datetime.strptime(wall, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        raise PclError(phrase("there is no `%(wall)s`", wall=wall), date.column) from None
    zone = _zone(reading)
    return Instant(wall, zone, first(zone_named(zone), from_datetime(shown)))


def schedule(reading: Reading) -> Within:
    """`Mon,Tue 09:00:00 to 17:00:00 Europe/Berlin`, after `now in`."""
    days = {_day(reading)}
    while reading.peek.text == ",":
        comma = reading.skip()
        if reading.peek.start != comma.end:
            raise PclError(_NO_SPACES, reading.peek.column)
        days.add(_day(reading))
    start = _second(reading)
    if not reading.take_word("to"):
        raise PclError(
            phrase("expected `to` and the time of the end, found %(peek)s", peek=reading.peek), reading.peek.column
        )
    end = _second(reading)
    return Within(tuple(sorted(days)), start, end, _zone(reading))


def _day(reading: Reading) -> int:
    token = reading.skip()
    if token.text not in DAYS:
        hint = phrase("; write them as `Mon,Tue`") if token.piece is Piece.WORD else ""
        raise PclError(
            phrase(
                "expected a day, %(listed)s or %(days)s, found %(token)s%(hint)s",
                listed=", ".join(DAYS[:-1]),
                days=DAYS[-1],
                token=token,
                hint=hint,
            ),
            token.column,
        )
    follower = reading.peek
    if follower.text == "," and follower.start != token.end:
        raise PclError(_NO_SPACES, follower.column)
    return DAYS.index(token.text)


def _second(reading: Reading) -> int:
    token = reading.skip()
    if token.piece is not Piece.TIME:
        raise PclError(phrase("expected a time of day such as `09:00:00`, found %(token)s", token=token), token.column)
    hour, minute, second = map(int, token.text.split(":"))
    if hour > 23 or minute > 59 or second > 59:
        raise PclError(
            phrase("%(token)s is no time of day: it goes from `00:00:00` to `23:59:59`", token=token), token.column
        )
    return hour * 3600 + minute * 60 + second


def _zone(reading: Reading) -> str:
    token = reading.skip()
    if token.piece is not Piece.WORD:
        raise PclError(
            phrase("expected a time zone such as `Etc/UTC` or `America/New_York`, found %(token)s", token=token),
            token.column,
        )
    zone = _zones().get(token.text.lower())
    if zone is None:
        raise PclError(
            phrase("%(token)s is no time zone of the tz database, such as `Etc/UTC`", token=token), token.column
        )
    return zone


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    """Names by their small letters: people write `Etc/Utc`."""
    return {name.lower(): name for name in sorted(zone_names())}
