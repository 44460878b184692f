"""Changing the rotations of a shift-based schedule without changing what has been.

Decides what an edit does to each event (PagerDuty's documents of `/v3/schedules`, update and delete of an event and
delete of a rotation, say so too):

- one that is over stays as it is; one that makes shifts now can only be given another end; one ahead can be changed;
- left out of the new version, one that makes shifts now ends at that moment and is kept out of sight, one that is over
  is kept out of sight, and one that has not begun is gone. A rotation that is left out does so to all its events;
- what would have begun already begins now.

Never decides whether an event makes sense (`validate_rotations`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tocsin.kernel.errors import Invalid
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import phrase
from tocsin.oncall.model import Rotation, RotationEvent

PAST_EVENTS = 200
PAST_ROTATIONS = 50
"""So many of those out of sight are kept, the newest; older ones no longer tell who was on call."""


def apply_rotations(
    old: Sequence[Rotation], new: Sequence[Rotation], now: Moment, ids: IdSource
) -> tuple[Rotation, ...]:
    """The rotations to store when `new` are wanted in place of `old`. Those in `new` without an id are new ones.

    What is out of sight needn't stand in `new`. Raises Invalid for an id that `old` doesn't have or that stands in
    `new` twice, and for a change that is not allowed any more.
    """
    known = {one.id: one for one in old}
    wanted = {one.id: one for one in new if one.id}
    if len(wanted) < sum(1 for one in new if one.id):
        raise Invalid(phrase("A rotation stands in the schedule more than once."))
    for one in wanted:
        if one not in known:
            raise Invalid(phrase("The schedule has no rotation %(one)s.", one=one))
    kept = [_changed(one, wanted.get(one.id), now, ids) for one in old]
    begun = [Rotation(ids.short(), tuple(_begun(event, now, ids) for event in one.events)) for one in new if not one.id]
    visible = [one for one in kept if one is not None and not one.removed]
    past = [one for one in kept if one is not None and one.removed][-PAST_ROTATIONS:]
    return (*past, *visible, *begun)


def why_not_changed(old: RotationEvent, new: RotationEvent, now: Moment) -> Iterator[tuple[str, str]]:
    """Field and sentence of each change that can't be made to an event any more."""
    if old == new:
        return
    if old.is_over(now):
        yield "effective_until", phrase("Event is over and can't be modified")
    elif old.is_active(now):
        for name in RotationEvent.__slots__:
            if name not in _FREE and getattr(old, name) != getattr(new, name):
                yield _FIELDS.get(name, name), phrase("Only effective_until can be changed while the event is active")
        if new.effective_until is not None and new.effective_until <= now:
            yield "effective_until", phrase("Date must be in the future")


def begins_at_once(event: RotationEvent, now: Moment) -> RotationEvent:
    """The event with a beginning in the past moved to now."""
    return event if event.effective_since >= now else replace(event, effective_since=now)


_FREE = frozenset({"effective_until", "start_offset", "end_offset"})
"""What may change of an event that makes shifts: when it ends, and how its dates are written."""

_FIELDS = {
    "start": "start_time",
    "end": "end_time",
    "time_zone": "start_time",
    "end_time_zone": "end_time",
    "members": "assignment_strategy",
    "every_member": "assignment_strategy",
    "shifts_per_member": "assignment_strategy",
}


def _changed(old: Rotation, new: Rotation | None, now: Moment, ids: IdSource) -> Rotation | None:
    if old.removed:
        return old
    wanted = {one.id: one for one in new.events if one.id} if new is not None else {}
    for one in wanted:
        if all(one != event.id for event in old.events):
            raise Invalid(phrase("The rotation has no event %(one)s.", one=one))
    events = []
    for event in old.events:
        left = _left(event, wanted.get(event.id), now)
        if left is not None:
            events.append(left)
    if new is not None:
        events += [_begun(one, now, ids) for one in new.events if not one.id]
    over = [one for one in events if one.removed]
    forgotten = {one.id for one in over[: max(0, len(over) - PAST_EVENTS)]}
    left_over = tuple(one for one in events if one.id not in forgotten)
    if new is None:
        return Rotation(old.id, left_over, removed=True) if left_over else None
    return replace(old, events=left_over)


def _left(old: RotationEvent, new: RotationEvent | None, now: Moment) -> RotationEvent | None:
    if old.removed:
        return old
    if new is None:
        if old.effective_since >= now:
            return None
        return replace(old, removed=True, effective_until=old.effective_until if old.is_over(now) else now)
    for _, sentence in why_not_changed(old, new, now):
        raise Invalid(phrase("%(sentence)s.", sentence=sentence))
    return new if new == old or old.is_active(now) else begins_at_once(new, now)


def _begun(event: RotationEvent, now: Moment, ids: IdSource) -> RotationEvent:
    return begins_at_once(replace(event, id=ids.short(), removed=False), now)
