"""Incidents as rows of lists: what a person needs to tell them apart and to know what happens next. Decides wording."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tocsin.directory.permissions import Verb
from tocsin.engine.people import people_at
from tocsin.escalation.model import Policy
from tocsin.incidents.model import Incident, NextStep, NoTimer, Status
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import listed
from tocsin.web.looks import Look, incident_look
from tocsin.web.visit import Visit


@dataclass(frozen=True, slots=True)
class Next:
    """What happens by itself: words, and when (None = nothing will)."""

    words: str
    at: Moment | None


@dataclass(frozen=True, slots=True)
class Row:
    """One incident in a list."""

    incident: Incident
    look: Look
    service: str
    people: tuple[tuple[str, str], ...]
    priority: str
    next: Next
    may_act: bool


def rows_of(visit: Visit, incidents: Iterable[Incident]) -> list[Row]:
    """The rows for this reader."""
    return [row_of(visit, incident) for incident in incidents]


def row_of(visit: Visit, incident: Incident) -> Row:
    """One row."""
    names = visit.names
    return Row(
        incident=incident,
        look=incident_look(incident),
        service=names.service(incident.service_id),
        people=tuple((user_id, names.person(user_id)) for user_id in incident.assignee_ids),
        priority=names.priority(incident.priority_id) if incident.priority_id else "",
        next=next_of(visit, incident, visit.config.policies.get(incident.policy_id)),
        may_act=may_respond(visit, incident),
    )


def may_respond(visit: Visit, incident: Incident) -> bool:
    """Whether to offer this person the actions of an incident. The engine judges again."""
    return visit.me.id in incident.assignee_ids or visit.may(Verb.RESPOND, incident.team_ids)


def next_of(visit: Visit, incident: Incident, policy: Policy | None) -> Next:
    """The next step of an incident, for a line beside a countdown."""
    at = incident.timer_at
    if incident.status is Status.RESOLVED:
        return Next("", None)
    if incident.next_step is NextStep.ESCALATE and at is not None:
        return Next(_calls_next(visit, incident, policy, at), at)
    if incident.next_step is NextStep.LAST_RESORT:
        return Next("Calls the last resort again", at)
    if incident.next_step is NextStep.UNACKNOWLEDGE:
        return Next("Snooze ends, pages again" if incident.snoozed_until else "Pages again", at)
    words = {
        NoTimer.EXHAUSTED: "Nobody further is called",
        NoTimer.LOW_URGENCY: "Nobody further is called",
        NoTimer.ASSIGNED: "Given by name: nobody else is called",
        NoTimer.NO_ACK_TIMEOUT: "Nobody else will be called",
        NoTimer.STARTING: "Starting",
    }
    return Next(words[incident.timer_reason or NoTimer.STARTING], None)


def _calls_next(visit: Visit, incident: Incident, policy: Policy | None, at: Moment) -> str:
    if policy is None or not policy.rules:
        return "Calls the next level"
    level, pass_number = incident.level + 1, incident.pass_number
    if level > len(policy.rules):
        level, pass_number = 1, pass_number + 1
    if pass_number > policy.passes:
        return "Calls the last resort"
    found = people_at(visit.config, at)(policy.rules[level - 1])
    again = f", pass {pass_number} of {policy.passes}" if level == 1 else ""
    who = listed(map(visit.names.person, found.user_ids)) if found.user_ids else "the next level"
    return f"Calls {who} (level {level}{again})"
