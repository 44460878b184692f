"""Who is on call at t: schedules, their layers and overrides, written out and asked about.

On-call is one function of (schedule, overrides and custom shifts, moment). Decides who stands where; never whom to
page, never whether a person can be reached. `model` holds the nouns, `wallclock` the clocks of the zones, `rotation`
one layer, `final` all of them together, `shift_based` the rotations of the other kind of schedule with `recurrence`,
`render` calendars, `shifts` the questions of paging, `handoffs` where shifts begin and end, `part_time` for how much of
the week a schedule is meant, `validate...` and `edit...` what becomes of changes, `compare` what they mean in people,
`anchor` from where turns are counted, `cover` requests to be covered, `hours` how much somebody serves.
"""

from tocsin.oncall.anchor import at_time_of_day, counted_from, last_before, on_weekday, turn_at, weekday_of
from tocsin.oncall.compare import AHEAD, Comparison, Share, Stretch, compare, opened_gaps
from tocsin.oncall.cover import (
    CoverRequest,
    RequestState,
    cover_problems,
    handing_over,
    hands_over,
    serves_any,
    serves_whole,
)
from tocsin.oncall.edit import (
    add_override,
    apply_edit,
    forget_before,
    live_layers,
    members,
    new_schedule,
    planned_layers,
    remove_override,
)
from tocsin.oncall.edit_rotations import begins_at_once, why_not_changed
from tocsin.oncall.final import HORIZON, WINDOW, horizon_of
from tocsin.oncall.handoffs import Handoff, Sides, handoffs, sides_of
from tocsin.oncall.model import (
    Assignment,
    CustomShift,
    Entry,
    Exceptions,
    Gap,
    Layer,
    Override,
    Rendered,
    Restriction,
    RestrictionKind,
    Rotation,
    RotationEvent,
    Schedule,
    Shift,
    Track,
)
from tocsin.oncall.part_time import is_part_time
from tocsin.oncall.render import gaps, render, shifts_of, users_between
from tocsin.oncall.shift_based import assignments, per_day
from tocsin.oncall.shifts import next_on_call, next_shift_of, shifts_at, who_is_on_call
from tocsin.oncall.validate import override_problems, problems
from tocsin.oncall.validate_rotations import (
    custom_shift_problems,
    event_problems,
    rotation_problems,
    schedule_problems,
    shift_override_problems,
)
from tocsin.oncall.wallclock import first, last, local_time, zone_named, zone_names

__all__ = [
    "AHEAD",
    "HORIZON",
    "WINDOW",
    "Assignment",
    "Comparison",
    "CoverRequest",
    "CustomShift",
    "Entry",
    "Exceptions",
    "Gap",
    "Handoff",
    "Layer",
    "Override",
    "Rendered",
    "RequestState",
    "Restriction",
    "RestrictionKind",
    "Rotation",
    "RotationEvent",
    "Schedule",
    "Share",
    "Shift",
    "Sides",
    "Stretch",
    "Track",
    "add_override",
    "apply_edit",
    "assignments",
    "at_time_of_day",
    "begins_at_once",
    "compare",
    "counted_from",
    "cover_problems",
    "custom_shift_problems",
    "event_problems",
    "first",
    "forget_before",
    "gaps",
    "handing_over",
    "handoffs",
    "hands_over",
    "horizon_of",
    "is_part_time",
    "last",
    "last_before",
    "live_layers",
    "local_time",
    "members",
    "new_schedule",
    "next_on_call",
    "next_shift_of",
    "on_weekday",
    "opened_gaps",
    "override_problems",
    "per_day",
    "planned_layers",
    "problems",
    "remove_override",
    "render",
    "rotation_problems",
    "schedule_problems",
    "serves_any",
    "serves_whole",
    "shift_override_problems",
    "shifts_at",
    "shifts_of",
    "sides_of",
    "turn_at",
    "users_between",
    "weekday_of",
    "who_is_on_call",
    "why_not_changed",
    "zone_named",
    "zone_names",
]
