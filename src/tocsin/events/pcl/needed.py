"""A text that must occur wherever a regular expression finds something, so that most texts need no RE2 at all.

Decides only what it is sure of: the longest run of plain ASCII characters outside of groups and classes. Never decides
that an expression matches. (Measured: RE2 takes 1 us a call, looking for a text a tenth of that; the 200 rules of
bench/pcl_bench.py take 98 us without this and 50 with it.)
"""

from __future__ import annotations

import re
from typing import Final

SHORTEST: Final = 3
"""A shorter one is in most texts anyway."""

_PART = re.compile(
    r"""
      (?P<plain> [A-Za-z0-9 _\-/:;,=@\#%&~<>"'!] | \\[.\-/:+*()\[\]{}|^$] )
    | (?P<repeat> \{[0-9]+(?:,[0-9]*)?\} | [*?] )     # of what stands before it, perhaps never
    | (?P<either> \| )
    | (?P<open> \( )
    | (?P<close> \) )
    | (?P<other> [+.^$] | \\[dDwWsSbBAztnrfv] | \[\^?\]?(?:\[:\^?[a-z]+:\]|\\.|[^\]\\])*\] )
    """,
    re.VERBOSE | re.DOTALL,
)


def needed_text(regex: str) -> str | None:
    """The text, in small letters; None when nothing certain can be said."""
    runs, run = [], ""
    depth = at = 0
    while at < len(regex):
        part = _PART.match(regex, at)
        kind = part.lastgroup if part else None
        if part is None or (kind == "either" and not depth):
            return None  # an alternative, a code such as \x41, something not ASCII
        at = part.end()
        depth += (kind == "open") - (kind == "close")
        if kind == "plain" and not depth:
            run += part.group()[-1]
            continue
        if kind == "repeat":
            run = run[:-1]
        runs.append(run)
        run = ""
    longest = max([*runs, run], key=len)
    return longest.casefold() if len(longest) >= SHORTEST else None
