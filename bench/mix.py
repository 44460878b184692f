"""The events of the benchmarks: which key comes next, and the bytes that say so. Same seed, same events.

A *mix* is so many shares of repeats, resolves and new alerts in twenty events. Repeats and resolves concern alerts
that were opened a while ago, so that requests which overtake each other on different connections change nothing.
Decides nothing about pace or connections: `generator` does.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

SIZE = 512
"""Bytes of a body, as in the benchmark of accepting."""

_MARK = "@@@@@@@@@@@@"
_KEY_MARK = "%" * 32


@dataclass(frozen=True)
class Mix:
    """Shares of twenty events."""

    repeats: int = 18
    resolves: int = 1
    new: int = 1

    @property
    def total(self) -> int:
        """Events in one round."""
        return self.repeats + self.resolves + self.new


USUAL = Mix()
"""90 % repeats, 5 % resolves, 5 % new incidents."""

ALL_NEW = Mix(0, 0, 1)
"""A storm: every event is a new alert."""


class Step(NamedTuple):
    """One event: what it does (`trigger` or `resolve`), to the alert of which number, and whether that one is new."""

    resolve: bool
    number: int
    is_new: bool


class Alerts:
    """The numbers of the alerts: [oldest, newest) are open. Numbers never return."""

    def __init__(self, oldest: int = 0, newest: int = 0, seed: int = 1) -> None:
        self.oldest = oldest
        self.newest = newest
        self._random = random.Random(seed)

    def steps(self, mix: Mix) -> Iterator[Step]:
        """Events without end."""
        kinds = ["repeat"] * mix.repeats + ["resolve"] * mix.resolves + ["new"] * mix.new
        while True:
            self._random.shuffle(kinds)
            for kind in kinds:
                yield self._step(kind)

    def _step(self, kind: str) -> Step:
        if kind == "new" or self.newest - self.oldest < 10:
            self.newest += 1
            return Step(resolve=False, number=self.newest - 1, is_new=True)
        if kind == "resolve":
            self.oldest += 1
            return Step(resolve=True, number=self.oldest - 1, is_new=False)
        margin = (self.newest - self.oldest) // 5
        number = self._random.randrange(self.oldest + margin, self.newest - margin)
        return Step(resolve=False, number=number, is_new=False)


class Bodies:
    """The bytes of events: alert `number` belongs to integration `number % len(keys)`."""

    def __init__(self, routing_keys: Sequence[str], size: int = SIZE) -> None:
        self._routing_keys = [key.encode() for key in routing_keys]
        self._trigger = _parts(_trigger(size))
        self._resolve = _parts(_resolve())

    def body(self, step: Step) -> bytes:
        """One event's JSON."""
        first, second, third, fourth = self._resolve if step.resolve else self._trigger
        number = b"%012d" % step.number
        key = self._routing_keys[step.number % len(self._routing_keys)]
        return b"".join((first, key, second, number, third, number, fourth))


def dedup_key(number: int) -> str:
    """The key of an alert."""
    return f"bench-{number:012d}"


def number_in(text: str) -> int | None:
    """The alert's number in a page about it."""
    _, mark, rest = text.partition("alarm-")
    return int(rest[:12]) if mark and rest[:12].isdigit() else None


def _trigger(size: int) -> str:
    details = {"free": "0 %", "note": ""}
    payload = {"summary": f"alarm-{_MARK} disk is full", "source": "host.example.org", "severity": "critical"}
    event = {
        "routing_key": _KEY_MARK,
        "event_action": "trigger",
        "dedup_key": f"bench-{_MARK}",
        "payload": {**payload, "component": "disk", "custom_details": details},
    }
    details["note"] = "x" * (size - len(json.dumps(event)))
    return json.dumps(event)


def _resolve() -> str:
    event = {"routing_key": _KEY_MARK, "event_action": "resolve", "dedup_key": f"bench-{_MARK}", "client": _MARK}
    return json.dumps(event)


def _parts(text: str) -> tuple[bytes, bytes, bytes, bytes]:
    head, rest = text.split(_KEY_MARK)
    first, second, third = rest.split(_MARK)
    return head.encode(), first.encode(), second.encode(), third.encode()
