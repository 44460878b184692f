"""An event's way in: which service it is for, whether a noise rule stops it, which alert it concerns."""

from __future__ import annotations

from tocsin.alerts import decide as alerts
from tocsin.alerts.decide import Ending
from tocsin.directory.model import ServiceStatus
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
    judged = opens or (event.action is Action.TRIGGER and latest is not None and bool(latest.suppressed))
    suppressed = _suppressed(world, event, service.id) if judged else ""
    new_id = world.ids.long() if opens else ""
    return alerts.receive(event, latest, service_id=service.id, suppressed=suppressed, new_id=new_id)


def _suppressed(world: World, event: Event, service_id: str) -> str:
    rule = suppressing(event, world.config.noise_rules_of.get(service_id, ()))
    return f"noise rule: {rule.label}" if rule else ""
