"""Making and changing a schedule: the form, what it would mean in people, and the save.

Nothing is saved that was not shown first: who gains and loses shifts, each stretch in which somebody else is on call,
and every gap that opens, which has a button of its own words. The engine judges all of it before it is shown, and again
when it is saved; whoever else changed the schedule meanwhile is not overwritten unseen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Final

from starlette.responses import Response

from tocsin.directory.permissions import Verb
from tocsin.engine.preview import judged
from tocsin.engine.things import CHANGED_MEANWHILE
from tocsin.kernel.errors import Conflict, NotFound, TocsinError
from tocsin.kernel.time import Moment, Span
from tocsin.kernel.wording import span_words
from tocsin.oncall import Comparison, Gap, Schedule, Share, Stretch, compare, live_layers, who_is_on_call
from tocsin.web.language import gettext as _
from tocsin.web.language import ngettext
from tocsin.web.schedules.ground import (
    clock_of,
    editable,
    exceptions_of,
    may_make,
    people_for,
    same_clock,
    teams_for,
    zone_word,
    zones,
)
from tocsin.web.schedules.layer_form import UNITS, Problems, acted
from tocsin.web.schedules.sheet import (
    PEOPLE_SHOWN,
    Sheet,
    Wanted,
    new_sheet,
    sent_sheet,
    stored_sheet,
    wanted_of,
)
from tocsin.web.schedules.shift_form import DAYS, LENGTHS, rotations_acted
from tocsin.web.schedules.words import layers_told, rotations_told, span_of, weekday_names
from tocsin.web.visit import Visit, status_of

STRETCHES: Final = 60
"""Changed stretches that are shown; the others are counted."""

_SEEN: Final = ("look", "sure", "sure-gap")
_OTHER: Final = "again"


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change means. `shares`: person, name, and in words what they gain or lose; `button`: of the save."""

    comparison: Comparison
    shares: tuple[tuple[str, str, str], ...]
    stretches: tuple[tuple[Stretch, list[tuple[str, str]], list[tuple[str, str]]], ...]
    more: int
    next_people: tuple[tuple[str, str], ...]
    gap_words: str
    sentence: str


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


def effect_of(visit: Visit, before: Schedule | None, after: Schedule, begins: Moment) -> Effect:
    """What the change means for people from its moment on. Overrides are the same before and after."""
    exceptions = exceptions_of(visit, after)
    found = compare((before, exceptions) if before is not None else None, (after, exceptions), begins)
    name = visit.names.person
    shares = tuple((one.user_id, name(one.user_id), share_words(one)) for one in found.shares)
    on_call = who_is_on_call(after, exceptions, begins)
    gap = gap_words(visit, found.opened)
    told = [
        (one, [(who, name(who)) for who in one.was], [(who, name(who)) for who in one.now])
        for one in found.stretches[:STRETCHES]
    ]
    return Effect(
        comparison=found,
        shares=shares,
        stretches=tuple(told),
        more=max(0, len(found.stretches) - STRETCHES),
        next_people=tuple((one, name(one)) for one in on_call),
        gap_words=gap,
        sentence=_sentence(visit, shares, gap, [name(one) for one in on_call], begins),
    )


def share_words(share: Share) -> str:
    """What a person gains or loses: "−2 shifts, −2 d"; where shifts that meet become one, the time says it."""
    shifts, span = share.shifts_after - share.shifts_before, share.time_after - share.time_before
    words = []
    if shifts * span < 0:
        return f"{_signed(span)}, {_('in fewer shifts') if shifts < 0 else _('in more shifts')}"
    if shifts:
        counted = ngettext("%(num)s shift", "%(num)s shifts", abs(shifts))
        words.append(f"{'+' if shifts > 0 else '−'}{counted}")
    if span:
        words.append(_signed(span))
    return ", ".join(words)


def _signed(span: Span) -> str:
    return f"{'+' if span > 0 else '−'}{span_words(abs(span))}"


def gap_words(visit: Visit, gaps: tuple[Gap, ...]) -> str:
    """The first gap that opens and how many more there are; "" for none."""
    if not gaps:
        return ""
    stretch = span_of(visit.times, gaps[0].start, gaps[0].end)
    if len(gaps) == 1:
        return _("nobody %(stretch)s", stretch=stretch)
    return _("nobody %(stretch)s and %(count)s more", stretch=stretch, count=len(gaps) - 1)


def _sentence(
    visit: Visit, shares: tuple[tuple[str, str, str], ...], gap: str, on_call: list[str], begins: Moment
) -> str:
    """The change in one line: "Alice −2 shifts, Dave +2 shifts; no new gap; the next page goes to Dave"."""
    people = ", ".join(f"{name} {words.split(',')[0]}" for _id, name, words in shares[:6])
    if len(shares) > 6:
        people = _("%(people)s and %(count)s more people", people=people, count=len(shares) - 6)
    parts = [people or _("Nobody’s shifts change"), gap or _("no new gap")]
    if begins > visit.now:
        when = visit.times.minute(begins)
        parts.append(_("the first page after %(when)s goes to %(names)s", when=when, names=_names(on_call)))
    else:
        parts.append(_("the next page goes to %(names)s", names=_names(on_call)))
    return "; ".join(parts)


def _names(names: list[str]) -> str:
    return ", ".join(names) or _("nobody")


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
    lists = [one.people for one in sheet.layers] + [one.people for one in sheet.rotations]
    people |= {one: visit.names.person(one) for one in chain.from_iterable(lists)}
    offered = teams_for(visit)
    return visit.page(
        "schedules/edit.html",
        code,
        schedule=schedule,
        sheet=sheet,
        stored=stored,
        told={one.id: one for one in layers_told(visit, schedule, own)} if schedule is not None else {},
        rotations_told={one.id: events for one, events in rotations_told(visit, schedule, own)} if schedule else {},
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
        units=list(UNITS),
        lengths=list(LENGTHS),
        problems=problems,
        error=error,
        policies=_policies(visit, schedule),
        **_address(schedule),
    )


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
