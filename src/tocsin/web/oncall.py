"""Who is on call now and next, on each schedule that somebody relies on; and where nobody is.

Decides the order: the reader's own schedules first, then those of each team. Who is on call is `oncall`'s.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from tocsin.directory.permissions import Verb
from tocsin.engine.people import can_be_reached
from tocsin.escalation.model import TargetKind
from tocsin.kernel.time import DAY, Moment
from tocsin.oncall import Gap, Schedule, Shift, gaps, is_part_time, members, next_on_call, shifts_at
from tocsin.web.alerts import Pager
from tocsin.web.language import gettext as _
from tocsin.web.visit import Visit

AHEAD = 14 * DAY
"""How far the search for gaps looks."""

PER_PAGE: Final = 25
NAMED_SHOWN: Final = 50


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
    """One schedule: who now, who next, and the gaps ahead. `used_by` names the policies that call it.

    A shift-based schedule may have several people on call now. `part_time`: time without anybody is off hours, so that
    none of it counts as a gap.
    """

    schedule: Schedule
    teams: tuple[str, ...]
    used_by: tuple[tuple[str, str], ...]
    now: tuple[Stand, ...]
    next: Stand | None
    gaps: tuple[Gap, ...]
    mine: bool
    may_cover: bool
    part_time: bool = False

    @property
    def later_gaps(self) -> tuple[Gap, ...]:
        """The gaps but for one that runs, which stands where the person on call now would."""
        return self.gaps if self.now else self.gaps[1:]


def oncall_page(visit: Visit) -> Response:
    """`/on-call?q=&page=`: the reader's own schedules first, then the others by team; and people named directly."""
    wanted = visit.query("q").strip().casefold()
    seen = [one for one in visit.config.schedules.values() if visit.may_read(one)]
    found = sorted((one for one in seen if _matches(visit, one, wanted)), key=partial(_order, visit))
    pages = max(1, -(-len(found) // PER_PAGE))
    page = min(_number(visit.query("page")), pages)
    shown = [watch_of(visit, one) for one in found[(page - 1) * PER_PAGE : page * PER_PAGE]]
    return visit.page(
        "oncall.html",
        groups=_groups(shown),
        wanted=visit.query("q").strip(),
        found=len(found),
        total=len(seen),
        place=(page, pages),
        pager_=Pager(_address(visit, page - 1), _address(visit, page + 1) if page < pages else ""),
        named=(named := _named(visit, wanted))[:NAMED_SHOWN],
        named_more=max(0, len(named) - NAMED_SHOWN),
    )


def watches_of(visit: Visit, most: int) -> tuple[list[Watch], int]:
    """Of the schedules that the reader may see and policies call the first so many, and how many more there are.

    The reader's own come first, then the others by name.
    """
    called = visit.config.policies_of_schedule
    found = [one for one in visit.config.schedules.values() if one.id in called and visit.may_read(one)]
    found.sort(key=lambda one: (not is_mine(visit, one), one.name.casefold()))
    return [watch_of(visit, one) for one in found[:most]], max(0, len(found) - most)


def _matches(visit: Visit, schedule: Schedule, wanted: str) -> bool:
    return any(wanted in name.casefold() for name in (schedule.name, *map(visit.names.team, schedule.team_ids)))


def _order(visit: Visit, schedule: Schedule) -> tuple[bool, bool, str, str]:
    """Own ones first; then by the first team, those of no team last; then by name."""
    if is_mine(visit, schedule):
        return False, False, "", schedule.name.casefold()
    team = min((visit.names.team(one).casefold() for one in schedule.team_ids), default="")
    return True, not schedule.team_ids, team, schedule.name.casefold()


def is_mine(visit: Visit, schedule: Schedule) -> bool:
    """Whether the reader takes turns in it now or later, or stands in for somebody."""
    if visit.is_among(members(schedule, visit.now)):
        return True
    exceptions = visit.config.exceptions_of.get(schedule.id, ())
    return visit.is_among(one.user_id for one in exceptions if one.end > visit.now)


def _groups(shown: Iterable[Watch]) -> list[tuple[str, list[Watch]]]:
    """Yours, then one group for each team, in the order of `shown`."""
    groups: dict[str, list[Watch]] = {}
    for watch in shown:
        teams = watch.teams
        title = _("Yours") if watch.mine else min(teams, key=str.casefold) if teams else _("No team")
        groups.setdefault(title, []).append(watch)
    return list(groups.items())


def _number(typed: str) -> int:
    return max(1, int(typed)) if typed.isascii() and typed.isdigit() and len(typed) < 6 else 1


def _address(visit: Visit, page: int) -> str:
    if page < 1:
        return ""
    return "/on-call?" + urlencode({name: value for name, value in (("q", visit.query("q")), ("page", page)) if value})


def watch_of(visit: Visit, schedule: Schedule) -> Watch:
    """One schedule as it stands."""
    config, now = visit.config, visit.now
    exceptions = config.exceptions_of.get(schedule.id, ())
    following = next_on_call(schedule, exceptions, now)
    holes = gaps(schedule, exceptions, now, now + AHEAD)
    part_time = bool(holes) and is_part_time(schedule, now)
    return Watch(
        schedule=schedule,
        teams=tuple(map(visit.names.team, schedule.team_ids)),
        used_by=tuple(
            (policy.id, policy.name)
            for policy in config.policies_of_schedule.get(schedule.id, ())
            if visit.may_read(policy)
        ),
        now=tuple(_shift(visit, one) for one in shifts_at(schedule, exceptions, now)),
        next=_shift(visit, following) if following else None,
        gaps=() if part_time else holes,
        mine=is_mine(visit, schedule),
        may_cover=visit.may(Verb.COVER, schedule.team_ids),
        part_time=part_time,
    )


def _shift(visit: Visit, shift: Shift) -> Stand:
    return _stand(visit, shift.user_id, shift.start, shift.end, shift.override_id)


def _stand(visit: Visit, user_id: str, start: Moment | None, end: Moment | None, override_id: str) -> Stand:
    reachable = can_be_reached(visit.config, user_id)
    return Stand(user_id, visit.names.person(user_id), start, end, bool(override_id), reachable)


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody whom a policy calls by name: they are on call for as long as it does."""

    user_id: str
    name: str
    reachable: bool
    policy_id: str
    policy: str
    level: int


def _named(visit: Visit, wanted: str) -> list[Named]:
    """People whom policies name directly, by policy and level."""
    found = []
    for policy in sorted(filter(visit.may_read, visit.config.policies.values()), key=lambda one: one.name.casefold()):
        for level, rule in enumerate(policy.rules, 1):
            for target in rule.targets:
                if target.kind is not TargetKind.USER:
                    continue
                name = visit.names.person(target.id)
                if wanted in policy.name.casefold() or wanted in name.casefold():
                    reachable = can_be_reached(visit.config, target.id)
                    found.append(Named(target.id, name, reachable, policy.id, policy.name, level))
    return found
