"""One deadline for a whole exchange, however many reads and writes it takes. Decides when to give up."""

from __future__ import annotations

from tocsin.connectors._kit.contract import CONNECT_SECONDS, TOTAL_SECONDS, Ticks


class DeadlinePassed(TimeoutError):
    """The exchange took longer than it may."""


class Deadline:
    """Starts when it is made. A socket's own time-out restarts with every byte; this one does not."""

    def __init__(self, ticks: Ticks, seconds: float = TOTAL_SECONDS) -> None:
        self._ticks = ticks
        self._end = ticks() + seconds

    def remaining(self, at_most: float = TOTAL_SECONDS) -> float:
        """Seconds left, never more than `at_most`. Raises DeadlinePassed when there are none."""
        left = self._end - self._ticks()
        if left <= 0:
            raise DeadlinePassed("no answer in time")
        return min(left, at_most)

    def step(self, seconds: float = CONNECT_SECONDS) -> Deadline:
        """A shorter deadline for one step of connecting (look-up, TCP, TLS), never later than this one."""
        return Deadline(self._ticks, self.remaining(seconds))
