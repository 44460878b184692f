"""What a calendar feed shows: which schedules, whose shifts, from when to when.

Decides that a feed shows nothing that its owner may not see, and ends with what it is about. Never writes a calendar.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tocsin.directory.feeds import CalendarFeed, FeedSubject
from tocsin.directory.permissions import Standing, Verb, may
from tocsin.engine.config import Config
from tocsin.engine.handoff_looks import named_in
from tocsin.engine.reading import may_read
from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.kernel.time import Moment
from tocsin.oncall import Schedule, horizon_of, render


@dataclass(frozen=True, slots=True)
class FeedShift:
    """One uninterrupted time on call. None: no edge in sight.

    `mark` names the shift for as long as its person, schedule and start stay; whatever becomes of others.
    """

    schedule: Schedule
    user_id: str
    start: Moment | None
    end: Moment | None
    override: bool

    @property
    def mark(self) -> str:
        """What stays the same between two looks."""
        return f"{self.schedule.id}:{self.user_id}:{'' if self.start is None else self.start}"


def schedules_of(config: Config, feed: CalendarFeed) -> list[Schedule] | None:
    """The schedules that a feed shows, by name; None when it shows nothing any more: owner or subject have gone."""
    standing = config.standing(Actor(ActorKind.USER, feed.user_id, Via.API))
    if standing is None:
        return None
    found = _schedules(config, standing, feed)
    return None if found is None else sorted(found, key=lambda one: (one.name.casefold(), one.id))


def _schedules(config: Config, standing: Standing, feed: CalendarFeed) -> list[Schedule] | None:
    if feed.subject is FeedSubject.PERSON:
        return served_by(config, feed.user_id) if feed.subject_id == feed.user_id else None
    if feed.subject is FeedSubject.SCHEDULE:
        schedule = config.schedules.get(feed.subject_id)
        return [schedule] if schedule is not None and may_read(config, standing, schedule) else None
    team_id = feed.subject_id
    if team_id not in config.teams or not (team_id in standing.teams or may(standing, Verb.ADMINISTER, (team_id,))):
        return None
    return [one for one in config.schedules.values() if team_id in one.team_ids and may_read(config, standing, one)]


def served_by(config: Config, user_id: str) -> list[Schedule]:
    """The schedules that name a person anywhere."""
    return [
        one
        for one in config.schedules.values()
        if user_id in named_in(one) or any(each.user_id == user_id for each in config.exceptions_of.get(one.id, ()))
    ]


def shifts_in(
    config: Config, feed: CalendarFeed, schedules: Sequence[Schedule], since: Moment, until: Moment
) -> list[FeedShift]:
    """The shifts of these schedules that touch [since, until), at their whole length, in the order of their starts."""
    only = feed.user_id if feed.subject is FeedSubject.PERSON else ""
    found = [shift for one in schedules for shift in _shifts(config, one, since, until, only)]
    return sorted(found, key=lambda one: (one.start or 0, one.schedule.id, one.user_id))


def _shifts(config: Config, schedule: Schedule, since: Moment, until: Moment, only: str) -> Iterator[FeedShift]:
    exceptions = config.exceptions_of.get(schedule.id, ())
    sight = horizon_of(schedule)
    for one in render(schedule, exceptions, since, until, overflow=True).final.entries:
        if not only or one.user_id == only:
            yield FeedShift(
                schedule,
                one.user_id,
                one.start if one.start > since - sight else None,
                one.end if one.end < until + sight else None,
                bool(one.override_id),
            )
