"""Garbage is looked for while nobody waits, and before there is too much of it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from tocsin.runtime import garbage
from tocsin.runtime.garbage import Garbage
from tocsin.testing.world import ManualClock


@pytest.fixture
def clock() -> Iterator[ManualClock]:
    yield ManualClock()
    gc.enable()
    gc.unfreeze()


class Knot:
    """Refers to itself."""

    def __init__(self) -> None:
        self.me = self


def test_it_waits_for_a_quiet_moment(clock: ManualClock) -> None:
    found = Garbage(clock)
    knots = [Knot() for _ in range(garbage.SOME + 100)]
    knot = weakref.ref(knots[0])
    del knots
    assert not found.look(idle=True), "it has looked a moment ago"
    clock.moment += 61_000_000
    assert not found.look(idle=False)
    assert knot() is not None
    assert found.look(idle=True)
    assert knot() is None
    assert not found.look(idle=True)


def test_too_much_does_not_wait(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Garbage(clock)
    monkeypatch.setattr(garbage, "MOST", 1_000)
    knots = [Knot() for _ in range(2_000)]
    assert found.look(idle=False)
    assert not found.look(idle=False)
    del knots
