"""Shift-based schedules, their rotations, events, custom shifts and overrides as the v3 API's clients expect them.

Decides what is shown of what has been: nothing that was removed. Start and end of an event have the offset in which
they were sent (Terraform refuses any other text for them), its other dates are in UTC; those of shifts have the offset
of the zone asked for, else of the schedule's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta, timezone
from zoneinfo import ZoneInfo

from tocsin.dialects.pagerduty.read.shift_based import EMPTY, EVERY, ROTATING, USER
from tocsin.dialects.pagerduty.write.refs import Refs, Wire, instant, zoned
from tocsin.kernel.time import Moment, Span, to_datetime
from tocsin.oncall import Assignment, CustomShift, Override, Rotation, RotationEvent, Schedule

TYPE = "schedule_v3"


def path_of(schedule_id: str, *rest: str) -> str:
    """The address of a schedule or of a part of it, under the API's."""
    return "/".join(("v3/schedules", schedule_id, *rest))


def reference(one: Schedule, refs: Refs) -> Wire:
    """A schedule in a list."""
    return refs.schedule(one.id)


def schedule(one: Schedule, refs: Refs) -> Wire:
    """A schedule with its rotations."""
    return {
        **refs.links.keys(TYPE, one.id, one.name, path_of(one.id), f"schedules/{one.id}"),
        "name": one.name,
        "time_zone": one.time_zone,
        "description": one.description,
        "teams": [refs.team(team_id) for team_id in one.team_ids],
        "escalation_policies": [refs.policy(policy.id) for policy in refs.config.policies_of_schedule.get(one.id, ())],
        "rotations": [rotation(each, one, refs) for each in one.rotations if not each.removed],
    }


def rotation(one: Rotation, within: Schedule, refs: Refs, window: tuple[Moment, Moment] | None = None) -> Wire:
    """A rotation with its events; `window`: only those that are effective in it."""
    return {
        "id": one.id,
        "type": "schedule_rotation",
        **_links(refs, within, "rotations", one.id),
        "events": [event(each, one, within, refs) for each in visible(one, window)],
    }


def visible(one: Rotation, window: tuple[Moment, Moment] | None = None) -> list[RotationEvent]:
    """The events that were not removed, by their first shift."""
    found = [each for each in one.events if not each.removed and (window is None or _touches(each, *window))]
    return sorted(found, key=lambda each: each.start)


def _touches(one: RotationEvent, since: Moment, until: Moment) -> bool:
    return one.effective_since < until and (one.effective_until is None or one.effective_until > since)


def event(one: RotationEvent, of: Rotation, within: Schedule, refs: Refs) -> Wire:
    """An event of a rotation."""
    strategy: Wire = {
        "type": EVERY if one.every_member else ROTATING,
        "members": [member(each) for each in one.members],
    }
    if not one.every_member:
        strategy["shifts_per_member"] = one.shifts_per_member
    return {
        "id": one.id,
        "type": "schedule_event",
        **_links(refs, within, "rotations", of.id, "events", one.id),
        "name": one.name,
        "start_time": {"date_time": _written(one.start, one.start_offset), "time_zone": one.time_zone},
        "end_time": {
            "date_time": _written(one.end, one.end_offset),
            "time_zone": one.end_time_zone or one.time_zone,
        },
        "effective_since": instant(one.effective_since),
        "effective_until": instant(one.effective_until),
        "recurrence": list(one.recurrence),
        "assignment_strategy": strategy,
    }


def _written(moment: Moment, offset: int) -> str | None:
    if not offset:
        return instant(moment)
    return to_datetime(moment).astimezone(timezone(timedelta(seconds=offset))).isoformat(timespec="seconds")


def custom_shift(one: CustomShift, within: Schedule, refs: Refs, zone: ZoneInfo | None) -> Wire:
    """A custom shift. Its one assignment has its id."""
    return {
        "id": one.id,
        "type": "custom_shift",
        **_links(refs, within, "custom_shifts", one.id),
        "start_time": zoned(one.start, zone),
        "end_time": zoned(one.end, zone),
        "assignments": [{"id": one.id, "type": "shift_assignment", "member": member(one.user_id)}],
    }


def override(one: Override, within: Schedule, refs: Refs, zone: ZoneInfo | None) -> Wire:
    """An override of a rotation or of a custom shift."""
    source = {"rotation_id": one.rotation_id} if one.rotation_id else {"custom_shift_id": one.custom_shift_id}
    return {
        "id": one.id,
        "type": "override_shift",
        **_links(refs, within, "overrides", one.id),
        **source,
        "start_time": zoned(one.start, zone),
        "end_time": zoned(one.end, zone),
        "overridden_member": member(one.overridden_id),
        "overriding_member": member(one.user_id),
    }


def final_schedule(found: Iterable[Assignment], since: Moment, until: Moment, zone: ZoneInfo | None) -> Wire:
    """Who serves which shift, and how much of the window somebody does."""
    rows: list[Wire] = []
    covered, reached = 0, since
    for one in found:
        rows.append(
            {
                "type": "computed_shift_assignment",
                "start_time": zoned(one.start, zone),
                "end_time": zoned(one.end, zone),
                "member": member(one.user_id),
                "source": _source(one),
            }
        )
        if one.user_id:
            end = min(one.end, until)
            covered += max(0, end - max(one.start, reached))
            reached = max(reached, end)
    return {
        "type": "final_schedule",
        "rendered_coverage_percentage": _percentage(covered, until - since),
        "computed_shift_assignments": rows,
    }


def member(user_id: str) -> Wire:
    """A member, or an unassigned place."""
    return {"type": USER, "user_id": user_id} if user_id else {"type": EMPTY}


def _percentage(covered: Span, whole: Span) -> float:
    return round(covered / whole * 100, 2) if whole else 0.0


def _source(one: Assignment) -> Wire:
    kind = "schedule_rotation" if one.rotation_id else "custom_shift"
    found: Wire = {"type": f"{kind}_override" if one.override_id else kind}
    if one.rotation_id:
        found["rotation_id"] = one.rotation_id
    if one.custom_shift_id:
        found["shift_id"] = one.custom_shift_id
    if one.override_id:
        found["override_id"] = one.override_id
    return found


def _links(refs: Refs, within: Schedule, *rest: str) -> Wire:
    site = f"{refs.links.site}/schedules/{within.id}"
    return {"self": f"{refs.links.api}/{path_of(within.id, *rest)}", "html_url": site}
