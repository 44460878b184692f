"""Whole lives of an installation under faults, from seeds: nothing breaks, all are reached, rare corners are met."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tocsin.testing.simulation import live
from tocsin.testing.simulation_rare import EXPECTED

FIRST, LIVES = 1, 16
"""Seeds that are lived each time; they must be enough to meet every rare state."""

OLD_FAILURES = [
    int(line.split()[0])
    for line in (Path(__file__).parent / "seeds.txt").read_text().splitlines()
    if line and not line.startswith("#")
]


@pytest.fixture(scope="module")
def met() -> Counter[str]:
    """The states that the lives of this run have met."""
    return Counter()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [*range(FIRST, FIRST + LIVES)])
def test_a_life_holds(seed: int, met: Counter[str]) -> None:
    met.update(live(seed).counts)


@pytest.mark.slow
def test_rare_states_are_met(met: Counter[str]) -> None:
    """A simulator that never gets into a corner says nothing about it."""
    print(*(f"{count:7} {name}" for name, count in sorted(met.items()) if name in EXPECTED), sep="\n")
    assert [name for name in EXPECTED if not met[name]] == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", OLD_FAILURES)
def test_a_life_that_broke_once_holds_now(seed: int) -> None:
    live(seed)


def test_a_seed_is_one_life() -> None:
    assert live(7, steps=40).counts == live(7, steps=40).counts
