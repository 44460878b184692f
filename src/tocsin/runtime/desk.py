"""The desk: how an edge asks the engine to do something, and what it may look at. Everybody who serves people uses it.

`run` sends one command and waits for its result; `config` is the configuration as of now; `reads` are the queries.
Decides nothing: permission is judged by the engine, where the command runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from tocsin.engine.config import Config
from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import Command


class Desk(Protocol):
    """What dialects and the web talk to. Safe to use from many threads."""

    def run(self, actor: Actor, command: Command, *, key: str = "") -> Any:
        """Have the engine run a command; returns the decision's value (plain values; a saved thing as its dataclass).

        `key` is an idempotency key: the same key again gives the first answer and acts once. Raises the TocsinError
        that refused it, or Unavailable when the engine does not answer within 10 s (it may still act).
        """

    def config(self) -> Config:
        """The configuration, never older than the last `run` of this process that returned."""


class Line(Desk, Protocol):
    """A desk that an edge keeps open: the way to the active engine, wherever it runs."""

    def start(self) -> None:
        """Begin to connect, and stay connected."""

    def close(self) -> None:
        """Hang up for good."""

    def tell_log_head(self, head: int, /) -> None:
        """Wake the engine: the log has entries up to `head`. If nobody hears, it will look by itself."""

    def engine_is_there(self) -> bool:
        """Whether an engine is at the other end now. Raises OutOfReach when a database between is."""

    def run_within(self, seconds: float, actor: Actor, command: Command, key: str) -> Any:
        """As `run`, with another patience."""

    def patient(self, seconds: float) -> Desk:
        """The same line for somebody who can't wait as long: `Unavailable` after so many seconds."""


class PatientDesk:
    """A desk on a line, with its own patience."""

    def __init__(self, line: Line, seconds: float) -> None:
        self._line = line
        self._seconds = seconds

    def run(self, actor: Actor, command: Command, *, key: str = "") -> Any:
        """Have the engine run a command; see `Desk.run`."""
        return self._line.run_within(self._seconds, actor, command, key)

    def config(self) -> Config:
        """The configuration as stored now."""
        return self._line.config()


class Door(Protocol):
    """The engine's end of the lines."""

    def start(self) -> None:
        """Begin to take requests."""

    def publish(self, topics: Iterable[str]) -> None:
        """Tell every edge what changed."""

    def close(self) -> None:
        """Take no more requests."""
