"""The form of rotations of a shift-based schedule: the common ones, which repeat every so many days or weeks.

Decides which rotations the form can hold: one event alone, by a rule of days or weeks without exceptions. Others are
shown as they are, kept, and changed through the API. An event that makes shifts is never changed: it ends when the
change begins and a new one goes on from where its turns are, so what has been stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from tocsin.kernel.errors import Invalid
from tocsin.kernel.time import DAY, SECOND, Moment
from tocsin.oncall import (
    Rotation,
    RotationEvent,
    Schedule,
    at_time_of_day,
    first,
    local_time,
    weekday_of,
    zone_named,
)
from tocsin.oncall.wallclock import WallTime
from tocsin.web.language import gettext as _
from tocsin.web.schedules.layer_form import Problems
from tocsin.web.schedules.words import DAY_SECONDS, clock, live_events
from tocsin.web.times import Times, zone_of
from tocsin.web.typed_times import field_of, moment_of

DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
LENGTHS: Final[Mapping[str, int]] = {"days": DAY_SECONDS, "hours": 3600, "minutes": 60}
_RULE: Final = re.compile(
    r"RRULE:FREQ=(DAILY|WEEKLY)(?:;INTERVAL=(\d{1,3}))?(?:;BYDAY=((?:MO|TU|WE|TH|FR|SA|SU)(?:,(?:MO|TU|WE|TH|FR|SA|SU))*))?"
)
_CLOCK: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
_PLAIN: Final = ("id", "name", "frequency", "interval", "at", "length", "unit", "each", "per", "start", "until", "add")


@dataclass(frozen=True, slots=True)
class RotationDraft:
    """One rotation as typed. `kept`: it stays as it is, because the form can't hold it or it was not opened."""

    key: str
    id: str = ""
    kept: bool = False
    name: str = ""
    people: tuple[str, ...] = ()
    add: str = ""
    frequency: str = "WEEKLY"
    interval: str = "1"
    days: tuple[str, ...] = ()
    at: str = "09:00"
    length: str = "7"
    unit: str = "days"
    each: str = ""
    per: str = "1"
    start: str = ""
    until: str = ""


def rotation_drafts(schedule: Schedule, now: Moment) -> Iterator[RotationDraft]:
    """The rotations as the form shows them, times on the clock of each event."""
    visible = [one for one in schedule.rotations if not one.removed]
    for key, rotation in enumerate(visible):
        event = held(rotation, schedule, now)
        yield _draft(str(key), rotation, event, now) if event else RotationDraft(str(key), rotation.id, kept=True)


def held(rotation: Rotation, schedule: Schedule, now: Moment) -> RotationEvent | None:
    """The event of a rotation that the form can hold; None for any other rotation."""
    live = live_events(rotation, now)
    if len(live) != 1 or len(live[0].recurrence) != 1 or live[0].time_zone != schedule.time_zone:
        return None
    event = live[0]
    zone = zone_named(event.time_zone)
    length = (local_time(zone, event.end) - local_time(zone, event.start)) // SECOND
    match = _RULE.fullmatch(event.recurrence[0])
    if match is None or (match[1] == "DAILY" and match[3]) or length % 60:
        return None
    return event


def _draft(key: str, rotation: Rotation, event: RotationEvent, now: Moment) -> RotationDraft:
    match = _RULE.fullmatch(event.recurrence[0])
    assert match is not None
    zone = zone_named(event.time_zone)
    begin, end = local_time(zone, event.start), local_time(zone, event.end)
    seconds = (end - begin) // SECOND
    unit = next(word for word, length in LENGTHS.items() if seconds % length == 0)
    times = Times(now, zone_of(event.time_zone))
    return RotationDraft(
        key,
        rotation.id,
        name=event.name,
        people=event.members,
        frequency=match[1],
        interval=match[2] or "1",
        days=tuple(match[3].split(",")) if match[3] else (DAYS[weekday_of(begin)],) if match[1] == "WEEKLY" else (),
        at=clock(begin // SECOND % DAY_SECONDS),
        length=str(seconds // LENGTHS[unit]),
        unit=unit,
        each="1" if event.every_member else "",
        per=str(event.shifts_per_member),
        start=field_of(times, event.effective_since) if event.effective_since > now else "",
        until=field_of(times, event.effective_until) if event.effective_until is not None else "",
    )


def rotations_sent(form: Mapping[str, Sequence[str]]) -> Iterator[RotationDraft]:
    """The rotations of a sent form."""
    for key in dict.fromkeys(form.get("rotation", ())):
        if not (key.isascii() and key.isdigit() and len(key) < 4):
            continue
        plain: dict[str, Any] = {name: next(iter(form.get(f"l{key}-{name}", ())), "").strip() for name in _PLAIN}
        if form.get(f"l{key}-kept"):
            yield RotationDraft(key, plain["id"], kept=True)
        else:
            people, days = tuple(form.get(f"l{key}-people", ())), tuple(form.get(f"l{key}-days", ()))
            yield replace(RotationDraft(key, **plain), people=people, days=days)


def rotations_acted(drafts: list[RotationDraft], do: str) -> list[RotationDraft]:
    """The drafts after one of the form's own buttons."""
    word, _dash, rest = do.partition("-")
    key, _dash, number = rest.partition("-")
    place = int(number) if number.isascii() and number.isdigit() and len(number) < 5 else 0
    if word == "more":
        free = max((int(one.key) for one in drafts), default=-1) + 1
        return [*drafts, RotationDraft(str(free), name=_("Rotation %(number)s", number=len(drafts) + 1))]
    if word == "drop":
        return [one for one in drafts if one.key != key]
    return [_row_acted(one, word, place) if one.key == key else one for one in drafts]


def _row_acted(one: RotationDraft, word: str, place: int) -> RotationDraft:
    people = list(one.people)
    if word == "add":
        return with_added(one)
    if word == "out":
        return replace(one, people=tuple(people[:place] + people[place + 1 :]))
    to = place - 1 if word == "up" else place + 1 if word == "down" else -1
    if 0 <= place < len(people) and 0 <= to < len(people):
        people[place], people[to] = people[to], people[place]
    return replace(one, people=tuple(people))


def with_added(one: RotationDraft) -> RotationDraft:
    """Whoever is chosen beside the list stands at its end."""
    return replace(one, people=(*one.people, one.add), add="") if one.add else one


def rotations_of(
    drafts: Iterable[RotationDraft], schedule: Schedule | None, times: Times, begins: Moment, now: Moment
) -> tuple[tuple[Rotation, ...], Problems]:
    """The rotations that the drafts mean, those out of sight included, and what is wrong with them."""
    problems: Problems = {}
    stored = {one.id: one for one in schedule.rotations} if schedule is not None else {}
    found = [one for one in stored.values() if one.removed]
    for draft in drafts:
        old = stored.get(draft.id)
        if draft.kept:
            found += [old] if old is not None else []
            continue
        event = held(old, schedule, now) if old is not None and schedule is not None else None
        wanted = _event(with_added(draft), event, times, begins, now, problems)
        if wanted is not None and old is not None and event is not None:
            found.append(_replaced(old, event, wanted, begins, now))
        elif wanted is not None:
            found.append(Rotation("", (wanted,)))
    left = {one.id for one in found}
    if begins > now and schedule is not None:
        # A rotation that is taken out later ends then.
        gone = [one for one in stored.values() if one.id not in left]
        found += [_ended(one, begins, now) for one in gone]
    return tuple(found), problems


def _ended(rotation: Rotation, at: Moment, now: Moment) -> Rotation:
    events = [
        one if one.removed or one.is_over(at) else replace(one, effective_until=at)
        for one in rotation.events
        if one.removed or one.effective_since < at or one.effective_since <= now
    ]
    return replace(rotation, events=tuple(events))


def _replaced(rotation: Rotation, old: RotationEvent, new: RotationEvent, begins: Moment, now: Moment) -> Rotation:
    """The rotation in which `new` comes after `old`; one that has not begun is changed itself."""
    if old.effective_since >= begins and old.effective_since > now:
        return _with(rotation, old, replace(new, id=old.id))
    same = replace(new, id=old.id, effective_since=old.effective_since)
    if replace(same, effective_until=old.effective_until) == old:
        return _with(rotation, old, same)
    if begins > now:
        until = begins if old.effective_until is None else min(begins, old.effective_until)
        return _with(rotation, old, replace(old, effective_until=until), replace(new, effective_since=begins))
    return _with(rotation, old, new)


def _with(rotation: Rotation, old: RotationEvent, *events: RotationEvent) -> Rotation:
    found: list[RotationEvent] = []
    for one in rotation.events:
        found += events if one.id == old.id else (one,)
    return replace(rotation, events=tuple(found))


def _event(
    draft: RotationDraft, old: RotationEvent | None, times: Times, begins: Moment, now: Moment, problems: Problems
) -> RotationEvent | None:
    read = _Reader(draft, problems, times)
    interval, length, per = read.number("interval"), read.number("length"), read.number("per")
    at = read.at()
    if not draft.people:
        problems[f"l{draft.key}-add"] = _("Choose at least one person.")
    since = read.moment("start", old.effective_since if old is not None else None)
    until = read.moment("until", old.effective_until if old is not None else None)
    if any(name.startswith(f"l{draft.key}-") for name in problems) or at is None or draft.unit not in LENGTHS:
        return None
    zone = times.zone.key
    begin = since if since is not None and since > now else begins
    lines, wall = _rule(draft, interval, at, local_time(zone_named(zone), old.start if old is not None else begin))
    end = wall + length * LENGTHS[draft.unit] * SECOND
    if old is not None and _same_rule(old, lines, wall, end):
        lines, start_at, end_at = old.recurrence, old.start, old.end
    else:
        start_at, end_at = first(zone_named(zone), wall), first(zone_named(zone), end)
    return RotationEvent(
        id="",
        name=draft.name,
        start=start_at,
        end=end_at,
        time_zone=zone,
        effective_since=max(begin, now),
        effective_until=until,
        recurrence=lines,
        members=draft.people,
        every_member=bool(draft.each),
        shifts_per_member=1 if draft.each else per,
        end_time_zone=old.end_time_zone if old is not None else "",
        start_offset=old.start_offset if old is not None else 0,
        end_offset=old.end_offset if old is not None else 0,
    )


def _rule(draft: RotationDraft, interval: int, at: int, begin: WallTime) -> tuple[tuple[str, ...], WallTime]:
    """How shifts recur, and the first of them: on the day of `begin`, or the next one that is chosen."""
    days = [one for one in DAYS if one in draft.days]
    step = f";INTERVAL={interval}" if interval > 1 else ""
    wall = at_time_of_day(begin, at)
    if draft.frequency != "WEEKLY":
        return (f"RRULE:FREQ=DAILY{step}",), wall
    if not days:
        return (f"RRULE:FREQ=WEEKLY{step}",), wall
    wall = next(day for day in (wall + number * DAY for number in range(7)) if DAYS[weekday_of(day)] in days)
    return (f"RRULE:FREQ=WEEKLY{step};BYDAY={','.join(days)}",), wall


def _same_rule(old: RotationEvent, lines: tuple[str, ...], wall: int, end: int) -> bool:
    """Whether the shifts are those that there were: so that a rule stays written as somebody wrote it."""
    zone = zone_named(old.time_zone)
    if (local_time(zone, old.start), local_time(zone, old.end)) != (wall, end):
        return False
    was = _RULE.fullmatch(old.recurrence[0])
    now = _RULE.fullmatch(lines[0])
    return was is not None and now is not None and _plain(was, wall) == _plain(now, wall)


def _plain(match: re.Match[str], wall: int) -> tuple[str, str, frozenset[str]]:
    days = frozenset(match[3].split(",")) if match[3] else frozenset((DAYS[weekday_of(wall)],))
    return match[1], match[2] or "1", days if match[1] == "WEEKLY" or match[3] else frozenset()


class _Reader:
    """Reads the texts of one draft; what can't be read is noted at its field."""

    def __init__(self, draft: RotationDraft, problems: Problems, times: Times) -> None:
        self._draft, self._problems, self._times = draft, problems, times

    def number(self, name: str) -> int:
        """A whole number above zero."""
        typed = getattr(self._draft, name)
        if typed.isascii() and typed.isdigit() and len(typed) < 5 and int(typed):
            return int(typed)
        self._problems[f"l{self._draft.key}-{name}"] = _("Give a whole number above zero.")
        return 1

    def at(self) -> int | None:
        """Seconds after midnight."""
        match = _CLOCK.fullmatch(self._draft.at)
        if match is None:
            self._problems[f"l{self._draft.key}-at"] = _("Give a time of day, like 09:00.")
            return None
        return int(match[1]) * 3600 + int(match[2]) * 60

    def moment(self, name: str, stored: Moment | None) -> Moment | None:
        """A moment on the schedule's clock; what is typed as it was shown is what was stored."""
        typed = getattr(self._draft, name)
        if not typed:
            return None
        if stored is not None and typed == field_of(self._times, stored):
            return stored
        try:
            return moment_of(self._times, typed, _("This"))
        except Invalid as error:
            self._problems[f"l{self._draft.key}-{name}"] = error.message
            return None
