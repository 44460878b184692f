"""A condition as an English clause, to stand after "when": `summary contains "db" and severity is not "info"`.

Decides words only. What they say is always what the condition means; how it is written is `tree`'s affair.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, assert_never

from tocsin.events.pcl.condition import Condition
from tocsin.events.pcl.fixed import MIRRORED
from tocsin.events.pcl.tree import (
    UNITS,
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
)
from tocsin.kernel.time import DAY, HOUR, MINUTE, SECOND, Span
from tocsin.kernel.wording import joined, nphrase, phrase, verbatim, word

_DAYS: Final = (
    phrase("Monday"),
    phrase("Tuesday"),
    phrase("Wednesday"),
    phrase("Thursday"),
    phrase("Friday"),
    phrase("Saturday"),
    phrase("Sunday"),
)

_SAID: Final = {
    "==": word("%(left)s equals %(right)s"),
    ">": word("%(left)s is above %(right)s"),
    ">=": word("%(left)s is at least %(right)s"),
    "<": word("%(left)s is below %(right)s"),
    "<=": word("%(left)s is at most %(right)s"),
}
_DENIED: Final = {
    "==": word("%(left)s does not equal %(right)s"),
    ">": word("%(left)s is not above %(right)s"),
    ">=": word("%(left)s is not at least %(right)s"),
    "<": word("%(left)s is not below %(right)s"),
    "<=": word("%(left)s is not at most %(right)s"),
}
_WHEN: Final = {
    "==": word("exactly %(time)s"),
    ">": word("after %(time)s"),
    ">=": word("at or after %(time)s"),
    "<": word("before %(time)s"),
    "<=": word("at or before %(time)s"),
}
_COUNTED: Final = {
    "==": word("exactly %(count)s"),
    ">": word("more than %(count)s"),
    ">=": word("at least %(count)s"),
    "<": word("fewer than %(count)s"),
    "<=": word("at most %(count)s"),
}
_MATCHED: Final = {
    How.WHOLE: word("%(left)s is %(right)s%(capitals)s"),
    How.PART: word("%(left)s contains %(right)s%(capitals)s"),
    How.REGEX: word("%(left)s matches the pattern %(right)s%(capitals)s"),
}
_UNMATCHED: Final = {
    How.WHOLE: word("%(left)s is not %(right)s%(capitals)s"),
    How.PART: word("%(left)s does not contain %(right)s%(capitals)s"),
    How.REGEX: word("%(left)s does not match the pattern %(right)s%(capitals)s"),
}
_LAST: Final = {
    SECOND: phrase("the last second"),
    MINUTE: phrase("the last minute"),
    HOUR: phrase("the last hour"),
    DAY: phrase("the last day"),
}


def explain(condition: Condition) -> str:
    """What the condition says, without a capital in front or a full stop behind."""
    return _clause(condition.tree)


def _clause(node: Node) -> str:
    match node:
        case And():
            return _all([_grouped(part, Or) for part in node.parts])
        case Or():
            return _any([_grouped(part, And) for part in node.parts])
        case Not():
            return _denied(node.of)
        case _:
            return _single(node, denied=False)


def _denied(node: Node) -> str:
    match node:
        case And():
            return phrase("not all of: %(tests)s", tests=_all([_grouped(part, And, Or) for part in node.parts]))
        case Or():
            return phrase("none of: %(tests)s", tests=_any([_grouped(part, And, Or) for part in node.parts]))
        case Not():
            return _clause(node.of)
        case _:
            return _single(node, denied=True)


def _grouped(node: Node, *other: type) -> str:
    """In parentheses, if it is a list of another kind, or one that begins with "not all of"."""
    inside = node.of if isinstance(node, Not) else node
    list_like = isinstance(node, other) or (isinstance(node, Not) and isinstance(inside, And | Or))
    return phrase("(%(tests)s)", tests=_clause(node)) if list_like else _clause(node)


def _all(clauses: Sequence[str]) -> str:
    """Halved and halved again, so that many do not stand in one another hundreds deep."""
    if len(clauses) == 1:
        return clauses[0]
    half = len(clauses) // 2
    return phrase("%(one)s and %(other)s", one=_all(clauses[:half]), other=_all(clauses[half:]))


def _any(clauses: Sequence[str]) -> str:
    if len(clauses) == 1:
        return clauses[0]
    half = len(clauses) // 2
    return phrase("%(one)s or %(other)s", one=_any(clauses[:half]), other=_any(clauses[half:]))


def _single(node: Exists | Matches | Compare | Within | Bare, *, denied: bool) -> str:
    match node:
        case Exists():
            name = _name(node.path)
            return phrase("%(name)s is absent", name=name) if denied else phrase("%(name)s is present", name=name)
        case Matches():
            how = (_UNMATCHED if denied else _MATCHED)[node.how]
            capitals = phrase(" (capitals matter)") if node.exactly else ""
            return phrase(how, left=_said(node.left), right=_said(node.right), capitals=capitals)
        case Compare():
            return _comparison(node, denied=denied)
        case Within():
            return _it_is(_schedule(node), denied=denied)
        case Bare():
            return _bare(node.value, denied=denied)
        case _:
            assert_never(node)


def _it_is(when: str, *, denied: bool) -> str:
    return phrase("it is not %(when)s", when=when) if denied else phrase("it is %(when)s", when=when)


def _bare(value: Value, *, denied: bool) -> str:
    if isinstance(value, Path):
        name = _name(value)
        return phrase("%(name)s is not true", name=name) if denied else phrase("%(name)s is true", name=name)
    holds = isinstance(value, Truth) and value.value
    return phrase("always") if holds is not denied else phrase("never")


def _comparison(node: Compare, *, denied: bool) -> str:
    left, sign, right = node.left, node.sign, node.right
    if isinstance(right, Threshold | Now) and not isinstance(left, Threshold | Now):
        left, sign, right = right, MIRRORED[sign], left
    if isinstance(left, Threshold):
        count = _count(left, sign, right)
        return phrase("not %(count)s", count=count) if denied else count
    if isinstance(left, Now):
        return _it_is(phrase(_WHEN[sign], time=_said(right)), denied=denied)
    return phrase((_DENIED if denied else _SAID)[sign], left=_said(left), right=_said(right))


def _count(threshold: Threshold, sign: str, limit: Value) -> str:
    again = phrase(", which then starts over") if threshold.resetting else ""
    within = _LAST.get(threshold.span) or _last(threshold.span)
    return nphrase(
        "%(count)s event came within %(within)s%(again)s",
        "%(count)s events came within %(within)s%(again)s",
        1 if limit == Number(1) else 2,
        count=phrase(_COUNTED[sign], count=_said(limit)),
        within=within,
        again=again,
    )


def _last(span: Span) -> str:
    """As `duration` writes it."""
    parts = []
    for unit, length in UNITS.items():
        count, span = divmod(span, length)
        if count:
            parts.append(_counted(unit, count))
    return phrase("the last %(span)s", span=joined(parts, " "))


def _counted(unit: str, count: int) -> str:
    match unit:
        case "day":
            return nphrase("%(num)s day", "%(num)s days", count)
        case "hour":
            return nphrase("%(num)s hour", "%(num)s hours", count)
        case "minute":
            return nphrase("%(num)s minute", "%(num)s minutes", count)
        case _:
            return nphrase("%(num)s second", "%(num)s seconds", count)


def _said(value: Value) -> str:
    match value:
        case Path():
            return _name(value)
        case Text():
            return verbatim(f'"{value.value}"')
        case Now():
            return phrase("the time")
        case Threshold():
            return phrase("the number of events within %(within)s", within=_last(value.span))
        case Number() | Truth():
            return str(value)
        case Instant():
            return verbatim(f"{value.wall} ({value.zone})")
        case _:
            assert_never(value)


def _name(path: Path) -> str:
    """`summary`, `detail host`, `variable count`, `payload.id of the raw event`."""
    steps = path.steps
    if path.root == "cache_var":
        return phrase("variable %(name)s", name=_dotted(steps[1:]))
    if len(steps) == 1:
        return phrase("the raw event") if path.root == "raw_event" else phrase("the %(root)s", root=verbatim(path.root))
    if path.root == "raw_event":
        return phrase("%(path)s of the raw event", path=_dotted(steps[1:]))
    if steps[1] == "custom_details" and len(steps) > 2:
        return phrase("detail %(path)s", path=_dotted(steps[2:]))
    return _dotted(steps[1:])


def _dotted(steps: Sequence[str | int]) -> str:
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return verbatim(text)


def _schedule(node: Within) -> str:
    start, end = _short(node.start), _short(node.end)
    days, zone = _days(node.days), verbatim(node.zone)
    if node.end == node.start:
        return phrase("%(days)s from %(start)s, for 24 hours (%(zone)s)", days=days, start=start, zone=zone)
    if node.end < node.start:
        return phrase(
            "%(days)s from %(start)s to %(end)s of the next day (%(zone)s)", days=days, start=start, end=end, zone=zone
        )
    return phrase("%(days)s from %(start)s to %(end)s (%(zone)s)", days=days, start=start, end=end, zone=zone)


def _short(second: int) -> str:
    return clock(second).removesuffix(":00") if second % 60 == 0 else clock(second)


def _days(days: tuple[int, ...]) -> str:
    if len(days) == 7:
        return phrase("any day")
    names = [_DAYS[day] for day in days]
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return phrase("%(first)s to %(last)s", first=names[0], last=names[-1])
    if len(names) == 1:
        return names[0]
    return phrase("%(days)s or %(last)s", days=joined(names[:-1]), last=names[-1])
