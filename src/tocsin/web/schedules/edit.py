"""Making and changing a schedule: the form, what it would mean in people, and the save.

Nothing is saved that was not shown first: who gains and loses shifts, each stretch in which somebody else is on call,
and every gap that opens, which has a button of its own words. The engine judges all of it before it is shown, and again
when it is saved; whoever else changed the schedule meanwhile is not overwritten unseen.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import Any, Final

from starlette.responses import Response

from tocsin.directory.permissions import Verb
from tocsin.engine.preview import judged
from tocsin.engine.things import CHANGED_MEANWHILE
from tocsin.kernel.errors import Conflict, NotFound, TocsinError
from tocsin.oncall import Schedule, live_layers
from tocsin.web.language import gettext as _
from tocsin.web.schedules.drafts import Problems
from tocsin.web.schedules.effect import Effect, effect_of
from tocsin.web.schedules.ground import (
    clock_of,
    editable,
    may_make,
    people_for,
    same_clock,
    teams_for,
    zones,
)
from tocsin.web.schedules.layer_form import UNITS, acted
from tocsin.web.schedules.sheet import (
    PEOPLE_SHOWN,
    Sheet,
    Wanted,
    new_sheet,
    sent_sheet,
    stored_sheet,
    wanted_of,
)
from tocsin.web.schedules.shift_form import LENGTHS, rotations_acted
from tocsin.web.schedules.shift_rule import DAYS
from tocsin.web.schedules.shift_words import rotations_told
from tocsin.web.schedules.words import Told, layers_told, month_names, span_of, weekday_names
from tocsin.web.times import Times, zone_word
from tocsin.web.visit import Visit, status_of

_SEEN: Final = ("look", "sure", "sure-gap")
_OTHER: Final = "again"


def new_page(visit: Visit) -> Response:
    """GET `/schedules/new?kind=shifts`."""
    _check_may_make(visit)
    return edit_form(visit, None, new_sheet(visit, shift_based=visit.query("kind") == "shifts"), {})


def make(visit: Visit) -> Response:
    """POST `/schedules/new`."""
    _check_may_make(visit)
    return _sent(visit, None)


def edit_page(visit: Visit) -> Response:
    """GET `/schedules/{id}/edit`."""
    schedule = editable(visit)
    return edit_form(visit, schedule, stored_sheet(visit, schedule), {})


def change(visit: Visit) -> Response:
    """POST `/schedules/{id}/edit`; `do` says what: look at the change, save it, or one of the form's own buttons."""
    return _sent(visit, editable(visit))


def _check_may_make(visit: Visit) -> None:
    if not may_make(visit):
        raise NotFound(_("There is no page at this address."))


def _sent(visit: Visit, schedule: Schedule | None) -> Response:
    do = visit.text("do", 30) or "look"
    sheet = sent_sheet(visit, schedule)
    if do not in _SEEN:
        return edit_form(visit, schedule, _acted(sheet, do), {})
    wanted, problems = wanted_of(visit, schedule, sheet)
    if wanted is None:
        return edit_form(visit, schedule, sheet, problems, code=422)
    return _reviewed(visit, schedule, sheet, wanted, do)


def _acted(sheet: Sheet, do: str) -> Sheet:
    if do == _OTHER:
        return sheet
    if sheet.shift_based:
        return replace(sheet, rotations=tuple(rotations_acted(list(sheet.rotations), do)))
    return replace(sheet, layers=tuple(acted(list(sheet.layers), do)))


def _reviewed(visit: Visit, schedule: Schedule | None, sheet: Sheet, wanted: Wanted, do: str) -> Response:
    """Show what the change does; make it if that has been seen, with its gaps, and nobody changed anything since."""
    notice = ""
    overtaken = schedule is not None and sheet.seen != str(schedule.updated_at)
    try:
        stored = schedule if schedule is not None and not wanted.fields else _judged(visit, wanted)
        effect = effect_of(visit, schedule, stored, wanted.begins)
        if overtaken:
            notice = _("Somebody has changed this schedule since you opened it. This is what your change would do now.")
        elif do != "look" and effect.gap_words and do != "sure-gap":
            notice = _("This leaves a gap that was not there. Save it with the gap, or change more.")
        elif do != "look":
            return _saved(visit, schedule, wanted)
    except Conflict as error:
        if error.reason != CHANGED_MEANWHILE:
            return edit_form(visit, schedule, sheet, {}, error=error, code=status_of(error))
        visit.config = visit.site.desk.config()
        again = visit.config.schedules[schedule.id] if schedule is not None else None
        return _reviewed(visit, again, sheet, wanted, "look")
    except TocsinError as error:
        return edit_form(visit, schedule, sheet, {}, error=error, code=status_of(error))
    return _review(visit, schedule, sheet, wanted, effect, notice)


def _judged(visit: Visit, wanted: Wanted) -> Schedule:
    """The schedule as the engine would store it. Raises what the engine would."""
    stored: Schedule = judged(visit.config, visit.site.ids, visit.actor, wanted.command, visit.now)
    return stored


def _saved(visit: Visit, schedule: Schedule | None, wanted: Wanted) -> Response:
    if schedule is None:
        made = visit.run(wanted.command)
        return visit.go(f"/schedules/{made.id}", "schedule-new")
    if wanted.fields:
        visit.run(replace(wanted.command, seen_at=schedule.updated_at))
    return visit.go(f"/schedules/{schedule.id}", "schedule-saved")


def edit_form(
    visit: Visit,
    schedule: Schedule | None,
    sheet: Sheet,
    problems: Problems,
    *,
    error: TocsinError | None = None,
    code: int = 200,
) -> Response:
    """The form with what was typed, and what is wrong where."""
    stored = {one.id: one for one in live_layers(schedule, visit.now)} if schedule is not None else {}
    own = clock_of(visit, schedule.time_zone) if schedule is not None else visit.times
    people = dict(people_for(visit, schedule))
    lists = [one.people for one in (*sheet.layers, *chain.from_iterable(one.events for one in sheet.rotations))]
    people |= {one: visit.names.person(one) for one in chain.from_iterable(lists) if one}
    offered = teams_for(visit)
    return visit.page(
        "schedules/edit.html",
        code,
        schedule=schedule,
        sheet=sheet,
        stored=stored,
        told={one.id: one for one in _told(visit, schedule, own)} if schedule is not None else {},
        people=sorted(people.items(), key=lambda one: one[1].casefold()),
        names=people,
        too_many=PEOPLE_SHOWN,
        teams=offered,
        other_teams=[
            visit.names.team(one)
            for one in (schedule.team_ids if schedule is not None else ())
            if one not in dict(offered)
        ],
        may_be_free=visit.may(Verb.EDIT),
        zones=zones(),
        zone_name=zone_word(sheet.zone),
        weekdays=list(enumerate(weekday_names())),
        short_days=list(zip(DAYS, weekday_names("abbreviated"), strict=True)),
        short_months=list(enumerate(month_names(), 1)),
        units=list(UNITS),
        lengths=list(LENGTHS),
        problems=problems,
        error=error,
        policies=_policies(visit, schedule),
        **_address(schedule),
    )


def _told(visit: Visit, schedule: Schedule, times: Times) -> list[Told]:
    """Layers and events in words, for those that are shown closed."""
    return layers_told(visit, schedule, times) + [
        event for _rotation, events in rotations_told(visit, schedule, times) for event in events
    ]


def _policies(visit: Visit, schedule: Schedule | None) -> list[tuple[str, str]]:
    called = visit.config.policies_of_schedule.get(schedule.id, ()) if schedule is not None else ()
    return [(one.id, one.name if visit.may_read(one) else _("a policy of another team")) for one in called]


def _address(schedule: Schedule | None) -> dict[str, Any]:
    if schedule is None:
        return {"address": "/schedules/new", "back": "/schedules"}
    return {"address": f"/schedules/{schedule.id}/edit", "back": f"/schedules/{schedule.id}"}


def _review(
    visit: Visit, schedule: Schedule | None, sheet: Sheet, wanted: Wanted, effect: Effect, notice: str
) -> Response:
    carried = [(name, value) for name, value in visit.form.multi_items() if name not in ("csrf", "do", "seen")]
    own = clock_of(visit, sheet.zone)
    return visit.page(
        "schedules/review.html",
        409 if notice else 200,
        schedule=schedule,
        sheet=sheet,
        wanted=wanted,
        effect=effect,
        notice=notice,
        carried=[(name, value) for name, value in carried if isinstance(value, str)],
        seen=schedule.updated_at if schedule is not None else "",
        own=own,
        same_clock=same_clock(visit, replace(wanted.schedule, time_zone=sheet.zone)),
        stretch=span_of,
        begins_later=wanted.begins > visit.now,
        **_address(schedule),
    )
