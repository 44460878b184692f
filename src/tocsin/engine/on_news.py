"""Runs commands that tell people of an incident without calling them: status updates, bridge, type, what it reaches.

Decides who hears of a status update, and how: people and members of teams who subscribed to the incident or to a
business service that it reaches, each by the contact methods that their rules for status updates name, else by mail.
"""

from __future__ import annotations

from collections.abc import Iterable

from tocsin.directory.model import Channel, ContactMethod
from tocsin.engine import field_values
from tocsin.engine.config import Config
from tocsin.engine.impact import listeners
from tocsin.engine.on_incidents import incident_of
from tocsin.engine.world import World
from tocsin.incidents import announce
from tocsin.incidents.messages import PublishStatus, SayImpact, SetBridge, SetType
from tocsin.incidents.model import Incident
from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import Decision
from tocsin.kernel.errors import Conflict, NotFound
from tocsin.kernel.limits import SAID_IMPACTS, TOLD_AT_ONCE
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import phrase
from tocsin.paging import news
from tocsin.paging.messages import TellNews

RULES = "status_update_notification_rule"
"""Under which word people's rules for status updates are kept."""


def publish(world: World, _actor: Actor, command: PublishStatus, now: Moment) -> Decision:
    """Tell how it stands."""
    return announce.publish(incident_of(world, command.incident_id), command, world.ids.long(), now)


def tell(world: World, _actor: Actor, command: TellNews, now: Moment) -> Decision:
    """A status update goes out to whoever subscribed: once, by low haste, and nobody answers it."""
    incident = world.state.incident(command.incident_id)
    if incident is None:
        return Decision()
    decision = Decision()
    for contact in contacts_told(world.config, incident)[:TOLD_AT_ONCE]:
        decision += news.told(incident, contact, command.subject, command.text, world.ids, now)
    return decision


def set_bridge(world: World, _actor: Actor, command: SetBridge, now: Moment) -> Decision:
    """Where people talk about it."""
    return announce.set_bridge(incident_of(world, command.incident_id), command.bridge, now)


def set_type(world: World, _actor: Actor, command: SetType, now: Moment) -> Decision:
    """Of which type it is. Its values of fields that the new type does not have are kept, and not shown."""
    incident = incident_of(world, command.incident_id)
    if command.type_name != incident.type_name:
        field_values.type_for_new(world, command.type_name)
    decision = announce.set_type(incident, command.type_name, now)
    return decision + field_values.given(world, decision, {}, now)


def say_impact(world: World, _actor: Actor, command: SayImpact, now: Moment) -> Decision:
    """Whether it reaches a business service. Raises NotFound for one that is not there, Conflict for too many."""
    incident = incident_of(world, command.incident_id)
    business = world.config.business_services.get(command.business_service_id)
    if business is None:
        raise NotFound(
            phrase(
                "There is no business_service %(business_service_id)s.", business_service_id=command.business_service_id
            )
        )
    if business.id not in incident.impacts and len(incident.impacts) >= SAID_IMPACTS:
        raise Conflict(
            phrase("something was said of %(said_impacts)s business services already", said_impacts=SAID_IMPACTS),
            reason="too_many_impacts",
        )
    return announce.say_impact(incident, business.id, business.name, impacted=command.impacted, now=now)


def contacts_told(config: Config, incident: Incident) -> list[ContactMethod]:
    """The contact methods by which subscribers of the incident hear of it, each once."""
    people: dict[str, None] = {}
    for one in listeners(config, incident):
        members = config.members_of.get(one.subscriber_id, ()) if one.is_team else ()
        people.update(dict.fromkeys(member.user_id for member in members))
        people.update({} if one.is_team else {one.subscriber_id: None})
    ruled = {rule.parent_id for rule in config.kept_of.get(RULES, ())}
    return [contact for user_id in people for contact in _of(config, user_id, ruled)]


def _of(config: Config, user_id: str, ruled: set[str]) -> Iterable[ContactMethod]:
    user = config.users.get(user_id)
    if user is None or not user.active:
        return
    contacts = [contact for contact in config.contacts_of.get(user_id, ()) if contact.enabled]
    chosen = [contact for contact in contacts if contact.id in ruled]
    mail = [contact for contact in contacts if contact.channel is Channel.EMAIL]
    yield from chosen or mail[:1]
