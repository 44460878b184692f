"""What a decision consists of: new state, facts, effects and timers. The shell stores all of it in one transaction.

Stations subclass `Command`, `Fact` and `Effect`; each subclass names itself in `kind` (`incident.acknowledged`),
which is also its stored form, so a kind is never renamed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeAlias

from tocsin.kernel.time import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """An order, named in the imperative. May be refused; nothing has happened yet."""

    kind: ClassVar[str] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that has happened, in the past tense. `incident_id` says on whose timeline it stands ("" = none)."""

    kind: ClassVar[str] = ""
    incident_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A request to the outside world. `key` is unique for ever: the same effect is never stored twice."""

    kind: ClassVar[str] = ""
    key: str


class Entity(Protocol):
    """A noun with state of its own that a decision may change: alert, incident, page ..."""

    @property
    def id(self) -> str:
        """The noun's id, unique among its kind."""


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Run `command` when `due_at` has come. A timer with the same key is replaced."""

    key: str
    due_at: Moment
    command: Command


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """Forget the timer with this key, if there is one."""

    key: str


TimerChange: TypeAlias = SetTimer | CancelTimer


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome of a command. `state`: whole new values of the entities that changed; `value` answers the asker."""

    state: tuple[Entity, ...] = ()
    facts: tuple[Fact, ...] = ()
    effects: tuple[Effect, ...] = ()
    timers: tuple[TimerChange, ...] = ()
    value: Any = None

    def __add__(self, other: Decision) -> Decision:
        """Both decisions, this one first; the later value wins if there is one."""
        return Decision(
            state=self.state + other.state,
            facts=self.facts + other.facts,
            effects=self.effects + other.effects,
            timers=self.timers + other.timers,
            value=self.value if other.value is None else other.value,
        )


NOTHING = Decision()
"""The decision to do nothing at all."""
