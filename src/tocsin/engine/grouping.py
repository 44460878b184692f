"""Which open incident a new alert belongs to, by the grouping of its service.

Decides between the groupings that a service can have; what makes two alerts alike stands in `alerts.grouping`.
"""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.alerts.grouping import group_keys
from tocsin.alerts.model import Alert
from tocsin.directory.grouping import ContentGrouping
from tocsin.directory.model import Service
from tocsin.engine.world import World
from tocsin.incidents.model import Incident
from tocsin.kernel.limits import ALERTS_PER_INCIDENT
from tocsin.kernel.time import DAY, SECOND, Moment
from tocsin.kernel.wording import stored


@dataclass(frozen=True, slots=True)
class Group:
    """Where an alert belongs: an open incident and why, or none and the keys by which others will find the new one."""

    incident: Incident | None = None
    reason: str = ""
    keys: tuple[str, ...] = ()


def group_for(world: World, service: Service, alert: Alert, opened_at: Moment) -> Group:
    """The newest incident that takes the alert. Without a grouping every alert is on its own.

    A snoozed one takes none: who snoozed it said that this problem can wait, not that the next one can. The next one
    pages as an incident of its own, and the snooze stands.
    """
    if service.group_by is not None:
        return _by_content(world, service, service.group_by, alert, opened_at)
    if service.group_seconds is None:
        return Group()
    for incident in reversed(world.state.open_incidents_of(service.id)):
        ends = grouping_ends(service, incident)
        if (ends is None or opened_at <= ends) and _takes(incident):
            return Group(incident, stored("raised within the service's grouping window"))
    return Group()


def _by_content(world: World, service: Service, by: ContentGrouping, alert: Alert, opened_at: Moment) -> Group:
    """With each alert that joins the window begins anew, for a day at most (as PagerDuty has it)."""
    setting = world.config.grouping_of.get(service.id)
    keys = group_keys(alert, by, setting.id if setting is not None else service.id)
    found = {one.id: one for key in keys for one in world.state.open_incidents_with(key)}
    for incident in sorted(found.values(), key=lambda one: one.number, reverse=True):
        ends = grouping_ends(service, incident)
        if (ends is None or opened_at <= ends) and _takes(incident):
            return Group(incident, _alike(by))
    return Group(keys=keys)


def grouping_ends(service: Service, incident: Incident) -> Moment | None:
    """Until when the incident takes further alerts by the service's grouping; None = for as long as it is open."""
    if service.group_by is not None:
        last = incident.created_at if incident.joined_at is None else incident.joined_at
        return min(last + service.group_by.window_seconds * SECOND, incident.created_at + DAY)
    return incident.created_at + service.group_seconds * SECOND if service.group_seconds else None


def _takes(incident: Incident) -> bool:
    return 0 < incident.alert_count < ALERTS_PER_INCIDENT and incident.snoozed_until is None


def _alike(by: ContentGrouping) -> str:
    names = (" and " if by.match_all else " or ").join(by.fields)
    return stored("it has the same %(names)s as this incident's first alert", names=names)
