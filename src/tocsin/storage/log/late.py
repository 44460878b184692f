"""A log's writing end that is opened when it is first needed: an edge starts though its database is out of reach.

Decides nothing else. Until the log is open every append is refused, like any other that the database does not take.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tocsin.storage.log import LogWriter, NewEntry


class LateLogWriter:
    """Implements LogWriter. `open_log` raises LogRefused as long as the log can't be reached."""

    def __init__(self, open_log: Callable[[], LogWriter]) -> None:
        self._open_log = open_log
        self._writer: LogWriter | None = None

    @property
    def epoch(self) -> str:
        """The log's identity. Raises LogRefused."""
        return self._opened().epoch

    def head(self) -> int:
        """The last number known, 0 while the log was not reached yet."""
        return self._writer.head() if self._writer is not None else 0

    def append(self, entries: Sequence[NewEntry]) -> int:
        """See LogWriter."""
        return self._opened().append(entries)

    def drop_before(self, seq: int) -> int:
        """See LogWriter."""
        return self._opened().drop_before(seq)

    def close(self) -> None:
        """See LogWriter."""
        if self._writer is not None:
            self._writer.close()

    def _opened(self) -> LogWriter:
        if self._writer is None:
            self._writer = self._open_log()
        return self._writer
