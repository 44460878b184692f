"""The ratchet itself: nothing new gets in, nothing mended stays listed."""

from __future__ import annotations

from tests.house.ratchet import Finding, problems

LONG = Finding("a.py", 1, "540 lines", 540)


def test_a_new_breach_fails() -> None:
    assert problems([LONG], {}) == ["a.py:1: 540 lines"]


def test_a_tolerated_breach_passes_but_may_not_grow() -> None:
    assert problems([LONG], {"a.py": 540}) == []
    assert problems([LONG], {"a.py": 539}) == ["a.py:1: 540 lines"]


def test_a_mended_breach_has_to_leave_the_list() -> None:
    assert problems([], {"a.py": 540}) == ["a.py: better than ratchet.toml says (0 < 540): write the new figure there"]
    assert problems([LONG], {"a.py": 541}) != []
