"""What a turn does besides deciding: when repeats that were held back are written, when what is too old is dropped.

Decides the pace of both; what they are is the store's business. Used by the engine's loop only.
"""

from __future__ import annotations

from tocsin.runtime.clock import Clock
from tocsin.storage.turns import Turn, TurnStore

HOLD_EVENTS = 8
HOLD_SECONDS = 1.0
"""While turns have so many events, the repeats of an alert are written so long after the first of them."""

SWEEP_SECONDS = 3600.0
SWEEP_ON_SECONDS = 0.25
"""How often a turn drops a piece of what is too old to keep; the second while there is more of it."""


class Upkeep:
    """Keeps the times. `commit` ends every turn."""

    def __init__(self, store: TurnStore, clock: Clock) -> None:
        self._store = store
        self._ticks = clock.ticks
        self._sweeps_at = self._ticks() + SWEEP_ON_SECONDS

    def is_due(self) -> bool:
        """Whether a turn is worth taking though there is nothing to decide."""
        return self._store.holds_back or self._ticks() >= self._sweeps_at

    def commit(self, turn: Turn, events: int) -> None:
        """Store the turn, which decided so many events. Raises what the database raises; then nothing was stored."""
        ticks = self._ticks()
        if ticks >= self._sweeps_at:
            more = self._store.sweep(turn.now)
            self._sweeps_at = ticks + (SWEEP_ON_SECONDS if more else SWEEP_SECONDS)
        hold_seconds = HOLD_SECONDS if events >= HOLD_EVENTS else 0.0
        self._store.commit(turn, hold_seconds=hold_seconds, at=ticks)
