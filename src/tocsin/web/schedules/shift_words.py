"""Shifts that recur in words, for people who read a schedule rather than its rules.

Only a rule that the form's fields can't hold is shown as it is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from babel.dates import format_date

from tocsin.kernel.time import SECOND, Moment
from tocsin.kernel.wording import listed
from tocsin.oncall import Rotation, RotationEvent, Schedule
from tocsin.web import language
from tocsin.web.language import gettext as _
from tocsin.web.language import later, ngettext
from tocsin.web.schedules.shift_form import first_shift
from tocsin.web.schedules.shift_rule import DAYS, ONCE, OWN, RuleDraft, day_read, rule_draft
from tocsin.web.schedules.words import DAY_SECONDS, Told, clock, length_words, live_events, month_names, weekday_names
from tocsin.web.times import Times
from tocsin.web.visit import Visit

DATES_NAMED: Final = 3
"""Dates of a list that are named; the others are counted."""

_NTH: Final = {
    "0": later("on each %(days)s"),
    "1": later("on the first %(days)s"),
    "2": later("on the second %(days)s"),
    "3": later("on the third %(days)s"),
    "4": later("on the fourth %(days)s"),
    "5": later("on the fifth %(days)s"),
    "-1": later("on the last %(days)s"),
}


def rotations_told(visit: Visit, schedule: Schedule, times: Times) -> list[tuple[Rotation, list[Told]]]:
    """The rotations with their events that are not over."""
    return [
        (one, [_event(visit, schedule, event, times) for event in live_events(one, visit.now)])
        for one in schedule.rotations
        if not one.removed
    ]


def _event(visit: Visit, schedule: Schedule, event: RotationEvent, times: Times) -> Told:
    people = tuple((one, visit.names.person(one) if one else _("unassigned"), False) for one in event.members)
    begin, length = first_shift(event)
    shown = rule_draft(event.recurrence, begin, event.time_zone)
    start = clock(begin // SECOND % DAY_SECONDS)
    hours = [_("%(length)s from %(start)s", length=length_words(length // SECOND), start=start)]
    if event.time_zone != schedule.time_zone:
        hours.append(_("on the clock of %(zone)s", zone=event.time_zone))
    if shown.frequency == ONCE:
        hours.append(_("once, on %(day)s", day=format_date(times.local(event.start), "long", locale=language.locale())))
    elif shown.frequency != OWN:
        hours += _rule(shown)
    raw = event.recurrence if shown.frequency == OWN else ()
    return Told(event.id, event.name, people, _rhythm(event), tuple(hours), _life(event, times), raw)


def _rhythm(event: RotationEvent) -> str:
    if event.every_member:
        return _("Everybody serves each shift")
    if event.shifts_per_member == 1:
        return _("They take turns")
    return _("They take turns of %(count)s shifts", count=event.shifts_per_member)


def _rule(shown: RuleDraft) -> Iterator[str]:
    """A rule in pieces, each of which can be read by itself."""
    number = int(shown.interval)
    yield {
        "HOURLY": ngettext("every hour", "every %(num)s hours", number),
        "DAILY": ngettext("every day", "every %(num)s days", number),
        "WEEKLY": ngettext("every week", "every %(num)s weeks", number),
        "MONTHLY": ngettext("every month", "every %(num)s months", number),
        "YEARLY": ngettext("every year", "every %(num)s years", number),
    }[shown.frequency]
    names = weekday_names("abbreviated")
    days = _listed([names[DAYS.index(one)] for one in shown.days])
    if days:
        nth = shown.nth if shown.frequency in ("MONTHLY", "YEARLY") else "0"
        yield _("on %(days)s", days=days) if shown.frequency == "WEEKLY" else _(_NTH[nth], days=days)
    if shown.month_days:
        yield _("on these days of the month: %(days)s", days=shown.month_days.replace("-", "−"))
    if shown.months:
        yield _("in %(months)s", months=_listed([month_names()[int(one) - 1] for one in shown.months]))
    if shown.count:
        yield ngettext("one shift in all", "%(num)s shifts in all", int(shown.count))
    if shown.last:
        yield _("the last one by %(day)s", day=_day(shown.last))
    if shown.left_out:
        yield _("not on %(days)s", days=_dates(shown.left_out))
    if shown.extra:
        yield _("also on %(days)s", days=_dates(shown.extra))


def _dates(typed: str) -> str:
    dates = [_day(one) for one in typed.splitlines()]
    if len(dates) > DATES_NAMED + 1:
        more = len(dates) - DATES_NAMED
        return _("%(days)s and %(count)s more days", days=", ".join(dates[:DATES_NAMED]), count=more)
    return _listed(dates)


def _day(typed: str) -> str:
    """A date of the form as people write it, with its time where it has one."""
    day = day_read(typed)
    told = format_date(day, "d MMM y", locale=language.locale()) if day is not None else typed
    return f"{told} {typed[11:]}".strip() if day is not None else told


def _listed(names: list[str]) -> str:
    return str(language.said(listed(names))) if names else ""


def _life(event: RotationEvent, times: Times) -> str:
    begins: Moment = event.effective_since
    since = _("from %(start)s on", start=times.minute(begins)) if begins > times.now else ""
    until = event.effective_until
    return ", ".join(filter(None, (since, _("until %(end)s", end=times.minute(until)) if until is not None else "")))
