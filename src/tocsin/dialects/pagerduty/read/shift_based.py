"""Shift-based schedules (`/v3/schedules`): from bodies to rotations' events, custom shifts and overrides.

Problems are kept by field, as that API answers them: `event.effective_since` -> sentences. Decides the shape that a
value must have; never whether it makes sense, which `oncall` does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tocsin.dialects.pagerduty.errors import ApiError
from tocsin.dialects.pagerduty.read.fields import ID_CHARS, ITEMS
from tocsin.dialects.pagerduty.read.times import moment_of
from tocsin.kernel.limits import DESCRIPTION_CHARS, NAME_CHARS
from tocsin.kernel.time import Moment
from tocsin.oncall import CustomShift, Override, RotationEvent, Schedule, zone_named, zone_names

ZONE_CHARS = 64
RECURRENCE_CHARS = 2000
ROTATING, EVERY = "rotating_member_assignment_strategy", "every_member_assignment_strategy"
USER, EMPTY = "user_member", "empty_member"

_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)$", re.ASCII)

Found = dict[str, list[str]]
"""Problems by field."""


def refusal(found: Mapping[str, list[str]]) -> ApiError:
    """400 with the problems by field."""
    by_field = {name: list(dict.fromkeys(found[name])) for name in found}
    return ApiError(400, 2001, "Invalid Request", by_field=by_field)


class Parts:
    """An object of a body, at a path. Readers return None for what is absent, and note what is wrong."""

    def __init__(self, values: Mapping[str, Any], path: str, found: Found) -> None:
        self.values = values
        self.path = path
        self.found = found

    def given(self, name: str) -> bool:
        """Whether the field is there at all, null included."""
        return name in self.values

    def wrong(self, name: str, sentence: str) -> None:
        """Note a problem of a field."""
        self.found.setdefault(f"{self.path}.{name}", []).append(sentence)

    def required(self, *names: str) -> None:
        """Note each of these that is absent, null or an empty string."""
        for name in names:
            if self.values.get(name) in (None, ""):
                self.wrong(name, f"{name.replace('_', ' ').capitalize()} cannot be empty.")

    def text(self, name: str, most: int = NAME_CHARS) -> str | None:
        """A string of at most `most` characters."""
        value = self.values.get(name)
        if value is None or (isinstance(value, str) and len(value) <= most):
            return value
        self.wrong(name, "Must be a string" if not isinstance(value, str) else f"Is longer than {most} characters")
        return None

    def choice(self, name: str, *allowed: str) -> str | None:
        """One of the texts allowed."""
        value = self.text(name)
        if value is not None and value not in allowed:
            self.wrong(name, f"Must be {' or '.join(allowed)}")
        return value if value in allowed else None

    def whole(self, name: str) -> int | None:
        """A whole number of a size that anything may have."""
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1_000_000:
            self.wrong(name, "Must be a whole number")
            return None
        return value

    def moment(self, name: str, zone_name: str = "Etc/UTC") -> Moment | None:
        """A date; one without offset is on the clock of the zone."""
        text = self.text(name)
        if text is None:
            return None
        try:
            return moment_of(text, zone_named(zone_name))
        except (ValueError, OverflowError):
            self.wrong(name, "Is not a valid date")
            return None

    def object(self, name: str) -> Parts | None:
        """An object within this one."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.wrong(name, "Must be an object")
            return None
        return Parts(value, f"{self.path}.{name}", self.found)

    def objects(self, name: str, most: int = ITEMS) -> list[Parts]:
        """The objects in an array; a problem of one is noted at the array."""
        value = self.values.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > most or not all(isinstance(one, dict) for one in value):
            self.wrong(name, f"Must be an array of at most {most} objects")
            return []
        return [Parts(one, f"{self.path}.{name}", self.found) for one in value]

    def id(self, name: str = "id") -> str | None:
        """An id that is there."""
        value = self.values.get(name)
        if isinstance(value, str) and 0 < len(value) <= ID_CHARS:
            return value
        self.wrong(name, "Must be an id")
        return None

    def check(self) -> None:
        """Raise ApiError with every problem found so far."""
        if self.found:
            raise refusal(self.found)


def schedule_changes(parts: Parts) -> dict[str, Any]:
    """What a body says about the schedule itself. Rotations and policies have their own addresses.

    Empty arrays of them are taken for absent: a client in use always sends one.
    """
    changes: dict[str, Any] = {}
    for name in ("rotations", "escalation_policies"):
        if parts.values.get(name):
            parts.wrong(name, "Is not accepted here")
    if parts.given("name"):
        parts.required("name")
        changes["name"] = parts.text("name") or ""
    if parts.given("time_zone"):
        parts.required("time_zone")
        name = parts.text("time_zone", ZONE_CHARS) or ""
        if name and name not in zone_names():
            parts.wrong("time_zone", "Time zone is invalid")
        changes["time_zone"] = name
    if parts.given("description"):
        changes["description"] = parts.text("description", DESCRIPTION_CHARS) or ""
    if parts.given("teams"):
        found = (one.id() for one in parts.objects("teams"))
        changes["team_ids"] = tuple(dict.fromkeys(one for one in found if one is not None))
    parts.check()
    return changes


def event_of(parts: Parts, old: RotationEvent | None) -> RotationEvent:
    """The event that a body makes, or makes of an old one. Raises ApiError for what can't be read."""
    if old is None:
        parts.required("name", "start_time", "end_time", "effective_since", "recurrence", "assignment_strategy")
    start, end = _zoned(parts, "start_time", old), _zoned(parts, "end_time", old)
    since = parts.moment("effective_since")
    event = old if old is not None else RotationEvent("", "", 0, 0, "Etc/UTC", 0, None, (), ())
    changes: dict[str, Any] = {}
    if parts.given("name"):
        parts.required("name")
        changes["name"] = parts.text("name") or ""
    if start is not None:
        changes["start"], changes["time_zone"], changes["start_offset"] = start
    if end is not None:
        zone = changes.get("time_zone", event.time_zone)
        changes["end"], changes["end_offset"] = end[0], end[2]
        changes["end_time_zone"] = "" if end[1] == zone else end[1]
    if since is not None:
        changes["effective_since"] = since
    if parts.given("effective_until"):
        changes["effective_until"] = parts.moment("effective_until")
    if parts.given("recurrence"):
        changes["recurrence"] = _recurrence(parts)
    strategy = parts.object("assignment_strategy")
    if strategy is not None:
        changes |= _strategy(strategy)
    parts.check()
    return replace(event, **changes)


def custom_shift_of(parts: Parts, old: CustomShift | None, schedule: Schedule) -> CustomShift:
    """The custom shift that a body makes, or makes of an old one; problems are only noted."""
    if old is None:
        parts.required("type", "start_time", "end_time", "assignments")
    parts.choice("type", "custom_shift")
    start, end = parts.moment("start_time", schedule.time_zone), parts.moment("end_time", schedule.time_zone)
    user_id: str | None = None
    if parts.given("assignments"):
        found = parts.objects("assignments")
        if len(found) != 1:
            parts.wrong("assignments", "Must be exactly one assignment")
        for one in found[:1]:
            one.required("member")
            user_id = _member(one.object("member"))
    base = old if old is not None else CustomShift("", schedule.id, "", 0, 0)
    return replace(
        base,
        start=base.start if start is None else start,
        end=base.end if end is None else end,
        user_id=base.user_id if user_id is None else user_id,
    )


def override_of(parts: Parts, old: Override | None, schedule: Schedule) -> Override:
    """The override that a body makes, or makes of an old one; problems are only noted."""
    if old is None:
        parts.required("type", "start_time", "end_time", "overridden_member", "overriding_member")
    parts.choice("type", "override_shift")
    start, end = parts.moment("start_time", schedule.time_zone), parts.moment("end_time", schedule.time_zone)
    by = _member(parts.object("overriding_member"))
    base = old if old is not None else Override("", schedule.id, "", 0, 0, 0)
    if old is None:
        base = replace(
            base,
            rotation_id=parts.text("rotation_id", ID_CHARS) or "",
            custom_shift_id=parts.text("custom_shift_id", ID_CHARS) or "",
            overridden_id=_member(parts.object("overridden_member")) or "",
        )
    return replace(
        base,
        start=base.start if start is None else start,
        end=base.end if end is None else end,
        user_id=base.user_id if by is None else by,
    )


def _zoned(parts: Parts, name: str, old: RotationEvent | None) -> tuple[Moment, str, int] | None:
    """A date with its zone, and with the offset in which it was written, in seconds; without one it counts as UTC."""
    inner = parts.object(name)
    if inner is None:
        return None
    inner.required("date_time")
    zone = inner.text("time_zone", ZONE_CHARS)
    if zone is None:
        if old is None:
            inner.required("time_zone")
        zone = old.time_zone if old is not None else "Etc/UTC"
    if zone not in zone_names():
        inner.wrong("time_zone", "Time zone is invalid")
        return None
    moment = inner.moment("date_time", zone)
    if moment is None:
        return None
    offset = _OFFSET.search(inner.text("date_time") or "")
    seconds = (int(offset[2]) * 60 + int(offset[3])) * 60 if offset is not None else 0
    return moment, zone, -seconds if offset is not None and offset[1] == "-" else seconds


def _recurrence(parts: Parts) -> tuple[str, ...]:
    lines = parts.values.get("recurrence")
    if not isinstance(lines, list) or len(lines) > ITEMS or not all(isinstance(one, str) for one in lines):
        parts.wrong("recurrence", "Must be an array of strings")
        return ()
    if sum(map(len, lines)) > RECURRENCE_CHARS:
        parts.wrong("recurrence", f"Is longer than {RECURRENCE_CHARS} characters")
        return ()
    return tuple(lines)


def _strategy(parts: Parts) -> dict[str, Any]:
    parts.required("type", "members")
    kind = parts.choice("type", ROTATING, EVERY)
    each = parts.whole("shifts_per_member")
    if kind == ROTATING and each is None:
        parts.required("shifts_per_member")
    members = [_member(one) for one in parts.objects("members")]
    return {
        "every_member": kind == EVERY,
        "shifts_per_member": 1 if each is None else each,
        "members": tuple(one for one in members if one is not None),
    }


def _member(parts: Parts | None) -> str | None:
    """The id of a member, "" of an unassigned place."""
    if parts is None:
        return None
    parts.required("type")
    kind = parts.choice("type", USER, EMPTY)
    if kind == EMPTY:
        return ""
    return parts.id("user_id") if kind == USER else None
