"""`replace` copies as the standard library's does."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import pytest

from tocsin.kernel.values import replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """A value with a default that is an object of its own."""

    name: str
    size: int = 0
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Single:
    """One field."""

    name: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A value that checks itself."""

    size: int

    def __post_init__(self) -> None:
        if self.size < 0:
            raise ValueError


def test_the_copy_is_the_standard_librarys() -> None:
    thing = Thing(name="a", size=3, parts=("x",))
    for changes in ({}, {"size": 4}, {"name": "b", "parts": ()}):
        assert replace(thing, **changes) == dataclasses.replace(thing, **changes)
    assert thing == Thing(name="a", size=3, parts=("x",))
    assert replace(Single("a"), name="b") == Single("b")


def test_what_it_can_not_do_it_says() -> None:
    with pytest.raises(AttributeError):
        replace(Single("a"), colour="red")
    with pytest.raises(TypeError):
        replace(Checked(1), size=-1)
