"""Whole lives of an installation under faults, from seeds: nothing breaks, all are reached, rare corners are met."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tocsin.testing.simulation import Broken, live
from tocsin.testing.simulation_rare import EXPECTED, RareStates

LIVES = (*range(1, 17), 20, 38)
"""Seeds that are lived each time; they must be enough to meet every rare state."""

OLD_FAILURES = [
    int(line.split()[0])
    for line in (Path(__file__).parent / "seeds.txt").read_text().splitlines()
    if line and not line.startswith("#")
]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@cache
def lived(seed: int) -> RareStates | Broken:
    """A life, lived once however many tests ask for it."""
    try:
        return live(seed)
    except Broken as broken:
        return broken


@pytest.mark.parametrize("seed", sorted({*LIVES, *OLD_FAILURES}))
def test_a_life_holds(seed: int) -> None:
    if isinstance(outcome := lived(seed), Broken):
        raise outcome


def test_rare_states_are_met() -> None:
    """A simulator that never gets into a corner says nothing about it."""
    met: Counter[str] = Counter()
    for seed in LIVES:
        if isinstance(outcome := lived(seed), RareStates):
            met.update(outcome.counts)
    print(*(f"{met[name]:7} {name}" for name in EXPECTED), sep="\n")
    assert [name for name in EXPECTED if not met[name]] == []


def test_a_seed_is_one_life() -> None:
    assert live(7, steps=40).counts == live(7, steps=40).counts
