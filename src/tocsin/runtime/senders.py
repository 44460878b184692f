"""Senders: worker threads that hand messages to providers. They do network only and never touch the database.

Each channel has its own workers and queue, so that a slow provider holds up nobody else. In a queue high urgency goes
first, test pages last, and each in its order. A message that is stopped while it still queues never reaches its
provider. What came of a message goes back to the engine as a command.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from itertools import count
from typing import Protocol, TypeAlias

import structlog

from tocsin.directory.model import Channel
from tocsin.kernel.wording import stored
from tocsin.paging.messages import RecordAttempt, SendMessage
from tocsin.paging.model import Haste, Result
from tocsin.paging.timeline import channel_word

Carry: TypeAlias = Callable[[SendMessage], RecordAttempt]
"""Hands one message to its provider within 10 s and reports; given by the composition root, per channel."""

WORKERS: Mapping[Channel, int] = {
    Channel.SMS: 8,
    Channel.VOICE: 6,
    Channel.EMAIL: 4,
    Channel.WEBHOOK: 6,
    Channel.PUSH: 4,
}
"""Calls to providers under way at once, per channel."""

_ORDER: Mapping[Haste, int] = {haste: place for place, haste in enumerate((Haste.HIGH, Haste.LOW, Haste.TEST))}

_Queue: TypeAlias = "queue.PriorityQueue[tuple[int, int, SendMessage | None]]"
"""Each message behind its place: by haste, then by number. None, in the last place of all, ends a worker."""

log = structlog.get_logger("senders")


class Outlet(Protocol):
    """What the engine's loop needs of senders: tests have others."""

    def submit(self, message: SendMessage) -> None:
        """Send it."""

    def stop(self, message_id: str) -> None:
        """Do not send it if it still waits."""


class Senders:
    """The pool. `report` is called from worker threads with every result."""

    def __init__(
        self,
        carry: Mapping[Channel, Carry],
        report: Callable[[RecordAttempt], None],
        *,
        may_send: Callable[[], bool] = lambda: True,
        settings: Mapping[Channel, str] | None = None,
    ) -> None:
        """`may_send` is asked before each message leaves, and may take its time. False: it is another engine's now.

        `settings` names what has to be set for a channel, for the words of a refusal.
        """
        self._carry = carry
        self._settings = settings or {}
        self._report = report
        self._may_send = may_send
        self._queues: dict[Channel, _Queue] = {}
        self._stopped: set[str] = set()
        self._queued: set[str] = set()
        self._numbers = count()
        self._lock = threading.Lock()
        self._working = 0
        self._closing = False
        self._all_home = threading.Event()

    def submit(self, message: SendMessage) -> None:
        """Send this as soon as a worker of its channel is free. A channel that is not set up refuses it."""
        if message.channel not in self._carry:
            setting = self._settings.get(message.channel, "")
            self._report(_result(message, Result.REFUSED, not_set_up(message.channel, setting)))
            return
        with self._lock:
            self._queued.add(message.message_id)
        self._queue(message.channel).put((_ORDER[message.haste], next(self._numbers), message))

    def stop(self, message_id: str) -> None:
        """Take a message out of the queue; one that its provider has already is not touched."""
        with self._lock:
            if message_id in self._queued:
                self._stopped.add(message_id)

    def close(self, seconds: float) -> None:
        """Finish the calls under way within `seconds`, begin no new ones: what queues is tried again soon."""
        with self._lock:
            self._closing = True
            if not self._working:
                self._all_home.set()
        for channel, waiting in self._queues.items():
            for _ in range(WORKERS[channel]):
                waiting.put((len(_ORDER), next(self._numbers), None))
        self._all_home.wait(seconds)

    def _queue(self, channel: Channel) -> _Queue:
        waiting = self._queues.get(channel)
        if waiting is None:
            waiting = self._queues[channel] = queue.PriorityQueue()
            for number in range(WORKERS[channel]):
                name = f"send-{channel}-{number}"
                thread = threading.Thread(
                    target=self._work, args=(waiting, self._carry[channel]), name=name, daemon=True
                )
                with self._lock:
                    self._working += 1
                thread.start()
        return waiting

    def _work(self, waiting: _Queue, carry: Carry) -> None:
        while (message := waiting.get()[2]) is not None:
            if self._closing:
                self._report(_result(message, Result.RETRY, "the server was stopping; it had not been sent"))
                continue
            if not self._may_send():
                continue
            with self._lock:
                self._queued.discard(message.message_id)
                stopped = message.message_id in self._stopped
                self._stopped.discard(message.message_id)
            if stopped:
                self._report(_result(message, Result.CANCELLED, "stopped in the queue"))
                continue
            try:
                result = carry(message)
            except Exception:
                log.exception("sender_failed", channel=message.channel, message_id=message.message_id)
                result = _result(message, Result.UNKNOWN, "the sender failed; see the log")
            self._report(result)
        with self._lock:
            self._working -= 1
            if self._closing and not self._working:
                self._all_home.set()


def not_set_up(channel: Channel, where: str) -> str:
    """The words of a refusal. `where`: what sets the channel up, "" = nothing does."""
    word = channel_word(channel)
    if not where:
        return stored("sending by %(channel)s is not set up", channel=word)
    return stored("sending by %(channel)s is not set up: see %(where)s", channel=word, where=where)


def _result(message: SendMessage, result: Result, detail: str) -> RecordAttempt:
    return RecordAttempt(message_id=message.message_id, attempt=message.attempt, result=result, detail=detail)
