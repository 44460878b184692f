"""Comparisons whose answer is known without an event, because of what stands on their two sides.

Decides by kinds, and by the fact that a count includes the event that asks. Never works out two literals: `reach` does.
"""

from __future__ import annotations

from tocsin.events.pcl.tree import Compare, Instant, Now, Number, Path, Text, Threshold, Truth, Value
from tocsin.events.pcl.values import Kind, compare

MIRRORED = {"==": "==", ">": "<", ">=": "<=", "<": ">", "<=": ">="}
"""What a sign becomes when the sides change places."""


def known_kind(value: Value) -> Kind | None:
    """What the value is whatever the event says; None for a path, which may lead to anything."""
    match value:
        case Text():
            return Kind.TEXT
        case Number() | Threshold():
            return Kind.NUMBER
        case Truth():
            return Kind.TRUTH
        case Instant() | Now():
            return Kind.TIME
        case Path():
            return None


def impossible(node: Compare) -> bool:
    """Whether the two sides can't be compared, whatever the event says. Then the comparison is always false."""
    kinds = [known_kind(node.left), known_kind(node.right)]
    known = {kind for kind in kinds if kind is not None}
    if node.sign != "==" and known - {Kind.NUMBER, Kind.TIME}:
        return True
    return len(known) > 1


def count_always(node: Compare) -> bool | None:
    """For a count beside a number: whether it is reached by every event or by none. Otherwise None.

    A count is at least 1, because the event that asks is counted.
    """
    count, sign, limit = node.left, node.sign, node.right
    if isinstance(limit, Threshold):
        count, sign, limit = limit, MIRRORED[sign], count
    if not isinstance(count, Threshold) or not isinstance(limit, Number):
        return None
    lowest = compare(1, sign, limit.value)
    if sign in {">", ">="}:
        return True if lowest else None
    if sign in {"<", "<="}:
        return None if lowest else False
    return None if limit.value >= 1 and limit.value == int(limit.value) else False
