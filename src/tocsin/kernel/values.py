"""Changing a value that can't be changed: a copy with some fields set anew. Decides nothing about what they mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import Any, TypeAlias, TypeVar

V = TypeVar("V")

Fields: TypeAlias = tuple[Callable[[object], tuple[object, ...]], tuple[Callable[[object, object], None], ...]]
"""How all fields of a class are read at once, and how each is written."""

_KNOWN: dict[type[Any], Fields] = {}


def replace(value: V, /, **changes: object) -> V:
    """`dataclasses.replace` for frozen dataclasses with slots and without `__post_init__`, in half the time.

    Nine events in ten are one such copy of an alert. Raises AttributeError for a field that does not exist.
    """
    kind = type(value)
    known = _KNOWN.get(kind)
    if known is None:
        known = _KNOWN[kind] = _fields(kind)
    read, write = known
    copy = object.__new__(kind)
    for put, found in zip(write, read(value), strict=True):
        put(copy, found)
    for name, changed in changes.items():
        object.__setattr__(copy, name, changed)
    return copy


def _fields(kind: type[Any]) -> Fields:
    if hasattr(kind, "__post_init__"):
        raise TypeError(f"{kind.__name__} checks itself when it is made")
    names = [field.name for field in fields(kind)]
    read = attrgetter(*names) if len(names) > 1 else (lambda value: (getattr(value, names[0]),))
    return read, tuple(getattr(kind, name).__set__ for name in names)
