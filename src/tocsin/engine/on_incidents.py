"""Runs commands to the alerts and incidents stations: looks up what they need, lets them decide."""

from __future__ import annotations

from tocsin.alerts import decide as alerts
from tocsin.alerts.messages import ExpireAlert, ResolveAlert
from tocsin.alerts.model import Alert
from tocsin.directory.model import Service, Urgency, UrgencyRuleKind
from tocsin.engine import field_values, on_calls
from tocsin.engine.grouping import group_for
from tocsin.engine.on_held import service_of_alert
from tocsin.engine.support_hours import in_support_hours, next_raise
from tocsin.engine.world import World
from tocsin.events.model import Severity
from tocsin.incidents import decide as incidents
from tocsin.incidents import notes, timers
from tocsin.incidents.messages import (
    Acknowledge,
    AutoResolve,
    ConsiderAlert,
    CountAlert,
    CreateIncident,
    Merge,
    MoveToService,
    NoteAdded,
    RaiseUrgency,
    Reassign,
    Reopen,
    Resolve,
    SetDetails,
    SetPriority,
    SetTitle,
    SetUrgency,
    Snooze,
    Unacknowledge,
)
from tocsin.incidents.model import Incident, Placed, Status
from tocsin.kernel.actor import Actor, ActorKind
from tocsin.kernel.decision import Decision
from tocsin.kernel.errors import Conflict, Invalid, NotFound
from tocsin.kernel.limits import QUIET_INCIDENTS
from tocsin.kernel.time import Moment
from tocsin.kernel.values import replace
from tocsin.kernel.wording import phrase, stored


def incident_of(world: World, incident_id: str) -> Incident:
    """The incident, or NotFound."""
    incident = world.state.incident(incident_id)
    if incident is None:
        raise NotFound(phrase("There is no incident %(incident_id)s.", incident_id=incident_id))
    return incident


def service_of(world: World, incident: Incident) -> Service:
    """The incident's service; a stand-in without timeouts when it was removed meanwhile."""
    found = world.config.services.get(incident.service_id)
    return found or Service(id=incident.service_id, name="(removed service)", policy_id=incident.policy_id)


def expire_alert(world: World, _actor: Actor, command: ExpireAlert, now: Moment) -> Decision:
    """A monitor stopped repeating an alert."""
    alert = world.state.alert(command.alert_id)
    return alerts.expire(alert, now) if alert else Decision()


def resolve_alert(world: World, actor: Actor, command: ResolveAlert, now: Moment) -> Decision:
    """Close one alert by hand or with its incident."""
    alert = world.state.alert(command.alert_id)
    if alert is None:
        raise NotFound(phrase("There is no alert %(alert_id)s.", alert_id=command.alert_id))
    return alerts.resolve(alert, "with its incident" if actor.kind is ActorKind.SYSTEM else "by hand", now)


def consider_alert(world: World, _actor: Actor, command: ConsiderAlert, now: Moment) -> Decision:
    """Make an incident of a new alert, unless it is held or has one.

    One that was held may have outlived its service; then it belongs to the service of its integration.
    """
    alert = world.state.alert(command.alert_id)
    if alert is None or alert.is_held or alert.incident_id:
        return Decision()
    service = service_of_alert(world, alert)
    if service is None:
        return alerts.resolve(alert, "its service was removed", now)
    alert = alert if alert.service_id == service.id else replace(alert, service_id=service.id)
    opened_at = incidents.opened_at(alert, command)
    group = group_for(world, service, alert, opened_at)
    if group.incident is not None:
        reason = (
            stored("%(reason)s; %(reason2)s", reason=group.reason, reason2=command.reason)
            if command.reason
            else group.reason
        )
        decision = incidents.join(group.incident, alert, reason, now)
        return _as_rules_want(world, decision, alert, now, fresh=False)
    policy = world.config.policies.get(alert.policy_id)
    if policy is not None:
        service = replace(service, policy_id=policy.id)
    decision = incidents.trigger_for_alert(
        alert,
        service,
        incident_id=world.ids.long(),
        number=world.state.next_incident_number(),
        placed=Placed(
            urgency=urgency_for(service, alert.severity, opened_at),
            team_ids=policy.team_ids if policy is not None else world.config.team_ids_of_service(service.id),
            group_keys=group.keys,
        ),
        command=command,
        now=now,
    )
    return _as_rules_want(world, decision, alert, now, fresh=True)


def _as_rules_want(world: World, decision: Decision, alert: Alert, now: Moment, *, fresh: bool) -> Decision:
    """What rules wrote about the alert, as notes on its incident, and what they want of its custom fields and called.

    `fresh`: the incident is new, and its fields begin with their defaults.
    """
    incident_id = next(fact.incident_id for fact in decision.facts)
    written = (NoteAdded(incident_id=incident_id, note_id=world.ids.long(), text=text) for text in alert.notes)
    fields = field_values.wanted(world, decision, alert.field_values, now, fresh=fresh)
    calls = on_calls.wanted(alert, on_calls.TRIGGERED)
    called = on_calls.all_called(world, calls, incident_id, now)
    return decision + Decision(facts=tuple(written)) + fields + called


def urgency_for(service: Service, severity: Severity | None, at: Moment) -> Urgency:
    """The urgency that the service's rule gives to a problem reported at `at`. No severity counts as severe."""
    rule = service.urgency_rule
    word = rule.urgency
    if rule.kind is UrgencyRuleKind.USE_SUPPORT_HOURS and service.support_hours is not None:
        word = rule.during if in_support_hours(service.support_hours, at) else rule.outside
    if rule.kind is UrgencyRuleKind.SEVERITY_BASED or word == "severity_based":
        return Urgency.LOW if severity in (Severity.WARNING, Severity.INFO) else Urgency.HIGH
    return Urgency.LOW if word == "low" else Urgency.HIGH


def count_alert(world: World, actor: Actor, command: CountAlert, now: Moment) -> Decision:
    """An alert was resolved: its incident may be over."""
    incident = world.state.incident(command.incident_id)
    return incidents.count_resolved_alert(incident, actor, now) if incident else Decision()


def create_incident(world: World, actor: Actor, command: CreateIncident, now: Moment) -> Decision:
    """Raise an incident by hand. Raises Invalid for an unknown service or person, Conflict for an open key."""
    service = world.config.services.get(command.service_id)
    if service is None:
        raise Invalid("Service not found.", details=("Service not found",), reason="service_missing")
    if command.incident_key and world.state.open_incident_by_key(service.id, command.incident_key):
        raise Conflict("Open incident with matching dedup key already exists", reason="open_key")
    if command.policy_id and command.policy_id not in world.config.policies:
        raise Invalid("Escalation policy not found.", reason="policy_missing")
    _known_people(world, command.assignee_ids)
    _known_priority(world, command.priority_id)
    field_values.type_for_new(world, command.type_name)
    decision = incidents.create(
        command,
        service,
        incident_id=world.ids.long(),
        number=world.state.next_incident_number(),
        urgency=command.urgency or urgency_for(service, None, now),
        team_ids=world.config.team_ids_of_service(service.id),
        actor=actor,
        now=now,
    )
    return decision + field_values.given(world, decision, command.field_values, now)


def acknowledge(world: World, actor: Actor, command: Acknowledge, now: Moment) -> Decision:
    """The actor has it. A monitor's word about a closed incident is not an error."""
    incident = incident_of(world, command.incident_id)
    if actor.kind is ActorKind.INTEGRATION and not incident.is_open:
        return Decision()
    return incidents.acknowledge(incident, actor, service_of(world, incident), now)


def unacknowledge(world: World, actor: Actor, command: Unacknowledge, now: Moment) -> Decision:
    """By hand, or because the acknowledgement (`epoch`) or the snooze ran out. A timer that came too late is void."""
    incident = incident_of(world, command.incident_id)
    if actor.kind is not ActorKind.SYSTEM:
        return incidents.unacknowledge(incident, "by hand", actor, now)
    if incident.status is not Status.ACKNOWLEDGED or incident.epoch != command.epoch:
        return Decision()
    reason = command.reason or (stored("snooze ended") if incident.snoozed_until is not None else "timeout")
    return incidents.unacknowledge(incident, reason, actor, now)


def resolve(world: World, actor: Actor, command: Resolve, now: Moment) -> Decision:
    """Close it, with an optional note."""
    incident = incident_of(world, command.incident_id)
    decision = incidents.resolve(incident, command.automatic or "by hand", actor, now)
    if command.resolution.strip():
        note = notes.add(incident, command.resolution, world.ids.long(), now)
        return Decision(facts=note.facts) + decision
    return decision


def auto_resolve(world: World, actor: Actor, command: AutoResolve, now: Moment) -> Decision:
    """Open for longer than the service allows."""
    incident = world.state.incident(command.incident_id)
    if incident is None or not incident.is_open:
        return Decision()
    return incidents.resolve(incident, "timeout", actor, now)


def reopen(world: World, actor: Actor, command: Reopen, now: Moment) -> Decision:
    """Take a resolution back."""
    incident = incident_of(world, command.incident_id)
    return incidents.reopen(incident, service_of(world, incident), actor, now)


def snooze(world: World, actor: Actor, command: Snooze, now: Moment) -> Decision:
    """Leave it for a while."""
    return incidents.snooze(incident_of(world, command.incident_id), command.seconds, actor, now)


def reassign(world: World, actor: Actor, command: Reassign, now: Moment) -> Decision:
    """Give it to people by name."""
    _known_people(world, command.user_ids)
    return incidents.reassign(incident_of(world, command.incident_id), command.user_ids, actor, now)


def merge(world: World, actor: Actor, command: Merge, now: Moment) -> Decision:
    """Move the alerts of other incidents here."""
    target = incident_of(world, command.incident_id)
    sources = [incident_of(world, source_id) for source_id in dict.fromkeys(command.source_ids)]
    moved: list[Alert] = [alert for source in sources for alert in world.state.alerts_of(source.id)]
    return incidents.merge(target, sources, moved, actor, now)


def set_urgency(world: World, _actor: Actor, command: SetUrgency, now: Moment) -> Decision:
    """Ask louder or more softly."""
    incident = incident_of(world, command.incident_id)
    return incidents.set_urgency(incident, command.urgency, service_of(world, incident), "by hand", now)


def raise_urgency(world: World, _actor: Actor, command: RaiseUrgency, now: Moment) -> Decision:
    """Support hours began or ended: the service's quiet incidents become urgent, some in each turn of the engine."""
    service = world.config.services.get(command.service_id)
    due = next_raise(service, now) if service is not None else None
    if service is None or due is None:
        return Decision()
    reason = (
        stored("support hours began") if service.raise_at == "support_hours_start" else stored("support hours ended")
    )
    quiet = world.state.quiet_incidents_of(service.id, QUIET_INCIDENTS, command.after)
    decision = Decision()
    for incident in quiet:
        decision += incidents.set_urgency(incident, Urgency.HIGH, service, reason, now)
    if len(quiet) == QUIET_INCIDENTS:
        return decision + Decision(timers=(timers.raise_urgency(service.id, now, quiet[-1].number),))
    return decision + Decision(timers=(timers.raise_urgency(service.id, due),))


def set_priority(world: World, _actor: Actor, command: SetPriority, now: Moment) -> Decision:
    """Say how much it matters."""
    _known_priority(world, command.priority_id)
    return incidents.set_priority(incident_of(world, command.incident_id), command.priority_id, now)


def set_title(world: World, _actor: Actor, command: SetTitle, now: Moment) -> Decision:
    """Say better what it is."""
    return incidents.set_title(incident_of(world, command.incident_id), command.title, now)


def set_details(world: World, _actor: Actor, command: SetDetails, now: Moment) -> Decision:
    """Say at length what it is about."""
    return incidents.set_details(incident_of(world, command.incident_id), command.details, now)


def move_to_service(world: World, _actor: Actor, command: MoveToService, now: Moment) -> Decision:
    """It belongs elsewhere."""
    service = world.config.services.get(command.service_id)
    if service is None:
        raise Invalid("Service not found.", reason="service_missing")
    teams = world.config.team_ids_of_service(service.id)
    return incidents.move_to_service(incident_of(world, command.incident_id), service, teams, now)


def _known_people(world: World, user_ids: tuple[str, ...]) -> None:
    for user_id in user_ids:
        user = world.config.users.get(user_id)
        if user is None or not user.active:
            raise Invalid("Assigned to user not found.", reason="assignee_missing")


def _known_priority(world: World, priority_id: str | None) -> None:
    if priority_id is not None and priority_id not in world.config.priorities:
        raise Invalid("Priority not found.", reason="priority_missing")
