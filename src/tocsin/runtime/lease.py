"""Keeping the engine's lease on PostgreSQL: waiting for it, renewing it, and knowing when it is not sure any more.

Time is judged twice: by the database for who is the active one, and by this process for whether it may still send: a
message leaves only while the lease, counted from before it was last renewed, cannot have ended. A process that stood
still therefore sends nothing when it wakes until the database has confirmed it. Never touches what is decided.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from tocsin.kernel.time import SECOND, Moment, Span
from tocsin.runtime.clock import Clock
from tocsin.storage.database import OutOfReach
from tocsin.storage.lease import LeaseTable

log = structlog.get_logger("lease")

LEASE: Span = 6 * SECOND
"""An engine that does not renew for so long is not the active one any more."""

RENEW_SECONDS = 1.5
STANDBY_SECONDS = 0.5
"""The pause between looks of an engine that waits."""

MARGIN: Span = SECOND
"""Nothing is sent in the last moments of a lease."""

CLOCK_DIFFERENCE: Span = 2 * SECOND
"""A clock that differs more from the database's is worth a warning: schedules are read by it."""


class LeaseKeeper:
    """One engine's hold on the lease. `lost` is called once, from the renewing thread, when another engine has it."""

    def __init__(self, table: LeaseTable, clock: Clock, lost: Callable[[], None], *, span: Span = LEASE) -> None:
        self._table = table
        self._clock = clock
        self._lost = lost
        self._span = span
        self._stopping = threading.Event()
        self._state = threading.Condition()
        self._sure_until = (0.0, 0)
        self._ended = False
        self._warned = False
        self.fence = 0

    def wait(self, stopping: threading.Event) -> bool:
        """Become the active engine; False when told to stop before that."""
        told = False
        while not stopping.is_set():
            try:
                if self._take():
                    return True
                if not told:
                    found = self._table.look()
                    log.info("standby", active=found.holder if found else "")
                    told = True
            except OutOfReach as error:
                log.warning("database_out_of_reach", error=str(error)[:300])
            stopping.wait(STANDBY_SECONDS)
        return False

    def start(self) -> None:
        """Keep renewing, in a thread."""
        threading.Thread(target=self._renew, name="lease", daemon=True).start()

    def release(self) -> None:
        """Hand over at once. Nothing is sent any more."""
        self._stopping.set()
        self._end()
        try:
            self._table.release(self.fence)
        except OutOfReach as error:
            log.warning("lease_not_released", error=str(error)[:300])

    def may_send(self) -> bool:
        """Waits until the lease is sure; False when it is lost or handed over. Called before each message leaves."""
        with self._state:
            while not self._ended and not self._is_sure():
                self._state.wait(RENEW_SECONDS)
            return not self._ended

    def _is_sure(self) -> bool:
        """By the stop-watch, and by the clock: one of them stands still while a machine sleeps."""
        ticks, moment = self._sure_until
        return self._clock.ticks() < ticks and self._clock.now() < moment

    def _take(self) -> bool:
        begun = (self._clock.ticks(), self._clock.now())
        fence = self._table.take(self._span)
        if fence is None:
            return False
        self.fence = fence
        # A take-over may have waited for a frozen engine's transaction, so its end is counted from before the wait.
        self._note(*begun)
        log.info("lease_taken", fence=fence)
        return True

    def _note(self, ticks: float, moment: Moment) -> None:
        sure: Span = self._span - MARGIN
        with self._state:
            self._sure_until = (ticks + sure / SECOND, moment + sure)
            self._state.notify_all()

    def _end(self) -> None:
        with self._state:
            self._ended = True
            self._state.notify_all()

    def _renew(self) -> None:
        pause = 0.0
        while not self._stopping.wait(pause):
            ticks, moment = self._clock.ticks(), self._clock.now()
            pause = RENEW_SECONDS
            try:
                now = self._table.renew(self.fence, self._span)
            except OutOfReach as error:
                log.error("lease_not_renewed", error=str(error)[:300])  # noqa: TRY400 - an outage is no defect of ours
                pause = STANDBY_SECONDS
                continue
            if now is None:
                if not self._stopping.is_set():
                    self._end()
                    log.error("lease_lost", fence=self.fence)
                    self._lost()
                return
            self._note(ticks, moment)
            self._compare(now)

    def _compare(self, now: Moment) -> None:
        difference = abs(self._clock.now() - now)
        if difference > CLOCK_DIFFERENCE and not self._warned:
            log.error("clock_differs", seconds=round(difference / SECOND, 1))
        self._warned = difference > CLOCK_DIFFERENCE
