"""Schedules and overrides: from fields of a body to changes of the things.

Layers come lowest first, and later ones win, as they do here. Decides what a date without an offset means: local time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from tocsin.dialects.pagerduty.read.fields import Fields
from tocsin.dialects.pagerduty.read.services import second_of_day
from tocsin.dialects.pagerduty.read.times import read_moment
from tocsin.kernel.limits import DESCRIPTION_CHARS
from tocsin.kernel.time import MINUTE, Moment
from tocsin.oncall import Layer, Override, Restriction, RestrictionKind, Schedule, zone_named, zone_names

CLOCKS_DIFFER = 5 * MINUTE
"""So much a client's clock may be ahead of ours."""

KINDS = {"daily_restriction": RestrictionKind.DAILY, "weekly_restriction": RestrictionKind.WEEKLY}


def schedule_changes(fields: Fields, old: Schedule | None, now: Moment) -> dict[str, Any]:
    """What a body says about a schedule. Layers that it leaves out end; those with an id are the ones that exist."""
    changes: dict[str, Any] = {}
    if fields.given("name"):
        changes["name"] = fields.text("name") or ""
    if fields.given("description"):
        changes["description"] = fields.text("description", DESCRIPTION_CHARS) or ""
    zone_name = fields.text("time_zone")
    if zone_name is not None:
        changes["time_zone"] = zone_name
    if fields.given("teams"):
        changes["team_ids"] = fields.references("teams")
    if fields.given("schedule_layers"):
        name = zone_name if zone_name in zone_names() else None
        zone = zone_named(name or (old.time_zone if old is not None else "UTC"))
        known = {layer.id: layer for layer in old.layers} if old is not None else {}
        layers = fields.objects("schedule_layers", "Schedule layer {}")
        wanted = [_layer(one, number, zone, known) for number, one in enumerate(layers, 1)]
        changes["layers"] = tuple(layer for layer in wanted if not _called_off(layer, now))
    fields.check(3001, "Invalid Schedule")
    return changes


def override_of(fields: Fields, schedule: Schedule) -> Override | None:
    """An override that somebody wants to add; None when a problem was noted."""
    before = len(fields.problems)
    zone = zone_named(schedule.time_zone)
    start, end = read_moment(fields, "start", zone), read_moment(fields, "end", zone)
    user_id = fields.reference("user")
    fields.required("start", "end", "user")
    if start is None or end is None or user_id is None or len(fields.problems) > before:
        return None
    return Override(id="", schedule_id=schedule.id, user_id=user_id, start=start, end=end, created_at=0)


def _layer(fields: Fields, number: int, zone: ZoneInfo, known: Mapping[str, Layer]) -> Layer:
    start = read_moment(fields, "start", zone)
    virtual = read_moment(fields, "rotation_virtual_start", zone)
    length = fields.whole("rotation_turn_length_seconds")
    fields.required("start", "rotation_turn_length_seconds", "users")
    layer_id = fields.text("id") or ""
    name = fields.text("name")
    if not name:
        name = known[layer_id].name if layer_id in known else f"Layer {number}"
    users = []
    for entry in fields.objects("users"):
        person = entry.object("user") if entry.given("user") else entry
        user_id = person.id(of="user") if person is not None else None
        if user_id is not None:
            users.append(user_id)
    return Layer(
        id=layer_id if known else "",
        name=name,
        start=start or 0,
        end=read_moment(fields, "end", zone),
        rotation_virtual_start=virtual if virtual is not None else start or 0,
        turn_length_seconds=length or 0,
        user_ids=tuple(users),
        restrictions=tuple(_restriction(one) for one in fields.objects("restrictions")),
    )


def _called_off(layer: Layer, now: Moment) -> bool:
    """Whether there is to be none after all.

    Some clients never leave out a layer that exists: they send it with an end of now, by their own clock, and for one
    that has not begun that lies before its start.
    """
    return bool(layer.id) and layer.end is not None and layer.end <= min(layer.start, now + CLOCKS_DIFFER)


def _restriction(fields: Fields) -> Restriction:
    kind = KINDS.get(fields.choice("type", KINDS) or "", RestrictionKind.DAILY)
    fields.required("type", "start_time_of_day", "duration_seconds")
    day = fields.whole("start_day_of_week") if kind is RestrictionKind.WEEKLY else None
    return Restriction(
        kind=kind,
        start_time_of_day=second_of_day(fields, "start_time_of_day"),
        duration_seconds=fields.whole("duration_seconds") or 0,
        start_day_of_week=day,
    )
