"""Numbers about incidents as PagerDuty's clients expect them: one row each, or many in one row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tocsin.dialects.pagerduty.measures import BUSINESS, OFF, SLEEP, How, Measures, covered, is_major
from tocsin.dialects.pagerduty.on_call_time import OnCallTime
from tocsin.dialects.pagerduty.write.people import ROLE_NAMES
from tocsin.dialects.pagerduty.write.refs import Wire, instant
from tocsin.directory.model import Channel, User
from tocsin.engine.config import Config
from tocsin.escalation.model import Policy
from tocsin.kernel.time import Moment

PERCENTILES = (50, 75, 90, 95)
ACCOUNT_NUMBER = 1
"""An installation is one account; clients read a number here."""


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


def responder(
    user_id: str, some: Sequence[Measures], config: Config, on_call: OnCallTime | None, team_id: str = ""
) -> Wire:
    """What one person had to do with these incidents. `on_call` None: it was too much to be added up."""
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
        **_moves(user_id, mine, "total_incidents_{}_{}", once=True),
        "total_seconds_on_call": on_call.total if on_call is not None else None,
        "total_seconds_on_call_level_1": on_call.first if on_call is not None else None,
        "total_seconds_on_call_level_2_plus": on_call.later if on_call is not None else None,
        **({"team_id": team_id, "team_name": _team(team_id, config)} if team_id else {}),
    }


_WORDS = {How.BY_HAND: "manual_escalat", How.BY_TIME: "timeout_escalat", How.REASSIGNED: "reassign"}


def _moves(user_id: str, mine: Sequence[Measures], form: str, *, once: bool = False) -> Wire:
    """How often incidents came to a person and went away; `once`: how many incidents did."""
    found: Wire = {}
    for how, word in _WORDS.items():
        for name, side in (("from", "away"), ("to", "to")):
            times = [sum(user_id in getattr(move, side) for move in one.moves if move.how is how) for one in mine]
            verb = f"{word}ed" if once else f"{word}ments" if how is How.REASSIGNED else f"{word}ions"
            found[form.format(verb, name)] = sum(map(bool, times)) if once else sum(times)
    return found


def responder_incident(user_id: str, one: Measures, config: Config) -> Wire:
    """What one person had to do with one incident."""
    incident = one.incident
    service, priority = config.services.get(incident.service_id), config.priorities.get(incident.priority_id or "")
    hours = [found for whose, found in one.interruptions if whose == user_id]
    since, answered, assigned = (part.get(user_id) for part in (one.engaged, one.acknowledged, one.assigned))
    team_id = next(iter(config.team_ids_of_service(incident.service_id)), None)
    return {
        "incident_id": incident.id,
        "incident_number": incident.number,
        "incident_description": incident.title,
        "incident_created_at": instant(incident.created_at),
        "incident_urgency": incident.urgency.value,
        "incident_priority_id": incident.priority_id,
        "incident_priority_name": priority.name if priority is not None else None,
        "incident_priority_order": priority.order if priority is not None else None,
        "service_id": incident.service_id,
        "service_name": service.name if service is not None else None,
        "service_team_id": team_id,
        "service_team_name": _team(team_id or "", config),
        "responder_id": user_id,
        "responder_name": _name(user_id, config),
        "mean_time_to_acknowledge_seconds": (
            max(0, answered - assigned) // 1_000_000 if answered is not None and assigned is not None else None
        ),
        "total_acknowledgements": one.acks_of.get(user_id, 0),
        "total_engaged_seconds": max(0, one.until - since) // 1_000_000 if since is not None else 0,
        "total_interruptions": len(hours),
        "total_business_hour_interruptions": hours.count(BUSINESS),
        "total_off_hour_interruptions": hours.count(OFF),
        "total_sleep_hour_interruptions": hours.count(SLEEP),
        **_moves(user_id, [one], "total_{}_{}"),
    }


def _team(team_id: str, config: Config) -> str | None:
    team = config.teams.get(team_id)
    return team.name if team is not None else None


class PeopleFacts:
    """What is told about people, one by one or counted. Everybody has signed up; there is no mobile application."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._schedules: dict[str, int] = {}
        for schedule in config.schedules.values():
            for user_id in {user_id for layer in schedule.layers for user_id in layer.user_ids}:
                self._schedules[user_id] = self._schedules.get(user_id, 0) + 1
        self._policies: dict[str, int] = {}
        for policy in config.policies.values():
            for user_id in self._called_by(policy):
                self._policies[user_id] = self._policies.get(user_id, 0) + 1

    def _called_by(self, policy: Policy) -> set[str]:
        found: set[str] = set()
        for target in (target for rule in policy.rules for target in rule.targets):
            schedule = self._config.schedules.get(target.id)
            found |= {one for layer in schedule.layers for one in layer.user_ids} if schedule else {target.id}
        return found

    def count(self, people: Sequence[User]) -> Wire:
        """How many they are, and how many of them could be called."""
        total = len(people)
        counts = {
            "signed_up": total,
            "on_escalation_policy": sum(one.id in self._policies for one in people),
            "with_notification_methods": sum(bool(self._channels(one)) for one in people),
            "downloaded_mobile_app": 0,
        }
        found: Wire = {"total_user_count": total}
        for name, part in counts.items():
            found[f"total_{name}_count"] = part
            found[f"total_{name}_percentage"] = round(100 * part / total, 2) if total else 0.0
        return found

    def raw(self, one: User) -> Wire:
        """One of them. When they signed in last is not told."""
        teams = self._config.teams_of.get(one.id, ())
        channels = self._channels(one)
        team_id = teams[0].team_id if teams else None
        return {
            "id": one.id,
            "user_name": one.name,
            "email": one.email,
            "account_id": ACCOUNT_NUMBER,
            "description": one.description,
            "time_zone": one.time_zone,
            "role": ROLE_NAMES[one.role],
            "team_id": team_id,
            "team_name": _team(team_id or "", self._config),
            "created_at": instant(one.created_at),
            "last_sign_in_at": None,
            "default_notification_channel_count": len(channels),
            "escalation_policies_count": self._policies.get(one.id, 0),
            "schedules_count": self._schedules.get(one.id, 0),
            "channel_types_configured": sorted({channel.value for channel in channels}),
            "team_count": len(teams),
            "downloaded_mobile_app": False,
            "notification_methods": bool(channels),
            "on_escalation_policy": one.id in self._policies,
            "on_schedule": one.id in self._schedules,
            "signed_up": True,
        }

    def _channels(self, one: User) -> list[Channel]:
        return [contact.channel for contact in self._config.contacts_of.get(one.id, ()) if contact.enabled]


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
