"""Cuts the text of a condition into words, numbers, texts and signs.

Decides what such a piece looks like, and for what is none of them, what its author probably meant. Never knows in
which order the pieces may stand.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, NamedTuple

from tocsin.events.pcl.errors import PclError
from tocsin.kernel.wording import phrase

CONDITION_BYTES: Final = 2048
"""A condition as text, in UTF-8."""

_SHOWN = 40
"""Characters of a piece that a message repeats."""


class Piece(Enum):
    """What a piece is."""

    WORD = "word"  # also time zones: `America/New_York`, `Etc/GMT-3`
    DATE = "date"
    TIME = "time"
    FLOAT = "float"
    INT = "int"
    TEXT = "text"
    SIGN = "sign"
    END = "end"


class Token(NamedTuple):
    """One piece, and where it stands."""

    piece: Piece
    text: str
    start: int
    end: int

    @property
    def column(self) -> int:
        """Where it begins, counted from 1."""
        return self.start + 1

    @property
    def value(self) -> str:
        """Of a text: what it says."""
        return _ESCAPED.sub(r"\1", self.text[1:-1])

    def __str__(self) -> str:
        """As messages name it."""
        if self.piece is Piece.END:
            return "the end"
        text = self.text if len(self.text) <= _SHOWN else self.text[:_SHOWN] + "…"
        return f"`{text}`"


_TOKEN = re.compile(
    r"""
      (?P<word> [A-Za-z_][A-Za-z0-9_]* (?: [/+-] [A-Za-z0-9_]+ )* )
    | (?P<date> [0-9]{4}-[0-9]{2}-[0-9]{2} )
    | (?P<time> [0-9]{2}:[0-9]{2}:[0-9]{2} )
    | (?P<float> -?[0-9]+ \. [0-9]+ (?: e[+-]?[0-9]+ )? )
    | (?P<int> -?[0-9]+ )
    | (?P<text> ' (?: [^'\\] | \\['\\] )* ' )
    | (?P<sign> == | >= | <= | [><().,\[\]] )
    """,
    re.VERBOSE,
)
_SPACE = re.compile(r"[ \t\r\n]*")
_BIG_EXPONENT = re.compile(r"[eE]([+-]?[0-9]+)")
_ESCAPED = re.compile(r"\\(['\\])")
_BAD_ESCAPE = re.compile(r"'(?:[^'\\]|\\['\\])*")

_MEANT: Final = (
    ("!=", "there is no `!=`; write `not a == b`"),
    ("=~", "there is no `=~`; write `matches regex '…'`"),
    ("=", "there is no `=` on its own; write `==`, or `matches` to ignore case"),
    ("!", "there is no `!`; write `not`"),
    ("&", "there is no `&`; write `and`"),
    ("|", "there is no `|`; write `or`"),
    ("~", "there is no `~`; write `matches regex '…'`"),
    ("{", "braces belong to templates; a condition names the field itself, `event.summary`"),
    (":", "a time of day is written with hours, minutes and seconds, two digits each: `09:00:00`"),
    ("$", "a path begins with its root, `event.summary`, without `$`"),
)
_QUOTES = '"“”„‘’`´'
_ARITHMETIC = "+-*/%^"


def scan(text: str) -> list[Token]:
    """The pieces of a condition, with an END at the end. Raises PclError."""
    _check_size(text)
    tokens = []
    at = _past_space(text, 0)
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise PclError(_strange(text, at), at + 1)
        token = Token(Piece(found.lastgroup), found.group(), at, found.end())
        if token.piece in {Piece.INT, Piece.FLOAT}:
            _check_number(token, text)
        elif token.piece is Piece.DATE and text.startswith("T", token.end):
            raise PclError(phrase("a time is written `2024-01-01 08:00:00 Etc/UTC`, without T and Z"), token.end + 1)
        tokens.append(token)
        at = _past_space(text, token.end)
    tokens.append(Token(Piece.END, "", len(text), len(text)))
    return tokens


def _past_space(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _check_size(text: str) -> None:
    if len(text) <= CONDITION_BYTES // 4 and text.isascii():
        return
    try:
        octets = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise PclError(phrase("here is half a character, which no text can hold"), error.start + 1) from None
    if len(octets) > CONDITION_BYTES:
        within = len(octets[:CONDITION_BYTES].decode("utf-8", "ignore"))
        raise PclError(
            phrase(
                "a condition has at most %(condition_bytes)s bytes; this one has %(count)s",
                condition_bytes=CONDITION_BYTES,
                count=len(octets),
            ),
            within + 1,
        )


def _check_number(token: Token, text: str) -> None:
    exponent = _BIG_EXPONENT.match(text, token.end)
    if exponent:
        form = f"{token.text}{'' if token.piece is Piece.FLOAT else '.0'}e{exponent[1]}"
        raise PclError(
            phrase("a number with an exponent has a decimal point and a small `e`: `%(form)s`", form=form), token.column
        )


def _strange(text: str, at: int) -> str:
    """What to say of a place where no piece begins."""
    char = text[at]
    if char == "'":
        return _open_text(text, at)
    if char in _QUOTES:
        return phrase("texts stand in straight single quotes, 'like this'; found %(char)s", char=char)
    for sign, message in _MEANT:
        if text.startswith(sign, at):
            return message
    if char in _ARITHMETIC:
        return phrase(
            "there is no arithmetic, so no `%(char)s`; a name that holds it stands in brackets: event['a-b']", char=char
        )
    if char == "\\":
        return phrase("a backslash belongs inside a text, in single quotes")
    shown = (
        char
        if char.isprintable() and not char.isspace()
        else phrase("the character U+%(code)s", code=f"{ord(char):04X}")
    )
    return phrase("%(shown)s means nothing here; a name that holds it stands in brackets: event['…']", shown=shown)


def _open_text(text: str, at: int) -> str:
    """Why a text that begins here doesn't end."""
    read = _BAD_ESCAPE.match(text, at)
    end = read.end() if read else at
    if text[end : end + 1] == "\\":
        return phrase("after a backslash comes ' or another backslash only; write a backslash as \\\\")
    return phrase("the text that begins here has no closing '")
