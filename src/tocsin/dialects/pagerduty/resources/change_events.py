"""/change_events, those of a service and those near an incident: what was changed, the newest first.

Decides whose changes are seen: of services and orchestrations that the caller may see. Bounded: only the newest events
are looked through, as for every list of outcomes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, Routes, answer
from tocsin.dialects.pagerduty.errors import not_found
from tocsin.dialects.pagerduty.read.times import moment_in
from tocsin.dialects.pagerduty.resources.incidents import incident_in
from tocsin.dialects.pagerduty.write.log_ids import log_id, log_seq
from tocsin.dialects.pagerduty.write.refs import Refs, Wire, instant
from tocsin.directory.model import Integration
from tocsin.events.model import Outcome
from tocsin.kernel.time import DAY
from tocsin.runtime.reads import EventOutcome, OutcomeFilter

NEAR = DAY
"""How long before an incident a change counts as related to it."""

NEAR_MOST = 20


def listed(call: Call) -> Response:
    """GET /change_events."""
    return _page(call, call.many("integration_ids"))


def of_service(call: Call) -> Response:
    """GET /services/{id}/change_events."""
    service = call.config.services.get(call.path["id"])
    if service is None or not call.sees(call.config.team_ids_of_service(service.id)):
        raise not_found()
    own = _entrances_of(call, service.id)
    asked = call.many("integration_ids")
    return _page(call, tuple(one for one in own if not asked or one in asked) or ("none",))


def shown(call: Call) -> Response:
    """GET /change_events/{id}."""
    seq = log_seq(call.path["id"])
    found = call.reads.outcome(seq) if seq is not None else None
    if found is None or found.outcome is not Outcome.RECORDED or not _seen(call, found):
        raise not_found()
    return answer({"change_event": _wires(call, [found])[0]})


def near_incident(call: Call) -> Response:
    """GET /incidents/{id}/related_change_events: of the incident's service, of the day before it began."""
    incident = incident_in(call)
    wanted = OutcomeFilter(
        outcomes=(Outcome.RECORDED,),
        integration_ids=_entrances_of(call, incident.service_id) or ("none",),
        since=incident.created_at - NEAR,
        until=incident.created_at + 1,
    )
    limit = min(call.window().limit, NEAR_MOST)
    found = call.reads.outcomes(wanted, limit=limit).items
    wires = [{**wire, "correlation_reason": {"reason": "most_recent"}} for wire in _wires(call, found)]
    return answer({"change_events": wires})


def _page(call: Call, integration_ids: Sequence[str]) -> Response:
    team_ids = set(call.many("team_ids"))
    window = call.window()
    wanted = OutcomeFilter(
        outcomes=(Outcome.RECORDED,),
        integration_ids=tuple(integration_ids),
        since=moment_in(call.query, "since"),
        until=moment_in(call.query, "until"),
    )
    found = call.reads.outcomes(wanted, limit=10_000).items
    seen = [one for one in found if _seen(call, one) and (not team_ids or team_ids & set(_teams(call, one)))]
    part, keys = window.cut(seen)
    return answer({"change_events": _wires(call, part), **keys})


def _entrances_of(call: Call, service_id: str) -> tuple[str, ...]:
    return tuple(one.id for one in call.config.integrations.values() if one.service_id == service_id)


def _teams(call: Call, one: EventOutcome) -> tuple[str, ...]:
    entrance = call.config.entrance(one.integration_id)
    if isinstance(entrance, Integration):
        return call.config.team_ids_of_service(entrance.service_id)
    parent = call.config.orchestrations.get(entrance.orchestration_id) if entrance is not None else None
    return (parent.team_id,) if parent is not None and parent.team_id else ()


def _seen(call: Call, one: EventOutcome) -> bool:
    """What came by an entrance that is gone is for those who see everything."""
    return call.sees(_teams(call, one) if call.config.entrance(one.integration_id) is not None else ())


def _wires(call: Call, found: Sequence[EventOutcome]) -> list[Wire]:
    posted = call.reads.posted(one.seq for one in found)
    refs = Refs(call.config, call.links)
    return [_wire(one, _plain(posted.get(one.seq)), refs) for one in found]


def _wire(one: EventOutcome, body: dict[str, Any], refs: Refs) -> Wire:
    payload = body.get("payload") if isinstance(body.get("payload"), dict) else {}
    assert isinstance(payload, dict)
    entrance = refs.config.entrance(one.integration_id)
    service_id = entrance.service_id if isinstance(entrance, Integration) else ""
    change_id = log_id(one.seq)
    stamp, details = payload.get("timestamp"), payload.get("custom_details")
    return {
        **refs.links.keys("change_event", change_id, str(payload.get("summary") or ""), f"change_events/{change_id}"),
        "timestamp": stamp if isinstance(stamp, str) else instant(one.received_at),
        "services": [refs.service(service_id)] if service_id else [],
        "integration": refs.integration(one.integration_id) if service_id else None,
        "routing_key": None,
        "source": payload.get("source"),
        "links": body.get("links") or [],
        "images": body.get("images") or [],
        "custom_details": details if isinstance(details, dict) else {},
    }


def _plain(posted: bytes | None) -> dict[str, Any]:
    """The body as it was posted; nothing where the log does not hold it any more."""
    if posted is None:
        return {}
    try:
        value = msgspec.json.decode(posted)
    except msgspec.DecodeError:
        return {}
    return value if isinstance(value, dict) else {}


ROUTES: Routes = (
    ("/change_events", {"GET": listed}),
    ("/change_events/{id}", {"GET": shown}),
    ("/services/{id}/change_events", {"GET": of_service}),
    ("/incidents/{id}/related_change_events", {"GET": near_incident}),
)
"""Path -> method -> handler."""
