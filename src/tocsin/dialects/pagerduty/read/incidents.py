"""Incidents: from a body or a query to commands and filters. Decides which commands an update stands for, in order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import QueryParams

from tocsin.dialects.pagerduty.errors import ApiError, invalid
from tocsin.dialects.pagerduty.read.custom_fields import field_values, type_name
from tocsin.dialects.pagerduty.read.fields import Fields
from tocsin.dialects.pagerduty.read.times import moment_in
from tocsin.directory.model import Urgency
from tocsin.engine.config import Config
from tocsin.escalation.messages import EscalateNow
from tocsin.incidents.messages import (
    Acknowledge,
    CreateIncident,
    MoveToService,
    Reassign,
    Reopen,
    Resolve,
    SetBridge,
    SetPriority,
    SetTitle,
    SetType,
    SetUrgency,
    Unacknowledge,
)
from tocsin.incidents.model import Bridge, Incident, Status
from tocsin.kernel.decision import Command
from tocsin.kernel.limits import NOTE_CHARS, SUMMARY_CHARS
from tocsin.kernel.time import DAY, Moment
from tocsin.runtime.reads import SortBy

MONTH = 30 * DAY
LONGEST_RANGE = 184 * DAY
"""Six months, the longest that clients may ask for."""

DETAILS_CHARS = 65_536
URL_CHARS = 2048

SORTS = {
    "incident_number": SortBy.NUMBER,
    "created_at": SortBy.CREATED_AT,
    "resolved_at": SortBy.RESOLVED_AT,
    "urgency": SortBy.URGENCY,
}
OLDEST_FIRST = ((SortBy.CREATED_AT, False),)


def order_of(query: QueryParams) -> tuple[tuple[SortBy, bool], ...]:
    """`sort_by=field:asc,field:desc`, at most two. Raises ApiError."""
    text = ",".join(value for key, value in query.multi_items() if key in ("sort_by", "sort_by[]"))
    if not text:
        return OLDEST_FIRST
    found = []
    for part in text.split(","):
        name, _, direction = part.strip().partition(":")
        if name not in SORTS or direction not in ("", "asc", "desc"):
            raise invalid([f"Sort by must be one or two of {', '.join(SORTS)} with :asc or :desc"])
        found.append((SORTS[name], direction == "desc"))
    if len(found) > 2:
        raise invalid(["Sort by takes two fields at most"])
    return tuple(found)


def range_of(query: QueryParams, now: Moment) -> tuple[Moment | None, Moment | None]:
    """The window of time: the last month unless the query says otherwise, six months at most. Raises ApiError."""
    if query.get("date_range", "") == "all":
        return None, None
    since, until = moment_in(query, "since"), moment_in(query, "until")
    if since is None and until is None:
        return now - MONTH, None
    if since is None:
        since = (until or now) - MONTH
    end = until if until is not None else max(now, since)
    if end < since:
        raise invalid(["Until must not be before since"], 2004, "Invalid since/until")
    if end - since > LONGEST_RANGE:
        raise invalid(["The date range must not be longer than six months"], 2005, "Invalid Query Date Range")
    return since, until


def statuses_of(values: Iterable[str]) -> tuple[Status, ...]:
    """Raises ApiError 1003 for a word that is no status."""
    found = []
    for value in values:
        if value not in list(Status):
            raise invalid([f"{value[:64]} is not a status"], 1003, "Invalid Status Provided")
        found.append(Status(value))
    return tuple(found)


def urgencies_of(values: Iterable[str]) -> tuple[Urgency, ...]:
    """Raises ApiError for a word that is no urgency."""
    found = []
    for value in values:
        if value not in list(Urgency):
            raise invalid([f"{value[:64]} is not an urgency"])
        found.append(Urgency(value))
    return tuple(found)


def new_incident(fields: Fields, config: Config) -> CreateIncident:
    """What a body asks to raise. Raises ApiError with every problem."""
    fields.required("title", "service")
    service_id = fields.reference("service")
    if service_id is not None and service_id not in config.services:
        raise ApiError(400, 5002, "Service Not Found", ["Service not found"])
    policy_id = fields.reference("escalation_policy")
    assignees = _assignees(fields)
    if assignees and policy_id:
        fields.wrong("Give either assignments or an escalation policy")
    urgency = fields.choice("urgency", [one.value for one in Urgency])
    body = fields.object("body")
    kind = type_name(fields, config.fields) or ""
    command = CreateIncident(
        title=fields.text("title", SUMMARY_CHARS) or "",
        service_id=service_id or "",
        urgency=Urgency(urgency) if urgency is not None else None,
        priority_id=_priority(fields, config),
        details=(body.text("details", DETAILS_CHARS) or "") if body is not None else "",
        incident_key=fields.text("incident_key") or "",
        assignee_ids=assignees or (),
        policy_id=policy_id or "",
        type_name=kind,
        field_values=field_values(fields, config.fields.of_type(kind)),
        bridge=_bridge(fields),
    )
    fields.check()
    _check_people(command.assignee_ids, config)
    _check_policy(command.policy_id, config)
    return command


@dataclass(frozen=True, slots=True)
class Update:
    """What a body asks of one incident; None = leave it."""

    status: Status | None
    resolution: str
    title: str | None
    urgency: Urgency | None
    priority: tuple[str | None] | None
    service_id: str | None
    level: int | None
    assignee_ids: tuple[str, ...] | None
    policy_id: str | None
    type_name: str | None
    bridge: tuple[Bridge | None] | None


def update_of(fields: Fields, config: Config) -> Update:
    """What a body says about an incident. Raises ApiError with every problem, and for ids that do not exist."""
    status = fields.text("status")
    if status is not None and status not in list(Status):
        raise invalid([f"{status[:64]} is not a status"], 1003, "Invalid Status Provided")
    urgency = fields.choice("urgency", [one.value for one in Urgency])
    level = fields.whole("escalation_level")
    if level is not None and not 1 <= level <= 100:
        fields.wrong("Escalation level must be at least 1")
    title = fields.text("title", SUMMARY_CHARS)
    if title is not None and not title.strip():
        fields.wrong("Title cannot be empty")
    update = Update(
        status=Status(status) if status is not None else None,
        resolution=fields.text("resolution", NOTE_CHARS) or "",
        title=title,
        urgency=Urgency(urgency) if urgency is not None else None,
        priority=(_priority(fields, config),) if fields.given("priority") else None,
        service_id=fields.reference("service"),
        level=level,
        assignee_ids=_assignees(fields) if fields.given("assignments") else None,
        policy_id=fields.reference("escalation_policy"),
        type_name=type_name(fields, config.fields),
        bridge=(_bridge(fields),) if fields.given("conference_bridge") else None,
    )
    fields.check()
    if update.service_id is not None and update.service_id not in config.services:
        raise ApiError(400, 5002, "Service Not Found", ["Service not found"])
    if update.assignee_ids == ():
        raise ApiError(400, 1011, "Invalid Assignment", ["Assignments must name at least one user"])
    _check_people(update.assignee_ids or (), config)
    _check_policy(update.policy_id or "", config)
    return update


def commands_of(update: Update, incident: Incident) -> list[Command]:
    """The commands that an update stands for, those about who handles it last. Raises ApiError if it does not fit."""
    wanted: list[Command] = []
    if update.title is not None and update.title.strip() != incident.title:
        wanted.append(SetTitle(incident_id=incident.id, title=update.title))
    if update.priority is not None and update.priority[0] != incident.priority_id:
        wanted.append(SetPriority(incident_id=incident.id, priority_id=update.priority[0]))
    if update.type_name is not None and update.type_name != incident.type_name:
        wanted.append(SetType(incident_id=incident.id, type_name=update.type_name))
    if update.bridge is not None and update.bridge[0] != incident.bridge:
        wanted.append(SetBridge(incident_id=incident.id, bridge=update.bridge[0]))
    reopens = not incident.is_open and update.status in (Status.TRIGGERED, Status.ACKNOWLEDGED)
    if not incident.is_open and not reopens and _needs_open(update, incident):
        raise ApiError(400, 1001, "Incident Already Resolved", [f"Incident {incident.number} is resolved"])
    if reopens:
        wanted.append(Reopen(incident_id=incident.id))
    if update.service_id is not None and update.service_id != incident.service_id:
        wanted.append(MoveToService(incident_id=incident.id, service_id=update.service_id))
    if update.urgency is not None and update.urgency is not incident.urgency:
        wanted.append(SetUrgency(incident_id=incident.id, urgency=update.urgency))
    if update.policy_id is not None:
        wanted.append(EscalateNow(incident_id=incident.id, level=update.level or 0, policy_id=update.policy_id))
    elif update.level is not None:
        wanted.append(EscalateNow(incident_id=incident.id, level=update.level))
    if update.assignee_ids:
        wanted.append(Reassign(incident_id=incident.id, user_ids=update.assignee_ids))
    return [*wanted, *_status_commands(update, incident, handed_on=_hands_on(update))]


def _status_commands(update: Update, incident: Incident, *, handed_on: bool) -> list[Command]:
    if update.status is Status.RESOLVED:
        return [Resolve(incident_id=incident.id, resolution=update.resolution)]
    if update.status is Status.ACKNOWLEDGED:
        return [Acknowledge(incident_id=incident.id)]
    if update.status is Status.TRIGGERED and incident.status is Status.ACKNOWLEDGED and not handed_on:
        return [Unacknowledge(incident_id=incident.id)]
    return []


def _hands_on(update: Update) -> bool:
    """Whether somebody else gets it, which makes it triggered by itself."""
    return update.policy_id is not None or update.level is not None or bool(update.assignee_ids)


def _needs_open(update: Update, incident: Incident) -> bool:
    moves = update.service_id not in (None, incident.service_id)
    louder = update.urgency not in (None, incident.urgency)
    return update.status is Status.RESOLVED or moves or louder or _hands_on(update)


def _assignees(fields: Fields) -> tuple[str, ...]:
    ids: list[str] = []
    for assignment in fields.objects("assignments"):
        person = assignment.object("assignee")
        user_id = person.id(of="assignee") if person is not None else None
        if user_id is None:
            assignment.wrong("Assignments must name an assignee")
        else:
            ids.append(user_id)
    return tuple(dict.fromkeys(ids))


def _bridge(fields: Fields) -> Bridge | None:
    inner = fields.object("conference_bridge")
    if inner is None:
        return None
    number = (inner.text("conference_number") or "").strip()
    url = (inner.text("conference_url", URL_CHARS) or "").strip()
    if url and not url.startswith(("http://", "https://")):
        inner.wrong("Conference url must be an http or https address")
    return Bridge(number=number, url=url) if number or url else None


def _priority(fields: Fields, config: Config) -> str | None:
    """By id, or by name: then the one that matters most. Raises ApiError 1020."""
    value: Any = fields.values.get("priority")
    if value is None:
        return None
    wanted = value if isinstance(value, str) else None
    if isinstance(value, dict):
        wanted = value.get("id")
        if wanted is None and isinstance(value.get("name"), str):
            wanted = value["name"]
    by_order = sorted(config.priorities.values(), key=lambda priority: priority.order)
    for priority in by_order:
        if wanted in (priority.id, priority.name):
            return priority.id
    raise ApiError(400, 1020, "Invalid Priority", ["Priority not found"])


def _check_people(user_ids: Iterable[str], config: Config) -> None:
    for user_id in user_ids:
        if user_id not in config.users:
            raise ApiError(400, 1007, "Assigned To User Not Found", [f"User {user_id} not found"])


def _check_policy(policy_id: str, config: Config) -> None:
    if policy_id and policy_id not in config.policies:
        raise ApiError(400, 1014, "Escalation Policy Not Found", [f"Escalation policy {policy_id} not found"])
