"""/schedules: schedules, their renderings, who is on them, their overrides. Who is on call is decided by `oncall`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, answer, named, nothing
from tocsin.dialects.pagerduty.errors import ApiError, invalid, not_allowed, sentences
from tocsin.dialects.pagerduty.read import schedules as read
from tocsin.dialects.pagerduty.read.fields import Fields
from tocsin.dialects.pagerduty.read.times import moment_in, zone_of
from tocsin.dialects.pagerduty.write import people
from tocsin.dialects.pagerduty.write import schedules as write
from tocsin.dialects.pagerduty.write.refs import Refs, zoned
from tocsin.directory.permissions import Verb
from tocsin.kernel.errors import Invalid
from tocsin.kernel.time import DAY, MICROSECOND, SECOND, WEEK, Moment
from tocsin.oncall import (
    WINDOW,
    Exceptions,
    Layer,
    Override,
    Rendered,
    RestrictionKind,
    Schedule,
    next_shift_of,
    per_day,
    problems,
    render,
    users_between,
    zone_named,
)

FORTNIGHT = 14 * DAY
ENTRIES = 10_000
"""Turns and served hours that are written out in one answer: some megabytes, about a second of work."""
OVERRIDES_AT_ONCE = 100


def listed(call: Call) -> Response:
    """GET /schedules, the layered ones; the layers and rows only when they are included."""
    refs = Refs(call.config, call.links)
    zone = zone_of(call.query)
    seen = call.readable(call.config.schedules.values())
    found = named((one for one in seen if not one.shift_based), call.query.get("query", ""))

    def one(schedule: Schedule) -> dict[str, Any]:
        parts = call.included & set(write.PARTS)
        rendered = _rendered(call, schedule) if parts else None
        return write.schedule(schedule, refs, write.Shown(call.now, zone, rendered), parts)

    return call.listed("schedules", found, one)


def created(call: Call) -> Response:
    """POST /schedules."""
    wanted = _wanted(call)
    _check_query(call, wanted)
    return _answer(call, call.save("schedule", wanted), 201)


def previewed(call: Call) -> Response:
    """POST /schedules/preview: how it would look, for who may make one; nothing is kept."""
    wanted = _wanted(call)
    if not call.may(Verb.EDIT, wanted.team_ids):
        raise not_allowed()
    layers = tuple(replace(layer, id=f"{number}") for number, layer in enumerate(wanted.layers, 1))
    schedule = replace(wanted, layers=layers)
    found = problems(schedule, call.config.users.keys())
    if found:
        raise invalid((one.removesuffix(".") for one in found), 3001, "Invalid Schedule")
    return _answer(call, schedule)


def shown(call: Call) -> Response:
    """GET /schedules/{id}, written out over since..until if either is given."""
    return _answer(call, _schedule(call))


def changed(call: Call) -> Response:
    """PUT /schedules/{id}: the future changes, what has been stays."""
    old = _layered(call)
    changes = read.schedule_changes(call.fields("schedule"), old, call.now)
    wanted = replace(old, **changes)
    _check_query(call, wanted)
    return _answer(call, call.save("schedule", wanted, changes) if changes else old)


def removed(call: Call) -> Response:
    """DELETE /schedules/{id}."""
    return call.delete("schedule", _layered(call).id)


def users(call: Call) -> Response:
    """GET /schedules/{id}/users: who is on call in since..until, or now."""
    schedule = _schedule(call)
    refs = Refs(call.config, call.links)
    since, until = _window(call) or (call.now, call.now + MICROSECOND)
    _check_size(schedule, since, until)
    found = users_between(schedule, _exceptions(call, schedule), since, max(until, since + MICROSECOND))
    known = call.config.users
    return answer({"users": [people.user(known[one], refs) for one in found if one in known]})


# -- overrides


def overrides_listed(call: Call) -> Response:
    """GET /schedules/{id}/overrides over since..until, cut there unless `overflow`; `editable`: those not yet over."""
    schedule = _schedule(call)
    refs = Refs(call.config, call.links)
    since = moment_in(call.query, "since", required=True) or 0
    until = moment_in(call.query, "until", required=True) or 0
    _check_order(since, until)
    zone = zone_of(call.query) or zone_named(schedule.time_zone)
    found = []
    for one in sorted(call.config.overrides_of.get(schedule.id, ()), key=lambda one: (one.start, one.id)):
        if not one.user_id or one.end <= since or one.start >= until or (call.flag("editable") and one.end <= call.now):
            continue
        cut = one if call.flag("overflow") else replace(one, start=max(one.start, since), end=min(one.end, until))
        found.append(write.override(cut, refs, zone))
    return answer({"overrides": found})


def overrides_created(call: Call) -> Response:
    """POST /schedules/{id}/overrides: several, each with its own result, or one."""
    schedule = _layered(call)
    body = call.body()
    if "overrides" not in body:
        fields = call.fields("override")
        wanted = read.override_of(fields, schedule)
        fields.check(4004, "Invalid Override")
        assert wanted is not None
        saved = call.save("override", wanted)
        return answer({"override": _override_wire(call, saved, schedule)}, 201)
    items = Fields(body).array("overrides")
    if not 0 < len(items) <= OVERRIDES_AT_ONCE or not all(isinstance(item, dict) for item in items):
        raise invalid([f"Overrides must be an array of 1 to {OVERRIDES_AT_ONCE} objects"])
    return answer([_one_of_several(call, item, schedule) for item in items], 201)


def override_removed(call: Call) -> Response:
    """DELETE /schedules/{id}/overrides/{override_id}: 204; one that is going on ends now and is shown, 200."""
    schedule = _layered(call)
    override = call.config.overrides.get(call.path["override_id"])
    if override is None or override.schedule_id != schedule.id:
        raise ApiError(404, 4004, "Override Not Found")
    call.delete("override", override.id)
    left = call.config.overrides.get(override.id)
    if left is None:
        return nothing()
    return answer({"override": _override_wire(call, left, schedule)})


def _one_of_several(call: Call, item: dict[str, Any], schedule: Schedule) -> dict[str, Any]:
    fields = Fields(item)
    wanted = read.override_of(fields, schedule)
    if wanted is None:
        return {"status": 400, "errors": fields.problems}
    try:
        saved = call.save("override", wanted)
    except Invalid as refused:
        return {"status": 400, "errors": sentences(refused)}
    return {"status": 201, "override": _override_wire(call, saved, schedule)}


def _override_wire(call: Call, override: Override, schedule: Schedule) -> dict[str, Any]:
    return write.override(override, Refs(call.config, call.links), zone_named(schedule.time_zone))


# -- looking up and writing out


def _wanted(call: Call) -> Schedule:
    fields = call.fields("schedule")
    fields.required("name", "time_zone", "schedule_layers")
    return Schedule(
        id="", **{"name": "", "time_zone": "", "layers": (), **read.schedule_changes(fields, None, call.now)}
    )


def _schedule(call: Call) -> Schedule:
    schedule = call.config.schedules.get(call.path["id"])
    return call.found(schedule, seen=schedule is not None and call.may_read(schedule))


def _layered(call: Call) -> Schedule:
    """The schedule, if it can be changed here. Raises ApiError: 404, or 400 for a shift-based one."""
    schedule = _schedule(call)
    if schedule.shift_based:
        raise invalid(["Schedule is shift-based: it is changed at /v3/schedules"], 3001, "Invalid Schedule")
    return schedule


def _exceptions(call: Call, schedule: Schedule) -> Exceptions:
    return call.config.exceptions_of.get(schedule.id, ())


def _window(call: Call) -> tuple[Moment, Moment] | None:
    """since..until; of one bound alone the other is two weeks away; None without either."""
    since, until = moment_in(call.query, "since"), moment_in(call.query, "until")
    if since is None and until is None:
        return None
    if since is None:
        since = (until or 0) - FORTNIGHT
    if until is None:
        until = since + FORTNIGHT
    _check_order(since, until)
    return since, until


def _check_order(since: Moment, until: Moment) -> None:
    if until < since:
        raise invalid(["Until must not be before since"], 2004, "Invalid since/until")
    if until - since > WINDOW:
        raise invalid([f"The time range is longer than {WINDOW // DAY} days"], 2004, "Invalid since/until")


def _check_query(call: Call, wanted: Schedule) -> None:
    """Before anything is written: whether the answer can be shown as asked."""
    zone_of(call.query)
    window = _window(call)
    if window is not None:
        _check_size(wanted, *window)


def _check_size(schedule: Schedule, since: Moment, until: Moment) -> None:
    """How much there is to write out, counted before it is. A schedule may have many layers with turns of an hour."""
    shifts = int(per_day(schedule) * max(0, until - since) / DAY)
    if shifts + sum(_entries(layer, since, until) for layer in schedule.layers) > ENTRIES:
        message = f"The schedule has more than {ENTRIES} entries in this time range: ask for a shorter one"
        raise invalid([message], 2004, "Invalid since/until")


def _entries(layer: Layer, since: Moment, until: Moment) -> int:
    """About so many, and not fewer by much."""
    span = min(until, layer.end or until) - max(since, layer.start)
    if span <= 0:
        return 0
    periods = [DAY if one.kind is RestrictionKind.DAILY else WEEK for one in layer.restrictions]
    turns = span // (max(1, layer.turn_length_seconds) * SECOND)
    return 1 + turns + sum(1 + span // period for period in periods)


def _rendered(call: Call, schedule: Schedule) -> Rendered | None:
    window = _window(call)
    if window is None:
        return None
    _check_size(schedule, *window)
    return render(schedule, _exceptions(call, schedule), *window, overflow=call.flag("overflow"))


def _answer(call: Call, schedule: Schedule, status: int = 200) -> Response:
    zone = zone_of(call.query)
    shown_as = write.Shown(call.now, zone, _rendered(call, schedule))
    body = write.schedule(schedule, Refs(call.config, call.links), shown_as)
    wanted = call.query.get("include_next_oncall_for_user", "")
    if wanted:
        shift = next_shift_of(schedule, _exceptions(call, schedule), wanted, call.now)
        refs = Refs(call.config, call.links)
        own = zone or zone_named(schedule.time_zone)
        body["next_oncall_for_user"] = (
            {"start": zoned(shift.start, own), "end": zoned(shift.end, own), "user": refs.user(shift.user_id)}
            if shift is not None
            else None
        )
    return answer({"schedule": body}, status)
