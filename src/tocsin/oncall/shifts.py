"""The questions that paging asks: who is on call now, until when, and who is next.

Decides nothing that `final` and `shift_based` don't: `who_is_on_call` is the same rule for one moment, without writing
anything out.
Never reads a clock: the moment is an argument.
"""

from __future__ import annotations

from tocsin.kernel.time import MICROSECOND, Moment
from tocsin.oncall.final import entries_from, final_entries, overrides_in, reach_back, reach_forward
from tocsin.oncall.model import Entry, Exceptions, Schedule, Shift
from tocsin.oncall.rotation import user_on_turn
from tocsin.oncall.shift_based import holders, precedence


def who_is_on_call(schedule: Schedule, exceptions: Exceptions, at: Moment) -> tuple[str, ...]:
    """The ids of everybody on call at that moment: one at most in a layered schedule, any number in a shift-based one.

    `exceptions` are those of this schedule, in any order.
    """
    if schedule.shift_based:
        return holders(schedule, exceptions, at)
    standing = [one for one in overrides_in(exceptions) if one.start <= at < one.end]
    if standing:
        return (max(standing, key=precedence).user_id,)
    for layer in reversed(schedule.layers):
        user_id = user_on_turn(layer, schedule.time_zone, at)
        if user_id is not None:
            return (user_id,)
    return ()


def shifts_at(schedule: Schedule, exceptions: Exceptions, at: Moment) -> tuple[Shift, ...]:
    """The whole shifts that go on at that moment, one for each person on call, those that began first first."""
    entries, _ = final_entries(schedule, exceptions, at, at + MICROSECOND)
    found = [_shift(schedule, exceptions, one, reach_back(schedule, exceptions, one.user_id, at)) for one in entries]
    return tuple(sorted(found, key=lambda one: (one.start is not None, one.start or 0)))


def next_on_call(schedule: Schedule, exceptions: Exceptions, at: Moment) -> Shift | None:
    """The shift of the next person other than those on call at that moment; None if there is none within the horizon.

    When nobody is on call, that is simply the next shift.
    """
    current = who_is_on_call(schedule, exceptions, at)
    for entry in entries_from(schedule, exceptions, at):
        if entry.user_id not in current:
            return _shift(schedule, exceptions, entry, entry.start)
    return None


def next_shift_of(schedule: Schedule, exceptions: Exceptions, user_id: str, at: Moment) -> Shift | None:
    """The person's first shift that starts after that moment; None if there is none within the horizon."""
    waiting = user_id in who_is_on_call(schedule, exceptions, at)
    before = at
    for entry in entries_from(schedule, exceptions, at):
        if entry.user_id != user_id:
            continue
        waiting = waiting and entry.start == before
        before = entry.end
        if not waiting:
            return _shift(schedule, exceptions, entry, entry.start)
    return None


def _shift(schedule: Schedule, exceptions: Exceptions, entry: Entry, start: Moment | None) -> Shift:
    end = reach_forward(schedule, exceptions, entry.user_id, entry.end)
    return Shift(start, end, entry.user_id, entry.layer_id, entry.override_id)
