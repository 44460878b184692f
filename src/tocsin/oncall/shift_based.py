"""Shift-based schedules: who serves which shift, and who is on call through all of them together.

Decides what adds up and what replaces. Each event of each rotation makes shifts by itself, and so does each custom
shift: whoever serves any of them is on call, and where several do, they are all on call. An override speaks of one
rotation or one custom shift only: it puts one person in the place of one member there, whether that member stands there
by turn or by an earlier override; of several the one created last wins.
(PagerDuty: "Schedules API: v2 to v3 Upgrade Guide", sections 2, 3 and 5.)

A shift begins when the local clock first shows its start or later, and ends when it first shows its end or later, as
turns of layers do: a hand-over at 09:00 stays at 09:00, and shifts that meet leave no gap and have no overlap on any
day. A shift that runs when its event begins or ceases to be effective is cut there.

Never decides which times recur (`recurrence`) and never what a change may do (`edit_rotations`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter

from tocsin.kernel.time import Moment, Span
from tocsin.oncall.model import Assignment, CustomShift, Entry, Exceptions, Override, RotationEvent, Schedule
from tocsin.oncall.recurrence import Pattern, pattern_of
from tocsin.oncall.wallclock import EARLIEST, LATEST, first, local_time, reading, zone_named

_Overrides = Mapping[str, Sequence[Override]]
_NOBODYS: Sequence[Override] = ()


def precedence(override: Override) -> tuple[Moment, str]:
    """Among overrides of one moment, the one with the greatest precedence counts."""
    return override.created_at, override.id


def holders(schedule: Schedule, exceptions: Exceptions, at: Moment) -> tuple[str, ...]:
    """Everybody who is on call at that moment, rotations first. The short form of `final` for one moment."""
    standing = _by_source(one for one in exceptions if one.start <= at < one.end)
    found: dict[str, None] = {}
    for rotation in schedule.rotations:
        overrides = standing.get(rotation.id, _NOBODYS)
        for event in rotation.events:
            for member in _serving(event, at):
                found[_in_place_of(member, overrides)] = None
    for one in exceptions:
        if isinstance(one, CustomShift) and one.start <= at < one.end:
            found[_in_place_of(one.user_id, standing.get(one.id, _NOBODYS))] = None
    found.pop("", None)
    return tuple(found)


def assignments(
    schedule: Schedule, exceptions: Exceptions, since: Moment, until: Moment, *, overflow: bool = False
) -> list[Assignment]:
    """Every shift that touches [since, until) by start, unassigned ones too; each cut at it unless `overflow`."""
    overrides = _by_source(exceptions)
    found: list[Assignment] = []
    for rotation in schedule.rotations:
        own = overrides.get(rotation.id, _NOBODYS)
        for event in rotation.events:
            for start, end, members in shifts(event, since, until):
                for member in members:
                    one = Assignment(start, end, member, rotation.id)
                    found += _overridden(one, own) if own else (one,)
    for shift in exceptions:
        if isinstance(shift, CustomShift) and shift.start < until and shift.end > since and shift.start < shift.end:
            one = Assignment(shift.start, shift.end, shift.user_id, custom_shift_id=shift.id)
            found += _overridden(one, overrides.get(shift.id, _NOBODYS))
    touching = (one for one in found if one.start < until and one.end > since)
    return sorted(touching if overflow else (_clipped(one, since, until) for one in touching), key=attrgetter("start"))


def final(
    schedule: Schedule, exceptions: Exceptions, since: Moment, until: Moment
) -> tuple[list[Entry], list[tuple[Moment, Moment]]]:
    """Who is on call in [since, until), each stretch of one person as one entry; and the stretches without anybody.

    Entries stand in the order of their starts; those of different people may overlap.
    """
    return merged(assignments(schedule, exceptions, since, until), since, until)


def merged(
    found: Iterable[Assignment], since: Moment, until: Moment
) -> tuple[list[Entry], list[tuple[Moment, Moment]]]:
    """As `final`, of assignments within [since, until) in the order of their starts."""
    last: dict[str, Entry] = {}
    entries: list[Entry] = []
    free: list[tuple[Moment, Moment]] = []
    reached = since
    for one in found:
        if not one.user_id:
            continue
        if one.start > reached:
            free.append((reached, one.start))
        reached = max(reached, one.end)
        head = last.get(one.user_id)
        if head is None or one.start > head.end:
            if head is not None:
                entries.append(head)
            last[one.user_id] = Entry(one.start, one.end, one.user_id, one.rotation_id, one.override_id)
        elif one.end > head.end:
            last[one.user_id] = Entry(head.start, one.end, one.user_id, head.layer_id, head.override_id)
    if reached < until:
        free.append((reached, until))
    entries += last.values()
    entries.sort(key=attrgetter("start"))
    return entries, free


def shifts(event: RotationEvent, since: Moment, until: Moment) -> Iterator[tuple[Moment, Moment, tuple[str, ...]]]:
    """The event's shifts that touch [since, until), at their whole length, and the members who serve each."""
    low = max(since, event.effective_since, EARLIEST)
    high = min(until, LATEST if event.effective_until is None else event.effective_until, LATEST)
    pattern, length = pattern_and_length(event)
    if pattern is None or low >= high:
        return
    zone = zone_named(event.time_zone)
    for number, wall in pattern.between(reading(zone, low).highest - length + 1, reading(zone, high).highest + 1):
        start = max(first(zone, wall), event.effective_since)
        end = first(zone, wall + length)
        if event.effective_until is not None:
            end = min(end, event.effective_until)
        if start < end and start < high and end > low:
            yield start, end, _members(event, number)


@lru_cache(maxsize=4096)
def pattern_and_length(event: RotationEvent) -> tuple[Pattern | None, Span]:
    """When the event's shifts start, and how long each lasts, both on the local clock."""
    zone = zone_named(event.time_zone)
    begins = local_time(zone, event.start)
    return pattern_of(event.recurrence, begins, event.time_zone), local_time(zone, event.end) - begins


def per_day(schedule: Schedule) -> float:
    """About how many shifts the schedule has in a day, each counted once for everybody who serves it."""
    return sum(
        pattern.per_day() * (len(event.members) if event.every_member else 1)
        for rotation in schedule.rotations
        for event in rotation.events
        if (pattern := pattern_and_length(event)[0]) is not None
    )


def _serving(event: RotationEvent, at: Moment) -> Iterator[str]:
    if not event.is_active(at):
        return
    pattern, length = pattern_and_length(event)
    if pattern is None:
        return
    # A shift has begun by now when the clock has shown its start, and is not over when it has not shown its end.
    shown = reading(zone_named(event.time_zone), at).highest
    for number, _ in pattern.between(shown - length + 1, shown + 1):
        yield from _members(event, number)


def _members(event: RotationEvent, number: int) -> tuple[str, ...]:
    if event.every_member or not event.members:
        return event.members
    return (event.members[number // event.shifts_per_member % len(event.members)],)


def _by_source(exceptions: Iterable[Override | CustomShift]) -> _Overrides:
    """Overrides by the rotation or custom shift of which they speak, those that count more later."""
    found: dict[str, list[Override]] = defaultdict(list)
    for one in exceptions:
        if isinstance(one, Override) and one.start < one.end:
            found[one.source_id].append(one)
    for several in found.values():
        several.sort(key=precedence)
    return found


def _in_place_of(member: str, overrides: Iterable[Override]) -> str:
    """Who serves for this member, by overrides that all stand now."""
    current = member
    for one in overrides:
        if one.overridden_id in (member, current):
            current = one.user_id
    return current


def _overridden(whole: Assignment, overrides: Iterable[Override]) -> list[Assignment]:
    parts = [whole]
    for one in overrides:
        if one.start >= whole.end or one.end <= whole.start:
            continue
        parts = [piece for part in parts for piece in _replaced(part, whole.user_id, one)]
    return parts


def _replaced(part: Assignment, member: str, override: Override) -> Iterator[Assignment]:
    """The part with the override's time taken out of it and given to the other person, where it speaks of them."""
    start, end = max(part.start, override.start), min(part.end, override.end)
    if start >= end or override.overridden_id not in (member, part.user_id):
        yield part
        return
    if part.start < start:
        yield _resized(part, part.start, start)
    yield Assignment(start, end, override.user_id, part.rotation_id, part.custom_shift_id, override.id)
    if end < part.end:
        yield _resized(part, end, part.end)


def _clipped(one: Assignment, since: Moment, until: Moment) -> Assignment:
    if since <= one.start and one.end <= until:
        return one
    return _resized(one, max(one.start, since), min(one.end, until))


def _resized(one: Assignment, start: Moment, end: Moment) -> Assignment:
    return Assignment(start, end, one.user_id, one.rotation_id, one.custom_shift_id, one.override_id)
