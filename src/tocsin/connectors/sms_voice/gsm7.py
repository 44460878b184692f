"""Text for a phone: the GSM 7-bit alphabet, how many segments a text takes, and cutting it without losing its end.

One character outside the alphabet makes every segment hold 70 characters instead of 160, so typographic quotes,
dashes and accents are replaced, and pictures dropped. Other scripts stay as they are: readable beats cheap.
"""

from __future__ import annotations

import math
import re
import unicodedata

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("^{}\\[~]|€\f")
"""These take two places each."""

_REPLACED = str.maketrans(
    {
        "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "`": "'", "´": "'", "“": '"', "”": '"', "„": '"', "‟": '"',
        "″": '"', "«": '"', "»": '"', "‹": "'", "›": "'", "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-",
        "−": "-", "…": "...", "•": "*", "·": "*", "×": "x", "÷": "/", "→": "->", "←": "<-", "⇒": "=>", "≤": "<=",
        "≥": ">=", "≠": "!=", "≈": "~", "±": "+/-", "°": " deg", "µ": "u", "μ": "u", "✓": "ok", "™": "TM", "©": "(c)",
        "®": "(R)", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "œ": "oe",
        "Œ": "OE", "ı": "i", "ẞ": "SS", "\t": " ", "⁄": "/", "¦": "|", "¢": "c", "¬": "!", "¶": "", "ʼ": "'",
        "ħ": "h", "Ħ": "H", "ŋ": "n", "Ŋ": "N", "ŧ": "t", "Ŧ": "T", "ĸ": "k",
    }
)  # fmt: skip
_DROPPED = frozenset({"Me", "Cc", "Cs", "Co", "Cn", "So", "Sk"})
_INVISIBLE = re.compile("[\u00ad\u0300-\u036f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")
"""Accents left alone, joiners, direction marks, variation selectors; no vowel signs of other scripts."""

_SINGLE, _PART = 160, 153
_WIDE_SINGLE, _WIDE_PART = 70, 67
_ELLIPSIS = "..."


def plain(text: str) -> str:
    """The text with everything replaced that has a plain form; letters of other scripts stay."""
    return "".join(_plain_char(char) for char in unicodedata.normalize("NFC", text).translate(_REPLACED))


def is_gsm(text: str) -> bool:
    """Whether every character is in the alphabet."""
    return all(char in BASIC or char in EXTENDED for char in text)


def segments(text: str) -> int:
    """Messages that the provider will send, and charge, for this text."""
    size, single, part = _measure(text)
    return 1 if size <= single else math.ceil(size / part)


def fit(text: str, tail: str, most: int = 2) -> str:
    """`text` and, after it, the whole of `tail`, in at most `most` segments: what is too long is cut out of `text`.

    `tail` must fit by itself. Both are made plain first.
    """
    text, tail = plain(text).strip(), plain(tail)
    whole = text + tail
    if segments(whole) <= most:
        return whole
    shortest, longest = 0, len(text)
    while shortest < longest:  # the longest beginning that fits
        middle = (shortest + longest + 1) // 2
        if segments(text[:middle].rstrip() + _ELLIPSIS + tail) <= most:
            shortest = middle
        else:
            longest = middle - 1
    return text[:shortest].rstrip() + _ELLIPSIS + tail


def _measure(text: str) -> tuple[int, int, int]:
    """Size, and how much one message and each of several hold, in the units of the encoding that the text needs."""
    if is_gsm(text):
        return len(text) + sum(char in EXTENDED for char in text), _SINGLE, _PART
    return len(text.encode("utf-16-le", "replace")) // 2, _WIDE_SINGLE, _WIDE_PART


def _plain_char(char: str) -> str:
    if char in BASIC or char in EXTENDED:
        return "\n" if char == "\r" else char
    decomposed = unicodedata.normalize("NFKD", char)
    base = _INVISIBLE.sub("", decomposed).translate(_REPLACED)
    if base and is_gsm(base):
        return base
    if unicodedata.category(char) in _DROPPED or _INVISIBLE.match(char):
        return ""
    return " " if char.isspace() else char
