"""All that the form of a schedule holds, as typed; and the schedule that it means.

Decides which fields of a schedule the form speaks of: only those that differ are sent to the engine, so that what
somebody else changed meanwhile, or a program keeps there, is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tocsin.directory.permissions import Verb
from tocsin.engine.things import SaveThing
from tocsin.kernel.errors import Invalid
from tocsin.kernel.time import Moment
from tocsin.oncall import Schedule, live_layers, planned_layers
from tocsin.web.language import gettext as _
from tocsin.web.schedules.drafts import Problems, pressed
from tocsin.web.schedules.ground import clock_of, teams_for, zones
from tocsin.web.schedules.layer_form import LayerDraft, draft_of, drafts_sent, layers_of
from tocsin.web.schedules.shift_change import Ground, rotations_of
from tocsin.web.schedules.shift_form import (
    EventDraft,
    RotationDraft,
    event_draft,
    live_event,
    new_rotation,
    rotation_drafts,
    rotations_sent,
)
from tocsin.web.typed_times import moment_of
from tocsin.web.visit import Visit

OPEN_AT_FIRST = 3
"""Layers, or events of rotations, that a form shows open; of more each is closed, and opened one by one."""

PEOPLE_SHOWN = 60
"""People of one layer that a form can hold; a longer list is changed through the API."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The form as typed. `begin`: from when on the change holds, "" = at once; `seen`: the version it was made from."""

    name: str
    zone: str
    description: str
    teams: tuple[str, ...]
    begin: str
    seen: str
    shift_based: bool
    layers: tuple[LayerDraft, ...] = ()
    rotations: tuple[RotationDraft, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a sheet means: the schedule to save, which of its fields differ, and from when on they hold."""

    schedule: Schedule
    fields: tuple[str, ...]
    begins: Moment

    @property
    def command(self) -> SaveThing:
        """How it is saved."""
        return SaveThing(thing_kind="schedule", thing=self.schedule, fields=self.fields)


def stored_sheet(visit: Visit, schedule: Schedule) -> Sheet:
    """A schedule as it is."""
    times = clock_of(visit, schedule.time_zone)
    live = list(reversed(live_layers(schedule, visit.now)))
    crowded = len(live) > OPEN_AT_FIRST
    layers = (draft_of(one, str(at), times, kept=crowded) for at, one in enumerate(live))
    return Sheet(
        schedule.name,
        schedule.time_zone,
        schedule.description,
        schedule.team_ids,
        "",
        str(schedule.updated_at),
        schedule.shift_based,
        tuple(layers),
        tuple(rotation_drafts(schedule, visit.now, opened=OPEN_AT_FIRST)),
    )


def new_sheet(visit: Visit, *, shift_based: bool) -> Sheet:
    """What a new schedule begins with: the reader's zone, and one weekly rotation."""
    teams = () if visit.may(Verb.EDIT) else tuple(one for one, _name in teams_for(visit)[:1])
    layers = () if shift_based else (LayerDraft("0", name=_("Weekly rotation")),)
    rotations = (new_rotation("0", "0", _("Weekly rotation")),) if shift_based else ()
    return Sheet("", visit.times.zone.key, "", teams, "", "", shift_based, layers, rotations)


def sent_sheet(visit: Visit, schedule: Schedule | None) -> Sheet:
    """The form as it was sent."""
    form: dict[str, list[str]] = {}
    for name, value in visit.form.multi_items():
        if isinstance(value, str):
            form.setdefault(name, []).append(value)
    shift_based = schedule.shift_based if schedule is not None else visit.text("kind", 10) == "shifts"
    return Sheet(
        _one_line(visit.text("name")),
        visit.text("zone", 100),
        _lines(visit.text("description")),
        tuple(dict.fromkeys(visit.texts("team"))),
        visit.text("begin", 30),
        visit.text("seen", 20),
        shift_based,
        () if shift_based else tuple(_opened(visit, schedule, one, form) for one in drafts_sent(form)),
        tuple(_opened_events(visit, schedule, one, form) for one in rotations_sent(form)) if shift_based else (),
    )


def _opened(
    visit: Visit, schedule: Schedule | None, draft: LayerDraft, form: Mapping[str, Sequence[str]]
) -> LayerDraft:
    """A layer that was closed, as it is stored, if its button was pressed."""
    if not draft.kept or schedule is None or form.get("do", [""])[0] != f"open-{draft.key}":
        return draft
    stored = next((one for one in live_layers(schedule, visit.now) if one.id == draft.id), None)
    if stored is None or len(stored.user_ids) > PEOPLE_SHOWN:
        return draft
    return draft_of(stored, draft.key, clock_of(visit, schedule.time_zone))


def _opened_events(
    visit: Visit, schedule: Schedule | None, draft: RotationDraft, form: Mapping[str, Sequence[str]]
) -> RotationDraft:
    """The rotation with the event open whose button was pressed."""
    word, key, _place = pressed(form.get("do", [""])[0])
    if word != "open" or schedule is None:
        return draft
    rotation = next((one for one in schedule.rotations if one.id == draft.id), None)

    def opened(one: EventDraft) -> EventDraft:
        event = live_event(rotation, one.id, visit.now) if one.kept and one.key == key else None
        return event_draft(key, event, schedule.time_zone, visit.now) if event is not None else one

    return replace(draft, events=tuple(map(opened, draft.events)))


def wanted_of(visit: Visit, schedule: Schedule | None, sheet: Sheet) -> tuple[Wanted | None, Problems]:
    """The schedule that the sheet means, or what is wrong at which field."""
    problems: Problems = {}
    if not sheet.name:
        problems["name"] = _("Give it a name.")
    if sheet.zone not in zones():
        problems["zone"] = _("Choose a zone of the list.")
        return None, problems
    begins = _begins(visit, schedule, sheet, problems)
    old_zone = schedule.time_zone if schedule is not None else sheet.zone
    times, old_times = clock_of(visit, sheet.zone), clock_of(visit, old_zone)
    base = schedule or Schedule("", "", "", (), shift_based=sheet.shift_based)
    new = replace(
        base,
        name=base.name if sheet.name == _one_line(base.name) else sheet.name,
        time_zone=sheet.zone,
        description=base.description if sheet.description == _lines(base.description) else sheet.description,
        team_ids=_teams(visit, schedule, sheet),
    )
    if sheet.shift_based:
        ground = Ground(sheet.zone, begins, visit.now, visit.config.users.keys())
        rotations, wrong = rotations_of(sheet.rotations, schedule, ground)
        new = replace(new, rotations=rotations)
    else:
        stored = {one.id: one for one in live_layers(schedule, visit.now)} if schedule is not None else {}
        layers, wrong = layers_of(sheet.layers, stored, times, old_times, begins)
        new = replace(new, layers=layers)
    problems |= wrong
    return (None, problems) if problems else (_wanted(visit, schedule, new, begins), problems)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _lines(text: str) -> str:
    """As a browser sends several lines, and as they are kept."""
    return text.replace("\r\n", "\n").strip()


def _begins(visit: Visit, schedule: Schedule | None, sheet: Sheet, problems: Problems) -> Moment:
    if not sheet.begin or schedule is None:
        return visit.now
    try:
        begins = moment_of(clock_of(visit, sheet.zone), sheet.begin, _("This"))
    except Invalid as error:
        problems["begin"] = error.message
        return visit.now
    if begins <= visit.now:
        problems["begin"] = _("That is over: past shifts never change. Leave it empty for at once.")
    elif sheet.zone != schedule.time_zone:
        problems["begin"] = _("Another time zone holds at once: leave this empty, or leave the zone as it is.")
    return max(begins, visit.now)


def _teams(visit: Visit, schedule: Schedule | None, sheet: Sheet) -> tuple[str, ...]:
    """The teams chosen, and those of the schedule that the reader can't choose among, in the order that it has."""
    offered = {one for one, _name in teams_for(visit)}
    had = schedule.team_ids if schedule is not None else ()
    kept = [one for one in had if one not in offered or one in sheet.teams]
    return tuple(dict.fromkeys([*kept, *(one for one in sheet.teams if one in offered)]))


def _wanted(visit: Visit, schedule: Schedule | None, new: Schedule, begins: Moment) -> Wanted:
    if schedule is None:
        return Wanted(new, (), begins)
    plain = ("name", "description", "time_zone", "team_ids")
    names = [one for one in plain if getattr(new, one) != getattr(schedule, one)]
    if new.shift_based:
        if new.rotations != schedule.rotations:
            names.append("rotations")
    elif new.layers == live_layers(schedule, visit.now):
        new = replace(new, layers=schedule.layers)
    else:
        names.append("layers")
        if begins > visit.now:
            new = replace(new, layers=planned_layers(schedule, new, begins))
    return Wanted(new, tuple(names), begins)
