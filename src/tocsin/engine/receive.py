"""An event's way in: which service it is for, whether a noise rule stops it, which alert it concerns."""

from __future__ import annotations

from tocsin.alerts import decide as alerts
from tocsin.alerts.decide import Ending
from tocsin.directory.model import Service, ServiceStatus
from tocsin.engine.world import World
from tocsin.events.model import Action, Event, Outcome
from tocsin.events.rules import suppressing
from tocsin.kernel.decision import Decision


def receive(world: World, event: Event) -> Decision:
    """Decide one event. The value is its `Ending`; the facts have not been reacted to yet."""
    integration = world.config.integrations.get(event.integration_id)
    service = world.config.services.get(integration.service_id) if integration else None
    if event.action is Action.CHANGE:
        return Decision(value=Ending(Outcome.RECORDED, "a change; nobody is paged for it"))
    latest = world.state.latest_alert(event.integration_id, event.dedup_key)
    if integration is None or service is None:
        return Decision(value=Ending(Outcome.DROPPED, "its integration was removed after it was accepted"))
    opens = event.action is Action.TRIGGER and (latest is None or not latest.is_open)
    if opens and service.status is ServiceStatus.DISABLED:
        return Decision(value=Ending(Outcome.DROPPED, f"the service {service.name} is disabled"))
    held = latest.suppressed if event.action is Action.TRIGGER and latest is not None and latest.is_open else ""
    suppressed = _suppressed(world, event, service.id) if opens or held else ""
    if latest is not None and held and not suppressed and _is_disabled(world, latest.service_id, service):
        suppressed = held  # nothing is opened on a disabled service: it stays as it is until the service is on again
    new_id = world.ids.long() if opens else ""
    return alerts.receive(event, latest, service_id=service.id, suppressed=suppressed, new_id=new_id)


def _is_disabled(world: World, service_id: str, otherwise: Service) -> bool:
    return world.config.services.get(service_id, otherwise).status is ServiceStatus.DISABLED


def _suppressed(world: World, event: Event, service_id: str) -> str:
    rule = suppressing(event, world.config.noise_rules_of.get(service_id, ()))
    return f"noise rule: {rule.label}" if rule else ""
