"""Label matchers as Alertmanager writes them: `severity="critical"`, `!=`, `=~`, `!~`, alone or in braces with commas.

Decides which label sets match; expressions run in linear time (RE2), for they come from outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import re2

from tocsin.kernel.errors import Invalid

_QUOTED: Final = r'"(?:[^"\\]|\\.)*"'
_ONE: Final = re.compile(rf'\s*({_QUOTED}|[^\s=~!,{{}}"]+)\s*(=~|!~|!=|=)\s*({_QUOTED}|[^,{{}}"]*?)\s*(?:,|$)')
_ESCAPES: Final = {"n": "\n", '"': '"', "\\": "\\"}
MOST_CHARS: Final = 4096
_QUIET: Final = re2.Options()
_QUIET.log_errors = False  # a bad expression is the asker's business, not our log's


class Matcher(NamedTuple):
    """One condition on one label; an absent label is an empty one."""

    name: str
    value: str
    is_equal: bool = True
    expression: Any = None
    """The compiled expression of `=~` and `!~`."""

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the label set fulfils it."""
        value = labels.get(self.name, "")
        found = value == self.value if self.expression is None else bool(self.expression.fullmatch(value))
        return found == self.is_equal


def parse(text: str) -> list[Matcher]:
    """The matchers in one `filter` parameter. Raises Invalid."""
    body = text.strip()
    if len(body) > MOST_CHARS:
        raise Invalid(f"a filter is longer than {MOST_CHARS} characters")
    if body.startswith("{") and body.endswith("}"):
        body = body[1:-1]
    found = []
    position = 0
    while position < len(body):
        match = _ONE.match(body, position)
        if match is None:
            raise Invalid(f"bad matcher format: {text}")
        found.append(_matcher(_plain(match[1]), match[2], _plain(match[3])))
        position = match.end()
    return found


def all_match(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether the label set fulfils every one."""
    return all(matcher.matches(labels) for matcher in matchers)


def anchored(expression: str) -> Any:
    """The compiled expression, to be used with `fullmatch`. Raises Invalid."""
    try:
        return re2.compile(expression, _QUIET)
    except re2.error:
        raise Invalid(f"bad regular expression: {expression}") from None


def _matcher(name: str, operator: str, value: str) -> Matcher:
    expression = anchored(value) if "~" in operator else None
    return Matcher(name, value, not operator.startswith("!"), expression)


def _plain(text: str) -> str:
    if not text.startswith('"'):
        return text
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[0]), text[1:-1], flags=re.DOTALL)
