"""A condition as an English clause, to stand after "when": `summary contains "db" and severity is not "info"`.

Decides words only. What they say is always what the condition means; how it is written is `tree`'s affair.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, assert_never

from tocsin.events.pcl.condition import Condition
from tocsin.events.pcl.fixed import MIRRORED
from tocsin.events.pcl.tree import (
    And,
    Bare,
    Compare,
    Exists,
    How,
    Instant,
    Matches,
    Node,
    Not,
    Now,
    Number,
    Or,
    Path,
    Text,
    Threshold,
    Truth,
    Value,
    Within,
    clock,
    duration,
)

_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_SAID: Final = {"==": "equals", ">": "is above", ">=": "is at least", "<": "is below", "<=": "is at most"}
_DENIED: Final = {
    "==": "does not equal",
    **{sign: f"is not {said[3:]}" for sign, said in _SAID.items() if sign != "=="},
}
_WHEN: Final = {"==": "exactly", ">": "after", ">=": "at or after", "<": "before", "<=": "at or before"}
_COUNTED: Final = {"==": "exactly", ">": "more than", ">=": "at least", "<": "fewer than", "<=": "at most"}

_MATCHED: Final = {How.WHOLE: "is", How.PART: "contains", How.REGEX: "matches the pattern"}
_UNMATCHED: Final = {
    How.WHOLE: "is not",
    How.PART: "does not contain",
    How.REGEX: "does not match the pattern",
}


def explain(condition: Condition) -> str:
    """What the condition says, without a capital in front or a full stop behind."""
    return _clause(condition.tree)


def _clause(node: Node) -> str:
    match node:
        case And():
            return _joined([_grouped(part, Or) for part in node.parts], "and")
        case Or():
            return _joined([_grouped(part, And) for part in node.parts], "or")
        case Not():
            return _denied(node.of)
        case _:
            return _single(node, denied=False)


def _denied(node: Node) -> str:
    match node:
        case And():
            return f"not all of: {_joined([_grouped(part, And, Or) for part in node.parts], 'and')}"
        case Or():
            return f"none of: {_joined([_grouped(part, And, Or) for part in node.parts], 'or')}"
        case Not():
            return _clause(node.of)
        case _:
            return _single(node, denied=True)


def _grouped(node: Node, *other: type) -> str:
    """In parentheses, if it is a list of another kind, or one that begins with "not all of"."""
    inside = node.of if isinstance(node, Not) else node
    list_like = isinstance(node, other) or (isinstance(node, Not) and isinstance(inside, And | Or))
    return f"({_clause(node)})" if list_like else _clause(node)


def _joined(clauses: Sequence[str], word: str) -> str:
    return f" {word} ".join(clauses)


def _single(node: Exists | Matches | Compare | Within | Bare, *, denied: bool) -> str:
    match node:
        case Exists():
            return f"{_name(node.path)} is {'absent' if denied else 'present'}"
        case Matches():
            verb = (_UNMATCHED if denied else _MATCHED)[node.how]
            case_matters = " (capitals matter)" if node.exactly else ""
            return f"{_said(node.left)} {verb} {_said(node.right)}{case_matters}"
        case Compare():
            return _comparison(node, denied=denied)
        case Within():
            return f"it is {'not ' if denied else ''}{_schedule(node)}"
        case Bare():
            return _bare(node.value, denied=denied)
        case _:
            assert_never(node)


def _bare(value: Value, *, denied: bool) -> str:
    if isinstance(value, Path):
        return f"{_name(value)} is {'not ' if denied else ''}true"
    holds = isinstance(value, Truth) and value.value
    return "always" if holds is not denied else "never"


def _comparison(node: Compare, *, denied: bool) -> str:
    left, sign, right = node.left, node.sign, node.right
    if isinstance(right, Threshold | Now) and not isinstance(left, Threshold | Now):
        left, sign, right = right, MIRRORED[sign], left
    if isinstance(left, Threshold):
        return f"{'not ' if denied else ''}{_count(left, sign, right)}"
    if isinstance(left, Now):
        return f"it is {'not ' if denied else ''}{_WHEN[sign]} {_said(right)}"
    return f"{_said(left)} {(_DENIED if denied else _SAID)[sign]} {_said(right)}"


def _count(threshold: Threshold, sign: str, limit: Value) -> str:
    events = "event" if limit == Number(1) else "events"
    starts_over = ", which then starts over" if threshold.resetting else ""
    length = duration(threshold.span)
    length = length.removeprefix("1 ") if length in {"1 second", "1 minute", "1 hour", "1 day"} else length
    return f"{_COUNTED[sign]} {_said(limit)} {events} came within the last {length}{starts_over}"


def _said(value: Value) -> str:
    match value:
        case Path():
            return _name(value)
        case Text():
            return f'"{value.value}"'
        case Now():
            return "the time"
        case Threshold():
            return f"the number of events within the last {duration(value.span)}"
        case Number() | Truth():
            return str(value)
        case Instant():
            return f"{value.wall} ({value.zone})"
        case _:
            assert_never(value)


def _name(path: Path) -> str:
    """`summary`, `detail host`, `variable count`, `payload.id of the raw event`."""
    steps = path.steps
    if path.root == "cache_var":
        return f"variable {_dotted(steps[1:])}"
    if len(steps) == 1:
        return f"the {'raw event' if path.root == 'raw_event' else path.root}"
    if path.root == "raw_event":
        return f"{_dotted(steps[1:])} of the raw event"
    if steps[1] == "custom_details" and len(steps) > 2:
        return f"detail {_dotted(steps[2:])}"
    return _dotted(steps[1:])


def _dotted(steps: Sequence[str | int]) -> str:
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _schedule(node: Within) -> str:
    start, end = _short(node.start), _short(node.end)
    if node.end == node.start:
        until = f"from {start}, for 24 hours"
    elif node.end < node.start:
        until = f"from {start} to {end} of the next day"
    else:
        until = f"from {start} to {end}"
    return f"{_days(node.days)} {until} ({node.zone})"


def _short(second: int) -> str:
    return clock(second).removesuffix(":00") if second % 60 == 0 else clock(second)


def _days(days: tuple[int, ...]) -> str:
    if len(days) == 7:
        return "any day"
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{_DAYS[days[0]]} to {_DAYS[days[-1]]}"
    names = [_DAYS[day] for day in days]
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]
