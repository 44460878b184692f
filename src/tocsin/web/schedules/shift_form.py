"""The form of rotations of a shift-based schedule: what a browser sends, as drafts of texts.

Decides how an event is asked for: who serves, how shifts recur (`shift_rule`), from when until when. A rotation has any
number of events, which may share the week among them or follow one another. What drafts mean is `shift_change`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tocsin.kernel.time import SECOND, Moment
from tocsin.oncall import Rotation, RotationEvent, Schedule, local_time, zone_named
from tocsin.oncall.wallclock import WallTime
from tocsin.web.language import gettext as _
from tocsin.web.schedules.drafts import (
    RowDraft,
    Sent,
    keys_sent,
    moment_typed,
    next_key,
    people_acted,
    pressed,
    text_of,
    with_added,
)
from tocsin.web.schedules.shift_rule import RuleDraft, rule_draft, rule_sent
from tocsin.web.schedules.words import DAY_SECONDS, clock, live_events
from tocsin.web.times import Times, zone_of

LENGTHS: Final[Mapping[str, int]] = {"days": DAY_SECONDS, "hours": 3600, "minutes": 60, "seconds": 1}
_PLAIN: Final = ("id", "name", "add", "on", "at", "length", "unit", "zone", "each", "per", "start", "until")


@dataclass(frozen=True, slots=True)
class EventDraft(RowDraft):
    """One event as typed. `on` and `at`: the first shift, "" = when the change begins; `zone`: "" = the schedule's.

    `start` and `until`: from when to when it makes shifts.
    """

    repeat: RuleDraft = field(default_factory=RuleDraft)
    on: str = ""
    at: str = "09:00"
    length: str = "7"
    unit: str = "days"
    zone: str = ""
    each: str = ""
    per: str = "1"
    start: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class RotationDraft:
    """One rotation as typed. `key` names its fields: "r0-id"; keys of events are none of another rotation's."""

    key: str
    id: str = ""
    events: tuple[EventDraft, ...] = ()


def rotation_drafts(schedule: Schedule, now: Moment, *, opened: int = 10_000) -> list[RotationDraft]:
    """The rotations as the form shows them. With more than `opened` events each is closed, and opened one by one."""
    visible = [one for one in schedule.rotations if not one.removed]
    kept = sum(len(live_events(one, now)) for one in visible) > opened
    found: list[RotationDraft] = []
    number = 0
    for key, rotation in enumerate(visible):
        events = []
        for event in live_events(rotation, now):
            draft = event_draft(str(number), event, schedule.time_zone, now)
            events.append(EventDraft(draft.key, draft.id, kept=True) if kept else draft)
            number += 1
        found.append(RotationDraft(str(key), rotation.id, tuple(events)))
    return found


def event_draft(key: str, event: RotationEvent, zone: str, now: Moment) -> EventDraft:
    """A stored event as the form shows it, times on its own clock. `zone`: the schedule's."""
    begin, length = first_shift(event)
    seconds = length // SECOND
    unit = next(word for word, size in LENGTHS.items() if seconds % size == 0)
    times = Times(now, zone_of(event.time_zone))
    return EventDraft(
        key,
        event.id,
        name=" ".join(event.name.split()),
        people=event.members,
        repeat=rule_draft(event.recurrence, begin, event.time_zone),
        on=f"{times.local(event.start):%Y-%m-%d}",
        at=clock(begin // SECOND % DAY_SECONDS),
        length=str(seconds // LENGTHS[unit]),
        unit=unit,
        zone="" if event.time_zone == zone else event.time_zone,
        each="1" if event.every_member else "",
        per=str(event.shifts_per_member),
        start=moment_typed(times, event.effective_since) if event.effective_since > now else "",
        until=moment_typed(times, event.effective_until),
    )


def first_shift(event: RotationEvent) -> tuple[WallTime, int]:
    """When the first shift begins, and how long it lasts (microseconds), both on the event's clock."""
    zone = zone_named(event.time_zone)
    begin = local_time(zone, event.start)
    return begin, local_time(zone, event.end) - begin


def rotations_sent(form: Sent) -> Iterator[RotationDraft]:
    """The rotations of a sent form."""
    for key in keys_sent(form, "rotation"):
        events = (_sent(form, one) for one in keys_sent(form, f"r{key}-event"))
        yield RotationDraft(key, text_of(form, f"r{key}-id"), tuple(events))


def _sent(form: Sent, key: str) -> EventDraft:
    if text_of(form, f"l{key}-kept"):
        return EventDraft(key, text_of(form, f"l{key}-id"), kept=True)
    plain: dict[str, Any] = {name: text_of(form, f"l{key}-{name}") for name in _PLAIN}
    plain["name"] = " ".join(plain["name"].split())
    return EventDraft(key, **plain | {"people": tuple(form.get(f"l{key}-people", ())), "repeat": rule_sent(form, key)})


def new_rotation(key: str, event_key: str, name: str) -> RotationDraft:
    """What a new rotation begins with: one week after the other."""
    return RotationDraft(key, events=(EventDraft(event_key, name=name),))


def rotations_acted(drafts: list[RotationDraft], do: str) -> list[RotationDraft]:
    """The drafts after one of the form's own buttons."""
    word, key, place = pressed(do)
    fresh = next_key(event.key for one in drafts for event in one.events)
    if word == "more":
        name = _("Rotation %(number)s", number=len(drafts) + 1)
        return [*drafts, new_rotation(next_key(one.key for one in drafts), fresh, name)]
    if word == "drop":
        return [one for one in drafts if one.key != key]
    if word == "event":
        return [_with_event(one, fresh) if one.key == key else one for one in drafts]
    return [replace(one, events=tuple(_acted(one.events, word, key, place))) for one in drafts]


def _with_event(one: RotationDraft, key: str) -> RotationDraft:
    """One event more: shifts of a day's length for the same people."""
    people = with_added(one.events[-1]).people if one.events else ()
    name = _("Shifts %(number)s", number=len(one.events) + 1)
    return replace(one, events=(*one.events, EventDraft(key, name=name, people=people, length="8", unit="hours")))


def _acted(events: Iterable[EventDraft], word: str, key: str, place: int) -> Iterator[EventDraft]:
    for one in events:
        if one.key != key:
            yield one
        elif word != "cut":
            yield people_acted(one, word, place)


def live_event(rotation: Rotation | None, event_id: str, now: Moment) -> RotationEvent | None:
    """The event with this id, if it makes shifts now or later."""
    events = live_events(rotation, now) if rotation is not None and event_id else []
    return next((one for one in events if one.id == event_id), None)
