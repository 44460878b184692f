"""Ids: their forms, that none comes twice, and that they follow time where there is a clock."""

from __future__ import annotations

import random
import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import MILLISECOND, SECOND, parse_iso

NOW = parse_iso("2026-11-23T12:00:00Z")
LONG = re.compile(r"Q[A-Z0-9]{13}")


def test_the_forms_that_clients_expect() -> None:
    ids = IdSource(random.Random(1))
    assert re.fullmatch(r"P[A-Z0-9]{6}", ids.short())
    assert LONG.fullmatch(ids.long())
    assert re.fullmatch(r"[0-9a-f]{32}", ids.key())
    assert re.fullmatch(r"[0-9a-f]{40}", ids.token())


def test_the_same_seed_gives_the_same_ids() -> None:
    one, other = IdSource(random.Random(7)), IdSource(random.Random(7))
    assert [one.long() for _ in range(5)] == [other.long() for _ in range(5)]


@given(st.lists(st.integers(-SECOND, SECOND), min_size=2, max_size=50), st.integers(0, 2**32))
def test_with_a_clock_each_sorts_after_the_last_however_the_clock_jumps(steps: list[int], seed: int) -> None:
    moment = NOW

    def clock() -> int:
        return moment

    ids = IdSource(random.Random(seed), clock)
    made = []
    for step in steps:
        moment += step
        made.append(ids.long())
    assert all(LONG.fullmatch(one) for one in made)
    assert all(earlier < later for earlier, later in pairwise(made))


def test_other_sources_make_other_ids_in_the_same_millisecond() -> None:
    made = {IdSource(random.Random(seed), lambda: NOW).long() for seed in range(200)}
    assert len(made) == 200


def test_what_is_made_together_begins_alike() -> None:
    moment = NOW
    ids = IdSource(random.Random(1), lambda: moment)
    first = ids.long()
    moment += MILLISECOND
    assert ids.long()[:6] == first[:6]
    moment += 3600 * SECOND
    assert ids.long()[:6] != first[:6]
