"""Schedules, their renderings and overrides as PagerDuty's clients expect them.

Decides that the layer posted last is shown first, and that layers which are over are shown only in a window that they
touch. Dates have the offset of the zone asked for, else of the schedule's own. Of a shift-based schedule this is only a
view: no layers, and in the final one several people at a time where there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from tocsin.dialects.pagerduty.write.refs import Refs, Wire, zoned
from tocsin.dialects.pagerduty.write.services import clock
from tocsin.kernel.time import Moment
from tocsin.oncall import Layer, Override, Rendered, Restriction, RestrictionKind, Schedule, Track, members, zone_named

_KIND_NAMES = {RestrictionKind.DAILY: "daily_restriction", RestrictionKind.WEEKLY: "weekly_restriction"}
PARTS = ("schedule_layers", "overrides_subschedule", "final_schedule")


@dataclass(frozen=True, slots=True)
class Shown:
    """How a schedule is shown: when "now" is, in which zone (None = its own), and written out over which window."""

    now: Moment
    zone: ZoneInfo | None = None
    rendered: Rendered | None = None


def schedule(one: Schedule, refs: Refs, shown: Shown, parts: Iterable[str] = PARTS) -> Wire:
    """A schedule. `parts` of it may be left out of lists."""
    zone = shown.zone or zone_named(one.time_zone)
    path = f"schedules/{one.id}"
    kind, own = ("schedule_v3", f"v3/{path}") if one.shift_based else ("schedule", path)
    body: Wire = {
        **refs.links.keys(kind, one.id, one.name, own, path),
        "name": one.name,
        "time_zone": one.time_zone,
        "description": one.description,
        "users": [refs.user(user_id) for user_id in members(one, shown.now)],
        "escalation_policies": [refs.policy(policy.id) for policy in refs.config.policies_of_schedule.get(one.id, ())],
        "teams": [refs.team(team_id) for team_id in one.team_ids],
    }
    rendered = shown.rendered
    wanted = set(parts)
    if "schedule_layers" in wanted:
        tracks: Sequence[Track | None] = rendered.layers if rendered is not None else (None,) * len(one.layers)
        rows = [_layer(layer, track, refs, zone) for layer, track in _visible(one, tracks, shown.now)]
        body["schedule_layers"] = rows[::-1]
    if "overrides_subschedule" in wanted:
        body["overrides_subschedule"] = _row("Overrides", rendered.overrides if rendered else None, refs, zone)
    if "final_schedule" in wanted:
        body["final_schedule"] = _row("Final Schedule", rendered.final if rendered else None, refs, zone)
    return body


def override(one: Override, refs: Refs, zone: ZoneInfo) -> Wire:
    """One person's time in place of others."""
    return {"id": one.id, "start": zoned(one.start, zone), "end": zoned(one.end, zone), "user": refs.user(one.user_id)}


def _visible(one: Schedule, tracks: Iterable[Track | None], now: Moment) -> Iterable[tuple[Layer, Track | None]]:
    for layer, track in zip(one.layers, tracks, strict=True):
        if not layer.has_ended(now) or (track is not None and track.entries):
            yield layer, track


def _layer(layer: Layer, track: Track | None, refs: Refs, zone: ZoneInfo) -> Wire:
    return {
        "id": layer.id,
        "name": layer.name,
        "start": zoned(layer.start, zone),
        "end": zoned(layer.end, zone),
        "rotation_virtual_start": zoned(layer.rotation_virtual_start, zone),
        "rotation_turn_length_seconds": layer.turn_length_seconds,
        "users": [{"user": refs.user(user_id)} for user_id in layer.user_ids],
        "restrictions": [_restriction(restriction) for restriction in layer.restrictions],
        "rendered_schedule_entries": _entries(track, refs, zone),
        "rendered_coverage_percentage": _coverage(track),
    }


def _restriction(restriction: Restriction) -> Wire:
    body: Wire = {
        "type": _KIND_NAMES[restriction.kind],
        "start_time_of_day": clock(restriction.start_time_of_day),
        "duration_seconds": restriction.duration_seconds,
    }
    if restriction.start_day_of_week is not None:
        body["start_day_of_week"] = restriction.start_day_of_week
    return body


def _row(name: str, track: Track | None, refs: Refs, zone: ZoneInfo) -> Wire:
    return {
        "name": name,
        "rendered_schedule_entries": _entries(track, refs, zone),
        "rendered_coverage_percentage": _coverage(track),
    }


def _entries(track: Track | None, refs: Refs, zone: ZoneInfo) -> list[Wire]:
    if track is None:
        return []
    people = {one: refs.user(one) for one in {each.user_id for each in track.entries}}
    return [
        {"start": zoned(one.start, zone), "end": zoned(one.end, zone), "user": people[one.user_id]}
        for one in track.entries
    ]


def _coverage(track: Track | None) -> float | None:
    return round(track.coverage * 100, 2) if track is not None else None
