"""Overrides by form: somebody takes a stretch of time, whatever layers or rotations say; and the end of one.

Decides how the form is filled in and read. In a shift-based schedule an override takes one person's place in one
rotation; who takes nobody's place is one person more, by a custom shift.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from tocsin.engine.rules_of_schedules import gaps_without
from tocsin.engine.things import DeleteThing, SaveThing
from tocsin.kernel.errors import Invalid, NotFound, TocsinError
from tocsin.kernel.time import DAY, HOUR, SECOND, WEEK, Moment
from tocsin.oncall import CustomShift, Override, Schedule, next_on_call, shifts_at, who_is_on_call
from tocsin.web.language import gettext as _
from tocsin.web.oncall import watch_of
from tocsin.web.schedules.drawing import cover_path
from tocsin.web.schedules.effect import gap_words
from tocsin.web.schedules.ground import (
    chosen_clock,
    clock_of,
    exceptions_of,
    may_cover,
    people_for,
    same_clock,
    schedule_of,
)
from tocsin.web.schedules.words import live_events, span_of
from tocsin.web.times import zone_word
from tocsin.web.typed_times import field_of, moment_of
from tocsin.web.visit import Visit, status_of

GAPS_SHOWN: Final = 10
_FIELDS: Final = ("user", "start", "end", "zone", "instead")


@dataclass(frozen=True, slots=True)
class Quick:
    """A length that is chosen with one press; `key` is what its button sends."""

    key: str
    word: str
    end: Moment


def override_page(visit: Visit, *, error: TocsinError | None = None, code: int = 200) -> Response:
    """GET `/schedules/{id}/override?from=&until=&user=&instead=`: the form, filled in as far as the address says."""
    schedule = schedule_of(visit)
    if not may_cover(visit, schedule):
        raise NotFound("There is no such schedule in which you may stand in for somebody.")
    typed = _typed(visit, schedule)
    times = chosen_clock(visit, schedule, typed["zone"])
    return visit.page(
        "schedules/override.html",
        code,
        schedule=schedule,
        watch=watch_of(visit, schedule),
        people=people_for(visit, schedule),
        places=places_of(visit, schedule),
        typed=typed,
        same_clock=same_clock(visit, schedule),
        zone_name=zone_word(schedule.time_zone),
        clock=times,
        quick=quick_ends(visit, schedule),
        serving=_serving(visit, schedule, typed),
        error=error,
    )


def _typed(visit: Visit, schedule: Schedule) -> dict[str, str]:
    if visit.request.method == "POST":
        return {name: visit.text(name, 100) for name in _FIELDS}
    start, end = _moment(visit.query("from")), _moment(visit.query("until"))
    instead = visit.query("instead")
    if schedule.shift_based and instead:
        instead = next((key for key, _name in places_of(visit, schedule) if key.endswith(f":{instead}")), "")
    return {
        "user": visit.query("user") or ("" if visit.me.id == visit.query("instead") else visit.me.id),
        "start": field_of(visit.times, start) if start is not None else "",
        "end": field_of(visit.times, end) if end is not None else "",
        "zone": "",
        "instead": instead,
    }


def _moment(typed: str) -> Moment | None:
    return int(typed) * SECOND if typed.isascii() and typed.isdigit() and len(typed) < 12 else None


def places_of(visit: Visit, schedule: Schedule) -> list[tuple[str, str]]:
    """Whose place can be taken in a shift-based schedule: `rotation:member`, each with words for it."""
    found = []
    for rotation in schedule.rotations if schedule.shift_based else ():
        if rotation.removed:
            continue
        events = live_events(rotation, visit.now)
        name = ", ".join(one.name for one in events)
        for member in dict.fromkeys(user_id for one in events for user_id in one.members):
            who = visit.names.person(member) if member else _("an unassigned place")
            found.append((f"{rotation.id}:{member}", f"{who} · {name}"))
    return found


def quick_ends(visit: Visit, schedule: Schedule) -> list[Quick]:
    """From now for an hour, four, a day, a week, or until the next hand-off."""
    found = [Quick("1h", _("1 hour"), visit.now + HOUR), Quick("4h", _("4 hours"), visit.now + 4 * HOUR)]
    found += [Quick("1d", _("1 day"), visit.now + DAY), Quick("1w", _("1 week"), visit.now + WEEK)]
    exceptions = exceptions_of(visit, schedule)
    ends = [one.end for one in shifts_at(schedule, exceptions, visit.now) if one.end is not None]
    following = next_on_call(schedule, exceptions, visit.now)
    if not ends and following is not None and following.start is not None:
        ends = [following.start]
    if ends and min(ends) > visit.now:
        at = visit.times.minute(min(ends))
        found.append(Quick("next", _("until the next hand-off, %(time)s", time=at), min(ends)))
    return found


def _serving(visit: Visit, schedule: Schedule, typed: dict[str, str]) -> list[str]:
    """Who is on call at the start of what is typed, or now."""
    at = visit.now
    if typed["start"]:
        try:
            at = moment_of(chosen_clock(visit, schedule, typed["zone"]), typed["start"], "")
        except Invalid:
            return []
    return [visit.names.person(one) for one in who_is_on_call(schedule, exceptions_of(visit, schedule), at)]


def add_override(visit: Visit) -> Response:
    """POST `/schedules/{id}/override`: from and until typed, or `quick` for one from now on."""
    schedule = schedule_of(visit)
    try:
        kind, wanted = _wanted(visit, schedule)
        saved = visit.run(SaveThing(thing_kind=kind, thing=wanted))
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        return override_page(visit, error=error, code=status_of(error))
    return visit.go(f"/schedules/{schedule.id}#covers", f"cover-new.{saved.id}", 30)


def _wanted(visit: Visit, schedule: Schedule) -> tuple[str, Override | CustomShift]:
    user_id = visit.text("user", 40)
    if user_id not in visit.config.users:
        raise Invalid(_("Choose who takes over."))
    start, end = _times(visit, schedule)
    if end <= start:
        raise Invalid(_("“Until” lies before “From”: nobody would take over."))
    if not schedule.shift_based:
        return "override", Override("", schedule.id, user_id, start, end, visit.now)
    rotation_id, _colon, member = visit.text("instead", 100).partition(":")
    if not rotation_id:
        return "custom_shift", CustomShift("", schedule.id, user_id, start, end, visit.now)
    return "override", Override(
        "", schedule.id, user_id, start, end, visit.now, rotation_id=rotation_id, overridden_id=member
    )


def _times(visit: Visit, schedule: Schedule) -> tuple[Moment, Moment]:
    quick = visit.text("quick", 10)
    for one in quick_ends(visit, schedule) if quick else ():
        if one.key == quick:
            return visit.now, one.end
    exact = visit.text("start_at", 20), visit.text("end_at", 20)
    if all(one.isascii() and one.isdigit() for one in exact):  # what an undo puts back, to the microsecond
        return int(exact[0]), int(exact[1])
    times = chosen_clock(visit, schedule, visit.text("zone", 10))
    typed = visit.text("start", 30)
    start = moment_of(times, typed, _("From")) if typed else visit.now
    if not visit.text("end", 30):
        raise Invalid(_("Say until when, or press one of the lengths."))
    return start, moment_of(times, visit.text("end", 30), _("Until"))


def _found(visit: Visit, schedule: Schedule) -> Override | CustomShift:
    """The override of the address. Raises NotFound."""
    wanted = visit.request.path_params["override"]
    found = next((one for one in exceptions_of(visit, schedule) if one.id == wanted), None)
    if found is None:
        raise NotFound(_("There is no such override any more."))
    return found


def end_page(visit: Visit) -> Response:
    """GET `/schedules/{id}/override/{override}/end`: what its end opens, and the button that ends it all the same."""
    schedule = schedule_of(visit)
    found = _found(visit, schedule)
    if not may_cover(visit, schedule):
        raise NotFound("There is no such schedule in which you may stand in for somebody.")
    gaps = gaps_without(visit.config, found, None, visit.now)
    return visit.page(
        "schedules/end_override.html",
        schedule=schedule,
        one=found,
        name=visit.names.person(found.user_id) if found.user_id else "",
        runs=found.start <= visit.now,
        gaps=gaps[:GAPS_SHOWN],
        gaps_more=max(0, len(gaps) - GAPS_SHOWN),
        gap_words=gap_words(visit, tuple(gaps)),
        cover_path=cover_path,
        stretch=span_of,
        own=clock_of(visit, schedule.time_zone),
        same_clock=same_clock(visit, schedule),
    )


def end_override(visit: Visit) -> Response:
    """POST there: one that runs ends now, one to come is gone. One that leaves nobody on call is asked about first."""
    schedule = schedule_of(visit)
    found = _found(visit, schedule)
    asked = visit.text("do", 20) != "sure-gap" and may_cover(visit, schedule)
    if asked and gaps_without(visit.config, found, None, visit.now):
        return visit.go(f"/schedules/{schedule.id}/override/{found.id}/end")
    kind = "custom_shift" if isinstance(found, CustomShift) else "override"
    visit.run(DeleteThing(thing_kind=kind, thing_id=found.id))
    back = f"/schedules/{schedule.id}#covers"
    if kind == "override" and not schedule.shift_based:
        start = max(found.start, visit.now)
        return visit.go(back, f"cover-gone.{found.user_id}.{start}.{found.end}", 30)
    return visit.go(back, "cover-gone", 30)
