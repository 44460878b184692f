"""What the demo's pages need: phones that can be looked at and answered, and the show that is told in steps.

Protocols only; who stages the show stands elsewhere, and only the demo mounts these pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from tocsin.kernel.time import Moment
from tocsin.kernel.wording import phrase


@dataclass(frozen=True, slots=True)
class BoothText:
    """A text on a phone. `mine`: its owner wrote it."""

    body: str
    at: Moment
    mine: bool = False


@dataclass(frozen=True, slots=True)
class BoothCall:
    """A call to a phone. `state` is "ringing", "answered", "missed" or "ended"; `heard` is what was said, in order.

    `keys` are those that mean something, each with a word or two.
    """

    call_id: str
    state: str
    at: Moment
    heard: tuple[str, ...] = ()
    pressed: str = ""
    keys: tuple[tuple[str, str], ...] = (
        ("1", phrase("I have it")),
        ("6", phrase("it is over")),
        ("*", phrase("say again")),
    )


@dataclass(frozen=True, slots=True)
class BoothPhone:
    """One phone: whose it is, and what it has seen, oldest first. `note` says who that is ("primary on call")."""

    number: str
    name: str
    note: str = ""
    texts: tuple[BoothText, ...] = ()
    calls: tuple[BoothCall, ...] = ()


class PhoneBooth(Protocol):
    """The phones of the demo. Safe to use from many threads. Acting raises TocsinError when it makes no sense (now)."""

    def phones(self) -> Sequence[BoothPhone]:
        """Every phone, in the order in which they are shown."""

    def reply(self, number: str, text: str) -> None:
        """The owner of the phone sends a text to us."""

    def pick_up(self, call_id: str) -> None:
        """The owner takes the call."""

    def press(self, call_id: str, digit: str) -> None:
        """The owner presses a key, taking the call first if it still rings."""

    def hang_up(self, call_id: str) -> None:
        """The owner ends or declines the call."""


class ShowAction(StrEnum):
    """What the audience can do; each is a button."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    NEXT = "next"
    SKIP = "skip"
    AGAIN = "again"  # send the next alert, after the end


@dataclass(frozen=True, slots=True)
class ShowStep:
    """One step of the story: a title of a few words and a sentence that explains it."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class EndCard:
    """What the story came to: figures as (value, what it counts), measured; and the snippet for one's own monitor."""

    figures: tuple[tuple[str, str], ...]
    snippet: str = ""
    empty_command: str = ""


@dataclass(frozen=True, slots=True)
class ShowState:
    """Where the show is. `step` counts from 0 (not started) to len(steps); `wish` asks the audience to do something."""

    steps: tuple[ShowStep, ...]
    step: int = 0
    paused: bool = False
    wish: str = ""
    incident_number: int = 0
    end: EndCard | None = None
    actions: tuple[ShowAction, ...] = ()


class DemoShow(Protocol):
    """The director, as pages see it. Safe to use from many threads."""

    def state(self) -> ShowState:
        """Where the show is."""

    def act(self, action: ShowAction) -> None:
        """The audience pressed a button. Raises Conflict when it makes no sense (any more)."""


DEMO_TOPIC = "demo"
"""Published on the bus when a phone or the show has changed."""
