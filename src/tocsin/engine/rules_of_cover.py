"""Requests to be covered: what makes a new one valid. One that was made is answered or withdrawn, never changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tocsin.engine.config import Config
from tocsin.engine.cover import asked_of, closed, may_serve, opened, why_not
from tocsin.engine.thing_rules import Draft, Verdict
from tocsin.engine.world import World
from tocsin.kernel.actor import ActorKind
from tocsin.kernel.decision import NOTHING, Decision
from tocsin.kernel.errors import Conflict
from tocsin.kernel.limits import COVER_REQUESTS
from tocsin.kernel.time import Moment
from tocsin.oncall import CoverRequest, RequestState, cover_problems, serves_whole


def _ask(draft: Draft) -> Verdict:
    """Only what is asked counts; what became of it nobody writes by hand."""
    if draft.old is not None:
        raise Conflict("A request is answered or withdrawn, not changed. Withdraw it and ask anew.", reason="asked")
    given: CoverRequest = draft.new
    draft.new = request = CoverRequest(
        id=given.id,
        schedule_id=given.schedule_id,
        user_id=given.user_id,
        start=max(given.start, draft.now),
        end=given.end,
        to_id=given.to_id,
        return_start=given.return_start,
        return_end=given.return_end,
        return_schedule_id="" if given.return_schedule_id == given.schedule_id else given.return_schedule_id,
        message=given.message.strip(),
        created_by=draft.actor.id if draft.actor.kind is ActorKind.USER else "",
        created_at=draft.now,
        updated_at=draft.now,
    )
    found = list(cover_problems(request, draft.now)) or list(_misfits(draft.world.config, request, draft.now))
    return found, NOTHING if found else opened(draft.world, request, draft.now)


def _misfits(config: Config, request: CoverRequest, now: Moment) -> Iterator[str]:
    schedule = config.schedules.get(request.schedule_id)
    if schedule is None or request.user_id not in config.users:
        yield "Schedule not found" if schedule is None else "User not found"
        return
    if request.to_id and not may_serve(config, schedule, request.to_id, now):
        yield "Who is asked must be on the schedule, or may override it"
    elif request.is_swap and not _fit_for_return(config, request, now):
        yield "Who asks must be on the schedule of the time in return, or may override it"
    elif request.to_id:
        if problem := why_not(config, request, request.to_id, now):
            yield problem.removesuffix(".")
    elif not asked_of(config, request, now):
        yield "There is nobody else on this schedule to ask"
    elif not serves_whole(
        schedule, config.exceptions_of.get(schedule.id, ()), request.user_id, request.start, request.end
    ):
        yield "Nobody can be asked for a time at which the person is not on call"
    waiting = [one for one in config.cover_requests.values() if one.is_open and one.user_id == request.user_id]
    if any(one.overlaps(request) for one in waiting):
        yield "This time was asked about already. Withdraw that request first"
    if len(waiting) >= COVER_REQUESTS:
        yield f"{COVER_REQUESTS} requests of the person wait for an answer already"


def _fit_for_return(config: Config, request: CoverRequest, now: Moment) -> bool:
    """Whether whoever asks may serve in return. Said without the schedule's name: it may be another team's."""
    schedule = config.schedules.get(request.back_schedule_id)
    return schedule is not None and may_serve(config, schedule, request.user_id, now)


def _withdraw(world: World, request: CoverRequest, now: Moment) -> Decision:
    """It stays on record for a while, as one that was withdrawn."""
    if not request.is_open:
        raise Conflict("It was answered already.", reason=f"cover_{request.state}")
    return closed(world, request, RequestState.WITHDRAWN, now)


RULES: Mapping[str, Callable[[Draft], Verdict]] = {"cover_request": _ask}
"""The rule of the kind."""

REMOVAL: Mapping[str, Callable[[World, Any, Moment], Decision]] = {"cover_request": _withdraw}
"""What removing one means."""
