"""`/schedules`: every schedule that the reader may see, and a form of one line that makes a weekly rotation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from tocsin.directory.permissions import Verb
from tocsin.engine.things import SaveThing
from tocsin.kernel.errors import Invalid, TocsinError
from tocsin.kernel.time import from_datetime
from tocsin.oncall import Layer, Schedule
from tocsin.web.alerts import Pager
from tocsin.web.language import gettext as _
from tocsin.web.language import ngettext
from tocsin.web.oncall import Watch, is_mine, watch_of
from tocsin.web.schedules.ground import may_make, people_for, teams_for
from tocsin.web.times import Times
from tocsin.web.typed_times import moment_of
from tocsin.web.visit import Visit, status_of

PER_PAGE: Final = 25
_WEEK_SECONDS: Final = 7 * 86_400


@dataclass(frozen=True, slots=True)
class ScheduleLine:
    """One schedule. `kind`: what it is made of, in words."""

    watch: Watch
    kind: str


def schedules_page(visit: Visit, *, error: TocsinError | None = None, code: int = 200) -> Response:
    """GET `/schedules?q=&page=`."""
    wanted = visit.query("q").strip()
    seen = [one for one in visit.config.schedules.values() if visit.may_read(one)]
    found = [one for one in seen if wanted.casefold() in one.name.casefold()]
    found.sort(key=lambda one: (not is_mine(visit, one), one.name.casefold()))
    typed = visit.query("page")
    page = max(1, int(typed)) if typed.isascii() and typed.isdigit() and len(typed) < 6 else 1
    first = (page - 1) * PER_PAGE
    shown = [ScheduleLine(watch_of(visit, one), _kind(one, visit)) for one in found[first : first + PER_PAGE]]
    more = first + PER_PAGE < len(found)
    return visit.page(
        "schedules/schedules.html",
        code,
        lines=shown,
        wanted=wanted,
        found=len(found),
        total=len(seen),
        pager_=Pager(_address(wanted, page - 1), _address(wanted, page + 1) if more else ""),
        may_make=may_make(visit),
        people=people_for(visit) if may_make(visit) else [],
        teams=teams_for(visit),
        may_be_free=visit.may(Verb.EDIT),
        chosen=visit.texts("user") or ([] if error or visit.is_refresh else [visit.me.id]),
        typed={
            "name": visit.text("name") or ("" if error else _("On call")),
            "start": visit.text("start", 30) or f"{next_monday(visit.times):%Y-%m-%dT%H:%M}",
            "team": visit.text("team", 40),
        },
        error=error,
    )


def make_weekly(visit: Visit) -> Response:
    """POST `/schedules`: a weekly rotation of the people chosen, from the hand-off typed on."""
    try:
        schedule = visit.run(SaveThing(thing_kind="schedule", thing=_weekly(visit)))
    except TocsinError as error:
        return schedules_page(visit, error=error, code=status_of(error))
    return visit.go(f"/schedules/{schedule.id}", "schedule-new")


def _weekly(visit: Visit) -> Schedule:
    """The rotation begins at once: before the first hand-off the last person of the list has the turn."""
    names = dict(people_for(visit))
    users = tuple(one for one in visit.texts("user") if one in names)
    if not users:
        raise Invalid(_("Choose at least one person who takes turns."))
    start = moment_of(visit.times, visit.text("start", 30), _("The hand-off"))
    team = visit.text("team", 40)
    layer = Layer("", _("Weekly rotation"), min(start, visit.now), None, start, _WEEK_SECONDS, users)
    name = " ".join(visit.text("name").split())
    return Schedule("", name or _("On call"), visit.times.zone.key, (layer,), team_ids=(team,) if team else ())


def next_monday(times: Times) -> datetime:
    """The next Monday at 09:00 on the reader's clock; today's if that is still to come."""
    now = times.local(times.now)
    found = (now + timedelta(days=-now.weekday() % 7)).replace(hour=9, minute=0, second=0, microsecond=0)
    return found if from_datetime(found) > times.now else found + timedelta(days=7)


def _kind(schedule: Schedule, visit: Visit) -> str:
    if schedule.shift_based:
        rotations = sum(1 for one in schedule.rotations if not one.removed)
        return ngettext("shift-based, %(num)s rotation", "shift-based, %(num)s rotations", rotations)
    live = sum(1 for one in schedule.layers if not one.has_ended(visit.now))
    return ngettext("layered, %(num)s layer", "layered, %(num)s layers", live)


def _address(wanted: str, page: int) -> str:
    if page < 1:
        return ""
    return "/schedules?" + urlencode({name: value for name, value in (("q", wanted), ("page", page)) if value})
