"""What an incident means for the business: which business services it reaches, and who wants to hear of it by that.

Decides what "reaches" means: an open incident on a service that the business needs, directly or through others, if it
matters as much as the installation's threshold asks (any, as long as there is none); or what somebody said of the two.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tocsin.engine.config import Config
from tocsin.incidents.model import Incident

THRESHOLD = "priority_threshold"
EVERYBODY = "account_subscription"
"""What clients keep under these words: from which priority on, and where everybody is to hear."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A person or team who hears of an incident. `via`: the business services by which they do, () = they asked."""

    subscriber_id: str
    is_team: bool
    via: tuple[str, ...] = ()


def listeners(config: Config, incident: Incident) -> Iterator[Listener]:
    """Whoever subscribed to the incident or to a business service that it reaches, each once."""
    reached = business_reached(config, incident)
    found: dict[tuple[str, bool], list[str]] = {}
    for one in sorted(config.subscribers.values(), key=lambda one: (one.created_at, one.id)):
        if one.subscribed_id == incident.id:
            found.setdefault((one.subscriber_id, one.is_team), [])
        elif one.subscribed_id in reached:
            found.setdefault((one.subscriber_id, one.is_team), []).append(one.subscribed_id)
    everywhere = [one.parent_id for one in config.kept_of.get(EVERYBODY, ()) if one.parent_id in reached]
    if everywhere:
        for user in config.users.values():
            if user.active:
                found.setdefault((user.id, False), []).extend(everywhere)
    for (subscriber_id, is_team), via in found.items():
        yield Listener(subscriber_id, is_team, tuple(dict.fromkeys(via)))


def business_reached(config: Config, incident: Incident) -> Mapping[str, None]:
    """The ids of the business services that it reaches, the nearest first."""
    said = incident.impacts
    above = _above(config, incident.service_id) if matters(config, incident) else {}
    reached = {one: None for one in above if one in config.business_services and said.get(one, True)}
    return reached | {one: None for one, is_reached in said.items() if is_reached}


def matters(config: Config, incident: Incident) -> bool:
    """Whether its priority is high enough to reach the business at all."""
    least = threshold(config)
    if least is None:
        return True
    priority = config.priorities.get(incident.priority_id or "")
    return priority is not None and priority.order <= least


def threshold(config: Config) -> int | None:
    """The order of the least priority that reaches the business; None = every incident does."""
    kept = next(iter(config.kept_of.get(THRESHOLD, ())), None)
    return int(json.loads(kept.wire)["order"]) if kept is not None else None


def _above(config: Config, service_id: str) -> Mapping[str, None]:
    """Every service and business service that needs it, directly or through others, the nearest first."""
    found: dict[str, None] = {}
    waiting = [service_id]
    for current in waiting:
        for one in config.dependents_of.get(current, ()):
            if one.dependent_id not in found:
                found[one.dependent_id] = None
                waiting.append(one.dependent_id)
    return found
