"""Reads a condition: from its text to the tree of it, by recursive descent.

Decides what may stand where, and says in a sentence what to write instead of what may not. Every limit of size is held
here, so a tree is never deeper than its parentheses. Never decides what a condition is true of.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

from tocsin.events.pcl import hints
from tocsin.events.pcl.errors import PclError, Remark
from tocsin.events.pcl.literals import LITERAL_BYTES, duration, instant, number, schedule
from tocsin.events.pcl.patterns import CONDITION_FLAGS, CONDITION_FLAGS_EXACTLY, compile_pattern
from tocsin.events.pcl.reading import Reading
from tocsin.events.pcl.scan import Piece, Token, scan
from tocsin.events.pcl.tree import (
    OPERATOR_WORDS,
    And,
    Bare,
    Compare,
    Exists,
    How,
    Matches,
    Node,
    Not,
    Now,
    Or,
    Path,
    Text,
    Threshold,
    Truth,
    Value,
    Within,
    is_plain,
)
from tocsin.events.pcl.values import OPERATORS
from tocsin.kernel.wording import phrase

PARENTHESES: Final = 32
"""Levels, one within the other."""

FACTORS: Final = 64
"""Tests that `and` and `or` join."""

PATH_STEPS: Final = 32
"""A path's root, names and indexes."""

MAX_INDEX: Final = 2**31 - 1

EVENT: Final = "event"
RAW_EVENT: Final = "raw_event"
CACHE_VAR: Final = "cache_var"
INCIDENT: Final = "incident"

EVENT_ROOTS: Final = frozenset({EVENT, RAW_EVENT, CACHE_VAR})
"""What conditions of orchestrations look at."""

INCIDENT_ROOTS: Final = frozenset({INCIDENT})
"""What conditions of workflows look at."""

_THRESHOLDS: Final = {"trigger_count": False, "resetting_trigger_count": True}


class Parsed(NamedTuple):
    """A condition as a tree, and what is odd about it."""

    tree: Node
    remarks: tuple[Remark, ...]


def parse(text: str, roots: frozenset[str] = EVENT_ROOTS) -> Parsed:
    """The condition's tree. Raises PclError."""
    parser = _Parser(Reading(scan(text)), roots)
    if parser.reading.peek.piece is Piece.END:
        raise PclError(phrase("the condition is empty; a rule that always matches has no condition"), 1)
    tree = parser.either()
    rest = parser.reading.peek
    if rest.piece is not Piece.END:
        raise PclError(hints.after_condition(rest), rest.column)
    return Parsed(tree, tuple(parser.remarks))


@lru_cache(maxsize=4096)
def parse_path(text: str, roots: frozenset[str] = EVENT_ROOTS) -> Path:
    """A path that stands alone, as the target or source of an extraction. Raises PclError."""
    parser = _Parser(Reading(scan(text)), roots)
    token = parser.reading.peek
    value = parser.value()
    rest = parser.reading.peek
    if not isinstance(value, Path):
        raise PclError(phrase("expected a path such as `event.summary`, found %(token)s", token=token), token.column)
    if rest.piece is not Piece.END:
        raise PclError(phrase("expected the end of the path, found %(rest)s", rest=rest), rest.column)
    return value


class _Parser:
    """One reading of one text."""

    def __init__(self, reading: Reading, roots: frozenset[str]) -> None:
        self.reading = reading
        self.roots = roots
        self.remarks: list[Remark] = []
        self.depth = 0
        self.factors = 0

    def either(self) -> Node:
        """`or`, which binds loosest."""
        parts = [self.both()]
        while self.reading.take_word("or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def both(self) -> Node:
        """`and`."""
        parts = [self.negated()]
        while self.reading.take_word("and"):
            parts.append(self.negated())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def negated(self) -> Node:
        """`not`, as often as it stands there. Two of them are none: what is no boolean counts as false either way."""
        odd = False
        while self.reading.take_word("not"):
            odd = not odd
        node = self.test()
        return Not(node) if odd else node

    def test(self) -> Node:
        """A condition in parentheses, or one comparison."""
        opening = self.reading.peek
        if self.reading.take_sign("("):
            return self.inner(opening)
        self.factors += 1
        if self.factors > FACTORS:
            raise PclError(
                phrase("at most %(factors)s tests may be joined by `and` and `or`", factors=FACTORS), opening.column
            )
        left = self.value()
        token = self.reading.peek
        if token.piece is Piece.SIGN and token.text in OPERATORS:
            return self.comparison(left)
        if token.piece is Piece.WORD and token.text in _OPERATIONS:
            self.reading.skip()
            return _OPERATIONS[token.text](self, left, opening)
        if isinstance(left, Threshold):
            raise PclError(hints.uncompared(left, token), token.column)
        if not hints.may_follow(token):
            raise PclError(hints.after_value(left, token), token.column)
        return self.bare(left, opening)

    def inner(self, opening: Token) -> Node:
        """What stands in parentheses, of which the first is read."""
        self.depth += 1
        if self.depth > PARENTHESES:
            raise PclError(
                phrase("parentheses may stand in one another %(parentheses)s deep", parentheses=PARENTHESES),
                opening.column,
            )
        node = self.either()
        closing = self.reading.peek
        if not self.reading.take_sign(")"):
            raise PclError(hints.unclosed(opening, closing), closing.column)
        self.depth -= 1
        after = self.reading.peek
        if after.text in OPERATORS or (after.piece is Piece.WORD and after.text in _OPERATIONS):
            message = phrase(
                "%(after)s compares values, but what stands in parentheses is a condition; leave them out", after=after
            )
            raise PclError(message, after.column)
        return node

    def bare(self, value: Value, at: Token) -> Bare:
        """A value alone."""
        if not isinstance(value, Path | Truth):
            self.remark(f"{at} on its own is neither true nor false, so this is always false", at)
        return Bare(value)

    def exists(self, left: Value, opening: Token) -> Exists:
        """`path exists`."""
        if not isinstance(left, Path):
            raise PclError(
                phrase("`exists` asks about a path such as `event.source`; %(opening)s is none", opening=opening),
                opening.column,
            )
        return Exists(left)

    def within(self, left: Value, opening: Token) -> Within:
        """`now in schedule`."""
        if not isinstance(left, Now):
            message = phrase(
                "only `now` may stand before `in`, found %(opening)s; for a part of a text, write `matches part`",
                opening=opening,
            )
            raise PclError(message, opening.column)
        return schedule(self.reading)

    def comparison(self, left: Value) -> Compare:
        """`left == right` and its like."""
        sign = self.reading.skip()
        at = self.reading.peek
        right = self.value()
        if isinstance(left, Threshold) and isinstance(right, Threshold):
            raise PclError(phrase("a count is compared with a number, not with another count"), at.column)
        node = Compare(left, sign.text, right)
        odd = hints.odd_comparison(node)
        if odd:
            self.remark(odd, sign)
        return node

    def matches(self, left: Value, opening: Token) -> Matches:
        """`left matches right`, in its six forms."""
        how = How.WHOLE
        if self.reading.take_word("part"):
            how = How.PART
        elif self.reading.take_word("regex"):
            how = How.REGEX
        exactly = self.reading.take_word("exactly")
        token = self.reading.peek
        if exactly and token.piece is Piece.WORD and token.text in {"part", "regex"}:
            raise PclError(
                phrase("`exactly` comes last: write `matches %(text)s exactly`", text=token.text), token.column
            )
        right = self.regex(exactly=exactly) if how is How.REGEX else self.value()
        for one, at in ((left, opening), (right, token)):
            if isinstance(one, Threshold):
                raise PclError(phrase("a count is compared by `>`, `>=`, `<`, `<=` or `==`"), at.column)
        return Matches(left, how, right, exactly)

    def regex(self, *, exactly: bool) -> Text:
        """A regular expression, which is tried at once."""
        token = self.reading.peek
        if token.piece is not Piece.TEXT:
            raise PclError(
                phrase("after `matches regex` comes a text in single quotes, found %(token)s", token=token),
                token.column,
            )
        text = self.text(self.reading.skip())
        compile_pattern(text.value, CONDITION_FLAGS_EXACTLY if exactly else CONDITION_FLAGS, token.column)
        return text

    def value(self) -> Value:
        """A path, a literal, `now` or a count."""
        token = self.reading.peek
        if token.piece is Piece.TEXT:
            return self.text(self.reading.skip())
        if token.piece in {Piece.INT, Piece.FLOAT}:
            return number(self.reading.skip())
        if token.piece is Piece.DATE:
            return instant(self.reading)
        if token.piece is not Piece.WORD or token.text in OPERATOR_WORDS - {"now"}:
            raise PclError(hints.no_value(token), token.column)
        self.reading.skip()
        if token.text in {"true", "false"}:
            return Truth(token.text == "true")
        if token.text == "now":
            return Now()
        if token.text in _THRESHOLDS:
            return Threshold(duration(self.reading, token), _THRESHOLDS[token.text])
        return self.path(token)

    def text(self, token: Token) -> Text:
        """A text literal, if it is not too long."""
        size = len(token.value.encode("utf-8"))
        if size > LITERAL_BYTES:
            raise PclError(
                phrase(
                    "a text has at most %(literal_bytes)s bytes; this one has %(size)s",
                    literal_bytes=LITERAL_BYTES,
                    size=size,
                ),
                token.column,
            )
        return Text(token.value)

    def path(self, root: Token) -> Path:
        """What follows the root of a path."""
        if root.text not in self.roots:
            raise PclError(hints.no_root(root, self.roots), root.column)
        steps: list[str | int] = [root.text]
        while True:
            token = self.reading.peek
            if self.reading.take_sign("."):
                steps.append(self.name())
            elif self.reading.take_sign("["):
                steps.append(self.bracketed())
            else:
                break
            if len(steps) > PATH_STEPS:
                raise PclError(
                    phrase("a path has at most %(path_steps)s elements", path_steps=PATH_STEPS), token.column
                )
        if steps == [CACHE_VAR] or (root.text == CACHE_VAR and isinstance(steps[1], int)):
            raise PclError(phrase("name the cache variable: `cache_var.name`"), root.column)
        return Path(tuple(steps))

    def name(self) -> str:
        """A path's element after a dot."""
        token = self.reading.peek
        if token.piece is not Piece.WORD or not is_plain(token.text):
            raise PclError(hints.no_name(token), token.column)
        return self.reading.skip().text

    def bracketed(self) -> str | int:
        """A path's element in brackets, of which the first is read."""
        token = self.reading.skip()
        step: str | int
        if token.piece is Piece.TEXT:
            step = self.text(token).value
        elif token.piece is Piece.INT and 0 <= int(token.text) <= MAX_INDEX:
            step = int(token.text)
        else:
            message = phrase(
                "in brackets stands a name in single quotes or a number from 0 up, found %(token)s", token=token
            )
            raise PclError(message, token.column)
        closing = self.reading.peek
        if not self.reading.take_sign("]"):
            raise PclError(phrase("expected `]`, found %(closing)s", closing=closing), closing.column)
        return step

    def remark(self, message: str, at: Token) -> None:
        """Notes something odd."""
        self.remarks.append(Remark(message, at.column))


_OPERATIONS: Final[dict[str, Callable[[_Parser, Value, Token], Node]]] = {
    "matches": _Parser.matches,
    "exists": _Parser.exists,
    "in": _Parser.within,
}
