"""Whether a condition is the same for every event. Decides by its own words only, never by other rules' conditions."""

from __future__ import annotations

from collections.abc import Iterable

from tocsin.events.pcl.build import build
from tocsin.events.pcl.condition import Condition, values_of
from tocsin.events.pcl.fixed import count_always, impossible
from tocsin.events.pcl.scene import Scene
from tocsin.events.pcl.tree import (
    And,
    Bare,
    Compare,
    Node,
    Not,
    Now,
    Or,
    Path,
    Threshold,
    Truth,
    Within,
)
from tocsin.events.pcl.weekly import always_one, never_together

_EMPTY = Scene(now=0)
_NEGATED = {True: False, False: True, None: None}
_DAY_SECONDS = 24 * 3600


def always(condition: Condition) -> bool | None:
    """True or False when the condition is that for every event at any time, None when it depends."""
    return _constant(condition.tree)


def apart_in_time(condition: Condition) -> bool:
    """Whether it never holds because the times that all have to hold in it never meet."""
    tree = condition.tree
    return isinstance(tree, And) and never_together(tree.parts)


def _constant(node: Node) -> bool | None:
    match node:
        case And():
            return False if never_together(node.parts) else _all(map(_constant, node.parts))
        case Or():
            return True if always_one(node.parts) else _NEGATED[_all(_NEGATED[_constant(part)] for part in node.parts)]
        case Not():
            return _NEGATED[_constant(node.of)]
        case Within():
            whole_days = (node.end - node.start) % _DAY_SECONDS in {0, _DAY_SECONDS - 1}
            return True if whole_days and len(node.days) == 7 else None
        case Compare():
            return _comparison(node)
        case Bare():
            if isinstance(node.value, Path):
                return None
            return isinstance(node.value, Truth) and node.value.value
        case _:
            return _literal(node)


def _all(parts: Iterable[bool | None]) -> bool | None:
    found = set(parts)
    if False in found:
        return False
    return None if None in found else True


def _comparison(node: Compare) -> bool | None:
    if impossible(node):
        return False
    known = count_always(node)
    return _literal(node) if known is None else known


def _literal(node: Node) -> bool | None:
    """A comparison of literals is what it is; anything else depends."""
    if any(isinstance(value, Path | Now | Threshold) for value in values_of(node)):
        return None
    return build(node)(_EMPTY)
