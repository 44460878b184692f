"""The life of an incident, as pure functions from the incident as it is to the incident as it becomes.

`ALLOWED` is the whole state machine: a command that is not listed for a state is refused with a reason. What an
acknowledgement or resolution means for pages and levels is said elsewhere (`engine.reactions`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tocsin.alerts.model import Alert
from tocsin.directory.model import Service, Urgency
from tocsin.incidents.messages import (
    Acknowledge,
    AddNote,
    AlertJoined,
    AutoResolve,
    ConsiderAlert,
    CreateIncident,
    DetailsChanged,
    EditNote,
    IncidentAcknowledged,
    IncidentMerged,
    IncidentReassigned,
    IncidentReopened,
    IncidentResolved,
    IncidentSnoozed,
    IncidentTriggered,
    IncidentUnacknowledged,
    Merge,
    MoveToService,
    PriorityChanged,
    Reassign,
    RemoveNote,
    Reopen,
    Resolve,
    ServiceChanged,
    SetDetails,
    SetPriority,
    SetTitle,
    SetUrgency,
    Snooze,
    TitleChanged,
    Unacknowledge,
    UrgencyChanged,
)
from tocsin.incidents.model import (
    STATE_WORDS,
    Acknowledgement,
    AssignedVia,
    Assignment,
    Incident,
    NextStep,
    NoTimer,
    Placed,
    Status,
)
from tocsin.incidents.timers import auto_resolve_key, timer_key
from tocsin.kernel.actor import Actor, ActorKind
from tocsin.kernel.decision import CancelTimer, Command, Decision, SetTimer, TimerChange
from tocsin.kernel.errors import Conflict, Invalid
from tocsin.kernel.limits import ALERTS_PER_INCIDENT as _MOST
from tocsin.kernel.time import SECOND, WEEK, Moment
from tocsin.kernel.values import replace
from tocsin.kernel.wording import phrase

_OPEN = frozenset({Status.TRIGGERED, Status.ACKNOWLEDGED})
_ANY = frozenset(Status)

ALLOWED: Mapping[type[Command], frozenset[Status]] = {
    Acknowledge: _OPEN,
    Unacknowledge: frozenset({Status.ACKNOWLEDGED}),
    Resolve: _OPEN,
    AutoResolve: _OPEN,
    Reopen: frozenset({Status.RESOLVED}),
    Snooze: _OPEN,
    Reassign: _OPEN,
    Merge: _OPEN,
    SetUrgency: _OPEN,
    SetPriority: _ANY,
    SetTitle: _ANY,
    AddNote: _ANY,
    EditNote: _ANY,
    RemoveNote: _ANY,
    SetDetails: _ANY,
    MoveToService: _OPEN,
}
"""In which states a command makes sense."""


def require(incident: Incident, command: type[Command]) -> None:
    """Raise Conflict unless the command makes sense in the incident's state; `reason` names the case for dialects."""
    if incident.status in ALLOWED[command]:
        return
    reason = (
        "already_resolved"
        if not incident.is_open
        else f"not_{'acknowledged' if command is Unacknowledge else 'resolved'}"
    )
    status = STATE_WORDS[incident.status]
    raise Conflict(phrase("incident %(number)s is %(status)s", number=incident.number, status=status), reason=reason)


def trigger_for_alert(
    alert: Alert,
    service: Service,
    *,
    incident_id: str,
    number: int,
    placed: Placed,
    command: ConsiderAlert,
    now: Moment,
) -> Decision:
    """Make an incident of a new alert. It exists since the alarm was received, so "paged after" counts from there.

    Of an alert that was held back, since nothing holds it any more.
    """
    incident = Incident(
        id=incident_id,
        number=number,
        title=alert.summary or alert.dedup_key,
        service_id=service.id,
        status=Status.TRIGGERED,
        urgency=placed.urgency,
        created_at=opened_at(alert, command),
        updated_at=now,
        status_changed_at=now,
        incident_key=alert.dedup_key,
        policy_id=service.policy_id,
        priority_id=alert.priority_id or None,
        team_ids=placed.team_ids,
        alert_count=1,
        open_alert_count=1,
        runbook_url=alert.runbook_url,
        group_keys=placed.group_keys,
    )
    fact = IncidentTriggered(
        incident_id=incident_id,
        number=number,
        service_id=service.id,
        title=incident.title,
        urgency=placed.urgency,
        alert_id=alert.id,
        reason=command.reason,
    )
    opened = _with_auto_resolve(incident, service, now)
    return replace(opened, state=(*opened.state, replace(alert, incident_id=incident_id)), facts=(fact,))


def opened_at(alert: Alert, command: ConsiderAlert) -> Moment:
    """Since when an alert that is considered asks for somebody."""
    return alert.created_at if command.opened_at is None else command.opened_at


def create(
    command: CreateIncident,
    service: Service,
    *,
    incident_id: str,
    number: int,
    urgency: Urgency,
    team_ids: tuple[str, ...],
    actor: Actor,
    now: Moment,
) -> Decision:
    """Raise an incident by hand. Raises Invalid without a title. The value is the incident's id."""
    title = command.title.strip()
    if not title:
        raise Invalid("An incident needs a title.", details=("Title cannot be empty.",))
    assignments = tuple(Assignment(user_id, now) for user_id in command.assignee_ids)
    incident = Incident(
        id=incident_id,
        number=number,
        title=title,
        service_id=service.id,
        status=Status.TRIGGERED,
        urgency=urgency,
        created_at=now,
        updated_at=now,
        status_changed_at=now,
        status_changed_by=actor,
        incident_key=command.incident_key,
        details=command.details,
        priority_id=command.priority_id,
        policy_id=command.policy_id or service.policy_id,
        team_ids=team_ids,
        type_name=command.type_name,
        bridge=command.bridge,
        assignments=assignments,
        assigned_via=AssignedVia.DIRECT_ASSIGNMENT if assignments else AssignedVia.ESCALATION_POLICY,
        timer_reason=NoTimer.ASSIGNED if assignments else NoTimer.STARTING,
    )
    fact = IncidentTriggered(
        incident_id=incident_id,
        number=number,
        service_id=service.id,
        title=title,
        urgency=urgency,
        assignee_ids=command.assignee_ids,
    )
    return replace(_with_auto_resolve(incident, service, now), facts=(fact,), value=incident_id)


def join(incident: Incident, alert: Alert, reason: str, now: Moment) -> Decision:
    """Add an alert to an open incident. Raises Conflict past the limit of alerts."""
    if incident.alert_count >= _MOST:
        many = phrase("incident %(number)s holds %(most)s alerts already", number=incident.number, most=_MOST)
        raise Conflict(many, reason="too_many_alerts")
    grown = replace(
        incident,
        alert_count=incident.alert_count + 1,
        open_alert_count=incident.open_alert_count + alert.is_open,
        runbook_url=incident.runbook_url or alert.runbook_url,
        joined_at=now,
        updated_at=now,
    )
    fact = AlertJoined(incident_id=incident.id, alert_id=alert.id, summary=alert.summary, reason=reason)
    return Decision(state=(grown, replace(alert, incident_id=incident.id)), facts=(fact,))


def acknowledge(incident: Incident, actor: Actor, service: Service, now: Moment) -> Decision:
    """The actor has it: it becomes theirs, and the acknowledgement timeout (if any) starts again.

    A second person may acknowledge too; the same one again only starts the timeout again, if there is one.
    """
    require(incident, Acknowledge)
    earlier = incident.acknowledgements if incident.status is Status.ACKNOWLEDGED else ()
    snoozed = incident.snoozed_until is not None and incident.status is Status.ACKNOWLEDGED
    timeout = None if snoozed else _timeout_at(service, incident, now)
    again = any((one.by.kind, one.by.id) == (actor.kind, actor.id) for one in earlier)
    if again and (timeout is None or timeout == incident.timer_at or actor.kind is ActorKind.INTEGRATION):
        return Decision(value="unchanged")
    acknowledgements = earlier if again else (*earlier, Acknowledgement(actor, now))
    held = replace(
        incident,
        status=Status.ACKNOWLEDGED,
        acknowledgements=acknowledgements,
        assignments=_acknowledgers(incident, acknowledgements),
        last_resort_round=0,
        updated_at=now,
        **_changed(incident, Status.ACKNOWLEDGED, actor, now),
    )
    fact = IncidentAcknowledged(incident_id=incident.id, timeout_at=timeout)
    if snoozed:
        return Decision(state=(held,), facts=(fact,))
    waiting, timers = _wait_for_unacknowledge(held, timeout)
    return Decision(state=(waiting,), facts=(fact,), timers=timers)


def unacknowledge(incident: Incident, reason: str, actor: Actor, now: Moment) -> Decision:
    """Nobody has it any more; paging starts anew in a new epoch (the escalation station says with whom)."""
    require(incident, Unacknowledge)
    loose = replace(
        incident,
        status=Status.TRIGGERED,
        acknowledgements=(),
        snoozed_until=None,
        last_resort_round=0,
        epoch=incident.epoch + 1,
        timer_at=None,
        next_step=None,
        timer_reason=NoTimer.STARTING,
        updated_at=now,
        **_changed(incident, Status.TRIGGERED, actor, now),
    )
    fact = IncidentUnacknowledged(incident_id=incident.id, reason=reason)
    return Decision(state=(loose,), facts=(fact,), timers=(CancelTimer(timer_key(incident.id)),))


def resolve(incident: Incident, reason: str, actor: Actor, now: Moment, *, merged_into: str = "") -> Decision:
    """It is over: no timers, no assignees, nobody is called."""
    require(incident, Resolve)
    closed = replace(
        incident,
        status=Status.RESOLVED,
        assignments=(),
        acknowledgements=(),
        snoozed_until=None,
        timer_at=None,
        next_step=None,
        timer_reason=None,
        auto_resolve_at=None,
        open_alert_count=0,
        resolved_at=now,
        merged_into=merged_into,
        updated_at=now,
        **_changed(incident, Status.RESOLVED, actor, now),
    )
    fact = IncidentResolved(incident_id=incident.id, reason=reason, merged_into=merged_into)
    timers = (CancelTimer(timer_key(incident.id)), CancelTimer(auto_resolve_key(incident.id)))
    return Decision(state=(closed,), facts=(fact,), timers=timers)


def reopen(incident: Incident, service: Service, actor: Actor, now: Moment) -> Decision:
    """A person takes the resolution back: a new epoch begins at the first level. Merged incidents stay closed."""
    require(incident, Reopen)
    if incident.merged_into:
        raise Conflict(
            phrase("incident %(number)s was merged into another", number=incident.number), reason="already_merged"
        )
    again = replace(
        incident,
        status=Status.TRIGGERED,
        epoch=incident.epoch + 1,
        level=0,
        pass_number=0,
        last_resort_round=0,
        resolved_at=None,
        timer_reason=NoTimer.STARTING,
        assigned_via=AssignedVia.ESCALATION_POLICY,
        updated_at=now,
        **_changed(incident, Status.TRIGGERED, actor, now),
    )
    opened = _with_auto_resolve(again, service, now)
    return replace(opened, facts=(IncidentReopened(incident_id=incident.id),))


def snooze(incident: Incident, seconds: int, actor: Actor, now: Moment) -> Decision:
    """The actor has it and will look again in `seconds` (1 to 604,800). Time asleep does not count for auto-resolve."""
    require(incident, Snooze)
    if not 1 <= seconds <= WEEK // SECOND:
        raise Invalid("Snooze for 1 second to 7 days.", reason="snooze_duration")
    until = now + seconds * SECOND
    acknowledgements = incident.acknowledgements or (Acknowledgement(actor, now),)
    asleep = replace(
        incident,
        status=Status.ACKNOWLEDGED,
        acknowledgements=acknowledgements,
        assignments=_acknowledgers(incident, acknowledgements),
        snoozed_until=until,
        last_resort_round=0,
        updated_at=now,
        **_changed(incident, Status.ACKNOWLEDGED, actor, now),
    )
    waiting, timers = _wait_for_unacknowledge(asleep, until)
    facts = (IncidentSnoozed(incident_id=incident.id, until=until, seconds=seconds),)
    if incident.auto_resolve_at is not None:
        due = incident.auto_resolve_at + until - max(now, incident.snoozed_until or now)
        timers = (*timers, _auto_resolve(incident.id, due))
        waiting = replace(waiting, auto_resolve_at=due)
    return Decision(state=(waiting,), facts=facts, timers=timers)


def reassign(incident: Incident, user_ids: Sequence[str], actor: Actor, now: Moment) -> Decision:
    """Give it to these people. It pages them at once; escalation by the policy stops."""
    require(incident, Reassign)
    if not user_ids:
        raise Invalid("Name at least one person.", reason="assignee_missing")
    given = replace(
        incident,
        status=Status.TRIGGERED,
        assignments=tuple(Assignment(user_id, now) for user_id in dict.fromkeys(user_ids)),
        assigned_via=AssignedVia.DIRECT_ASSIGNMENT,
        acknowledgements=(),
        snoozed_until=None,
        epoch=incident.epoch + 1,
        timer_at=None,
        next_step=None,
        timer_reason=NoTimer.ASSIGNED,
        last_resort_round=0,
        updated_at=now,
        **_changed(incident, Status.TRIGGERED, actor, now),
    )
    fact = IncidentReassigned(incident_id=incident.id, user_ids=given.assignee_ids)
    return Decision(state=(given,), facts=(fact,), timers=(CancelTimer(timer_key(incident.id)),))


def merge(target: Incident, sources: Sequence[Incident], moved: Sequence[Alert], actor: Actor, now: Moment) -> Decision:
    """Move the alerts of `sources` here and close those incidents. Raises Conflict if one was merged before."""
    require(target, Merge)
    total = target.alert_count + sum(source.alert_count for source in sources)
    if total > _MOST:
        raise Conflict(phrase("an incident holds %(most)s alerts at most", most=_MOST), reason="too_many_alerts")
    decision = Decision()
    for source in sources:
        if source.id == target.id:
            raise Invalid("An incident can't be merged into itself.", reason="merge_with_itself")
        if source.merged_into:
            merged = phrase("incident %(number)s was merged already", number=source.number)
            raise Conflict(merged, reason="already_merged")
        if source.is_open:
            decision += resolve(source, "merged", actor, now, merged_into=target.id)
        else:
            decision += Decision(state=(replace(source, merged_into=target.id, updated_at=now),))
    grown = replace(
        target,
        alert_count=total,
        open_alert_count=target.open_alert_count + sum(alert.is_open for alert in moved),
        updated_at=now,
    )
    alerts = tuple(replace(alert, incident_id=target.id) for alert in moved)
    fact = IncidentMerged(incident_id=target.id, source_ids=tuple(source.id for source in sources))
    return decision + Decision(state=(grown, *alerts), facts=(fact,))


def count_resolved_alert(incident: Incident, actor: Actor, now: Moment) -> Decision:
    """One of its alerts is over; with the last one the incident is over too."""
    if not incident.is_open or incident.open_alert_count == 0:
        return Decision()
    left = replace(incident, open_alert_count=incident.open_alert_count - 1, updated_at=now)
    if left.open_alert_count:
        return Decision(state=(left,))
    return resolve(left, "all alerts resolved", actor, now)


def set_urgency(incident: Incident, urgency: Urgency, service: Service, reason: str, now: Moment) -> Decision:
    """Ask louder or more softly; the same urgency again changes nothing.

    Whether and when an acknowledgement runs out follows the urgency.
    """
    require(incident, SetUrgency)
    if incident.urgency is urgency:
        return Decision(value="unchanged")
    fact = UrgencyChanged(incident_id=incident.id, urgency=urgency, reason=reason)
    changed = replace(incident, urgency=urgency, updated_at=now)
    if incident.status is not Status.ACKNOWLEDGED or incident.snoozed_until is not None:
        return Decision(state=(changed,), facts=(fact,))
    waiting, timers = _wait_for_unacknowledge(changed, _timeout_at(service, changed, now))
    return Decision(state=(waiting,), facts=(fact,), timers=timers)


def set_priority(incident: Incident, priority_id: str | None, now: Moment) -> Decision:
    """Say how much it matters."""
    if incident.priority_id == priority_id:
        return Decision(value="unchanged")
    fact = PriorityChanged(incident_id=incident.id, priority_id=priority_id)
    return Decision(state=(replace(incident, priority_id=priority_id, updated_at=now),), facts=(fact,))


def set_title(incident: Incident, title: str, now: Moment) -> Decision:
    """Say better what it is. Raises Invalid when empty."""
    text = title.strip()
    if not text:
        raise Invalid("An incident needs a title.", reason="title_missing")
    if text == incident.title:
        return Decision(value="unchanged")
    fact = TitleChanged(incident_id=incident.id, was=incident.title, title=text)
    return Decision(state=(replace(incident, title=text, updated_at=now),), facts=(fact,))


def set_details(incident: Incident, details: str, now: Moment) -> Decision:
    """Describe it in other words."""
    if details == incident.details:
        return Decision(value="unchanged")
    fact = DetailsChanged(incident_id=incident.id, details=details)
    return Decision(state=(replace(incident, details=details, updated_at=now),), facts=(fact,))


def move_to_service(incident: Incident, service: Service, team_ids: tuple[str, ...], now: Moment) -> Decision:
    """It belongs to another service."""
    require(incident, MoveToService)
    if service.id == incident.service_id:
        return Decision(value="unchanged")
    fact = ServiceChanged(incident_id=incident.id, was=incident.service_id, service_id=service.id)
    # What the old service groups goes on without it.
    moved = replace(incident, service_id=service.id, team_ids=team_ids, group_keys=(), updated_at=now)
    return Decision(state=(moved,), facts=(fact,))


def _with_auto_resolve(incident: Incident, service: Service, now: Moment) -> Decision:
    if not service.auto_resolve_timeout:
        return Decision(state=(incident,))
    due = now + service.auto_resolve_timeout * SECOND
    return Decision(state=(replace(incident, auto_resolve_at=due),), timers=(_auto_resolve(incident.id, due),))


def _auto_resolve(incident_id: str, due: Moment) -> SetTimer:
    return SetTimer(auto_resolve_key(incident_id), due, AutoResolve(incident_id=incident_id))


def _timeout_at(service: Service, incident: Incident, now: Moment) -> Moment | None:
    """When an acknowledgement runs out. Low urgency never pages again by itself."""
    if not service.acknowledgement_timeout or incident.urgency is Urgency.LOW:
        return None
    return now + service.acknowledgement_timeout * SECOND


def _wait_for_unacknowledge(incident: Incident, at: Moment | None) -> tuple[Incident, tuple[TimerChange, ...]]:
    if at is None:
        idle = replace(incident, timer_at=None, next_step=None, timer_reason=NoTimer.NO_ACK_TIMEOUT)
        return idle, (CancelTimer(timer_key(incident.id)),)
    waiting = replace(incident, timer_at=at, next_step=NextStep.UNACKNOWLEDGE, timer_reason=None)
    command = Unacknowledge(incident_id=incident.id, epoch=incident.epoch)
    return waiting, (SetTimer(timer_key(incident.id), at, command),)


def _acknowledgers(incident: Incident, acknowledgements: Sequence[Acknowledgement]) -> tuple[Assignment, ...]:
    """The people who acknowledged have it; where none of them is a person (a monitor did), it stays as it was."""
    people = tuple(Assignment(one.by.id, one.at) for one in acknowledgements if one.by.kind is ActorKind.USER)
    return people or incident.assignments


def _changed(incident: Incident, status: Status, actor: Actor, now: Moment) -> dict[str, Any]:
    if incident.status is status:
        return {}
    return {"status_changed_at": now, "status_changed_by": actor}
