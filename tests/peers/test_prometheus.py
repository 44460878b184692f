"""Debian's Prometheus, which takes us for an Alertmanager: it fires and repeats, resolves, or dies and is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.peers.conftest import Watch
from tests.peers.programs import program, prometheus_with, ringing
from tocsin.events.model import Outcome
from tocsin.runtime.reads import AlertFilter

pytestmark = [pytest.mark.peers, pytest.mark.slow]

SAYS = "The bell on tower rings"


def repeats(watch: Watch) -> int:
    return watch.outcomes().count(Outcome.REPEATED)


def test_it_fires_repeats_and_resolves(watch: Watch, tmp_path: Path) -> None:
    target = watch.server.url.removeprefix("http://")
    with ringing() as bell:
        command = prometheus_with(tmp_path, bell, target, f"/alertmanager/{watch.integration.key}")
        with program(command, tmp_path):
            watch.paged(SAYS)
            watch.server.wait_until(lambda: repeats(watch) >= 3, "it says so again", 30)
            (incident,) = watch.incidents()
            assert incident.is_open
            bell.value = 0
            assert watch.wait_until_resolved().id == incident.id
            watch.server.wait_until(lambda: watch.outcomes()[-1] is Outcome.DROPPED, "it repeats that it is over", 30)
    assert Outcome.RESOLVED in watch.outcomes()
    assert len(watch.incidents()) == 1, "a repeated resolution opens nothing"
    assert len(watch.server.phones.texts(watch.phone)) == 1


def test_it_dies_and_its_alert_expires(watch: Watch, tmp_path: Path) -> None:
    target = watch.server.url.removeprefix("http://")
    with ringing() as bell:
        command = prometheus_with(tmp_path, bell, target, f"/alertmanager/{watch.integration.key}")
        with program(command, tmp_path) as prometheus:
            watch.paged(SAYS)
            watch.server.wait_until(lambda: repeats(watch) >= 6, "it goes on for longer than its alerts live", 30)
            (incident,) = watch.incidents()
            assert incident.is_open, "repeats keep it alive"
            prometheus.kill()
            assert watch.wait_until_resolved().id == incident.id
    (alert,) = watch.server.reads.alerts(AlertFilter(incident_id=incident.id)).items
    assert alert.resolved_at is not None
    assert alert.expires_at is not None
    assert 0 <= alert.resolved_at - alert.expires_at < 2_000_000
    assert Outcome.RESOLVED not in watch.outcomes(), "nobody said that it is over"
