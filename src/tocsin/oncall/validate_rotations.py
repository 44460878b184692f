"""What is wrong with an event of a rotation, a custom shift, or an override of one of the two.

Decides the bounds; those that PagerDuty publishes for `/v3/schedules` are its own. Each problem is a field and a
sentence: clients of that API are told field by field. Never repairs anything and never refuses by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import combinations, islice

from tocsin.kernel.errors import Invalid
from tocsin.kernel.limits import DESCRIPTION_CHARS, NAME_CHARS
from tocsin.kernel.time import DAY, MINUTE, Moment, Span
from tocsin.kernel.wording import phrase
from tocsin.oncall.model import CustomShift, Override, Rotation, RotationEvent, Schedule
from tocsin.oncall.recurrence import Pattern
from tocsin.oncall.recurrence_text import parse
from tocsin.oncall.shift_based import pattern_and_length, shifts
from tocsin.oncall.validate import FIRST_YEAR, LAST_YEAR, naming_problems
from tocsin.oncall.wallclock import local_time, zone_named, zone_names

ROTATIONS = 10
EVENTS = 5
"""Events of one rotation that are not over."""

MEMBERS = 20
SHIFTS_PER_MEMBER = 1000
YEAR_AHEAD: Span = 366 * DAY
LONGEST: Span = 366 * DAY
SHORTEST: Span = MINUTE
AT_ONCE = 10
"""Shifts of one event that may run at the same time: a weekend's of two days on Saturday and Sunday are two."""

COMPARED = 500
"""Shifts of an event that are compared with another's, and looked at for running at the same time."""

Problems = Iterator[tuple[str, str]]


def schedule_problems(schedule: Schedule) -> Iterator[str]:
    """What is wrong with a shift-based schedule, its events apart."""
    yield from naming_problems(schedule)
    if len(schedule.description) > DESCRIPTION_CHARS:
        yield phrase(
            "The description is longer than %(description_chars)s characters.", description_chars=DESCRIPTION_CHARS
        )
    if schedule.layers:
        yield phrase("A shift-based schedule has no layers.")
    if sum(1 for one in schedule.rotations if not one.removed) > ROTATIONS:
        yield phrase("The schedule has more than %(rotations)s rotations.", rotations=ROTATIONS)


def rotation_problems(old: Rotation | None, new: Rotation, users: Collection[str], now: Moment) -> Problems:
    """What is wrong with the events of a rotation that are new or changed, and with them together."""
    known = {one.id: one for one in old.events} if old is not None else {}
    live = [one for one in new.events if not one.removed and not one.is_over(now)]
    changed = [one for one in new.events if not one.removed and known.get(one.id) != one]
    if changed and len(live) > EVENTS:
        yield "rotation.events", phrase("Must not be more than %(events)s events", events=EVENTS)
        return
    found = [
        (f"event.{name}", text) for one in changed for name, text in event_problems(one, users, now, known.get(one.id))
    ]
    yield from found
    if not found and any(_overlap(*pair) for pair in combinations(live, 2) if pair[0] in changed or pair[1] in changed):
        yield "rotation.events", phrase("Events within a rotation cannot overlap")


def event_problems(event: RotationEvent, users: Collection[str], now: Moment, old: RotationEvent | None) -> Problems:
    """What is wrong with one event; of what stays as it was nothing is said."""
    if not event.name.strip():
        yield "name", phrase("Name cannot be empty")
    if len(event.name) > NAME_CHARS:
        yield "name", phrase("Name is too long (maximum is %(name_chars)s characters)", name_chars=NAME_CHARS)
    for name, zone in (("start_time", event.time_zone), ("end_time", event.end_time_zone)):
        if zone not in zone_names() and (zone or name == "start_time"):
            yield f"{name}.time_zone", phrase("Time zone is invalid")
            return
    if event.effective_until is not None and event.effective_until <= event.effective_since:
        yield "effective_until", phrase("Date must be after effective_since")
    if event.effective_since > now + YEAR_AHEAD:
        yield "effective_since", phrase("Date cannot be more than 12 months in the future")
    yield from _member_problems(event, users)
    if not all(FIRST_YEAR <= one < LAST_YEAR for one in (event.start, event.end, event.effective_until or now)):
        yield "start_time", phrase("Dates must lie between the years 1900 and 9990")
    elif old is None or _when(old) != _when(event):
        yield from _recurrence_problems(event)


def _when(event: RotationEvent) -> tuple[object, ...]:
    return event.start, event.end, event.time_zone, event.recurrence


def _member_problems(event: RotationEvent, users: Collection[str]) -> Problems:
    if not 1 <= len(event.members) <= MEMBERS:
        yield "assignment_strategy.members", phrase("Members must be 1 to %(members)s", members=MEMBERS)
    for one in dict.fromkeys(event.members):
        if one and one not in users:
            yield "assignment_strategy.members", phrase("User %(one)s not found", one=one[:64])
    if not 1 <= event.shifts_per_member <= SHIFTS_PER_MEMBER:
        yield (
            "assignment_strategy.shifts_per_member",
            phrase("Must be a number from 1 to %(shifts_per_member)s", shifts_per_member=SHIFTS_PER_MEMBER),
        )


def _recurrence_problems(event: RotationEvent) -> Problems:
    zone = zone_named(event.time_zone)
    begins = local_time(zone, event.start)
    length = local_time(zone, event.end) - begins
    if length < SHORTEST or event.end <= event.start:
        yield "end_time", phrase("Date must be after start_time")
        return
    if length > LONGEST:
        yield "end_time", phrase("A shift must not last longer than %(longest)s days", longest=LONGEST // DAY)
        return
    try:
        pattern = Pattern(parse(event.recurrence, begins, event.time_zone), begins)
    except Invalid as wrong:
        yield "recurrence", phrase("Recurrence %(message)s", message=wrong.message)
        return
    starts = pattern.first_few(COMPARED)
    if not starts:
        yield "recurrence", phrase("Recurrence never makes a shift")
    if any(later - earlier < length for earlier, later in zip(starts, starts[AT_ONCE:], strict=False)):
        yield "recurrence", phrase("More than %(at_once)s shifts would run at the same time", at_once=AT_ONCE)


def _overlap(one: RotationEvent, other: RotationEvent) -> bool:
    """Whether shifts of the two run at the same time, as far as we look."""
    since = max(one.effective_since, other.effective_since)
    ends = [end for end in (one.effective_until, other.effective_until) if end is not None]
    until = min([since + 2 * YEAR_AHEAD, *ends])
    if since >= until or pattern_and_length(one)[0] is None or pattern_and_length(other)[0] is None:
        return False
    mine, theirs = (
        sorted((max(start, since), min(end, until)) for start, end, _ in islice(shifts(each, since, until), COMPARED))
        for each in (one, other)
    )
    here = 0
    for start, end in mine:
        while here < len(theirs) and theirs[here][1] <= start:
            here += 1
        if here < len(theirs) and theirs[here][0] < end:
            return True
    return False


def custom_shift_problems(old: CustomShift | None, new: CustomShift, users: Collection[str], now: Moment) -> Problems:
    """What is wrong with a custom shift that somebody adds now, or changes from `old`."""
    if old is not None and old != new and old.end <= now:
        yield "end_time", phrase("Custom shift is over and can't be modified")
        return
    if old is not None and old.start < now:
        if new.start != old.start:
            yield "start_time", phrase("Only end_time can be changed after the shift has started")
        if new.user_id != old.user_id:
            yield "assignments", phrase("Only end_time can be changed after the shift has started")
    if new.user_id and new.user_id not in users:
        yield "assignments.member", phrase("User %(user_id)s not found", user_id=new.user_id[:64])
    yield from _window_problems(new, now)


def shift_override_problems(
    override: Override, schedule: Schedule, shift: CustomShift | None, others: Sequence[Override], now: Moment
) -> Problems:
    """What is wrong with an override of a rotation or a custom shift. `shift`: the one it names, if it is there.

    `others`: the overrides of the schedule; whoever stands in for somebody may be replaced in turn.
    """
    if bool(override.rotation_id) == bool(override.custom_shift_id):
        yield "rotation_id", phrase("Exactly one of rotation_id and custom_shift_id must be given")
        return
    rotation = next((one for one in schedule.rotations if one.id == override.rotation_id and not one.removed), None)
    members: set[str] = set()
    if rotation is not None:
        members = {member for event in rotation.events if not event.is_over(now) for member in event.members}
    elif shift is not None and shift.schedule_id == schedule.id:
        members = {shift.user_id}
    else:
        name = "rotation_id" if override.rotation_id else "custom_shift_id"
        yield name, phrase("Rotation not found") if override.rotation_id else phrase("Custom shift not found")
        return
    covers = [one for one in others if one.source_id == override.source_id and one.id != override.id and one.end > now]
    if override.overridden_id not in members | {one.user_id for one in covers}:
        yield "overridden_member", phrase("Overridden member serves no shift there")
    if override.user_id == override.overridden_id:
        yield "overriding_member", phrase("Overriding member must be somebody else")
    yield from _window_problems(override, now)


def _window_problems(one: CustomShift | Override, now: Moment) -> Problems:
    if not (FIRST_YEAR <= one.start < LAST_YEAR and FIRST_YEAR <= one.end < LAST_YEAR):
        yield "end_time", phrase("Dates must lie between the years 1900 and 9990")
    elif one.end <= one.start:
        yield "end_time", phrase("Date must be after start_time")
    elif one.end <= now:
        yield "end_time", phrase("Date must be in the future")
    elif one.end - one.start > LONGEST:
        yield "end_time", phrase("Must not last longer than %(longest)s days", longest=LONGEST // DAY)
