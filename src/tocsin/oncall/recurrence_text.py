"""How people write that a shift recurs: lines of RRULE, EXDATE and RDATE (RFC 5545, section 3.8.5).

Decides which of that is understood. Everything in a rule that could cost without bound, or that no calendar of shifts
needs, is refused with a sentence: frequencies below an hour, BYWEEKNO, BYYEARDAY, other times of day than that of the
first shift. Never works out a single date: that is `recurrence`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

from tocsin.kernel.errors import Invalid
from tocsin.kernel.time import DAY, HOUR, MINUTE, SECOND, from_datetime
from tocsin.kernel.wording import phrase
from tocsin.oncall.wallclock import EARLIEST, LATEST, WallTime, first, local_time, zone_named, zone_names

LINE_CHARS = 1000
LINES = 100
DATES = 200
"""Exceptions in all lines of one event; a long holiday list has fewer."""

INTERVAL_MAX = 1000
COUNT_MAX = 100_000


class Frequency(StrEnum):
    """The period in which a rule repeats."""

    HOURLY = "HOURLY"
    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


@dataclass(frozen=True, slots=True)
class Rule:
    """A RRULE. `days` are (ordinal, weekday): 0 = each, 2 = the second, -1 = the last; weekdays count from Monday = 0.

    `until` is the last local time at which a shift may start.
    """

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: WallTime | None = None
    week_start: int = 0
    days: tuple[tuple[int, int], ...] = ()
    month_days: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()

    @property
    def is_regular(self) -> bool:
        """Whether its shifts repeat after a fixed number of days, whatever the months are like."""
        plain = self.frequency in (Frequency.HOURLY, Frequency.DAILY, Frequency.WEEKLY)
        return plain and not self.months and not self.month_days


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A rule with its exceptions, in local time; `excluded_days` are whole days, counted from 1970-01-01."""

    rule: Rule
    excluded: tuple[WallTime, ...] = ()
    excluded_days: tuple[int, ...] = ()
    added: tuple[WallTime, ...] = ()


_WEEKDAYS = {name: number for number, name in enumerate(("MO", "TU", "WE", "TH", "FR", "SA", "SU"))}
_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_WHEN = re.compile(r"(\d{8})(?:T(\d{6})(Z)?)?", re.ASCII)
_EPOCH_DAY = date(1970, 1, 1).toordinal()


def parse(lines: Sequence[str], begins: WallTime, time_zone: str) -> Recurrence:
    """The recurrence of a first shift that begins at this local time. Raises Invalid with what is wrong."""
    if len(lines) > LINES:
        raise Invalid(phrase("has more than %(lines)s lines", lines=LINES))
    rules: list[Rule] = []
    excluded: list[WallTime] = []
    days: list[int] = []
    added: list[WallTime] = []
    for line in lines:
        if len(line) > LINE_CHARS:
            raise Invalid(phrase("has a line of more than %(line_chars)s characters", line_chars=LINE_CHARS))
        head, _, value = line.strip().upper().partition(":")
        name, *parameters = head.split(";")
        if name == "RRULE":
            rules.append(_rule(value, begins, time_zone))
        elif name in ("EXDATE", "RDATE"):
            for day, wall in _dates(name, parameters, value, line, time_zone):
                if name == "RDATE":
                    added.append(wall if wall is not None else day * DAY + begins % DAY)
                elif wall is None:
                    days.append(day)
                else:
                    excluded.append(wall)
        else:
            raise Invalid("must consist of one RRULE, and EXDATE and RDATE lines")
    if len(rules) != 1:
        raise Invalid("must have exactly one RRULE")
    if len(excluded) + len(days) + len(added) > DATES:
        raise Invalid(phrase("has more than %(dates)s dates in EXDATE and RDATE", dates=DATES))
    return Recurrence(rules[0], tuple(sorted(set(excluded))), tuple(sorted(set(days))), tuple(sorted(set(added))))


def _rule(text: str, begins: WallTime, time_zone: str) -> Rule:
    parts: dict[str, str] = {}
    for item in text.strip().rstrip(";").split(";"):
        name, equals, value = item.partition("=")
        if not equals or name in parts:
            raise Invalid(phrase("has a RRULE that can't be read at %(item)s", item=f"{item[:40]!r}"))
        parts[name] = value
    unknown = sorted(parts.keys() - {"FREQ", "UNTIL", *_NUMBERS, *_READERS, *_TIME_OF_DAY})
    if unknown:
        raise Invalid(phrase("has a RRULE with %(unknown)s, which is not supported", unknown=unknown[0][:40]))
    if parts.get("FREQ") not in list(Frequency):
        raise Invalid(phrase("has a RRULE whose FREQ is none of %(listed)s", listed=", ".join(Frequency)))
    if "COUNT" in parts and "UNTIL" in parts:
        raise Invalid("has a RRULE with both COUNT and UNTIL")
    for name, unit, size in (("BYHOUR", HOUR, 24), ("BYMINUTE", MINUTE, 60), ("BYSECOND", SECOND, 60)):
        if name in parts and parts[name] not in (str(number := begins // unit % size), f"{number:02d}"):
            raise Invalid(phrase("has a RRULE with %(name)s; the time of day is that of start_time", name=name))
    numbers = {name: _whole(name, parts[name], 1, most) for name, most in _NUMBERS.items() if name in parts}
    lists = {name: reader(parts[name]) for name, reader in _READERS.items() if name in parts}
    rule = Rule(
        Frequency(parts["FREQ"]),
        interval=numbers.get("INTERVAL", 1),
        count=numbers.get("COUNT"),
        until=_until(parts["UNTIL"], time_zone) if "UNTIL" in parts else None,
        week_start=lists["WKST"][0][1] if "WKST" in lists else 0,
        days=lists.get("BYDAY", ()),
        month_days=tuple(one for _, one in lists.get("BYMONTHDAY", ())),
        months=tuple(one for _, one in lists.get("BYMONTH", ())),
        positions=tuple(one for _, one in lists.get("BYSETPOS", ())),
    )
    _check(rule)
    return rule


def _check(rule: Rule) -> None:
    numbered = any(ordinal for ordinal, _ in rule.days)
    if numbered and rule.frequency not in (Frequency.MONTHLY, Frequency.YEARLY):
        raise Invalid(
            phrase("has a RRULE with a numbered BYDAY, which %(frequency)s can't have", frequency=rule.frequency)
        )
    if numbered and rule.frequency is Frequency.YEARLY and rule.month_days and not rule.months:
        raise Invalid("has a RRULE with a numbered BYDAY and BYMONTHDAY, which YEARLY can't have without BYMONTH")
    if rule.frequency is Frequency.HOURLY and (rule.months or rule.month_days):
        raise Invalid("has a RRULE with BYMONTH or BYMONTHDAY, which HOURLY can't have here")
    if rule.frequency is Frequency.WEEKLY and rule.month_days:
        raise Invalid("has a RRULE with BYMONTHDAY, which WEEKLY can't have")


def _whole(name: str, text: str, least: int, most: int) -> int:
    if not re.fullmatch(r"[+-]?\d{1,9}", text, re.ASCII) or not least <= int(text) <= most:
        raise Invalid(
            phrase(
                "has a RRULE whose %(name)s is not a number from %(least)s to %(most)s",
                name=name,
                least=least,
                most=most,
            )
        )
    return int(text)


def _days(text: str) -> tuple[tuple[int, int], ...]:
    found = []
    for item in text.split(","):
        match = _DAY.fullmatch(item)
        ordinal = int(match[1] or 0) if match else 0
        if match is None or (match[1] and not 1 <= abs(ordinal) <= 53):
            raise Invalid(phrase("has a RRULE whose BYDAY can't be read at %(item)s", item=f"{item[:40]!r}"))
        found.append((ordinal, _WEEKDAYS[match[2]]))
    return tuple(sorted(set(found)))


def _numbers(name: str, least: int, most: int) -> Callable[[str], tuple[tuple[int, int], ...]]:
    def read(text: str) -> tuple[tuple[int, int], ...]:
        found = {_whole(name, item, least, most) for item in text.split(",")}
        if 0 in found:
            raise Invalid(phrase("has a RRULE whose %(name)s has a zero", name=name))
        return tuple((0, one) for one in sorted(found))

    return read


def _week_start(text: str) -> tuple[tuple[int, int], ...]:
    if text not in _WEEKDAYS:
        raise Invalid("has a RRULE whose WKST is not a day")
    return ((0, _WEEKDAYS[text]),)


_NUMBERS: Mapping[str, int] = {"INTERVAL": INTERVAL_MAX, "COUNT": COUNT_MAX}
_READERS: Mapping[str, Callable[[str], tuple[tuple[int, int], ...]]] = {
    "WKST": _week_start,
    "BYDAY": _days,
    "BYMONTHDAY": _numbers("BYMONTHDAY", -31, 31),
    "BYMONTH": _numbers("BYMONTH", 1, 12),
    "BYSETPOS": _numbers("BYSETPOS", -366, 366),
}
_TIME_OF_DAY = frozenset({"BYHOUR", "BYMINUTE", "BYSECOND"})


def _until(text: str, time_zone: str) -> WallTime:
    day, wall = _when(text, time_zone)
    return wall if wall is not None else (day + 1) * DAY - 1


def _dates(
    name: str, parameters: Sequence[str], value: str, line: str, time_zone: str
) -> list[tuple[int, WallTime | None]]:
    source = time_zone
    for parameter in parameters:
        key, _, given = parameter.partition("=")
        if key == "TZID":
            # Names of zones have letters of both cases, and the line was made upper case.
            place = line.upper().index("TZID=") + len("TZID=")
            source = line[place : place + len(given)].strip('"')
            if source not in zone_names():
                raise Invalid(phrase("has %(name)s in an unknown time zone", name=name))
        elif parameter not in ("VALUE=DATE", "VALUE=DATE-TIME"):
            raise Invalid(
                phrase("has %(name)s with %(parameter)s, which is not supported", name=name, parameter=parameter[:40])
            )
    return [_when(item.strip(), time_zone, source) for item in value.split(",")]


def _when(text: str, time_zone: str, source: str = "") -> tuple[int, WallTime | None]:
    """The day, and the time on the clock of `time_zone`, None of a bare date. Without Z the text is in `source`.

    A moment beyond the calendar's ends, as which some programs write "for ever", is taken for the end.
    """
    match = _WHEN.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        moment = datetime.strptime(f"{match[1]}{match[2] or '000000'}", "%Y%m%d%H%M%S")  # noqa: DTZ007 - see below
    except ValueError:
        raise Invalid(phrase("has a date that can't be read at %(text)s", text=f"{text[:40]!r}")) from None
    day = moment.toordinal() - _EPOCH_DAY
    if match[2] is None:
        return day, None
    wall = from_datetime(moment.replace(tzinfo=UTC))
    if match[3]:
        wall = local_time(zone_named(time_zone), min(max(wall, EARLIEST), LATEST))
    elif source and source != time_zone:
        wall = local_time(zone_named(time_zone), first(zone_named(source), wall))
    return wall // DAY, wall
