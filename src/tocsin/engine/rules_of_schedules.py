"""Schedules, overrides and custom shifts: what makes them valid, and what their removal means.

Decides which changes of a schedule take others along: the overrides of a rotation that goes. What has been stays on
record, whatever is changed or removed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tocsin.engine.config import Config
from tocsin.engine.cover import forgotten
from tocsin.engine.thing_removal import feeds_about, gone
from tocsin.engine.thing_rules import Draft, Verdict, teams_exist
from tocsin.engine.world import ThingChange, World
from tocsin.kernel.decision import NOTHING, Decision
from tocsin.kernel.errors import Conflict, InUse, Invalid
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import phrase
from tocsin.oncall import AHEAD as COMPARED
from tocsin.oncall import (
    CustomShift,
    Gap,
    Override,
    Schedule,
    add_override,
    apply_edit,
    custom_shift_problems,
    new_schedule,
    opened_gaps,
    override_problems,
    problems,
    remove_override,
    rotation_problems,
    schedule_problems,
    shift_override_problems,
)

AHEAD = 1000
"""Custom shifts, and overrides, of one shift-based schedule that are not over: each costs whoever asks about it."""

GAPS_NAMED = 20
"""Gaps that one change opens and that are named on record; the others are counted."""

Gaps = Sequence[Gap]


def _schedule(draft: Draft) -> Verdict:
    old: Schedule | None = draft.old
    schedule: Schedule = draft.new
    users = draft.world.config.users.keys()
    if old is not None and old.shift_based is not schedule.shift_based:
        return ["A schedule stays layered or shift-based as it was made."], NOTHING
    found = list(schedule_problems(schedule) if schedule.shift_based else problems(schedule, users))
    found += teams_exist(draft)
    if found:
        return found, NOTHING
    try:
        ids = draft.world.ids
        draft.new = apply_edit(old, schedule, draft.now, ids) if old else new_schedule(schedule, draft.now, ids)
    except Invalid as refused:
        return [refused.message], NOTHING
    known = {one.id: one for one in old.rotations} if old is not None else {}
    for rotation in draft.new.rotations:
        if rotation != known.get(rotation.id):
            found += [text for _, text in rotation_problems(known.get(rotation.id), rotation, users, draft.now)]
    if found or old is None:
        return found, NOTHING
    left = {one.id for one in draft.new.rotations if not one.removed}
    ended = {one.id for one in old.rotations if not one.removed} - left
    draft.detail = _opened(draft.world, old, draft.new, draft.now)
    return [], _overrides_end(draft.world, schedule.id, ended, draft.now)


def _opened(world: World, old: Schedule, new: Schedule, now: Moment) -> Mapping[str, Any] | None:
    """The stretches ahead in which somebody was on call and now nobody is: on record, whoever makes the change."""
    exceptions = world.config.exceptions_of.get(new.id, ())
    return _named(opened_gaps((old, exceptions), (new, exceptions), now))


def _named(found: Sequence[Gap]) -> Mapping[str, Any] | None:
    if not found:
        return None
    return {"opened_gaps": [[one.start, one.end] for one in found[:GAPS_NAMED]], "gaps": len(found)}


def gaps_without(config: Config, old: Override | CustomShift, new: Override | CustomShift | None, now: Moment) -> Gaps:
    """The stretches in which somebody is on call by `old`, and nobody when `new` stands in its place (None: nothing).

    Looked for within the time of `old`, of its first twelve weeks from now on.
    """
    schedule = config.schedules.get(old.schedule_id)
    since = max(now, old.start)
    if schedule is None or old.end <= since:
        return ()
    before = config.exceptions_of.get(schedule.id, ())
    others = [one for one in before if (type(one), one.id) != (type(old), old.id)]
    after = others if new is None else [*others, new]
    if new is None and isinstance(old, CustomShift):
        after = [one for one in after if not (isinstance(one, Override) and one.custom_shift_id == old.id)]
    return opened_gaps((schedule, before), (schedule, after), since, min(COMPARED, old.end - since))


def _overrides_end(world: World, schedule_id: str, sources: Iterable[str], now: Moment) -> Decision:
    """The overrides of rotations or custom shifts that end now end with them."""
    ended = set(sources)
    covers = world.config.overrides_of.get(schedule_id, ()) if ended else ()
    changes = [
        ThingChange("override", one.id, one, remove_override(one, now))
        for one in covers
        if one.source_id in ended and one.end > now
    ]
    return Decision(state=tuple(changes))


def _override(draft: Draft) -> Verdict:
    override: Override = draft.new
    config = draft.world.config
    schedule = config.schedules.get(override.schedule_id)
    if schedule is not None and schedule.shift_based:
        return _shift_override(draft, schedule)
    found = override_problems(override, config.users.keys(), draft.now)
    if schedule is None:
        found.append(phrase("Schedule not found"))
    if override.source_id or override.overridden_id:
        found.append(phrase("Only overrides of shift-based schedules speak of a rotation or a custom shift"))
    if not found:
        draft.new = replace(add_override(override, draft.now), created_by=draft.actor.id)
    return found, NOTHING


def _shift_override(draft: Draft, schedule: Schedule) -> Verdict:
    """One that goes on already keeps what was served: with another person it is two, of which the first ends now."""
    old: Override | None = draft.old
    new: Override = draft.new
    now, config = draft.now, draft.world.config
    if old is not None and old != new and old.end <= now:
        raise Conflict(phrase("The override is over and can't be changed."), reason="past")
    others = config.overrides_of.get(schedule.id, ())
    shift = config.custom_shifts.get(new.custom_shift_id)
    found = [text for _, text in shift_override_problems(new, schedule, shift, others, now)]
    if new.user_id and new.user_id not in config.users:
        found.append(phrase("User not found"))
    if old is not None and old.start < now and new.start != old.start:
        found.append(phrase("Start can't be changed after the override has started"))
    if old is None and sum(1 for one in others if one.end > now) >= AHEAD:
        found.append(phrase("The schedule has %(ahead)s overrides that are not over", ahead=AHEAD))
    if found:
        return found, NOTHING
    if old is None:
        draft.new = replace(add_override(new, now), created_by=draft.actor.id)
        return [], NOTHING
    draft.detail = _named(gaps_without(config, old, new, now))
    if old.start >= now or old.user_id == new.user_id:
        draft.new = new if old.start < now else add_override(new, now)
        return [], NOTHING
    served = replace(old, id=_free_id(draft, "override"), end=now)
    draft.new = replace(new, start=now)
    return [], Decision(state=(ThingChange("override", served.id, None, served),))


def _free_id(draft: Draft, kind: str) -> str:
    while (candidate := draft.world.ids.short()) in draft.world.config.of(kind):
        pass
    return candidate


def _custom_shift(draft: Draft) -> Verdict:
    old: CustomShift | None = draft.old
    shift: CustomShift = draft.new
    config = draft.world.config
    schedule = config.schedules.get(shift.schedule_id)
    found = [text for _, text in custom_shift_problems(old, shift, config.users.keys(), draft.now)]
    if schedule is None:
        found.append(phrase("Schedule not found"))
    elif not schedule.shift_based:
        found.append(phrase("Only shift-based schedules have custom shifts"))
    if old is None and len(list(_ahead(config.exceptions_of.get(shift.schedule_id, ()), draft.now))) >= AHEAD:
        found.append(phrase("The schedule has %(ahead)s custom shifts that are not over", ahead=AHEAD))
    if found:
        return found, NOTHING
    if old is not None:
        draft.detail = _named(gaps_without(config, old, shift, draft.now))
    if old is None:
        draft.new = replace(add_override(shift, draft.now), created_by=draft.actor.id)
    elif old.start >= draft.now:
        draft.new = add_override(shift, draft.now)
    return [], NOTHING


def _ahead(exceptions: Iterable[Override | CustomShift], now: Moment) -> Iterator[CustomShift]:
    return (one for one in exceptions if isinstance(one, CustomShift) and one.end > now)


def _remove_schedule(world: World, schedule: Schedule, _now: Moment) -> Decision:
    used_by = world.config.policies_of_schedule.get(schedule.id, ())
    if used_by:
        raise InUse(
            phrase("Schedule can't be deleted if it's being used by escalation policies"), reason="schedule_in_use"
        )
    if _open_work_calls(world, schedule):
        text = phrase(
            "Schedule can't be deleted if it's being used by an escalation policy snapshot with open incidents"
        )
        raise InUse(text, reason="schedule_in_snapshot")
    config = world.config
    asked = [one for one in config.cover_requests.values() if schedule.id in one.schedule_ids]
    return forgotten(asked) + gone(
        [*config.exceptions_of.get(schedule.id, ()), *feeds_about(config, schedule.id), schedule]
    )


def _open_work_calls(world: World, schedule: Schedule) -> bool:
    """Whether an open incident runs through a policy as it was when that still called the schedule."""
    state = world.state
    for policy_id in state.open_policy_ids():
        calling = {one.id for one in state.snapshots_of(policy_id) if one.policy.calls(schedule.id)}
        if calling and any(one.policy_snapshot in calling for one in state.open_incidents_on_policy(policy_id)):
            return True
    return False


def _remove_override(world: World, override: Override, now: Moment) -> Decision:
    left = remove_override(override, now)
    opened = _named(gaps_without(world.config, override, None, now))
    return Decision(state=(ThingChange("override", override.id, override, left, opened),))


def _remove_custom_shift(world: World, shift: CustomShift, now: Moment) -> Decision:
    left = remove_override(shift, now)
    opened = _named(gaps_without(world.config, shift, None, now))
    ended = _overrides_end(world, shift.schedule_id, (shift.id,), now)
    return Decision(state=(ThingChange("custom_shift", shift.id, shift, left, opened),)) + ended


RULES: Mapping[str, Callable[[Draft], Verdict]] = {
    "schedule": _schedule,
    "override": _override,
    "custom_shift": _custom_shift,
}
"""The rule of each kind."""

REMOVAL: Mapping[str, Callable[[World, Any, Moment], Decision]] = {
    "schedule": _remove_schedule,
    "override": _remove_override,
    "custom_shift": _remove_custom_shift,
}
"""What removing each kind means."""
