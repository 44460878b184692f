"""How long people were on call, by the level at which they would have been called.

Decides how much is added up in one request. By schedules and policies as they are now: of earlier ones nothing is kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tocsin.dialects.pagerduty.measures import covered
from tocsin.engine.config import Config
from tocsin.escalation.model import Policy, TargetKind
from tocsin.kernel.time import DAY, SECOND, Moment
from tocsin.oncall import Schedule, render

Spans = list[tuple[Moment, Moment]]

SCHEDULE_DAYS = 20_000
"""So many days of schedules are written out for one answer: two seconds at worst."""


@dataclass(frozen=True, slots=True)
class OnCallTime:
    """Seconds: at any level, at the first, at a later one. Who is on call twice at once is so once."""

    total: int = 0
    first: int = 0
    later: int = 0


def on_call_times(
    config: Config, policies: Collection[Policy], since: Moment, until: Moment
) -> Mapping[str, OnCallTime] | None:
    """By person, in [since, until). None: it is too much to be added up."""
    called = {
        target.id
        for policy in policies
        for rule in policy.rules
        for target in rule.targets
        if target.kind is TargetKind.SCHEDULE
    }
    schedules = [config.schedules[one] for one in called if one in config.schedules]
    if until <= since:
        return {}
    if len(schedules) * ((until - since) // DAY + 1) > SCHEDULE_DAYS:
        return None
    shifts = {one.id: _shifts(config, one, since, until) for one in schedules}
    found: dict[str, tuple[Spans, Spans]] = defaultdict(lambda: ([], []))
    for policy in policies:
        for level, rule in enumerate(policy.rules):
            for target in rule.targets:
                if target.kind is TargetKind.USER:
                    found[target.id][level > 0].append((since, until))
                    continue
                for user_id, spans in shifts.get(target.id, {}).items():
                    found[user_id][level > 0].extend(spans)
    return {
        user_id: OnCallTime(covered([*first, *later]) // SECOND, covered(first) // SECOND, covered(later) // SECOND)
        for user_id, (first, later) in found.items()
    }


def _shifts(config: Config, schedule: Schedule, since: Moment, until: Moment) -> Mapping[str, Spans]:
    found: dict[str, Spans] = defaultdict(list)
    for entry in render(schedule, config.overrides_of.get(schedule.id, ()), since, until).final.entries:
        found[entry.user_id].append((entry.start, entry.end))
    return found
