"""How shifts recur, as fields of a form: what a rule of RFC 5545 looks like there, and which rule the fields mean.

Decides which rules the fields can hold: every hour, day, week, month or year, on days of the week, the month or the
year, with an end, dates left out and dates added. Any other rule is text, "RULE", that can be changed as text: so
there is no rule that the form loses. Whether a rule makes sense `oncall` says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from tocsin.kernel.errors import Invalid
from tocsin.kernel.time import DAY, SECOND, from_datetime
from tocsin.oncall import first, zone_named
from tocsin.oncall.recurrence import Pattern
from tocsin.oncall.recurrence_text import Frequency, Recurrence, Rule, parse
from tocsin.oncall.wallclock import WallTime
from tocsin.web.language import gettext as _
from tocsin.web.schedules.drafts import Sent, text_of

DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
ONCE: Final = "ONCE"
OWN: Final = "RULE"
"""What the form calls a shift that does not come again, and a rule that stands as text."""

NTH: Final = (1, 2, 3, 4, 5, -1, 0)
"""Which of the month's Mondays: the first ... the last; 0 is each of them."""

_LINE_DATES: Final = 30
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - what a clock on the wall shows
_NUMBER: Final = re.compile(r"-?\d{1,2}", re.ASCII)
_LAST_OF_DAY: Final = DAY - 1

Wrong = Callable[[str, str], None]
"""Notes what is wrong with a field."""


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """A rule as typed. `left_out` and `extra` hold one date a line, `rule` the lines of a rule that stands as text.

    `nth` numbers the `days`; `month_days` are "1, 15, -1"; `last` is the last day (or time) at which a shift begins.
    """

    frequency: str = "WEEKLY"
    interval: str = "1"
    days: tuple[str, ...] = ()
    nth: str = "1"
    month_days: str = ""
    months: tuple[str, ...] = ()
    count: str = ""
    last: str = ""
    left_out: str = ""
    extra: str = ""
    rule: str = ""


_SEVERAL: Final = ("days", "months")
_LINES: Final = ("left_out", "extra", "rule")


def rule_sent(form: Sent, key: str) -> RuleDraft:
    """The rule of a sent form."""
    found: dict[str, Any] = {}
    for name in (one.name for one in fields(RuleDraft)):
        sent = f"l{key}-{name}"
        text = text_of(form, sent)
        found[name] = tuple(form.get(sent, ())) if name in _SEVERAL else _unified(text) if name in _LINES else text
    return RuleDraft(**found)


def _unified(text: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def rule_draft(lines: Sequence[str], begins: WallTime, zone: str) -> RuleDraft:
    """The lines of an event as the form shows them. `begins`: its first shift, on the clock of `zone`."""
    own = RuleDraft(OWN, rule=_unified("\n".join(lines)))
    try:
        found = parse(lines, begins, zone)
    except Invalid:
        return own
    shown = _shown(found.rule, begins)
    if shown is None:
        return own
    shown = replace(
        shown,
        left_out="\n".join(_left_out(found, begins)),
        extra="\n".join(_typed(one, whole=one % DAY == begins % DAY) for one in found.added),
    )
    return replace(shown, frequency=ONCE, count="") if _is_once(shown) else shown


def _is_once(shown: RuleDraft) -> bool:
    return (shown.frequency, shown.interval, shown.count, shown.left_out) == ("DAILY", "1", "1", "")


def _shown(rule: Rule, begins: WallTime) -> RuleDraft | None:
    """The fields of a rule without its dates; None for one that they can't hold."""
    wide = rule.frequency in (Frequency.MONTHLY, Frequency.YEARLY)
    if rule.frequency is Frequency.DAILY and rule.days and rule.interval == 1:
        rule = replace(rule, frequency=Frequency.WEEKLY)  # the same days, in the words that people have for them
    ordinals = {ordinal for ordinal, _ in rule.days}
    counted = rule.frequency is Frequency.WEEKLY and rule.interval > 1
    if (
        rule.positions
        or (rule.week_start and counted)
        or ((rule.months or rule.month_days) and not wide)
        or (rule.days and rule.frequency in (Frequency.HOURLY, Frequency.DAILY))
        or len(ordinals) > 1
        or not ordinals <= set(NTH)
    ):
        return None
    days = tuple(DAYS[day] for _, day in rule.days)
    if rule.frequency is Frequency.WEEKLY and not days:
        days = (DAYS[_weekday(begins)],)
    return RuleDraft(
        rule.frequency.value,
        str(rule.interval),
        days,
        str(min(ordinals, default=1)) if wide else "1",
        ", ".join(map(str, rule.month_days)),
        tuple(map(str, rule.months)),
        str(rule.count) if rule.count is not None else "",
        "" if rule.until is None else _typed(rule.until, whole=rule.until % DAY == _LAST_OF_DAY),
    )


def _left_out(found: Recurrence, begins: WallTime) -> Iterator[str]:
    """Dates that are taken out: as a day, where at most one shift begins on it."""
    hourly = found.rule.frequency is Frequency.HOURLY
    added = {one // DAY for one in found.added}
    walls = [(day * DAY, True) for day in found.excluded_days]
    walls += [(one, not hourly and one % DAY == begins % DAY and one // DAY not in added) for one in found.excluded]
    yield from sorted({_typed(one, whole=whole) for one, whole in walls})


def lines_of(draft: RuleDraft, zone: str, wrong: Wrong) -> tuple[str, ...]:
    """The lines that the fields mean, times on the clock of `zone`; what can't be read is noted."""
    if draft.frequency == OWN:
        if not draft.rule:
            wrong("rule", _("Write a rule, like RRULE:FREQ=MONTHLY;BYDAY=1MO."))
        return tuple(draft.rule.splitlines())
    if draft.frequency == ONCE:
        return ("RRULE:FREQ=DAILY;COUNT=1", *_dates("RDATE", draft.extra, "extra", zone, wrong))
    parts = [f"FREQ={draft.frequency if draft.frequency in list(Frequency) else 'WEEKLY'}"]
    interval = _whole(draft.interval, "interval", wrong)
    parts += [f"INTERVAL={interval}"] if interval > 1 else []
    parts += _named_days(draft, wrong)
    if draft.count and draft.last:
        wrong("count", _("Give a number of shifts or the last day, not both."))
    elif draft.count:
        parts.append(f"COUNT={_whole(draft.count, 'count', wrong)}")
    elif draft.last:
        parts += _until(draft.last, zone, wrong)
    left_out = _dates("EXDATE", draft.left_out, "left_out", zone, wrong)
    return (f"RRULE:{';'.join(parts)}", *left_out, *_dates("RDATE", draft.extra, "extra", zone, wrong))


def first_of(lines: Sequence[str], wall: WallTime, zone: str) -> WallTime:
    """The first shift at `wall` or later that the rule names, whatever its interval; `wall` where there is none."""
    try:
        rule = replace(parse(lines, wall, zone).rule, interval=1, count=None, until=None)
    except Invalid:
        return wall
    return next(iter(Pattern(Recurrence(rule), wall).first_few(1)), wall)


def _named_days(draft: RuleDraft, wrong: Wrong) -> Iterator[str]:
    """The parts of a rule that name days."""
    wide = draft.frequency in ("MONTHLY", "YEARLY")
    months = [str(one) for one in range(1, 13) if str(one) in draft.months]
    if wide and months:
        yield f"BYMONTH={','.join(months)}"
    if wide and draft.month_days:
        numbers = [one.strip() for one in draft.month_days.split(",") if one.strip()]
        if not numbers or not all(_NUMBER.fullmatch(one) and 1 <= abs(int(one)) <= 31 for one in numbers):
            wrong("month_days", _("Give days from 1 to 31 with commas between; −1 is the last one."))
        yield f"BYMONTHDAY={','.join(numbers)}"
    days = [one for one in DAYS if one in draft.days]
    if days and (wide or draft.frequency == "WEEKLY"):
        nth = draft.nth if wide and draft.nth in map(str, NTH) and draft.nth != "0" else ""
        yield f"BYDAY={','.join(nth + day for day in days)}"


def _until(typed: str, zone: str, wrong: Wrong) -> Iterator[str]:
    wall, whole = _read(typed)
    if wall is None:
        wrong("last", _("Give a day like 2026-12-31."))
    elif whole:
        yield f"UNTIL={_written(wall, whole=True)}"
    else:
        yield f"UNTIL={_written(first(zone_named(zone), wall), whole=False)}Z"


def _dates(name: str, typed: str, field: str, zone: str, wrong: Wrong) -> Iterator[str]:
    """Lines of EXDATE or RDATE: one for whole days, one for times of day."""
    days: list[str] = []
    times: list[str] = []
    for text in filter(None, (one.strip() for line in typed.splitlines() for one in line.split(","))):
        wall, whole = _read(text)
        if wall is None:
            wrong(field, _("“%(text)s” is no date. Write 2026-12-24, or 2026-12-24 09:00 for one shift.", text=text))
        else:
            (days if whole else times).append(_written(wall, whole=whole))
    for head, found in ((f"{name};VALUE=DATE", days), (f"{name};TZID={zone}", times)):
        for at in range(0, len(found), _LINE_DATES):
            yield f"{head}:{','.join(found[at : at + _LINE_DATES])}"


def _whole(typed: str, name: str, wrong: Wrong) -> int:
    if typed.isascii() and typed.isdigit() and len(typed) < 9 and int(typed):
        return int(typed)
    wrong(name, _("Give a whole number above zero."))
    return 1


def _read(typed: str) -> tuple[WallTime | None, bool]:
    """A day, or a time of a day, on the wall; and whether it is a whole day."""
    try:
        if len(typed) == len("2026-12-24"):
            return from_datetime(datetime.combine(date.fromisoformat(typed), datetime.min.time(), UTC)), True
        moment = datetime.fromisoformat(typed)
        return (from_datetime(moment.replace(tzinfo=UTC)) if moment.tzinfo is None else None), False
    except (ValueError, OverflowError):
        return None, False


def day_read(typed: str) -> date | None:
    """The day of a date as the form writes it."""
    try:
        return date.fromisoformat(typed[:10])
    except ValueError:
        return None


def _typed(wall: WallTime, *, whole: bool) -> str:
    """A time on the wall as the form shows it; seconds only where there are any."""
    moment = _EPOCH + timedelta(microseconds=wall)
    if whole:
        return moment.date().isoformat()
    return moment.isoformat(" ", "seconds" if wall // SECOND % 60 else "minutes")


def _written(wall: WallTime, *, whole: bool) -> str:
    moment = _EPOCH + timedelta(microseconds=wall)
    day = moment.date().isoformat().replace("-", "")
    return day if whole else f"{day}T{moment:%H%M%S}"


def _weekday(wall: WallTime) -> int:
    return (wall // DAY + 3) % 7
