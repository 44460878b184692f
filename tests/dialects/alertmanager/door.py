"""Both entrances with one integration behind them, and payloads as the programs send them."""

from __future__ import annotations

import json
from typing import Any

from tocsin.dialects._kit.keys import IntegrationRef, KeyTable
from tocsin.dialects._kit.limits import OPEN, Gate
from tocsin.dialects.alertmanager.decode import DECODERS
from tocsin.dialects.alertmanager.read import AlertsRoute, WebhookRoute
from tocsin.events.model import Event
from tocsin.kernel.time import parse_iso
from tocsin.runtime.ingest import Entry, Posted, Reading

KEY = "5a0c3b9a2f7e4d11a0c4f9f3b2d18c77"
KEYS = KeyTable([IntegrationRef("PINT001", "PSVC001", KEY)])
NOW = parse_iso("2026-08-21T10:00:30Z")

ALERT: dict[str, Any] = {
    "annotations": {"summary": "Instance a:9100 down", "runbook_url": "https://wiki.example.com/down"},
    "endsAt": "2026-08-21T10:04:00.000Z",
    "startsAt": "2026-08-21T10:00:00.000Z",
    "generatorURL": "http://prom.example:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
    "labels": {"alertname": "InstanceDown", "instance": "a:9100", "job": "node", "severity": "critical"},
}
"""As Prometheus posts it."""

FIRING: dict[str, Any] = {
    "status": "firing",
    "labels": {"alertname": "HighLatency", "severity": "critical"},
    "annotations": {"summary": "p99 above 2 s", "runbook_url": "https://wiki.example.com/latency"},
    "startsAt": "2026-08-21T10:00:00.123Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prom.example/graph?g0.expr=x",
    "fingerprint": "476c2d9d67794906",
}
RESOLVED: dict[str, Any] = FIRING | {
    "status": "resolved",
    "labels": {"alertname": "HighLatency", "severity": "warning"},
    "endsAt": "2026-08-21T10:00:20.5Z",
    "fingerprint": "0123456789abcdef",
}
WEBHOOK: dict[str, Any] = {
    "receiver": "team\\.x",
    "status": "firing",
    "alerts": [FIRING, RESOLVED],
    "groupLabels": {"alertname": "HighLatency"},
    "commonLabels": {"alertname": "HighLatency"},
    "commonAnnotations": {},
    "externalURL": "http://am.example:9093",
    "version": "4",
    "groupKey": '{}:{alertname="HighLatency"}',
    "truncatedAlerts": 0,
    "notification_reason": "first notification",
    "routeLabels": {},
}
"""As Alertmanager 0.34 notifies."""


def request(path: str, body: Any, headers: dict[str, str] | None = None) -> Posted:
    """A POST: bytes as they are, anything else as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Posted(path, "", headers or {}, raw, NOW, "127.0.0.1")


def notify(body: Any, *, gate: Gate = OPEN) -> Reading:
    """The reading of a webhook notification."""
    return WebhookRoute(KEYS, gate=gate).read(request(f"/hooks/alertmanager/{KEY}", body))


def post(body: Any, *, gate: Gate = OPEN) -> Reading:
    """The reading of alerts posted to the API."""
    return AlertsRoute(KEYS, gate=gate).read(request(f"/alertmanager/{KEY}/api/v2/alerts", body))


def events_of(reading: Reading) -> list[Event]:
    """The events that the kept entries become."""
    return [DECODERS[new.source](Entry(seq, *new)) for seq, new in enumerate(reading.entries, 42)]


def posted_event(**changes: Any) -> Event:
    """The event of one posted alert; a change to None leaves the field out."""
    (event,) = events_of(post([{name: value for name, value in (ALERT | changes).items() if value is not None}]))
    return event


def notified_event(**changes: Any) -> Event:
    """The event of one notified alert; a change to None leaves the field out."""
    alert = {name: value for name, value in (FIRING | changes).items() if value is not None}
    (event,) = events_of(notify(WEBHOOK | {"alerts": [alert]}))
    return event
