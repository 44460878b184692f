"""Regular expressions that people typed, run by RE2: in time that grows with the text, never with its powers.

Decides how they are compiled and how big they may be; never what becomes of what they find. A bad one is a PclError
when it is compiled; once compiled it never fails, whatever the text.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final, Protocol

import re2

from tocsin.events.pcl.errors import PclError
from tocsin.events.pcl.values import LEFT_BYTES, cut
from tocsin.kernel.wording import phrase

MEMORY_BYTES: Final = 512 * 1024
"""What one compiled expression may take, its automaton included. RE2's own limit, 8 MiB, would be a lot in hundreds."""

PROGRAM_STEPS: Final = 4096
"""How big a compiled expression may be; one of `.{0,400}` has it."""

WORK_STEPS: Final = 10_000_000
"""Time is at worst the text's length times the expression's size, at about 9 ns. So large expressions see the beginning
of a long text only: all 64 KiB up to 152 steps, 2.4 KB at the limit of size. By that no search takes longer than 0.1 s.
"""

REGEX_BYTES: Final = 2048
"""An expression as text, where it is no part of a condition."""

FOUND_CHARS: Final = 64 * 1024
"""What `captures` hands back at most: groups within groups could repeat the text many times."""

CONDITION_FLAGS: Final = "(?ism)"
CONDITION_FLAGS_EXACTLY: Final = "(?sm)"


class Found(Protocol):
    """Where an expression found something."""

    def span(self, group: int = 0) -> tuple[int, int]:
        """Begin and end of a group, in bytes; (-1, -1) when it took no part."""


class Pattern(Protocol):
    """A compiled expression over UTF-8."""

    groups: int
    programsize: int

    def search(self, text: bytes) -> Found | None:
        """The first place that it finds, None without one."""


def compile_pattern(regex: str, flags: str = "", column: int = 1, *, groups: bool = False) -> Pattern:
    """The expression, with flags in front that it may turn off again. Raises PclError.

    Without `groups` its parentheses only group, and RE2 need not find out what each of them matched.
    """
    options = re2.Options()
    options.log_errors = False  # a bad expression is its author's affair, not the server's log's
    options.max_mem = MEMORY_BYTES
    options.never_capture = not groups
    try:
        pattern: Pattern = re2.compile((flags + regex).encode("utf-8"), options)
    except UnicodeEncodeError:
        raise PclError(phrase("the regular expression holds half a character"), column) from None
    except re2.error as error:
        raise PclError(
            phrase("not a regular expression of RE2: %(reason)s", reason=_reason(error, flags)), column
        ) from None
    if pattern.programsize > PROGRAM_STEPS:
        raise PclError(phrase("the regular expression is too large; repeat less in it"), column)
    return pattern


def searcher(pattern: Pattern) -> Callable[[bytes], Found | None]:
    """Its `search`, of as much of a text as it may look at."""
    most = WORK_STEPS // max(1, pattern.programsize)
    if most >= LEFT_BYTES:
        return pattern.search
    return lambda text: pattern.search(text[:most])


def _reason(error: Exception, flags: str) -> str:
    """RE2's own words, without the flags that its author did not write."""
    words = error.args[0] if error.args else "it can't be read"
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    return text.replace(flags, "", 1) if flags else text


@lru_cache(maxsize=512)
def check_regex(regex: str) -> Pattern:
    """The expression of a variable, extraction or dynamic route: no flags but its own. Raises PclError."""
    if len(regex.encode("utf-8", "replace")) > REGEX_BYTES:
        raise PclError(
            phrase("a regular expression has at most %(regex_bytes)s bytes", regex_bytes=REGEX_BYTES), REGEX_BYTES + 1
        )
    return compile_pattern(regex, groups=True)


def captures(regex: str, text: str) -> str | None:
    """What the expression finds: its groups one after the other, or all that it matches when it has none.

    None when it finds nothing, and when it is none: `check_regex` said so when it was saved.
    """
    try:
        pattern = check_regex(regex)
    except PclError:
        return None
    octets = cut(text).encode("utf-8", "replace")
    found = searcher(pattern)(octets)
    if found is None:
        return None
    pieces: list[bytes] = []
    room = FOUND_CHARS
    for group in range(1, pattern.groups + 1) if pattern.groups else (0,):
        begin, end = found.span(group)
        pieces.append(octets[begin : min(end, begin + room)] if begin >= 0 else b"")
        room -= len(pieces[-1])
    return b"".join(pieces).decode("utf-8", "ignore")
