"""Changing a schedule without changing what has been: the past tells whom we paged, and for what people are paid.

Decides what an edit does to each layer:

- unchanged, or only its end or name changed: stays, with its id;
- changed: the live layer starts anew at the moment of the edit and **keeps its id**, by which clients know it. A copy
  under a new id ends at that moment and tells the past. The rotation keeps its phase, which hangs on the virtual start;
- missing from the new version: ends at that moment; one that has not begun yet is gone;
- new: begins at that moment at the earliest;
- over: stays as it is, whatever the new version says, unless its end is moved into the future: then it begins again.

A start that has passed says nothing any more: a client that repeats the first one, or any other in the past, changes
nothing. The order of layers is the new one from then on and the old one before. When the zone changes, so does every
layer, and those of the past keep the zone that they were served in.

Never checks whether the new version makes sense (`validate.problems`), and never touches overrides of other people.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from tocsin.kernel.errors import Conflict, Invalid
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import phrase
from tocsin.oncall.edit_rotations import apply_rotations
from tocsin.oncall.model import CustomShift, Layer, Override, Schedule

T = TypeVar("T", Override, CustomShift)


@dataclass(frozen=True, slots=True)
class _Step:
    """What becomes of one layer: its part of the past, its part of the future, or one layer that is both."""

    past: Layer | None = None
    future: Layer | None = None
    both: Layer | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """A layer that goes on or begins, and where it stood in the old version (-1: nowhere)."""

    layer: Layer
    was: int = -1
    has_past: bool = False


def new_schedule(wanted: Schedule, now: Moment, ids: IdSource) -> Schedule:
    """The first version of a schedule. Layers without an id get one; starts in the past stay as they were given."""
    layers = tuple(layer if layer.id else replace(layer, id=ids.short()) for layer in wanted.layers)
    rotations = apply_rotations((), wanted.rotations, now, ids)
    return replace(wanted, layers=layers, rotations=rotations, created_at=now, updated_at=now)


def apply_edit(old: Schedule, new: Schedule, now: Moment, ids: IdSource) -> Schedule:
    """The schedule to store when `new` is wanted in place of `old`. Layers of `new` without an id are new ones.

    Ended layers may be left out of `new`; they are kept. Raises Invalid for a layer id that `old` doesn't have, or that
    stands in `new` twice. Of a shift-based schedule the same holds of rotations.
    """
    if old.shift_based:
        rotations = apply_rotations(old.rotations, new.rotations, now, ids)
        return replace(new, id=old.id, rotations=rotations, created_at=old.created_at)
    known = {layer.id: place for place, layer in enumerate(old.layers)}
    _check_ids(new.layers, known)
    steps: dict[int, _Step] = {}
    order: list[_Place] = []
    reached = -1
    for layer in new.layers:
        place = known.get(layer.id)
        if place is None:
            order.append(_Place(_begun(layer if layer.id else replace(layer, id=ids.short()), now)))
            continue
        step = _continued(_zoned(old.layers[place], old, new), layer, now, ids)
        if step.both is not None and place < reached and not step.both.has_ended(now):
            step = _split(step.both, step.both, now, ids)  # an unchanged layer that moved before another one
        steps[place] = step
        if step.both is not None and not step.both.has_ended(now):
            reached = place
            order.append(_Place(step.both, place, has_past=True))
        elif step.future is not None:
            order.append(_Place(step.future, place))
    for place, layer in enumerate(old.layers):
        steps.setdefault(place, _retired(_zoned(layer, old, new), now))
    layers = tuple(layer for layer in _merged(steps, order, now) if layer.end is None or layer.start < layer.end)
    return replace(new, id=old.id, layers=layers, created_at=old.created_at, updated_at=now)


def live_layers(schedule: Schedule, now: Moment) -> tuple[Layer, ...]:
    """The layers that are not over: what an editor shows, and what a client gets to see of them."""
    return tuple(layer for layer in schedule.layers if not layer.has_ended(now))


def members(schedule: Schedule, now: Moment) -> tuple[str, ...]:
    """Everybody who takes turns now or later, in order of appearance: they can't be removed while they do."""
    takes_turns = [user_id for layer in live_layers(schedule, now) for user_id in layer.user_ids]
    takes_turns += [
        user_id
        for rotation in schedule.rotations
        for event in rotation.events
        if not event.is_over(now)
        for user_id in event.members
        if user_id
    ]
    return tuple(dict.fromkeys(takes_turns))


def forget_before(schedule: Schedule, moment: Moment) -> Schedule:
    """The schedule without the layers that were over by then: edits leave them behind, retention removes them."""
    return replace(schedule, layers=live_layers(schedule, moment))


def add_override(override: T, now: Moment) -> T:
    """The override to store: one that would have begun already begins now. Raises Invalid if it has no time left."""
    if override.end <= override.start:
        raise Invalid("Override must end after its start.")
    if override.end <= now:
        raise Invalid("Override must end in the future.")
    return replace(override, start=max(override.start, now))


def remove_override(override: T, now: Moment) -> T | None:
    """What remains of a removed override or custom shift: nothing when it lay ahead, else what was served by now.

    Raises Conflict (reason `past`) for one that is over: it tells who was on call.
    """
    if override.end <= now:
        raise Conflict("The override is over and can't be removed.", reason="past")
    return None if override.start >= now else replace(override, end=now)


def _check_ids(layers: Iterable[Layer], known: dict[str, int]) -> None:
    seen: set[str] = set()
    for layer in layers:
        if layer.id and layer.id not in known:
            raise Invalid(phrase("The schedule has no layer %(id)s.", id=layer.id))
        if layer.id in seen:
            raise Invalid(phrase("The layer %(id)s stands in the schedule more than once.", id=layer.id))
        if layer.id:
            seen.add(layer.id)


def _zoned(layer: Layer, old: Schedule, new: Schedule) -> Layer:
    """The layer of the old version with its zone written on it, if the new version has another."""
    if old.time_zone == new.time_zone or layer.time_zone:
        return layer
    return replace(layer, time_zone=old.time_zone)


def _begun(layer: Layer, now: Moment) -> Layer:
    return replace(layer, start=max(layer.start, now), time_zone="")


def _continued(old: Layer, wanted: Layer, now: Moment, ids: IdSource) -> _Step:
    if old.start >= now:  # not begun yet: nothing has been
        return _Step(future=_begun(wanted, now))
    ends = wanted.end is not None and wanted.end <= now
    if old.has_ended(now):
        if ends:
            return _Step(both=replace(old, name=wanted.name))
        return _Step(replace(old, id=ids.short()), _begun(wanted, now))
    start = old.start if wanted.start <= now else wanted.start
    end = None if wanted.end is None else max(wanted.end, now)
    if ends or replace(wanted, start=start, end=None, time_zone="") == replace(old, end=None, name=wanted.name):
        return _Step(both=replace(old, name=wanted.name, end=end))
    return _split(old, wanted, now, ids)


def _split(old: Layer, wanted: Layer, now: Moment, ids: IdSource) -> _Step:
    return _Step(replace(old, id=ids.short(), end=now), _begun(wanted, now))


def _retired(layer: Layer, now: Moment) -> _Step:
    if layer.start >= now:
        return _Step()
    return _Step(layer if layer.has_ended(now) else replace(layer, end=now))


def _merged(steps: dict[int, _Step], order: list[_Place], now: Moment) -> Iterator[Layer]:
    """The past in the old order and the future in the new one; layers that are both stand alike in the two."""
    past = []
    for was in sorted(steps):
        layer = steps[was].past or steps[was].both
        if layer is not None and layer.has_ended(now):
            past.append((was, layer))
    for number, place in enumerate(order):
        # What is over goes before whatever stood behind it, unless that now stands before a layer of both times.
        limit = min([place.was, *(later.was - 1 for later in order[number:] if later.has_past)])
        while past and past[0][0] <= limit:
            yield past.pop(0)[1]
        yield place.layer
    yield from (layer for _, layer in past)
