"""What a client has set on a service and Tocsin keeps without acting upon it, in words for people. Decides wording."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from tocsin.dialects.pagerduty.read.services import stored_wire
from tocsin.directory.model import Service
from tocsin.engine.config import Config
from tocsin.kernel.wording import phrase

_GROUPING: Final = {
    "intelligent": phrase("Intelligent grouping of alerts"),
    "rules": phrase("Grouping of alerts by rules"),
    "content_based_intelligent": phrase("Grouping of alerts by their content, intelligently"),
}


def only_kept(service: Service, config: Config) -> tuple[str, ...]:
    """Settings of a service that are kept for clients and change nothing, one phrase each."""
    return tuple(_found(service, config))


def _found(service: Service, config: Config) -> Iterator[str]:
    wire = stored_wire(service)
    parameters: dict[str, Any] = wire.get("alert_grouping_parameters") or {}
    setting = config.grouping_of.get(service.id)
    sort = setting.sort if setting is not None else parameters.get("type") or wire.get("alert_grouping")
    if sort in _GROUPING and service.group_seconds is None and service.group_by is None:
        yield _GROUPING[sort]
    if wire.get("response_play"):
        yield phrase("A response play for its incidents")
    if wire.get("scheduled_actions"):
        yield phrase("Scheduled actions other than one that makes incidents urgent")
