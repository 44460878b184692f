"""kill -9 of edge, engine, supervisor and all at once, at random moments: nothing is lost, paging goes on."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.processes.kill_loop import kill_loop

SECONDS = 45


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_killed_at_any_moment_nothing_answered_is_lost(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    report = kill_loop(tmp_path / "data", seed, SECONDS)
    assert not report.faults, "\n".join([str(report), *report.faults[:20]])
    print(report)
    assert len(report.kills) >= 5
    assert report.alarms > 20
    assert report.acknowledged
