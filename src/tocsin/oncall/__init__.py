"""Who is on call at t: schedules, their layers and overrides, written out and asked about.

On-call is one function of (schedule, overrides and custom shifts, moment). Decides who stands where; never whom to
page, never whether a person can be reached. `model` holds the nouns, `wallclock` the clocks of the zones, `rotation`
one layer, `final` all of them together, `shift_based` the rotations of the other kind of schedule with `recurrence`,
`render` calendars, `shifts` the questions of paging, `handoffs` where shifts begin and end, `validate...` and `edit...`
what becomes of changes, `cover` requests to be covered.
"""

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
from tocsin.oncall.render import gaps, render, shifts_of, users_between
from tocsin.oncall.shift_based import assignments, per_day
from tocsin.oncall.shifts import next_on_call, next_shift_of, shifts_at, who_is_on_call
from tocsin.oncall.validate import override_problems, problems
from tocsin.oncall.validate_rotations import (
    custom_shift_problems,
    rotation_problems,
    schedule_problems,
    shift_override_problems,
)
from tocsin.oncall.wallclock import first, last, local_time, zone_named, zone_names

__all__ = [
    "HORIZON",
    "WINDOW",
    "Assignment",
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
    "Shift",
    "Sides",
    "Track",
    "add_override",
    "apply_edit",
    "assignments",
    "begins_at_once",
    "cover_problems",
    "custom_shift_problems",
    "first",
    "forget_before",
    "gaps",
    "handing_over",
    "handoffs",
    "hands_over",
    "horizon_of",
    "last",
    "live_layers",
    "local_time",
    "members",
    "new_schedule",
    "next_on_call",
    "next_shift_of",
    "override_problems",
    "per_day",
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
    "users_between",
    "who_is_on_call",
    "why_not_changed",
    "zone_named",
    "zone_names",
]
