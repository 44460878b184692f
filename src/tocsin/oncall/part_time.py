"""Whether a schedule is meant for part of the week only: then time without anybody is off hours rather than a hole.

Decides that from the hours that its layers, or the shifts that its rotations, fill: at most half of the time. Nobody
says so anywhere; a schedule that fills more is taken for one that should fill all.
"""

from __future__ import annotations

from tocsin.kernel.time import WEEK, Moment
from tocsin.oncall.model import Schedule
from tocsin.oncall.rotation import serving_hours
from tocsin.oncall.shift_based import final

PART = 0.5
"""The greatest share of the time that counts as part of it."""

_LOOKED_AT = 4 * WEEK


def is_part_time(schedule: Schedule, at: Moment) -> bool:
    """Whether the schedule, as it is from `at` on, is meant for some hours only."""
    until = at + _LOOKED_AT
    if schedule.shift_based:
        free = sum(end - start for start, end in final(schedule, (), at, until)[1])
        return 0 < (until - at) - free <= PART * (until - at)
    live = [one for one in schedule.layers if one.end is None or one.end > at]
    if not live or not all(one.restrictions for one in live):
        return False
    every = [restriction for one in live for restriction in one.restrictions]
    filled = sum(end - start for start, end in serving_hours(every, schedule.time_zone, at, until))
    return filled <= PART * (until - at)
