"""Numbers about incidents as PagerDuty's clients expect them: one row each, or many in one row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tocsin.dialects.pagerduty.measures import BUSINESS, OFF, SLEEP, Measures, covered, is_major
from tocsin.dialects.pagerduty.write.refs import Wire, instant
from tocsin.engine.config import Config
from tocsin.kernel.time import Moment

PERCENTILES = (50, 75, 90, 95)


def raw(one: Measures, config: Config) -> Wire:
    """One incident."""
    incident = one.incident
    service, policy = config.services.get(incident.service_id), config.policies.get(incident.policy_id)
    team = config.teams.get(incident.team_ids[0]) if incident.team_ids else None
    priority = config.priorities.get(incident.priority_id or "")
    kind = config.fields.type_named(incident.type_name)
    return {
        "id": incident.id,
        "incident_number": incident.number,
        "description": incident.title,
        "status": incident.status.value,
        "urgency": incident.urgency.value,
        "major": is_major(one, config),
        "created_at": instant(incident.created_at),
        "updated_at": instant(incident.updated_at),
        "resolved_at": instant(incident.resolved_at),
        "resolved_by_user_id": one.resolved_by or None,
        "resolved_by_user_name": _name(one.resolved_by, config),
        "service_id": incident.service_id,
        "service_name": service.name if service is not None else None,
        "team_id": team.id if team is not None else None,
        "team_name": team.name if team is not None else None,
        "escalation_policy_id": incident.policy_id or None,
        "escalation_policy_name": policy.name if policy is not None else None,
        "priority_id": incident.priority_id,
        "priority_name": priority.name if priority is not None else None,
        "priority_order": priority.order if priority is not None else None,
        "incident_type_id": kind.id if kind is not None else None,
        "incident_type_name": kind.name if kind is not None else incident.type_name,
        **_counts(one),
        **_people("acknowledged", one.acknowledged, config),
        **_people("assigned", one.assigned, config),
        **_people("joined", one.joined, config),
    }


def row(some: Sequence[Measures], config: Config, since: Moment, until: Moment) -> Wire:
    """Many incidents in one row; of [since, until) the share without a major one."""
    down = [(max(since, one.incident.created_at), min(until, one.until)) for one in some if is_major(one, config)]
    up = 100.0 if until <= since else round(100 - 100 * covered(down) / (until - since), 4)
    return {
        "mean_assignment_count": _mean(one.assignments for one in some),
        "mean_engaged_seconds": _mean(one.engaged_seconds for one in some),
        "mean_engaged_user_count": _mean(len(one.engaged) for one in some),
        "mean_seconds_to_engage": _mean(one.to_engage for one in some),
        "mean_seconds_to_first_ack": _mean(one.first_ack for one in some),
        "mean_seconds_to_mobilize": _mean(one.to_mobilize for one in some),
        "mean_seconds_to_resolve": _mean(one.to_resolve for one in some),
        "mean_user_defined_engaged_seconds": 0,
        "distinct_responder_count": len({user_id for one in some for user_id in one.engaged}),
        **_disturbances(some),
        "total_engaged_seconds": sum(one.engaged_seconds for one in some),
        "total_escalation_count": sum(one.escalations for one in some),
        "total_incident_count": len(some),
        "total_incidents_acknowledged": sum(one.acknowledgements > 0 for one in some),
        "total_incidents_auto_resolved": sum(one.auto_resolved for one in some),
        "total_incidents_manual_escalated": sum(one.manual_escalations > 0 for one in some),
        "total_incidents_reassigned": sum(one.reassignments > 0 for one in some),
        "total_incidents_timeout_escalated": sum(one.timeout_escalations > 0 for one in some),
        "total_snoozed_seconds": sum(one.snoozed for one in some),
        "total_user_defined_engaged_seconds": 0,
        "up_time_pct": up,
    }


def percentiles(some: Sequence[Measures]) -> Wire:
    """How long it took in so many of a hundred cases, to answer and to resolve."""
    found: Wire = {}
    reads: tuple[tuple[str, Callable[[Measures], int | None]], ...] = (
        ("first_ack", lambda one: one.first_ack),
        ("resolve", lambda one: one.to_resolve),
    )
    for name, read in reads:
        values = sorted(value for one in some if (value := read(one)) is not None)
        for share in PERCENTILES:
            at = min(len(values) - 1, len(values) * share // 100)
            found[f"p{share}_seconds_to_{name}"] = values[at] if values else None
    return found


def responder(user_id: str, some: Sequence[Measures], config: Config) -> Wire:
    """What one person had to do with these incidents."""
    mine = [one for one in some if user_id in one.engaged or user_id in one.assigned or user_id in one.notified]
    seconds = [max(0, one.until - one.engaged[user_id]) // 1_000_000 for one in mine if user_id in one.engaged]
    hours = [found for one in mine for whose, found in one.interruptions if whose == user_id]
    to_ack = [
        (one.acknowledged[user_id] - one.assigned[user_id]) // 1_000_000
        for one in mine
        if user_id in one.acknowledged and user_id in one.assigned
    ]
    return {
        "responder_id": user_id,
        "responder_name": _name(user_id, config),
        "mean_engaged_seconds": _mean(seconds),
        "mean_time_to_acknowledge_seconds": _mean(max(0, one) for one in to_ack),
        "total_engaged_seconds": sum(seconds),
        "total_incident_count": len(mine),
        "total_incidents_acknowledged": sum(user_id in one.acknowledged for one in mine),
        "total_notifications": sum(one.notified.get(user_id, 0) for one in mine),
        "total_interruptions": len(hours),
        "total_business_hour_interruptions": hours.count(BUSINESS),
        "total_off_hour_interruptions": hours.count(OFF),
        "total_sleep_hour_interruptions": hours.count(SLEEP),
    }


def users(total: int, *, on_policy: int, reachable: int) -> Wire:
    """How many people there are. Everybody has signed up; there is no mobile application to download."""

    def share(part: int) -> float:
        return round(100 * part / total, 2) if total else 0.0

    return {
        "total_user_count": total,
        "total_signed_up_count": total,
        "total_signed_up_percentage": share(total),
        "total_on_escalation_policy_count": on_policy,
        "total_on_escalation_policy_percentage": share(on_policy),
        "total_with_notification_methods_count": reachable,
        "total_with_notification_methods_percentage": share(reachable),
        "total_downloaded_mobile_app_count": 0,
        "total_downloaded_mobile_app_percentage": 0.0,
    }


def _counts(one: Measures) -> Wire:
    return {
        "seconds_to_first_ack": one.first_ack,
        "seconds_to_engage": one.to_engage,
        "seconds_to_mobilize": one.to_mobilize,
        "seconds_to_resolve": one.to_resolve,
        "engaged_seconds": one.engaged_seconds,
        "engaged_user_count": len(one.engaged),
        "active_user_count": len(set(one.engaged) | set(one.assigned)),
        "assignment_count": one.assignments,
        "acknowledgement_count": one.acknowledgements,
        "escalation_count": one.escalations,
        "manual_escalation_count": one.manual_escalations,
        "timeout_escalation_count": one.timeout_escalations,
        "reassignment_count": one.reassignments,
        "snoozed_seconds": one.snoozed,
        "user_defined_effort_seconds": None,
        "auto_resolved": one.auto_resolved,
        "total_notifications": sum(one.notified.values()),
        "total_interruptions": one.disturbed(),
        "business_hour_interruptions": one.disturbed(BUSINESS),
        "off_hour_interruptions": one.disturbed(OFF),
        "sleep_hour_interruptions": one.disturbed(SLEEP),
    }


def _disturbances(some: Sequence[Measures]) -> Wire:
    return {
        "total_business_hour_interruptions": sum(one.disturbed(BUSINESS) for one in some),
        "total_off_hour_interruptions": sum(one.disturbed(OFF) for one in some),
        "total_sleep_hour_interruptions": sum(one.disturbed(SLEEP) for one in some),
        "total_interruptions": sum(one.disturbed() for one in some),
        "total_notifications": sum(sum(one.notified.values()) for one in some),
    }


def _people(word: str, user_ids: Iterable[str], config: Config) -> Wire:
    ids = list(user_ids)
    return {f"{word}_user_ids": ids, f"{word}_user_names": [_name(one, config) or "" for one in ids]}


def _name(user_id: str, config: Config) -> str | None:
    user = config.users.get(user_id)
    return user.name if user is not None else None


def _mean(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) // len(known) if known else None
