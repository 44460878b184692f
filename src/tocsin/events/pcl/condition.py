"""A condition that is ready to be asked, and what its caller has to know about it.

Decides what is kept of a text: the same text is read once. Never decides what a rule does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from tocsin.events.pcl.build import build
from tocsin.events.pcl.errors import Remark
from tocsin.events.pcl.parse import EVENT_ROOTS, parse
from tocsin.events.pcl.scene import Scene
from tocsin.events.pcl.tree import (
    And,
    Bare,
    Compare,
    Exists,
    Matches,
    Node,
    Not,
    Now,
    Or,
    Path,
    Threshold,
    Truth,
    Value,
    Within,
)
from tocsin.kernel.time import Span


@dataclass(frozen=True, slots=True)
class Counter:
    """A window of time in which a condition counts its rule's trigger events. `key` names it within the rule."""

    key: str
    span: Span
    resetting: bool


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """One condition. Its functions never raise, whatever the event holds.

    `holds`: whether it is true of the scene. `would_hold`: whether it is as far as everything but its counts goes,
    with these as they suit best; an event of which it is not true is none that a count of this rule counts.
    """

    text: str
    tree: Node
    remarks: tuple[Remark, ...]
    holds: Callable[[Scene], bool]
    would_hold: Callable[[Scene], bool]
    counters: tuple[Counter, ...]
    roots: frozenset[str]
    uses_now: bool


@lru_cache(maxsize=4096)
def compile(text: str, roots: frozenset[str] = EVENT_ROOTS) -> Condition:  # noqa: A001 - as in `re.compile`: read as `pcl.compile`
    """The condition that the text is. Raises PclError."""
    tree, remarks = parse(text, roots)
    values = tuple(values_of(tree))
    thresholds = dict.fromkeys(value for value in values if isinstance(value, Threshold))
    holds = build(tree)
    return Condition(
        text=text,
        tree=tree,
        remarks=remarks,
        holds=holds,
        would_hold=build(_uncounted(tree, best=True)) if thresholds else holds,
        counters=tuple(Counter(one.key, one.span, one.resetting) for one in thresholds),
        roots=frozenset(value.root for value in values if isinstance(value, Path)),
        uses_now=any(isinstance(value, Now) for value in values),
    )


def values_of(node: Node) -> Iterator[Value]:
    """All values in a tree, from left to right."""
    match node:
        case And() | Or():
            for part in node.parts:
                yield from values_of(part)
        case Not():
            yield from values_of(node.of)
        case Matches() | Compare():
            yield node.left
            yield node.right
        case Exists():
            yield node.path
        case Within():
            yield Now()
        case Bare():
            yield node.value


def _uncounted(node: Node, *, best: bool) -> Node:
    """The tree with `best` in the place of every comparison of a count: true, but below a `not` false."""
    match node:
        case And():
            return And(tuple(_uncounted(part, best=best) for part in node.parts))
        case Or():
            return Or(tuple(_uncounted(part, best=best) for part in node.parts))
        case Not():
            return Not(_uncounted(node.of, best=not best))
        case Compare() if isinstance(node.left, Threshold) or isinstance(node.right, Threshold):
            return Bare(Truth(best))
        case _:
            return node
