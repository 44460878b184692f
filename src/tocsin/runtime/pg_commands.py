"""The line between edges and the active engine on PostgreSQL, wherever they run: requests and answers are rows.

Notifications are hints that make it quick; both sides look by themselves besides, several times a second. Decides
nothing.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

import msgspec
import structlog

from tocsin.engine.config import Config
from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import Command
from tocsin.kernel.errors import Invalid, Unavailable
from tocsin.kernel.ids import IdSource
from tocsin.runtime import answers
from tocsin.runtime.clock import Clock
from tocsin.runtime.control_client import ANSWER_SECONDS
from tocsin.runtime.control_server import Engine
from tocsin.runtime.desk import Desk, PatientDesk
from tocsin.runtime.live import RECONNECTED
from tocsin.runtime.turn_inputs import Request
from tocsin.storage.codec import build, command_from, dump, envelope, load_plain
from tocsin.storage.commands import Asked, CommandTable
from tocsin.storage.config_reader import ConfigReader
from tocsin.storage.database import OutOfReach
from tocsin.storage.signals import ANSWERS, CHANGED, COMMANDS, LOG, PAYLOAD_BYTES, Signals

log = structlog.get_logger("commands")

LOOK_SECONDS = 0.2
"""Without a hint, tables are looked at this often."""

TOLD_SECONDS = 0.02
"""Between two hints of one kind: what happens meanwhile goes into the next one."""

RETRY_SECONDS = 0.2
SWEEP_SECONDS = 20.0


class Hints:
    """Tells others, in a thread, at most every `TOLD_SECONDS`: a burst of reasons is one hint."""

    def __init__(self, signals: Signals, name: str) -> None:
        self._signals = signals
        self._wake = threading.Event()
        self._pause = threading.Event()
        self._lock = threading.Lock()
        self._wanted: dict[str, set[str]] = {}
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def tell(self, channel: str, topics: Iterable[str] = ()) -> None:
        """Tell this channel soon. Never waits."""
        with self._lock:
            self._wanted.setdefault(channel, set()).update(topics)
        self._wake.set()

    def close(self) -> None:
        """Tell what is still to be told, and end."""
        self._pause.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(2.0)

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            with self._lock:
                wanted, self._wanted = self._wanted, {}
            for channel, topics in wanted.items():
                payload = " ".join(sorted(topics))
                # Who missed a hint looks by itself.
                with contextlib.suppress(OutOfReach):
                    self._signals.tell(channel, payload if len(payload.encode()) <= PAYLOAD_BYTES else "")
            if self._pause.wait(TOLD_SECONDS) and not self._wanted:
                return


class PgDoor:
    """The engine's side: takes what edges ask, and tells them of answers and changes."""

    def __init__(self, table: CommandTable, url: str, engine: Engine, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        self._signals = Signals(url, (COMMANDS, LOG))
        self._engine = engine
        self._hints = Hints(self._signals, "hints")
        self._answers: queue.SimpleQueue[tuple[int, bytes] | None] = queue.SimpleQueue()
        self._taken: set[int] = set()
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=self._take, name="commands", daemon=True),
            threading.Thread(target=self._give, name="answers", daemon=True),
        ]

    def start(self) -> None:
        """Begin to take requests."""
        self._hints.start()
        for thread in self._threads:
            thread.start()

    def publish(self, topics: Iterable[str]) -> None:
        """Tell every edge what changed."""
        self._hints.tell(CHANGED, topics)

    def close(self) -> None:
        """Take no more requests, give the answers that are there."""
        self._closing.set()
        self._answers.put(None)
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(2.0)
        self._hints.close()
        self._signals.close()

    def _take(self) -> None:
        sweep_at = self._clock.ticks()
        while not self._closing.is_set():
            try:
                heard = self._signals.hear(LOOK_SECONDS)
                if heard is None or any(channel == LOG for channel, _ in heard):
                    self._engine.wake()
                if not heard or any(channel == COMMANDS for channel, _ in heard):
                    for asked in self._table.waiting(self._taken):
                        self._ask(asked)
                if self._clock.ticks() >= sweep_at:
                    self._table.sweep()
                    sweep_at = self._clock.ticks() + SWEEP_SECONDS
            except OutOfReach as error:
                log.warning("database_out_of_reach", error=str(error)[:300])
                self._closing.wait(RETRY_SECONDS)

    def _ask(self, asked: Asked) -> None:
        self._taken.add(asked.seq)

        def reply(text: str) -> None:
            self._answers.put((asked.seq, text.encode()))

        try:
            frame = load_plain(asked.request)
            request = Request(frame["key"], build(Actor, frame["actor"]), command_from(frame["command"]), reply)
        except (KeyError, TypeError, ValueError, msgspec.ValidationError) as error:
            log.warning("request_not_understood", error=str(error)[:200])
            reply(answers.refused(Invalid("The engine does not understand this request.", reason="request")))
            return
        self._engine.ask(request)

    def _give(self) -> None:
        while (first := self._answers.get()) is not None:
            batch = [first]
            while not self._answers.empty() and (more := self._answers.get()) is not None:
                batch.append(more)
            while not self._write(batch) and not self._closing.wait(RETRY_SECONDS):
                pass
            if self._closing.is_set() and self._answers.empty():
                return

    def _write(self, batch: list[tuple[int, bytes]]) -> bool:
        try:
            self._table.answer(batch)
        except OutOfReach as error:
            log.warning("answers_wait", error=str(error)[:300])
            return False
        self._taken.difference_update(seq for seq, _ in batch)
        return True


class PgDesk:
    """The edge's side. Implements `runtime.desk.Line`. `changed` is called from the listening thread.

    The table is its own: it closes it.
    """

    def __init__(
        self,
        table: CommandTable,
        url: str,
        config: ConfigReader,
        *,
        ids: IdSource,
        clock: Clock,
        changed: Callable[[Iterable[str]], None] = lambda _topics: None,
    ) -> None:
        self._table = table
        self._signals = Signals(url, (ANSWERS, CHANGED))
        self._hints = Hints(self._signals, "hints")
        self._config = config
        self._ids = ids
        self._clock = clock
        self._changed = changed
        self._waiting: dict[str, Future[str]] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="answers", daemon=True)

    def start(self) -> None:
        """Begin to listen, and go on whatever happens to the database."""
        self._hints.start()
        self._thread.start()

    def close(self) -> None:
        """Listen no longer."""
        self._closing.set()
        self._hints.close()
        if self._thread.ident is not None:
            self._thread.join(2.0)
        self._signals.close()
        self._table.close()

    def config(self) -> Config:
        """The configuration as stored now. Raises Unavailable."""
        return self._config.served()

    def tell_log_head(self, _head: int) -> None:
        """Wake the engine: the log has new entries. If nobody hears, it will look by itself."""
        self._hints.tell(LOG)

    def engine_is_there(self) -> bool:
        """Whether an engine holds the lease."""
        return self._table.has_engine()

    def run(self, actor: Actor, command: Command, *, key: str = "") -> Any:
        """Have the engine run a command; see `Desk.run`."""
        return self.run_within(ANSWER_SECONDS, actor, command, key)

    def patient(self, seconds: float) -> Desk:
        """The same line for somebody who can't wait as long: `Unavailable` after so many seconds."""
        return PatientDesk(self, seconds)

    def run_within(self, seconds: float, actor: Actor, command: Command, key: str) -> Any:
        """Have the engine run a command; Unavailable when there is no answer within `seconds`."""
        name = self._ids.key()
        frame = {"key": key or name, "actor": actor, "command": envelope(command)}
        answered: Future[str] = Future()
        self._waiting[name] = answered
        try:
            text = self._ask(name, dump(frame).encode(), answered, self._clock.ticks() + seconds)
        finally:
            self._waiting.pop(name, None)
        value, version = answers.read_answer(command, text)
        self._config.at_least(version)
        return value

    def _ask(self, name: str, request: bytes, answered: Future[str], deadline: float) -> str:
        """Put the request, again if the database was out of reach, and wait. Raises Unavailable at the deadline."""
        is_put = False
        while (left := deadline - self._clock.ticks()) > 0:
            try:
                if not is_put:
                    self._table.put(name, request)
                    is_put = True
                return answered.result(left)
            except OutOfReach:
                self._closing.wait(min(RETRY_SECONDS, left))
            except FutureTimeout:
                break
        raise Unavailable("The engine does not answer. Try again in a moment.", reason="engine")

    def _listen(self) -> None:
        while not self._closing.is_set():
            try:
                heard = self._signals.hear(LOOK_SECONDS)
                if heard is None:
                    self._changed((RECONNECTED,))
                for channel, payload in heard or ():
                    if channel == CHANGED:
                        self._changed(payload.split() or (RECONNECTED,))
                if self._waiting:
                    self._settle()
            except OutOfReach:  # requests say so when they are made
                self._closing.wait(RETRY_SECONDS)

    def _settle(self) -> None:
        for name, answer in self._table.answers(list(self._waiting)).items():
            waiting = self._waiting.pop(name, None)
            if waiting is not None:
                waiting.set_result(answer.decode())
