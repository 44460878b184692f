"""Two versions of a thing as readable differences: which field was what, and is what now. Decides wording only."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tocsin.kernel.time import SECOND
from tocsin.kernel.wording import phrase, span_words
from tocsin.web.field_words import FIELD_WORDS
from tocsin.web.language import gettext as _
from tocsin.web.language import said

VALUE_CHARS: Final = 600
"""A longer text is cut: a history is for people, the whole value stays on record."""

_HIDDEN: Final = "(secret)"
"""What records hold in the place of one."""

SHOWN: Final = 60
"""Differences of one change that are shown."""

_STAMPS: Final = frozenset({"updated_at", "created_at", "updated_by", "created_by", "id"})
_A_MOMENT: Final = 10**14
"""Whole microseconds since 1970 are larger; no other number of ours is."""

_MOMENT: Final = re.compile(r"(_at|_until|^start|^end|\bstart|\bend)$")


@dataclass(frozen=True, slots=True)
class Difference:
    """One field. Empty = there was, or is, nothing."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Wording:
    """How values are told: moments on the reader's clock, ids by what they name ("" = it names nothing known)."""

    at: Callable[[int], str]
    name_of: Callable[[str], str]


def differences(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, wording: Wording
) -> tuple[list[Difference], int]:
    """The fields that differ, and how many more there are than are shown."""
    old, new = dict(_leaves(before or {})), dict(_leaves(after or {}))
    named = _named(old) | _named(new)
    found = [
        Difference(_words(path, named), _told(path, old.get(path), wording), _told(path, new.get(path), wording))
        for path in [*old, *(path for path in new if path not in old)]
        if old.get(path) != new.get(path) and not (_says_nothing(old.get(path)) and _says_nothing(new.get(path)))
    ]
    return found[:SHOWN], max(0, len(found) - SHOWN)


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every value with the way to it. What has an id is found by it, wherever it stands in its list."""
    for name, value in values.items():
        if not prefix and name in _STAMPS:
            continue
        path = f"{prefix}{name}"
        if isinstance(value, dict):
            yield from _leaves(value, f"{path}.")
        elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
            ids = [str(one.get("id") or at) if isinstance(one, dict) else str(at) for at, one in enumerate(value, 1)]
            yield f"{path}.order", ids
            yield from _leaves(dict(zip(ids, value, strict=True)), f"{path}.")
        else:
            yield path, value


def _says_nothing(value: Any) -> bool:
    """Absent, empty, or a switch that is off; a number says something, also zero."""
    return value is None or value is False or value in ("", [], {})


def _named(leaves: Mapping[str, Any]) -> dict[str, str]:
    """What the parts of a thing are called, by the way to them."""
    parts = (path.rpartition(".") for path in leaves)
    return {way: str(leaves[f"{way}.{last}"]) for way, _dot, last in parts if way and last in ("name", "label")}


def _words(path: str, named: Mapping[str, str]) -> str:
    """`layers.PL1.turn_length_seconds` as "layers › “Weekly” › turn"; a part without a name by its id."""
    words, way = [], ""
    for part in filter(None, path.split(".")):
        way = f"{way}.{part}" if way else part
        if named.get(way):
            words.append(_("“%(name)s”", name=f"\u2068{named[way]}\u2069"))
        else:
            words.append(_(FIELD_WORDS[part]) if part in FIELD_WORDS else part.replace("_", " "))
    return " › ".join(words)


def _told(path: str, value: Any, wording: Wording) -> str:
    if value is not False and _says_nothing(value):
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return _cut(", ".join(_told(path, one, wording) for one in value))
    if isinstance(value, int) and value > _A_MOMENT and _MOMENT.search(path.rpartition(".")[2]):
        return wording.at(value)
    if isinstance(value, int) and path.endswith("_seconds"):
        return str(said(span_words(value * SECOND)))
    text = str(value) if value != _HIDDEN else str(said(phrase(_HIDDEN)))
    name = wording.name_of(text) if path.endswith(("_id", "_ids", "route_to")) else ""
    return _cut(f"{name} ({text})" if name else text)


def _cut(text: str) -> str:
    return text if len(text) <= VALUE_CHARS else f"{text[:VALUE_CHARS]} …"
