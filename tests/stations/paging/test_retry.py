"""When a failed message is tried again."""

from __future__ import annotations

import pytest

from tocsin.kernel.time import MINUTE, SECOND
from tocsin.paging.retry import DELAYS, LONGEST_WISH, next_delay


def test_it_waits_longer_each_time_and_gives_up_after_minutes() -> None:
    delays = [next_delay(attempt, None) for attempt in range(1, len(DELAYS) + 1)]
    assert delays == sorted(DELAYS)
    assert next_delay(len(DELAYS) + 1, None) is None
    assert 2 * MINUTE < sum(DELAYS) < 5 * MINUTE


@pytest.mark.parametrize(
    ("attempt", "wish", "delay"),
    [(1, 20, 20 * SECOND), (1, 3600, LONGEST_WISH), (5, 1, 15 * SECOND), (1, 0, 1 * SECOND), (11, 20, None)],
)
def test_a_provider_s_wish_counts_within_limits(attempt: int, wish: int, delay: int | None) -> None:
    assert next_delay(attempt, wish) == delay
