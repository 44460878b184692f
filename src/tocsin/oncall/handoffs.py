"""Where shifts begin and end, and who hands over to whom there.

Decides what a hand-off is: a moment at which a person's uninterrupted time on call begins or ends. One shift that goes
over into another of the same person is none, however it is made up. Never decides whether anybody is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tocsin.kernel.time import MICROSECOND, Moment
from tocsin.oncall.final import final_entries, reach_back, reach_forward
from tocsin.oncall.model import Exceptions, Schedule
from tocsin.oncall.shifts import who_is_on_call


@dataclass(frozen=True, slots=True)
class Handoff:
    """At `at` the person's shift begins, or else ends."""

    at: Moment
    user_id: str
    begins: bool


@dataclass(frozen=True, slots=True)
class Sides:
    """What there is to know about a hand-off.

    `far`: where the shift that begins ends, or where the one that ends began; None beyond what we look at (`HORIZON`).
    `others`: who goes off call as this person begins, or on call as this person ends. `beside`: who stays on call.
    """

    far: Moment | None
    others: tuple[str, ...]
    beside: tuple[str, ...]


def handoffs(schedule: Schedule, exceptions: Exceptions, since: Moment, until: Moment) -> Iterator[Handoff]:
    """The hand-offs after `since` and before `until`, in no order. `exceptions` are those of this schedule."""
    for entry in final_entries(schedule, exceptions, since, until)[0]:
        if entry.start > since:
            yield Handoff(entry.start, entry.user_id, begins=True)
        if entry.end < until:
            yield Handoff(entry.end, entry.user_id, begins=False)


def sides_of(schedule: Schedule, exceptions: Exceptions, one: Handoff) -> Sides:
    """Until when, or since when, and with whom."""
    before = who_is_on_call(schedule, exceptions, one.at - MICROSECOND)
    after = who_is_on_call(schedule, exceptions, one.at)
    left, right = (before, after) if one.begins else (after, before)
    reach = reach_forward if one.begins else reach_back
    return Sides(
        reach(schedule, exceptions, one.user_id, one.at),
        tuple(user_id for user_id in left if user_id not in right),
        tuple(user_id for user_id in left if user_id in right),
    )
