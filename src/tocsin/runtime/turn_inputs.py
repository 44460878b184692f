"""What one turn of the engine works on, and how it is parted to find the input that is to blame for a failed one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import Command
from tocsin.paging.messages import AnswerWaiting, RecordAttempt
from tocsin.storage.log import Entry
from tocsin.storage.turns import DueTimer, Waiting

T = TypeVar("T")

REQUESTS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks of the engine, and where the answer goes. `key`: asked again, it acts once."""

    key: str
    actor: Actor
    command: Command
    reply: Callable[[str], None]


@dataclass(slots=True)
class Inputs:
    """What one turn works on."""

    requests: list[Request]
    results: list[RecordAttempt]
    again: list[Waiting]
    timers: list[DueTimer]
    entries: list[Entry]
    may_read_on: bool = False
    deliveries: list[Command] = field(default_factory=list)

    def __bool__(self) -> bool:
        every = (self.requests, self.results, self.again, self.timers, self.entries, self.deliveries)
        return any(every)


def answers_first(due: list[DueTimer]) -> list[DueTimer]:
    """While an answer is on its way through many incidents, what else is due waits: it may call about one of them."""
    return [timer for timer in due if isinstance(timer.command, AnswerWaiting)] or due


def taken(waiting: deque[T]) -> list[T]:
    """The oldest of what waits, as many as one turn takes."""
    return [waiting.popleft() for _ in range(min(len(waiting), REQUESTS_AT_ONCE))]


def halves(inputs: Inputs) -> list[Inputs]:
    """The inputs in two parts that are each smaller; [] when there is only one."""
    singles = [
        *(Inputs([one], [], [], [], []) for one in inputs.requests),
        *(Inputs([], [one], [], [], []) for one in inputs.results),
        *(Inputs([], [], [one], [], []) for one in inputs.again),
        *(Inputs([], [], [], [one], []) for one in inputs.timers),
        *(Inputs([], [], [], [], [], deliveries=[one]) for one in inputs.deliveries),
    ]
    entries = inputs.entries
    if not entries:
        return singles if len(singles) > 1 else []
    if singles:
        return [*singles, Inputs([], [], [], [], entries)]
    middle = len(entries) // 2
    return [Inputs([], [], [], [], entries[:middle]), Inputs([], [], [], [], entries[middle:])] if middle else []
