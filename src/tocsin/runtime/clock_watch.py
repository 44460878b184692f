"""When the wall clock is set back: notices it by the stop-watch, and brings forward what is to call people.

A timer that was set while the clock was ahead would otherwise be late by as much as it was ahead: hours without a call.
"""

from __future__ import annotations

from tocsin.engine.world import Recorded
from tocsin.escalation.messages import ClockSetBack
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.decision import SetTimer
from tocsin.kernel.time import SECOND, Moment, Span
from tocsin.kernel.values import replace
from tocsin.runtime.clock import Clock
from tocsin.runtime.turn_work import TurnWork

STEP = 5 * SECOND
"""So far a clock is not set right little by little: it was set back."""

_CALLS = ("incident", "page", "bundle", "retry", "answer")
"""The timers that call people, and those by which an answer reaches all of a bundle.

What closes by itself (auto-resolve, alert expiry) is safe when it comes late.
"""


class ClockWatch:
    """Compares the wall clock with the stop-watch. `back`: how far it was set back and timers do not know yet."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._looked_at = clock.now()
        self._ticks = clock.ticks()
        self.back: Span = 0

    def fell_back(self, now: Moment) -> bool:
        """Whether the wall clock was set back. A jump ahead is none of it: a machine that slept looks like that too."""
        ticks = self._clock.ticks()
        step = round((ticks - self._ticks) * SECOND) - (now - self._looked_at)
        self._looked_at, self._ticks = now, ticks
        if step > STEP:
            self.back += step
        return self.back > 0


def bring_forward(work: TurnWork, back: Span) -> None:
    """Every timer that calls people comes as long from now as it would have without the step.

    What was set before the clock went ahead comes too soon by that: better a call too early than none for hours.
    """
    state = work.world.state
    for timer in work.store.timers():
        kind, _, about = timer.key.partition(":")
        if kind not in _CALLS:
            continue
        work.turn.timers[timer.key] = SetTimer(timer.key, timer.due_at - back, timer.command)
        incident = state.incident(about) if kind == "incident" else None
        page = state.page(about) if kind == "page" else None
        if incident is not None:
            woken = None if incident.snoozed_until is None else incident.snoozed_until - back
            state.put(replace(incident, timer_at=timer.due_at - back, snoozed_until=woken))
            told = ClockSetBack(incident_id=incident.id, back=back, next_at=timer.due_at - back)
            work.turn.facts.append((work.turn.now, Recorded(SYSTEM, told)))
            work.topics.add(f"incident:{incident.id}")
        if page is not None:
            state.put(replace(page, due_at=min(page.due_at, timer.due_at) - back))
    work.store.state.keep_unit()
