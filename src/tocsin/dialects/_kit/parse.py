"""Reading JSON that strangers wrote. Decides what counts as readable and what is mended; never what a field means.

What passes here can be stored by every database: valid UTF-8, no NUL, no lone surrogates, no NaN or Infinity. A byte
order mark, lone surrogates (a text cut in the middle of an emoji) and NUL are mended, since an alarm should not be lost
over a character; everything else that is not JSON is refused.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from tocsin.kernel.errors import Invalid

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding with msgspec raises on a body that is not JSON, or not of the wanted shape."""

NUL: Final = b"\\u0000"
"""The only way for a NUL to get into valid JSON."""

_BOM: Final = b"\xef\xbb\xbf"
_HEX: Final = rb"[0-9a-fA-F]"

# Each escape in turn, so that an escaped backslash is never taken for the beginning of one. Six bytes long are exactly
# those to be replaced; a surrogate pair has twelve, the others two.
_ESCAPE: Final = re.compile(
    rb"\\(?:u[dD][89abAB]%(hex)s{2}\\u[dD][c-fC-F]%(hex)s{2}|u[dD][89a-fA-F]%(hex)s{2}|u0000|.)" % {b"hex": _HEX},
    re.DOTALL,
)


class NotJson(Invalid):
    """The body is not JSON, mended or not."""


def is_storable(body: bytes) -> bool:
    """Whether the body, known to be JSON, can be kept as it is. Raises UnicodeDecodeError if it is not UTF-8."""
    if not body.isascii():
        body.decode()
    return NUL not in body


def mended(body: bytes) -> bytes:
    """Without byte order mark, NUL and lone surrogates replaced by U+FFFD. What was not JSON still is not."""
    return _ESCAPE.sub(_replacement, body.removeprefix(_BOM))


def read_json(body: bytes) -> tuple[bytes, Any]:
    """The body as it can be kept, and its value. Raises NotJson. Slower than a typed decoder: for the exceptions."""
    try:
        value = msgspec.json.decode(body)
        if is_storable(body):
            return body, value
    except UNREADABLE:
        pass
    try:
        body = mended(body)
        return body, msgspec.json.decode(body)
    except UNREADABLE as error:
        raise NotJson(f"The body is not JSON: {error}") from None


def _replacement(match: re.Match[bytes]) -> bytes:
    escape = match.group()
    return b"\\ufffd" if len(escape) == 6 else escape
