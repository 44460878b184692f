"""A real Alertmanager notifying us, and a real Prometheus taking us for one: fire, repeat, resolve."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.dialects._kit.listener import listening, wait_for
from tests.dialects._kit.peers import configured, free_port, running, tell
from tests.dialects.alertmanager.door import KEY, KEYS
from tocsin.dialects._kit.hooks import hook_paths
from tocsin.dialects._kit.limits import Gate
from tocsin.dialects.alertmanager.decode import DECODERS
from tocsin.dialects.alertmanager.read import WebhookRoute, hot_paths
from tocsin.events.model import Action, Severity

pytestmark = [pytest.mark.peers, pytest.mark.slow]

HOOKS = hook_paths({"alertmanager": WebhookRoute(KEYS)})


def test_a_webhook_receiver_fires_and_resolves(tmp_path: Path) -> None:
    labels = {"alertname": "HighLatency", "severity": "critical"}
    with listening(HOOKS, DECODERS) as listener:
        with running(configured(tmp_path, f"{listener.url}/hooks/alertmanager/{KEY}"), tmp_path):
            tell(tmp_path, [{"labels": labels, "annotations": {"summary": "p99 above 2 s"}}])
            wait_for(lambda: len(listener.events()) >= 1)
            ended = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            tell(tmp_path, [{"labels": labels, "endsAt": ended}])
            wait_for(lambda: listener.events()[-1].action is Action.RESOLVE)
        fired, resolved = listener.events()[0], listener.events()[-1]
        assert set(listener.statuses) == {200}
    assert fired.action is Action.TRIGGER
    assert fired.dedup_key == resolved.dedup_key == "476c2d9d67794906"
    assert fired.severity is Severity.CRITICAL
    assert fired.summary == "p99 above 2 s"
    assert fired.expires_at is None
    assert fired.details["receiver"] == "to.csin"
    assert resolved.ended_at is not None


def test_a_webhook_receiver_with_a_credential_comes_again_after_503(tmp_path: Path) -> None:
    class Swamped:
        times = 2

        def overloaded(self) -> int | None:
            self.times -= 1
            return 1 if self.times >= 0 else None

    paths = hook_paths({"alertmanager": WebhookRoute(KEYS, gate=Gate(backlog=Swamped()))})
    with (
        listening(paths, DECODERS) as listener,
        running(configured(tmp_path, f"{listener.url}/hooks/alertmanager", KEY), tmp_path),
    ):
        tell(tmp_path, [{"labels": {"alertname": "X"}}])
        wait_for(lambda: len(listener.events()) >= 1)
        assert listener.statuses[:3] == [503, 503, 200]


def test_prometheus_takes_us_for_an_alertmanager(tmp_path: Path) -> None:
    rule = {
        "alert": "InstanceDown",
        "expr": "bell == 1",
        "labels": {"severity": "page", "empty": ""},
        "annotations": {"summary": "value {{ $value | humanize }}"},
    }
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "g", "rules": [rule]}]}), encoding="utf-8")
    with listening(hot_paths(KEYS), DECODERS) as listener:
        listener.page = b"bell 1\n"
        us = [{"targets": [listener.url.removeprefix("http://")]}]
        target = {"path_prefix": f"/alertmanager/{KEY}", "static_configs": us}
        config = {
            "global": {"evaluation_interval": "1s", "scrape_interval": "1s", "external_labels": {"cluster": "eu"}},
            "scrape_configs": [{"job_name": "bells", "static_configs": us}],
            "rule_files": ["rules.yml"],
            "alerting": {"alertmanagers": [target]},
        }
        (tmp_path / "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")
        command = [
            "prometheus",
            f"--config.file={tmp_path / 'prometheus.yml'}",
            f"--storage.tsdb.path={tmp_path / 'data'}",
            f"--web.listen-address=127.0.0.1:{free_port()}",
            "--rules.alert.resend-delay=1s",
        ]
        with running(command, tmp_path):
            wait_for(lambda: len(listener.events()) >= 3)
            listener.page = b"bell 0\n"
            wait_for(lambda: any(event.action is Action.RESOLVE for event in listener.events()))
        events = listener.events()
        assert set(listener.statuses) == {200}
    fired, resolved = events[0], next(event for event in events if event.action is Action.RESOLVE)
    assert fired.action is Action.TRIGGER
    assert fired.expires_at is not None
    assert fired.expires_at > fired.received_at
    assert fired.severity is Severity.CRITICAL
    assert fired.group == "eu"
    assert fired.component == "bells"
    assert fired.summary == "value 1"
    assert {event.dedup_key for event in events} == {fired.dedup_key}
    assert resolved.ended_at is not None
    assert resolved.started_at == fired.started_at
