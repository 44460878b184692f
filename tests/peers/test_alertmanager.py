"""Debian's Alertmanager, pointed at us: it fires, a person is paged, it resolves, the incident is over."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.peers.conftest import Watch
from tests.peers.programs import alertmanager_with, program
from tocsin.events.model import Outcome

pytestmark = [pytest.mark.peers, pytest.mark.slow]

LABELS = {"alertname": "HighLatency", "severity": "critical", "instance": "web-1"}


def tell(watch: Watch, port: int, alert: dict[str, Any]) -> None:
    """Give Alertmanager an alert, as soon as it listens."""

    def told() -> bool:
        try:
            return httpx2.post(f"http://127.0.0.1:{port}/api/v2/alerts", json=[alert]).status_code == 200
        except httpx2.TransportError:
            return False

    watch.server.wait_until(told, "Alertmanager takes the alert", 30)


def over(alert: dict[str, Any]) -> dict[str, Any]:
    return {**alert, "endsAt": datetime.now(UTC).isoformat()}


def fire_and_resolve(watch: Watch, folder: Path, receiver: dict[str, Any], said: str) -> None:
    command, port = alertmanager_with(folder, receiver)
    alert = {"labels": LABELS, "annotations": {"summary": "p99 above 2 s"}}
    with program(command, folder):
        tell(watch, port, alert)
        assert said in watch.paged(said).body
        (incident,) = watch.incidents()
        assert incident.is_open
        tell(watch, port, over(alert))
        resolved = watch.wait_until_resolved()
    assert resolved.id == incident.id
    assert watch.outcomes()[0] is Outcome.OPENED
    assert watch.outcomes()[-1] is Outcome.RESOLVED
    assert len(watch.server.phones.texts(watch.phone)) == 1


def test_its_pagerduty_receiver(watch: Watch, tmp_path: Path) -> None:
    receiver = {
        "routing_key": watch.integration.key,
        "url": f"{watch.server.url}/v2/enqueue",
        "severity": "{{ .CommonLabels.severity }}",
    }
    fire_and_resolve(watch, tmp_path, {"pagerduty_configs": [receiver]}, "HighLatency")


def test_its_webhook_receiver(watch: Watch, tmp_path: Path) -> None:
    receiver = {"url": f"{watch.server.url}/hooks/alertmanager/{watch.integration.key}"}
    fire_and_resolve(watch, tmp_path, {"webhook_configs": [receiver]}, "p99 above 2 s")


def test_its_webhook_receiver_with_the_key_as_a_credential(watch: Watch, tmp_path: Path) -> None:
    http_config = {"authorization": {"credentials": watch.integration.key}}
    receiver = {"url": f"{watch.server.url}/hooks/alertmanager", "http_config": http_config}
    fire_and_resolve(watch, tmp_path, {"webhook_configs": [receiver]}, "p99 above 2 s")


def test_it_comes_again_after_our_restart(watch: Watch, tmp_path: Path) -> None:
    """An alert that fires while we are gone is delivered when we are back: Alertmanager tries again."""
    receiver = {"url": f"{watch.server.url}/hooks/alertmanager/{watch.integration.key}"}
    command, port = alertmanager_with(tmp_path, {"webhook_configs": [receiver]})
    with program(command, tmp_path):
        watch.server.stop()
        try:
            tell(watch, port, {"labels": LABELS, "annotations": {"summary": "while you were away"}})
        finally:
            watch.server.start()
        assert watch.paged("while you were away").incoming
