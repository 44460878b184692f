"""The three addresses with one integration behind them, as tests knock at them."""

from __future__ import annotations

import json
import random
from typing import Any

from tocsin.dialects._kit.keys import IntegrationRef, KeyTable
from tocsin.dialects._kit.limits import OPEN, Gate
from tocsin.dialects.pagerduty_events.decode import DECODERS
from tocsin.dialects.pagerduty_events.read import ALERTS, CHANGES, LEGACY, EventsRoute, Interface
from tocsin.events.model import Event
from tocsin.kernel.ids import IdSource
from tocsin.runtime.ingest import Entry, Posted, Reading

KEY = "e93facc04764012d7bfb002500d5d1a6"
NOW = 1_790_000_000_000_000
KEYS = KeyTable([IntegrationRef("PINT001", "PSVC001", KEY)])

PATHS = {
    ALERTS.source: "/v2/enqueue",
    CHANGES.source: "/v2/change/enqueue",
    LEGACY.source: "/generic/2010-04-15/create_event.json",
}

TRIGGER: dict[str, Any] = {
    "payload": {
        "summary": "DISK at 99% on machine prod-datapipe03.example.com",
        "timestamp": "2015-07-17T08:42:58.315+0000",
        "severity": "critical",
        "source": "prod-datapipe03.example.com",
        "component": "mysql",
        "group": "prod-datapipe",
        "class": "disk",
        "custom_details": {"free space": "1%", "ping time": "1500ms", "load avg": 0.75},
    },
    "routing_key": KEY,
    "dedup_key": "srv01/mysql",
    "event_action": "trigger",
    "client": "Sample Monitoring Service",
    "client_url": "https://monitoring.service.com",
    "links": [{"href": "http://pagerduty.example.com", "text": "An example link."}],
    "images": [
        {
            "src": "https://charts.example.com/chart?chs=600x400",
            "href": "https://example.com",
            "alt": "An example link with an image",
        }
    ],
}
"""The example of PagerDuty's own OpenAPI document."""

CHANGE: dict[str, Any] = {
    "routing_key": KEY,
    "payload": {
        "summary": "Build Success: Increase snapshot create timeout to 30 seconds",
        "timestamp": "2015-07-17T08:42:58.315+0000",
        "source": "prod-build-agent-i-0b148d1040d565540",
        "custom_details": {"build_state": "passed", "build_number": "220", "run_time": "1236s"},
    },
    "links": [{"href": "https://buildpipeline.com/builds/220", "text": "View in Build Pipeline"}],
    "images": [{"src": "https://charts.example.com/1.png", "href": "https://example.com", "alt": "chart"}],
}

V1: dict[str, Any] = {
    "service_key": KEY,
    "event_type": "trigger",
    "incident_key": "srv01/HTTP",
    "description": "FAILURE for production/HTTP on machine srv01.acme.com",
    "client": "Sample Monitoring Service",
    "client_url": "https://monitoring.service.com",
    "details": {"ping time": "1500ms", "load avg": 0.75},
    "contexts": [
        {"type": "link", "href": "http://acme.pagerduty.com", "text": "View the incident"},
        {"type": "image", "src": "https://charts.example.com/1.png", "href": "https://example.com", "alt": "chart"},
    ],
}


def door(interface: Interface = ALERTS, *, gate: Gate = OPEN, drop_unknown: bool = False) -> EventsRoute:
    """One of the addresses; generated keys are the same in every run."""
    return EventsRoute(interface, KEYS, IdSource(random.Random(7)), gate=gate, drop_unknown=drop_unknown)


def send(
    body: Any, interface: Interface = ALERTS, *, route: EventsRoute | None = None, headers: dict[str, str] | None = None
) -> Reading:
    """The reading of a body: bytes as they are, anything else as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    posted = Posted(PATHS[interface.source], "", headers or {}, raw, NOW, "127.0.0.1")
    return (route or door(interface)).read(posted)


def event_of(body: Any, interface: Interface = ALERTS) -> Event:
    """The event that an accepted body becomes."""
    reading = send(body, interface)
    (entry,) = reading.entries
    return DECODERS[entry.source](Entry(42, *entry))


def faults_of(body: Any, interface: Interface = ALERTS) -> list[str]:
    """What a refused body is told."""
    reading = send(body, interface)
    assert reading.status == 400
    assert reading.entries == ()
    answer = json.loads(reading.body)
    assert answer["status"] == "invalid event"
    assert answer["message"] == "Event object is invalid"
    faults = answer["errors"]
    assert isinstance(faults, list)
    return faults


def without(document: dict[str, Any], *names: str) -> dict[str, Any]:
    """The document without some of its fields."""
    return {name: value for name, value in document.items() if name not in names}
