"""Reads an incident's timeline again from its start and says where it contradicts itself or the incident as stored.

The timeline is a record of what happened, so the state must follow from it: status, order of levels, who was paged in
which call. Pure; yields sentences and decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tocsin.engine.world import Recorded
from tocsin.escalation.messages import (
    ClockSetBack,
    EscalationRequested,
    LastResortReached,
    LevelReached,
    LevelSkipped,
    PassRepeated,
    PolicyExhausted,
)
from tocsin.incidents.messages import (
    IncidentAcknowledged,
    IncidentReassigned,
    IncidentReopened,
    IncidentResolved,
    IncidentSnoozed,
    IncidentTriggered,
    IncidentUnacknowledged,
    UrgencyChanged,
)
from tocsin.incidents.model import Incident, Status
from tocsin.kernel.decision import Fact
from tocsin.kernel.time import Moment
from tocsin.paging.messages import PageBundled, PagePlanned, PageStarted
from tocsin.paging.model import Page

_OPEN = (Status.TRIGGERED, Status.ACKNOWLEDGED)

_MOVES: Mapping[type[Fact], tuple[tuple[Status | None, ...], Status]] = {
    IncidentTriggered: ((None,), Status.TRIGGERED),
    IncidentAcknowledged: (_OPEN, Status.ACKNOWLEDGED),
    IncidentSnoozed: (_OPEN, Status.ACKNOWLEDGED),
    IncidentUnacknowledged: ((Status.ACKNOWLEDGED,), Status.TRIGGERED),
    IncidentReassigned: (_OPEN, Status.TRIGGERED),
    EscalationRequested: (_OPEN, Status.TRIGGERED),
    IncidentResolved: (_OPEN, Status.RESOLVED),
    IncidentReopened: ((Status.RESOLVED,), Status.TRIGGERED),
}
"""Facts that change the status: from which states, to which."""

_CALLS = (LevelReached, LastResortReached, IncidentReassigned, IncidentTriggered, UrgencyChanged)
"""Facts after which people are called anew."""

_NEW_START = (EscalationRequested, IncidentUnacknowledged, IncidentReassigned, IncidentReopened, UrgencyChanged)
"""Facts after which the next call is not bound to the delay of the one before."""


@dataclass(slots=True)
class _Reading:
    """What is known so far while the timeline is read."""

    pages: Mapping[str, Page]
    status: Status | None = None
    step: tuple[int, int] = (1, 0)
    passes: int = 0
    free_step: bool = True
    not_before: Moment | None = None
    seen: set[str] = field(default_factory=set)
    called: set[tuple[str, str, int]] = field(default_factory=set)


def breaches(
    incident: Incident, history: Sequence[tuple[Moment, Recorded]], pages: Mapping[str, Page]
) -> Iterator[str]:
    """Where the history of one incident breaks a rule, or ends in another state than the one stored."""
    reading = _Reading(pages)
    for at, recorded in history:
        fact = recorded.fact
        yield from _status(reading, fact)
        if isinstance(fact, _CALLS):
            reading.called = set()
        if isinstance(fact, _NEW_START):
            reading.free_step, reading.not_before = True, None
        read = _READERS.get(type(fact))
        if read is not None:
            yield from read(reading, fact, at)
    if reading.status is not incident.status:
        yield f"is {incident.status}, its timeline says {reading.status}"


def _status(reading: _Reading, fact: Fact) -> Iterator[str]:
    """I11, I12."""
    move = _MOVES.get(type(fact))
    if move is None:
        return
    if reading.status not in move[0]:
        yield f"{fact.kind} while it was {reading.status}"
    reading.status = move[1]


def _level(reading: _Reading, fact: LevelReached, at: Moment) -> Iterator[str]:
    """I22 to I24: never early, level after level, never more passes than the policy has."""
    yield from _only_while_triggered(reading, fact)
    if fact.level:
        yield from _step(reading, fact.level, fact.pass_number, resumed=fact.resumed)
        if fact.pass_number > fact.passes:
            yield f"pass {fact.pass_number} of {fact.passes}"
    if reading.not_before is not None and at < reading.not_before and not fact.resumed:
        yield f"level {fact.level} was reached {reading.not_before - at} µs early"
    reading.not_before = fact.next_at


def _skipped(reading: _Reading, fact: LevelSkipped, _at: Moment) -> Iterator[str]:
    if fact.level:
        yield from _step(reading, fact.level, fact.pass_number, resumed=False)
    else:
        reading.free_step, reading.not_before = True, None


def _step(reading: _Reading, level: int, pass_number: int, *, resumed: bool) -> Iterator[str]:
    expected = (reading.step[0], reading.step[1] + 1)
    if not (resumed or reading.free_step) and (pass_number, level) != expected:
        yield f"level {level} of pass {pass_number} came after level {reading.step[1]} of pass {reading.step[0]}"
    reading.step, reading.free_step = (pass_number, level), False


def _repeated(reading: _Reading, fact: PassRepeated, _at: Moment) -> Iterator[str]:
    if fact.pass_number != reading.step[0] + 1 and not reading.free_step:
        yield f"pass {fact.pass_number} began after pass {reading.step[0]}"
    if fact.pass_number > fact.passes:
        yield f"pass {fact.pass_number} of {fact.passes}"
    reading.step, reading.free_step = (fact.pass_number, 0), False


def _exhausted(reading: _Reading, _fact: PolicyExhausted, at: Moment) -> Iterator[str]:
    if reading.not_before is not None and at < reading.not_before:
        yield f"the policy was used up {reading.not_before - at} µs early"
    reading.not_before = None


def _last_resort(reading: _Reading, fact: LastResortReached, at: Moment) -> Iterator[str]:
    yield from _only_while_triggered(reading, fact)
    if reading.not_before is not None and at < reading.not_before:
        yield f"round {fact.round_number} of the last resort came {reading.not_before - at} µs early"
    reading.not_before = fact.next_at


def _clock(reading: _Reading, fact: ClockSetBack, _at: Moment) -> Iterator[str]:
    if reading.not_before is not None:
        reading.not_before = fact.next_at
    yield from ()


def _page(reading: _Reading, fact: PageStarted | PagePlanned | PageBundled, _at: Moment) -> Iterator[str]:
    """I30, I31: no page begins unless the incident asks (or there is news of it), and none twice in one call."""
    page = reading.pages.get(fact.page_id)
    if page is None or not (page.news or page.help) or reading.status is Status.RESOLVED:
        yield from _only_while_triggered(reading, fact)
    if page is None:
        yield f"page {fact.page_id} does not exist"
    elif page.id not in reading.seen:
        reading.seen.add(page.id)
        key = (page.user_id, page.contact_id, page.rule_delay_minutes)
        if page.help:
            return
        if key in reading.called:
            yield f"page {page.id} is the second one to {key} in one call"
        reading.called.add(key)


def _only_while_triggered(reading: _Reading, fact: Fact) -> Iterator[str]:
    if reading.status is not Status.TRIGGERED:
        yield f"{fact.kind} while it was {reading.status}"


_READERS: Mapping[type[Fact], Callable[[_Reading, Any, Moment], Iterator[str]]] = {
    LevelReached: _level,
    LevelSkipped: _skipped,
    PassRepeated: _repeated,
    PolicyExhausted: _exhausted,
    LastResortReached: _last_resort,
    ClockSetBack: _clock,
    PageStarted: _page,
    PagePlanned: _page,
    PageBundled: _page,
}
