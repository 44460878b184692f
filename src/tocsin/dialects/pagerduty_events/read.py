"""From a POST to a log entry and an answer, for the three addresses of the Events API.

Decides whether an event is taken, under which key, and what is kept. An ordinary event takes the short way: one typed
decoding and a handful of comparisons. Everything else is read again at leisure, to find all that is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from tocsin.dialects._kit.keys import IntegrationRef, Keys
from tocsin.dialects._kit.limits import OPEN, Gate
from tocsin.dialects._kit.parse import UNREADABLE, NotJson, is_storable, read_json
from tocsin.dialects.pagerduty_events import errors, faults, wire, write
from tocsin.kernel import limits
from tocsin.kernel.errors import TocsinError, Unavailable
from tocsin.kernel.ids import IdSource
from tocsin.runtime.ingest import HotPath, NewEntry, Posted, Reading

ALERT_SOURCE: Final = "pagerduty.v2"
CHANGE_SOURCE: Final = "pagerduty.v2.change"
LEGACY_SOURCE: Final = "pagerduty.v1"


class Wire(Protocol):
    """What the three bodies have in common."""

    @property
    def key(self) -> str:
        """The integration's key."""

    @property
    def dedup(self) -> str | None:
        """The alert's key, if the sender gave one."""

    def is_sound(self) -> bool:
        """Whether nothing is wrong with it (the key aside)."""


@dataclass(frozen=True, slots=True)
class Interface:
    """What differs between the three addresses."""

    source: str
    decode: Callable[[bytes], Wire]
    faults: Callable[[dict[str, Any]], list[str]]
    key_field: str
    key_faults: Callable[[Any], list[str]]
    unknown_key: str
    taken: int
    """The status of success."""
    busy: int
    """The status that this interface's clients retry."""
    answer: bytes
    dedup_field: str = ""
    """Empty: events have no key, and `answer` is complete."""


ALERTS: Final = Interface(
    source=ALERT_SOURCE,
    decode=wire.ENQUEUE.decode,
    faults=faults.enqueue_faults,
    key_field="routing_key",
    key_faults=faults.routing_key_faults,
    unknown_key=faults.UNKNOWN_ROUTING_KEY,
    taken=202,
    busy=429,
    answer=write.ALERT_TAKEN,
    dedup_field="dedup_key",
)
CHANGES: Final = Interface(
    source=CHANGE_SOURCE,
    decode=wire.CHANGE.decode,
    faults=faults.change_faults,
    key_field="routing_key",
    key_faults=faults.routing_key_faults,
    unknown_key=faults.UNKNOWN_ROUTING_KEY,
    taken=202,
    busy=429,
    answer=write.CHANGE_TAKEN,
)
LEGACY: Final = Interface(
    source=LEGACY_SOURCE,
    decode=wire.LEGACY.decode,
    faults=faults.legacy_faults,
    key_field="service_key",
    key_faults=faults.service_key_faults,
    unknown_key=faults.UNKNOWN_SERVICE_KEY,
    taken=200,
    busy=403,
    answer=write.INCIDENT_TAKEN,
    dedup_field="incident_key",
)


class EventsRoute:
    """The reader of one of the three addresses."""

    body_limit = limits.BODY_BYTES

    def __init__(
        self, interface: Interface, keys: Keys, ids: IdSource, *, gate: Gate = OPEN, drop_unknown: bool = False
    ) -> None:
        """`drop_unknown`: an event for a well-formed key that nobody has is answered as taken, and dropped."""
        self._interface = interface
        self._keys = keys
        self._ids = ids
        self._gate = gate
        self._drop_unknown = drop_unknown

    def turn_away(self, _posted: Posted) -> Reading | None:
        """Never: the key is in the body."""
        return None

    def read(self, posted: Posted) -> Reading:
        """The entry and the answer, or all that is wrong."""
        try:
            return self._quickly(posted) or self._thoroughly(posted)
        except Unavailable as error:
            return self.refuse(error)

    def refuse(self, error: TocsinError) -> Reading:
        """PagerDuty's envelope for a request that got no further."""
        return errors.refused(error, self._interface.busy)

    def _quickly(self, posted: Posted) -> Reading | None:
        """The reading of an ordinary event; None means nothing but "look closer"."""
        try:
            event = self._interface.decode(posted.body)
            if not (event.is_sound() and is_storable(posted.body)):
                return None
        except UNREADABLE:
            return None
        ref = self._keys.integration(event.key)
        if ref is None:
            return None
        return self._accepted(posted, ref, posted.body, event.dedup)

    def _thoroughly(self, posted: Posted) -> Reading:
        interface = self._interface
        try:
            body, event = read_json(posted.body)
        except NotJson:
            return errors.unrecognized()
        if not isinstance(event, dict):
            return errors.unrecognized()
        key = event.get(interface.key_field) or posted.headers.get("x-routing-key")
        ref = self._keys.integration(key) if isinstance(key, str) else None
        found = interface.faults(event)
        given = event.get(interface.dedup_field)
        if ref is not None:
            return errors.invalid(found) if found else self._accepted(posted, ref, body, given)
        if malformed := interface.key_faults(key):
            return errors.invalid(malformed + found)
        if self._drop_unknown and not found:
            return replace(self._answered(self._dedup(given)), key_unknown=True)
        return replace(errors.invalid([interface.unknown_key, *found]), key_unknown=True)

    def _accepted(self, posted: Posted, ref: IntegrationRef, body: bytes, given: str | None) -> Reading:
        seconds = self._gate.wait(ref.id, posted.now)
        if seconds is not None:
            return errors.busy(self._interface.busy, seconds)
        dedup_key = self._dedup(given)
        entry = NewEntry(posted.now, self._interface.source, ref.id, dedup_key, body)
        return self._answered(dedup_key, (entry,))

    def _dedup(self, given: str | None) -> str:
        """The key as given, or a new one; empty where events have none."""
        if not self._interface.dedup_field:
            return ""
        return self._ids.key() if given is None or wire.is_blank(given) else given

    def _answered(self, dedup_key: str, entries: tuple[NewEntry, ...] = ()) -> Reading:
        answer = self._interface.answer
        if dedup_key:
            answer = write.with_key(answer, dedup_key)
        return Reading(self._interface.taken, answer, entries)


def hot_paths(keys: Keys, ids: IdSource, *, gate: Gate = OPEN, drop_unknown: bool = False) -> tuple[HotPath, ...]:
    """The addresses of the Events API, each also with a slash at its end."""
    paths = []
    for path, interface in (
        ("/v2/enqueue", ALERTS),
        ("/v2/change/enqueue", CHANGES),
        ("/generic/2010-04-15/create_event.json", LEGACY),
    ):
        route = EventsRoute(interface, keys, ids, gate=gate, drop_unknown=drop_unknown)
        paths += [HotPath(path, route), HotPath(path + "/", route)]
    return tuple(paths)
