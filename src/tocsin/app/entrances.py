"""What pages need of monitors and of workflows: which there are, what is written into them, and a test that is sent.

Decides in which order pieces to copy stand. A test goes the way of every monitor's event: the same reader, the same
log, answered only when it is durable.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

import msgspec

from tocsin.dialects._kit.keys import Keys
from tocsin.dialects.alertmanager import setup as alertmanager
from tocsin.dialects.pagerduty.read.services import stored_wire
from tocsin.dialects.pagerduty.read.workflows import ACTIONS as KNOWN
from tocsin.dialects.pagerduty.vendors import VENDORS
from tocsin.dialects.pagerduty_events import setup as pagerduty_events
from tocsin.dialects.pagerduty_events.read import ALERTS, CHANGES, EventsRoute
from tocsin.directory.model import Service
from tocsin.engine.workflow_actions import is_known
from tocsin.kernel.errors import Invalid, TooMany, Unavailable
from tocsin.kernel.ids import IdSource
from tocsin.runtime.clock import Clock
from tocsin.runtime.ingest import Posted
from tocsin.runtime.ingest_queue import IngestQueue
from tocsin.web.site import ActionInput, MonitorKind, Piece, ProbeEvent, StepAction

MONITORS: Final = tuple(MonitorKind(one.id, one.name, one.type) for one in VENDORS)
"""What an integration can be made for."""

ACTIONS: Final = tuple(
    StepAction(
        one.id,
        one.name,
        one.description,
        tuple(ActionInput(name, required, dict(one.defaults).get(name, "")) for name, required in one.inputs),
    )
    for one in KNOWN
    if is_known(one.id)
)
"""What a workflow's step can do here."""

_GROUPING: Final = ("alert_grouping", "alert_grouping_timeout", "alert_grouping_parameters")
_REFUSED: Final = {429: TooMany, 503: Unavailable}


def pieces(base: str, key: str) -> tuple[Piece, ...]:
    """What to copy into monitors, those that most people have first."""
    first, *others = pagerduty_events.pieces(base, key)
    return tuple(Piece(*one) for one in (first, *alertmanager.pieces(base, key), *others))


def regrouped(service: Service) -> str:
    """What is kept of the service for its clients, without what they said of grouping."""
    wire = {name: value for name, value in stored_wire(service).items() if name not in _GROUPING}
    return msgspec.json.encode(wire).decode()


def event_sender(keys: Keys, ids: IdSource, ingest: IngestQueue, clock: Clock) -> Callable[[str, ProbeEvent], int]:
    """What sends a test by a key: the event's number. Raises Invalid, TooMany, Unavailable."""
    routes = {False: EventsRoute(ALERTS, keys, ids), True: EventsRoute(CHANGES, keys, ids)}

    def send(key: str, event: ProbeEvent) -> int:
        posted = Posted("", "", {}, json.dumps(body_of(key, event)).encode(), clock.now(), "")
        reading = routes[event.is_change].read(posted)
        if not reading.entries:
            kind = _REFUSED.get(reading.status, Invalid)
            raise kind(f"It was refused at the door: {reading.body.decode(errors='replace')[:300]}")
        return ingest.append_wait(reading.entries)

    return send


def body_of(key: str, event: ProbeEvent) -> dict[str, object]:
    """The test as a monitor would post it."""
    payload = {"summary": event.summary, "source": event.source}
    if event.is_change:
        return {"routing_key": key, "payload": payload}
    body = {"routing_key": key, "event_action": event.action, "dedup_key": event.dedup_key}
    return body | {"payload": payload | {"severity": event.severity}, "client": "Tocsin"}
