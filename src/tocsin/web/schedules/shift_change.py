"""What drafts of rotations mean: the rotations to store, so that what has been stays.

An event that makes shifts is never changed: it ends when the change begins, and a new one goes on from where its turns
are. What is not touched stays as it was stored, to the microsecond and to the letter of its rule. Never saves anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from tocsin.kernel.errors import Invalid
from tocsin.kernel.time import DAY, SECOND, Moment
from tocsin.oncall import (
    Rotation,
    RotationEvent,
    Schedule,
    at_time_of_day,
    event_problems,
    first,
    local_time,
    rotation_problems,
    zone_named,
    zone_names,
)
from tocsin.oncall.wallclock import WallTime
from tocsin.web.language import gettext as _
from tocsin.web.schedules.drafts import Problems, Reader, with_added
from tocsin.web.schedules.shift_form import (
    LENGTHS,
    EventDraft,
    RotationDraft,
    event_draft,
    first_shift,
    live_event,
)
from tocsin.web.schedules.shift_rule import ONCE, OWN, first_of, lines_of
from tocsin.web.times import Times, zone_of
from tocsin.web.typed_times import moment_of

_FIELDS: Final = {
    "name": "name",
    "start_time": "on",
    "start_time.time_zone": "zone",
    "end_time": "length",
    "effective_since": "start",
    "effective_until": "until",
    "assignment_strategy.members": "add",
    "assignment_strategy.shifts_per_member": "per",
}
"""At which field of the form the station's problem with an event stands; those with the rule stand at the rule."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a change stands on: the zone wanted for the schedule, from when it holds, and who there is."""

    zone: str
    begins: Moment
    now: Moment
    users: Collection[str]


def rotations_of(
    drafts: Iterable[RotationDraft], schedule: Schedule | None, ground: Ground
) -> tuple[tuple[Rotation, ...], Problems]:
    """The rotations that the drafts mean, those out of sight included, and what is wrong with them."""
    problems: Problems = {}
    stored = {one.id: one for one in schedule.rotations} if schedule is not None else {}
    found = [one for one in stored.values() if one.removed]
    was = schedule.time_zone if schedule is not None else ground.zone
    for draft in drafts:
        old = stored.get(draft.id)
        if draft.id and old is None:
            continue  # somebody else took it out meanwhile
        found.append(_rotation(draft, old, was, ground, problems))
    left = {one.id for one in found}
    if ground.begins > ground.now:
        # A rotation that is taken out later ends then.
        gone = (one for one in stored.values() if one.id not in left)
        found += [replace(one, events=tuple(_ended(one.events, ground))) for one in gone]
    return tuple(found), problems


def _rotation(draft: RotationDraft, old: Rotation | None, was: str, ground: Ground, problems: Problems) -> Rotation:
    """`was`: the schedule's zone as it is."""
    wanted: dict[str, tuple[RotationEvent, ...]] = {}
    fresh: list[RotationEvent] = []
    noted = len(problems)
    for one in draft.events:
        event = live_event(old, one.id, ground.now)
        if one.kept or (one.id and event is None):
            wanted |= {event.id: (event,)} if event is not None else {}
            continue
        made = _EventReader(with_added(one), event, was, ground, problems).event()
        if event is None:
            fresh += [made] if made is not None else []
        else:
            wanted[event.id] = tuple(_in_place_of(event, made, ground)) if made is not None else (event,)
    events: list[RotationEvent] = []
    for known in old.events if old is not None else ():
        if known.removed or known.is_over(ground.now):
            events.append(known)
        else:
            events += wanted[known.id] if known.id in wanted else _ended([known], ground)
    new = replace(old or Rotation(""), events=(*events, *fresh))
    if len(problems) == noted and new != old:
        for _name, text in rotation_problems(old, new, ground.users, ground.now):
            problems.setdefault(f"r{draft.key}", text)
    return new


def _ended(events: Iterable[RotationEvent], ground: Ground) -> Iterator[RotationEvent]:
    """Events that are taken out: at once they are simply left out, later they end then."""
    at = ground.begins
    for one in events if at > ground.now else ():
        if one.removed or one.is_over(at):
            yield one
        elif one.effective_since < at:
            yield replace(one, effective_until=at)


def _in_place_of(old: RotationEvent, new: RotationEvent, ground: Ground) -> Iterator[RotationEvent]:
    """`new` after `old`; one that has not begun is changed itself, and so is the end of one that has."""
    begins, now = ground.begins, ground.now
    same = replace(new, id=old.id, effective_since=old.effective_since)
    if old.effective_since >= begins and old.effective_since > now:
        yield replace(new, id=old.id)
    elif replace(same, effective_until=old.effective_until) == old:
        yield same
    elif begins > now:
        yield replace(old, effective_until=min(begins, old.effective_until or begins))
        yield replace(new, effective_since=max(begins, new.effective_since))
    else:
        yield new


class _EventReader(Reader):
    """Reads one draft of an event."""

    def __init__(
        self, draft: EventDraft, old: RotationEvent | None, was: str, ground: Ground, problems: Problems
    ) -> None:
        super().__init__(draft.key, problems)
        self._draft, self._old, self._ground = draft, old, ground
        self._shown = event_draft(draft.key, old, was, ground.now) if old is not None else EventDraft("")
        self._zone = draft.zone or ground.zone

    def event(self) -> RotationEvent | None:
        """The event; the stored one where nothing was touched; None where something can't be read."""
        draft, old, ground = self._draft, self._old, self._ground
        same_zone = old is None or old.time_zone == self._zone
        if old is not None and draft == self._shown and same_zone:
            return old
        if self._zone not in zone_names():
            self.wrong("zone", _("Choose a zone of the list."))
            return None
        self.has_people(draft.people)
        per = self.number("per", draft.per)
        times = Times(ground.now, zone_of(self._zone))
        shown = self._shown
        since = self.moment("start", draft.start, times, (shown.start, self._since_shown()))
        ends = old.effective_until if old is not None else None
        until = self.moment("until", draft.until, times, (shown.until, ends))
        begin = since if since is not None and since > ground.now else ground.begins
        if until is not None and until <= begin and draft.until != shown.until:
            self.wrong("until", _("This must lie in the future, and after the beginning."))
        shift = self._shift(begin, same_zone=same_zone)
        if shift is None or per is None or self.is_wrong():
            return None
        start, end, lines = shift
        made = RotationEvent(
            id=old.id if old is not None else "",
            name=old.name if old is not None and draft.name == shown.name else draft.name,
            start=start,
            end=end,
            time_zone=self._zone,
            effective_since=max(begin, ground.now),
            effective_until=until,
            recurrence=lines,
            members=draft.people,
            every_member=bool(draft.each),
            shifts_per_member=per,
            end_time_zone=old.end_time_zone if old is not None and same_zone else "",
            start_offset=old.start_offset if old is not None else 0,
            end_offset=old.end_offset if old is not None else 0,
        )
        return self._judged(made)

    def _since_shown(self) -> Moment | None:
        return self._old.effective_since if self._old is not None and self._shown.start else None

    def _judged(self, made: RotationEvent) -> RotationEvent | None:
        """What the station has against it stands at the field that it speaks of."""
        own = self._draft.repeat.frequency == OWN
        for name, text in event_problems(made, self._ground.users, self._ground.now, self._old):
            self.wrong(_FIELDS.get(name, "rule" if own else "frequency"), text)
        return None if self.is_wrong() else replace(made, id="")

    def _shift(self, begin: Moment, *, same_zone: bool) -> tuple[Moment, Moment, tuple[str, ...]] | None:
        """The first shift, and how it recurs."""
        draft, old, shown = self._draft, self._old, self._shown
        wall, length = self._wall(begin), self._length()
        if wall is None or length is None:
            return None
        zone = zone_named(self._zone)
        same_rule = old is not None and draft.repeat == shown.repeat
        if old is not None and same_rule and same_zone and wall == first_shift(old)[0]:
            end = old.end if length == first_shift(old)[1] else first(zone, wall + length)
            return old.start, end, old.recurrence
        lines = lines_of(draft.repeat, self._zone, self.wrong)
        wall = wall if draft.on or self.is_wrong() else first_of(lines, wall, self._zone)
        return first(zone, wall), first(zone, wall + length), lines

    def _wall(self, begin: Moment) -> WallTime | None:
        """When the first shift begins; without a date on the day on which the event does."""
        draft, old, shown = self._draft, self._old, self._shown
        if old is not None and (draft.on, draft.at) == (shown.on, shown.at):
            return first_shift(old)[0]
        at = self.seconds("at", draft.at)
        day = local_time(zone_named(self._zone), begin)
        if draft.on:
            try:
                day = moment_of(Times(0, zone_of("Etc/UTC")), draft.on[:10], "")
            except Invalid:
                self.wrong("on", _("Give a day like 2026-12-31."))
        if at is None:
            return None
        wall = at_time_of_day(day, at)
        counted = draft.repeat.frequency == ONCE or draft.repeat.count
        return wall + DAY if counted and not draft.on and wall < day else wall

    def _length(self) -> int | None:
        draft, shown = self._draft, self._shown
        if self._old is not None and (draft.length, draft.unit) == (shown.length, shown.unit):
            return first_shift(self._old)[1]
        number = self.number("length", draft.length)
        return number * LENGTHS.get(draft.unit, 1) * SECOND if number is not None else None
