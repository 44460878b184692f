"""An event that somebody pastes into a page to try it: read as the Events API would, accepted by nobody.

Decides that a payload alone is an alarm, and that what the door would refuse is refused here in the same words.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from tocsin.dialects._kit.parse import UNREADABLE, NotJson, read_json
from tocsin.dialects.pagerduty_events.decode import decode_alert
from tocsin.dialects.pagerduty_events.faults import enqueue_faults
from tocsin.dialects.pagerduty_events.read import ALERT_SOURCE
from tocsin.events.model import Event
from tocsin.kernel.errors import Invalid
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import phrase
from tocsin.runtime.ingest import Entry


def event_reader(ids: IdSource) -> Callable[[bytes, str, str, Moment], Event]:
    """What makes an event of a pasted text."""

    def read(body: bytes, entrance_id: str, key: str, at: Moment) -> Event:
        try:
            _, said = read_json(body)
        except NotJson as error:
            raise Invalid(
                phrase(
                    "This is not JSON: %(why)s",
                    why=error.message.removeprefix("The body is not JSON: "),
                )
            ) from None
        if not isinstance(said, dict):
            raise Invalid("This is not an event: it must be an object, in braces.")
        if "payload" not in said and "event_action" not in said:
            said = {"payload": said}
        said = {"event_action": "trigger", **said, "routing_key": key}
        found = enqueue_faults(said)
        if found:
            raise Invalid(
                phrase("The event would be refused at the door: %(found)s", found=found[0]), details=tuple(found)
            )
        given = said.get("dedup_key")
        dedup_key = given if isinstance(given, str) and given.strip() else ids.key()
        entry = Entry(0, at, ALERT_SOURCE, entrance_id, dedup_key, json.dumps(said).encode())
        try:
            return decode_alert(entry)
        except UNREADABLE as error:
            raise Invalid(phrase("This can't be read as an event: %(error)s", error=error)) from None

    return read
