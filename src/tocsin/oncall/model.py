"""The nouns of on-call: schedules, layers, rotations, overrides, and the stretches of time that they lead to.

A schedule is of one of two kinds. A *layered* one stacks layers and has one person at a time at most. A *shift-based*
one adds up rotations and custom shifts, and may have several at once.

Decides nothing; never reads a clock and never knows what a user is beyond an id. The stored nouns (`Schedule`, `Layer`,
`Restriction`, `Rotation`, `RotationEvent`, `Override`, `CustomShift`) consist of plain values only, so that a document
store can keep them as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from tocsin.kernel.time import Moment


class RestrictionKind(StrEnum):
    """How often a restriction's hours come round."""

    DAILY = "daily"  # every day from the same time
    WEEKLY = "weekly"  # once a week from the same day and time


@dataclass(frozen=True, slots=True)
class Restriction:
    """Hours of the day or week, on the local clock, in which a layer serves. Several on one layer add up.

    `start_time_of_day` counts seconds after local midnight; `start_day_of_week` is 1 (Monday) to 7 and None when daily.
    The end is the start plus `duration_seconds` on the local clock: 09:00 and 8 hours end at 17:00 on every day.
    """

    kind: RestrictionKind
    start_time_of_day: int
    duration_seconds: int
    start_day_of_week: int | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """A rotation: the users take turns of equal length, counted from `rotation_virtual_start`, within [start, end).

    `end` None means without end. A user may stand in `user_ids` several times. `time_zone` is empty except on layers
    that ended before the schedule moved to another zone: those keep the zone that they were served in.
    """

    id: str
    name: str
    start: Moment
    end: Moment | None
    rotation_virtual_start: Moment
    turn_length_seconds: int
    user_ids: tuple[str, ...]
    restrictions: tuple[Restriction, ...] = ()
    time_zone: str = ""

    def has_ended(self, now: Moment) -> bool:
        """Whether the layer is over: it is kept only to tell who was on call."""
        return self.end is not None and self.end <= now


@dataclass(frozen=True, slots=True)
class RotationEvent:
    """Shifts that recur, within [effective_since, effective_until), and who serves them.

    The first shift is [start, end); what follows recurs on the clock of `time_zone` as the lines of `recurrence` say
    (RFC 5545: one RRULE, any EXDATE and RDATE). `members` are user ids, "" an unassigned place. They take turns of
    `shifts_per_member` shifts, or with `every_member` serve each shift together. `end_time_zone` is how a client wrote
    the end, "" for the same zone, and `start_offset` and `end_offset` the seconds from UTC in which it wrote the two:
    they say nothing about when anybody serves. `removed`: it is kept only to tell who was on call.
    """

    id: str
    name: str
    start: Moment
    end: Moment
    time_zone: str
    effective_since: Moment
    effective_until: Moment | None
    recurrence: tuple[str, ...]
    members: tuple[str, ...]
    every_member: bool = False
    shifts_per_member: int = 1
    end_time_zone: str = ""
    start_offset: int = 0
    end_offset: int = 0
    removed: bool = False

    def is_over(self, now: Moment) -> bool:
        """Whether it makes no more shifts."""
        return self.effective_until is not None and self.effective_until <= now

    def is_active(self, now: Moment) -> bool:
        """Whether it makes shifts at that moment."""
        return self.effective_since <= now and not self.is_over(now)


@dataclass(frozen=True, slots=True)
class Rotation:
    """Events that follow one another, or share the week among them. `removed`: it is kept only to tell the past."""

    id: str
    events: tuple[RotationEvent, ...] = ()
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Schedule:
    """Who is on call when. `layers` stand lowest first: where two have somebody, the later one wins.

    With `shift_based` there are rotations and no layers; that is decided when the schedule is made.
    """

    id: str
    name: str
    time_zone: str
    layers: tuple[Layer, ...]
    description: str = ""
    team_ids: tuple[str, ...] = ()
    created_at: Moment = 0
    updated_at: Moment = 0
    rotations: tuple[Rotation, ...] = ()
    shift_based: bool = False


@dataclass(frozen=True, slots=True)
class Override:
    """One person takes [start, end), whatever the layers say. Where two overlap, the one created last wins.

    Equal `created_at` is settled by id; who adds several at once gives each a later microsecond than the one before.

    In a shift-based schedule it speaks of one rotation or one custom shift, and takes the place of one member there
    (`overridden_id`); either of the two people may be "", an unassigned place.
    """

    id: str
    schedule_id: str
    user_id: str
    start: Moment
    end: Moment
    created_at: Moment
    created_by: str = ""
    rotation_id: str = ""
    custom_shift_id: str = ""
    overridden_id: str = ""

    @property
    def source_id(self) -> str:
        """The rotation or custom shift of which it speaks; "" in a layered schedule."""
        return self.rotation_id or self.custom_shift_id


@dataclass(frozen=True, slots=True)
class CustomShift:
    """One person more on call in [start, end) of a shift-based schedule, beside the rotations. "": nobody."""

    id: str
    schedule_id: str
    user_id: str
    start: Moment
    end: Moment
    created_at: Moment = 0
    created_by: str = ""


Exceptions: TypeAlias = Sequence[Override | CustomShift]
"""What one schedule has beside its layers or rotations, in any order."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One shift of a shift-based schedule as it is served, or a part of one: by whom ("" = nobody), and why.

    `rotation_id` or `custom_shift_id` says where it comes from, `override_id` by what somebody else serves it.
    """

    start: Moment
    end: Moment
    user_id: str
    rotation_id: str = ""
    custom_shift_id: str = ""
    override_id: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One person in [start, end) of a rendering. It comes from a layer or an override; the other id is empty.

    An entry that was merged from several carries the ids of its first part. `layer_id` may be that of a rotation.
    """

    start: Moment
    end: Moment
    user_id: str
    layer_id: str = ""
    override_id: str = ""


@dataclass(frozen=True, slots=True)
class Shift:
    """One person's whole uninterrupted time on call, however many turns it spans, cut by no window.

    None means that the edge lies further away than we look (`HORIZON`): a start or an end that nobody is waiting for.
    The ids say what the person is on call by at the moment that was asked about.
    """

    start: Moment | None
    end: Moment | None
    user_id: str
    layer_id: str = ""
    override_id: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """[start, end) with nobody on call."""

    start: Moment
    end: Moment


@dataclass(frozen=True, slots=True)
class Track:
    """One row of a rendering: a layer, the overrides, or the final schedule.

    `entries` are in order; those of a layered schedule never overlap, those of one person in a shift-based one neither.
    `coverage` is the fraction (0 to 1) of the window that they fill.
    """

    id: str
    name: str
    entries: tuple[Entry, ...]
    coverage: float


@dataclass(frozen=True, slots=True)
class Rendered:
    """A schedule written out over [since, until). `layers` stand in the schedule's order, ended ones included.

    A shift-based schedule has none; `shift_based.assignments` tells what each of its rotations does.
    """

    since: Moment
    until: Moment
    layers: tuple[Track, ...]
    overrides: Track
    final: Track
    gaps: tuple[Gap, ...]
