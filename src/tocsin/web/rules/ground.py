"""Where an event is tried: by which keys it may come in, what has come lately, and what the form of the tester holds.

Decides how a stored event is written so that people can change it. Trying it stands in `trial`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tocsin.events.model import Action, Event
from tocsin.events.orchestration import OrchestrationKey
from tocsin.kernel.errors import NotFound
from tocsin.kernel.time import Moment, iso
from tocsin.runtime.reads import OutcomeFilter
from tocsin.web.event_lines import EventLine, lines_of_events
from tocsin.web.rules.effects import entrances_of_service
from tocsin.web.visit import Visit

BODY_CHARS: Final = 60_000
"""A longer event can be tried as it is, but is not shown to be changed."""

RECENT: Final = 10
"""Recent events that are offered to start from."""

FIELDS: Final = ("event", "at", "when", "by", "seq")

THEN: Final = "then"
"""The choice of the time at which a stored event came."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """A key by which an event may come in, and what it is called where there are several."""

    id: str
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Ground:
    """The tester of an orchestration or a service. `picked`: the stored event that the form starts from, if one."""

    page: str
    address: str
    entrances: tuple[Entrance, ...]
    recent: tuple[EventLine, ...]
    picked: EventLine | None
    typed: Mapping[str, str]
    is_too_long: bool = False

    @property
    def then(self) -> Moment | None:
        """When the picked event came."""
        return self.picked.event.received_at if self.picked is not None else None


def of_orchestration(visit: Visit, orchestration_id: str) -> tuple[Entrance, ...]:
    """The keys of an orchestration."""
    keys = visit.config.keys_of.get(orchestration_id, ())
    return tuple(Entrance(key.id, key.key, key.name) for key in keys)


def of_service(visit: Visit, service_id: str) -> tuple[Entrance, ...]:
    """The service's own keys, then those of the orchestrations that lead to it and that the reader may see."""
    found = []
    for entrance_id in entrances_of_service(visit.config, service_id):
        one = visit.config.entrance(entrance_id)
        if one is None:
            continue
        if isinstance(one, OrchestrationKey):
            orchestration = visit.config.orchestrations[one.orchestration_id]
            if visit.may_read(orchestration):
                found.append(Entrance(one.id, one.key, f"{orchestration.name}: {one.name}"))
        else:
            found.append(Entrance(one.id, one.key, one.name))
    return tuple(found)


def ground_of(
    visit: Visit, page: str, entrances: tuple[Entrance, ...], typed: Mapping[str, str] | None = None
) -> Ground:
    """The tester of this page. `typed`: what was sent; without it the form may start from the event of the address."""
    address = f"{page.removesuffix('/rules')}/try"
    ids = tuple(one.id for one in entrances)
    listing = visit.site.reads.outcomes(OutcomeFilter(integration_ids=ids), limit=RECENT).items if ids else ()
    recent = tuple(lines_of_events(visit, listing))
    picked = picked_line(visit, ids, typed["seq"] if typed is not None else visit.query("event"))
    if typed is not None:
        return Ground(page, address, entrances, recent, picked, typed)
    event = stored(visit, picked) if picked is not None else None
    text = written(event) if event is not None else ""
    is_too_long = len(text) > BODY_CHARS
    filled = dict.fromkeys(FIELDS, "")
    if picked is not None and event is not None:
        filled |= {
            "event": "" if is_too_long else text,
            "seq": str(picked.event.seq),
            "by": picked.event.integration_id,
            "when": THEN,
        }
    return Ground(page, address, entrances, recent, picked if event is not None else None, filled, is_too_long)


def picked_line(visit: Visit, entrance_ids: tuple[str, ...], number: str) -> EventLine | None:
    """The stored event with this number, if it came by one of these and the reader may see it."""
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    outcome = visit.site.reads.outcome(int(number))
    if outcome is None or outcome.integration_id not in entrance_ids:
        return None
    return next(iter(lines_of_events(visit, [outcome])), None)


def stored(visit: Visit, line: EventLine) -> Event | None:
    """The event as the engine read it; None when its body is not kept any more, or it is no alarm."""
    event = visit.site.stored_events([line.event.seq]).get(line.event.seq)
    return event if event is not None and event.action is not Action.CHANGE else None


def must(event: Event | None) -> Event:
    """The event, or NotFound in words."""
    if event is None:
        raise NotFound("The body of this event is not kept any more.")
    return event


def written(event: Event) -> str:
    """The event as the Events API takes it, whatever monitor it came from; what it did not say is left out."""
    payload: dict[str, Any] = {
        "summary": event.summary,
        "source": event.source,
        "severity": event.severity.value if event.severity else "",
        "timestamp": iso(event.occurred_at) if event.occurred_at is not None else "",
        "component": event.component,
        "group": event.group,
        "class": event.event_class,
        "custom_details": event.details,
    }
    body: dict[str, Any] = {
        "event_action": event.action.value,
        "dedup_key": event.dedup_key,
        "payload": {name: value for name, value in payload.items() if value},
        "client": event.client,
        "client_url": event.client_url,
        "links": [dict(one) for one in event.links],
        "images": [dict(one) for one in event.images],
    }
    return json.dumps({name: value for name, value in body.items() if value}, indent=2, ensure_ascii=False, default=str)
