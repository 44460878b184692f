"""Requests to be covered: somebody asks others to serve a part of their shift, or to swap it for a shift of theirs.

Decides what a request is, when it is too late for an answer, whether a shift is still as it was asked about, and which
overrides hand it over. Never decides who may ask or answer, and never tells anybody.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from tocsin.kernel.limits import DESCRIPTION_CHARS
from tocsin.kernel.time import DAY, HOUR, Moment, Span
from tocsin.oncall.final import final_entries
from tocsin.oncall.model import Exceptions, Override, Schedule
from tocsin.oncall.shift_based import assignments

LONGEST: Span = 31 * DAY
"""Who is away for longer than a month wants another rotation."""

SHORTEST: Span = HOUR // 4
"""Less is not worth handing over."""


class RequestState(StrEnum):
    """What became of a request."""

    OPEN = "open"  # somebody may still answer
    ACCEPTED = "accepted"  # the shift was handed over
    DECLINED = "declined"  # everybody who was asked said no
    WITHDRAWN = "withdrawn"  # who asked took it back
    EXPIRED = "expired"  # nobody answered before the shift began


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverRequest:
    """`user_id`, on call in [start, end) of a schedule, asks `to_id` ("" = everybody on it) to serve that instead.

    With `return_start` and `return_end` it is a swap: `user_id` then serves that time of `to_id`, on the same schedule
    or on that of `return_schedule_id`. `taken_by` is who took it; `declined_by` who said no.
    """

    id: str
    schedule_id: str
    user_id: str
    start: Moment
    end: Moment
    to_id: str = ""
    return_start: Moment = 0
    return_end: Moment = 0
    return_schedule_id: str = ""
    message: str = ""
    state: RequestState = RequestState.OPEN
    taken_by: str = ""
    declined_by: tuple[str, ...] = ()
    closed_at: Moment | None = None
    created_by: str = ""
    created_at: Moment = 0
    updated_at: Moment = 0

    @property
    def is_open(self) -> bool:
        """Whether it waits for an answer."""
        return self.state is RequestState.OPEN

    @property
    def is_swap(self) -> bool:
        """Whether it offers something in return."""
        return self.return_end > 0

    @property
    def back_schedule_id(self) -> str:
        """The schedule of the time in return."""
        return self.return_schedule_id or self.schedule_id

    @property
    def schedule_ids(self) -> tuple[str, ...]:
        """The schedules that a yes changes, each once."""
        return (
            (self.schedule_id,)
            if self.back_schedule_id == self.schedule_id
            else (
                self.schedule_id,
                self.back_schedule_id,
            )
        )

    @property
    def expires_at(self) -> Moment:
        """From when on it is too late: a shift that runs already may be taken until its end, any other until it begins.

        Of a swap the shift that begins first counts.
        """
        if self.is_swap:
            return min(self.start, self.return_start)
        return self.start if self.start > self.created_at else self.end

    def overlaps(self, other: CoverRequest) -> bool:
        """Whether both speak of the same time of the same person on the same schedule."""
        same = (self.schedule_id, self.user_id) == (other.schedule_id, other.user_id)
        return same and self.start < other.end and other.start < self.end


def cover_problems(one: CoverRequest, now: Moment) -> Iterable[str]:
    """What is wrong with the times and words of a request that somebody makes now, whoever they are."""
    if one.end <= now:
        yield "It must lie ahead"
        return
    if one.end <= one.start or (one.is_swap and one.return_end <= one.return_start):
        yield "It must end after its start"
        return
    if one.expires_at <= now:
        yield "It must lie ahead"
    if one.end - one.start < SHORTEST:
        yield "It must last a quarter of an hour at least"
    if max(one.end - one.start, one.return_end - one.return_start) > LONGEST:
        yield f"It must not last longer than {LONGEST // DAY} days"
    if one.is_swap and not one.to_id:
        yield "A swap is offered to one person"
    if one.return_schedule_id and not one.is_swap:
        yield "Only a swap speaks of another schedule"
    same = one.back_schedule_id == one.schedule_id
    if one.is_swap and same and one.start < one.return_end and one.return_start < one.end:
        yield "The two shifts of a swap must not overlap"
    if one.to_id == one.user_id:
        yield "Ask somebody else"
    if len(one.message) > DESCRIPTION_CHARS:
        yield f"The message is longer than {DESCRIPTION_CHARS} characters"


def serves_whole(schedule: Schedule, exceptions: Exceptions, user_id: str, start: Moment, end: Moment) -> bool:
    """Whether the person is on call all through [start, end)."""
    return any(
        one.user_id == user_id and (one.start, one.end) == (start, end)
        for one in final_entries(schedule, exceptions, start, end)[0]
    )


def serves_any(schedule: Schedule, exceptions: Exceptions, user_id: str, start: Moment, end: Moment) -> bool:
    """Whether the person is on call at any moment of [start, end)."""
    return any(one.user_id == user_id for one in final_entries(schedule, exceptions, start, end)[0])


def handing_over(
    schedule: Schedule, exceptions: Exceptions, user_id: str, taker_id: str, start: Moment, end: Moment
) -> list[Override]:
    """The overrides, without ids, by which `taker_id` serves [start, end) in the place of `user_id`.

    One in a layered schedule; in a shift-based one each shift of a rotation, and each custom shift, has its own.
    """
    if not schedule.shift_based:
        return [Override("", schedule.id, taker_id, start, end, 0)]
    return [
        Override(
            "",
            schedule.id,
            taker_id,
            one.start,
            one.end,
            0,
            rotation_id=one.rotation_id,
            custom_shift_id=one.custom_shift_id,
            overridden_id=user_id,
        )
        for one in assignments(schedule, exceptions, start, end)
        if one.user_id == user_id
    ]


def hands_over(
    schedule: Schedule,
    before: Exceptions,
    after: Exceptions,
    user_id: str,
    taker_id: str,
    start: Moment,
    end: Moment,
) -> bool:
    """Whether going from `before` to `after` puts one in the other's place in [start, end), and moves nobody else."""

    def others(exceptions: Exceptions) -> list[tuple[Moment, Moment, str]]:
        entries = final_entries(schedule, exceptions, start, end)[0]
        return [(one.start, one.end, one.user_id) for one in entries if one.user_id not in (user_id, taker_id)]

    return (
        serves_whole(schedule, after, taker_id, start, end)
        and not serves_any(schedule, after, user_id, start, end)
        and others(before) == others(after)
    )
