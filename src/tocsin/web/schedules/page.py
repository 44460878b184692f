"""`/schedules/{id}`: one schedule drawn over days, the same as a list, its overrides, and what it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from tocsin.directory.feeds import FeedSubject
from tocsin.engine.named import lost_in
from tocsin.kernel.time import DAY
from tocsin.oncall import CustomShift, Override, Schedule, gaps
from tocsin.web import guard
from tocsin.web.calendars.panel import panel_of
from tocsin.web.oncall import watch_of
from tocsin.web.schedules.drawing import ask_path, cover_path, drawing_of
from tocsin.web.schedules.ground import (
    chosen_clock,
    clock_of,
    exceptions_of,
    may_cover,
    may_edit,
    same_clock,
    schedule_of,
)
from tocsin.web.schedules.shift_words import rotations_told
from tocsin.web.schedules.window import VIEWS, window_of
from tocsin.web.schedules.words import layers_told, rotation_name
from tocsin.web.spans import Spans
from tocsin.web.times import zone_word
from tocsin.web.visit import Visit

TURNS: Final = 150
"""Lines of the list; more is a matter for fewer days."""

COVERS: Final = 50
GAPS_WITHIN: Final = 28 * DAY


@dataclass(frozen=True, slots=True)
class Cover:
    """An override or custom shift that is not over. `instead`: whose place it takes, or where; "" = everybody's."""

    one: Override | CustomShift
    name: str
    instead: str
    runs: bool

    @property
    def is_extra(self) -> bool:
        """Whether it is one person more, beside the rotations."""
        return isinstance(self.one, CustomShift)


def schedule_page(visit: Visit) -> Response:
    """`/schedules/{id}?view=&from=&zone=`."""
    schedule = schedule_of(visit)
    zone = "schedule" if visit.query("zone") == "schedule" and not same_clock(visit, schedule) else ""
    times = chosen_clock(visit, schedule, zone)
    own = clock_of(visit, schedule.time_zone)
    window = window_of(times, f"/schedules/{schedule.id}", visit.query("view"), visit.query("from"), zone)
    exceptions = exceptions_of(visit, schedule)
    drawing = drawing_of(visit, schedule, exceptions, window, times)
    covers = covers_of(visit, schedule)
    return visit.page(
        "schedules/schedule.html",
        schedule=schedule,
        watch=watch_of(visit, schedule),
        policies=[
            (one.id, one.name) for one in visit.config.policies_of_schedule.get(schedule.id, ()) if visit.may_read(one)
        ],
        zone_name=zone_word(schedule.time_zone),
        same_clock=same_clock(visit, schedule),
        zone=zone,
        clock=times,
        other=own if not zone else visit.times,
        window=window,
        views=VIEWS,
        drawing=drawing,
        turns=drawing.turns[:TURNS],
        turns_more=max(0, len(drawing.turns) - TURNS),
        covers=covers[:COVERS],
        covers_more=max(0, len(covers) - COVERS),
        layers=layers_told(visit, schedule, own),
        rotations=rotations_told(visit, schedule, own),
        holes=gaps(schedule, exceptions, visit.now, visit.now + GAPS_WITHIN),
        may_edit=may_edit(visit, schedule),
        may_cover=may_cover(visit, schedule),
        cover_path=cover_path,
        ask_path=ask_path,
        dated=lambda clock, start, end: Spans(clock).text(start, end),
        city=lambda zone: zone.rpartition("/")[2].replace("_", " "),
        undone=_undo_of(visit, schedule),
        lost=lost_in(visit.config, "schedule", schedule.id, visit.now),
        feeds=panel_of(visit, FeedSubject.SCHEDULE, schedule.id),
    )


def covers_of(visit: Visit, schedule: Schedule) -> list[Cover]:
    """Overrides and custom shifts that are not over, the next one first."""
    names = visit.names
    rotations = {one.id: rotation_name(one) for one in schedule.rotations}
    found = []
    for one in exceptions_of(visit, schedule):
        if one.end <= visit.now:
            continue
        instead = ""
        if isinstance(one, Override) and one.source_id:
            whom = names.person(one.overridden_id) if one.overridden_id else ""
            instead = " · ".join(filter(None, (whom, rotations.get(one.rotation_id, ""))))
        name = names.person(one.user_id) if one.user_id else ""
        found.append(Cover(one, name, instead, one.start <= visit.now))
    return sorted(found, key=lambda cover: (cover.one.start, cover.one.id))


def _undo_of(visit: Visit, schedule: Schedule) -> dict[str, str]:
    """What puts back an override that was removed just now, from the word of its removal."""
    did, *parts = guard.said(visit.request).split(".")
    if did != "cover-gone" or len(parts) != 3 or schedule.shift_based:
        return {}
    return {"user": parts[0], "start": parts[1], "end": parts[2]}
