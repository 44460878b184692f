"""/v3/schedules: shift-based schedules, their rotations and events. Who is on call by them is decided by `oncall`.

Decides which of the two addresses speaks of which kind of schedule: here layered ones answer 400, by which clients know
to ask `/schedules`. A change of a rotation is made from the schedule as it was seen, and anew when somebody else has
changed it meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import wraps

from starlette.responses import Response

from tocsin.dialects.pagerduty import pages
from tocsin.dialects.pagerduty.call import Call, Handler, Routes, answer, named, nothing
from tocsin.dialects.pagerduty.errors import ApiError, invalid, not_found, translated
from tocsin.dialects.pagerduty.read import shift_based as read
from tocsin.dialects.pagerduty.read.times import moment_in, zone_of
from tocsin.dialects.pagerduty.resources.audit import of_thing
from tocsin.dialects.pagerduty.write import shift_based as write
from tocsin.dialects.pagerduty.write.refs import Refs, Wire
from tocsin.engine.things import CHANGED_MEANWHILE
from tocsin.kernel.errors import TocsinError
from tocsin.kernel.time import DAY, Moment
from tocsin.oncall import (
    WINDOW,
    Rotation,
    RotationEvent,
    Schedule,
    assignments,
    begins_at_once,
    per_day,
    rotation_problems,
    why_not_changed,
    zone_named,
)

FORTNIGHT = 14 * DAY
SHIFTS = 10_000
"""Shifts that are written out in one answer."""

AT_ONCE, AT_ONCE_MOST = 100, 1000
"""Schedules in one answer."""


def by_field(subject: str) -> Callable[[Handler], Handler]:
    """Refusals as this API has them: problems by field, of which the whole subject is one."""

    def wrapped(handler: Handler) -> Handler:
        @wraps(handler)
        def handle(call: Call) -> Response:
            try:
                return handler(call)
            except ApiError as error:
                raise _fielded(error, subject) from None
            except TocsinError as refused:
                if refused.reason == CHANGED_MEANWHILE:
                    raise
                raise _fielded(translated(refused), subject) from None

        return handle

    return wrapped


def _fielded(error: ApiError, subject: str) -> ApiError:
    if error.status != 400 or error.by_field is not None:
        return error
    return read.refusal({subject: error.errors or [error.message]})


def schedule_of(call: Call) -> Schedule:
    """The schedule of the path. Raises ApiError: 404, or 400 for one that is layered."""
    schedule = call.config.schedules.get(call.path["id"])
    schedule = call.found(schedule, seen=schedule is not None and call.may_read(schedule))
    if not schedule.shift_based:
        raise invalid(["Schedule is not shift-based: it is at /schedules"])
    return schedule


def window_of(call: Call, *, required: bool = False) -> tuple[Moment, Moment] | None:
    """since..until; of one bound alone the other is two weeks away; None without either. Raises ApiError."""
    since, until = moment_in(call.query, "since", required=required), moment_in(call.query, "until", required=required)
    if since is None and until is None:
        return None
    if since is None:
        since = (until or 0) - FORTNIGHT
    if until is None:
        until = since + FORTNIGHT
    if until < since:
        raise invalid(["Until must not be before since"])
    if until - since > WINDOW:
        raise invalid([f"The time range is longer than {WINDOW // DAY} days"])
    return since, until


def page_of(call: Call, name: str, items: list[Wire], default: int = pages.DEFAULT, most: int = pages.LARGEST) -> Wire:
    """The part of a list that was asked for."""
    window = pages.window(call.query, default, most)
    part, keys = window.cut(items)
    if not window.wants_total:
        keys.pop("total")
    return {name: part, **keys}


# -- schedules


@by_field("schedule")
def listed(call: Call) -> Response:
    """GET /v3/schedules: references, by name."""
    refs = Refs(call.config, call.links)
    teams = frozenset(call.many("team_ids"))
    seen = [
        one
        for one in call.readable(call.config.schedules.values())
        if one.shift_based and (not teams or teams & frozenset(one.team_ids))
    ]
    found = [write.reference(one, refs) for one in named(seen, call.query.get("query", ""))]
    return answer(page_of(call, "schedules", found, AT_ONCE, AT_ONCE_MOST))


@by_field("schedule")
def created(call: Call) -> Response:
    """POST /v3/schedules."""
    parts = _parts(call, "schedule")
    parts.required("name", "time_zone")
    changes = read.schedule_changes(parts)
    wanted = Schedule(**{"id": "", "name": "", "time_zone": "", "layers": (), "shift_based": True, **changes})
    return _answer(call, call.save("schedule", wanted), 201)


@by_field("schedule")
def shown(call: Call) -> Response:
    """GET /v3/schedules/{id}; with `include[]=final_schedule` and a window, who serves when."""
    return _answer(call, schedule_of(call))


@by_field("schedule")
def changed(call: Call) -> Response:
    """PUT /v3/schedules/{id}: what is given."""
    old = schedule_of(call)
    changes = read.schedule_changes(_parts(call, "schedule"))
    return _answer(call, call.save("schedule", replace(old, **changes), changes) if changes else old)


@by_field("schedule")
def removed(call: Call) -> Response:
    """DELETE /v3/schedules/{id}."""
    return call.delete("schedule", schedule_of(call).id)


@by_field("schedule")
def audited(call: Call) -> Response:
    """GET /v3/schedules/{id}/audit/records."""
    schedule_of(call)
    return of_thing("schedules", call)


# -- rotations


@by_field("rotation")
def rotations_listed(call: Call) -> Response:
    """GET /v3/schedules/{id}/rotations."""
    schedule, refs = schedule_of(call), Refs(call.config, call.links)
    found = [write.rotation(one, schedule, refs) for one in schedule.rotations if not one.removed]
    return answer(page_of(call, "rotations", found))


@by_field("rotation")
def rotation_created(call: Call) -> Response:
    """POST /v3/schedules/{id}/rotations: an empty one."""
    schedule = schedule_of(call)
    if call.raw.strip() and call.body():
        raise invalid(["The request body must be empty"])
    saved, rotation = _saved(call, schedule, [*_visible(schedule), Rotation("")])
    return answer({"rotation": write.rotation(rotation, saved, Refs(call.config, call.links))}, 201)


@by_field("rotation")
def rotation_shown(call: Call) -> Response:
    """GET /v3/schedules/{id}/rotations/{rotation_id}, the events of a window only if there is one."""
    schedule = schedule_of(call)
    rotation = _rotation(call, schedule)
    refs = Refs(call.config, call.links)
    return answer({"rotation": write.rotation(rotation, schedule, refs, window_of(call))})


@by_field("rotation")
def rotation_removed(call: Call) -> Response:
    """DELETE /v3/schedules/{id}/rotations/{rotation_id}: what it did stays known, it makes no more shifts."""
    schedule = schedule_of(call)
    rotation = _rotation(call, schedule)
    _saved(call, schedule, [one for one in _visible(schedule) if one.id != rotation.id])
    return nothing()


# -- events


@by_field("event")
def events_listed(call: Call) -> Response:
    """GET /v3/schedules/{id}/rotations/{rotation_id}/events, by their first shift."""
    schedule = schedule_of(call)
    rotation = _rotation(call, schedule)
    refs = Refs(call.config, call.links)
    found = [write.event(one, rotation, schedule, refs) for one in write.visible(rotation)]
    return answer(page_of(call, "events", found))


@by_field("event")
def event_created(call: Call) -> Response:
    """POST /v3/schedules/{id}/rotations/{rotation_id}/events."""
    schedule = schedule_of(call)
    rotation = _rotation(call, schedule)
    event = read.event_of(_parts(call, "event"), None)
    if event.effective_until is not None and event.effective_until <= call.now:
        raise read.refusal({"event.effective_until": ["Date must be in the future"]})
    return _event_answer(call, schedule, rotation, replace(rotation, events=(*rotation.events, event)), 201)


@by_field("event")
def event_shown(call: Call) -> Response:
    """GET /v3/schedules/{id}/rotations/{rotation_id}/events/{event_id}."""
    schedule = schedule_of(call)
    rotation = _rotation(call, schedule)
    event = _event(call, rotation)
    return answer({"event": write.event(event, rotation, schedule, Refs(call.config, call.links))})


@by_field("event")
def event_changed(call: Call) -> Response:
    """PUT /v3/schedules/{id}/rotations/{rotation_id}/events/{event_id}: of an active one only its end."""
    schedule = schedule_of(call)
    rotation = _rotation(call, schedule)
    old = _event(call, rotation)
    new = read.event_of(_parts(call, "event"), old)
    if old.is_active(call.now) and new.effective_since <= call.now:
        new = replace(new, effective_since=old.effective_since)  # both say "already"
    problems: read.Found = {}
    for name, text in why_not_changed(old, new, call.now):
        problems.setdefault(f"event.{name}", []).append(text)
    if problems:
        raise read.refusal(problems)
    events = tuple(new if one.id == old.id else one for one in rotation.events)
    return _event_answer(call, schedule, rotation, replace(rotation, events=events))


@by_field("event")
def event_removed(call: Call) -> Response:
    """DELETE /v3/schedules/{id}/rotations/{rotation_id}/events/{event_id}: an active one ends now."""
    schedule = schedule_of(call)
    rotation = _rotation(call, schedule)
    event = _event(call, rotation)
    left = tuple(one for one in rotation.events if one.id != event.id)
    _saved(call, schedule, _with(schedule, replace(rotation, events=left)))
    return nothing()


def _event_answer(call: Call, schedule: Schedule, old: Rotation, new: Rotation, status: int = 200) -> Response:
    """Saves a rotation of which one event is new or changed, and shows that event."""
    begun = replace(
        new, events=tuple(one if one in old.events else begins_at_once(one, call.now) for one in new.events)
    )
    problems: read.Found = {}
    for name, text in rotation_problems(old, begun, call.config.users.keys(), call.now):
        problems.setdefault(name, []).append(text)
    if problems:
        raise read.refusal(problems)
    saved, rotation = _saved(call, schedule, _with(schedule, new))
    wanted = call.path.get("event_id")
    known = {one.id for one in old.events}
    event = next(one for one in rotation.events if one.id == wanted or (wanted is None and one.id not in known))
    return answer({"event": write.event(event, rotation, saved, Refs(call.config, call.links))}, status)


# -- looking up, saving, writing out


def _parts(call: Call, name: str) -> read.Parts:
    return read.Parts(call.fields(name).values, name, {})


def _visible(schedule: Schedule) -> list[Rotation]:
    return [one for one in schedule.rotations if not one.removed]


def _with(schedule: Schedule, rotation: Rotation) -> list[Rotation]:
    return [rotation if one.id == rotation.id else one for one in _visible(schedule)]


def _rotation(call: Call, schedule: Schedule) -> Rotation:
    found = [one for one in _visible(schedule) if one.id == call.path["rotation_id"]]
    if not found:
        raise not_found()
    return found[0]


def _event(call: Call, rotation: Rotation) -> RotationEvent:
    found = [one for one in rotation.events if one.id == call.path["event_id"] and not one.removed]
    if not found:
        raise not_found()
    return found[0]


def _saved(call: Call, schedule: Schedule, rotations: Iterable[Rotation]) -> tuple[Schedule, Rotation]:
    """The schedule with these rotations, as stored, and the one that the call names; if it names none, the newest."""
    wanted = replace(schedule, rotations=tuple(rotations))
    saved: Schedule = call.save("schedule", wanted, ("rotations",), seen_at=schedule.updated_at)
    named_id = call.path.get("rotation_id")
    found = [one for one in saved.rotations if named_id is None or one.id == named_id]
    return saved, found[-1] if found else Rotation(named_id or "", removed=True)


def _answer(call: Call, schedule: Schedule, status: int = 200) -> Response:
    body = write.schedule(schedule, Refs(call.config, call.links))
    zone = zone_of(call.query) or zone_named(schedule.time_zone)
    window = window_of(call)
    if window is not None and "final_schedule" in call.included:
        since, until = window
        if per_day(schedule) * (until - since) / DAY > SHIFTS:
            raise invalid([f"There are more than {SHIFTS} shifts in this time range: ask for a shorter one"])
        exceptions = call.config.exceptions_of.get(schedule.id, ())
        found = assignments(schedule, exceptions, since, until, overflow=call.flag("overflow"))
        body["final_schedule"] = write.final_schedule(found, since, until, zone)
    return answer({"schedule": body}, status)


_ROTATIONS = "/v3/schedules/{id}/rotations"
_EVENTS = f"{_ROTATIONS}/{{rotation_id}}/events"

ROUTES: Routes = (
    ("/v3/schedules", {"GET": listed, "POST": created}),
    ("/v3/schedules/{id}", {"GET": shown, "PUT": changed, "DELETE": removed}),
    ("/v3/schedules/{id}/audit/records", {"GET": audited}),
    (_ROTATIONS, {"GET": rotations_listed, "POST": rotation_created}),
    (f"{_ROTATIONS}/{{rotation_id}}", {"GET": rotation_shown, "DELETE": rotation_removed}),
    (_EVENTS, {"GET": events_listed, "POST": event_created}),
    (f"{_EVENTS}/{{event_id}}", {"GET": event_shown, "PUT": event_changed, "DELETE": event_removed}),
)
"""Path -> method -> handler."""
