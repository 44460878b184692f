"""A policy's levels as people read them: whom each names, who that is right now, and whether they can be reached.

Looks by the same functions that the engine uses; decides wording and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from tocsin.engine.config import Config
from tocsin.engine.people import on_call, people_at
from tocsin.engine.reach import lack_of, touches
from tocsin.escalation.model import Policy, Rule, Target, TargetKind
from tocsin.kernel.time import Moment
from tocsin.web.channels import touch_words
from tocsin.web.findings import LACKS
from tocsin.web.language import gettext as _
from tocsin.web.names import isolated
from tocsin.web.visit import Visit


@dataclass(frozen=True, slots=True)
class Called:
    """Somebody who is called right now. `by`: how they are reached; `lack`: why nothing reaches them ("" = fine)."""

    user_id: str
    name: str
    by: str
    lack: str


@dataclass(frozen=True, slots=True)
class Source:
    """What a level names: a person or a schedule. `path` "" = not for this reader; `wrong`: why it calls nobody."""

    target: Target
    name: str
    path: str
    people: tuple[Called, ...]
    wrong: str

    @property
    def is_schedule(self) -> bool:
        """Whether it is a schedule."""
        return self.target.kind is TargetKind.SCHEDULE


@dataclass(frozen=True, slots=True)
class Level:
    """One level. `after`: minutes from the alarm until it is called, in the first pass; `waits`: until the next is.

    `skipped`: nobody of it can be called right now, so the next level is called at once.
    """

    number: int
    rule: Rule
    after: int
    waits: int
    sources: tuple[Source, ...]
    skipped: bool

    @property
    def reaches(self) -> bool:
        """Whether something that is set up would reach somebody right now."""
        return any(one.name and not one.lack for source in self.sources for one in source.people)


def levels_of(visit: Visit, policy: Policy, at: Moment | None = None) -> list[Level]:
    """The levels in order, with who is called at that moment (None = now)."""
    moment = visit.now if at is None else at
    may_call = people_at(visit.config, moment)
    found, after = [], 0
    for number, rule in enumerate(policy.rules, 1):
        sources = tuple(source_of(visit, target, moment) for target in rule.targets)
        skipped = not may_call(rule).user_ids
        found.append(Level(number, rule, after, rule.delay_minutes, sources, skipped))
        after += 0 if skipped else rule.delay_minutes
    return found


def source_of(visit: Visit, target: Target, at: Moment) -> Source:
    """What a level names, as this reader may see it."""
    config, ways = visit.config, visit.site.ways_to_send()
    if target.kind is TargetKind.USER:
        called = called_by(visit, target.id, ways)
        user = config.users.get(target.id)
        path = f"/people/{target.id}" if user is not None and visit.may_read(user) else ""
        return Source(target, called.name, path, (called,), called.lack)
    schedule = config.schedules.get(target.id)
    if schedule is None:
        return Source(target, _("a removed schedule"), "", (), _("was removed"))
    people = tuple(called_by(visit, user_id, ways) for user_id in on_call(config, target.id, at))
    seen = visit.may_read(schedule)
    name = isolated(schedule.name) if seen else _("a schedule of another team")
    wrong = "" if people else _("has nobody on call")
    return Source(target, name, f"/schedules/{target.id}" if seen else "", people, wrong)


def called_by(visit: Visit, user_id: str, ways: Collection[str]) -> Called:
    """A person with how they are reached."""
    config = visit.config
    lack = lack_of(config, user_id, ways)
    by = touch_words(touches(config, user_id, ways)) if lack is None else ""
    return Called(user_id, visit.names.person(user_id), by, _(LACKS[lack]) if lack is not None else "")


def ahead_of(config: Config, policy: Policy, at: Moment) -> dict[str, int]:
    """Who is called in the first pass as things stand at that moment, and after how many minutes at the earliest.

    Of a level whose targets take turns everybody whose turn it may be; a level without anybody to call is skipped.
    """
    may_call = people_at(config, at)
    found: dict[str, int] = {}
    after = 0
    for rule in policy.rules:
        people = may_call(rule).user_ids
        for user_id in people:
            found.setdefault(user_id, after)
        after += rule.delay_minutes if people else 0
    return found
