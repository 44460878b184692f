"""What one event costs the inbound dialects: microseconds per `read` (edge, on the event loop) and `decode` (engine).

Prints the best of several rounds. It measures readers only, without HTTP and disk.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable

from tocsin.dialects._kit.decode import Decoder
from tocsin.dialects._kit.keys import IntegrationRef, KeyTable
from tocsin.dialects.alertmanager.decode import DECODERS as ALERTMANAGER
from tocsin.dialects.alertmanager.identity import forget
from tocsin.dialects.alertmanager.read import AlertsRoute, WebhookRoute
from tocsin.dialects.pagerduty_events.decode import DECODERS as PAGERDUTY
from tocsin.dialects.pagerduty_events.read import ALERTS, CHANGES, LEGACY, EventsRoute
from tocsin.kernel.ids import IdSource
from tocsin.runtime.ingest import Entry, HotRoute, Posted

KEY = "e93facc04764012d7bfb002500d5d1a6"
NOW = 1_790_000_000_000_000
KEYS = KeyTable([IntegrationRef("PINT001", "PSVC001", KEY)])
IDS = IdSource(random.Random(1))
DECODERS: dict[str, Decoder] = {**PAGERDUTY, **ALERTMANAGER}

SMALL = {
    "routing_key": KEY,
    "event_action": "trigger",
    "dedup_key": "web-01/http",
    "payload": {"summary": "HTTP 500 on web-01", "source": "web-01", "severity": "critical"},
}
FULL = SMALL | {
    "payload": {
        "summary": "DISK at 99% on machine prod-datapipe03.example.com",
        "timestamp": "2026-07-17T08:42:58.315+0000",
        "severity": "critical",
        "source": "prod-datapipe03.example.com",
        "component": "mysql",
        "group": "prod-datapipe",
        "class": "disk",
        "custom_details": {"free space": "1%", "ping time": "1500ms", "load avg": 0.75},
    },
    "client": "Sample Monitoring Service",
    "client_url": "https://monitoring.example.com",
    "links": [{"href": "https://wiki.example.com/disk", "text": "An example link."}],
    "images": [{"src": "https://charts.example.com/1.png", "href": "https://example.com", "alt": "a chart"}],
}
ALERT = {
    "annotations": {"summary": "Instance a:9100 down", "runbook_url": "https://wiki.example.com/down"},
    "endsAt": "2026-09-21T15:06:40.000Z",
    "startsAt": "2026-09-21T14:00:00.000Z",
    "generatorURL": "http://prom:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
    "labels": {"alertname": "InstanceDown", "instance": "a:9100", "job": "node", "severity": "critical"},
}
NOTIFIED = ALERT | {"status": "firing", "endsAt": "0001-01-01T00:00:00Z", "fingerprint": "476c2d9d67794906"}


def webhook(alerts: int) -> dict[str, object]:
    return {
        "receiver": "team",
        "status": "firing",
        "alerts": [NOTIFIED] * alerts,
        "externalURL": "http://am:9093",
        "version": "4",
        "groupKey": '{}:{alertname="InstanceDown"}',
        "truncatedAlerts": 0,
    }


def several(count: int) -> list[dict[str, object]]:
    return [ALERT | {"labels": ALERT["labels"] | {"instance": f"host-{n}:9100"}} for n in range(count)]  # type: ignore[operator]


def posted(path: str, body: object) -> Posted:
    return Posted(path, "", {}, json.dumps(body).encode(), NOW, "127.0.0.1")


def timed(work: Callable[[], object], rounds: int = 9) -> float:
    """Microseconds per call in the best round: what the work costs, not what else the machine did."""
    work()
    started = time.perf_counter()
    work()
    calls = max(3, int(0.02 / max(time.perf_counter() - started, 1e-7)))
    figures = []
    for _ in range(rounds):
        started = time.perf_counter()
        for _ in range(calls):
            work()
        figures.append((time.perf_counter() - started) / calls * 1e6)
    return min(figures)


def report(name: str, route: HotRoute, request: Posted, alerts: int = 1) -> None:
    reading = route.read(request)
    read = timed(lambda: route.read(request)) / alerts
    line = f"{name:<44} {len(request.body):>8} {reading.status:>4} {read:>10.2f}"
    if reading.entries:
        entry = Entry(1, *reading.entries[0])
        decode = DECODERS[entry.source]
        line += f" {timed(lambda: decode(entry)):>10.2f}"
    print(line)


def main() -> None:
    print(f"{'event':<44} {'bytes':>8} {'HTTP':>4} {'read us':>10} {'decode us':>10}   (per event or alert)")
    alerts = EventsRoute(ALERTS, KEYS, IDS)
    report("PagerDuty v2, small", alerts, posted("/v2/enqueue", SMALL))
    report("PagerDuty v2, every field", alerts, posted("/v2/enqueue", FULL))
    without_key = {name: value for name, value in SMALL.items() if name != "dedup_key"}
    report("PagerDuty v2, key generated", alerts, posted("/v2/enqueue", without_key))
    resolve = {"routing_key": KEY, "event_action": "resolve", "dedup_key": "web-01/http"}
    report("PagerDuty v2, resolve", alerts, posted("/v2/enqueue", resolve))
    report("PagerDuty v2, resolve with broken payload", alerts, posted("/v2/enqueue", resolve | {"payload": 1}))
    report("PagerDuty v2, faulty", alerts, posted("/v2/enqueue", SMALL | {"payload": {"severity": "bad"}}))
    report("PagerDuty v2, 400 KB of details", alerts, posted("/v2/enqueue", large()))
    changes = EventsRoute(CHANGES, KEYS, IDS)
    change = {"routing_key": KEY, "payload": {"summary": "Deploy", "source": "ci"}}
    report("PagerDuty change", changes, posted("/v2/change/enqueue", change))
    v1 = {"service_key": KEY, "event_type": "trigger", "incident_key": "k", "description": "d", "details": {"a": 1}}
    report("PagerDuty v1", EventsRoute(LEGACY, KEYS, IDS), posted("/generic/2010-04-15/create_event.json", v1))
    hook = WebhookRoute(KEYS)
    report("Alertmanager webhook, 1 alert", hook, posted(f"/hooks/alertmanager/{KEY}", webhook(1)))
    report("Alertmanager webhook, 50 alerts", hook, posted(f"/hooks/alertmanager/{KEY}", webhook(50)), 50)
    direct = AlertsRoute(KEYS)
    path = f"/alertmanager/{KEY}/api/v2/alerts"
    report("Prometheus direct, 1 alert", direct, posted(path, [ALERT]))
    report("Prometheus direct, 256 alerts, repeated", direct, posted(path, several(256)), 256)
    batch = posted(path, several(256))

    def first_seen() -> None:
        forget()
        direct.read(batch)

    cold = timed(first_seen) / 256
    print(f"{'Prometheus direct, 256 alerts, first seen':<44} {len(batch.body):>8} {200:>4} {cold:>10.2f}")


def large() -> dict[str, object]:
    rows = [{"name": f"row {n}", "value": n, "text": "x" * 60} for n in range(4_000)]
    return SMALL | {"payload": SMALL["payload"] | {"custom_details": {"rows": rows}}}  # type: ignore[operator]


if __name__ == "__main__":
    main()
