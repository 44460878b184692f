"""What to say to the author of a condition that is none: what was found, and what they probably want to write.

Decides words only; `parse` decides what is wrong.
"""

from __future__ import annotations

from typing import Final

from tocsin.events.pcl.fixed import count_always, impossible
from tocsin.events.pcl.scan import Piece, Token
from tocsin.events.pcl.tree import OPERATOR_WORDS, Compare, Threshold, Value, is_plain
from tocsin.kernel.wording import phrase

_INSTEAD: Final = {
    "contains": phrase("write `matches part '…'`"),
    "includes": phrase("write `matches part '…'`"),
    "like": phrase("write `matches part '…'` or `matches regex '…'`"),
    "is": phrase("write `==`, or `matches` to ignore case; for is not, `not a == b`"),
    "equals": phrase("write `==`, or `matches` to ignore case"),
    "eq": phrase("write `==`, or `matches` to ignore case"),
    "ne": phrase("write `not a == b`"),
    "does": phrase("write `not` in front: `not a matches b`, `not a exists`"),
    "not": phrase("write `not` in front: `not a matches b`, `not a exists`"),
    "starts": phrase("write `matches regex '^…'`"),
    "startswith": phrase("write `matches regex '^…'`"),
    "ends": phrase("write `matches regex '…$'`"),
    "endswith": phrase("write `matches regex '…$'`"),
    "match": phrase("write `matches`"),
    "exist": phrase("write `exists`"),
    "regex": phrase("write `matches regex '…'`"),
    "part": phrase("write `matches part '…'`"),
    "exactly": phrase("write `matches exactly '…'`"),
    "between": phrase("write two comparisons, joined by `and`"),
    "gt": phrase("write `>`"),
    "gte": phrase("write `>=`"),
    "lt": phrase("write `<`"),
    "lte": phrase("write `<=`"),
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
        return phrase("this `)` closes nothing")
    return phrase("expected `and`, `or` or the end, found %(token)s%(capital)s", token=token, capital=_capital(token))


def after_value(value: Value, token: Token) -> str:
    """A piece after a value that is no operator."""
    if token.piece is Piece.WORD:
        instead = _INSTEAD.get(token.text.lower())
        if instead:
            return phrase("%(token)s is no operator; %(instead)s", token=token, instead=instead)
        found = phrase("found %(token)s%(capital)s", token=token, capital=_capital(token))
        return phrase(
            "expected an operator (`matches`, `==`, `exists` …) after `%(short)s`, %(found)s",
            short=_short(value),
            found=found,
        )
    if token.piece in {Piece.INT, Piece.FLOAT} and token.text.startswith("-"):
        return phrase("there is no arithmetic; expected an operator, found %(token)s", token=token)
    if token.piece is Piece.SIGN and token.text == "(":
        return phrase("there are no functions; expected an operator such as `matches`, found `(`")
    return phrase(
        "expected an operator such as `matches` or `==` after `%(short)s`, found %(token)s",
        short=_short(value),
        token=token,
    )


def _short(value: Value) -> str:
    text = str(value)
    return text if len(text) <= 40 else text[:40] + "…"


def uncompared(value: Threshold, token: Token) -> str:
    """A count on its own."""
    return phrase(
        "a count is compared with a number: `%(value)s > 5`; expected `>`, `>=`, `<`, `<=` or `==`, found %(token)s",
        value=value,
        token=token,
    )


def no_value(token: Token) -> str:
    """A piece where a value has to begin."""
    if token.piece is Piece.SIGN and token.text == ".":
        return phrase("a number begins with a digit (`0.5`) and a path with its root (`event.summary`); found `.`")
    if token.piece is Piece.SIGN and token.text == "(":
        return phrase("parentheses go around conditions, not around values")
    if token.piece is Piece.SIGN and token.text == "[":
        return phrase("there are no lists; join comparisons by `or`")
    if token.piece is Piece.SIGN and token.text in {"=", "==", ">", "<", ">=", "<="}:
        return phrase("%(token)s needs a value on both sides", token=token)
    if token.piece is Piece.TIME:
        return phrase("a time is written `2024-01-01 08:00:00 Etc/UTC`, with its date; found %(token)s", token=token)
    return phrase("expected a value such as `event.summary`, 'text' or 5, found %(token)s", token=token)


def no_root(token: Token, roots: frozenset[str]) -> str:
    """A word with which no path begins."""
    word = token.text.lower()
    known = ", ".join(f"`{root}.`" for root in sorted(roots))
    if word in _KEYWORDS and word != token.text:
        return phrase("%(token)s is written in small letters: `%(word)s`", token=token, word=word)
    if word in _NOTHING:
        return phrase(
            "there is no %(token)s; that something is absent is written `not event.source exists`", token=token
        )
    if token.text == "variables":
        return phrase("variables are for templates; a condition looks at the field itself")
    if token.text in _FIELDS and "event" in roots:
        return phrase("%(token)s needs its root: `event.%(text)s`", token=token, text=token.text)
    return phrase(
        "expected a value; %(token)s is none: paths begin with %(known)s; texts stand in 'single quotes'",
        token=token,
        known=known,
    )


def no_name(token: Token) -> str:
    """What no path may hold after a dot."""
    if token.piece is Piece.WORD and is_plain(token.text) is False:
        kind = phrase("a reserved word") if token.text.isidentifier() else phrase("no plain name")
        return phrase(
            "%(token)s is %(kind)s; write it in brackets: ['%(text)s']", token=token, kind=kind, text=token.text
        )
    if token.piece in {Piece.INT, Piece.FLOAT}:
        return phrase(
            "after a dot comes a name; an index stands in brackets, [0], and so does ['5xx']; found %(token)s",
            token=token,
        )
    return phrase(
        "expected a name after the dot, found %(token)s; other names stand in brackets: ['a name']", token=token
    )


def unclosed(opening: Token, token: Token) -> str:
    """Something other than the closing parenthesis."""
    return phrase(
        "expected `)` for the `(` in column %(column)s, found %(token)s%(capital)s",
        column=opening.column,
        token=token,
        capital=_capital(token),
    )


def odd_comparison(node: Compare) -> str | None:
    """What to note about a comparison that can only be false, or a count that is never below 1."""
    if not impossible(node):
        known = count_always(node)
        if known is None:
            return None
        if known:
            return phrase("a count is never below 1, so this is always true")
        return phrase("a count is never below 1, so this is always false")
    if node.sign == "==":
        return phrase("the two sides of `%(sign)s` are of different kinds, so this is always false", sign=node.sign)
    return phrase("`%(sign)s` compares two numbers or two times, so this is always false", sign=node.sign)


def _capital(token: Token) -> str:
    """For keywords in capitals."""
    word = token.text.lower()
    keyword = token.piece is Piece.WORD and word in _KEYWORDS and word != token.text
    return phrase("; it is written `%(word)s`", word=word) if keyword else ""
