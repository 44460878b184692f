"""From a log entry to the normalised event. Decides what each field of a PagerDuty event means to us; refuses nothing.

The entry was accepted when it was written, so nothing here raises on it. What was accepted although parts are odd
(a resolve with a broken payload) keeps its action and key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from tocsin.dialects._kit.decode import Decoder
from tocsin.dialects._kit.fields import LINKS, clip, one_line, read_moment, runbook, web_address
from tocsin.dialects._kit.parse import UNREADABLE
from tocsin.dialects.pagerduty_events.read import ALERT_SOURCE, CHANGE_SOURCE, LEGACY_SOURCE
from tocsin.dialects.pagerduty_events.wire import CHANGE, ENQUEUE, LEGACY, Context, Image, Link, Payload
from tocsin.events.model import Action, Event
from tocsin.kernel.time import Moment
from tocsin.runtime.ingest import Entry

_ACTIONS: Final = {"trigger": Action.TRIGGER, "acknowledge": Action.ACKNOWLEDGE, "resolve": Action.RESOLVE}

Things = tuple[Mapping[str, str], ...]


def decode_alert(entry: Entry) -> Event:
    """An alert event of v2."""
    try:
        wire = ENQUEUE.decode(entry.body)
    except UNREADABLE:
        return _bare(entry, "event_action")
    payload = wire.payload
    if payload is None:
        return _keyed(entry, _ACTIONS[wire.event_action])
    details = _details(payload.custom_details)
    return Event(
        action=_ACTIONS[wire.event_action],
        integration_id=entry.integration_id,
        dedup_key=entry.dedup_key,
        received_at=entry.received_at,
        log_seq=entry.seq,
        raw=entry.body,
        summary=one_line(payload.summary),
        source=clip(payload.source),
        severity=payload.severity,
        component=_short(payload.component),
        group=_short(payload.group),
        event_class=_short(payload.event_class),
        details=details,
        links=_links(wire.links) if wire.links else (),
        images=_images(wire.images) if wire.images else (),
        client=_short(wire.client),
        client_url=web_address(wire.client_url) if wire.client_url else "",
        occurred_at=_moment(payload),
        runbook_url=runbook(details) if details else "",
    )


def decode_change(entry: Entry) -> Event:
    """A change event: recorded, never an alert."""
    wire = CHANGE.decode(entry.body)
    details = _details(wire.payload.custom_details)
    return Event(
        action=Action.CHANGE,
        integration_id=entry.integration_id,
        dedup_key=entry.dedup_key,
        received_at=entry.received_at,
        log_seq=entry.seq,
        summary=one_line(wire.payload.summary),
        source=_short(wire.payload.source),
        details=details,
        links=_links(wire.links) if wire.links else (),
        images=_images(wire.images) if wire.images else (),
        occurred_at=_moment(wire.payload),
        runbook_url=runbook(details),
    )


def decode_legacy(entry: Entry) -> Event:
    """An event of v1. It has no severity and no source."""
    try:
        wire = LEGACY.decode(entry.body)
    except UNREADABLE:
        return _bare(entry, "event_type")
    details = _details(wire.details)
    contexts = wire.contexts or ()
    return Event(
        action=_ACTIONS[wire.event_type],
        integration_id=entry.integration_id,
        dedup_key=entry.dedup_key,
        received_at=entry.received_at,
        log_seq=entry.seq,
        raw=entry.body,
        summary=one_line(wire.description or ""),
        details=details,
        links=_links([Link(c.href or "", c.text) for c in contexts if c.type == "link"]),
        images=_images([_picture(c) for c in contexts if c.type == "image"]),
        client=_short(wire.client),
        client_url=web_address(wire.client_url),
        runbook_url=runbook(details),
    )


def _bare(entry: Entry, field: str) -> Event:
    """An acknowledge or resolve whose other fields are not what they should be."""
    return _keyed(entry, _ACTIONS[msgspec.json.decode(entry.body)[field]])


def _keyed(entry: Entry, action: Action) -> Event:
    return Event(
        action=action,
        integration_id=entry.integration_id,
        dedup_key=entry.dedup_key,
        received_at=entry.received_at,
        log_seq=entry.seq,
    )


def _details(value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    return value if isinstance(value, dict) else {"value": value}


def _short(text: str | None) -> str:
    return clip(text) if text else ""


def _moment(payload: Payload | Any) -> Moment | None:
    """When the monitor saw it. A time that can't be read is no time; the raw event still shows it."""
    text = payload.timestamp
    if not isinstance(text, str):
        return None
    try:
        moment = read_moment(text)
    except ValueError:
        return None
    return moment if moment >= 0 else None


def _links(links: list[Link]) -> Things:
    shown = ((web_address(link.href), link.text or "") for link in links[:LINKS])
    return tuple({"href": href, "text": clip(text)} for href, text in shown if href)


def _images(images: list[Image]) -> Things:
    shown = ((web_address(image.src), image) for image in images[:LINKS])
    return tuple(
        {"src": src, "href": web_address(image.href), "alt": clip(image.alt or "")} for src, image in shown if src
    )


def _picture(context: Context) -> Image:
    return Image(context.src or "", context.href, context.alt)


DECODERS: Final[dict[str, Decoder]] = {
    ALERT_SOURCE: decode_alert,
    CHANGE_SOURCE: decode_change,
    LEGACY_SOURCE: decode_legacy,
}
