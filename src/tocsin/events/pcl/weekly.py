"""Weekly times that never meet: whether conditions about the clock can hold together at all.

Decides only what is certain: by the clock on the wall of one zone, and for moments. Windows of different zones are not
compared, since how far apart their clocks are changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from tocsin.events.pcl.fixed import MIRRORED
from tocsin.events.pcl.tree import And, Compare, Instant, Node, Not, Now, Or, Within

Seconds: TypeAlias = tuple[tuple[int, int], ...]
"""Seconds of a week from Monday 00:00 on, as first and last ones, in order and apart."""

_DAY: Final = 24 * 3600
_LAST: Final = 7 * _DAY - 1
_WHOLE_WEEK: Final[Seconds] = ((0, _LAST),)


def never_together(parts: Sequence[Node]) -> bool:
    """Whether these conditions, all of which have to hold, leave no time of the week and no moment."""
    flat = list(_flat(parts))
    for zone in {zone for part in flat for zone in _zones(part)}:
        left = _WHOLE_WEEK
        for part in flat:
            seconds = _seconds(part, zone)
            left = left if seconds is None else _both(left, seconds)
        if not left:
            return True
    return _no_moment(flat)


def always_one(parts: Sequence[Node]) -> bool:
    """Whether these conditions, one of which is enough, leave no second of the week out."""
    zones = {zone for part in parts for zone in _zones(part)}
    return any(
        not _others(_joined(found for part in parts if (found := _seconds(part, zone)) is not None)) for zone in zones
    )


def _flat(parts: Iterable[Node]) -> Iterable[Node]:
    for part in parts:
        if isinstance(part, And):
            yield from _flat(part.parts)
        else:
            yield part


def _zones(node: Node) -> frozenset[str]:
    match node:
        case Within():
            return frozenset({node.zone})
        case Not():
            return _zones(node.of)
        case And() | Or():
            return frozenset().union(*map(_zones, node.parts))
        case _:
            return frozenset()


def _seconds(node: Node, zone: str) -> Seconds | None:
    """When it holds, None for what is not about this zone's clock alone."""
    match node:
        case Within() if node.zone == zone:
            return _of_window(node)
        case Not():
            inner = _seconds(node.of, zone)
            return None if inner is None else _others(inner)
        case And() | Or():
            found = [_seconds(part, zone) for part in node.parts]
            known = [one for one in found if one is not None]
            if len(known) < len(found):
                return None
            if isinstance(node, Or):
                return _joined(known)
            left = _WHOLE_WEEK
            for one in known:
                left = _both(left, one)
            return left
        case _:
            return None


def _of_window(window: Within) -> Seconds:
    """Its last second belongs to it; one that goes over Sunday's midnight comes again at the week's begin."""
    found = []
    for day in window.days:
        begin = day * _DAY + window.start
        end = day * _DAY + window.end + (_DAY if window.end <= window.start else 0)
        found.append(((begin, min(end, _LAST)),))
        if end > _LAST:
            found.append(((0, end - _LAST - 1),))
    return _joined(found)


def _joined(every: Iterable[Seconds]) -> Seconds:
    found: list[tuple[int, int]] = []
    for begin, end in sorted(span for one in every for span in one):
        if found and begin <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return tuple(found)


def _others(seconds: Seconds) -> Seconds:
    begins = [0, *(end + 1 for _, end in seconds)]
    ends = [*(begin - 1 for begin, _ in seconds), _LAST]
    return tuple((begin, end) for begin, end in zip(begins, ends, strict=True) if begin <= end)


def _both(left: Seconds, right: Seconds) -> Seconds:
    return _others(_joined((_others(left), _others(right))))


def _no_moment(parts: Iterable[Node]) -> bool:
    """Whether `now` would have to be after one moment and before an earlier one."""
    after, before = [], []
    for part in parts:
        sided = _sided(part)
        if sided is None:
            continue
        sign, moment = sided
        if sign in {">", ">=", "=="}:
            after.append(moment + (sign == ">"))
        if sign in {"<", "<=", "=="}:
            before.append(moment - (sign == "<"))
    return bool(after and before) and max(after) > min(before)


def _sided(node: Node) -> tuple[str, int] | None:
    """`now < moment` as sign and moment, whichever side `now` stands on."""
    if not isinstance(node, Compare):
        return None
    if isinstance(node.left, Now) and isinstance(node.right, Instant):
        return node.sign, node.right.moment
    if isinstance(node.right, Now) and isinstance(node.left, Instant):
        return MIRRORED[node.sign], node.left.moment
    return None
