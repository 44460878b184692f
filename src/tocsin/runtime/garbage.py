"""When the engine's process looks for garbage in cycles: while nobody waits for it.

A look goes through every object that is kept and stops everything meanwhile, a tenth of a second after a busy minute.
What the engine makes has no cycles and goes by itself; what libraries leave behind is little.
"""

from __future__ import annotations

import gc

from tocsin.runtime.clock import Clock

SOME = 10_000
"""Objects more than after the last look: with fewer it is not worth another."""

MOST = 2_000_000
"""With so many it looks though somebody may wait: about 200 MB, most of which is in use."""

PAUSE_SECONDS = 60.0


class Garbage:
    """From its making on Python does not look by itself. What is there then is never looked through again."""

    def __init__(self, clock: Clock) -> None:
        self._ticks = clock.ticks
        gc.collect()
        gc.freeze()
        gc.disable()
        self._looked_at = self._ticks()

    def look(self, *, idle: bool) -> bool:
        """Look if it is time; whether it did. `idle`: there is nothing to do at the moment."""
        more = gc.get_count()[0]
        rested = idle and more > SOME and self._ticks() - self._looked_at > PAUSE_SECONDS
        if not rested and more <= MOST:
            return False
        gc.collect()
        self._looked_at = self._ticks()
        return True
