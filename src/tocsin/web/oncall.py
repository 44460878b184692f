"""Who is on call now and next, on each schedule that somebody relies on; and where nobody is."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from tocsin.engine.people import can_be_reached
from tocsin.kernel.time import DAY, Moment
from tocsin.oncall import Entry, Gap, Schedule, Shift, horizon_of, next_on_call, render, shifts_at
from tocsin.web.visit import Visit

AHEAD = 14 * DAY
"""How far the list of shifts and the search for gaps look."""


@dataclass(frozen=True, slots=True)
class Stand:
    """A person's turn: from when, until when (None = further than one can see), by an override or not."""

    user_id: str
    name: str
    start: Moment | None
    end: Moment | None
    override: bool
    reachable: bool


@dataclass(frozen=True, slots=True)
class Watch:
    """One schedule: who now, who next, the turns ahead, and the gaps. `used_by` names the policies that call it.

    A shift-based schedule may have several people on call now, and turns ahead that overlap.
    """

    schedule: Schedule
    teams: tuple[str, ...]
    used_by: tuple[str, ...]
    now: tuple[Stand, ...]
    next: Stand | None
    shifts: tuple[Stand, ...]
    gaps: tuple[Gap, ...]
    mine: bool


def oncall_page(visit: Visit) -> Response:
    """`/on-call`."""
    return visit.page(
        "oncall.html", watches=watches_of(visit, every=True), policies=_policies(visit), until=visit.now + AHEAD
    )


def watches_of(visit: Visit, *, every: bool = False) -> list[Watch]:
    """The schedules that the reader may see and policies call (or every one): the reader's own first, then by name."""
    called = visit.config.policies_of_schedule
    found = [
        _watch(visit, schedule)
        for schedule in visit.config.schedules.values()
        if (every or schedule.id in called) and visit.may_read(schedule)
    ]
    return sorted(found, key=lambda watch: (not watch.mine, watch.schedule.name.casefold()))


def _watch(visit: Visit, schedule: Schedule) -> Watch:
    config, now = visit.config, visit.now
    exceptions = config.exceptions_of.get(schedule.id, ())
    following = next_on_call(schedule, exceptions, now)
    drawn = render(schedule, exceptions, now, now + AHEAD, overflow=True)
    sight = drawn.until + horizon_of(schedule)
    mine = visit.me.id in {entry.user_id for entry in drawn.final.entries}
    return Watch(
        schedule=schedule,
        teams=tuple(map(visit.names.team, schedule.team_ids)),
        used_by=tuple(
            policy.name for policy in config.policies_of_schedule.get(schedule.id, ()) if visit.may_read(policy)
        ),
        now=tuple(_shift(visit, one) for one in shifts_at(schedule, exceptions, now)),
        next=_shift(visit, following) if following else None,
        shifts=tuple(_entry(visit, entry, sight) for entry in drawn.final.entries),
        gaps=drawn.gaps,
        mine=mine,
    )


def _shift(visit: Visit, shift: Shift) -> Stand:
    return _stand(visit, shift.user_id, shift.start, shift.end, shift.override_id)


def _entry(visit: Visit, entry: Entry, sight: Moment) -> Stand:
    """An end at the edge of `sight` is where the search stopped, not where somebody else takes over."""
    end = entry.end if entry.end < sight else None
    return _stand(visit, entry.user_id, entry.start, end, entry.override_id)


def _stand(visit: Visit, user_id: str, start: Moment | None, end: Moment | None, override_id: str) -> Stand:
    reachable = can_be_reached(visit.config, user_id)
    return Stand(user_id, visit.names.person(user_id), start, end, bool(override_id), reachable)


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """A policy in words: its levels in order."""

    name: str
    levels: tuple[str, ...]
    passes: int
    services: tuple[str, ...]


def _policies(visit: Visit) -> list[PolicyLine]:
    config, names = visit.config, visit.names
    lines = []
    seen = filter(visit.may_read, config.policies.values())
    for policy in sorted(seen, key=lambda one: one.name.casefold()):
        levels = []
        for rule in policy.rules:
            targets = [
                names.person(target.id)
                if target.kind == "user"
                else (config.schedules[target.id].name if target.id in config.schedules else "a removed schedule")
                for target in rule.targets
            ]
            levels.append(f"{', '.join(targets)}, {rule.delay_minutes} min")
        services = tuple(service.name for service in config.services_of_policy.get(policy.id, ()))
        lines.append(PolicyLine(policy.name, tuple(levels), policy.passes, services))
    return lines
