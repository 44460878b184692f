"""What was changed lately: deploys and the like that monitors told of, newest first. Decides whose a reader sees."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from tocsin.kernel.time import Moment
from tocsin.web.visit import Visit


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One change. `service` is "" for one that came by an orchestration's key; `url` where it is told in full."""

    seq: int
    at: Moment
    summary: str
    source: str
    service_id: str
    service: str
    url: str


def changes_between(
    visit: Visit, since: Moment, until: Moment, *, service_ids: Collection[str] | None = None, limit: int = 10
) -> tuple[list[ChangeLine], bool]:
    """The newest changes in [since, until) of these services (None = of all that the reader sees); whether more are."""
    entrances = _entrances(visit, service_ids)
    if not entrances:
        return [], False
    found = visit.site.reads.changes(list(entrances), since, until=until, most=limit + 1)
    shown = found[:limit]
    events = visit.site.stored_events([one.seq for one in shown])
    lines = []
    for one in shown:
        event = events.get(one.seq)
        service_id = entrances[one.integration_id]
        lines.append(
            ChangeLine(
                seq=one.seq,
                at=one.received_at,
                summary=event.summary if event is not None else "",
                source=event.source if event is not None else "",
                service_id=service_id,
                service=visit.names.service(service_id) if service_id else "",
                url=str(next((link.get("href", "") for link in event.links), "")) if event is not None else "",
            )
        )
    return lines, len(found) > limit


def _entrances(visit: Visit, service_ids: Collection[str] | None) -> dict[str, str]:
    """The monitors' entrances that the reader may see, with the service of each ("" = an orchestration's)."""
    config = visit.config
    found = {
        one.id: one.service_id
        for one in config.integrations.values()
        if (service_ids is None or one.service_id in service_ids)
        and (service := config.services.get(one.service_id)) is not None
        and visit.may_read(service)
    }
    if service_ids is None:
        found |= {
            one.id: ""
            for one in config.orchestration_keys.values()
            if (parent := config.orchestrations.get(one.orchestration_id)) is not None and visit.may_read(parent)
        }
    return found
