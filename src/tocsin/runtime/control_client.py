"""An edge's line to the engine on this machine. Reconnects by itself; a command in flight is asked again with its key.

The engine acts once per key, so asking again is safe whatever happened to the first answer.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from pathlib import Path
from typing import Any

import structlog

from tocsin.engine.config import Config
from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import Command
from tocsin.kernel.errors import Unavailable
from tocsin.kernel.ids import IdSource
from tocsin.runtime.answers import read_answer
from tocsin.runtime.clock import Clock
from tocsin.runtime.desk import Desk, PatientDesk
from tocsin.runtime.frames import SOCKET_NAME, read_frames, send_frame
from tocsin.storage.codec import envelope, plain
from tocsin.storage.config_reader import ConfigReader

log = structlog.get_logger("control")

ANSWER_SECONDS = 10.0
RETRY_SECONDS = 0.1
WAKE_SECONDS = 0.002
"""The engine is woken at most so often; less than `engine_loop.SOON_SECONDS`."""


class ControlClient:
    """Implements `runtime.desk.Line`. `changed` is called with the topics of every change, from the reading thread."""

    def __init__(
        self,
        folder: Path,
        config: ConfigReader,
        *,
        ids: IdSource,
        clock: Clock,
        changed: Callable[[Iterable[str]], None] = lambda _topics: None,
    ) -> None:
        self._path = folder / SOCKET_NAME
        self._config = config
        self._ids = ids
        self._clock = clock
        self._changed = changed
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Future[str]] = {}
        self._lock = threading.Lock()
        self._connection: socket.socket | None = None
        self._connected = threading.Event()
        self._closed = threading.Event()
        self._woken_at = -WAKE_SECONDS

    def start(self) -> None:
        """Begin to connect, and keep connected."""
        threading.Thread(target=self._keep_connected, name="control-client", daemon=True).start()

    def wait_connected(self, seconds: float) -> bool:
        """Whether the engine answers the line within so many seconds; it does so only once its database is ready."""
        return self._connected.wait(seconds)

    def close(self) -> None:
        """Hang up for good."""
        self._closed.set()
        self._drop()

    def config(self) -> Config:
        """The configuration as stored now. Raises Unavailable."""
        return self._config.served()

    def tell_log_head(self, head: int) -> None:
        """Wake the engine: the log has entries up to `head`. If it is not there, it will look by itself.

        Woken a moment ago, it is at work and will look once more when it is done.
        """
        now = self._clock.ticks()
        if now - self._woken_at < WAKE_SECONDS:
            return
        self._woken_at = now
        with contextlib.suppress(OSError), self._lock:
            if self._connection is not None:
                send_frame(self._connection, {"log": head})

    def engine_is_there(self) -> bool:
        """Whether the line is open."""
        return self._connected.is_set()

    def run(self, actor: Actor, command: Command, *, key: str = "") -> Any:
        """Have the engine run a command; see `Desk.run`."""
        return self.run_within(ANSWER_SECONDS, actor, command, key)

    def patient(self, seconds: float) -> Desk:
        """The same line for somebody who can't wait as long: `Unavailable` after so many seconds."""
        return PatientDesk(self, seconds)

    def run_within(self, seconds: float, actor: Actor, command: Command, key: str) -> Any:
        """Have the engine run a command; Unavailable when there is no answer within `seconds`."""
        key = key or self._ids.key()
        order = envelope(command)
        deadline = self._clock.ticks() + seconds
        while True:
            text = self._ask({"key": key, "actor": plain(actor), "command": order}, deadline)
            if text is not None:
                value, version = read_answer(command, text)
                self._config.at_least(version)
                return value
            if self._clock.ticks() >= deadline:
                raise Unavailable("The engine does not answer. Try again in a moment.", reason="engine")

    def _ask(self, request: dict[str, Any], deadline: float) -> str | None:
        """One attempt: the answer, or None when the line broke or time is up."""
        if not self._connected.wait(max(0.0, deadline - self._clock.ticks())):
            return None
        number = next(self._numbers)
        future: Future[str] = Future()
        try:
            with self._lock:
                if self._connection is None:
                    return None
                self._waiting[number] = future
                send_frame(self._connection, {"id": number, **request})
            return future.result(max(0.0, deadline - self._clock.ticks()))
        except OSError:
            return None
        except (FutureTimeout, ConnectionError):
            return None
        finally:
            self._waiting.pop(number, None)

    def _keep_connected(self) -> None:
        while not self._closed.is_set():
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                connection.connect(str(self._path))
            except OSError:
                connection.close()
                self._closed.wait(RETRY_SECONDS)
                continue
            with self._lock:
                self._connection = connection
            self._connected.set()
            self._changed(("reconnected",))
            self._read(connection)
            self._drop()

    def _read(self, connection: socket.socket) -> None:
        try:
            for frame in read_frames(connection):
                if "changed" in frame:
                    self._changed(frame["changed"])
                    continue
                future = self._waiting.pop(frame["id"], None)
                if future is not None:
                    future.set_result(frame["answer"])
        except (OSError, ValueError, KeyError) as error:
            if not self._closed.is_set():
                log.warning("control_line_broke", error=str(error)[:200])

    def _drop(self) -> None:
        self._connected.clear()
        with self._lock:
            connection, self._connection = self._connection, None
            lost = list(self._waiting.values())
            self._waiting.clear()
        if connection is not None:
            connection.close()
        for future in lost:
            if not future.done():
                future.set_exception(ConnectionError())
