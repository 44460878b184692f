"""What to write into a monitor so that it sends here by the Events API: pieces to copy, with address and key in them.

Decides which pieces there are. A monitor that speaks this API needs nothing but another address.
"""

from __future__ import annotations

import json
from collections.abc import Iterator


def pieces(base: str, key: str) -> Iterator[tuple[str, str, str]]:
    """For whom, where it is written, and what. `base`: our address, without a slash at its end."""
    payload = {"summary": "Disk is full", "source": "db-1", "severity": "critical"}
    alarm = {"routing_key": key, "event_action": "trigger", "dedup_key": "disk-db-1", "payload": payload}
    over = {"routing_key": key, "event_action": "resolve", "dedup_key": "disk-db-1"}
    yield (
        "Events API v2",
        "shell",
        f"# it begins\n{_curl(f'{base}/v2/enqueue', alarm)}\n\n# it is over\n{_curl(f'{base}/v2/enqueue', over)}",
    )
    contact = (
        "apiVersion: 1\ncontactPoints:\n  - orgId: 1\n    name: Tocsin\n    receivers:\n      - uid: tocsin\n"
        f"        type: pagerduty\n        settings:\n          integrationKey: {key}\n"
        f"          url: {base}/v2/enqueue\n          severity: critical"
    )
    yield "Grafana", "provisioning/alerting/contact-points.yaml", contact
    deploy = {"summary": "Deployed payments 4.18.2", "source": "ci"}
    yield (
        "Changes",
        "shell",
        _curl(f"{base}/v2/change/enqueue", {"routing_key": key, "payload": deploy}),
    )
    yield (
        "Anything else with an Events API address",
        "settings",
        f"Events API address: {base}/v2/enqueue\nIntegration key: {key}",
    )


def _curl(address: str, body: object) -> str:
    return f"curl {address} -H 'Content-Type: application/json' \\\n  -d '{json.dumps(body)}'"
