"""Runs what becomes of requests to be covered: taken, declined, too late, forgotten.

Decides that a shift is handed over only as it was asked about: what the overrides lead to is looked at before they
count, and both sides of a swap count together or not at all.
"""

from __future__ import annotations

from dataclasses import replace

from tocsin.engine.cover import KEPT, asked_of, closed, forgotten, may_take, timer_key, told_for, why_not
from tocsin.engine.handoff_looks import looks
from tocsin.engine.rules_of_schedules import RULES
from tocsin.engine.thing_rules import Draft
from tocsin.engine.world import ThingChange, World
from tocsin.kernel.actor import Actor, ActorKind
from tocsin.kernel.decision import Decision, SetTimer
from tocsin.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from tocsin.kernel.time import Moment
from tocsin.oncall import CoverRequest, Override, RequestState, Schedule, handing_over, hands_over
from tocsin.oncall.messages import AnswerCover, EndCover

_ENDED = {
    RequestState.DECLINED: "Everybody who was asked has said no.",
    RequestState.WITHDRAWN: "It was withdrawn.",
    RequestState.EXPIRED: "It is too late: the shift has begun.",
}


def request_of(world: World, request_id: str) -> CoverRequest:
    """The request. Raises NotFound."""
    found = world.config.cover_requests.get(request_id)
    if found is None:
        raise NotFound("There is no such request (any more).")
    return found


def answer(world: World, actor: Actor, command: AnswerCover, now: Moment) -> Decision:
    """Take it or say no. Saying the same again changes nothing. Raises NotFound, Conflict, Invalid."""
    request = request_of(world, command.request_id)
    who = command.for_id or (actor.id if actor.kind is ActorKind.USER else "")
    if not may_take(world.config, request, who, now):
        if who == actor.id:
            raise NotAllowed("This was not asked of you.", reason="cover_who")
        raise Invalid("Say who takes it: somebody who was asked and is on the schedule.", reason="cover_who")
    if _was_said(request, who, accept=command.accept):
        return Decision(value=request)
    if not request.is_open:
        raise Conflict(_why_over(world, request), reason=f"cover_{request.state}")
    if not command.accept:
        return _declined(world, request, who, now)
    problem = why_not(world.config, request, who, now)
    if problem:
        raise Conflict(problem, reason="cover_changed")
    decision = _handed_over(world, actor, request, who, now)
    decision += closed(world, request, RequestState.ACCEPTED, now, taken_by=who)
    if (actor.kind, actor.id) != (ActorKind.USER, who):
        by = world.config.users[actor.id].name if actor.id in world.config.users else "Somebody"
        decision = replace(decision + told_for(world, request, who, by, now), value=decision.value)
    return decision + looks(world.config, decision, now)


def _was_said(request: CoverRequest, who: str, *, accept: bool) -> bool:
    if accept:
        return request.state is RequestState.ACCEPTED and request.taken_by == who
    return who in request.declined_by


def _why_over(world: World, request: CoverRequest) -> str:
    if request.state is not RequestState.ACCEPTED:
        return _ENDED[request.state]
    taker = world.config.users.get(request.taken_by)
    return f"{taker.name if taker else 'Somebody'} has taken it already."


def _declined(world: World, request: CoverRequest, who: str, now: Moment) -> Decision:
    """One no is an answer to who asked one person; who asked everybody waits for the others."""
    declined_by = (*request.declined_by, who)
    if set(asked_of(world.config, request, now)) <= set(declined_by):
        return closed(world, request, RequestState.DECLINED, now, declined_by=declined_by)
    said = replace(request, declined_by=declined_by, updated_at=max(now, request.updated_at + 1))
    return Decision(state=(ThingChange("cover_request", request.id, request, said),), value=said)


def _handed_over(world: World, actor: Actor, request: CoverRequest, who: str, now: Moment) -> Decision:
    """The overrides that give the time to the taker, and of a swap those that give the other time back.

    Of two schedules each is looked at by itself: on each only these two change places.
    """
    config = world.config
    sides = [(request.schedule_id, (request.user_id, who, max(request.start, now), request.end))]
    if request.is_swap:
        back = (who, request.user_id, request.return_start, request.return_end)
        sides.append((request.back_schedule_id, back))
    made: list[Override] = []
    for schedule_id, side in sides:
        schedule = config.schedules[schedule_id]
        for wanted in handing_over(schedule, config.exceptions_of.get(schedule_id, ()), *side):
            made.append(_checked(world, actor, wanted, len(made), now))
    for schedule_id, side in sides:
        schedule, before = config.schedules[schedule_id], config.exceptions_of.get(schedule_id, ())
        after = (*before, *(one for one in made if one.schedule_id == schedule_id))
        if not hands_over(schedule, before, after, *side):
            raise Conflict(_no_way(schedule), reason="cover_impossible")
    return Decision(state=tuple(ThingChange("override", one.id, None, one) for one in made))


def _checked(world: World, actor: Actor, wanted: Override, place: int, now: Moment) -> Override:
    """The override as the schedule's rules have it. Each is made a microsecond after the one before it."""
    taken = world.config.overrides
    while (override_id := world.ids.short()) in taken:
        pass
    new = replace(wanted, id=override_id, created_at=now + place)
    draft = Draft(world=world, actor=actor, old=None, new=new, now=now)
    problems, _ = RULES["override"](draft)
    if problems:
        raise Conflict(f"The schedule does not take it: {problems[0]}.", reason="cover_impossible")
    override: Override = draft.new
    return override


def _no_way(schedule: Schedule) -> str:
    return f"{schedule.name} can't be changed so that only these two change places. Make an override there instead."


def end(world: World, _actor: Actor, command: EndCover, now: Moment) -> Decision:
    """By timer: nobody answered in time, or it has been over for long enough."""
    request = world.config.cover_requests.get(command.request_id)
    if request is None:
        return Decision()
    due = request.expires_at if request.closed_at is None else request.closed_at + KEPT
    if due > now:
        return Decision(timers=(SetTimer(timer_key(request.id), due, command),))
    if request.is_open:
        return replace(closed(world, request, RequestState.EXPIRED, now), value=None)
    return forgotten([request])
