"""What a change of a policy means, in people and in time, before it is saved. Decides wording only.

Compares what is called now: schedules are asked who is on call at this moment, and who takes turns at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tocsin.engine.config import Config
from tocsin.escalation.model import Policy, Rule, TargetKind
from tocsin.incidents.model import Status
from tocsin.kernel.time import MINUTE, Moment
from tocsin.kernel.wording import listed, span_words
from tocsin.oncall import members
from tocsin.runtime.reads import IncidentFilter
from tocsin.web.language import gettext as _
from tocsin.web.language import ngettext
from tocsin.web.policies.form import HANDOFFS
from tocsin.web.policies.levels import ahead_of, levels_of
from tocsin.web.visit import Visit

_OPEN = (Status.TRIGGERED, Status.ACKNOWLEDGED)


@dataclass(frozen=True, slots=True)
class Turn:
    """When a person is called in the first pass, as things stand: minutes after the alarm, None = not called."""

    user_id: str
    name: str
    was: int | None
    now: int | None


@dataclass(frozen=True, slots=True)
class Review:
    """What would change: the policy itself, who is called when, for whom it counts; and what would be wrong with it."""

    changes: tuple[str, ...]
    people: tuple[str, ...]
    turns: tuple[Turn, ...]
    reach: tuple[str, ...]
    warnings: tuple[str, ...]


def review_of(visit: Visit, old: Policy | None, new: Policy) -> Review:
    """The change from `old` (None = it is made) to `new`."""
    return Review(
        changes=tuple(_changes(visit, old, new)) if old is not None else (),
        people=tuple(_people(visit, old, new)),
        turns=tuple(_turns(visit, old, new)),
        reach=tuple(_reach(visit, old)) if old is not None else (),
        warnings=tuple(_warnings(visit, new)),
    )


def _changes(visit: Visit, old: Policy, new: Policy) -> Iterator[str]:
    if old.name != new.name:
        yield _("It is called %(name)s instead of %(old)s.", name=new.name, old=old.name)
    if (old.description or "") != (new.description or ""):
        yield _("The description is another one.")
    if set(old.team_ids) != set(new.team_ids):
        none = _("no team")
        was, now = (listed(map(visit.names.team, one.team_ids)) if one.team_ids else none for one in (old, new))
        yield _("It belongs to %(now)s instead of %(was)s.", now=now, was=was)
    yield from _levels(visit, old, new)
    if old.passes != new.passes:
        yield ngettext(
            "It is gone through %(num)s time instead of %(was)s.",
            "It is gone through %(num)s times instead of %(was)s.",
            new.passes,
            was=old.passes,
        )
    lasts = [sum(rule.delay_minutes for rule in one.rules) * one.passes for one in (old, new)]
    if lasts[0] != lasts[1]:
        yield _(
            "The end is reached after %(now)s instead of %(was)s.",
            now=span_words(lasts[1] * MINUTE),
            was=span_words(lasts[0] * MINUTE),
        )
    if old.handoff_notifications != new.handoff_notifications:
        yield _("Hand-offs are told because of it: %(when)s.", when=_(HANDOFFS[new.handoff_notifications]))


def _levels(visit: Visit, old: Policy, new: Policy) -> Iterator[str]:
    """Each level that is new, gone, or called at another time or otherwise."""
    before = {rule.id: (number, after, rule) for number, after, rule in _timed(old)}
    for number, after, rule in _timed(new):
        if rule.id not in before:
            yield _(
                "Level %(level)s is new: %(who)s, called after %(after)s min.",
                level=number,
                who=_named(visit, rule),
                after=after,
            )
            continue
        was_number, was_after, was = before.pop(rule.id)
        if was_number != number:
            yield _("Level %(was)s becomes level %(now)s.", was=was_number, now=number)
        if after < was_after:
            yield _("Level %(level)s is called %(min)s min earlier.", level=number, min=was_after - after)
        elif after > was_after:
            yield _("Level %(level)s is called %(min)s min later.", level=number, min=after - was_after)
        if was.targets != rule.targets:
            yield _(
                "Level %(level)s calls %(now)s instead of %(was)s.",
                level=number,
                now=_named(visit, rule),
                was=_named(visit, was),
            )
        if was.in_turn and not rule.in_turn:
            yield _("At level %(level)s all are called, no longer one in turn.", level=number)
        elif rule.in_turn and not was.in_turn:
            yield _("At level %(level)s one is called, in turn, no longer all.", level=number)
    for was_number, _after, was in before.values():
        yield _("Level %(level)s is gone: %(who)s.", level=was_number, who=_named(visit, was))


def _timed(policy: Policy) -> Iterator[tuple[int, int, Rule]]:
    after = 0
    for number, rule in enumerate(policy.rules, 1):
        yield number, after, rule
        after += rule.delay_minutes


def _named(visit: Visit, rule: Rule) -> str:
    one = Policy(id="", name="", rules=(rule,))
    return listed(source.name for source in levels_of(visit, one)[0].sources)


def _people(visit: Visit, old: Policy | None, new: Policy) -> Iterator[str]:
    """Who may be called from now on and who no longer, whenever they are on call."""
    before = _ever(visit.config, old, visit.now) if old is not None else {}
    after = _ever(visit.config, new, visit.now)
    names = visit.names
    if gone := [names.person(one) for one in before if one not in after]:
        yield ngettext(
            "%(names)s is no longer called.", "%(names)s are no longer called.", len(gone), names=listed(gone)
        )
    if come := [names.person(one) for one in after if one not in before]:
        yield ngettext(
            "%(names)s is called from now on.", "%(names)s are called from now on.", len(come), names=listed(come)
        )


def _ever(config: Config, policy: Policy, now: Moment) -> dict[str, None]:
    """Everybody whom it names or who takes turns in a schedule that it names."""
    found: dict[str, None] = {}
    for rule in policy.rules:
        for target in rule.targets:
            schedule = config.schedules.get(target.id)
            if target.kind is TargetKind.USER:
                found[target.id] = None
            elif schedule is not None:
                found |= dict.fromkeys(members(schedule, now))
    return found


def _turns(visit: Visit, old: Policy | None, new: Policy) -> list[Turn]:
    """The first pass of an alarm right now, person by person, soonest first."""
    was = ahead_of(visit.config, old, visit.now) if old is not None else {}
    now = ahead_of(visit.config, new, visit.now)
    found = [Turn(one, visit.names.person(one), was.get(one), now.get(one)) for one in dict.fromkeys((*now, *was))]
    return sorted(found, key=lambda turn: (turn.now is None, turn.now or 0, turn.was or 0))


def _reach(visit: Visit, old: Policy) -> Iterator[str]:
    """For what it counts: services, and open incidents that keep the levels that they began with."""
    services = visit.config.services_of_policy.get(old.id, ())
    if not services:
        yield _("No service uses it yet.")
        return
    shown = [one.name for one in services if visit.may_read(one)][:5]
    yield ngettext("%(num)s service uses it: %(names)s.", "%(num)s services use it: %(names)s.", len(services),
                   names=_and_more(shown, len(services) - len(shown)))  # fmt: skip
    wanted = IncidentFilter(service_ids=tuple(one.id for one in services), statuses=_OPEN, sight=visit.sight)
    held = visit.site.reads.incidents(wanted, limit=1, want_total=True).total or 0
    if held:
        yield ngettext(
            "%(num)s open incident keeps the levels that it began with, until it is opened again or sent on.",
            "%(num)s open incidents keep the levels that they began with, until they are opened again or sent on.",
            held,
        )


def _and_more(names: list[str], more: int) -> str:
    return _("%(names)s and %(number)s more", names=", ".join(names), number=more) if more else listed(names)


def _warnings(visit: Visit, new: Policy) -> Iterator[str]:
    """Levels that would reach nobody, as things stand."""
    for level in levels_of(visit, new):
        for source in level.sources:
            for text in (source.wrong, *(one.lack for one in source.people if source.is_schedule)):
                if text:
                    yield _("Level %(level)s: %(name)s %(why)s.", level=level.number, name=source.name, why=text)
        if not level.reaches:
            yield _("Level %(level)s would reach nobody right now.", level=level.number)
