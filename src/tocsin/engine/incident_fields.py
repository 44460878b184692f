"""An incident as conditions and templates of workflows see it: its fields, by the names that clients know.

Decides what they are called. What nobody said is absent, not empty. A thing with a name (priority, service ...) is
compared by its name, and its parts can be asked for: `incident.priority`, `incident.priority.id`, `.summary`.
"""

from __future__ import annotations

from tocsin.engine.config import Config
from tocsin.events import pcl
from tocsin.incidents.model import Incident
from tocsin.kernel.time import Moment, iso

DEFAULT_TYPE = "incident_default"
"""What an incident is of whose type nobody chose."""


def scene_of(config: Config, incident: Incident, now: Moment) -> pcl.Scene:
    """What a workflow's condition or template looks at."""
    return pcl.Scene(now=now, incident=fields_of(config, incident))


def fields_of(config: Config, incident: Incident) -> dict[str, object]:
    """The fields that are there."""
    kind = incident.type_name or DEFAULT_TYPE
    every: dict[str, object] = {
        "id": incident.id,
        "number": incident.number,
        "incident_number": incident.number,
        "title": incident.title,
        "summary": incident.title,
        "description": incident.details,
        "status": incident.status.value,
        "urgency": incident.urgency.value,
        "incident_key": incident.incident_key,
        "created_at": iso(incident.created_at),
        "updated_at": iso(incident.updated_at),
        "priority": _named(config, "priority", incident.priority_id or ""),
        "service": _named(config, "service", incident.service_id),
        "escalation_policy": _named(config, "policy", incident.policy_id),
        "teams": [config.teams[one].name for one in incident.team_ids if one in config.teams],
        "assignees": [config.users[one].name for one in incident.assignee_ids if one in config.users],
        "incident_type": pcl.Named(kind, {"name": kind}),
        "custom_fields": {
            one.name: incident.field_values[one.id]
            for one in config.fields.of_type(incident.type_name)
            if one.id in incident.field_values
        },
        "alert_count": incident.alert_count,
        "runbook": incident.runbook(config.services.get(incident.service_id)),
    }
    if incident.bridge is not None:
        every["conference_bridge"] = {
            "conference_number": incident.bridge.number,
            "conference_url": incident.bridge.url,
        }
    return {name: value for name, value in every.items() if value not in (None, "", [], {})}


def _named(config: Config, kind: str, thing_id: str) -> pcl.Named | None:
    thing = config.of(kind).get(thing_id)
    if thing is None:
        return None
    return pcl.Named(thing.name, {"id": thing.id, "name": thing.name, "summary": thing.name})
