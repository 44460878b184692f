"""Limits of rate: a window that slides, and waits that help."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tocsin.dialects._kit.limits import OPEN, Gate, PerMinute
from tocsin.kernel.time import HOUR, MINUTE, SECOND

NOW = 1_790_000_000_000_000


def test_zero_is_no_limit() -> None:
    limiter = PerMinute(0)
    assert all(limiter.allowed("PINT001", NOW) is None for _ in range(10_000))


def test_the_limit_is_per_integration() -> None:
    limiter = PerMinute(2)
    assert [limiter.allowed("PALICE1", NOW) for _ in range(3)] == [None, None, 60]
    assert limiter.allowed("PBOB001", NOW) is None


def test_the_window_slides() -> None:
    limiter = PerMinute(2)
    assert limiter.allowed("P", NOW) is None
    assert limiter.allowed("P", NOW + 30 * SECOND) is None
    assert limiter.allowed("P", NOW + 40 * SECOND) == 20
    assert limiter.allowed("P", NOW + 60 * SECOND) is None
    assert limiter.allowed("P", NOW + 61 * SECOND) == 29


def test_a_batch_larger_than_the_limit_passes_when_there_is_room() -> None:
    limiter = PerMinute(10)
    assert limiter.allowed("P", NOW, 256) is None
    assert limiter.allowed("P", NOW + SECOND, 1) == 59
    assert limiter.allowed("P", NOW + MINUTE, 256) is None


def test_the_wait_ends_when_enough_of_the_batches_are_a_minute_old() -> None:
    limiter = PerMinute(4)
    assert limiter.allowed("P", NOW, 3) is None
    assert limiter.allowed("P", NOW + 10 * SECOND, 3) is None
    assert limiter.allowed("P", NOW + 20 * SECOND) == 40
    assert limiter.allowed("P", NOW + 60 * SECOND, 2) is None
    assert limiter.allowed("P", NOW + 61 * SECOND) == 9


def test_a_clock_set_back_locks_nobody_out() -> None:
    limiter = PerMinute(1)
    assert limiter.allowed("P", NOW) is None
    assert limiter.allowed("P", NOW - HOUR) is None


def test_what_is_refused_does_not_count() -> None:
    limiter = PerMinute(1)
    assert limiter.allowed("P", NOW) is None
    for second in range(1, 60):
        assert limiter.allowed("P", NOW + second * SECOND) == 60 - second
    assert limiter.allowed("P", NOW + MINUTE) is None


@given(st.lists(st.integers(0, 90 * SECOND), max_size=40), st.integers(1, 5))
def test_never_more_than_the_limit_in_any_minute_and_waiting_always_helps(steps: list[int], limit: int) -> None:
    limiter = PerMinute(limit)
    now, taken = NOW, list[int]()
    for step in steps:
        now += step
        wait = limiter.allowed("P", now)
        if wait is None:
            taken.append(now)
        else:
            assert 1 <= wait <= 60
            now += wait * SECOND
            assert limiter.allowed("P", now) is None
            taken.append(now)
    slack = SECOND // 10
    for index, first in enumerate(taken):
        assert sum(first <= moment < first + MINUTE - slack for moment in taken[index:]) <= limit


class Swamped:
    def overloaded(self) -> int | None:
        return 7


def test_the_backlog_is_asked_before_the_limit() -> None:
    gate = Gate(PerMinute(1), Swamped())
    assert gate.wait("P", NOW) == 7
    assert Gate(PerMinute(1)).wait("P", NOW) is None
    assert OPEN.wait("P", NOW) is None
