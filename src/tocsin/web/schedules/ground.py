"""What every page about a schedule stands on: the schedule, its clock, its people, and what the reader may do."""

from __future__ import annotations

from tocsin.directory.permissions import Verb
from tocsin.kernel.errors import NotFound
from tocsin.oncall import Exceptions, Schedule, members, zone_names
from tocsin.web.times import Times, zone_of, zone_word
from tocsin.web.visit import Visit


def schedule_of(visit: Visit) -> Schedule:
    """The schedule of the address. Raises NotFound, also for whoever may not know of it."""
    schedule = visit.config.schedules.get(visit.request.path_params["id"])
    if schedule is None or not visit.may_read(schedule):
        raise NotFound("There is no such schedule.")
    return schedule


def editable(visit: Visit) -> Schedule:
    """The same for whoever may change it. Raises NotFound for others: they have no form to send."""
    schedule = schedule_of(visit)
    if not may_edit(visit, schedule):
        raise NotFound("There is no such schedule that you may change.")
    return schedule


def may_edit(visit: Visit, schedule: Schedule) -> bool:
    """Whether the reader may change the schedule itself."""
    return visit.may(Verb.EDIT, schedule.team_ids)


def may_cover(visit: Visit, schedule: Schedule) -> bool:
    """Whether the reader may add and remove overrides."""
    return visit.may(Verb.COVER, schedule.team_ids)


def exceptions_of(visit: Visit, schedule: Schedule) -> Exceptions:
    """Overrides and custom shifts of the schedule."""
    return visit.config.exceptions_of.get(schedule.id, ())


def clock_of(visit: Visit, zone_name: str) -> Times:
    """Times on the clock of this zone."""
    return Times(visit.now, zone_of(zone_name), zone_word(zone_name))


def same_clock(visit: Visit, schedule: Schedule) -> bool:
    """Whether the reader sees the schedule's own zone anyway."""
    return visit.times.zone_name == zone_word(schedule.time_zone)


def chosen_clock(visit: Visit, schedule: Schedule, choice: str) -> Times:
    """The schedule's clock for "schedule", else the reader's."""
    return clock_of(visit, schedule.time_zone) if choice == "schedule" else visit.times


def people_for(visit: Visit, schedule: Schedule | None = None) -> list[tuple[str, str]]:
    """Who may be put into a schedule: active people whom the reader may know of, and who is in it already; by name."""
    config = visit.config
    found = {one.id: one.name for one in config.users.values() if one.active and visit.may_read(one)}
    for user_id in members(schedule, visit.now) if schedule is not None else ():
        found.setdefault(user_id, visit.names.person(user_id))
    return sorted(found.items(), key=lambda one: one[1].casefold())


def teams_for(visit: Visit) -> list[tuple[str, str]]:
    """The teams to which the reader may give a schedule, by name."""
    found = [(one.id, one.name) for one in visit.config.teams.values() if visit.may(Verb.EDIT, (one.id,))]
    return sorted(found, key=lambda one: one[1].casefold())


def may_make(visit: Visit) -> bool:
    """Whether the reader may make a schedule at all: of a team of theirs, or of none."""
    return visit.may(Verb.EDIT) or bool(teams_for(visit))


def zones() -> list[str]:
    """Every zone, for a list to choose from."""
    return sorted(zone_names())
