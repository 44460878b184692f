"""What to say to the author of a condition that is none: what was found, and what they probably want to write.

Decides words only; `parse` decides what is wrong.
"""

from __future__ import annotations

from typing import Final

from tocsin.events.pcl.fixed import count_always, impossible
from tocsin.events.pcl.scan import Piece, Token
from tocsin.events.pcl.tree import OPERATOR_WORDS, Compare, Threshold, Value, is_plain

_INSTEAD: Final = {
    "contains": "write `matches part '…'`",
    "includes": "write `matches part '…'`",
    "like": "write `matches part '…'` or `matches regex '…'`",
    "is": "write `==`, or `matches` to ignore case; for is not, `not a == b`",
    "equals": "write `==`, or `matches` to ignore case",
    "eq": "write `==`, or `matches` to ignore case",
    "ne": "write `not a == b`",
    "does": "write `not` in front: `not a matches b`, `not a exists`",
    "not": "write `not` in front: `not a matches b`, `not a exists`",
    "starts": "write `matches regex '^…'`",
    "startswith": "write `matches regex '^…'`",
    "ends": "write `matches regex '…$'`",
    "endswith": "write `matches regex '…$'`",
    "match": "write `matches`",
    "exist": "write `exists`",
    "regex": "write `matches regex '…'`",
    "part": "write `matches part '…'`",
    "exactly": "write `matches exactly '…'`",
    "between": "write two comparisons, joined by `and`",
    "gt": "write `>`",
    "gte": "write `>=`",
    "lt": "write `<`",
    "lte": "write `<=`",
}
"""Words of other languages at the place of an operator."""

_NOTHING: Final = frozenset({"nil", "null", "none", "undefined", "empty", "blank"})

_FIELDS: Final = frozenset(
    [
        "summary",
        "source",
        "severity",
        "timestamp",
        "component",
        "group",
        "class",
        "custom_details",
        "dedup_key",
        "event_action",
        "client",
        "client_url",
        "links",
        "images",
    ]
)

_KEYWORDS: Final = OPERATOR_WORDS | {"true", "false", "part", "regex", "exactly", "over", "to"}


def may_follow(token: Token) -> bool:
    """Whether a complete condition may stand before the piece."""
    return token.piece is Piece.END or token.text == ")" or (token.piece is Piece.WORD and token.text in {"and", "or"})


def after_condition(token: Token) -> str:
    """A piece after a complete condition."""
    if token.text == ")":
        return "this `)` closes nothing"
    return f"expected `and`, `or` or the end, found {token}{_capital(token)}"


def after_value(value: Value, token: Token) -> str:
    """A piece after a value that is no operator."""
    if token.piece is Piece.WORD:
        instead = _INSTEAD.get(token.text.lower())
        if instead:
            return f"{token} is no operator; {instead}"
        found = f"found {token}{_capital(token)}"
        return f"expected an operator (`matches`, `==`, `exists` …) after `{_short(value)}`, {found}"
    if token.piece in {Piece.INT, Piece.FLOAT} and token.text.startswith("-"):
        return f"there is no arithmetic; expected an operator, found {token}"
    if token.piece is Piece.SIGN and token.text == "(":
        return "there are no functions; expected an operator such as `matches`, found `(`"
    return f"expected an operator such as `matches` or `==` after `{_short(value)}`, found {token}"


def _short(value: Value) -> str:
    text = str(value)
    return text if len(text) <= 40 else text[:40] + "…"


def uncompared(value: Threshold, token: Token) -> str:
    """A count on its own."""
    return f"a count is compared with a number: `{value} > 5`; expected `>`, `>=`, `<`, `<=` or `==`, found {token}"


def no_value(token: Token) -> str:
    """A piece where a value has to begin."""
    if token.piece is Piece.SIGN and token.text == ".":
        return "a number begins with a digit (`0.5`) and a path with its root (`event.summary`); found `.`"
    if token.piece is Piece.SIGN and token.text == "(":
        return "parentheses go around conditions, not around values"
    if token.piece is Piece.SIGN and token.text == "[":
        return "there are no lists; join comparisons by `or`"
    if token.piece is Piece.SIGN and token.text in {"=", "==", ">", "<", ">=", "<="}:
        return f"{token} needs a value on both sides"
    if token.piece is Piece.TIME:
        return f"a time is written `2024-01-01 08:00:00 Etc/UTC`, with its date; found {token}"
    return f"expected a value such as `event.summary`, 'text' or 5, found {token}"


def no_root(token: Token, roots: frozenset[str]) -> str:
    """A word with which no path begins."""
    word = token.text.lower()
    known = ", ".join(f"`{root}.`" for root in sorted(roots))
    if word in _KEYWORDS and word != token.text:
        return f"{token} is written in small letters: `{word}`"
    if word in _NOTHING:
        return f"there is no {token}; that something is absent is written `not event.source exists`"
    if token.text == "variables":
        return "variables are for templates; a condition looks at the field itself"
    if token.text in _FIELDS and "event" in roots:
        return f"{token} needs its root: `event.{token.text}`"
    return f"expected a value; {token} is none: paths begin with {known}; texts stand in 'single quotes'"


def no_name(token: Token) -> str:
    """What no path may hold after a dot."""
    if token.piece is Piece.WORD and is_plain(token.text) is False:
        kind = "a reserved word" if token.text.isidentifier() else "no plain name"
        return f"{token} is {kind}; write it in brackets: ['{token.text}']"
    if token.piece in {Piece.INT, Piece.FLOAT}:
        return f"after a dot comes a name; an index stands in brackets, [0], and so does ['5xx']; found {token}"
    return f"expected a name after the dot, found {token}; other names stand in brackets: ['a name']"


def unclosed(opening: Token, token: Token) -> str:
    """Something other than the closing parenthesis."""
    expected = f"expected `)` for the `(` in column {opening.column}"
    return f"{expected}, found {token}{_capital(token)}"


def odd_comparison(node: Compare) -> str | None:
    """What to note about a comparison that can only be false, or a count that is never below 1."""
    if not impossible(node):
        known = count_always(node)
        return None if known is None else f"a count is never below 1, so this is always {str(known).lower()}"
    if node.sign == "==":
        return f"the two sides of `{node.sign}` are of different kinds, so this is always false"
    return f"`{node.sign}` compares two numbers or two times, so this is always false"


def _capital(token: Token) -> str:
    """For keywords in capitals."""
    word = token.text.lower()
    return f"; it is written `{word}`" if token.piece is Piece.WORD and word in _KEYWORDS and word != token.text else ""
