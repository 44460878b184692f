"""What people are told of an incident: how it stands, where it is talked about, of which type it is, what it reaches.

Pure. None of it changes who has the incident or who is called.
"""

from __future__ import annotations

from tocsin.incidents.messages import BridgeChanged, ImpactSaid, PublishStatus, StatusPublished, TypeChanged
from tocsin.incidents.model import Bridge, Incident
from tocsin.kernel.decision import Decision
from tocsin.kernel.errors import Invalid
from tocsin.kernel.time import Moment
from tocsin.kernel.values import replace


def publish(incident: Incident, command: PublishStatus, update_id: str, now: Moment) -> Decision:
    """A status update. The value is its id. Raises Invalid when it says nothing."""
    message = command.message.strip()
    if not message:
        raise Invalid("A status update needs a message.", reason="message_length")
    fact = StatusPublished(
        incident_id=incident.id, update_id=update_id, message=message, subject=command.subject, html=command.html
    )
    return Decision(state=(replace(incident, updated_at=now),), facts=(fact,), value=update_id)


def set_bridge(incident: Incident, bridge: Bridge | None, now: Moment) -> Decision:
    """People talk about it there; the same place again changes nothing."""
    if incident.bridge == bridge:
        return Decision(value="unchanged")
    place = bridge or Bridge()
    fact = BridgeChanged(incident_id=incident.id, number=place.number, url=place.url)
    return Decision(state=(replace(incident, bridge=bridge, updated_at=now),), facts=(fact,))


def set_type(incident: Incident, type_name: str, now: Moment) -> Decision:
    """It is of this type; the same type again changes nothing."""
    if incident.type_name == type_name:
        return Decision(value="unchanged")
    fact = TypeChanged(incident_id=incident.id, was=incident.type_name, type_name=type_name)
    return Decision(state=(replace(incident, type_name=type_name, updated_at=now),), facts=(fact,))


def say_impact(incident: Incident, business_service_id: str, name: str, *, impacted: bool, now: Moment) -> Decision:
    """It reaches this business service, or does not; the same again changes nothing."""
    if incident.impacts.get(business_service_id) is impacted:
        return Decision(value="unchanged")
    impacts = {**incident.impacts, business_service_id: impacted}
    fact = ImpactSaid(incident_id=incident.id, business_service_id=business_service_id, name=name, impacted=impacted)
    return Decision(state=(replace(incident, impacts=impacts, updated_at=now),), facts=(fact,))
