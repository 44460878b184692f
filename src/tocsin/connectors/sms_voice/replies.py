"""What a person means by a text: the reply grammar. Pure; it decides the meaning, never whether it may be done.

    47          acknowledge what code 47 names        47 r, 47r, r 47     resolve it
    ack, a, ok, 4   acknowledge the newest page        r, resolve, c, 6    resolve it
    e, esc      escalate                               e 47                escalate what 47 names

Case, punctuation and a `#` before the code do not matter. The words by which a carrier blocks a sender (STOP, END,
CANCEL, QUIT, YES ...) are never ours: the carrier acts on them before we see them.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from tocsin.paging.model import Answer

_WORDS: dict[str, Answer] = {
    **dict.fromkeys(
        ("4", "a", "ack", "acks", "acked", "acknowledge", "acknowledged", "ok", "okay"), Answer.ACKNOWLEDGE
    ),
    **dict.fromkeys(("6", "r", "res", "resolve", "resolved", "c", "close", "closed"), Answer.RESOLVE),
    **dict.fromkeys(("e", "esc", "escalate"), Answer.ESCALATE),
}
CARRIER_WORDS = frozenset(
    (
        *("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"),
        *("start", "yes", "unstop", "help", "info"),
    )
)
"""The carrier acts on these and answers them: a text that is one of them means nothing to us."""

_TOKEN = re.compile(r"[0-9]+|[a-z]+")
_FILLING = re.compile(r"[\s.,;:!?#*()\[\]\"'<>/_-]*")
_CODE = re.compile(r"[0-9]{2,8}")
_CHARS = 40
"""Longer texts are prose, and prose is not an order."""


@dataclass(frozen=True, slots=True)
class Reply:
    """`answer` None: not understood. `code` "" = the newest page to that phone."""

    answer: Answer | None
    code: str = ""


NOT_UNDERSTOOD = Reply(None)


def is_for_carrier(text: str) -> bool:
    """Whether the carrier answers this text, so that we should stay silent."""
    return "".join(_TOKEN.findall(text[:_CHARS].lower())) in CARRIER_WORDS


def parse_reply(text: str) -> Reply:
    """The meaning of a text, which must be nothing but a word, a code, or one of each in either order."""
    line = unicodedata.normalize("NFKC", text).strip().lower()
    if len(line) > _CHARS:
        return NOT_UNDERSTOOD
    tokens = _TOKEN.findall(line)
    if not _FILLING.fullmatch(_TOKEN.sub("", line)) or not 1 <= len(tokens) <= 2:
        return NOT_UNDERSTOOD
    words = [_WORDS[token] for token in tokens if token in _WORDS]
    codes = [token for token in tokens if token not in _WORDS and _CODE.fullmatch(token)]
    if len(words) + len(codes) != len(tokens) or len(words) > 1 or len(codes) > 1:
        return NOT_UNDERSTOOD
    return Reply(words[0] if words else Answer.ACKNOWLEDGE, codes[0] if codes else "")
