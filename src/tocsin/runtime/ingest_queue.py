"""Group commit: many requests wait for one write to the disk. Nobody hears of acceptance before it is durable.

Decides who shares a commit and when the door is shut (queue full, backlog too long, log broken). Never looks into an
entry beyond what a database can store, and never tries a failed batch again: its senders are told, and they know best.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent import futures
from contextlib import suppress
from typing import Final, TypeAlias

from tocsin.kernel.errors import Invalid, TooMany, Unavailable
from tocsin.runtime.clock import SystemClock
from tocsin.storage.log import LogError, LogFailed, LogRefused, LogWriter, NewEntry

WAITING_ENTRIES: Final = 20_000
"""Entries that may wait for a commit; about a second of work."""

WAITING_BYTES: Final = 64 * 1024 * 1024
"""Bytes of bodies that may wait for a commit."""

GROUP_ENTRIES: Final = 2_000
"""Entries after which a group is closed (one request's entries are never parted)."""

GATHER_SECONDS: Final = 0.004
"""A commit begins no sooner than this after the one before it began, unless `GATHER_ENTRIES` wait. Under load that
makes a third of the commits, and less work for edge and engine; the first event after a pause never waits."""

GATHER_ENTRIES: Final = 32

BACKLOG: Final = 200_000
"""Entries accepted but not yet decided, above which the door is shut."""

TRIAL_SECONDS: Final = 5.0
"""How often a log that did not take the last entries is tried while no event comes: senders may have been sent away
because we do not accept, and would never come back."""

Settle: TypeAlias = Callable[[int, Unavailable | None], None]
"""Told once, in the commit thread: the first entry's number (all are durable), or why nothing was accepted."""

_Item: TypeAlias = "tuple[Sequence[NewEntry], Settle | asyncio.Future[int]]"

_log = logging.getLogger(__name__)


class IngestQueue:
    """The only user of the log's writer. One thread appends; any thread hands in."""

    def __init__(
        self,
        writer: LogWriter,
        *,
        notify: Callable[[int], None] | None = None,
        trial: Callable[[], NewEntry] | None = None,
        max_backlog: int = BACKLOG,
        max_entries: int = WAITING_ENTRIES,
        max_bytes: int = WAITING_BYTES,
    ) -> None:
        """`notify(head)` is called after each commit, in the commit thread; it must be quick.

        `trial()` is an entry that means nothing, to find out whether a log that refused takes entries again.
        """
        self._writer = writer
        self._notify = notify
        self._trial = trial
        self._max_backlog = max_backlog
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._wake = threading.Semaphore(0)
        self._ticks = SystemClock().ticks
        self._items: list[_Item] = []
        self._entries = 0
        self._bytes = 0
        self._wakes_at = 0
        """With so many entries waiting, who hands in wakes the thread; 0 = it is at work and looks by itself."""
        self._refusal = "The server is starting."
        self._head = writer.head()
        self._limit_head: int | None = None
        self._failed: Callable[[], object] | None = None
        self.failure: LogFailed | None = None
        """Why the log is broken, if it is. Nothing is accepted any more: the process has to open the log anew."""
        self._refused = 0
        self._drop_to = 0
        self._thread = threading.Thread(target=self._run, name="ingest-commit", daemon=True)

    @property
    def head(self) -> int:
        """The last number known to be durable."""
        return self._head

    @property
    def accepting(self) -> bool:
        """Whether an append would be taken now, apart from limits."""
        return not self._refusal and not self.refused

    @property
    def refused(self) -> bool:
        """Whether the log did not take the last entries: a full disk, a database out of reach, a defect."""
        return self._refused > 0

    def on_failure(self, call: Callable[[], object]) -> None:
        """`call` is called once, in the commit thread, if the log breaks."""
        self._failed = call

    def start(self) -> None:
        """Opens the door. Called once."""
        self._refusal = ""
        self._thread.start()

    def close(self, timeout: float = 10.0) -> bool:
        """Shuts the door, commits what waits, ends the thread; whether that was done within `timeout` seconds.

        Blocks, so not on the event loop. The writer stays open and is the caller's.
        """
        with self._lock:
            self._refusal = self._refusal or "The server is shutting down."
            self._wake.release()
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def note_decided(self, seq: int) -> None:
        """How far the engine has read; without ever being told, the backlog is not limited."""
        self._limit_head = seq + self._max_backlog

    def drop_before(self, seq: int) -> None:
        """From any thread: with the next commit, drop the log's segments whose numbers are all below `seq`."""
        self._drop_to = seq

    def hand_in(self, entries: Sequence[NewEntry], settle: Settle) -> None:
        """From any thread: `settle` will be called once, in the commit thread; it must be quick.

        Raises TooMany (queue or backlog full), Unavailable (shutting down, log broken), Invalid (unstorable text);
        then `settle` is never called.
        """
        self._put(entries, settle)

    async def append(self, entries: Sequence[NewEntry]) -> int:
        """On an event loop: the first entry's number, once all are durable. Raises like `hand_in`, and Unavailable."""
        waiter: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._put(entries, waiter)
        return await waiter

    def append_wait(self, entries: Sequence[NewEntry], timeout: float = 30.0) -> int:
        """For other threads: like `append`; Unavailable after `timeout` seconds (they may become durable later)."""
        waiter: futures.Future[int] = futures.Future()

        def settle(seq: int, error: Unavailable | None) -> None:
            if error is None:
                waiter.set_result(seq)
            else:
                waiter.set_exception(error)

        self._put(entries, settle)
        try:
            return waiter.result(timeout)
        except futures.TimeoutError:
            raise Unavailable("The event could not be stored in time.", reason="slow_log") from None

    def _put(self, entries: Sequence[NewEntry], waiter: Settle | asyncio.Future[int]) -> None:
        size = 0
        for entry in entries:
            if not _storable(entry):
                raise Invalid("A text contains a character that can't be stored.", reason="text")
            size += len(entry.body)
        if self._limit_head is not None and self._head > self._limit_head:
            raise TooMany("Too many events wait to be handled.", reason="backlog")
        with self._lock:
            if self._refusal:
                raise Unavailable(self._refusal, reason="not_accepting")
            if self._entries + len(entries) > self._max_entries or self._bytes + size > self._max_bytes:
                raise TooMany("Too many events arrive at once.", reason="queue")
            self._items.append((entries, waiter))
            self._entries += len(entries)
            self._bytes += size
            if self._wakes_at and self._entries >= self._wakes_at:
                self._wakes_at = 0
                self._wake.release()

    def _run(self) -> None:
        """The thread: take what waits, commit, tell."""
        while True:
            items = self._take()
            if not items:
                return
            began = self._ticks()
            for group in _groups(items):
                self._commit(group)
            if self._drop_to:
                self._drop()
            self._gather(began + GATHER_SECONDS)

    def _drop(self) -> None:
        seq, self._drop_to = self._drop_to, 0
        try:
            dropped = self._writer.drop_before(seq)
        except (LogError, OSError):
            _log.exception("the log's old segments could not be dropped")
        else:
            if dropped:
                _log.info("dropped %d segments of the log before event %d", dropped, seq)

    def _gather(self, until: float) -> None:
        """Let events gather for the next commit; enough of them or `close` cut it short."""
        left = until - self._ticks()
        with self._lock:
            if left <= 0 or self._entries >= GATHER_ENTRIES or self._refusal:
                return
            self._wakes_at = GATHER_ENTRIES
        self._wake.acquire(timeout=left)
        with self._lock:
            self._wakes_at = 0

    def _take(self) -> list[_Item]:
        """What waits, as soon as there is something; [] when the door is shut and nothing waits any more."""
        while True:
            with self._lock:
                if self._items:
                    items, self._items = self._items, []
                    self._entries = self._bytes = 0
                    return items
                if self._refusal:
                    return []
                self._wakes_at = 1
            if self.refused and self._trial is not None:
                if not self._wake.acquire(timeout=TRIAL_SECONDS):
                    return [((self._trial(),), _nobody_waits)]
            else:
                self._wake.acquire()

    def _commit(self, group: list[_Item]) -> None:
        entries = [entry for item in group for entry in item[0]]
        error: Exception
        try:
            first = self._writer.append(entries)
        except (LogRefused, LogFailed) as refused:
            error = refused
        except Exception as defect:  # this thread is a pump: it must outlive a defect that one entry brings out
            if len(group) > 1:
                for item in group:
                    self._commit([item])
                return
            error = defect
        else:
            self._head = first + len(entries) - 1
            self._note_taken()
            self._tell(group, first, None)
            if self._notify is not None:
                self._notify(self._head)
            return
        self._note_refused(len(entries), error)
        if isinstance(error, LogFailed) and self.failure is None:
            self.failure = error
            with self._lock:
                self._refusal = "The ingest log is broken."
            if self._failed is not None:
                self._failed()
        self._tell(group, 0, Unavailable("The event could not be stored.", reason="log"))

    def _note_refused(self, entries: int, error: Exception) -> None:
        """The first refusal in a row is written down, then every thousandth entry: an outage can last."""
        if self._refused // 1000 != (self._refused + entries) // 1000 or not self._refused:
            _log.error("the ingest log did not take %d entries: %s", self._refused + entries, error)
        self._refused += entries

    def _note_taken(self) -> None:
        if self._refused:
            _log.error("the ingest log takes entries again, after %d that it did not", self._refused)
            self._refused = 0

    def _tell(self, group: list[_Item], first: int, error: Unavailable | None) -> None:
        """Settles all: directly, or, for an event loop's futures, with one call for the whole group."""
        on_loop: list[tuple[asyncio.Future[int], int]] = []
        seq = first
        for entries, waiter in group:
            if isinstance(waiter, asyncio.Future):
                on_loop.append((waiter, seq))
            else:
                try:
                    waiter(seq, error)
                except Exception:  # one request's answer must not cost the others theirs
                    _log.exception("an answer could not be given")
            seq += len(entries)
        if on_loop:
            with suppress(RuntimeError):  # the loop is closed: nobody listens any more
                on_loop[0][0].get_loop().call_soon_threadsafe(_resolve, on_loop, error)


def _nobody_waits(_seq: int, _error: Unavailable | None) -> None:
    """The answer to a trial."""


def _resolve(waiters: list[tuple[asyncio.Future[int], int]], error: Unavailable | None) -> None:
    for waiter, seq in waiters:
        if waiter.done():
            continue  # its request was cancelled; the entry is in the log all the same
        if error is None:
            waiter.set_result(seq)
        else:
            waiter.set_exception(error)


def _groups(items: list[_Item]) -> list[list[_Item]]:
    """Cuts what waited into commits of about GROUP_ENTRIES."""
    groups: list[list[_Item]] = [[]]
    size = 0
    for item in items:
        if size >= GROUP_ENTRIES:
            groups.append([])
            size = 0
        groups[-1].append(item)
        size += len(item[0])
    return groups


def _storable(entry: NewEntry) -> bool:
    """Whether both databases keep these texts: no NUL (PostgreSQL), no lone surrogate (both)."""
    for text in (entry.dedup_key, entry.integration_id, entry.source):
        if "\0" in text:
            return False
        if not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError:
                return False
    return True
