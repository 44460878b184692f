"""The engine's door: a socket in the data folder. Only this user of the machine can open it, and is trusted.

Frames in: `{"id", "key", "actor", "command"}` asks, `{"log": head}` wakes. Frames out: `{"id", "answer"}` and, to
everybody, `{"changed": [topics]}`. Decides nothing.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import structlog

from tocsin.kernel.actor import Actor
from tocsin.runtime.frames import SOCKET_NAME, read_frames, send_frame
from tocsin.runtime.turn_inputs import Request
from tocsin.storage.codec import build, command_from

log = structlog.get_logger("control")


class Engine(Protocol):
    """The part of the engine loop that the door needs."""

    def ask(self, request: Request) -> None:
        """Queue a request."""

    def wake(self) -> None:
        """The log has new entries."""


class ControlServer:
    """Accepts connections in threads of its own until closed."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        """Binds the socket at once; an old file is replaced (the caller holds the engine's lock on the folder)."""
        self._engine = engine
        self._path = folder / SOCKET_NAME
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        old_mask = os.umask(0o177)
        try:
            self._listener.bind(str(self._path))
        finally:
            os.umask(old_mask)
        self._listener.listen(64)
        self._open: dict[socket.socket, threading.Lock] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin to accept."""
        threading.Thread(target=self._accept, name="control-accept", daemon=True).start()

    def publish(self, topics: Iterable[str]) -> None:
        """Tell every connection what changed. A connection that takes nothing is closed."""
        content = {"changed": sorted(topics)}
        with self._lock:
            connections = list(self._open.items())
        for connection, lock in connections:
            self._send(connection, lock, content)

    def close(self) -> None:
        """Stop accepting and close every connection."""
        self._listener.close()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _TWO_SECONDS)
            with self._lock:
                self._open[connection] = threading.Lock()
            threading.Thread(target=self._serve, args=(connection,), name="control", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        lock = self._open[connection]
        try:
            for frame in read_frames(connection):
                if "log" in frame:
                    self._engine.wake()
                else:
                    self._ask(connection, lock, frame)
        except (OSError, ValueError, KeyError) as error:
            log.warning("control_connection_closed", error=str(error)[:200])
        finally:
            with self._lock:
                self._open.pop(connection, None)
            connection.close()

    def _ask(self, connection: socket.socket, lock: threading.Lock, frame: dict[str, Any]) -> None:
        number = frame["id"]

        def reply(text: str) -> None:
            self._send(connection, lock, {"id": number, "answer": text})

        actor = build(Actor, frame["actor"])
        self._engine.ask(Request(frame["key"], actor, command_from(frame["command"]), reply))

    def _send(self, connection: socket.socket, lock: threading.Lock, content: object) -> None:
        try:
            with lock:
                send_frame(connection, content)
        except OSError:
            connection.close()


_TWO_SECONDS = (2).to_bytes(8, "little") + (0).to_bytes(8, "little")
"""struct timeval: a peer that takes no bytes for so long is given up."""
