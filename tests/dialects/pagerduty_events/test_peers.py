"""A real Alertmanager with its pagerduty receiver, pointed at us by nothing but a URL."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path

import pytest

from tests.dialects._kit.listener import listening, wait_for
from tests.dialects._kit.peers import configured, running, tell
from tests.dialects.pagerduty_events.door import KEY, KEYS
from tocsin.dialects._kit.limits import Gate
from tocsin.dialects.pagerduty_events.decode import DECODERS
from tocsin.dialects.pagerduty_events.read import hot_paths
from tocsin.events.model import Action, Severity
from tocsin.kernel.ids import IdSource

pytestmark = [pytest.mark.peers, pytest.mark.slow]


class NoEntropy:
    def getrandbits(self, k: int, /) -> int:
        raise AssertionError("it sends its own keys")


class OnceBusy:
    times = 1

    def overloaded(self) -> int | None:
        self.times -= 1
        return 1 if self.times >= 0 else None


def test_alertmanagers_pagerduty_receiver(tmp_path: Path) -> None:
    labels = {"alertname": "HighLatency", "severity": "critical"}
    with listening(hot_paths(KEYS, IdSource(NoEntropy()), gate=Gate(backlog=OnceBusy())), DECODERS) as listener:
        command = configured(tmp_path, listener.url)
        config = json.loads((tmp_path / "am.yml").read_text(encoding="utf-8"))
        config["receivers"][0] = {
            "name": "to.csin",
            "pagerduty_configs": [
                {
                    "routing_key": KEY,
                    "url": f"{listener.url}/v2/enqueue",
                    "severity": "{{ .CommonLabels.severity }}",
                    "details": {"team": "payments"},
                    "links": [{"href": "https://wiki.example.com", "text": "wiki"}],
                }
            ],
        }
        (tmp_path / "am.yml").write_text(json.dumps(config), encoding="utf-8")
        with running(command, tmp_path):
            tell(tmp_path, [{"labels": labels, "annotations": {"summary": "p99 above 2 s"}}])
            wait_for(lambda: len(listener.events()) >= 1)
            tell(tmp_path, [{"labels": labels, "endsAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}])
            wait_for(lambda: listener.events()[-1].action is Action.RESOLVE)
        fired, resolved = listener.events()[0], listener.events()[-1]
        assert listener.statuses[0] == 429, "it comes again"
        assert set(listener.statuses[1:]) == {202}
    assert fired.action is Action.TRIGGER
    assert fired.dedup_key == resolved.dedup_key
    assert fired.dedup_key == hashlib.sha256(b'{}:{alertname="HighLatency"}').hexdigest()
    assert fired.severity is Severity.CRITICAL
    assert fired.summary.startswith("[FIRING:1] HighLatency")
    assert fired.details["team"] == "payments"
    assert fired.links[0]["text"] == "wiki"
