"""Turns a tree into a function of a scene: one closure for each node, the most common shapes with one of their own.

Decides what every operator is true of. The functions only ever return a bool: what can't be compared is false.
What does not depend on the event is worked out here. (Measured with bench/pcl_bench.py: objects with a method instead
of closures would take a tenth less, which the step from a condition to its object would take back.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, assert_never

from tocsin.events.pcl.fixed import MIRRORED
from tocsin.events.pcl.needed import needed_text
from tocsin.events.pcl.patterns import CONDITION_FLAGS, CONDITION_FLAGS_EXACTLY, compile_pattern, searcher
from tocsin.events.pcl.scene import UNREAD, Scene
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
)
from tocsin.events.pcl.values import EXACT_FLOATS, MISSING, OPERATORS, as_text, compare, cut
from tocsin.kernel.time import to_datetime

Test: TypeAlias = Callable[[Scene], bool]
Read: TypeAlias = Callable[[Scene], object]
ReadText: TypeAlias = Callable[[Scene], str | None]

_DAY_SECONDS = 24 * 3600
_THURSDAY = 3
"""The weekday of 1970-01-01, with Monday 0."""


def build(node: Node) -> Test:
    """The function that says whether the condition holds."""
    match node:
        case And():
            return _every([build(part) for part in node.parts])
        case Or():
            return _some([build(part) for part in node.parts])
        case Not():
            return _not(build(node.of))
        case Matches():
            return _matches(node)
        case Compare():
            return _compare(node)
        case Exists():
            return _exists(node.path)
        case Within():
            return _within(node)
        case Bare():
            return _bare(node.value)
        case _:
            assert_never(node)


def _every(tests: Sequence[Test]) -> Test:
    first, second, *rest = tests
    if not rest:
        return lambda scene: first(scene) and second(scene)
    if len(rest) == 1:
        third = rest[0]
        return lambda scene: first(scene) and second(scene) and third(scene)

    def every(scene: Scene) -> bool:
        for test in tests:  # noqa: SIM110 - a generator would cost as much as a test
            if not test(scene):
                return False
        return True

    return every


def _some(tests: Sequence[Test]) -> Test:
    first, second, *rest = tests
    if not rest:
        return lambda scene: first(scene) or second(scene)
    if len(rest) == 1:
        third = rest[0]
        return lambda scene: first(scene) or second(scene) or third(scene)

    def some(scene: Scene) -> bool:
        for test in tests:  # noqa: SIM110 - a generator would cost as much as a test
            if test(scene):
                return True
        return False

    return some


def _not(test: Test) -> Test:
    return lambda scene: not test(scene)


def _exists(path: Path) -> Test:
    key = path.key

    def exists(scene: Scene) -> bool:
        value = scene.values.get(key, UNREAD)  # most rules name details of their own, so most are unread
        return (scene.look(path) if value is UNREAD else value) is not MISSING

    return exists


def _bare(value: Value) -> Test:
    if isinstance(value, Truth):
        always = value.value
        return lambda _: always
    if not isinstance(value, Path):
        return lambda _: False
    path = value
    return lambda scene: scene.look(path) is True


def _matches(node: Matches) -> Test:
    if node.how is How.REGEX:
        return _regex(node)
    left = node.left
    right = None if isinstance(node.right, Path | Now | Threshold) else as_text(_constant(node.right))
    if isinstance(left, Path) and right is not None:
        if node.exactly:
            return _part_exactly(left, right) if node.how is How.PART else _whole_exactly(left, right)
        return _part(left, right.casefold()) if node.how is How.PART else _whole(left, right.casefold())
    return _any_matches(node)


def _part(path: Path, needle: str) -> Test:
    key = path.key

    def part(scene: Scene) -> bool:
        try:
            text = scene.folds[key]
        except KeyError:
            text = scene.fold(path)
        return text is not None and needle in text

    return part


def _whole(path: Path, wanted: str) -> Test:
    key = path.key

    def whole(scene: Scene) -> bool:
        try:
            return scene.folds[key] == wanted
        except KeyError:
            return scene.fold(path) == wanted

    return whole


def _part_exactly(path: Path, needle: str) -> Test:
    def part(scene: Scene) -> bool:
        text = scene.text(path)
        return text is not None and needle in text

    return part


def _whole_exactly(path: Path, wanted: str) -> Test:
    return lambda scene: scene.text(path) == wanted


def _any_matches(node: Matches) -> Test:
    """Two paths, or a literal on the left: the rare shapes."""
    left, right = _text_reader(node.left), _text_reader(node.right)
    part, exactly = node.how is How.PART, node.exactly

    def matches(scene: Scene) -> bool:
        text, wanted = left(scene), right(scene)
        if text is None or wanted is None:
            return False
        if not exactly:
            text, wanted = text.casefold(), wanted.casefold()
        return wanted in text if part else wanted == text

    return matches


def _text_reader(value: Value) -> ReadText:
    if isinstance(value, Path):
        path = value
        return lambda scene: scene.text(path)
    read = _reader(value)

    def text(scene: Scene) -> str | None:
        found = as_text(read(scene))
        return None if found is None else cut(found)

    return text


def _regex(node: Matches) -> Test:
    assert isinstance(node.right, Text)
    flags = CONDITION_FLAGS_EXACTLY if node.exactly else CONDITION_FLAGS
    search = searcher(compile_pattern(node.right.value, flags))
    if isinstance(node.left, Path):
        needed = needed_text(node.right.value)
        return _found(node.left, search) if needed is None else _found_if(node.left, search, needed)
    read = _text_reader(node.left)

    def literal_regex(scene: Scene) -> bool:
        text = read(scene)
        return text is not None and search(text.encode("utf-8", "replace")) is not None

    return literal_regex


def _found(path: Path, search: Callable[[bytes], object]) -> Test:
    key = path.key

    def found(scene: Scene) -> bool:
        try:
            octets = scene.octets[key]
        except KeyError:
            octets = scene.encode(path)
        return octets is not None and search(octets) is not None

    return found


def _found_if(path: Path, search: Callable[[bytes], object], needed: str) -> Test:
    """Looks for the needed text first, which takes a tenth of the time."""
    key, found = path.key, _found(path, search)

    def found_if(scene: Scene) -> bool:
        try:
            text = scene.folds[key]
        except KeyError:
            text = scene.fold(path)
        return text is not None and needed in text and found(scene)

    return found_if


def _compare(node: Compare) -> Test:
    if isinstance(node.left, Threshold):
        return _counted(node.left, node.sign, node.right)
    if isinstance(node.right, Threshold):
        return _counted(node.right, MIRRORED[node.sign], node.left)
    if node.sign == "==" and isinstance(node.left, Path) and isinstance(node.right, Text):
        return _equals_text(node.left, node.right.value)
    if isinstance(node.left, Path) and isinstance(node.right, Number):
        return _beside_number(node.left, node.sign, node.right.value)
    left, sign, right = _reader(node.left), node.sign, _reader(node.right)
    return lambda scene: compare(left(scene), sign, right(scene))


def _equals_text(path: Path, wanted: str) -> Test:
    """Only a text equals a text, so the kinds need no look."""
    key = path.key

    def equals(scene: Scene) -> bool:
        try:
            return scene.values[key] == wanted
        except KeyError:
            return scene.look(path) == wanted

    return equals


def _beside_number(path: Path, sign: str, number: float) -> Test:
    """Numbers of one type need no conversion, nor does a float beside a whole number that a float can be."""
    key, operator = path.key, OPERATORS[sign]
    small = isinstance(number, int) and abs(number) <= EXACT_FLOATS
    alike = frozenset({int, float} if small else {type(number)})

    def compares(scene: Scene) -> bool:
        try:
            value = scene.values[key]
        except KeyError:
            value = scene.look(path)
        return operator(value, number) if type(value) in alike else compare(value, sign, number)

    return compares


def _counted(threshold: Threshold, sign: str, limit: Value) -> Test:
    key, span, resetting = threshold.key, threshold.span, threshold.resetting
    read = _reader(limit)

    def counted(scene: Scene) -> bool:
        reached = compare(scene.count(key, span, resetting), sign, read(scene))
        if reached and resetting:
            scene.spent.append(key)
        return reached

    return counted


def _reader(value: Value) -> Read:
    match value:
        case Path():
            path = value
            return lambda scene: scene.look(path)
        case Now():
            return Scene.now_time
        case _:
            constant = _constant(value)
            return lambda _: constant


def _constant(value: Value) -> object:
    if isinstance(value, Instant):
        return to_datetime(value.moment)
    assert isinstance(value, Text | Number | Truth)
    return value.value


def _within(node: Within) -> Test:
    """By the clock on the wall: on the day that its hands are put back, it may enter and leave the time twice."""
    zone, start, end = node.zone, node.start, node.end
    overnight = end <= start
    begins = tuple(day in node.days for day in range(7))

    def within(scene: Scene) -> bool:
        day, second = divmod(scene.wall(zone), _DAY_SECONDS)
        today = begins[(day + _THURSDAY) % 7]
        if not overnight:
            return today and start <= second <= end
        return (today and second >= start) or (second <= end and begins[(day + _THURSDAY - 1) % 7])

    return within
