"""Pagination: limit, offset, more, total; or a cursor. Decides which part of a list is answered; never its order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.datastructures import QueryParams

from tocsin.dialects.pagerduty.errors import invalid

T = TypeVar("T")

DEFAULT = 25
LARGEST = 100
REACH = 10_000
"""offset + limit may not go beyond; a client that needs more narrows its filter."""

_TRUE = frozenset({"true", "1"})
_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a list that was asked for."""

    limit: int
    offset: int
    wants_total: bool

    def cut(self, items: Sequence[T]) -> tuple[Sequence[T], dict[str, Any]]:
        """This part of a list that is in memory, and the envelope's keys for it."""
        part = items[self.offset : self.offset + self.limit]
        return part, self.keys(more=self.offset + self.limit < len(items), total=len(items))

    def keys(self, *, more: bool, total: int | None) -> dict[str, Any]:
        """limit, offset, more and total for the envelope; clients read all of them as numbers, total may be null."""
        return {
            "limit": self.limit,
            "offset": self.offset,
            "more": more,
            "total": total if self.wants_total else None,
        }


def window(query: QueryParams, default: int = DEFAULT, largest: int = LARGEST) -> Window:
    """What the query asks for; a limit above the largest is cut down to it. Raises ApiError 2001."""
    problems: list[str] = []
    limit = _whole(query, "limit", default, problems)
    offset = _whole(query, "offset", 0, problems)
    if limit < 1:
        problems.append("Limit must be at least 1")
    limit = min(limit, largest)
    if offset + limit > REACH:
        problems.append(f"Offset plus limit must not exceed {REACH}")
    if problems:
        raise invalid(problems)
    return Window(limit, offset, query.get("total", "").lower() in _TRUE)


def limit_in(query: QueryParams) -> int:
    """How many a query with a cursor asks for. Raises ApiError 2001."""
    return window(query).limit


def after(items: Sequence[T], cursor: str, limit: int, mark: Callable[[T], str]) -> tuple[Sequence[T], str | None]:
    """The items beyond the cursor, and the cursor of what follows them. `items` are in the order of their marks."""
    left = [item for item in items if mark(item) > cursor]
    part = left[:limit]
    return part, mark(part[-1]) if len(left) > limit else None


def mark_of(thing: Any) -> str:
    """Where a thing stands in a list by age; it stays there whatever is added or removed."""
    return f"{thing.created_at:020}{thing.id}"


def _whole(query: QueryParams, name: str, default: int, problems: list[str]) -> int:
    text = query.get(name, "").strip()
    if not text:
        return default
    if text.isascii() and text.isdigit() and len(text) <= _DIGITS:
        return int(text)
    problems.append(f"{name.capitalize()} must be a whole number that is not negative")
    return default
