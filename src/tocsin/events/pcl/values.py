"""Values that a condition compares: what counts as equal, as greater, and what a value is as text.

Decides the conversions of `matches` and the comparisons of numbers and times. Nothing here ever raises because of a
value: two things that can't be compared are simply not equal, not greater and not less.
"""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Final

LEFT_BYTES: Final = 64 * 1024
"""So much of a text is looked at, in UTF-8."""

EXACT_FLOATS: Final = 2.0**53
"""Up to here a float tells all whole numbers apart."""

OPERATORS: Final[Mapping[str, Callable[..., bool]]] = {
    "==": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


class Kind(Enum):
    """What a value is, as far as comparing goes. Only values of one kind can be equal."""

    NOTHING = "nothing"
    TRUTH = "true or false"
    NUMBER = "a number"
    TEXT = "a text"
    TIME = "a time"
    OTHER = "an object or a list"


class _Missing(Enum):
    MISSING = "missing"


MISSING: Final = _Missing.MISSING
"""What lies at a path that does not exist; a null that is there is None."""


def kind_of(value: object) -> Kind:
    """What the value is. A datetime without a zone is no time: nobody knows when it is."""
    if value is None or value is MISSING:
        return Kind.NOTHING
    if isinstance(value, bool):
        return Kind.TRUTH
    if isinstance(value, int | float):
        return Kind.NUMBER
    if isinstance(value, str):
        return Kind.TEXT
    if isinstance(value, datetime) and value.tzinfo is not None:
        return Kind.TIME
    return Kind.OTHER


def compare(left: object, sign: str, right: object) -> bool:
    """`left sign right`. Two absent values are not equal: what nobody said can't agree."""
    kind = kind_of(left)
    if kind is Kind.NOTHING or kind is not kind_of(right):
        return False
    if kind is Kind.NUMBER:
        left, right = _alike(left, right)
    elif sign != "==" and kind is not Kind.TIME:
        return False
    return OPERATORS[sign](left, right)


def _alike(left: object, right: object) -> tuple[object, object]:
    """An integer and a float as the condition language compares them.

    Up to 2^53 the float is the more precise of the two, so the integer becomes one: 9007199254740993 equals
    9007199254740992.0. Beyond, the float becomes an integer; comparing the two, Python does just that.
    """
    if isinstance(left, int) and isinstance(right, float):
        return _as_float(left, right), right
    if isinstance(left, float) and isinstance(right, int):
        return left, _as_float(right, left)
    return left, right


def _as_float(number: int, beside: float) -> int | float:
    if abs(beside) <= EXACT_FLOATS and abs(number) <= 2 * EXACT_FLOATS:
        return float(number)
    return number


def as_text(value: object) -> str | None:
    """What `matches` sees: integers by their digits, objects and lists as JSON; None for what is nothing."""
    if isinstance(value, str):
        return value
    kind = kind_of(value)
    if kind is Kind.NOTHING:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, datetime) and kind is Kind.TIME:
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} Etc/UTC"
    return _json(value)


def float_text(value: float) -> str:
    """The shortest text that means this float, in the notation of the language: `0.1`, `100.0`, `1.0e16`."""
    text = repr(value)
    mantissa, mark, exponent = text.partition("e")
    if not mark or not math.isfinite(value):
        return text
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{int(exponent)}"


def _json(value: object) -> str | None:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)
    except (TypeError, ValueError, RecursionError):
        return None  # a number with thousands of digits, a loop: no text could be compared with it


def _plain(value: object) -> object:
    """JSON for what is none: any mapping is an object, anything else its text."""
    return dict(value) if isinstance(value, Mapping) else str(value)


def cut(text: str) -> str:
    """The part of a text that is looked at."""
    if len(text) * 4 <= LEFT_BYTES:
        return text
    octets = text.encode("utf-8", "replace")
    return text if len(octets) <= LEFT_BYTES else octets[:LEFT_BYTES].decode("utf-8", "ignore")
