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
from tocsin.web.language import gettext as _
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


_NO_STEP = Next("", None)


def lines_of(visit: Visit, incidents: Iterable[Incident]) -> list[Row]:
    """The rows for a list that does not say what happens next: to find that out for each of many takes its time."""
    return [_row(visit, incident, _NO_STEP) for incident in incidents]


def rows_of(visit: Visit, incidents: Iterable[Incident]) -> list[Row]:
    """The rows for this reader."""
    return [row_of(visit, incident) for incident in incidents]


def row_of(visit: Visit, incident: Incident) -> Row:
    """One row."""
    return _row(visit, incident, next_of(visit, incident, visit.config.policies.get(incident.policy_id)))


def _row(visit: Visit, incident: Incident, then: Next) -> Row:
    names = visit.names
    return Row(
        incident=incident,
        look=incident_look(incident),
        service=names.service(incident.service_id),
        people=tuple((user_id, names.person(user_id)) for user_id in incident.assignee_ids),
        priority=names.priority(incident.priority_id) if incident.priority_id else "",
        next=then,
        may_act=may_respond(visit, incident),
    )


def may_respond(visit: Visit, incident: Incident) -> bool:
    """Whether to offer this person the actions of an incident. The engine judges again."""
    return visit.may(Verb.RESPOND, incident.team_ids) or visit.is_among(incident.assignee_ids)


def next_of(visit: Visit, incident: Incident, policy: Policy | None) -> Next:
    """The next step of an incident, for a line beside a countdown."""
    at = incident.timer_at
    if incident.status is Status.RESOLVED:
        return Next("", None)
    if incident.next_step is NextStep.ESCALATE and at is not None:
        return Next(_calls_next(visit, incident, policy, at), at)
    if incident.next_step is NextStep.LAST_RESORT:
        return Next(_("Calls the last resort again"), at)
    if incident.next_step is NextStep.UNACKNOWLEDGE:
        return Next(_("Snooze ends, pages again") if incident.snoozed_until else _("Pages again"), at)
    words = {
        NoTimer.EXHAUSTED: _("Nobody further is called"),
        NoTimer.LOW_URGENCY: _("Nobody further is called"),
        NoTimer.ASSIGNED: _("Given by name: nobody else is called"),
        NoTimer.NO_ACK_TIMEOUT: _("Nobody else will be called"),
        NoTimer.STARTING: _("Starting"),
    }
    return Next(words[incident.timer_reason or NoTimer.STARTING], None)


def _calls_next(visit: Visit, incident: Incident, policy: Policy | None, at: Moment) -> str:
    if policy is None or not policy.rules:
        return _("Calls the next level")
    level, pass_number = incident.level + 1, incident.pass_number
    if level > len(policy.rules):
        level, pass_number = 1, pass_number + 1
    if pass_number > policy.passes:
        return _("Calls the last resort")
    found = people_at(visit.config, at)(policy.rules[level - 1])
    who = listed(map(visit.names.person, found.user_ids)) if found.user_ids else _("the next level")
    if level > 1:
        return _("Calls %(people)s (level %(level)s)", people=who, level=level)
    return _(
        "Calls %(people)s (level %(level)s, pass %(number)s of %(passes)s)",
        people=who,
        level=level,
        number=pass_number,
        passes=policy.passes,
    )
