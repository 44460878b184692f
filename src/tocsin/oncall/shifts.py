"""The questions that paging asks: who is on call now, until when, and who is next.

Decides nothing that `final` doesn't: `who_is_on_call` is the same rule for one moment, without writing anything out.
Never reads a clock: the moment is an argument.
"""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.kernel.time import MICROSECOND, Moment
from tocsin.oncall.final import entries_from, final_entries, precedence, reach_back, reach_forward
from tocsin.oncall.model import Entry, Override, Schedule, Shift
from tocsin.oncall.rotation import user_on_turn


def who_is_on_call(schedule: Schedule, overrides: Sequence[Override], at: Moment) -> str | None:
    """The id of the person on call at that moment, or None. `overrides` are those of this schedule, in any order."""
    standing = [one for one in overrides if one.start <= at < one.end]
    if standing:
        return max(standing, key=precedence).user_id
    for layer in reversed(schedule.layers):
        user_id = user_on_turn(layer, schedule.time_zone, at)
        if user_id is not None:
            return user_id
    return None


def shift_at(schedule: Schedule, overrides: Sequence[Override], at: Moment) -> Shift | None:
    """The whole shift that goes on at that moment, or None when nobody is on call."""
    entries, _ = final_entries(schedule, overrides, at, at + MICROSECOND)
    if not entries:
        return None
    here = entries[0]
    start = reach_back(schedule, overrides, here.user_id, at)
    return _shift(schedule, overrides, here, start)


def next_on_call(schedule: Schedule, overrides: Sequence[Override], at: Moment) -> Shift | None:
    """The shift of the next person other than the one on call at that moment; None if there is none within the horizon.

    When nobody is on call, that is simply the next shift.
    """
    current = who_is_on_call(schedule, overrides, at)
    for entry in entries_from(schedule, overrides, at):
        if entry.user_id != current:
            return _shift(schedule, overrides, entry, entry.start)
    return None


def next_shift_of(schedule: Schedule, overrides: Sequence[Override], user_id: str, at: Moment) -> Shift | None:
    """The person's first shift that starts after that moment; None if there is none within the horizon."""
    waiting = who_is_on_call(schedule, overrides, at) == user_id
    before = at
    for entry in entries_from(schedule, overrides, at):
        waiting = waiting and entry.user_id == user_id and entry.start == before
        before = entry.end
        if entry.user_id == user_id and not waiting:
            return _shift(schedule, overrides, entry, entry.start)
    return None


def _shift(schedule: Schedule, overrides: Sequence[Override], entry: Entry, start: Moment | None) -> Shift:
    end = reach_forward(schedule, overrides, entry.user_id, entry.end)
    return Shift(start, end, entry.user_id, entry.layer_id, entry.override_id)
