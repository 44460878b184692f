"""/oncalls: who is on call, for which policy and level, from when to when. One answer with the engine's (`oncall`).

Decides how far one may look: 90 days ahead. People who are not active are on call for nothing, as in paging.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call
from tocsin.dialects.pagerduty.errors import invalid
from tocsin.dialects.pagerduty.read.times import moment_in, zone_of
from tocsin.dialects.pagerduty.write import people, policies, schedules
from tocsin.dialects.pagerduty.write.refs import Refs, zoned
from tocsin.escalation.model import Policy, Target, TargetKind
from tocsin.kernel.time import DAY, Moment
from tocsin.oncall import Entry, Schedule, horizon_of, render, shifts_at

AHEAD = 90 * DAY

NOBODYS = frozenset({"null", ""})
"""One of these among the ids of schedules asks for people who are named directly."""


@dataclass(frozen=True, slots=True)
class OnCall:
    """One person on call for one level of a policy. None of `start` or `end`: no such edge that anybody waits for."""

    policy: Policy
    level: int
    user_id: str
    schedule: Schedule | None
    start: Moment | None
    end: Moment | None


def listed(call: Call) -> Response:
    """GET /oncalls."""
    since, until = _window(call)
    found = list(_found(call, since, until))
    if call.flag("earliest"):
        first: dict[tuple[str, int, str], OnCall] = {}
        for one in sorted(found, key=lambda one: one.start or 0):
            first.setdefault((one.policy.id, one.level, one.user_id), one)
        found = list(first.values())
    found.sort(key=lambda one: (one.policy.name.casefold(), one.policy.id, one.level, one.start or 0, one.user_id))
    zone = zone_of(call.query)
    refs = Refs(call.config, call.links)
    shown = schedules.Shown(call.now, zone)

    def wire(one: OnCall) -> dict[str, Any]:
        schedule = None
        if one.schedule is not None:
            full = "schedules" in call.included
            schedule = schedules.schedule(one.schedule, refs, shown) if full else refs.schedule(one.schedule.id)
        return {
            "escalation_policy": policies.policy(one.policy, refs)
            if "escalation_policies" in call.included
            else refs.policy(one.policy.id),
            "escalation_level": one.level,
            "schedule": schedule,
            "user": people.user(call.config.users[one.user_id], refs)
            if "users" in call.included
            else refs.user(one.user_id),
            "start": zoned(one.start, zone),
            "end": zoned(one.end, zone),
        }

    return call.listed("oncalls", found, wire)


def _window(call: Call) -> tuple[Moment, Moment]:
    since = moment_in(call.query, "since", code=2005)
    until = moment_in(call.query, "until", code=2005)
    since = call.now if since is None else since
    until = max(since, call.now) if until is None else until
    problems = []
    if until < since:
        problems.append("Until must not be before since")
    if until > call.now + AHEAD or until - since > AHEAD:
        problems.append(f"The date range must not reach further than {AHEAD // DAY} days")
    if problems:
        raise invalid(problems, 2005, "Invalid Query Date Range")
    return since, until


def _found(call: Call, since: Moment, until: Moment) -> Iterator[OnCall]:
    users = frozenset(call.many("user_ids"))
    wanted_schedules = frozenset(call.many("schedule_ids"))
    known: dict[str, list[Entry]] = {}
    for policy in call.readable(_policies(call, wanted_schedules)):
        for level, rule in enumerate(policy.rules, 1):
            for target in rule.targets:
                if wanted_schedules and not _is_wanted(target, wanted_schedules):
                    continue
                for one in _of_target(call, policy, level, target, known, (since, until)):
                    person = call.config.users.get(one.user_id)
                    if person is not None and person.active and (not users or one.user_id in users):
                        yield one


def _policies(call: Call, schedule_ids: frozenset[str]) -> Iterable[Policy]:
    """The policies that can be on the list: those that are named, or call the schedules that are."""
    config, named = call.config, frozenset(call.many("escalation_policy_ids"))
    if named:
        return [config.policies[one] for one in named if one in config.policies]
    if not schedule_ids or schedule_ids & NOBODYS:
        return config.policies.values()
    found = {one.id: one for each in schedule_ids for one in config.policies_of_schedule.get(each, ())}
    return found.values()


def _is_wanted(target: Target, schedule_ids: frozenset[str]) -> bool:
    if target.kind is TargetKind.USER:
        return bool(schedule_ids & NOBODYS)
    return target.id in schedule_ids


def _of_target(
    call: Call,
    policy: Policy,
    level: int,
    target: Target,
    known: dict[str, list[Entry]],
    window: tuple[Moment, Moment],
) -> Iterator[OnCall]:
    if target.kind is TargetKind.USER:
        yield OnCall(policy, level, target.id, None, None, None)
        return
    schedule = call.config.schedules.get(target.id)
    if schedule is None:
        return
    if schedule.id not in known:
        known[schedule.id] = _shifts(call, schedule, *window)
    since, until = window
    horizon = horizon_of(schedule)
    for entry in known[schedule.id]:
        start = entry.start if entry.start > since - horizon else None
        end = entry.end if entry.end < until + horizon else None
        yield OnCall(policy, level, entry.user_id, schedule, start, end)


def _shifts(call: Call, schedule: Schedule, since: Moment, until: Moment) -> list[Entry]:
    """Everybody's whole time on call that touches the window; edges beyond the horizon lie exactly on it."""
    exceptions = call.config.exceptions_of.get(schedule.id, ())
    if since == until:
        horizon = horizon_of(schedule)
        return [
            Entry(
                since - horizon if shift.start is None else shift.start,
                until + horizon if shift.end is None else shift.end,
                shift.user_id,
            )
            for shift in shifts_at(schedule, exceptions, since)
        ]
    return list(render(schedule, exceptions, since, until, overflow=True).final.entries)
