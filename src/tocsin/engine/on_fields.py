"""Runs commands about the custom fields of an incident."""

from __future__ import annotations

from tocsin.engine.on_incidents import incident_of
from tocsin.engine.world import World
from tocsin.incidents import fields
from tocsin.incidents.field_messages import SetFields
from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import Decision
from tocsin.kernel.time import Moment


def set_values(world: World, _actor: Actor, command: SetFields, now: Moment) -> Decision:
    """Other values for some of the fields that its type has."""
    incident = incident_of(world, command.incident_id)
    return fields.set_values(incident, command.values, world.config.fields.of_type(incident.type_name), now)
