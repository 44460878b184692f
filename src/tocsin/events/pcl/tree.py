"""A condition as a tree of frozen nodes. Each node, made a text again, is a condition that means the same.

Decides how a condition is written; never what it is true of (`condition`) and never what is allowed (`parse`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, TypeAlias

from tocsin.events.pcl.values import float_text
from tocsin.kernel.time import DAY, HOUR, MINUTE, SECOND, Moment, Span

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

UNITS: Final = {"day": DAY, "hour": HOUR, "minute": MINUTE, "second": SECOND}

OPERATOR_WORDS: Final = frozenset({"and", "or", "not", "in", "exists", "matches", "now"})

RESERVED: Final = OPERATOR_WORDS | frozenset(
    [
        "at",
        "do",
        "as",
        "break",
        "const",
        "continue",
        "def",
        "else",
        "end",
        "eq",
        "for",
        "function",
        "gte",
        "gt",
        "if",
        "import",
        "is",
        "let",
        "lte",
        "lt",
        "loop",
        "namespace",
        "package",
        "require",
        "return",
        "var",
        "void",
        "when",
        "while",
    ]
)
"""Words that a path holds in brackets only: `event['if']`."""

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def is_plain(name: str) -> bool:
    """Whether a path may hold the name after a dot."""
    return name not in RESERVED and _IDENTIFIER.fullmatch(name) is not None


def quoted(text: str) -> str:
    """The text as a literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


@dataclass(frozen=True, slots=True)
class Path:
    """Where a value lies: the root, then names and indexes."""

    steps: tuple[str | int, ...]
    key: str = field(init=False, compare=False, repr=False)  # what caches know it by, written once

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", "".join([str(self.steps[0]), *map(_step, self.steps[1:])]))

    def __str__(self) -> str:
        return self.key

    @property
    def root(self) -> str:
        """`event`, `raw_event`, `cache_var` or `incident`."""
        return str(self.steps[0])


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if is_plain(step) else f"[{quoted(step)}]"


@dataclass(frozen=True, slots=True)
class Text:
    """A text in single quotes."""

    value: str

    def __str__(self) -> str:
        return quoted(self.value)


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number of 64 bits, or a float."""

    value: int | float

    def __str__(self) -> str:
        return float_text(self.value) if isinstance(self.value, float) else str(self.value)


@dataclass(frozen=True, slots=True)
class Truth:
    """`true` or `false`."""

    value: bool

    def __str__(self) -> str:
        return "true" if self.value else "false"


@dataclass(frozen=True, slots=True)
class Instant:
    """A date and time in a zone, and the moment that it is."""

    wall: str
    zone: str
    moment: Moment

    def __str__(self) -> str:
        return f"{self.wall} {self.zone}"


@dataclass(frozen=True, slots=True)
class Now:
    """The time at which the event is looked at."""

    def __str__(self) -> str:
        return "now"


@dataclass(frozen=True, slots=True)
class Threshold:
    """How many trigger events came to the rule within the last `span`."""

    span: Span
    resetting: bool = False

    @property
    def key(self) -> str:
        """Names the counter within its rule: two of the same kind and length are one."""
        return str(self)

    def __str__(self) -> str:
        return f"{'resetting_' if self.resetting else ''}trigger_count over {duration(self.span)}"


Value: TypeAlias = Path | Text | Number | Truth | Instant | Now | Threshold


def duration(span: Span) -> str:
    """`1 hour 30 minutes`."""
    words = []
    for unit, length in UNITS.items():
        count, span = divmod(span, length)
        if count:
            words.append(f"{count} {unit}{'' if count == 1 else 's'}")
    return " ".join(words)


def clock(second: int) -> str:
    """`09:00:00`, for the second of a day."""
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"


@dataclass(frozen=True, slots=True)
class Bare:
    """A value that stands where a condition is wanted: true if it is the boolean true."""

    value: Value

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True, slots=True)
class Exists:
    """Something lies at the path, be it null."""

    path: Path

    def __str__(self) -> str:
        return f"{self.path} exists"


class How(Enum):
    """How `matches` compares."""

    WHOLE = "matches"  # all of the text
    PART = "matches part"  # the text contains it
    REGEX = "matches regex"  # a regular expression finds something in the text


@dataclass(frozen=True, slots=True)
class Matches:
    """Compares texts, ignoring case unless `exactly`."""

    left: Value
    how: How
    right: Value
    exactly: bool = False

    def __str__(self) -> str:
        return f"{self.left} {self.how.value}{' exactly' if self.exactly else ''} {self.right}"


@dataclass(frozen=True, slots=True)
class Compare:
    """`==` for values of one kind; `>`, `>=`, `<`, `<=` for numbers and times."""

    left: Value
    sign: str
    right: Value

    def __str__(self) -> str:
        return f"{self.left} {self.sign} {self.right}"


@dataclass(frozen=True, slots=True)
class Within:
    """`now in`: a weekly schedule by the clock of a zone.

    `days` (0 is Monday) are those on which it starts, `start` and `end` seconds of the day; an end that is not after
    the start lies on the next day.
    """

    days: tuple[int, ...]
    start: int
    end: int
    zone: str

    def __str__(self) -> str:
        days = ",".join(DAYS[day] for day in self.days)
        return f"now in {days} {clock(self.start)} to {clock(self.end)} {self.zone}"


@dataclass(frozen=True, slots=True)
class Not:
    """True when the condition is not."""

    of: Node

    def __str__(self) -> str:
        return f"not {_grouped(self.of, And, Or, Not)}"


@dataclass(frozen=True, slots=True)
class And:
    """Every part is true."""

    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return " and ".join(_grouped(part, And, Or) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Or:
    """Some part is true."""

    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return " or ".join(_grouped(part, Or) for part in self.parts)


Node: TypeAlias = And | Or | Not | Exists | Matches | Compare | Within | Bare


def _grouped(node: Node, *looser: type) -> str:
    return f"({node})" if isinstance(node, looser) else str(node)
