"""How often rules acted is kept by day, for thirty days, whatever the clock does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tocsin.events.memory import DAYS, Memory, acted, acted_lately
from tocsin.kernel.time import DAY, HOUR

TODAY = 20_000 * DAY


def test_days_are_counted_apart_and_forgotten() -> None:
    memory = Memory(id="m")
    for day in range(DAYS + 5):
        for _ in range(2):
            memory = acted(memory, TODAY + day * DAY + HOUR)
    assert memory.total == 2 * (DAYS + 5)
    last = TODAY + (DAYS + 4) * DAY + HOUR
    assert acted_lately(memory, last) == 2 * DAYS
    assert acted_lately(memory, last + (DAYS - 1) * DAY) == 2
    assert acted_lately(memory, last + DAYS * DAY) == 0


def test_a_clock_set_back_counts_all_the_same() -> None:
    memory = acted(acted(Memory(id="m"), TODAY), TODAY - 3 * DAY)
    assert (acted_lately(memory, TODAY), memory.total) == (2, 2)


@given(st.lists(st.integers(0, 120 * DAY), max_size=200))
def test_what_is_kept_is_bounded_and_ordered(moments: list[int]) -> None:
    memory = Memory(id="m")
    for moment in sorted(moments):
        memory = acted(memory, TODAY + moment)
    days = [day for day, _ in memory.buckets]
    assert len(days) <= DAYS
    assert days == sorted(set(days))
    now = TODAY + max(moments, default=0)
    assert acted_lately(memory, now) == sum(1 for one in moments if (TODAY + one) // DAY > now // DAY - DAYS)
    assert memory.total == len(moments)
