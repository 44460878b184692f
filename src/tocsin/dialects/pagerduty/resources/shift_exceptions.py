"""/v3/schedules/{id}/custom_shifts and /overrides: what a shift-based schedule has beside its rotations.

Several are made in one request: all of them are looked at before the first is stored. They are shown at their whole
length, also where they reach beyond the time range: whoever writes one back must not cut it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, Routes, answer, nothing
from tocsin.dialects.pagerduty.errors import invalid, not_found
from tocsin.dialects.pagerduty.read import shift_based as read
from tocsin.dialects.pagerduty.read.times import zone_of
from tocsin.dialects.pagerduty.resources.shift_based import by_field, page_of, schedule_of, window_of
from tocsin.dialects.pagerduty.write import shift_based as write
from tocsin.dialects.pagerduty.write.refs import Refs, Wire
from tocsin.engine.rules_of_schedules import AHEAD
from tocsin.oncall import (
    CustomShift,
    Override,
    Schedule,
    custom_shift_problems,
    shift_override_problems,
    zone_named,
)

AT_ONCE = 100

T = TypeVar("T", Override, CustomShift)


# -- custom shifts


@by_field("custom_shift")
def shifts_listed(call: Call) -> Response:
    """GET /v3/schedules/{id}/custom_shifts over since..until."""
    schedule = schedule_of(call)
    return answer(page_of(call, "custom_shifts", _touching(call, schedule, _shifts(call, schedule), _shift_wire)))


@by_field("custom_shift")
def shifts_created(call: Call) -> Response:
    """POST /v3/schedules/{id}/custom_shifts: one or several."""
    schedule = schedule_of(call)
    found: read.Found = {}
    wanted = [read.custom_shift_of(parts, None, schedule) for parts in _items(call, "custom_shifts", found)]
    _check_room(call, _shifts(call, schedule), wanted)
    for one in wanted if not found else ():
        _note(found, "custom_shifts", custom_shift_problems(None, one, call.config.users.keys(), call.now))
    if found:
        raise read.refusal(found)
    made = [call.save("custom_shift", one) for one in wanted]
    return answer({"custom_shifts": [_shift_wire(call, one, schedule) for one in made]}, 201)


@by_field("custom_shift")
def shift_shown(call: Call) -> Response:
    """GET /v3/schedules/{id}/custom_shifts/{custom_shift_id}."""
    schedule = schedule_of(call)
    return answer({"custom_shift": _shift_wire(call, _shift(call, schedule), schedule)})


@by_field("custom_shift")
def shift_changed(call: Call) -> Response:
    """PUT /v3/schedules/{id}/custom_shifts/{custom_shift_id}: once it has started, only its end."""
    schedule = schedule_of(call)
    old = _shift(call, schedule)
    parts = read.Parts(call.fields("custom_shift").values, "custom_shift", {})
    new = read.custom_shift_of(parts, old, schedule)
    if not parts.found and new != old:
        _note(parts.found, "custom_shift", custom_shift_problems(old, new, call.config.users.keys(), call.now))
    parts.check()
    saved = call.save("custom_shift", new, _changes(old, new)) if new != old else old
    return answer({"custom_shift": _shift_wire(call, saved, schedule)})


@by_field("custom_shift")
def shift_removed(call: Call) -> Response:
    """DELETE /v3/schedules/{id}/custom_shifts/{custom_shift_id}: one that goes on ends now."""
    return call.delete("custom_shift", _shift(call, schedule_of(call)).id)


# -- overrides


@by_field("override")
def overrides_listed(call: Call) -> Response:
    """GET /v3/schedules/{id}/overrides over since..until."""
    schedule = schedule_of(call)
    found = call.config.overrides_of.get(schedule.id, ())
    return answer(page_of(call, "overrides", _touching(call, schedule, found, _override_wire)))


@by_field("override")
def overrides_created(call: Call) -> Response:
    """POST /v3/schedules/{id}/overrides: one or several."""
    schedule = schedule_of(call)
    found: read.Found = {}
    wanted = [read.override_of(parts, None, schedule) for parts in _items(call, "overrides", found)]
    _check_room(call, call.config.overrides_of.get(schedule.id, ()), wanted)
    for one in wanted if not found else ():
        _note(found, "overrides", _override_problems(call, schedule, one))
    if found:
        raise read.refusal(found)
    made = [call.save("override", one) for one in wanted]
    return answer({"overrides": [_override_wire(call, one, schedule) for one in made]}, 201)


@by_field("override")
def override_shown(call: Call) -> Response:
    """GET /v3/schedules/{id}/overrides/{override_id}."""
    schedule = schedule_of(call)
    return answer({"override": _override_wire(call, _override(call, schedule), schedule)})


@by_field("override")
def override_changed(call: Call) -> Response:
    """PUT /v3/schedules/{id}/overrides/{override_id}."""
    schedule = schedule_of(call)
    old = _override(call, schedule)
    parts = read.Parts(call.fields("override").values, "override", {})
    new = read.override_of(parts, old, schedule)
    if not parts.found and new != old:
        _note(parts.found, "override", _override_problems(call, schedule, new))
        if old.start < call.now and new.start != old.start:
            parts.wrong("start_time", "Can't be changed after the override has started")
    parts.check()
    saved = call.save("override", new, _changes(old, new)) if new != old else old
    return answer({"override": _override_wire(call, saved, schedule)})


@by_field("override")
def override_removed(call: Call) -> Response:
    """DELETE /v3/schedules/{id}/overrides/{override_id}: one that goes on ends now."""
    override = _override(call, schedule_of(call))
    call.delete("override", override.id)
    return nothing()


# -- looking up and writing out


def _items(call: Call, name: str, found: read.Found) -> list[read.Parts]:
    items = read.Parts(call.body(), "request", {}).objects(name, AT_ONCE)
    if not items:
        raise invalid([f"{name} must be an array of 1 to {AT_ONCE} objects"])
    return [read.Parts(one.values, name, found) for one in items]


def _check_room(call: Call, there: Iterable[Override | CustomShift], wanted: list[Any]) -> None:
    if sum(1 for one in there if one.end > call.now) + len(wanted) > AHEAD:
        raise invalid([f"There must not be more than {AHEAD} that are not over"])


def _note(found: read.Found, path: str, problems: Iterable[tuple[str, str]]) -> None:
    for name, text in problems:
        found.setdefault(f"{path}.{name}", []).append(text)


def _changes(old: Override | CustomShift, new: Override | CustomShift) -> tuple[str, ...]:
    """The fields that differ: what somebody else changes in another field meanwhile stays."""
    return tuple(name for name in ("start", "end", "user_id") if getattr(old, name) != getattr(new, name))


def _override_problems(call: Call, schedule: Schedule, override: Override) -> Iterator[tuple[str, str]]:
    shift = call.config.custom_shifts.get(override.custom_shift_id)
    others = call.config.overrides_of.get(schedule.id, ())
    yield from shift_override_problems(override, schedule, shift, others, call.now)
    if override.user_id and override.user_id not in call.config.users:
        yield "overriding_member", "User not found"


def _shifts(call: Call, schedule: Schedule) -> list[CustomShift]:
    return [one for one in call.config.exceptions_of.get(schedule.id, ()) if isinstance(one, CustomShift)]


def _shift(call: Call, schedule: Schedule) -> CustomShift:
    shift = call.config.custom_shifts.get(call.path["custom_shift_id"])
    if shift is None or shift.schedule_id != schedule.id:
        raise not_found()
    return shift


def _override(call: Call, schedule: Schedule) -> Override:
    override = call.config.overrides.get(call.path["override_id"])
    if override is None or override.schedule_id != schedule.id:
        raise not_found()
    return override


def _touching(
    call: Call, schedule: Schedule, things: Iterable[T], wire: Callable[[Call, T, Schedule], Wire]
) -> list[Wire]:
    since, until = window_of(call, required=True) or (0, 0)
    found = [one for one in things if one.start < until and one.end > since]
    return [wire(call, one, schedule) for one in sorted(found, key=lambda one: (one.start, one.id))]


def _zone(call: Call, schedule: Schedule) -> ZoneInfo:
    return zone_of(call.query) or zone_named(schedule.time_zone)


def _shift_wire(call: Call, one: CustomShift, schedule: Schedule) -> Wire:
    return write.custom_shift(one, schedule, Refs(call.config, call.links), _zone(call, schedule))


def _override_wire(call: Call, one: Override, schedule: Schedule) -> Wire:
    return write.override(one, schedule, Refs(call.config, call.links), _zone(call, schedule))


_SHIFTS = "/v3/schedules/{id}/custom_shifts"
_OVERRIDES = "/v3/schedules/{id}/overrides"

ROUTES: Routes = (
    (_SHIFTS, {"GET": shifts_listed, "POST": shifts_created}),
    (f"{_SHIFTS}/{{custom_shift_id}}", {"GET": shift_shown, "PUT": shift_changed, "DELETE": shift_removed}),
    (_OVERRIDES, {"GET": overrides_listed, "POST": overrides_created}),
    (f"{_OVERRIDES}/{{override_id}}", {"GET": override_shown, "PUT": override_changed, "DELETE": override_removed}),
)
"""Path -> method -> handler."""
